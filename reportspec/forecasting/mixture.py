"""How sure an amount is of which a few large deals decide: what is beside them has a smooth spread, to which comes what
they bring together, case by case."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reportspec.forecasting.large_deals import NOTHING, Apart, Outcome
from reportspec.forecasting.spread import FARTHEST, NORMAL_90, Miss, Spread, miss, score, widened
from reportspec.lazy_dataclass import dataclass

HALVINGS = 32  # by which the end of a range is found
FAR = 12.0  # standard deviations, beyond which nothing lies
ONE_END = 0.1  # of what may come, outside a range of 80 % to either side


@dataclass(frozen=True, slots=True)
class Mixture:
    """An amount that is the sum of two: what is `beside` the large deals, and what these bring, which is one of some
    `outcomes`. A tenth of what may come lies below `low`, and a tenth above `high`, but the range always holds the
    mean."""

    beside: Spread
    outcomes: tuple[Outcome, ...]
    low: float
    high: float

    def chance_of(self, amount: float) -> float:
        """The chance that it reaches an amount."""
        return _chance(self.beside, self.outcomes, amount)


def mixture(beside: Spread, outcomes: tuple[Outcome, ...] = NOTHING) -> Mixture:
    """The mixture of a smooth spread with some outcomes; where these are one, it is the spread's own."""
    if len(outcomes) == 1:
        return Mixture(beside, outcomes, outcomes[0].amount + beside.low, outcomes[0].amount + beside.high)
    mean = beside.mean + math.fsum(one.amount * one.chance for one in outcomes)
    (low, _), (_, high) = (_reached_by(beside, outcomes, chance) for chance in (1.0 - ONE_END, ONE_END))
    return Mixture(beside, outcomes, min(low, mean), max(high, mean))


def _chance(beside: Spread, outcomes: Sequence[Outcome], amount: float) -> float:
    return math.fsum(one.chance * beside.chance_of(amount - one.amount) for one in outcomes)


def _reached_by(beside: Spread, outcomes: Sequence[Outcome], chance: float) -> tuple[float, float]:
    """The amount that is reached with a chance, between two that are as good as one. That nothing comes, or just a
    large deal, may be as likely as a whole end of the range: the outer of the two holds it."""
    reach = FAR * beside.wide * math.sqrt(max(beside.variance, 0.0))
    below = min(outcomes[0].amount, 0.0) + (0.0 if beside.mean >= 0 else beside.mean - reach)
    above = outcomes[-1].amount + beside.mean + reach
    for _ in range(HALVINGS):
        middle = (below + above) / 2.0
        if _chance(beside, outcomes, middle) > chance:
            below = middle
        else:
            above = middle
    return below, above


def missed(result: float, apart: Apart) -> Miss:
    """How far a result lay from what was forecast of it: its place in the whole distribution, as a score; and how far
    what was beside the large deals lay from its mean. Of these it is not known which were won: each case counts by how
    likely the result makes it."""
    from statistics import NormalDist  # which brings fractions and random numbers

    if not apart.large:
        return miss(result, apart.mean, apart.variance)
    outcomes, normal = apart.outcomes(), NormalDist()
    model = Spread(apart.mean, apart.variance, NORMAL_90)
    end = normal.cdf(-FARTHEST)
    place = -normal.inv_cdf(min(max(_chance(model, outcomes, result), end), 1.0 - end))
    beside = [result - one.amount for one in outcomes]
    fits = [
        math.log(one.chance) - score(rest, apart.mean, apart.variance) ** 2 / 2.0
        for one, rest in zip(outcomes, beside, strict=True)
    ]
    weights = [math.exp(fit - max(fits)) for fit in fits]
    squares = [miss(rest, apart.mean, apart.variance).relative ** 2 for rest in beside]
    square = math.fsum(weight * min(each, FARTHEST) for weight, each in zip(weights, squares, strict=True))
    return Miss(place, math.sqrt(square / math.fsum(weights)))


def after_tests(apart: Apart, misses: Sequence[Miss]) -> Mixture:
    """The distribution of a forecast after its tests, by which what is beside the large deals is widened."""
    return mixture(widened(apart.mean, apart.variance, list(misses)), apart.outcomes())
