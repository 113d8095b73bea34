"""Bars from left to right, names on the left and written values at their ends."""

from __future__ import annotations

from collections.abc import Sequence

from reportspec.render.charts.kind import Canvas
from reportspec.render.charts.lettering import GAP, beside, named, widest
from reportspec.render.charts.scales import Span, Steps
from reportspec.render.charts.series import Series
from reportspec.render.charts.svg import SIZE, Frame, Label, drawing, rect, rule, upright_rule
from reportspec.render.palette import FAINT, INK

ROW = 21  # pixels per bar


def level_bars(canvas: Canvas, one: Series, names: Sequence[str], texts: Sequence[str]) -> str:
    """The drawing; what the series had before is a mark on each bar."""
    low, high = _reach(canvas, one)
    short, room = named(names), widest(texts) + 2 * GAP
    before = room if low < 0 else 0.0  # for the values of bars that lead to the left
    frame = Frame(
        len(names) * ROW + 4,
        left=widest(short) + GAP + 2 + before,
        right=room if high > 0 else 6,
        top=2,
        bottom=2,
        whole=canvas.width,
    )
    span, steps = Span(low, high), Steps(len(names), 0.34, 0.2)
    ys, width, thick = steps.centres(frame.height), frame.width, steps.width(frame.height)
    zero = span.place(0, width)
    shapes = []
    for value, y in zip(one.values, ys, strict=True):
        if value:  # what is zero has no bar
            left, right = sorted((zero, span.place(value, width)))
            shapes.append(rect(left, y - thick / 2, right, y + thick / 2, canvas.palette.accent, radius=1))
    if low < 0:
        shapes.append(rule((zero, 0), (zero, frame.height), FAINT))
    marks = one.previous or (None,) * len(names)
    for mark, y in zip(marks, ys, strict=True):
        if mark is not None:
            x = span.place(mark, width)
            shapes.append(rect(x - 1, y - ROW * 0.4, x + 1, y + ROW * 0.4, INK, opacity=0.55))
    labels = beside(short, ys, -before - GAP, INK)
    for value, text, y, mark in zip(one.values, texts, ys, marks, strict=True):
        labels.append(_written(value or 0.0, text, y, mark, span, width))
    if canvas.chart.reference is not None:
        at = span.place(canvas.chart.reference, width)
        shapes.append(upright_rule(at, frame.height, labels, INK, 1, "5 3"))
    return drawing(frame, shapes, labels)


def _reach(canvas: Canvas, one: Series) -> tuple[float, float]:
    shown = [*one.known, 0.0]
    if canvas.chart.reference is not None:
        shown.append(canvas.chart.reference)
    low, high = min(shown), max(shown)
    return (low, high) if low < high else (low, high + 1.0)


def _written(value: float, text: str, y: float, mark: float | None, span: Span, width: float) -> Label:
    """The value at the bar's end; it steps over the mark of the previous period where both would meet."""
    way = -1 if value < 0 else 1
    at = span.place(value, width) + way * GAP
    if mark is not None:
        ahead = way * (span.place(mark, width) - at)
        if -GAP < ahead < widest([text]) + GAP:
            at += way * (ahead + GAP)
    return Label(at, y + SIZE * 0.35, text, "end" if way < 0 else "start", INK)
