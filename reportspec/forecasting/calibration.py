"""What was said of chances, and what happened: by tenths of what was said."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from reportspec.forecasting.past_windows import Windows
from reportspec.forecasting.win_rates import rates_of
from reportspec.lazy_dataclass import dataclass

TENTHS = tuple(tenth / 10 for tenth in range(1, 10))  # the bounds between them


@dataclass(frozen=True, slots=True)
class Judged:
    """Deals of which a chance was said: how many, the sum of these chances, and how many of them were won in time."""

    count: float = 0.0
    said: float = 0.0
    won: float = 0.0

    def __add__(self, other: Judged) -> Judged:
        return Judged(self.count + other.count, self.said + other.said, self.won + other.won)


def tenth_of(chance: float) -> int:
    """The tenth that a chance lies in: 0 below 10 %, 9 from 90 % on."""
    return sum(chance >= bound for bound in TENTHS)


def by_rates(windows: Windows) -> dict[int, Judged]:
    """By tenths, the deals that were open at the origins of the tests, with what the rates of then said of them."""
    judged: dict[int, Judged] = {}
    for place in windows.tested(windows.last):
        rates = rates_of(windows.learned(place))
        for key, cell in windows.all[place].open.items():
            chance = rates.of(key)
            tenth = tenth_of(chance)
            known = judged.get(tenth, Judged())
            judged[tenth] = known + Judged(cell.deals.count, chance * cell.deals.count, cell.won.count)
    return judged


def whole(judged: Iterable[Judged]) -> Judged:
    """All of them together."""
    return sum(judged, Judged())


def off_by(judged: Mapping[int, Judged]) -> float | None:
    """By how much what was said departs from what happened, in the mean over all deals: of each tenth the difference of
    both shares, times its deals. None where nothing was said."""
    count = whole(judged.values()).count
    return math.fsum(abs(each.said - each.won) for each in judged.values()) / count if count else None
