"""What a change consists of: exact parts, which add up to it."""

from __future__ import annotations

from typing import NamedTuple

from reportspec.lazy_dataclass import dataclass


class NumberAndSize(NamedTuple):
    """The parts of a sum's change: by how many were added up, and by how large each was."""

    by_number: float
    by_size: float


def number_and_size(then: tuple[int, float], now: tuple[int, float]) -> NumberAndSize | None:
    """Of a sum as (how many, their sum) on both sides: (n₁ − n₀) × mean₀ and n₁ × (mean₁ − mean₀). None where there was
    nothing then or is nothing now, which has no mean."""
    (n0, sum0), (n1, sum1) = then, now
    if not n0 or not n1:
        return None
    by_number = (n1 - n0) * sum0 / n0
    return NumberAndSize(by_number, sum1 - sum0 - by_number)


@dataclass(frozen=True, slots=True)
class OfRate:
    """A member's part of a rate, or that of all: how many it is `of`, and how many of these `hit`."""

    hit: float
    of: float


class RateAndMix(NamedTuple):
    """The parts of a rate's change that a member makes, as fractions: by its own rate, and by its share of all."""

    by_rate: float
    by_mix: float


def rate_and_mix(then: OfRate, now: OfRate, all_then: OfRate, all_now: OfRate) -> RateAndMix:
    """w₁(r₁ − r₀) and (w₁ − w₀)(r₀ − R₀), where w is the member's share of what the rate is of, r its rate and R that
    of all. Over all members both add up to R₁ − R₀. A member that was not there had the rate of all, one that is gone
    has kept its own."""
    w0, w1 = _share(then.of, all_then.of), _share(now.of, all_now.of)
    rate_of_all = _share(all_then.hit, all_then.of)
    r0 = then.hit / then.of if then.of else rate_of_all
    r1 = now.hit / now.of if now.of else r0
    return RateAndMix(w1 * (r1 - r0), (w1 - w0) * (r0 - rate_of_all))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
