"""Ranges with what was expected and what came: a pale bar from the lower end to the upper one, a hollow point for what
was expected, a filled one for what came."""

from __future__ import annotations

from collections.abc import Iterator

from reportspec.render.charts.kind import Canvas, Drawing, Key, Kind, each_unit, finished
from reportspec.render.charts.scales import Steps
from reportspec.render.charts.series import Series
from reportspec.render.charts.svg import drawing, mark, rect
from reportspec.render.charts.upright import Upright
from reportspec.render.palette import INK, tinted

WIDE = 14  # pixels of a bar
CAME, EXPECTED = 0, 4  # the marks: filled, and the same one hollow


def ranges(canvas: Canvas, series: tuple[Series, ...]) -> Drawing:
    """Four series: what was expected, the ends of its range, what came."""
    expected, low, high, came = series
    known = [value for each_series in series for value in each_series.known]
    steps = Steps(len(canvas.labels), 1, 0.4)
    upright = Upright.of(canvas, expected.column, known, steps, canvas.labels, rotate=True)
    labels, accent = upright.labels(), canvas.palette.accent
    shapes = [
        *upright.grid(labels),
        *_bars(upright, low, high, tinted(accent, 0.7)),
        *(mark(point, EXPECTED, accent) for point in upright.points(expected.values) if point is not None),
        *(mark(point, CAME, INK) for point in upright.points(came.values) if point is not None),
        *upright.reference(labels),
    ]
    legend = (
        Key(f"{low.label} – {high.label}", tinted(accent, 0.7), "fill"),
        Key(expected.label, accent, "line", EXPECTED),
        Key(came.label, INK, "line", CAME),
    )
    return finished(canvas, (expected, came), drawing(upright.frame, shapes, labels), legend=legend)


def _bars(upright: Upright, low: Series, high: Series, fill: str) -> Iterator[str]:
    for x, lower, upper in zip(upright.xs, low.values, high.values, strict=True):
        if lower is not None and upper is not None:
            yield rect(x - WIDE / 2, upright.y(upper), x + WIDE / 2, upright.y(lower), fill, radius=1)


KIND = Kind("ranges", each_unit(ranges), halves=True)
