"""What stands out by chance alone is not told."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import comb
from random import Random

import pytest

from reportspec.measures.significance import FALSE_ALARMS, Mean, Share, means_differ, pairs, shares_differ
from tests.conftest import Draw


def exact(a: Share, b: Share) -> Fraction:
    """Twice the chance of a table at least as lopsided, with the margins that it has."""
    if Fraction(a.of, a.cases) < Fraction(b.of, b.cases):
        a, b = b, a
    hits = a.of + b.of
    tables = [comb(a.cases, x) * comb(b.cases, hits - x) for x in range(a.of, min(a.cases, hits) + 1)]
    return 2 * Fraction(sum(tables), comb(a.cases + b.cases, hits))


def test_shares_by_counting_tables() -> None:
    """A lady who tells 3 of 4 cups may guess (17 of 70 ways, twice); one who tells 10 of 10 does not."""
    assert exact(Share(4, 3), Share(4, 1)) == Fraction(34, 70)
    assert not shares_differ(Share(4, 3), Share(4, 1), 1)
    assert shares_differ(Share(10, 10), Share(10, 0), 1)
    random = Random(7)
    for _ in range(500):
        n, m = random.randint(1, 60), random.randint(1, 60)
        a, b = Share(n, random.randint(0, n)), Share(m, random.randint(0, m))
        comparisons = random.choice([1, 3, 45])
        expected = exact(a, b) <= Fraction(FALSE_ALARMS) / comparisons
        assert shares_differ(a, b, comparisons) == shares_differ(b, a, comparisons) == expected


def test_what_is_no_share_never_differs() -> None:
    assert not shares_differ(Share(10, 12), Share(100, 1), 1)
    assert not shares_differ(Share(0, 0), Share(100, 1), 1)
    assert not shares_differ(Share(50, 0), Share(50, 0), 1)
    assert shares_differ(Share(50_000, 25_000), Share(50_000, 20_000), 1)
    assert not shares_differ(Share(50_000, 25_000), Share(50_000, 24_950), 1)


def summary(values: list[float]) -> Mean:
    return Mean(len(values), sum(values), sum(value * value for value in values))


def test_means_by_their_spread() -> None:
    """40 ones and threes against 40 twos and fours: one apart, with a spread of about 1.1."""
    low, high = [1.0, 3.0] * 20, [2.0, 4.0] * 20
    assert means_differ(summary(low), summary(high), summary(low + high), 1)
    assert not means_differ(summary(low[:4]), summary(high[:4]), summary(low[:4] + high[:4]), 1)
    same = [5.0] * 40
    assert not means_differ(summary(same), summary(same), summary(same * 2), 1)


# How long what is measured takes: most soon, some late; or about the same.
DURATIONS: dict[str, Callable[[Random], float]] = {
    "exponential": lambda random: random.expovariate(1 / 20),
    "lognormal": lambda random: random.lognormvariate(3, 0.8),
    "even": lambda random: random.uniform(10, 40),
}


@pytest.mark.parametrize("members", [2, 5, 30, 200])
def test_equal_members_are_silent(members: int, draw: Draw) -> None:
    """Of draws in which nobody differs at most FALSE_ALARMS speak, however many the members are."""
    random, rounds = Random(draw.seed), draw.rounds(60 if members < 100 else 20, 1000)
    alarms = dict.fromkeys(("shares", *DURATIONS, *(f"fastest {name}" for name in DURATIONS)), 0)
    for _ in range(rounds):
        sizes = [random.randint(30, 90) for _ in range(members)]
        shares = [Share(n, sum(random.random() < 0.4 for _ in range(n))) for n in sizes]
        shares.sort(key=lambda one: one.of / one.cases)
        alarms["shares"] += shares_differ(shares[-1], shares[0], pairs(members))
        for name, of in DURATIONS.items():
            means = [summary([of(random) for _ in range(n)]) for n in sizes]
            means.sort(key=lambda one: one.total / one.cases)
            every = Mean(*(sum(column) for column in zip(*((m.cases, m.total, m.squares) for m in means), strict=True)))
            low, high = means[0], means[-1]
            rest = Mean(every.cases - low.cases, every.total - low.total, every.squares - low.squares)
            alarms[name] += means_differ(high, low, every, pairs(members))
            alarms[f"fastest {name}"] += means_differ(low, rest, every, members)
    # By day few are drawn: one or two more than expected are no fault.
    allowed = FALSE_ALARMS * rounds + 2.5 * (FALSE_ALARMS * rounds) ** 0.5
    assert not {name: count for name, count in alarms.items() if count > allowed}, alarms


def test_one_who_differs_is_told_among_many() -> None:
    assert shares_differ(Share(80, 60), Share(80, 20), pairs(30))
    assert not shares_differ(Share(100, 74), Share(60, 27), pairs(30) * 20)
