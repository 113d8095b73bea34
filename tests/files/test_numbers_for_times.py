"""Numbers in the place of times: what they may be, and the line that reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportspec.errors import ReportspecError
from tests.figures.asking import figures, rows

SPEC = {"period": "2026-01", "sections": [{"id": "x", "kpis": ["deals_created_count"]}]}


def _project(folder: Path, first: str, second: str, created: str) -> Path:
    (folder / "deals.csv").write_text(f"id,created\n1,{first}\n2,{second}\n", encoding="utf-8")
    fields = f"{{created_at: '{created}'}}"
    (folder / "m.yaml").write_text(
        f"entities: {{deal: {{table: deals, key: id, fields: {fields}}}}}\n", encoding="utf-8"
    )
    (folder / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: m.yaml\ntimezone: UTC\n", encoding="utf-8"
    )
    return folder


@pytest.mark.parametrize(
    ("values", "help"),
    [
        (("46030", "46040"), "`46030` may be Excel's number of 2026-01-08"),
        (("46030.5", "46040.25"), "`46030.5` may be Excel's number of 2026-01-08"),
        # 1,767,225,600 seconds are 20,454 days, and from 1970 to 2026 there are 56 years with 14 leap days.
        (("1767225600", "1767312000"), "(2026-01-01): write `to_timestamp(created)` in the mapping"),
        (("1767225600000", "1767312000000"), "(2026-01-01): write `to_timestamp(created / 1000)` in the mapping"),
        (("5", "6"), "such as `date_format:"),
    ],
)
def test_what_they_may_be(tmp_path: Path, values: tuple[str, str], help: str) -> None:
    with pytest.raises(ReportspecError) as caught:
        figures(_project(tmp_path, *values, "created"), SPEC)
    assert help in str(caught.value.help)


@pytest.mark.parametrize(
    ("values", "created"),
    [
        (("1767225600", "1767312000"), "to_timestamp(created)"),
        (("1767225600000", "1767312000000"), "to_timestamp(created / 1000)"),
    ],
)
def test_the_line_reads_them(tmp_path: Path, values: tuple[str, str], created: str) -> None:
    found = figures(_project(tmp_path, *values, created), SPEC)
    assert rows(found, "x") == [{"deals_created_count": 2}]
