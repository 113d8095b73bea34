"""A table that one's own mapping names and the source does not have is a mistake at the mapping's line, once a report
needs it: as an entity's own table, as one of several, and as one beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reportspec.errors import SourceError
from tests.loading import load_report

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
FIELDS = "{name: name, amount: amount, status: status, created_at: created, closed_at: closed}"
PIPELINE = "version: 1\nreport: pipeline\nperiod: 2026-Q1\n"
CUSTOM = "version: 1\nreport: custom\nperiod: 2026-Q1\nmetrics: [won_amount]\n"


def project(folder: Path, deal: str, spec: str) -> Path:
    (folder / "deals.csv").write_text(
        "id,name,amount,status,created,closed\n1,A,100,won,2026-01-02,2026-02-03\n", encoding="utf-8"
    )
    (folder / "mapping.yaml").write_text(f"entities:\n  deal:\n{deal}", encoding="utf-8")
    (folder / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: mapping.yaml\ntimezone: UTC\ncurrency: EUR\n",
        encoding="utf-8",
    )
    (folder / "s.yaml").write_text(spec, encoding="utf-8")
    return folder / "s.yaml"


@pytest.mark.parametrize(("table", "told"), [("deals", []), ("deal", ["unknown-table"]), ("sales", ["unknown-table"])])
def test_a_standard_report_is_not_made_without_it(table: str, told: list[str], tmp_path: Path) -> None:
    spec = project(tmp_path, f"    table: {table}\n    key: id\n    fields: {FIELDS}\n", PIPELINE)
    found = [one for one in load_report(spec, NOW, {}).diagnostics if one.code == "unknown-table"]
    assert [one.code for one in found] == told
    for one in found:
        assert one.severity == "error"
        assert f"`{table}`" in one.message
        assert one.span is not None
        assert (Path(one.span.file).name, one.span.line, one.span.column) == ("mapping.yaml", 3, 12)
        assert (one.help == "did you mean `deals`?") == (table == "deal")


def test_a_metric_that_needs_it_names_its_line(tmp_path: Path) -> None:
    spec = project(tmp_path, f"    table: deal\n    key: id\n    fields: {FIELDS}\n", CUSTOM)
    (one,) = [one for one in load_report(spec, NOW, {}).diagnostics if one.severity == "error"]
    assert "`mapping.yaml` (line 3)" in one.message
    assert one.help == "did you mean `deals`?"


UNION = f"    union:\n      - {{table: deals, key: id, fields: {FIELDS}}}\n      - {{table: deal, key: id, fields: {FIELDS}}}\n"
BESIDE = """    table: deals
    key: id
    joins:
      other: {table: deal, on: {id: id}, unique: true}
    fields: {name: name, amount: other.amount, status: status, created_at: created, closed_at: closed}
"""


@pytest.mark.parametrize(("deal", "line"), [(UNION, 5), (BESIDE, 6)], ids=["one of several", "beside"])
def test_rows_or_values_of_it_are_not_left_out_in_silence(deal: str, line: int, tmp_path: Path) -> None:
    from reportspec.compile import compile_report
    from reportspec.contract.fit import fitted

    loaded = load_report(project(tmp_path, deal, CUSTOM), NOW, {})
    told = [one for one in loaded.diagnostics if one.severity == "error"]
    if told:
        assert f"(line {line})" in told[0].message
        return
    assert loaded.report is not None
    with pytest.raises(SourceError) as refused:
        fitted(compile_report(loaded.report))
    assert refused.value.code == "unknown-table"
    assert refused.value.span is not None
    assert (Path(refused.value.span.file).name, refused.value.span.line) == ("mapping.yaml", line)
