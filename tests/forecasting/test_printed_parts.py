"""Printed parts make up their printed total, and halves are rounded as everywhere: away from zero."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from reportspec.rounding import half_up, parts_of
from reportspec.sections.forecast_words import rounded, rounded_parts

AMOUNTS = st.floats(0, 1e9).map(lambda value: round(value, 2))


def test_halves_by_hand() -> None:
    """58.5 is 39 and 19.5: 59 is 39 and 20, and not 58 beside them."""
    assert rounded_parts(58.5, (39.0, 19.5), at_most=0) == (39, 20)
    assert int(half_up(58.5, 0)) == 59
    assert rounded(62_500.0, 1_000_000.0) == 60_000
    assert rounded(65_000.0, 1_000_000.0) == 70_000
    assert rounded(1_234_500.0, 1_234_500.0) == 1_230_000
    # 1,000 is 333.3 three times over: in tens 340, 330 and 330.
    assert rounded_parts(1000.0, (333.4, 333.3, 333.3)) == (340, 330, 330)


@given(st.lists(AMOUNTS, min_size=1, max_size=5), st.integers(-6, 2))
def test_parts_make_up_the_total_and_none_is_off_by_a_whole_step(parts: list[float], decimals: int) -> None:
    exact = sum(map(Decimal, map(repr, parts)), Decimal(0))
    total = half_up(exact, decimals)
    told = parts_of(float(exact), parts, decimals)
    step = Decimal(1).scaleb(-decimals)
    assert sum(told) == total
    assert all(abs(one - Decimal(repr(part))) < step for one, part in zip(told, parts, strict=True))


def test_parts_of_something_else_are_rounded_each_for_itself() -> None:
    assert parts_of(100.0, (33.5, 33.5), 0) == (34, 34)
