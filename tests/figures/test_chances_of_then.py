"""The probability that a deal had at a past date, by a history that may lack its closing: weighted amounts are reckoned
here from the rows, by what the metric's description says."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

CHANCE = {"A": 0.1, "B": 0.5, "W": 1.0, "L": 0.0}
STAGES = (
    "stage_id,name,position,is_won,is_lost,probability\n"
    "A,Talk,1,false,false,0.1\nB,Offer,2,false,false,0.5\nW,Won,3,true,false,1\nL,Lost,4,false,true,0\n"
)
FIRST, DAYS = datetime(2026, 1, 1, 9), 220
Deal = dict[str, Any]


def _drawn(seed: int) -> list[Deal]:
    """Deals with their changes of stage, probability or both; of every second that is closed the history has not the
    closing, and the record says today's chance, 0 or 1, or nothing."""
    r, deals = Random(seed), []
    for number in range(80):
        at, walk = FIRST + timedelta(days=r.randrange(60), seconds=number), []
        for _ in range(1 + r.randrange(5)):
            walk.append((r.choice("AAB"), at, r.choice([None, 0.2, 0.3, 0.8])))
            at += timedelta(days=r.randrange(1, 40))
        closed = r.choice([None, at])
        stage = r.choice("WL") if closed is not None else walk[-1][0]
        own = r.choice([None, CHANCE[stage] if closed is not None else 0.9])
        if closed is not None and r.random() < 0.5:
            walk.append((stage, closed, own))
        deals.append({"name": f"d{number}", "stage": stage, "closed": closed, "own": own, "walk": walk})
    return deals


def _chance(deal: Deal, at: datetime) -> float | None:
    """The chance of a deal at an instant; None where it is not open then, or not there."""
    passed = [one for one in deal["walk"] if one[1] < at]
    if not passed or (deal["closed"] is not None and deal["closed"] < at):
        return None
    stage, _, by_history = passed[-1]
    if deal["closed"] is None and all(one[0] == stage for one in deal["walk"][len(passed) :]):
        # It is in that stage to this day: the record has the last word of the last change, and else fills in.
        newest = len(passed) == len(deal["walk"])
        ways = [deal["own"], by_history] if newest else [by_history, deal["own"]]
    else:
        ways = [by_history]
    return next((one for one in ways if one is not None), CHANCE[stage])


def _tables(deals: list[Deal]) -> dict[str, str]:
    def said(value: object) -> str:
        return "" if value is None else str(value)

    told = ["deal_id,name,stage_id,status,amount,currency,created_at,closed_at,probability"]
    changes = ["deal_id,stage_id,entered_at,probability"]
    for number, deal in enumerate(deals):
        status = {"W": "won", "L": "lost"}.get(deal["stage"], "open")
        name, begun = deal["name"], deal["walk"][0][1]
        money = f"{1000 + number},EUR"
        told.append(
            f"{name},{name},{deal['stage']},{status},{money},{begun},{said(deal['closed'])},{said(deal['own'])}"
        )
        changes += [f"{name},{stage},{at},{said(chance)}" for stage, at, chance in deal["walk"]]
    return {"stage": STAGES, "deal": "\n".join(told) + "\n", "deal_stage_history": "\n".join(changes) + "\n"}


@pytest.mark.parametrize(("engine", "seed"), [("duckdb", 0), ("duckdb", 1), ("sqlite", 2)])
def test_each_deal_counts_with_its_chance_of_then(engine: str, seed: int, tmp_path: Path) -> None:
    deals = _drawn(seed)
    project = project_of(tmp_path, _tables(deals), engine)
    for day in range(15, DAYS, 34):
        end = date(2026, 1, 1) + timedelta(days=day)
        at = datetime(2026, 1, 1) + timedelta(days=day + 1)
        by = {"breakdown": {"metrics": ["open_weighted_amount"], "by": ["deal.name"], "top": 1000}}
        found = figures(project, {"period": "2026", "as_of": str(end), "sections": [{"id": "x", **by}]})
        chances = {deal["name"]: (_chance(deal, at), 1000 + number) for number, deal in enumerate(deals)}
        wanted = {name: chance * amount for name, (chance, amount) in chances.items() if chance is not None}
        told = {row["deal.name"]: row["open_weighted_amount"] for row in rows(found, "x")}
        assert told == pytest.approx(wanted), end
