"""Halves are rounded as everywhere, away from zero, so that what is counted so far and its rest make up their total; an
estimate keeps three digits of its own, whatever stands beside it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reportspec.rounding import half_up
from reportspec.sections.forecast_words import rounded


def test_halves_by_hand() -> None:
    """58.5 is 39 and 19.5: 59 is 39 and 20, and not 58 beside them."""
    assert int(half_up(58.5, 0)) == 39 + int(half_up(19.5, 0))
    assert rounded(62_450.0) == 62_500
    assert rounded(1_234_500.0) == 1_230_000
    assert rounded(1_235_000.0) == 1_240_000
    assert rounded(12_183.0) == 12_200
    assert rounded(0.0) == 0


@given(st.integers(0, 10**6), st.integers(0, 10**7))
def test_what_is_counted_and_its_rest_make_up_the_total(so_far: int, tenths: int) -> None:
    assert half_up(so_far + tenths / 10, 0) == so_far + half_up(tenths / 10, 0)


@given(st.floats(0.001, 1e15))
def test_no_estimate_becomes_nothing(value: float) -> None:
    told = rounded(value)
    assert isinstance(told, float)
    assert abs(told - value) <= 0.005 * value * 1.001
