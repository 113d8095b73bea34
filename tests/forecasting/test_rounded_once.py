"""A count that is forecast is rounded once, so that what is so far and what is to come make up the whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reportspec.catalogue.load import packaged
from reportspec.model.figures import Column
from reportspec.sections.flow_forecast import _known, _told

COUNT = packaged().metrics["won_deals_count"]
COLUMN = Column("forecast", "", "number", "count")


def test_by_hand() -> None:
    """60.46 is 60, and not 60.5 and so 61; of it 60 are so far, and 0.46 is nothing."""
    assert [_told(value, COLUMN, COUNT)[0] for value in (60.46, 0.46, 58.5, 19.5)] == [60, 0, 59, 20]
    assert _known(39.0, COUNT) == 39


@given(st.integers(0, 400), st.floats(0, 500).map(lambda value: round(value, 2)))
def test_parts_make_up_their_sum(so_far: int, rest: float) -> None:
    point, to_come = (_told(value, COLUMN, COUNT)[0] for value in (round(so_far + rest, 2), rest))
    assert point == so_far + to_come  # type: ignore[operator]
