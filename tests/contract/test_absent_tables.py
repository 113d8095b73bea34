"""A table of one's own mapping that is not there takes what a standard report would show of it away, which is told."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reportspec.api import ReportError, build
from tests.loading import load_report

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
RunCli = Callable[..., subprocess.CompletedProcess[str]]
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


UNION = """entities:
  deal:
    union:
      - {table: deals, key: id, fields: {amount: amount, status: status, created_at: created, closed_at: closed}}
      - {table: old_deal, key: id, fields: {amount: amount, status: status, created_at: created, closed_at: closed}}
"""
BESIDE = """entities:
  deal:
    table: deals
    key: id
    joins:
      more: {table: old_deal, on: {id: id}, unique: true}
    fields: {amount: more.amount, status: status, created_at: created, closed_at: closed}
"""


@pytest.mark.parametrize("mapping", [UNION, BESIDE], ids=["one of several", "beside another"])
def test_rows_and_values_of_an_absent_table_do_not_vanish_in_silence(
    mapping: str, tmp_path: Path, run_cli: RunCli
) -> None:
    """The misspelt name of one table among several is a mistake at the mapping, with the name that is meant."""
    for key, name in enumerate(("deals", "old_deals"), 1):
        (tmp_path / f"{name}.csv").write_text(
            f"id,amount,status,created,closed\n{key},100,won,2026-01-02,2026-02-03\n", encoding="utf-8"
        )
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv, old_deals: old_deals.csv}}\nmapping: mapping.yaml\n"
        "timezone: UTC\ncurrency: EUR\n",
        encoding="utf-8",
    )
    (tmp_path / "s.yaml").write_text("version: 1\nperiod: 2026-Q1\nmetrics: [won_amount]\n", encoding="utf-8")
    (tmp_path / "mapping.yaml").write_text(mapping, encoding="utf-8")
    with pytest.raises(ReportError) as refused:
        build(tmp_path / "s.yaml", now=NOW)
    assert refused.value.diagnostics
    for one in refused.value.diagnostics:
        assert "`old_deal`" in one.message
        assert "did you mean `old_deals`?" in (one.help or "")
        assert one.span is not None
        assert one.span.file.endswith("mapping.yaml" if one.code == "unknown-table" else "s.yaml")
    told = run_cli(["doctor"], cwd=tmp_path).stdout
    assert "`old_deal` (for `deal`) is not there" in told
    assert "``" not in told
    right = mapping.replace("table: old_deal,", "table: old_deals,")
    (tmp_path / "mapping.yaml").write_text(right, encoding="utf-8")
    build(tmp_path / "s.yaml", now=NOW)
