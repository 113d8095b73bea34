"""What happened in a past period, of records in some state: a source that does not say since when they are in it, or in
which they were, tells only the states of today, and that is said at the figure."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.figures.asking import figures
from tests.figures.from_tables import project_of

NOW = datetime(2026, 11, 1, tzinfo=UTC)
STAGES = "stage_id,name,position,is_won,is_lost\nA,Talk,1,false,false\nB,Offer,2,false,false\nW,Won,3,true,false\n"
# `won` was open at the end of June.
DEALS = """deal_id,stage_id,status,amount,created_at,closed_at
won,W,won,100,2026-05-01,2026-08-01
open,B,open,200,2026-05-01,
"""
CHANGES = "deal_id,stage_id,entered_at\nwon,B,2026-05-01\nwon,W,2026-08-01\nopen,B,2026-05-01\n"
ACTIVITIES = """activity_id,deal_id,type,created_at,done_at
1,won,call,2026-05-02,2026-05-03
2,open,call,2026-05-02,2026-05-03
"""
OWN = [
    {"metric": "calls_open", "kind": "aggregate", "entity": "activity", "aggregate": "count", "where": "activity.deal.status = 'open'", "time": "activity.done_at"},
    {"metric": "calls_offer", "kind": "aggregate", "entity": "activity", "aggregate": "count", "where": "activity.deal.stage.name = 'Offer'", "time": "activity.done_at"},
    {"metric": "calls", "kind": "aggregate", "entity": "activity", "aggregate": "count", "time": "activity.done_at"},
]  # fmt: skip
WANTED = ["calls_open", "calls_offer", "calls"]


def asked(folder: Path, engine: str, *, closed: bool, history: bool, **more: Any) -> dict[str, tuple[Any, list[str]]]:
    """By metric its figure, and what is said of states at it."""
    deals = DEALS if closed else "\n".join(line.rpartition(",")[0] for line in DEALS.splitlines()) + "\n"
    tables = {"stage": STAGES, "deal": deals, "activity": ACTIVITIES}
    project_of(folder, {**tables, "deal_stage_history": CHANGES} if history else tables, engine)
    (folder / "metrics").mkdir()
    (folder / "metrics" / "own.yaml").write_text(yaml.safe_dump({"metrics": OWN}), encoding="utf-8")
    spec = {"report": "custom", "period": "2026-Q2", "sections": [{"id": "k", "kpis": WANTED}], **more}
    found = figures(folder, spec, NOW)
    said = {
        tile.column.name: [
            text for at in tile.column.footnotes if "those of today" in (text := found.footnotes[at - 1])
        ]
        for tile in found.sections[0].kpis
    }
    return {tile.column.name: (tile.value, said[tile.column.name]) for tile in found.sections[0].kpis}


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_what_is_known_of_then_is_that_of_then(engine: str, tmp_path: Path) -> None:
    found = asked(tmp_path, engine, closed=True, history=True)
    assert found == {"calls_open": (2, []), "calls_offer": (2, []), "calls": (2, [])}


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_without_a_history_stages_are_todays(engine: str, tmp_path: Path) -> None:
    found = asked(tmp_path, engine, closed=True, history=False)
    assert (found["calls_open"], found["calls"]) == ((2, []), (2, []))
    assert found["calls_offer"][0] == 1
    [said] = found["calls_offer"][1]
    assert "no history of deals" in said


def test_without_the_time_of_closing_so_is_the_status(tmp_path: Path) -> None:
    found = asked(tmp_path, "duckdb", closed=False, history=False)
    assert found["calls_open"][0] == 1
    [said] = found["calls_open"][1]
    assert "without “Closed”" in said
    assert found["calls"] == (2, [])


def test_a_filter_says_it_of_all(tmp_path: Path) -> None:
    offer = [{"field": "deal.stage.name", "eq": "Offer"}]
    found = asked(tmp_path, "duckdb", closed=True, history=False, filters=offer)
    assert found["calls"][0] == 1
    assert len(found["calls"][1]) == 1


def test_of_today_nothing_is_said(tmp_path: Path) -> None:
    found = asked(tmp_path, "duckdb", closed=False, history=False, period="2026-Q4")
    assert [said for _, said in found.values()] == [[], [], []]
