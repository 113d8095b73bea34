"""Drawn deals with a history of their stages, whose closing people dated back or forth, and what state each was in."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

STAGES = (
    "stage_id,name,position,is_won,is_lost\n"
    "A,Talk,1,false,false\nB,Offer,2,false,false\nW,Won,3,true,false\nL,Lost,4,false,true\n"
)
OUTCOME = {"A": "open", "B": "open", "W": "won", "L": "lost"}
FIRST, DAYS = datetime(2026, 1, 1, 9), 200
Deal = dict[str, Any]


def drawn(seed: int) -> list[Deal]:
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


def closed_at(deal: Deal) -> datetime | None:
    """When a deal was closed. Of a day the history says when on it, if its last change was on it; else it began with it."""
    closed = deal["closed"]
    if closed is None or isinstance(closed, datetime):
        return closed
    last = deal["walk"][-1][1] if deal["walk"] else None
    return last if last is not None and last.date() == closed else datetime(closed.year, closed.month, closed.day)


def status_at(deal: Deal, at: datetime) -> str | None:
    """The status of a deal at an instant; None where it is not there."""
    closed = closed_at(deal)
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


def by_clock(at: datetime, zone: str) -> datetime:
    """What the clock of a zone shows when Rome's shows a time."""
    return at.replace(tzinfo=ZoneInfo("Europe/Rome")).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def with_days_of_closing(seed: int) -> list[Deal]:
    """Deals of which the day of closing is known, none of which was closed before and opened again."""
    deals = [deal for deal in drawn(seed) if all(OUTCOME[stage] == "open" for stage, _ in deal["walk"][:-1])]
    for deal in deals:
        deal["closed"] = deal["closed"] and deal["closed"].date()
    return deals


def closed_in(deals: list[Deal], month: int) -> dict[str, int]:
    """How many deals were won and lost in a month, by the days of their closing."""
    closed = [OUTCOME[deal["stage"]] for deal in deals if deal["closed"] and deal["closed"].month == month]
    return {"won_deals_count": closed.count("won"), "lost_deals_count": closed.count("lost")}


def tables(deals: list[Deal], zone: str = "Europe/Rome") -> dict[str, str]:
    """The deals as a source whose clock is of a zone has them, as CSV. A day is a day."""

    def written(at: datetime | date | None) -> str:
        return str(by_clock(at, zone) if isinstance(at, datetime) else at or "")

    told = ["deal_id,name,stage_id,status,amount,currency,created_at,closed_at"]
    changes = ["deal_id,stage_id,entered_at"]
    for deal in deals:
        created, closed = written(deal["created"]), written(deal["closed"])
        told.append(f"{deal['name']},{deal['name']},{deal['stage']},{OUTCOME[deal['stage']]},1,EUR,{created},{closed}")
        changes += [f"{deal['name']},{stage},{written(at)}" for stage, at in deal["walk"]]
    return {"stage": STAGES, "deal": "\n".join(told) + "\n", "deal_stage_history": "\n".join(changes) + "\n"}
