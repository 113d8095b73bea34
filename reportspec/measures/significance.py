"""Whether figures of two groups differ by more than chance, where the two were picked out of many."""

from __future__ import annotations

import math

from reportspec.lazy_dataclass import dataclass

FALSE_ALARMS = 0.05  # of sections in which nothing differs, how many may say that something does
_EXACT_UP_TO = 20_000  # cases; beyond, the normal distribution is as good


@dataclass(frozen=True, slots=True)
class Share:
    """Cases, and how many of them."""

    cases: int
    of: int


@dataclass(frozen=True, slots=True)
class Mean:
    """Values: how many, their sum and the sum of their squares."""

    cases: int
    total: float
    squares: float


def pairs(members: int) -> int:
    """How many comparisons the best of some members against the worst stands for: each with each."""
    return members * (members - 1) // 2


def shares_differ(a: Share, b: Share, comparisons: int) -> bool:
    """Whether two shares differ at FALSE_ALARMS for all of so many comparisons together (Bonferroni),
    by Fisher's exact test: the hypergeometric tail, doubled. Shares above 1 are none and never do."""
    if min(a.cases, b.cases) < 1 or a.of > a.cases or b.of > b.cases:
        return False
    level = FALSE_ALARMS / max(comparisons, 1)
    if a.cases + b.cases > _EXACT_UP_TO:
        return _normal_shares(a, b, level)
    if a.of * b.cases < b.of * a.cases:
        a, b = b, a
    return 2 * _tail(a, b) <= level


def _tail(a: Share, b: Share) -> float:
    """The chance that at least `a.of` of all that there are fall on `a`'s cases."""
    every, hits = a.cases + b.cases, a.of + b.of
    whole = _log_choose(every, hits)
    return math.fsum(
        math.exp(_log_choose(a.cases, x) + _log_choose(b.cases, hits - x) - whole)
        for x in range(a.of, min(a.cases, hits) + 1)
    )


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _normal_shares(a: Share, b: Share, level: float) -> bool:
    pooled = (a.of + b.of) / (a.cases + b.cases)
    error = math.sqrt(pooled * (1 - pooled) * (1 / a.cases + 1 / b.cases))
    return error > 0 and abs(a.of / a.cases - b.of / b.cases) > _limit(level) * error


def means_differ(a: Mean, b: Mean, every: Mean, comparisons: int) -> bool:
    """Whether two means differ at FALSE_ALARMS for all of so many comparisons together (Bonferroni), by
    the spread of `every` value: the small groups of many say little of their own. The limit is Student's
    for the smaller group, since values are seldom normal and the means of few are not either."""
    if min(a.cases, b.cases) < 1 or every.cases < 2:
        return False
    mean = every.total / every.cases
    spread = (every.squares - every.total * mean) / (every.cases - 1)
    # What squares of nearly equal values leave is rounding.
    if spread <= 1e-12 * every.squares / every.cases:
        return False
    error = math.sqrt(spread * (1 / a.cases + 1 / b.cases))
    apart = abs(a.total / a.cases - b.total / b.cases)
    limit = _student(_limit(FALSE_ALARMS / max(comparisons, 1)), min(a.cases, b.cases) - 1)
    return apart > limit * error


def _student(z: float, freedom: int) -> float:
    """The quantile of Student's distribution for that of the normal one (Abramowitz and Stegun,
    26.7.5, two terms)."""
    if freedom < 1:
        return math.inf
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def _limit(level: float) -> float:
    """How many standard errors are exceeded with this chance, to either side."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(1 - level / 2)
