"""What a period will bring of anything that adds up over time: what there is so far, and the rest of a period by the
simple rule that was nearest in the past, with a range from how far off it was."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from reportspec.forecasting.held_against import HeldAgainst
from reportspec.forecasting.simple import RULES, Rule
from reportspec.forecasting.spread import Spread, miss, widened
from reportspec.lazy_dataclass import dataclass

LEARNED, TESTED = 12, 12  # windows that a range learns from, and that a forecast is tested on, at most
FEWEST_BEFORE = 3  # windows before one that is tested
FEWEST_TESTS = 6
FEWEST_CASES = 30
HELD = 0.7  # the share of the tests' ranges that held, from which on a forecast is shown
OF_MEAN = 4
FEWEST_OF_RULE = 4  # past windows that a rule has said something of, from which on it can be chosen


@dataclass(frozen=True, slots=True)
class Stretch:
    """A period: what there was of it by its origin (`before`), what came later (`rest`), and how many cases both are
    made of."""

    before: float
    rest: float
    cases: float = 0.0

    @property
    def result(self) -> float:
        """All of it."""
        return self.before + self.rest


@dataclass(frozen=True, slots=True)
class FlowTest(HeldAgainst):
    """A forecast of a past period from those before it, by a `rule`, and what the period brought."""

    place: int
    rule: Rule
    before: float
    spread: Spread
    result: float

    @property
    def point(self) -> float:
        """What was forecast."""
        return self.before + self.spread.mean


Why = Literal["periods", "cases", "last", "ranges"]


@dataclass(frozen=True, slots=True)
class Flow:
    """The forecast of the last period (whose `result` is not known), its tests, oldest first, and why it is not shown,
    if so: too few `periods`, too few `cases`, `last` period's amount was nearer, or its `ranges` did not hold. `naive`
    is the mean error of "the same as last period" in the same tests, and `cases` what the periods learned from have."""

    forecast: FlowTest
    tests: tuple[FlowTest, ...]
    naive: float
    cases: float
    refusal: Why | None

    @property
    def error(self) -> float:
        """The tests' mean absolute error."""
        return math.fsum(abs(test.error) for test in self.tests) / len(self.tests)

    @property
    def held(self) -> int:
        """How many of the tests' ranges held what came."""
        return sum(test.held for test in self.tests)

    def chance_of(self, goal: float) -> float:
        """The chance that the period reaches an amount."""
        return self.forecast.spread.chance_of(goal - self.forecast.before)


def rest_by(past: Sequence[Stretch], rule: Rule, per_year: int | None) -> float | None:
    """What a rule says of the rest of the period after some past ones, oldest first; None where they are too few."""
    if rule == "last":
        return past[-1].rest if past else None
    if rule == "mean_of_four":
        recent = past[-OF_MEAN:]
        return math.fsum(each.rest for each in recent) / OF_MEAN if len(recent) == OF_MEAN else None
    back = per_year if rule == "last_year" else (per_year or 0) // 4
    least = 1 if rule == "last_year" else 2  # a quarter ago is the last one
    return past[-back].rest if back is not None and least <= back <= len(past) else None


def flow_forecast(windows: Sequence[Stretch], per_year: int | None) -> Flow | None:
    """The forecast of the last of some periods, oldest first. None where fewer than three are over.

    The rule of a period is the one whose errors in the periods before it are the smallest (the mean of four, where none
    can be told yet), and the variance of its rest the mean square of these errors.
    """
    last = len(windows) - 1
    if last < FEWEST_BEFORE:
        return None
    said = {rule: [rest_by(windows[:place], rule, per_year) for place in range(last + 1)] for rule in RULES}
    made: dict[int, FlowTest] = {}
    for place in range(FEWEST_BEFORE, last + 1):
        made[place] = _made(windows, place, said, [made[at] for at in sorted(made)][-TESTED:])
    tests = [made[at] for at in range(FEWEST_BEFORE, last)][-TESTED:]
    naive = [abs(max(windows[test.place - 1].result, test.before) - test.result) for test in tests]
    mean_naive = math.fsum(naive) / len(naive) if naive else math.nan
    cases = math.fsum(window.cases for window in windows[max(0, last - LEARNED) : last])
    flow = Flow(made[last], tuple(tests), mean_naive, cases, None)
    return Flow(flow.forecast, flow.tests, mean_naive, cases, _refusal(flow))


def _refusal(flow: Flow) -> Why | None:
    if len(flow.tests) < FEWEST_TESTS:
        return "periods"
    if flow.cases < FEWEST_CASES:
        return "cases"
    if flow.error > flow.naive:
        return "last"
    return "ranges" if flow.held < HELD * len(flow.tests) else None


def _made(
    windows: Sequence[Stretch], place: int, said: Mapping[Rule, Sequence[float | None]], tests: Sequence[FlowTest]
) -> FlowTest:
    """The forecast of one period, from nothing but those before it."""
    errors: dict[Rule, list[float]] = {}
    for rule, rests in said.items():
        known = [(rest, windows[at].rest) for at, rest in enumerate(rests[:place]) if rest is not None]
        if rests[place] is not None:
            errors[rule] = [rest - came for rest, came in known][-LEARNED:]
    able = [rule for rule, past in errors.items() if len(past) >= FEWEST_OF_RULE]
    usual: Rule = "mean_of_four" if "mean_of_four" in errors else "last"
    rule = min(able, key=lambda one: math.fsum(map(abs, errors[one])) / len(errors[one])) if able else usual
    mean = said[rule][place]
    assert mean is not None
    misses = [miss(windows[test.place].rest, test.spread.mean, test.spread.variance) for test in tests]
    squares = [error * error for error in errors[rule]] or _around([window.rest for window in windows[:place]])
    spread = widened(mean, math.fsum(squares) / len(squares), misses)
    return FlowTest(place, rule, windows[place].before, spread, windows[place].result)


def _around(rests: Sequence[float]) -> list[float]:
    centre = math.fsum(rests) / len(rests)
    return [(rest - centre) ** 2 for rest in rests]
