"""How many there are in each bin."""

from __future__ import annotations

from dataclasses import replace

from reportspec.render.charts.kind import Canvas, Drawing, Kind, each_unit, finished
from reportspec.render.charts.scales import Steps
from reportspec.render.charts.series import Series
from reportspec.render.charts.svg import drawing
from reportspec.render.charts.upright import Upright

# The bounds of a bin stand at the end of its name: cut, it would name none.
LONGEST_BIN = 200  # pixels


def histogram(canvas: Canvas, series: tuple[Series, ...]) -> Drawing:
    """The bins of the first series, side by side; what has no place on their scale is told below them."""
    bins = series[0]
    known = [place for place, row in enumerate(canvas.section.rows) if row[_x(canvas)] is not None]
    unknown = [place for place in range(len(canvas.labels)) if place not in known]
    captions: tuple[str, ...] = ()
    if known and unknown:
        captions = tuple(f"{canvas.labels[at]}: {canvas.write(bins.values[at], bins.column)}" for at in unknown)
        bins = replace(bins, values=tuple(bins.values[place] for place in known), previous=())
        canvas = replace(canvas, labels=tuple(canvas.labels[place] for place in known))
    steps = Steps(len(canvas.labels), 0.04, 0.04)
    upright = Upright.of(canvas, bins.column, bins.values, steps, canvas.labels, rotate=True, longest=LONGEST_BIN)
    labels = upright.labels() + upright.values(bins, steps.step(upright.frame.width))
    shapes = [*upright.grid(labels), *upright.bars(bins.values, canvas.palette.accent)]
    return finished(canvas, (bins,), drawing(upright.frame, shapes, labels), captions)


def _x(canvas: Canvas) -> int:
    """The place of the column that the bins are of."""
    return [column.name for column in canvas.section.columns].index(canvas.chart.x)


KIND = Kind("histogram", each_unit(histogram))
