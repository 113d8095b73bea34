"""Bars from the largest to the smallest, with a line of what they are together."""

from __future__ import annotations

import math
from itertools import accumulate

from reportspec.render.charts.cut import Drawn, rows_to_draw
from reportspec.render.charts.kind import Canvas, Drawing, Key, Kind, each_unit, finished
from reportspec.render.charts.lettering import GAP, beside, widest
from reportspec.render.charts.scales import Steps
from reportspec.render.charts.series import Series
from reportspec.render.charts.svg import curve, dot, drawing
from reportspec.render.charts.upright import Upright
from reportspec.render.locale import percent
from reportspec.render.palette import INK

_EVEN = 1e-9  # the share of all that a rest is off by rounding
_QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)


def pareto(canvas: Canvas, series: tuple[Series, ...]) -> Drawing:
    """The first series; what is not drawn row by row is the last bar. Bars below zero are no part of a whole: then
    there is no line, which a caption says."""
    drawn = rows_to_draw(canvas, series[0], whole=True)
    bars, shown = by_size(drawn), series[0]
    names, values = tuple(name for name, _ in bars), [value for _, value in bars]
    running = shares(values)
    written = [percent(canvas.formats, quarter, 0) for quarter in _QUARTERS] if running else []
    room, steps = widest(written) + GAP + 2 if running else 6.0, Steps(len(bars), 0.25, 0.15)
    upright = Upright.of(canvas, shown.column, values, steps, names, rotate=True, right=room)
    height, width = upright.frame.height, upright.frame.width
    labels = upright.labels()
    shapes = [*upright.grid(labels), *upright.bars(values, canvas.palette.accent)]
    legend: tuple[Key, ...] = ()
    captions = drawn.captions
    if running:
        labels += beside(written, [height * (1 - quarter) for quarter in _QUARTERS], width + GAP)
        points = [(x, height * (1 - share)) for x, share in zip(upright.xs, running, strict=True)]
        shapes += [curve(points, INK, 1.5), *(dot(point, 2.3, INK) for point in points)]
        legend = (
            Key(shown.label, canvas.palette.accent, "fill"),
            Key(canvas.formats.word("cumulative"), INK, "line"),
        )
    else:
        captions = (canvas.formats.word("no_cumulative"), *captions)
    svg = drawing(upright.frame, [*shapes, *upright.reference(labels)], labels)
    return finished(canvas, (shown,), svg, captions, legend=legend)


def by_size(drawn: Drawn) -> list[tuple[str, float]]:
    """The bars, the rest last however large it is."""
    bars = list(zip(drawn.names, (value or 0.0 for value in drawn.series.values), strict=True))
    last = bars[-1:] if drawn.rest else []
    return sorted(bars[: len(bars) - len(last)], key=lambda bar: -bar[1]) + last


def shares(values: list[float]) -> list[float]:
    """What each bar and those before it are of the whole; nothing where one is below zero, by more than adding up
    brings about."""
    if min(values, default=0.0) < -_EVEN * math.fsum(map(abs, values)):
        return []
    whole = math.fsum(values) or 1.0
    return [min(max(running / whole, 0.0), 1.0) for running in accumulate(values)]


KIND = Kind("pareto", each_unit(pareto))
