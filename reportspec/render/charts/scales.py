"""From values and positions to pixels."""

from __future__ import annotations

import math

from reportspec.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Steps:
    """`count` places side by side; `inner` and `outer` paddings in steps. Points have an inner
    padding of 1: they have no width."""

    count: int
    inner: float
    outer: float

    def step(self, length: float) -> float:
        """The distance of two places."""
        return length / max(1.0, self.count - self.inner + 2 * self.outer)

    def width(self, length: float) -> float:
        """Of each place."""
        return self.step(length) * (1 - self.inner)

    def centres(self, length: float) -> list[float]:
        """The middle of each place."""
        step = self.step(length)
        start = (length - step * (self.count - self.inner)) / 2
        return [start + step * (at + (1 - self.inner) / 2) for at in range(self.count)]


@dataclass(frozen=True, slots=True)
class Span:
    """A linear scale from `low` to `high`."""

    low: float
    high: float

    def place(self, value: float, length: float) -> float:
        """Pixels from the scale's start."""
        return (value - self.low) / (self.high - self.low) * length


def ticks(low: float, high: float, whole: bool = False, about: int = 4) -> tuple[float, ...]:
    """Round, evenly spaced values from below `low` to above `high`; whole numbers if asked."""
    if high <= low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= rough * 0.999)
    if whole:
        step = float(max(1, math.ceil(step)))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    last = max(last, first + 1)
    decimals = 12 - math.floor(math.log10(max(abs(low), abs(high), step)))
    return tuple(round(index * step, decimals) for index in range(first, last + 1))
