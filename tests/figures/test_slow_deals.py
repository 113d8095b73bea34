"""Deals that are slow are those of the record: the history tells since when, and where it does not, that is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

# In September a deal of which the history says that it was won in August, and the record in October, is open still, in
# the stage that it came into in January. `past` has stayed ten days in that stage, so that it is slow after twenty;
# `new` has been there for nine. The history has nothing of `none`, and of `unmet` a stage that none has left.
TABLES = {
    "deal": """deal_id,stage_id,status,amount,currency,created_at,closed_at
past,won,won,100,EUR,2026-01-01 08:00:00,2026-01-20 09:00:00
later,won,won,100,EUR,2026-01-01 08:00:00,2026-10-05 10:00:00
slow,first,open,100,EUR,2026-01-01 08:00:00,
new,first,open,100,EUR,2026-09-01 08:00:00,
none,first,open,100,EUR,2026-01-01 08:00:00,
unmet,second,open,100,EUR,2026-01-01 08:00:00,
""",
    "stage": """stage_id,name,position,is_won,is_lost
first,First,1,false,false
second,Second,2,false,false
won,Won,3,true,false
lost,Lost,4,false,true
""",
    "deal_stage_history": """deal_id,stage_id,entered_at
past,first,2026-01-10 09:00:00
past,won,2026-01-20 09:00:00
later,first,2026-01-10 09:00:00
later,won,2026-08-01 09:00:00
slow,first,2026-05-01 09:00:00
new,first,2026-09-22 00:00:00
unmet,second,2026-01-02 09:00:00
""",
}


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_slow_deals_are_those_that_the_record_has_open(engine: str, tmp_path: Path) -> None:
    folder = project_of(tmp_path, TABLES, engine)
    attention = {
        "entity": "deal", "fields": ["deal.deal_id"], "amount": "deal.amount", "reasons": ["slow_deals_count"],
    }  # fmt: skip
    sections = [
        {"id": "k", "kpis": ["slow_deals_count"]},
        {"id": "by", "breakdown": {"metrics": ["slow_deals_count"], "by": ["stage.name"]}},
        {"id": "a", "attention": attention},
    ]
    found = figures(folder, {"report": "custom", "period": "2026-09", "sections": sections})
    [row] = rows(found, "k")
    # Of `first`, by September's end: 10 days (past) and 203 (later): a mean of 106.5, twice of which is 213.
    assert row["slow_deals_count"] == 1
    assert [one["deal.deal_id"] for one in rows(found, "a")] == ["later"]
    [tile] = found.sections[0].kpis
    assert [found.footnotes[n - 1] for n in tile.column.footnotes] == [
        "Slow deals: 1 deal without “In stage since” left out."
    ]
