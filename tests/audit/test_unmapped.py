"""Values of which a mapping makes nothing are named where records lack the field for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audit.finding import audit_of
from tests.conftest import RunCli
from tests.figures.from_tables import project_of

DEALS = """deal_id,status,created_at,is_deleted
a,Open,2026-11-01 10:00:00,false
b,Waiting,2026-11-02 10:00:00,false
c,Waiting,2026-11-03 10:00:00,false
d,,2026-11-04 10:00:00,false
e,On hold,2026-11-05 10:00:00,false
"""
MADE = "case status when 'Open' then 'open' when 'Won' then 'won' end"


@pytest.fixture(params=["duckdb", "sqlite"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    project_of(tmp_path, {"deal": DEALS}, request.param)
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(mapping.read_text("utf-8").replace("status: status", f"status: {MADE}"), "utf-8")
    return tmp_path


def test_an_audit_names_them(folder: Path, run_cli: RunCli) -> None:
    [one] = [
        one for one in audit_of(folder / "reportspec.yaml").outcomes if one.broken and one.check.id == "unlikely-rows"
    ]
    assert one.broken == 4
    assert one.unmapped == (("Waiting", 2), ("On hold", 1))
    done = run_cli(["audit", "--today", "2026-11-28"], cwd=folder)
    assert "Of these the mapping makes nothing: `Waiting` (2), `On hold` (1)" in done.stdout


def test_a_report_names_them(folder: Path, run_cli: RunCli) -> None:
    spec = "version: 1\nperiod: 2026-11\nmetrics: [open_opportunities_count]\n"
    (folder / "s.yaml").write_text(spec, encoding="utf-8")
    done = run_cli(["query", "s.yaml", "--today", "2026-11-28"], cwd=folder)
    assert "the mapping makes nothing of `Waiting` (2 rows), `On hold` (1 row)" in done.stderr


@pytest.mark.parametrize("left", [False, True])
def test_what_the_source_does_not_give_is_not_missing(tmp_path: Path, left: bool) -> None:
    """A history that only says when stages were entered has none that was never left; one that says both has one."""
    head, ends = ("deal_id,stage_id,entered_at", ["", "", ""])
    if left:
        head, ends = f"{head},exited_at", [",2026-01-11 10:00:00", ",", ","]
    rows = ["a,s1,2026-01-01 10:00:00", "a,s2,2026-01-11 10:00:00", "a,s3,2026-02-01 10:00:00"]
    moves = "\n".join([head, *(row + end for row, end in zip(rows, ends, strict=True)), ""])
    project_of(tmp_path, {"deal": DEALS, "deal_stage_history": moves})
    found = [
        one for one in audit_of(tmp_path / "reportspec.yaml").outcomes if one.check.id == "stage_history_still_open"
    ]
    assert [one.broken for one in found if not one.lacks] == ([1] if left else [])
