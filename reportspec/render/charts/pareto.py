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

_QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)


def pareto(canvas: Canvas, series: tuple[Series, ...]) -> Drawing:
    """The first series; what is not drawn row by row is the last bar."""
    drawn = rows_to_draw(canvas, series[0], whole=True)
    bars = by_size(drawn)
    names, values = tuple(name for name, _ in bars), [value for _, value in bars]
    written = [percent(canvas.formats, quarter, 0) for quarter in _QUARTERS]
    room, steps = widest(written) + GAP + 2, Steps(len(bars), 0.25, 0.15)
    upright = Upright.of(canvas, series[0].column, values, steps, names, rotate=True, right=room)
    height, width = upright.frame.height, upright.frame.width
    labels = upright.labels() + beside(written, [height * (1 - quarter) for quarter in _QUARTERS], width + GAP)
    points = [(x, height * (1 - share)) for x, share in zip(upright.xs, shares(values), strict=True)]
    shapes = [*upright.grid(labels), *upright.bars(values, canvas.palette.accent), curve(points, INK, 1.5)]
    shapes += [dot(point, 2.3, INK) for point in points]
    legend = (
        Key(series[0].label, canvas.palette.accent, "fill"),
        Key(canvas.formats.word("cumulative"), INK, "line"),
    )
    svg = drawing(upright.frame, [*shapes, *upright.reference(labels)], labels)
    return finished(canvas, (series[0],), svg, drawn.captions, legend=legend)


def by_size(drawn: Drawn) -> list[tuple[str, float]]:
    """The bars, the rest last however large it is."""
    bars = list(zip(drawn.names, (value or 0.0 for value in drawn.series.values), strict=True))
    last = bars[-1:] if drawn.rest else []
    return sorted(bars[: len(bars) - len(last)], key=lambda bar: -bar[1]) + last


def shares(values: list[float]) -> list[float]:
    """What each bar and those before it are of the whole."""
    gains = [max(value, 0.0) for value in values]
    whole = math.fsum(gains) or 1.0
    return [min(running / whole, 1.0) for running in accumulate(gains)]


KIND = Kind("pareto", each_unit(pareto))
