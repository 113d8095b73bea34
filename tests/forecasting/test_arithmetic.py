"""The arithmetic of forecasts: worked by hand, held against the formulas deal by deal, and what always holds."""

from __future__ import annotations

import copy
import dataclasses
import math
from itertools import pairwise

import pytest

from reportspec.forecasting.flow import Stretch, rest_by
from reportspec.forecasting.large_deals import NOTHING, LargeDeal, outcomes_of
from reportspec.forecasting.mixture import mixture
from reportspec.forecasting.past_windows import Deals, Open, Window, Windows
from reportspec.forecasting.rest import from_pipeline, usual_rest
from reportspec.forecasting.simple import RULES, amount_of, by_rule
from reportspec.forecasting.spread import _STUDENT_90, NORMAL_90, Miss, Spread, miss, quantile, score, widened
from reportspec.forecasting.tested_forecast import forecast
from reportspec.forecasting.win_rates import rates_of
from reportspec.forecasting.winning import chances
from tests.forecasting import by_formulas
from tests.forecasting.drawn import facts, scaled, tables


def test_rates_by_hand():
    """Of 10 deals 4 were won: 4.5 / 15 = 0.3. In one stage 2 of 2: (2 + 3) / 12. In its only cell: (2 + 10·5/12) / 12."""
    window = Window(open={("a", 1): Open(Deals(2), Deals(2)), ("b", 1): Open(Deals(8), Deals(2))})
    rates = rates_of([window])
    assert rates.base == pytest.approx(0.3)
    assert rates.of_stage("a") == pytest.approx(5 / 12)
    assert rates.of(("a", 1)) == pytest.approx((2 + 50 / 12) / 12)
    assert rates.of(("a", 2)) == rates.of_stage("a")
    assert rates.of(("unknown", 1)) == rates.base


def test_the_pipeline_by_hand():
    """One deal of 100 open then and won with 90, another created later and won with 60; two of 100 are open now.

    base (1 + .5) / (1 + 5) = .25, stage (1 + 2.5) / 11 = .318182, cell (1 + 3.18182) / 11 = .380165
    D = 38.0165, q = 40 · 38.0165, kept = (90 + 1520.66) / (38.0165 + 1520.66) = 1.033351
    open = 1.033351 · 200 · .380165 = 78.5688; inflow (6 + 3) / (3 + 3) = 1.5, created 60 · 1.5 = 90
    """
    then = Window(
        {("a", 1): Open(Deals(1, 100, 10_000), Deals(1, 90, 8_100))}, created_later=Deals(1, 60, 3_600), inflow=3
    )
    now = Window({("a", 1): Open(Deals(2, 200, 20_000))}, inflow=6)
    rest = from_pipeline([then], now).rest
    p = 0.380165
    assert rest.open == pytest.approx(78.569, abs=0.001)
    assert rest.created == pytest.approx(90)
    assert rest.mean == pytest.approx(168.569, abs=0.001)
    variance = 1.033351**2 * 20_000 * p * (1 - p) + 90 * 11_700 / 150 + 168.569**2 / 2
    assert rest.variance == pytest.approx(variance, rel=1e-4)


def test_the_usual_rest_by_hand():
    windows = [Window(created_later=Deals(1, amount, amount**2)) for amount in (10, 20, 30, 40, 60)]
    rest = usual_rest(windows)
    assert rest.mean == (20 + 30 + 40 + 60) / 4
    assert rest.variance == pytest.approx((22**2 + 12**2 + 2**2 + 8**2 + 28**2) / 4 * 1.25)


def test_points_of_student():
    """That 90 % lie below each: by the density, added up."""
    for number, point in enumerate(_STUDENT_90):
        df = 4 + number
        scale = math.gamma((df + 1) / 2) / math.sqrt(df * math.pi) / math.gamma(df / 2)
        step = point / 2000
        below = sum(scale * (1 + (step * (i + 0.5)) ** 2 / df) ** (-(df + 1) / 2) * step for i in range(2000))
        assert below + 0.5 == pytest.approx(0.9, abs=1e-6)


def test_the_gamma_is_nearly_one():
    """An exponential of mean 1 is a gamma of mean and variance 1, whose points are known: -ln(1 - p)."""
    for z, p in ((-1.2816, 0.1), (0.0, 0.5), (1.2816, 0.9)):
        assert quantile(1, 1, z) == pytest.approx(-math.log(1 - p), abs=0.025)
    assert score(quantile(7, 5, 0.8), 7, 5) == pytest.approx(0.8)


def test_a_range_holds_what_is_forecast():
    """Also of rests that are nothing as a rule and large at times, whose variance is many times the mean squared."""
    for mean in (0.001, 1.0, 2010.0):
        for spread in (0.01, 1.0, 3.0, 10.0, 1000.0):
            found = Spread(mean, (spread * mean) ** 2, 1.5)
            assert 0 <= found.low <= mean <= found.high
    assert Spread(0.0, 25.0, 1.5).low == 0
    assert Spread(-3.0, 25.0, 1.5).low < -3


@pytest.mark.parametrize("apart", [1, 3])
@pytest.mark.parametrize("seed", range(4))
def test_against_the_formulas(seed, apart):
    noise = (0.05, 0.3, 0.8)[seed % 3]
    found = facts(seed, windows=14 + seed, deals=(40, 12)[seed % 2], noise=noise)
    made, last = forecast(tables(found, apart)), len(found) - 1
    assert made is not None
    low, point, high = by_formulas.band(found, last, apart)
    # Of several large deals in one cell the first alone is known; sums of large ones that are nearly one are one.
    tested = by_formulas.places_tested(last, apart)
    near = 5e-3 if any(by_formulas.any_large(found, at, apart) for at in (last, *tested)) else 1e-4
    assert made.point == pytest.approx(point)
    assert (made.low, made.high) == pytest.approx((low, high), rel=near)
    assert made.rest.way == by_formulas.way(found, last, apart)[0]
    mean, variance, opened, created = by_formulas.pipeline_way(found, last, apart)
    ours = made.pipeline.rest
    assert (ours.mean, ours.variance, ours.open, ours.created) == pytest.approx((mean, variance, opened, created))
    assert (made.usual.mean, made.usual.variance) == pytest.approx(by_formulas.usual_way(found, last, apart))
    places = by_formulas.places_tested(last, apart)
    assert [test.place for test in made.tests] == places
    for test in made.tests[-2:]:
        assert (test.low, test.point, test.high) == pytest.approx(by_formulas.band(found, test.place, apart), rel=near)
        assert test.result == pytest.approx(by_formulas.result_of(found, test.place))
    for goal in (0.5 * point, point, 1.5 * point):
        assert made.chance_of(goal) == pytest.approx(by_formulas.goal_chance(found, last, goal, apart), abs=near)
    for rule in RULES:
        said = by_rule(tables(found, apart), last, rule)
        assert said == pytest.approx(by_formulas.rule(found, last, rule, apart))
    judged = chances(tables(found, apart))
    loss = base = 0.0
    for j in places:
        for stage, band, _, won, _ in found[j]["open"]:
            p, p0 = by_formulas.chance(found, j, stage, band, apart), _base(found, j, apart)
            loss -= math.log(p if won else 1 - p)
            base -= math.log(p0 if won else 1 - p0)
    assert judged.skill == pytest.approx(1 - loss / base)


def _base(found, j, apart):
    deals = [deal for i in by_formulas.learn(j, apart) for deal in found[i]["open"]]
    return (sum(deal[3] for deal in deals) + 0.5) / (len(deals) + 5)


def test_nothing_after_the_origin_is_read():
    """What open deals and later ones of the present period become changes nothing; nor does it change the test of a
    window what came after that window."""
    found = facts(1)
    before = forecast(tables(found))
    other = copy.deepcopy(found)
    other[-1]["open"] = [(s, b, a, not won, 1e6) for s, b, a, won, _ in other[-1]["open"]]
    other[-1]["late"] = [1e9]
    after = forecast(tables(other))
    assert before is not None
    assert (after.low, after.point, after.high, after.tests) == (before.low, before.point, before.high, before.tests)
    other = copy.deepcopy(found)
    other[-2] = facts(99)[0]
    after = forecast(tables(other))
    places = [test.place for test in before.tests if test.place < len(found) - 2]
    assert [t for t in after.tests if t.place in places] == [t for t in before.tests if t.place in places]


@pytest.mark.parametrize("seed", range(4))
def test_laws(seed):
    found = facts(seed, noise=0.5)
    made = forecast(tables(found))
    assert made is not None
    won = sum(found[-1]["early"])
    assert won <= made.low <= made.point <= made.high
    goals = [made.point * share for share in (0.1, 0.5, 0.8, 1.0, 1.2, 2.0, 5.0)]
    chances_of_goals = [made.chance_of(goal) for goal in goals]
    assert chances_of_goals == sorted(chances_of_goals, reverse=True)
    assert made.chance_of(won) == 1.0
    in_yen = forecast(tables(scaled(found, 160.0)))
    assert (in_yen.low, in_yen.point, in_yen.high) == pytest.approx((160 * made.low, 160 * made.point, 160 * made.high))
    assert in_yen.refusal == made.refusal
    assert in_yen.chance_of(160 * goals[3]) == pytest.approx(made.chance_of(goals[3]))
    more = copy.deepcopy(found)
    more[-1]["open"].append(("second", 1, 10_000.0, False, 0))
    assert forecast(tables(more)).pipeline.rest.mean > made.pipeline.rest.mean


def test_a_range_is_never_narrower_than_the_misses():
    alike = [miss(150, 100, 400), miss(50, 100, 400)]
    assert widened(100, 400, alike).variance >= 100**2 * 0.25
    assert widened(100, 400, []).variance == 400
    assert widened(100, 400, []).wide == pytest.approx(1.533206)


def test_what_is_less_sure_has_no_narrower_range() -> None:
    """The more past results missed by, and the more uneven a model takes amounts to be, the farther apart are the ends
    of a range, and the chances of amounts above its upper end become no less; beside large deals, of which other places
    of the spread are the ends, but for a thousandth."""
    for deals, but_for in ((NOTHING, 1e-9), (outcomes_of([LargeDeal(3_000.0, 0.4)], 100.0), 1e-3)):
        ends, chances_of = [], []
        for step in range(120):
            misses = [Miss(0.2, 0.1), Miss(-0.5, 0.3), Miss(min(step / 20, 4.0), 0.4)]
            made = mixture(widened(1_000.0, (20.0 * 1.08**step) ** 2, misses), deals)
            ends.append((made.low, made.high))
            chances_of.append(made.chance_of(1.0e4))
        assert all(b[0] <= a[0] and b[1] >= a[1] * (1 - but_for) for a, b in pairwise(ends))
        assert all(b >= a - 1e-9 for a, b in pairwise(chances_of))
        assert ends[-1][0] == 0.0
        # With three tests the range reaches to t = 1.4149 scores: s = sd / mean is 1.5 t, and the end (1 + t² / 4)³.
        assert ends[-1][1] >= 1_000.0 * (1 + 1.414924**2 / 4) ** 3 - 1e-3


def test_rules_of_a_period_to_come():
    """Seen from before the last period is over, it is no rule; nor is the same period of a year that is not over."""
    results = [Window(result=Deals(1, amount, amount**2)) for amount in (1, 2, 4, 8, 16, 32, 64)]
    windows = Windows((*results, Window()), apart=2, per_year=4)
    assert by_rule(windows, 7, "last") == 32
    assert by_rule(windows, 7, "mean_of_four") == (32 + 16 + 8 + 4) / 4
    assert by_rule(windows, 7, "last_year") == 8
    assert by_rule(Windows(windows.all, apart=2, per_year=1), 7, "last_year") == 32
    assert by_rule(Windows(windows.all, per_year=12), 7, "last_quarter") == 16
    assert by_rule(Windows(windows.all, apart=4, per_year=12), 7, "last_quarter") == 2
    assert by_rule(windows, 7, "last_quarter") is None
    within = Windows(windows.all, apart=3, per_year=12, step=3)
    assert by_rule(within, 7, "last") == 16
    assert by_rule(within, 7, "mean_of_four") is None


def test_nothing_to_go_by():
    """Without deals there is no amount, and no error either."""
    empty = Windows((Window(),) * 12)
    made = forecast(empty)
    assert made is not None
    assert (made.low, made.point, made.high) == (0.0, 0.0, 0.0)
    assert made.refusal is not None
    assert chances(empty).shown is False
    assert forecast(Windows((Window(),) * 3)) is None
    assert Spread(0.0, 0.0, 1.5).chance_of(1.0) < 0.01
    assert Spread(0.0, 0.0, 1.5).chance_of(0.0) == 1.0


@pytest.mark.parametrize(
    ("windows", "apart", "tests"),
    [(Windows((Window(),) * 10), 1, 6), (Windows((Window(),) * 9), 1, 5), (Windows((Window(),) * 14, 3, step=3), 3, 6)],
)
def test_periods_that_are_needed(windows, apart, tests):
    """9 past periods are enough; of quarters that begin with every month 13 months."""
    made = forecast(windows)
    assert len(made.tests) == tests
    assert (made.refusal.why == "periods") == (tests < 6)


def test_the_gate():
    """Each condition by itself, of a firm whose deals go as they always do."""
    found = facts(3, windows=24, deals=120, noise=0.45, late=1)
    for fact in found:
        fact["inflow"] = 300
    shown = forecast(tables(found))
    assert shown.refusal is None
    assert shown.rivals[0].ratio <= 0.9
    halt = copy.deepcopy(found)
    halt[-1]["inflow"] = 90
    assert forecast(tables(halt)).refusal.why == "inflow"
    few = copy.deepcopy(found)
    for fact in few:
        fact["open"], fact["late"], fact["early"] = (
            [(s, b, a, False, 0) for s, b, a, _, _ in fact["open"]],
            [1.0],
            [1.0],
        )
    assert forecast(tables(few)).refusal.why == "wins"
    steady = copy.deepcopy(found)
    for fact in steady:
        missing = 1e7 - by_formulas.result_of([fact], 0)
        fact["early"] = [*fact["early"], missing]
    assert forecast(tables(steady[:-1])).refusal.why == "rival"
    assert forecast(tables(steady[:-1])).rivals[0].error == pytest.approx(0, abs=1e-3)


def test_a_rule_names_its_own_amount_where_more_is_won_already():
    """It is held against forecasts with what is won, and told by what it says itself."""
    found = facts(3, windows=24, deals=120, noise=0.45, late=1)
    usual = forecast(tables(found)).rivals
    found[-1]["early"] = [*found[-1]["early"], 1e9]
    windows = tables(found)
    assert [rival.amount for rival in forecast(windows).rivals] == [rival.amount for rival in usual]
    assert by_rule(windows, windows.last, "mean_of_four") == windows.all[-1].won_before.amount > 1e9
    results = [by_formulas.result_of(found, at) for at in range(len(found) - 5, len(found) - 1)]
    assert amount_of(windows, windows.last, "mean_of_four") == pytest.approx(sum(results) / 4)


def test_reasons_are_factors_of_the_chance():
    judged = chances(tables(facts(5, windows=16, deals=80)))
    assert judged.shown
    for key in (("second", 1), ("first", 2), (None, 3), ("nowhere", 1)):
        assert math.prod(judged.factors(key)) == pytest.approx(judged.of(key))


def test_amounts_below_nothing() -> None:
    """Of credit notes the range holds the forecast, and its ends stand in their order."""
    low, high = Spread(-100.0, 400.0, 1.5).low, Spread(-100.0, 400.0, 1.5).high
    assert (low, high) == (-130.0, -70.0)
    assert Spread(-100.0, 400.0, NORMAL_90).chance_of(-100.0) == pytest.approx(0.5)
    assert Spread(-100.0, 400.0, NORMAL_90).chance_of(0.0) < 1e-6
    assert Spread(0.0, 0.0, 1.5).high == 0.0


def test_rules_on_a_published_series():
    """The passengers of an airline in the months of 1960 (Box and Jenkins), in thousands. What `statsforecast` 2.1.1 gives of them
    for the next month: Naive 432, WindowAverage(4) 447.75, SeasonalNaive(12) 417, SeasonalNaive(3) 461."""
    months = (417, 391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432)
    windows = Windows((*(Window(result=Deals(1, each, each**2)) for each in months), Window()), per_year=12)
    said = {rule: by_rule(windows, 12, rule) for rule in RULES}
    assert said == {"last": 432, "mean_of_four": 447.75, "last_year": 417, "last_quarter": 461}
    stretches = [Stretch(0, each) for each in months]
    assert {rule: rest_by(stretches, rule, 12) for rule in RULES} == said


def test_months_of_a_rush():
    """Where one month of each quarter brings most of it, months are not forecast, however near the tests came."""
    steady = tables(facts(2, windows=16, deals=40, noise=0.05))
    made = forecast(Windows(steady.all, per_year=12))
    assert made is not None
    assert made.refusal is None or made.refusal.why != "rhythm"

    def uneven(window: Window, factor: float) -> Window:
        return dataclasses.replace(window, result=Deals(window.result.count, window.result.amount * factor))

    rushed = [uneven(window, 6 if at % 3 == 2 else 1) for at, window in enumerate(steady.all)]
    refused = forecast(Windows(tuple(rushed), per_year=12))
    assert refused is not None
    assert refused.refusal is not None
    assert refused.refusal.why == "rhythm"
    assert 0.6 < refused.refusal.count < 0.9
    quarters = forecast(Windows(tuple(rushed), per_year=4))
    assert quarters is not None
    assert quarters.refusal is None or quarters.refusal.why != "rhythm"
