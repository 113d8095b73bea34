"""Deals as a source had them at a past instant: what came later is dropped, and what was closed later is opened again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

Row = dict[str, Any]


def frozen(
    deals: Iterable[Row], history: Iterable[Row], stages: Mapping[str, tuple[int, bool, bool]], then: datetime
) -> tuple[list[Row], list[Row]]:
    """The deals and their history as they were `then`; stages are (position, is won, is lost) by their key."""
    changes: dict[str, list[Row]] = {}
    for row in history:
        changes.setdefault(row["deal_id"], []).append(row)
    kept: list[Row] = []
    for deal in deals:
        of_deal = sorted(
            changes.get(deal["deal_id"], ()), key=lambda row: (row["entered_at"], stages[row["stage_id"]][0])
        )
        known = [row for row in of_deal if row["entered_at"] < then]
        times = [deal["created_at"], deal["closed_at"], *(row["entered_at"] for row in of_deal[:1])]
        if not any(time is not None and time < then for time in times):
            continue
        kept.append(_as_then(deal, known, len(of_deal) > len(known), stages, then))
        changes[deal["deal_id"]] = known
    there = {deal["deal_id"] for deal in kept}
    return kept, [row for key, rows in changes.items() if key in there for row in rows if row["entered_at"] < then]


def _as_then(
    deal: Row, known: Sequence[Row], changed: bool, stages: Mapping[str, tuple[int, bool, bool]], then: datetime
) -> Row:
    closed = deal["closed_at"] is not None and deal["closed_at"] < then
    if not changed and (closed or deal["closed_at"] is None):
        return deal  # nothing has happened to it since
    if not known:
        # What it is now in, and at what chance, is said of its end: nobody knows of before.
        own: Row = {"probability": None} if "probability" in deal else {}
        if any(stages.get(deal["stage_id"], ())[1:]):
            own["stage_id"] = None
        return {**deal, **own, "status": "open", "closed_at": None, "loss_reason": None, "lost_stage_id": None}
    last = known[-1]
    _, won, lost = stages[last["stage_id"]]
    own = {"stage_id": last["stage_id"]}
    # What says nothing of them leaves them as they were.
    for name in {"amount", "expected_close_date", "probability"} & deal.keys():
        own[name] = next((row[name] for row in reversed(known) if row.get(name) is not None), deal[name])
    if not (won or lost):
        return {**deal, **own, "status": "open", "closed_at": None, "loss_reason": None, "lost_stage_id": None}
    # Closed then, and opened again since: it had been closed when it came into the first of the stages that it was in.
    entered = last["entered_at"]
    for row in reversed(known):
        if row["stage_id"] != last["stage_id"]:
            break
        entered = row["entered_at"]
    return {**deal, **own, "status": "won" if won else "lost", "closed_at": entered}
