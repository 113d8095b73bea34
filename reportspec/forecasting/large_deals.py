"""Deals that are large beside the spread of all the rest: each is won or not, of which no smooth distribution tells.

They are found in the tables of cells, which know of each cell the largest deal and the one farthest below zero (a
credit note), how many there are, the sum of their amounts and that of the squares. What is left without one is taken to
be as uneven as these say.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from reportspec.forecasting.past_windows import Deals, Open
from reportspec.lazy_dataclass import dataclass

LARGE = 2.0  # standard deviations of all that is beside a deal, above which it is told apart
MOST_APART = 10  # deals that are told apart, at most
GRAIN = 0.2  # of the rest's standard deviation, by which sums of large deals that are told apart differ

ROUNDING = 1e-12  # of a sum of squares, below which a difference says nothing


@dataclass(frozen=True, slots=True)
class LargeDeal:
    """What a deal brings if it is won, and the chance of that."""

    amount: float
    chance: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What large deals bring together in one of the cases that there are, and the chance of that case."""

    amount: float
    chance: float


NOTHING = (Outcome(0.0, 1.0),)


@dataclass(frozen=True, slots=True)
class Apart:
    """Large deals, and the mean and variance of all that is beside them."""

    large: tuple[LargeDeal, ...]
    mean: float
    variance: float

    def outcomes(self) -> tuple[Outcome, ...]:
        """What the large deals may bring together."""
        return outcomes_of(self.large, math.sqrt(max(self.variance, 0.0))) if self.large else NOTHING


@dataclass(frozen=True, slots=True)
class Beside:
    """What there is beside open deals: the `mean` and `variance` of what is yet to be created, the factor by which
    amounts won depart from those written (`kept`), and the number of `wins` that all of it is learned from."""

    mean: float
    variance: float
    kept: float
    wins: float

    def with_open(self, cells: Iterable[tuple[Deals, float]]) -> tuple[float, float]:
        """Mean and variance with open deals, each cell with the chance of its deals."""
        known = [(deals.amount * p, deals.squares * p * (1.0 - p)) for deals, p in cells]
        mean = self.kept * math.fsum(amount for amount, _ in known) + self.mean
        own = self.kept * self.kept * math.fsum(variance for _, variance in known)
        return mean, own + self.variance + mean * mean / self.wins


def told_apart(cells: Sequence[tuple[Open, float]], beside: Beside) -> Apart:
    """The deals that are larger than two standard deviations of all that is beside them and those larger than they, at
    most ten, largest first; and what is left. Each cell has the chance of its deals. Amounts below zero are as large as
    those above."""
    left = [(cell.deals, chance) for cell, chance in cells]
    ends = [max(cell.largest, 0.0) for cell, _ in cells] + [min(cell.lowest, 0.0) for cell, _ in cells]
    large: list[LargeDeal] = []
    mean, variance = beside.with_open(left)
    while ends and len(large) < MOST_APART:
        end = max(range(len(ends)), key=lambda at: abs(ends[at]))
        amount, at = ends[end], end % len(cells)
        deals, chance = left[at]
        if not amount:
            break
        left[at] = (without(deals, amount), chance)
        mean_left, variance_left = beside.with_open(left)
        if beside.kept * abs(amount) <= LARGE * math.sqrt(variance_left):
            break
        large.append(LargeDeal(beside.kept * amount, chance))
        mean, variance, ends[end] = mean_left, variance_left, next_to(left[at][0], amount)
    return Apart(tuple(large), mean, variance)


def without(deals: Deals, amount: float) -> Deals:
    """Deals without one of an amount. What the squares leave below their rounding is what deals that are alike have."""
    count, rest = deals.count - 1.0, deals.amount - amount
    if count < 0.5:
        return Deals()
    squares = deals.squares - amount * amount
    return Deals(count, rest, max(squares if squares > ROUNDING * deals.squares else 0.0, rest * rest / count))


def next_to(deals: Deals, amount: float) -> float:
    """The amount of the largest of some deals after one of an amount; of those below zero where that is. 0 where none
    lies to that side."""
    if amount > 0:
        return max(largest_of(deals, amount), 0.0)
    return -max(largest_of(Deals(deals.count, -deals.amount, deals.squares), -amount), 0.0)


def largest_of(deals: Deals, most: float) -> float:
    """The amount of the largest of some deals, which is not above `most`: what one must have for the sums to be right
    while the others are alike; exact of up to two. 0 where none has an amount."""
    if deals.count < 0.5:
        return 0.0
    mean = deals.amount / deals.count
    deviation = math.sqrt(max(deals.squares / deals.count - mean * mean, 0.0))
    return min(mean + deviation * math.sqrt(deals.count - 1.0), most)


def outcomes_of(large: Sequence[LargeDeal], deviation: float) -> tuple[Outcome, ...]:
    """All that large deals may bring together, by amount. Sums that differ by less than a part of the standard
    `deviation` of what is beside them are one, which leaves the mean as it is."""
    found: tuple[Outcome, ...] = NOTHING
    for deal in large:
        lost = [Outcome(one.amount, one.chance * (1.0 - deal.chance)) for one in found]
        won = [Outcome(one.amount + deal.amount, one.chance * deal.chance) for one in found]
        found = _merged(sorted((*lost, *won), key=lambda one: one.amount), GRAIN * deviation)
    return found


def _merged(outcomes: Sequence[Outcome], grain: float) -> tuple[Outcome, ...]:
    merged: list[Outcome] = []
    first = -math.inf
    for one in outcomes:
        if one.chance <= 0:
            continue
        if merged and one.amount - first <= grain:
            last = merged[-1]
            chance = last.chance + one.chance
            merged[-1] = Outcome((last.amount * last.chance + one.amount * one.chance) / chance, chance)
        else:
            merged.append(one)
            first = one.amount
    return tuple(merged)
