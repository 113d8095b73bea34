"""Lines over time, one per series; what is not over yet is dotted, what was before is dashed."""

from __future__ import annotations

import math
from collections.abc import Iterator

from reportspec.render.charts.cut import few_series
from reportspec.render.charts.kind import Canvas, Drawing, Kind, each_unit, finished
from reportspec.render.charts.scales import Steps
from reportspec.render.charts.series import Series
from reportspec.render.charts.svg import curve, drawing, mark
from reportspec.render.charts.upright import Upright
from reportspec.render.palette import PREVIOUS, tinted

DOTS = 31  # points that are drawn one by one
MARKS = 10  # of each series where there are more


def line(canvas: Canvas, series: tuple[Series, ...]) -> Drawing:
    """All series over the same axes."""
    series, captions = few_series(canvas, series, sum_rest=False)
    known = [value for each_series in series for value in each_series.known]
    steps = Steps(len(canvas.labels), 1, 0.4)
    upright = Upright.of(canvas, series[0].column, known, steps, canvas.labels, rotate=not canvas.over_time, zero=None)
    labels = upright.labels()
    shapes = [
        *upright.grid(labels),
        *_before(upright, series),
        *_now(upright, series),
        *_dots(upright, series),
        *upright.reference(labels),
    ]
    return finished(canvas, series, drawing(upright.frame, shapes, labels), captions, "line", previous="dash")


def _before(upright: Upright, series: tuple[Series, ...]) -> Iterator[str]:
    for each_series, colour in zip(series, upright.canvas.palette.series, strict=False):
        if each_series.previous:
            pale = PREVIOUS if len(series) == 1 else tinted(colour, 0.55)
            yield curve(upright.points(each_series.previous), pale, 1.5, "4 3")


def _now(upright: Upright, series: tuple[Series, ...]) -> Iterator[str]:
    partial = upright.canvas.chart.partial_from
    for each_series, colour in zip(series, upright.canvas.palette.series, strict=False):
        points = upright.points(each_series.values)
        yield curve(points[:partial], colour, 2.2)
        if partial is not None:
            yield curve(points[max(partial - 1, 0) :], colour, 2.2, "2 3")


def _dots(upright: Upright, series: tuple[Series, ...]) -> Iterator[str]:
    """A dot for each value; of several series that are long, marks here and there that tell them apart."""
    few = len(upright.names) <= DOTS
    if not few and len(series) == 1:
        return
    every = 1 if few else math.ceil(len(upright.names) / MARKS)
    for k, (each_series, colour) in enumerate(zip(series, upright.canvas.palette.series, strict=False)):
        known = [point for point in upright.points(each_series.values) if point is not None]
        yield from (mark(point, k, colour) for point in known[::every])


KIND = Kind("line", each_unit(line))
