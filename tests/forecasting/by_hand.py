"""What was open at an instant and what became of it, deal by deal in plain Python, from rows as a source has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tests.forecasting.freezing import Row, frozen

BANDS = (7, 14, 30, 60, 120)
Places = Mapping[str, tuple[int, bool, bool]]  # of stages by their keys: position, whether they are won, lost


class Known(NamedTuple):
    """A deal that was open: its stage (None where the history does not say), since when it was there, the band of days
    in it, and whether it was won by the end of the window."""

    stage: str | None
    since: datetime
    band: int
    won: bool


def open_at(
    deals: Iterable[Row], history: Iterable[Row], places: Places, origin: datetime, start: datetime, end: datetime
) -> dict[str, Known]:
    """The deals that were open at an origin, by their keys; what became of them in [start, end) is as the rows say."""
    whole = {deal["deal_id"]: deal for deal in deals}
    then, known = frozen(whole.values(), history, places, origin)
    changes: dict[str, list[Row]] = {}
    for row in known:
        changes.setdefault(row["deal_id"], []).append(row)
    found = {}
    for deal in then:
        if deal["status"] != "open" or deal.get("is_deleted"):
            continue
        own = sorted(changes.get(deal["deal_id"], ()), key=lambda row: (row["entered_at"], places[row["stage_id"]][0]))
        stage, since = None, deal["created_at"]
        for row in own:
            if row["stage_id"] != stage:
                stage, since = row["stage_id"], row["entered_at"]
        outcome = whole[deal["deal_id"]]
        won = outcome["status"] == "won" and start <= outcome["closed_at"] < end
        found[deal["deal_id"]] = Known(stage, since, band_of(origin - since), won)
    return found


def band_of(time: timedelta) -> int:
    """The number of the band that some time lies in."""
    return 1 + sum(time > timedelta(days=days) for days in BANDS)


def rates(cells: Mapping[tuple[Any, int], tuple[int, int]]) -> Any:
    """The chance of a cell, by the formulas, from (deals, wins) of each."""
    n, w = (sum(cell[at] for cell in cells.values()) for at in (0, 1))
    base = (w + 0.5) / (n + 5)

    def of(stage: Any, band: int) -> float:
        there = [cell for key, cell in cells.items() if key[0] == stage]
        of_stage = (sum(c[1] for c in there) + 10 * base) / (sum(c[0] for c in there) + 10)
        deals, wins = cells.get((stage, band), (0, 0))
        return (wins + 10 * of_stage) / (deals + 10)

    return of
