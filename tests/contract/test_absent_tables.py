"""A table of one's own mapping that is not there takes what a standard report would show of it away, which is told."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.loading import load_report

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
MAPPING = """entities:
  deal:
    table: {table}
    key: id
    fields: {{name: name, amount: amount, status: status, created_at: created, closed_at: closed}}
"""


@pytest.mark.parametrize(("table", "told"), [("deals", []), ("deal", ["unknown-table"]), ("sales", ["unknown-table"])])
def test_a_standard_report_says_what_it_lacks(table: str, told: list[str], tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_text(
        "id,name,amount,status,created,closed\n1,A,100,won,2026-01-02,2026-02-03\n", encoding="utf-8"
    )
    (tmp_path / "mapping.yaml").write_text(MAPPING.format(table=table), encoding="utf-8")
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: mapping.yaml\ntimezone: UTC\ncurrency: EUR\n",
        encoding="utf-8",
    )
    (tmp_path / "s.yaml").write_text("version: 1\nreport: pipeline\nperiod: 2026-Q1\n", encoding="utf-8")
    found = [one for one in load_report(tmp_path / "s.yaml", NOW, {}).diagnostics if one.code == "unknown-table"]
    assert [one.code for one in found] == told
    for one in found:
        assert one.severity == "warning"
        assert f"`{table}`" in one.message
        assert one.span is not None
        assert one.span.line == 2
        assert (one.help == "did you mean `deals`?") == (table == "deal")
