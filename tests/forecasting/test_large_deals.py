"""Deals that are large beside all the rest: their cases by hand and by enumeration, and what always holds."""

from __future__ import annotations

import copy
import math
from itertools import product
from random import Random

import pytest

from reportspec.forecasting.large_deals import Beside, LargeDeal, largest_of, outcomes_of, told_apart, without
from reportspec.forecasting.mixture import after_tests, missed, mixture
from reportspec.forecasting.past_windows import Deals, Open, Window
from reportspec.forecasting.rest import usual_rest
from reportspec.forecasting.spread import Miss, Spread
from reportspec.forecasting.tested_forecast import Test as HeldTest
from reportspec.forecasting.tested_forecast import forecast
from tests.forecasting.drawn import deals_of, facts, tables


def test_a_goal_by_hand() -> None:
    """The rest is 63,000 with nearly no spread, one deal of 500,000 is won in 38 of 100 cases: what only the deal
    reaches has a chance of 38 %, what the rest reaches is certain, and what neither reaches cannot be."""
    made = mixture(Spread(63_000, 1_000.0**2, 1.2816), outcomes_of([LargeDeal(500_000, 0.38)], 1_000))
    for goal, chance in ((50_000, 1.0), (100_000, 0.38), (300_000, 0.38), (500_000, 0.38), (600_000, 0.0)):
        assert made.chance_of(goal) == pytest.approx(chance, abs=1e-6)
    assert 60_000 < made.low < 63_000
    assert 562_000 < made.high < 565_000


def test_the_range_holds_the_mean() -> None:
    """Of a deal that is nearly never won nine tenths of what comes lie below the mean, and of one that nearly always is
    above it."""
    for chance in (0.01, 0.99):
        made = mixture(Spread(100, 100.0, 1.34), outcomes_of([LargeDeal(1e6, chance)], 10))
        mean = 100 + chance * 1e6
        assert made.low <= mean <= made.high


@pytest.mark.parametrize("seed", range(5))
def test_quantiles_by_drawing(seed: int) -> None:
    """Of 40,000 drawn amounts a tenth lies below the range and a tenth above it."""
    draw = Random(seed)
    large = [LargeDeal(draw.uniform(1_000, 20_000), draw.uniform(0.2, 0.8)) for _ in range(4)]
    made = mixture(Spread(5_000, 600.0**2, 1.2816), outcomes_of(large, 600))
    shape, scale = 5_000**2 / 600**2, 600**2 / 5_000
    drawn = [
        draw.gammavariate(shape, scale) + sum(deal.amount for deal in large if draw.random() < deal.chance)
        for _ in range(40_000)
    ]
    assert sum(one < made.low for one in drawn) / len(drawn) == pytest.approx(0.1, abs=0.012)
    assert sum(one > made.high for one in drawn) / len(drawn) == pytest.approx(0.1, abs=0.012)
    for goal in (6_000, 12_000, 25_000):
        assert sum(one >= goal for one in drawn) / len(drawn) == pytest.approx(made.chance_of(goal), abs=0.015)


def test_outcomes_by_enumeration() -> None:
    """All sums of four deals, with the products of their chances; merged ones keep the mean."""
    large = [LargeDeal(100.0, 0.5), LargeDeal(70.0, 0.25), LargeDeal(41.0, 0.125), LargeDeal(16.0, 0.75)]
    wanted: dict[float, float] = {}
    for won in product((False, True), repeat=4):
        amount = sum(deal.amount for deal, is_won in zip(large, won, strict=True) if is_won)
        chance = math.prod(d.chance if is_won else 1 - d.chance for d, is_won in zip(large, won, strict=True))
        wanted[amount] = wanted.get(amount, 0.0) + chance
    assert {one.amount: one.chance for one in outcomes_of(large, 0.0)} == pytest.approx(wanted)
    merged = outcomes_of(large, 60.0)
    assert len(merged) < len(wanted)
    assert sum(one.chance for one in merged) == pytest.approx(1.0)
    mean = sum(one.amount * one.chance for one in merged)
    assert mean == pytest.approx(sum(deal.amount * deal.chance for deal in large))


def test_the_second_of_a_cell() -> None:
    """Two deals are known exactly by their sums and the largest; of many the sums are what they were."""
    assert largest_of(without(deals_of([700.0, 90.0]), 700.0), 700.0) == pytest.approx(90)
    assert largest_of(without(deals_of([700.0, 500.0, 20.0, 20.0]), 700.0), 700.0) == pytest.approx(500)
    assert largest_of(without(deals_of([700.0]), 700.0), 700.0) == 0
    assert without(deals_of([9e13, 4_000.0, 6_000.0]), 9e13).squares == pytest.approx(5e7, rel=0.05)


def test_who_is_large() -> None:
    """Of deals of 10 to 30 none; one of 5,000 and one of 900 are, by the chance of their cell, and what is left is what
    there is without them."""
    usual = [10.0, 20.0, 30.0] * 10
    cells = [
        (Open(deals_of([*usual, 5_000.0]), Deals(), 5_000.0), 0.3),
        (Open(deals_of([*usual, 900.0]), Deals(), 900.0), 0.6),
    ]
    beside = Beside(100.0, 400.0, 0.9, 50.0)
    apart = told_apart(cells, beside)
    assert [(deal.amount, deal.chance) for deal in apart.large] == [(4_500.0, 0.3), (810.0, 0.6)]
    alone = [(Open(deals_of(usual), Deals(), 30.0), chance) for chance in (0.3, 0.6)]
    none = told_apart(alone, beside)
    assert none.large == ()
    assert (apart.mean, apart.variance) == pytest.approx((none.mean, none.variance))


def test_a_credit_note_by_hand() -> None:
    """An open credit note of 500,000 that comes in 38 of 100 cases: the rest of 63,000 is reached in all others, and a
    range of 80 % reaches down to what it leaves; together with a deal as large there are four cases."""
    cells = [(Open(deals_of([*[10.0] * 40, -500_000.0]), Deals(), 10.0, -500_000.0), 0.38)]
    apart = told_apart(cells, Beside(63_000.0 - 0.38 * 400.0, 1_000.0**2, 1.0, 1e12))
    assert [(deal.amount, deal.chance) for deal in apart.large] == [(-500_000.0, 0.38)]
    assert apart.mean == pytest.approx(63_000.0)
    made = after_tests(apart, [])
    for goal, chance in ((-500_000, 1.0), (-100_000, 0.62), (50_000, 0.62), (70_000, 0.0)):
        assert made.chance_of(goal) == pytest.approx(chance, abs=1e-3)
    assert -439_500 < made.low < -437_000
    assert 63_000 < made.high < 66_000
    both = [*cells, (Open(deals_of([500_000.0]), Deals(), 500_000.0), 0.5)]
    made = after_tests(told_apart(both, Beside(63_000.0 - 0.38 * 400.0, 1_000.0**2, 1.0, 1e12)), [])
    for goal, chance in ((-100_000, 1 - 0.38 * 0.5), (70_000, 0.62 * 0.5), (600_000, 0.0)):
        assert made.chance_of(goal) == pytest.approx(chance, abs=1e-3)


def test_amounts_mirrored() -> None:
    """What is below zero is told apart as what is above would be."""
    usual = [10.0, 20.0, 30.0] * 10
    above = [(Open(deals_of([*usual, 5_000.0, 4_000.0, 900.0]), Deals(), 5_000.0), 0.3)]
    below = [(Open(deals_of([-a for a in [*usual, 5_000.0, 4_000.0, 900.0]]), Deals(), 0.0, -5_000.0), 0.3)]
    ups, downs = (told_apart(cells, Beside(0.0, 400.0, 0.9, 1e9)) for cells in (above, below))
    assert len(ups.large) >= 2
    assert [(-deal.amount, deal.chance) for deal in downs.large] == [
        (pytest.approx(deal.amount), deal.chance) for deal in ups.large
    ]
    assert (-downs.mean, downs.variance) == pytest.approx((ups.mean, ups.variance))


def test_a_result_in_its_case() -> None:
    """A result that is the rest and the large deal misses by nothing, as does one that is the rest alone; one between
    them misses by much."""
    cells = [(Open(deals_of([10_000.0]), Deals(), 10_000.0), 0.5)]
    apart = told_apart(cells, Beside(1_000.0, 100.0**2, 1.0, 1e9))
    assert missed(1_000.0, apart).relative < 0.05
    assert missed(11_000.0, apart).relative < 0.05
    assert missed(5_000.0, apart).relative > 1.0
    assert after_tests(apart, []).chance_of(5_000.0) == pytest.approx(0.5, abs=1e-3)


def test_what_the_rest_never_reaches() -> None:
    """Whatever the amount of one open deal, the chance of a goal that nothing else reaches is its own."""
    for seed in range(3):
        found = facts(seed, windows=16, deals=40, noise=0.2)
        without_it = forecast(tables(found))
        assert without_it is not None
        for amount in (1e6, 1e7, 1e9):
            more = copy.deepcopy(found)
            more[-1]["open"].append(("second", 1, amount, False, 0))
            made = forecast(tables(more))
            assert made is not None
            chance = made.pipeline.rates.of(("second", 1))
            for share in (0.2, 0.5):
                assert made.chance_of(share * amount) == pytest.approx(chance, abs=1e-3)
            assert made.chance_of(without_it.point) == pytest.approx(
                chance + (1 - chance) * without_it.chance_of(without_it.point), abs=0.03
            )
            assert made.low < without_it.high


def test_an_end_that_is_an_outcome() -> None:
    """Of one deal that is won in seven of ten cases nothing comes in more than a tenth of them, and 1,000 in more than
    a tenth: the range begins with the one and ends with the other, and holds both, not all but a hair."""
    for beside in (Spread(0.0, 0.0, 1.34), Spread(3.4, 700.0**2, 1.34)):
        assert mixture(beside, outcomes_of([LargeDeal(1_000.0, 0.7)], 0.0)).low == 0.0
    made = mixture(Spread(0.0, 0.0, 1.34), outcomes_of([LargeDeal(1_000.0, 0.7)], 0.0))
    assert 1_000.0 <= made.high < 1_000.001
    assert mixture(Spread(3.4, 700.0**2, 1.34), outcomes_of([LargeDeal(1_000.0, 0.02)], 0.0)).low == 0.0


def test_a_result_that_is_an_end() -> None:
    """A period that brought nothing after its origin is held by a range that begins with nothing, whatever order its
    amounts were summed in; a cent below is not."""
    spread = mixture(Spread(0.0, 0.0, 1.34), outcomes_of([LargeDeal(1_000.0, 0.7)], 0.0))
    for result, held in ((0.1 + 0.2, True), (0.3, True), (0.29, False), (1_000.3, True), (1_000.31, False)):
        rest = usual_rest([Window(result=Deals(1, 700.0, 490_000.0))])
        assert HeldTest(0, rest, 0.1 + 0.2, spread, result, Miss(0.0, 0.0)).held == held
