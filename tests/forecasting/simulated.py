"""An invented firm's deals with their history: stages passed and gone back to, amounts changed on the way, deals won, lost,
opened again."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

Row = dict[str, Any]
STAGES = [
    {"stage_id": "a", "name": "First", "position": 1, "is_won": False, "is_lost": False},
    {"stage_id": "b", "name": "Second", "position": 2, "is_won": False, "is_lost": False},
    {"stage_id": "c", "name": "Third", "position": 3, "is_won": False, "is_lost": False},
    {"stage_id": "w", "name": "Won", "position": 4, "is_won": True, "is_lost": False},
    {"stage_id": "l", "name": "Lost", "position": 5, "is_won": False, "is_lost": True},
]
END = datetime(2026, 11, 1)
TELLING = {"a": (1, 5, 1, 0.2, 3), "b": (0.5, 1, 4, 0.5, 2), "c": (0.2, 0.5, 1, 6, 1)}
MONTHS, LENGTH = 36, 30 * 86_400  # how many, and the seconds of one


def simulated(
    seed: int, deals: int = 1500, pace: float = 12.0, uneven: float = 0.0, telling: bool = False
) -> tuple[list[Row], list[Row], list[Row]]:
    """Deals, their history, and stages, over three years; `pace` is the mean of the days in a stage, and `uneven` is by
    how much the months differ in how many deals are created (the spread of its logarithm). Where stages are `telling`,
    deals are won from the third one; else from any."""
    draw = Random(seed)
    weights = [draw.lognormvariate(0.0, uneven) for _ in range(MONTHS)]
    start = END - timedelta(seconds=MONTHS * LENGTH)
    records: list[Row] = []
    history: list[Row] = []
    for number in range(deals):
        month = draw.choices(range(MONTHS), weights)[0]
        at = start + timedelta(seconds=draw.randrange(month * LENGTH, (month + 1) * LENGTH))
        amount = Decimal(draw.randrange(10_000, 900_000)) / 100
        record = {"deal_id": f"D{number}", "created_at": at, "source": draw.choice(["web", "fair", None])}
        stage, closed, changed = "a", None, amount
        while at < END:
            history.append({"deal_id": record["deal_id"], "stage_id": stage, "entered_at": at, "amount": changed})
            closed = at if stage in "wl" else None
            if stage in "wl" and draw.random() > 0.2:
                break
            days = 6 * pace if closed else pace  # what is opened again had been closed when past reports were made
            at += timedelta(seconds=round(draw.expovariate(1 / (days * 86_400))) + 1)
            # What is opened again is open for a while: a closing that follows another is the first one's, with another date.
            follows = TELLING[stage] if telling and not closed else (1, 3, 3, 2.5, 2)
            stage = draw.choices("abcwl", (1, 3, 3, 0, 0) if closed else follows)[0]
            changed = changed if draw.random() < 0.7 else Decimal(draw.randrange(10_000, 900_000)) / 100
        last = history[-1]
        status = {"w": "won", "l": "lost"}.get(last["stage_id"], "open")
        lost = status == "lost"
        records.append(
            {
                **record,
                "stage_id": last["stage_id"],
                "status": status,
                "amount": last["amount"],
                "closed_at": closed,
                "loss_reason": "price" if lost else None,
            }
        )
    return records, history, STAGES
