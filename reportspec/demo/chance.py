"""Chance that repeats: the same draws on every Python version and platform.

Only `random.Random(seed).random()` is promised to stay the same for ever, so everything else is
built on it here, with nothing but +, -, *, / and truncation (no libm, whose last digit differs
between platforms).
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """A stream of draws. Each part of the demo has its own, so that a change in one part leaves
    the others as they are."""

    __slots__ = ("draw",)

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed).random  # uniform in [0, 1)

    def happens(self, probability: float) -> bool:
        """True with the given probability, 0 to 1."""
        return self.draw() < probability

    def pick(self, items: Sequence[T]) -> T:
        """One of the items, all equally likely."""
        return items[int(self.draw() * len(items))]

    def weighted(self, items: Sequence[tuple[T, float]]) -> T:
        """One of the items of (item, weight) pairs whose weights sum to 1."""
        left = self.draw()
        for item, weight in items:
            left -= weight
            if left < 0:
                return item
        return items[-1][0]

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.draw() * (high - low + 1))

    def shaped(self, quantiles: Sequence[float]) -> float:
        """A value whose distribution has these evenly spaced quantiles (the first is the minimum,
        the last the maximum), straight lines between them."""
        place = self.draw() * (len(quantiles) - 1)
        below = int(place)
        return quantiles[below] + (quantiles[below + 1] - quantiles[below]) * (place - below)
