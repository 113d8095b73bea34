"""Labels under a plot: none lies on another, and none is left out for which there is room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reportspec.render.charts.lettering import below
from reportspec.render.charts.svg import SIZE, Frame
from reportspec.render.fonts import text_width

NAMES = st.lists(st.text("abc iWM", min_size=1, max_size=24).map(str.strip).filter(bool), min_size=1, max_size=12)


def drawn(names: list[str], slot: float, *, rotate: bool) -> list[tuple[float, float, float, str]]:
    """Left and right end of each label, its line, its text."""
    xs = [slot * (at + 0.5) for at in range(len(names))]
    frame = Frame(100, 40, 6, 10, 40, 40 + 6 + slot * len(names))
    return [
        (label.x - text_width(label.text) * SIZE / 2, label.x + text_width(label.text) * SIZE / 2, label.y, label.text)
        for label in below(names, xs, frame, slot, rotate)
        if label.anchor == "middle"
    ]


@given(NAMES, st.floats(24, 260), st.booleans())
def test_none_lies_on_another(names: list[str], slot: float, rotate: bool) -> None:
    labels = drawn(names, slot, rotate=rotate)
    for left, right, line, _ in labels:
        assert not [1 for other, end, at, _ in labels if at == line and left < other < right - 1e-6]


@given(NAMES, st.floats(24, 260))
def test_where_labels_may_be_turned_all_are_there(names: list[str], slot: float) -> None:
    """Level, in two lines, or turned; never every second one."""
    xs = [slot * (at + 0.5) for at in range(len(names))]
    frame = Frame(100, 200, 6, 10, 140, 200 + 6 + slot * len(names))
    texts = [label.text for label in below(names, xs, frame, slot, True)]
    assert len(texts) >= len(names)


def test_short_ones_beside_a_long_one_are_all_there() -> None:
    names = ["1 – 30 August 2026", "Fair", "Web", "Call", "Mail"]
    slot = text_width(names[0]) * SIZE + 9
    assert [text for *_, text in drawn(names, slot, rotate=False)] == names
    narrow = text_width(names[0]) * SIZE / 2 + text_width("Fair") * SIZE / 2 + 9
    assert [text for *_, text in drawn(["Fair", *names], narrow + 4, rotate=False)][:2] == ["Fair", names[0]]
