"""What the history keeps of a deal and its record does not: the checks read what the figures read."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportspec.errors import ReportspecError
from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

# Today nobody expects `date`, of which the history has a day, nor `none`, of which it has none. The history's
# last day of `moved` is empty and its record's is not.
DEALS = """deal_id,stage_id,status,amount,currency,created_at,closed_at,expected_close_date
date,S,open,10,EUR,2026-08-01 10:00:00,,
none,S,open,200,EUR,2026-08-01 10:00:00,,
moved,S,open,3000,EUR,2026-08-01 10:00:00,,2026-11-20
"""
CHANGES = """deal_id,stage_id,entered_at,expected_close_date
date,S,2026-08-01 10:00:00,2026-11-10
none,S,2026-08-01 10:00:00,
moved,S,2026-08-01 10:00:00,
"""
STAGES = "stage_id,name,position,is_won,is_lost,probability\nS,Talk,1,false,false,0.5\nW,Won,2,true,false,1\n"
SPEC = {
    "period": "2026-11",
    "sections": [{"id": "x", "kpis": ["forecast_open_count", "forecast_open_amount"]}],
}


def _project(folder: Path, changes: str = CHANGES, deals: str = DEALS) -> Path:
    return project_of(folder, {"stage": STAGES, "deal": deals, "deal_stage_history": changes})


def test_open_deals_are_told_of_where_no_day_is_known(tmp_path: Path) -> None:
    found = figures(_project(tmp_path), SPEC)
    # `date` by the history and `moved` by its record, 10 and 3000: `none` is in no period.
    assert rows(found, "x") == [{"forecast_open_count": 2, "forecast_open_amount": 3010}]
    told = [one for one in found.footnotes if one.startswith("Open deals without an expected")]
    assert told == [
        "Open deals without an expected closing date: 1 of 3 deals. They are in no amount by expected closing date."
    ]


def test_nobody_is_told_of_where_the_history_knows_all(tmp_path: Path) -> None:
    deals = DEALS.replace("none,S,open,200,EUR,2026-08-01 10:00:00,,\n", "")
    found = figures(_project(tmp_path, deals=deals), SPEC)
    assert not [one for one in found.footnotes if one.startswith("Open deals without an expected")]


def test_percentages_in_the_history_are_refused(tmp_path: Path) -> None:
    changes = """deal_id,stage_id,entered_at,probability
date,S,2026-08-01 10:00:00,50
date,S,2026-10-01 10:00:00,0.6
"""
    deals = (
        DEALS.replace("expected_close_date\n", "expected_close_date,probability\n")
        .replace("2026-11-20\n", "2026-11-20,0.7\n")
        .replace(",,\n", ",,,0.7\n")
    )
    spec = {"period": "2026-08", "sections": [{"id": "x", "kpis": ["open_weighted_amount"]}]}
    with pytest.raises(ReportspecError, match="Stage changes whose probability is not between 0 and 1"):
        figures(_project(tmp_path, changes, deals), spec)
