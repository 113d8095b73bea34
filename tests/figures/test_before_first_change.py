"""A history that has changes alone, and no row of the creation, does not have the stage that a deal began in: no figure
puts that of today there, nor its chance, and each says how many deals that are. Where it has the stage before each
change, a mapping makes a row of it, and figures as of a day are those of the data as they stood on that day. All are
reckoned here from the deals as they were drawn."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from reportspec.model.figures import Figures
from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

CHANCE = {"A": 0.1, "B": 0.25, "C": 0.6, "W": 1.0, "L": 0.0}
NAMES = {"A": "Talk", "B": "Offer", "C": "Terms"}
STAGES = (
    "stage_id,name,position,is_won,is_lost,probability\nA,Talk,1,false,false,0.1\nB,Offer,2,false,false,0.25\n"
    "C,Terms,3,false,false,0.6\nW,Won,4,true,false,1\nL,Lost,5,false,true,0\n"
)
FIRST = datetime(2026, 1, 1, 9)
DAYS = (40, 90, 150)
BY = {"metrics": ["open_opportunities_count", "open_amount", "open_weighted_amount"], "by": ["stage.name"]}
Deal = dict[str, Any]
Sums = dict[str | None, tuple[int, float, float | None]]


def _drawn(seed: int, begins: str = "ABC") -> list[Deal]:
    """Deals with all their stages, the one of their creation first."""
    r, deals = Random(seed), []
    for number in range(70):
        at = FIRST + timedelta(days=r.randrange(120), seconds=number)
        walk = [(r.choice(begins), at)]
        for _ in range(r.choice([0, 1, 1, 2, 3])):
            if walk[-1][0] in "WL":
                break
            at += timedelta(days=r.randrange(1, 50), seconds=1)
            walk.append((r.choice([one for one in CHANCE if one != walk[-1][0]]), at))
        deals.append({"name": f"d{number}", "amount": 1000 + number, "walk": walk})
    return deals


def _tables(deals: list[Deal]) -> dict[str, str]:
    told = ["deal_id,name,stage_id,status,amount,currency,created_at,closed_at,probability"]
    changes = ["deal_id,stage_id,entered_at,before"]
    for deal in deals:
        name, walk = deal["name"], deal["walk"]
        stage, at = walk[-1]
        status = {"W": "won", "L": "lost"}.get(stage, "open")
        closed = at if status != "open" else ""
        told.append(f"{name},{name},{stage},{status},{deal['amount']},EUR,{walk[0][1]},{closed},{CHANCE[stage]}")
        changes += [f"{name},{after},{when},{before}" for (before, _), (after, when) in pairwise(walk)]
    return {"stage": STAGES, "deal": "\n".join(told) + "\n", "deal_stage_history": "\n".join(changes) + "\n"}


def _project(folder: Path, deals: list[Deal], engine: str, *, begun: bool) -> Path:
    """The deals with their changes; `begun`: with a row for the stage before the first of them."""
    folder.mkdir(exist_ok=True)
    project = project_of(folder, _tables(deals), engine)
    path = project / "mapping.yaml"
    mapping = yaml.safe_load(path.read_text(encoding="utf-8"))
    history = mapping["entities"]["deal_stage_history"]
    history["fields"].pop("before")
    if begun:
        first = {"table": "deal_stage_history", "on": {"deal_id": "deal_id"}, "first": ["entered_at"]}
        begin = {
            "deal_id": "deal_id",
            "stage_id": "coalesce(change.before, stage_id)",
            "entered_at": {"sql": "created_at", "type": "time"},
        }
        mapping["entities"]["deal_stage_history"] = {
            "union": [history, {"table": "deal", "joins": {"change": first}, "fields": begin}]
        }
    path.write_text(yaml.safe_dump(mapping), encoding="utf-8")
    return project


def _stage_at(deal: Deal, at: datetime) -> str | None:
    passed = [stage for stage, when in deal["walk"] if when < at]
    return passed[-1] if passed else None


def _reckoned(deals: list[Deal], at: datetime, *, begun: bool) -> Sums:
    """Open deals of each stage then, their amounts, and these times its chance; under None those of which the changes
    do not say it."""
    found: dict[str | None, list[tuple[int, float | None]]] = defaultdict(list)
    for deal in deals:
        stage = _stage_at(deal, at)
        if stage is None or stage in "WL":
            continue
        known = begun or len(deal["walk"]) == 1 or deal["walk"][1][1] < at
        name = NAMES[stage] if known else None
        found[name].append((deal["amount"], deal["amount"] * CHANCE[stage] if known else None))
    return {
        name: (len(of), sum(a for a, _ in of), sum(w for _, w in of if w is not None) if name else None)
        for name, of in found.items()
    }


def _asked(project: Path, day: date | None) -> Figures:
    more = {"as_of": str(day)} if day is not None else {}
    return figures(project, {"period": "2026", "sections": [{"id": "x", "breakdown": BY}], **more})


def _found(asked: Figures) -> Sums:
    told = {
        row["stage.name"]: tuple(
            row[name] for name in ("open_opportunities_count", "open_amount", "open_weighted_amount")
        )
        for row in rows(asked, "x")
    }
    return {name: of for name, of in told.items() if of[0]}  # type: ignore[misc]


def _alike(found: Sums, wanted: Sums) -> None:
    assert found.keys() == wanted.keys()
    for name, of in wanted.items():
        assert found[name] == (of[0], pytest.approx(of[1]), pytest.approx(of[2]) if of[2] is not None else None), name


@pytest.mark.parametrize(("engine", "seed"), [("duckdb", 1), ("sqlite", 2)])
def test_the_stage_before_the_first_change_is_nobodys_and_told(engine: str, seed: int, tmp_path: Path) -> None:
    deals = _drawn(seed)
    project = _project(tmp_path, deals, engine, begun=False)
    for days in DAYS:
        day = date(2026, 1, 1) + timedelta(days=days)
        at = datetime(day.year, day.month, day.day) + timedelta(days=1)
        asked, wanted = _asked(project, day), _reckoned(deals, at, begun=False)
        _alike(_found(asked), wanted)
        count, amount, _ = wanted[None]
        every = sum(of[0] for of in wanted.values())
        said = f"of {count} of {every} deals the history does not have the stage of then (€{amount:,.0f})"
        assert any(said in note and "Weighted pipeline" in note for note in asked.footnotes), asked.footnotes


@pytest.mark.parametrize(("engine", "seed"), [("duckdb", 3), ("sqlite", 4)])
def test_with_the_stage_before_figures_are_those_of_the_frozen_data(engine: str, seed: int, tmp_path: Path) -> None:
    deals = _drawn(seed)
    project = _project(tmp_path / "whole", deals, engine, begun=True)
    for days in DAYS:
        day = date(2026, 1, 1) + timedelta(days=days)
        at = datetime(day.year, day.month, day.day) + timedelta(days=1)
        asked, wanted = _asked(project, day), _reckoned(deals, at, begun=True)
        _alike(_found(asked), wanted)
        assert not any("does not have the stage" in note for note in asked.footnotes)
        cut = [{**deal, "walk": [one for one in deal["walk"] if one[1] < at]} for deal in deals]
        frozen = _project(tmp_path / f"frozen{days}", [deal for deal in cut if deal["walk"]], engine, begun=True)
        _alike(_found(_asked(frozen, None)), wanted)


def test_what_the_period_compared_with_lacks_is_told_too(tmp_path: Path) -> None:
    deals = _drawn(5)
    project = _project(tmp_path, deals, "duckdb", begun=False)
    spec = {
        "period": "2026-05",
        "compare": "previous_period",
        "sections": [{"id": "x", "kpis": ["open_weighted_amount"]}],
    }
    notes = figures(project, spec).footnotes
    for at, name in ((datetime(2026, 6, 1), "Weighted pipeline"), (datetime(2026, 5, 1), "Weighted pipeline, before")):
        wanted = _reckoned(deals, at, begun=False)
        count, every = wanted[None][0], sum(of[0] for of in wanted.values())
        assert any(f"{name}: of {count} of {every} deals the history does not have" in note for note in notes), notes


@pytest.mark.parametrize("whole", [False, True])
def test_a_table_by_stage_of_a_part_of_the_rows_tells_it_where_nothing_else_does(whole: bool, tmp_path: Path) -> None:
    """With the number of all rows, and that it is theirs; not twice where a section of all rows has said it."""
    deals = _drawn(5)
    project = _project(tmp_path, deals, "duckdb", begun=False)
    part = {
        "id": "part",
        "breakdown": {"metrics": ["open_amount"], "by": ["stage.name"]},
        "where": "deal.amount > 1010",
    }
    sections = [*([{"id": "all", "kpis": ["open_amount"]}] if whole else []), part]
    found = figures(project, {"period": "2026-05", "compare": "none", "sections": sections})
    assert None in {row["stage.name"] for row in rows(found, "part")}
    wanted = _reckoned(deals, datetime(2026, 6, 1), begun=False)
    count, every = wanted[None][0], sum(of[0] for of in wanted.values())
    [note] = [one for one in found.footnotes if "does not have the stage" in one]
    assert f"of {count} of {every} deals" in note
    assert note.endswith("Counted without this section’s own filter.") == (not whole)
    [column] = [one for one in found.sections[-1].columns if one.name == "open_amount"]
    assert (found.footnotes.index(note) + 1 in column.footnotes) == (not whole)


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_an_amount_of_before_the_first_change_is_the_records(engine: str, tmp_path: Path) -> None:
    """Also where the history has one of later, which the deal did not have yet: without one of its record there is none."""
    deals = (
        "deal_id,name,stage_id,status,amount,currency,created_at,closed_at,expected_close_date\n"
        "a,a,B,open,900,EUR,2026-01-05 09:00:00,,2026-12-01\n"
        "b,b,B,open,,,2026-01-05 09:00:00,,\n"
        "c,c,B,open,50,EUR,2026-01-05 09:00:00,,2026-12-03\n"
    )
    changes = (
        "deal_id,stage_id,entered_at,amount,currency,expected_close_date\n"
        "a,A,2026-03-05 09:00:00,100,EUR,2026-08-01\na,B,2026-06-05 09:00:00,900,EUR,2026-12-01\n"
        "b,A,2026-03-05 09:00:00,,,\nb,B,2026-06-05 09:00:00,70,EUR,2026-11-01\n"
    )
    project = project_of(tmp_path, {"stage": STAGES, "deal": deals, "deal_stage_history": changes}, engine)
    wanted = {
        "2026-02-10": {"a": 900, "b": None, "c": 50},  # nothing is known by then: the record's
        "2026-04-10": {"a": 100, "b": None, "c": 50},  # `b` was changed, and had no amount
        "2026-07-10": {"a": 900, "b": 70, "c": 50},
    }
    days = {
        "2026-02-10": ["2026-12-01", None],
        "2026-04-10": ["2026-08-01", None],
        "2026-07-10": ["2026-12-01", "2026-11-01"],
    }
    for day, amounts in wanted.items():
        fields = ["deal.name", "deal.amount", "deal.expected_close_date"]
        listed = {"id": "x", "records": {"entity": "deal", "fields": fields, "sort": "deal.name"}}
        by = {"id": "y", "breakdown": {"metrics": ["open_amount"], "by": ["deal.name"]}}
        found = figures(project, {"period": "2026", "as_of": day, "sections": [by, listed]})
        assert {row["deal.name"]: row["open_amount"] for row in rows(found, "y")} == amounts, day
        [section] = [one for one in found.sections if one.id == "x"]
        place = [column.name for column in section.columns].index("deal.expected_close_date")
        said = {row[0]: row[place] for row in section.rows}
        assert [str(said[name]) if said[name] is not None else None for name in "ab"] == days[day], day
