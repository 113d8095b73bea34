"""How numbers are rounded wherever they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal


def half_up(value: int | float | Decimal, decimals: int) -> Decimal:
    """A number with that many decimals (of thousands, with -3): half away from zero, as spreadsheets and people
    round; never minus zero."""
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    rounded = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) if exact.adjusted() < 20 else exact
    return abs(rounded) if rounded == 0 else rounded


def parts_of(total: float, parts: Sequence[float], decimals: int) -> tuple[Decimal, ...]:
    """The parts of a total, rounded so that they make up the rounded total: what is lacking goes to those that lose
    most by rounding down. Parts that do not make up the total are rounded each for itself."""
    exact = [Decimal(repr(part)) for part in parts]
    whole, unit = half_up(total, decimals), Decimal(1).scaleb(-decimals)
    if abs(sum(exact) - Decimal(repr(total))) > unit / 1000:
        return tuple(half_up(part, decimals) for part in exact)
    down = [part.quantize(unit, ROUND_FLOOR) for part in exact]
    lacking = int((whole - sum(down)) / unit)
    by_loss = sorted(range(len(parts)), key=lambda at: exact[at] - down[at], reverse=True)
    return tuple(part + unit if at in by_loss[:lacking] else part for at, part in enumerate(down))
