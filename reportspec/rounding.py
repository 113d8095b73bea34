"""How numbers are rounded wherever they are shown."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal


def half_up(value: int | float | Decimal, decimals: int) -> Decimal:
    """A number with that many decimals (of thousands, with -3): half away from zero, as spreadsheets and people
    round; never minus zero."""
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    rounded = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) if exact.adjusted() < 20 else exact
    return abs(rounded) if rounded == 0 else rounded
