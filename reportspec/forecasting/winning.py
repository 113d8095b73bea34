"""The chance of each open deal to be won before the period is over, and what the past says such chances are worth."""

from __future__ import annotations

import math

from reportspec.forecasting.past_windows import CellKey, Windows
from reportspec.forecasting.win_rates import Rates, rates_of
from reportspec.lazy_dataclass import dataclass

FEWEST_WINS = 30
SKILL = 0.05  # over the base rate, from which on chances are shown
STEP = 0.05  # to which chances are told
RIGHT_ON_THE_WHOLE = (0.8, 1.25)  # between which expected / actual wins lie


@dataclass(frozen=True, slots=True)
class Chances:
    """The chances of deals by the cell that they are in, and how the past judges such chances: log loss relative to
    that of the base rate (`skill`: 0 is no better, 1 is perfect), wins `expected` in the tests, and wins that there
    `were`. They are `shown` if the past bears them out."""

    rates: Rates
    tests: int
    skill: float
    expected: float
    were: float

    @property
    def shown(self) -> bool:
        """Whether they may be shown: skill of 5 %, 30 wins in the tests, and right on the whole."""
        low, high = RIGHT_ON_THE_WHOLE
        enough = self.were >= FEWEST_WINS and self.skill >= SKILL
        return enough and low <= self.expected / self.were <= high

    def of(self, key: CellKey) -> float:
        """The chance of a deal in a cell."""
        return self.rates.of(key)

    def factors(self, key: CellKey) -> tuple[float, float, float]:
        """What it is made of, exactly: the share of all, times the stage's factor, times that of the days in it."""
        stage = self.rates.of_stage(key[0])
        return self.rates.base, stage / self.rates.base, self.rates.of(key) / stage


def chances(windows: Windows) -> Chances:
    """The chances of the last window's open deals, judged by those of the windows before it: each from what was known
    at its origin.

        loss = -sum [w ln p + (n - w) ln(1 - p)], skill = 1 - loss / loss with the base rate
    """
    loss = base_loss = expected = were = 0.0
    tests = 0
    for place in windows.tested(windows.last):
        rates = rates_of(windows.learned(place))
        tests += 1
        for key, cell in windows.all[place].open.items():
            p, n, w = rates.of(key), cell.deals.count, cell.won.count
            loss -= w * math.log(p) + (n - w) * math.log1p(-p)
            base_loss -= w * math.log(rates.base) + (n - w) * math.log1p(-rates.base)
            expected += n * p
            were += w
    skill = 1.0 - loss / base_loss if base_loss > 0 else 0.0
    return Chances(rates_of(windows.learned(windows.last)), tests, skill, expected, were)


def in_steps(chance: float) -> float:
    """A chance as it is told: to the nearest 5 %, but for those that are nearly none or nearly certain."""
    if chance < STEP or chance > 1.0 - STEP:
        return round(chance, 2)
    return round(round(chance / STEP) * STEP, 2)
