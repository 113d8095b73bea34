"""Since when nothing has been done on a deal, on a contact, and how soon cases were resolved: counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

NOW = datetime(2026, 10, 1, tzinfo=UTC)
STAGES = "stage_id,name,position,is_won,is_lost,probability\nS,Talk,1,false,false,0.5\nW,Won,2,true,false,1\n"
# Of `young` something was done three years before it was there; `old` has lain for two months, and `busy` has not; on
# `never` nothing was done since June, and of `when` nobody knows the creation.
DEALS = """deal_id,name,stage_id,status,amount,currency,created_at,closed_at,expected_close_date
young,Young,S,open,1,EUR,2026-09-20 09:00:00,,2026-12-01
old,Old,S,open,2,EUR,2026-01-01 09:00:00,,2026-12-01
busy,Busy,S,open,3,EUR,2026-01-01 09:00:00,,2026-12-01
never,Never,S,open,4,EUR,2026-06-01 09:00:00,,2026-12-01
when,When,S,open,5,EUR,,,2026-12-01
won,Won,W,won,700,EUR,2026-01-01 09:00:00,2026-09-01 09:00:00,2026-09-01
"""
ACTIVITIES = """activity_id,type,deal_id,done_at
1,call,young,2023-06-01 09:00:00
2,call,old,2026-08-01 09:00:00
3,call,busy,2026-09-25 09:00:00
4,call,when,2026-02-01 09:00:00
"""
CASES = """case_id,created_at,resolved_at
soon,2026-09-01 09:00:00,2026-09-01 10:00:00
late,2026-09-01 09:00:00,2026-09-03 10:00:00
before,2026-09-05 09:00:00,2026-09-01 10:00:00
"""
TABLES = {"stage": STAGES, "deal": DEALS, "activity": ACTIVITIES, "case_": CASES}


def asked(folder: Path, *sections: dict[str, Any]) -> Any:
    return figures(project_of(folder, TABLES), {"report": "custom", "period": "2026-09", "sections": [*sections]}, NOW)


def test_a_young_deal_is_not_stalled(tmp_path: Path) -> None:
    attention = {"entity": "deal", "fields": ["deal.name"], "amount": "deal.amount", "reasons": ["stalled_deals_count"]}
    listed = {"entity": "deal", "fields": ["deal.deal_id", "deal.quiet_since"]}
    found = asked(
        tmp_path,
        {"id": "k", "kpis": ["stalled_deals_count"]},
        {"id": "a", "attention": attention},
        {"id": "r", "records": listed},
    )
    assert rows(found, "k") == [{"stalled_deals_count": 3}]  # `old`, `never` and `when`
    told = {row["deal.name"]: row["reasons"] for row in rows(found, "a")}
    # Up to the report's last day, 30 September: from 1 August 60 days, from 1 June not yet four months.
    assert told == {
        "Old": "no activity (60 days)",
        "Never": "no activity (3 months)",
        "When": "no activity (7 months)",
    }
    since = {row["deal.deal_id"]: str(row["deal.quiet_since"])[:10] for row in rows(found, "r")}
    assert since["young"] == "2026-09-20"
    assert since["busy"] == "2026-09-25"


def test_what_is_won_is_the_least(tmp_path: Path) -> None:
    wanted = {"forecast_amount": 700, "forecast_amount.low": 700, "forecast_amount.high": 700}
    assert rows(asked(tmp_path, {"id": "k", "kpis": [*wanted]}), "k") == [wanted]


def test_no_case_is_resolved_before_it_is_opened(tmp_path: Path) -> None:
    found = asked(tmp_path, {"id": "k", "kpis": ["same_day_resolved_count.within_24h"]})
    assert rows(found, "k") == [{"same_day_resolved_count.within_24h": 1}]
