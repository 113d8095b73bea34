"""A filter on what a deal was (its stage, its probability, the day that was expected of it) at a past date: by the history
where there is one; where nobody knows what it was then, there is no figure. Today's stage says nothing of a stock of June.

The oracle goes over the rows by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

NOW = datetime(2026, 11, 1, tzinfo=UTC)
STAGES = """stage_id,name,position,is_won,is_lost
A,Talk,1,false,false
B,Offer,2,false,false
W,Won,3,true,false
L,Lost,4,false,true
"""
# At the end of June: `moved` was in Talk and is in Offer today; `won` was in Offer, `lost` in Talk; `same` has been in Offer
# all the time; `late` came later. `early` was won before.
DEALS = """deal_id,name,stage_id,status,amount,source,created_at,closed_at,expected_close_date
moved,Moved,B,open,100,web,2026-05-01 09:00:00,,2026-12-01
won,Won,W,won,200,web,2026-05-01 09:00:00,2026-08-01 09:00:00,
lost,Lost,L,lost,400,web,2026-05-01 09:00:00,2026-09-01 09:00:00,2026-07-10
same,Same,B,open,800,fair,2026-05-01 09:00:00,,2026-07-20
late,Late,B,open,1600,web,2026-08-01 09:00:00,,2026-12-01
early,Early,W,won,3200,web,2026-04-01 09:00:00,2026-06-01 09:00:00,2026-06-01
"""
CHANGES = """deal_id,stage_id,entered_at
moved,A,2026-05-01 09:00:00
moved,B,2026-07-15 09:00:00
won,B,2026-05-01 09:00:00
won,W,2026-08-01 09:00:00
lost,A,2026-05-01 09:00:00
lost,L,2026-09-01 09:00:00
same,B,2026-05-01 09:00:00
late,B,2026-08-01 09:00:00
early,A,2026-04-01 09:00:00
early,W,2026-06-01 09:00:00
"""
OFFER = {"field": "stage.name", "eq": "Offer"}
WANTED = ["open_opportunities_count", "open_amount", "won_deals_count"]


def asked(folder: Path, engine: str, changes: str | None, period: str = "2026-Q2", **more: Any) -> Any:
    tables = {"stage": STAGES, "deal": DEALS, **({"deal_stage_history": changes} if changes else {})}
    folder = folder / str(len(list(folder.iterdir())))
    folder.mkdir()
    project_of(folder, tables, engine)
    return figures(folder, {"report": "custom", "period": period, **more}, NOW)


def tiles(found: Any) -> list[Any]:
    return [tile.value for tile in found.sections[0].kpis]


ENGINES = pytest.mark.parametrize("engine", ["duckdb", "sqlite"])


@ENGINES
def test_with_a_history_it_is_the_stage_of_then(engine: str, tmp_path: Path) -> None:
    found = asked(tmp_path, engine, CHANGES, filters=[OFFER], sections=[{"id": "k", "kpis": WANTED}])
    assert tiles(found) == [2, 1000, 0]  # `won` and `same`


@ENGINES
@pytest.mark.parametrize("of", ["report", "section"])
def test_without_one_there_is_no_figure(engine: str, of: str, tmp_path: Path) -> None:
    section: dict[str, Any] = {"id": "k", "kpis": WANTED}
    given = {"filters": [OFFER]} if of == "report" else {}
    found = asked(tmp_path, engine, None, **given, sections=[section if given else {**section, "filters": [OFFER]}])
    assert tiles(found) == [None, None, 0]
    [column] = [tile.column for tile in found.sections[0].kpis if tile.column.name == "open_amount"]
    assert any("where a filter asks for a state" in found.footnotes[at - 1] for at in column.footnotes)


def test_of_today_it_is_known(tmp_path: Path) -> None:
    found = asked(tmp_path, "duckdb", None, "2026-Q4", filters=[OFFER], sections=[{"id": "k", "kpis": WANTED}])
    assert tiles(found) == [3, 2500, 0]


def test_beside_a_comparison_only_the_earlier_figure_is_not_known(tmp_path: Path) -> None:
    sections = [{"id": "k", "kpis": WANTED[:2]}]
    found = asked(tmp_path, "duckdb", None, "2026-Q4", compare="last_quarter", filters=[OFFER], sections=sections)
    assert [(tile.value, tile.previous) for tile in found.sections[0].kpis] == [(3, None), (2500, None)]


def test_other_filters_leave_it(tmp_path: Path) -> None:
    """What does not meet another filter is in no doubt."""
    others = [OFFER, {"field": "deal.source", "eq": "none"}]
    found = asked(tmp_path, "duckdb", None, filters=others, sections=[{"id": "k", "kpis": WANTED}])
    assert tiles(found) == [0, 0, 0]


@ENGINES
def test_a_deal_that_the_history_lacks(engine: str, tmp_path: Path) -> None:
    """Of `won` it has nothing: closed since, it was in nobody knows which stage."""
    lacks = "\n".join(line for line in CHANGES.splitlines() if not line.startswith("won")) + "\n"
    sections = [{"id": "k", "kpis": WANTED}]
    assert tiles(asked(tmp_path, engine, lacks, filters=[OFFER], sections=sections)) == [None, None, 0]
    fair = [OFFER, {"field": "deal.source", "eq": "fair"}]
    assert tiles(asked(tmp_path, engine, lacks, filters=fair, sections=sections)) == [1, 800, 0]


def test_by_source_and_month(tmp_path: Path) -> None:
    sections = [
        {"id": "b", "breakdown": {"metrics": ["open_amount"], "by": ["deal.source"]}},
        {"id": "t", "trend": {"metrics": ["open_amount"], "grain": "month"}},
    ]
    found = asked(tmp_path, "duckdb", None, filters=[OFFER], sections=sections)
    assert {row["deal.source"]: row["open_amount"] for row in rows(found, "b")} == {"web": None, "fair": None}
    assert [row["open_amount"] for row in rows(found, "t")] == [None, None, None]
    known = asked(tmp_path, "duckdb", CHANGES, filters=[OFFER], sections=sections)
    assert {row["deal.source"]: row["open_amount"] for row in rows(known, "b")} == {"web": 200, "fair": 800}
    assert [row["open_amount"] for row in rows(known, "t")] == [0, 1000, 1000]


@ENGINES
def test_the_day_that_was_expected(engine: str, tmp_path: Path) -> None:
    """`won` lost it with its closing; what still has one is counted by it where no such deal may be missing."""
    july = {"where": "deal.expected_close_date >= '2026-07-01' and deal.expected_close_date < '2026-08-01'"}
    sections = [{"id": "k", "kpis": WANTED[:2]}]
    assert tiles(asked(tmp_path, engine, None, **july, sections=sections)) == [None, None]
    fair = {"filters": [{"field": "deal.source", "eq": "fair"}]}
    assert tiles(asked(tmp_path, engine, None, **july, **fair, sections=sections)) == [1, 800]


@pytest.mark.parametrize("changes", [None, CHANGES])
def test_lists_say_that_they_go_by_today(changes: str | None, tmp_path: Path) -> None:
    listed = {"id": "l", "records": {"entity": "deal", "fields": ["deal.name"], "where": "deal.stage.name = 'Offer'"}}
    found = asked(tmp_path, "duckdb", changes, sections=[listed])
    notes = [note for note in found.sections[0].notes if "no history of" in note]
    assert bool(notes) is (changes is None)
