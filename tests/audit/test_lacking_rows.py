"""What a check of the source's contract finds is a share of the rows that could lack it, not of all."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.audit.finding import audit_of
from tests.conftest import RunCli
from tests.figures.from_tables import project_of

DEALS = """deal_id,status,created_at,closed_at,expected_close_date,stage_id
a,open,2026-11-01 10:00:00,,2026-12-01,s
b,open,2026-11-02 10:00:00,,,s
c,open,2026-11-03 10:00:00,,2026-12-01,s
d,won,2026-11-04 10:00:00,2026-11-09 10:00:00,,s
e,won,2026-11-05 10:00:00,,2026-12-01,s
f,lost,2026-11-05 10:00:00,2026-11-09 10:00:00,,s
"""
HISTORY = """deal_id,stage_id,entered_at
a,s,2026-11-01 10:00:00
b,s,2026-11-02 10:00:00
"""
STAGES = "stage_id,position,is_won,is_lost\ns,1,false,false\n"


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
@pytest.mark.parametrize("history", [False, True])
def test_open_deals_without_a_date_are_a_share_of_the_open_ones(engine: str, history: bool, tmp_path: Path) -> None:
    tables = {"deal": DEALS} | ({"deal_stage_history": HISTORY, "stage": STAGES} if history else {})
    project_of(tmp_path, tables, engine)
    of = {
        one.check.contract.of: (one.broken, one.looked)
        for one in audit_of(tmp_path / "reportspec.yaml").outcomes
        if one.check.contract is not None
    }
    assert of["deal.open_without_expected_date"] == (1, 3)
    assert of["deal.won_without_date"] == (1, 2)
    assert of["deal.lost_without_date"] == (0, 1)
    assert of["deal.open_with_closing_date"] == (0, 3)
    assert of["deal.without_status"] == (0, 6)


@pytest.mark.parametrize(("amount", "worth"), [("", None), ("0", 0), ("12.5", 12.5)])
def test_what_is_not_known_to_be_worth_anything(amount: str, worth: float | None, tmp_path: Path) -> None:
    rows = f"a,open,2026-11-01 10:00:00,{amount},30\nb,won,2026-11-01 10:00:00,5,1\nc,open,2026-11-01 10:00:00,7,0.5\n"
    project_of(tmp_path, {"deal": "deal_id,status,created_at,amount,probability\n" + rows})
    [entity] = audit_of(tmp_path / "reportspec.yaml").entities
    assert entity.open == 1
    assert entity.amount == worth


def test_repair_lists_name_what_a_record_lacks(tmp_path: Path, run_cli: RunCli) -> None:
    """And not its status, by which it should have it."""
    project_of(tmp_path, {"deal": DEALS})
    run_cli(["audit", "--repairs", "mend", "--today", "2026-11-28"], cwd=tmp_path)
    [path] = (tmp_path / "mend").glob("*.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        told = {(row["Key"], row["Field"]) for row in csv.DictReader(file)}
    assert told == {("b", "deal.expected_close_date"), ("e", "deal.closed_at")}


def test_a_check_that_a_database_has_no_words_for_is_told_at_its_place(tmp_path: Path, run_cli: RunCli) -> None:
    """And the others are asked."""
    project_of(tmp_path, {"deal": DEALS}, "sqlite")
    (tmp_path / "audits").mkdir()
    lines = "audits:\n  - {audit: negative_cut, entity: deal, broken: \"substring(deal.status, -1) = 'n'\"}\n"
    lines += "  - {audit: no_stage, not_null: deal.stage_id}\n"
    (tmp_path / "audits" / "own.yaml").write_text(lines, encoding="utf-8")
    done = run_cli(["audit", "--today", "2026-11-28", "--format", "json", "--fail-on", "never"], cwd=tmp_path)
    assert "error[refused-check]: the check `negative_cut` cannot be computed" in done.stderr
    assert "own.yaml:2:13" in done.stderr
    assert "reportspec.yaml" not in done.stderr
    assert '"no_stage"' in done.stdout
