"""Bars of several parts; upwards over time and where names fit below, else to the right."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reportspec.render.charts.cut import few_rows, few_series
from reportspec.render.charts.kind import Canvas, Drawing, Kind, each_unit, finished
from reportspec.render.charts.lettering import GAP, below, beside, named, widest
from reportspec.render.charts.level import ROW
from reportspec.render.charts.scales import Span, Steps
from reportspec.render.charts.series import Series
from reportspec.render.charts.svg import SIZE, WIDTH, Frame, drawing, rect, upright_rule
from reportspec.render.charts.upright import HEIGHT, Upright, ticks_for
from reportspec.render.palette import INK, MUTED, RULE

EDGE = "#ffffff"  # between parts, so that they are told apart in grey too


def stacked(canvas: Canvas, series: tuple[Series, ...]) -> Drawing:
    """A part for each series, the first one next to zero."""
    series, captions = few_series(canvas, series, sum_rest=True)
    fits = len(canvas.labels) <= 12 and widest(canvas.labels) * len(canvas.labels) < WIDTH - 80
    if canvas.over_time or fits:
        return finished(canvas, series, _upright(canvas, series), captions, "fill")
    names, series, cut = few_rows(canvas, series)
    return finished(canvas, series, _level(canvas, series, names), (*captions, *cut), "fill")


def parts(series: Sequence[Series], at: int) -> list[tuple[int, float, float]]:
    """The parts of a bar: which series, from where, to where. What is below zero leads downwards."""
    stacks, up, down = [], 0.0, 0.0
    for k, each_series in enumerate(series):
        value = each_series.values[at]
        if value is not None and value > 0:
            stacks.append((k, up, up + value))
            up += value
        elif value is not None and value < 0:
            stacks.append((k, down, down + value))
            down += value
    return stacks


def _upright(canvas: Canvas, series: tuple[Series, ...]) -> str:
    steps = Steps(len(canvas.labels), 0.3, 0.15)
    upright = Upright.of(canvas, series[0].column, _ends(series), steps, canvas.labels, height=HEIGHT + 20)
    labels = upright.labels()
    bars = [
        upright.bar(at, start, end, canvas.palette.series[k], edge=EDGE)
        for at in range(len(canvas.labels))
        for k, start, end in parts(series, at)
    ]
    return drawing(upright.frame, [*upright.grid(labels), *bars, *upright.reference(labels)], labels)


def _level(canvas: Canvas, series: tuple[Series, ...], names: Sequence[str]) -> str:
    at = ticks_for(canvas, _ends(series), series[0].column, zero=True)
    span, steps, short = Span(at[0], at[-1]), Steps(len(names), 0.3, 0.15), named(names)
    texts = [canvas.write(value, series[0].column) for value in at]
    left = max(widest(short) + GAP, widest(texts[:1]) / 2) + 2
    right = widest(texts[-1:]) / 2 + 2
    frame = Frame(len(names) * ROW + 4, left=left, right=right, top=2, bottom=SIZE + GAP + 5)
    xs = [span.place(value, frame.width) for value in at]
    ys, thick = steps.centres(frame.height), steps.width(frame.height)
    labels = beside(short, ys, -GAP, INK) + below(texts, xs, frame, frame.width / len(at), rotate=False)
    both = at[0] < 0 < at[-1]
    shapes = [
        upright_rule(x, frame.height, (), MUTED if both and value == 0 else RULE, 0.8)
        for x, value in zip(xs, at, strict=True)
    ]
    for row, y in enumerate(ys):
        for k, start, end in parts(series, row):
            a, b = sorted((span.place(start, frame.width), span.place(end, frame.width)))
            shapes.append(rect(a, y - thick / 2, b, y + thick / 2, canvas.palette.series[k], edge=EDGE))
    if canvas.chart.reference is not None:
        x = span.place(canvas.chart.reference, frame.width)
        shapes.append(upright_rule(x, frame.height, (), INK, 1, "5 3"))
    return drawing(frame, shapes, labels)


def _ends(series: Sequence[Series]) -> list[float]:
    """How far the bars reach, upwards and downwards."""
    ends = []
    for column in zip(*(each_series.values for each_series in series), strict=True):
        known = [value for value in column if value is not None]
        ends.append(math.fsum(value for value in known if value > 0))
        ends.append(math.fsum(value for value in known if value < 0))
    return ends


KIND = Kind("stacked", each_unit(stacked))
