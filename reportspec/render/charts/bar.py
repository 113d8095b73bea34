"""Bars over time; the comparison beside each, or as a line where bars get thin."""

from __future__ import annotations

from typing import Literal

from reportspec.render.charts.hbar import hbar
from reportspec.render.charts.kind import Canvas, Drawing, Kind, each_unit, finished
from reportspec.render.charts.line import line
from reportspec.render.charts.scales import Steps
from reportspec.render.charts.series import Series
from reportspec.render.charts.svg import curve, drawing
from reportspec.render.charts.upright import Upright
from reportspec.render.palette import MUTED, PREVIOUS

PAIRS = 24  # bars that have room for another one beside each


def bar(canvas: Canvas, series: tuple[Series, ...]) -> Drawing:
    """Bars for one series over time; several are lines, and what is no time leads to the right."""
    if not canvas.over_time:
        return hbar(canvas, series)
    return _bars(canvas, series[0]) if len(series) == 1 else line(canvas, series)


def _bars(canvas: Canvas, one: Series) -> Drawing:
    count = len(canvas.labels)
    paired = bool(one.previous) and count <= PAIRS
    steps = Steps(count, 0.32 if paired else 0.28, 0.15)
    upright = Upright.of(canvas, one.column, one.known, steps, canvas.labels)
    width = steps.width(upright.frame.width) / (2 if paired else 1)
    labels = upright.labels() + upright.values(one, width, shift=width / 2 if paired else 0.0)
    shapes = [*upright.grid(labels), *_shapes(upright, one, paired), *upright.reference(labels)]
    previous: Literal["fill", "dash"] = "fill" if paired else "dash"
    return finished(canvas, (one,), drawing(upright.frame, shapes, labels), (), "fill", previous)


def _shapes(upright: Upright, one: Series, paired: bool) -> list[str]:
    accent, partial = upright.canvas.palette.accent, upright.canvas.chart.partial_from
    shapes = []
    for at, value in enumerate(one.values):
        before = one.previous[at] if paired else None
        if before:
            shapes.append(upright.bar(at, 0, before, PREVIOUS, half=0))
        if value:
            running = partial is not None and at >= partial
            shapes.append(upright.bar(at, 0, value, accent, half=1 if paired else None, running=running))
    if one.previous and not paired:
        shapes.append(curve(upright.points(one.previous), MUTED, 1.4, "4 3"))
    return shapes


KIND = Kind("bar", each_unit(bar))
