"""How sure an amount is: a gamma distribution of its mean and variance, on the scale of cube roots, on which it is
nearly normal (Wilson and Hilferty, 1931)."""

from __future__ import annotations

import math

from reportspec.lazy_dataclass import dataclass

FARTHEST = 4.0  # from its mean, in standard deviations, or in means (squared), that one result is taken to lie
NORMAL_90 = 1.2816  # the 90 % point of the normal distribution
LATEST = 2  # tests by which a range is never narrower than they missed by: how deals go may have changed since others
STIFF = 4  # degrees of freedom that the model's own spread is worth beside the tests'
UNSUREST = 1.5  # means, times the scores that a range reaches to: the deviation at which its upper end is farthest
UPPER = 1.6  # of so many standard deviations the upper end is at most

# The 90 % points of Student's t with 4 degrees of freedom and more.
_STUDENT_90 = (
    1.533206, 1.475884, 1.439756, 1.414924, 1.396815, 1.383029, 1.372184, 1.363430, 1.356217, 1.350171, 1.345030,
    1.340606, 1.336757,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Miss:
    """How far one result lay from the mean that was forecast: as a `score` of that forecast's distribution, and
    `relative` to the mean."""

    score: float
    relative: float


@dataclass(frozen=True, slots=True)
class Spread:
    """An amount of some `mean` and `variance`, of which a range of 80 % reaches `wide` scores to either side. One whose
    mean is not above zero (credit notes) is normal, without a lower end."""

    mean: float
    variance: float
    wide: float

    @property
    def low(self) -> float:
        """The lower end of the range, never below nothing unless the mean is."""
        end = quantile(self.mean, self.variance, -self.wide)
        return max(end, 0.0) if self.mean >= 0 else end

    @property
    def high(self) -> float:
        """The upper end of the range, never below the mean: of an amount that is nothing as a rule and large at times,
        the quantile alone would be nothing."""
        end = quantile(self.mean, self.variance, self.wide)
        if self.mean <= 0:
            return end
        return max(min(end, self.mean + UPPER * self.wide * math.sqrt(self.variance)), self.mean)

    def chance_of(self, amount: float) -> float:
        """The chance that it reaches an amount: 1 of what is not above zero."""
        if amount <= 0 <= self.mean:
            return 1.0
        return math.erfc(score(amount, self.mean, self.variance) * NORMAL_90 / self.wide / math.sqrt(2.0)) / 2.0


def score(amount: float, mean: float, variance: float) -> float:
    """Where an amount lies in the distribution, in standard deviations of its cube root."""
    if variance <= 0:
        return math.copysign(FARTHEST, amount - mean) if amount != mean else 0.0
    if mean <= 0:
        return (amount - mean) / math.sqrt(variance)
    shape = mean * mean / variance
    root = math.cbrt(max(amount, 0.0) / mean)
    return 3.0 * math.sqrt(shape) * (root - 1.0 + 1.0 / (9.0 * shape))


def quantile(mean: float, variance: float, at: float) -> float:
    """The amount that lies `at` so many standard deviations of the distribution; never below nothing unless the mean
    is."""
    if mean <= 0 or variance <= 0:
        return mean + at * math.sqrt(max(variance, 0.0)) if mean <= 0 else mean
    shape = mean * mean / variance
    return mean * max(0.0, 1.0 - 1.0 / (9.0 * shape) + at / (3.0 * math.sqrt(shape))) ** 3


def miss(result: float, mean: float, variance: float) -> Miss:
    """How far a result lay from what was forecast of it."""
    if mean > 0:
        relative = (result - mean) / mean
    else:
        relative = math.sqrt(FARTHEST) if result > 0 else 0.0
    return Miss(min(max(score(result, mean, variance), -FARTHEST), FARTHEST), relative)


def widened(mean: float, variance: float, misses: list[Miss]) -> Spread:
    """The spread of a forecast after its tests, the latest of them last: the model's own, widened by what they missed
    by and by what the last two of them did, and never narrower than they missed by.

        variance' = max(variance · max(1, (4 + sum z²) / (4 + n), mean of the last two z²), mean² · mean of r²)

    The last two alone where there are as many; r² is at most 4. Beyond a deviation of 1.5 · t · mean, with t the scores
    that the range reaches to, a gamma amount lies so near to nothing as a rule that its upper end comes down again:
    what is less sure would have a narrower range. It is that of this deviation then, its upper end as far as one gets.
    """
    n = len(misses)
    squares = [each.score**2 for each in misses]
    latest = math.fsum(squares[-LATEST:]) / LATEST if n >= LATEST else 0.0
    model = variance * max(1.0, (STIFF + math.fsum(squares)) / (STIFF + n), latest)
    missed = math.fsum(min(each.relative**2, FARTHEST) for each in misses) / n if n else 0.0
    wide, spread = _STUDENT_90[min(n, len(_STUDENT_90) - 1)], max(model, mean * mean * missed)
    return Spread(mean, min(spread, (UNSUREST * wide * mean) ** 2) if mean > 0 else spread, wide)
