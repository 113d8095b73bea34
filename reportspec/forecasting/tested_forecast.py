"""A forecast of a period with its range, the tests that it was put to, and whether it may be shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from reportspec.forecasting.held_against import HeldAgainst
from reportspec.forecasting.mixture import Mixture, after_tests, missed
from reportspec.forecasting.past_windows import FEWEST_LEARNED, Windows
from reportspec.forecasting.rest import Pipeline, Rest, from_pipeline, usual_rest
from reportspec.forecasting.simple import RULES, Rule, amount_of, by_rule
from reportspec.forecasting.spread import Miss
from reportspec.lazy_dataclass import dataclass

FEWEST_TESTS = 6
FEWEST_PERIODS = FEWEST_LEARNED + FEWEST_TESTS
FEWEST_WINS = 30
TESTS_OF_CHOICE = 4  # tests that the second way needs to take the place of the first
BETTER_BY = 1.05  # the factor by which its error is less
NEARER_BY = 0.9  # of the error of the best simple rule, that of a forecast that is shown is at most
HELD = 0.7  # the share of past ranges that held their result, from which on one is shown
RHYTHM = 0.5  # the share of a quarter's amount in one of its months, from which on months are not forecast
USUAL_INFLOW = 3.0  # the factor by which the inflow may depart from the usual one
FEWEST_OF_RULE = 4  # tests in which a simple rule has something to say, from which on it is a rival
ONE_SIDED = 6  # tests in a row that missed to one side, from which on that is said


@dataclass(frozen=True, slots=True)
class Test(HeldAgainst):
    """A forecast of a past period, made of nothing but what was known at its origin, and what the period brought; and
    by how much that `missed` what the model had said before it was widened."""

    place: int
    rest: Rest
    won_before: float
    spread: Mixture
    result: float
    missed: Miss

    @property
    def point(self) -> float:
        """What was forecast of the whole period."""
        return self.won_before + self.rest.mean

    @property
    def before(self) -> float:
        """What was won by its origin."""
        return self.won_before


@dataclass(frozen=True, slots=True)
class Rival:
    """A simple rule: the `amount` that it names for the period, its mean absolute error in the tests that it has
    something to say of (so many `tests`), and the mean absolute error of the forecasts in the same tests; and the sums
    of both errors relative to all that these periods brought."""

    rule: Rule
    amount: float
    tests: int
    error: float
    ours: float
    relative: float | None
    ours_relative: float | None

    @property
    def ratio(self) -> float:
        """The forecasts' error in units of its own: below 1 they were nearer."""
        if self.error > 0:
            return self.ours / self.error
        return math.inf if self.ours > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a forecast is not shown: how many periods (or wins, or ranges held) there are, `of` how many; of an unusual
    inflow the factor by which it departs, and of a rhythm the share of a quarter that one of its months brings."""

    why: Literal["periods", "wins", "rhythm", "rival", "ranges", "inflow"]
    count: float = 0
    of: float = 0


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the last of some windows will bring: the `rest` by the way that was chosen, beside what is `won`; both ways
    by themselves; the tests, oldest first; the simple rules, the best one first; and why it is not shown, if so."""

    won: float
    rest: Rest
    pipeline: Pipeline
    usual: Rest
    spread: Mixture
    tests: tuple[Test, ...]
    rivals: tuple[Rival, ...]
    refusal: Refusal | None

    @property
    def point(self) -> float:
        """The forecast of the whole period."""
        return self.won + self.rest.mean

    @property
    def low(self) -> float:
        """The lower end of its range of 80 %: not below what is won, but for amounts below zero that may come."""
        return self.won + self.spread.low

    @property
    def high(self) -> float:
        """The upper end."""
        return self.won + self.spread.high

    def chance_of(self, goal: float) -> float:
        """The chance that the period reaches an amount."""
        return self.spread.chance_of(goal - self.won)

    @property
    def held(self) -> int:
        """How many of the tests' ranges held the result."""
        return sum(test.held for test in self.tests)

    @property
    def off(self) -> float | None:
        """The tests' mean absolute error relative to what the periods brought."""
        return _relative([abs(test.error) for test in self.tests], self.tests)

    @property
    def bias(self) -> float | None:
        """By how much the tests were too high on the whole, relative to what the periods brought."""
        return _relative([test.error for test in self.tests], self.tests)

    @property
    def width(self) -> float | None:
        """How wide the tests' ranges were, relative to what the periods brought."""
        return _relative([test.high - test.low for test in self.tests], self.tests)

    @property
    def one_sided(self) -> int:
        """1 if the last six tests were all too high, -1 if all too low, else 0."""
        last = self.tests[-ONE_SIDED:]
        if len(last) < ONE_SIDED:
            return 0
        if all(test.error > 0 for test in last):
            return 1
        return -1 if all(test.error < 0 for test in last) else 0


def forecast(windows: Windows) -> Forecast | None:
    """The forecast of the last window. None where there are fewer than three periods to learn from.

    All that a test is made of, the way that it was come by among it, is what was known at its origin.
    """
    last = windows.last
    if len(windows.before(last)) < FEWEST_LEARNED:
        return None
    ways: dict[int, tuple[Pipeline, Rest]] = {}
    for place in (*_testable(windows), last):
        learned = windows.learned(place)
        ways[place] = (from_pipeline(learned, windows.all[place]), usual_rest(learned))
    tests: dict[int, Test] = {}
    for place in _testable(windows):
        rest, spread = _chosen(windows, place, ways, tests)
        window = windows.all[place]
        off = missed(window.rest, rest.apart)
        tests[place] = Test(place, rest, window.won_before.amount, spread, window.result.amount, off)
    rest, spread = _chosen(windows, last, ways, tests)
    of_last = tuple(tests[at] for at in windows.tested(last))
    rivals = _rivals(windows, of_last)
    pipeline, usual = ways[last]
    won = windows.all[last].won_before.amount
    refusal = _refusal(windows, of_last, rivals, pipeline)
    return Forecast(won, rest, pipeline, usual, spread, of_last, rivals, refusal)


def _testable(windows: Windows) -> list[int]:
    """The places of all windows that may be forecast and whose result is known to the last one."""
    return [at for at in windows.before(windows.last) if len(windows.before(at)) >= FEWEST_LEARNED]


def _chosen(
    windows: Windows, place: int, ways: dict[int, tuple[Pipeline, Rest]], tests: dict[int, Test]
) -> tuple[Rest, Mixture]:
    """The rest of a window by the way that was nearer in its tests, and how sure it is by what these missed by."""
    tested = list(windows.tested(place))
    results = [windows.all[at].rest for at in tested]
    first = math.fsum(abs(ways[at][0].rest.mean - result) for at, result in zip(tested, results, strict=True))
    second = math.fsum(abs(ways[at][1].mean - result) for at, result in zip(tested, results, strict=True))
    pipeline, usual = ways[place]
    rest = usual if len(tested) >= TESTS_OF_CHOICE and BETTER_BY * second < first else pipeline.rest
    return rest, after_tests(rest.apart, [tests[at].missed for at in tested])


def _rivals(windows: Windows, tests: Sequence[Test]) -> tuple[Rival, ...]:
    """The simple rules that have something to say of the period and of enough tests, the best one first."""
    rivals = []
    for rule in RULES:
        amount = amount_of(windows, windows.last, rule)
        pairs = [(test, foreseen) for test in tests if (foreseen := by_rule(windows, test.place, rule)) is not None]
        if amount is None or len(pairs) < FEWEST_OF_RULE:
            continue
        error = math.fsum(abs(foreseen - test.result) for test, foreseen in pairs) / len(pairs)
        ours = math.fsum(abs(test.error) for test, _ in pairs) / len(pairs)
        tested = [test for test, _ in pairs]
        relative = _relative([abs(foreseen - test.result) for test, foreseen in pairs], tested)
        ours_relative = _relative([abs(test.error) for test in tested], tested)
        rivals.append(Rival(rule, amount, len(pairs), error, ours, relative, ours_relative))
    return tuple(sorted(rivals, key=lambda rival: (-rival.ratio, rival.error)))


def _refusal(windows: Windows, tests: Sequence[Test], rivals: Sequence[Rival], pipeline: Pipeline) -> Refusal | None:
    """The first condition that a forecast that is shown does not fulfil."""
    # Of periods that overlap those are counted that do not.
    learned = windows.learned(windows.last)[:: -windows.step]
    wins = math.fsum(window.result.count for window in learned)
    if len(tests) < FEWEST_TESTS:
        return Refusal("periods", len(windows.before(windows.last)), FEWEST_PERIODS)
    if wins < FEWEST_WINS:
        return Refusal("wins", wins, len(learned))
    share = _rhythm(windows)
    if share > RHYTHM:
        return Refusal("rhythm", share)
    if not rivals or rivals[0].ratio > NEARER_BY:
        return Refusal("rival")
    held = sum(test.held for test in tests)
    if held < HELD * len(tests):
        return Refusal("ranges", held, len(tests))
    if not 1.0 / USUAL_INFLOW <= pipeline.inflow <= USUAL_INFLOW:
        return Refusal("inflow", pipeline.inflow)
    return None


def _rhythm(windows: Windows) -> float:
    """Of months, the share of what quarters bring that comes in one and the same of their three: where that is most,
    one month tells little of the next, and few tests may say otherwise by luck. 0 of other periods."""
    if windows.per_year != 12 or windows.step > 1:
        return 0.0
    learned = windows.learned(windows.last)
    places = [math.fsum(window.result.amount for window in learned[at::3]) for at in range(3)]
    whole = math.fsum(places)
    return max(places) / whole if whole > 0 and len(learned) >= FEWEST_PERIODS else 0.0


def _relative(errors: Sequence[float], tests: Sequence[Test]) -> float | None:
    whole = math.fsum(test.result for test in tests)
    return math.fsum(errors) / abs(whole) if whole else None
