"""Deals whose closing people dated back, or whose creation nobody wrote down: at each instant a deal is there once, in
one state. The states are reckoned here from the rows, by what the entity's description says."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

STAGES = (
    "stage_id,name,position,is_won,is_lost\n"
    "A,Talk,1,false,false\nB,Offer,2,false,false\nW,Won,3,true,false\nL,Lost,4,false,true\n"
)
OUTCOME = {"A": "open", "B": "open", "W": "won", "L": "lost"}
FIRST, DAYS, SEEDS = datetime(2026, 1, 1, 9), 200, range(3)
FIELDS = ["deal.name", "deal.status"]
Deal = dict[str, Any]


def _drawn(seed: int) -> list[Deal]:
    """Deals with their changes; of those that are closed many at another time than their history says."""
    r, deals = Random(seed), []
    for number in range(60):
        at, walk = FIRST + timedelta(days=r.randrange(100), seconds=number), []
        for _ in range(r.randrange(5)):
            stage = r.choice([one for one in "AABBWL" if not walk or one != walk[-1][0]])
            walk.append((stage, at))
            at += timedelta(days=r.randrange(1, 30))
        stage = walk[-1][0] if walk else r.choice("AW")
        closed = None
        if OUTCOME[stage] != "open":
            closed = walk[-1][1] if walk and r.random() < 0.4 else FIRST + timedelta(days=r.randrange(DAYS))
        created = None if r.random() < 0.3 else (walk[0][1] if walk else FIRST) - timedelta(days=r.randrange(3))
        deals.append({"name": f"d{number}", "stage": stage, "closed": closed, "created": created, "walk": walk})
    return deals


def _closed_at(deal: Deal) -> datetime | None:
    """When a deal was closed. Of a day the history says when on it, if its last change was on it; else it began with it."""
    closed = deal["closed"]
    if closed is None or isinstance(closed, datetime):
        return closed
    last = deal["walk"][-1][1] if deal["walk"] else None
    return last if last is not None and last.date() == closed else datetime(closed.year, closed.month, closed.day)


def _as_of(deal: Deal, at: datetime) -> str | None:
    """The status of a deal at an instant; None where it is not there."""
    closed = _closed_at(deal)
    passed = [one for one in deal["walk"] if one[1] < at]
    ended = closed is not None and closed < at
    times = [deal["created"], closed, *(one[1] for one in deal["walk"])]
    if not (any(one is not None and one < at for one in times) or all(one is None for one in times)):
        return None
    if ended:
        return OUTCOME[deal["stage"]]
    if closed is not None and passed and len(passed) == len(deal["walk"]):
        passed.pop()  # closed later than the history says
    return OUTCOME[passed[-1][0]] if passed else "open"


def _tables(deals: list[Deal], zone: str = "Europe/Rome") -> dict[str, str]:
    """The deals as a source whose clock is of a zone has them. A day is a day."""

    def written(at: datetime | date | None) -> str:
        if not isinstance(at, datetime):
            return str(at or "")
        return str(at.replace(tzinfo=ZoneInfo("Europe/Rome")).astimezone(ZoneInfo(zone)).replace(tzinfo=None))

    told = ["deal_id,name,stage_id,status,amount,currency,created_at,closed_at"]
    changes = ["deal_id,stage_id,entered_at"]
    for deal in deals:
        created, closed = written(deal["created"]), written(deal["closed"])
        told.append(f"{deal['name']},{deal['name']},{deal['stage']},{OUTCOME[deal['stage']]},1,EUR,{created},{closed}")
        changes += [f"{deal['name']},{stage},{written(at)}" for stage, at in deal["walk"]]
    return {"stage": STAGES, "deal": "\n".join(told) + "\n", "deal_stage_history": "\n".join(changes) + "\n"}


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
@pytest.mark.parametrize("seed", SEEDS)
def test_each_deal_is_there_once(engine: str, seed: int, tmp_path: Path) -> None:
    deals = _drawn(seed)
    _compare(project_of(tmp_path, _tables(deals), engine), deals)


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
@pytest.mark.parametrize("zone", ["Europe/Rome", "America/New_York", "Asia/Tokyo"])
def test_closings_that_are_days(engine: str, zone: str, tmp_path: Path) -> None:
    """A day is the report's whatever clock the source goes by, and each month has the deals that its days have: none of
    these was closed before and opened again."""
    deals = [deal for deal in _drawn(7) if all(OUTCOME[stage] == "open" for stage, _ in deal["walk"][:-1])]
    for deal in deals:
        deal["closed"] = deal["closed"] and deal["closed"].date()
    project = project_of(tmp_path, _tables(deals, zone), engine)
    mapping, settings = project / "mapping.yaml", project / "reportspec.yaml"
    as_day = "closed_at: {sql: closed_at, type: date}"
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("closed_at: closed_at", as_day), encoding="utf-8")
    settings.write_text(settings.read_text(encoding="utf-8") + f"source_timezone: {zone}\n", encoding="utf-8")
    _compare(project, deals)
    spec = {"report": "custom", "sections": [{"id": "y", "kpis": ["won_deals_count", "lost_deals_count"]}]}
    for month in range(1, 8):
        [row] = rows(figures(project, {**spec, "period": f"2026-{month:02}"}), "y")
        closed = [OUTCOME[deal["stage"]] for deal in deals if deal["closed"] and deal["closed"].month == month]
        assert row == {"won_deals_count": closed.count("won"), "lost_deals_count": closed.count("lost")}, month


def _compare(project: Path, deals: list[Deal]) -> None:
    """Who is there at the ends of some days, and in which state, is what the deals say."""
    for day in range(10, DAYS, 38):
        end = date(2026, 1, 1) + timedelta(days=day)
        spec = {
            "period": "2026",
            "as_of": str(end),
            "sections": [
                {"id": "x", "records": {"entity": "deal", "fields": FIELDS, "period": "all", "limit": "all"}},
                {"id": "y", "kpis": ["open_opportunities_count"]},
            ],
        }
        found = figures(project, spec)
        at = datetime(end.year, end.month, end.day) + timedelta(days=1)  # the end of the day
        wanted = {deal["name"]: state for deal in deals if (state := _as_of(deal, at)) is not None}
        listed = [(row["deal.name"], str(row["deal.status"]).lower()) for row in rows(found, "x")]
        assert sorted(listed) == sorted(wanted.items()), end
        [row] = rows(found, "y")
        assert row["open_opportunities_count"] == list(wanted.values()).count("open")
