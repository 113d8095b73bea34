"""How many there are in each bin."""

from __future__ import annotations

from reportspec.render.charts.kind import Canvas, Drawing, Kind, each_unit, finished
from reportspec.render.charts.scales import Steps
from reportspec.render.charts.series import Series
from reportspec.render.charts.svg import drawing
from reportspec.render.charts.upright import Upright

# The bounds of a bin stand at the end of its name: cut, it would name none.
LONGEST_BIN = 200  # pixels


def histogram(canvas: Canvas, series: tuple[Series, ...]) -> Drawing:
    """The bins of the first series, side by side."""
    bins, steps = series[0], Steps(len(canvas.labels), 0.04, 0.04)
    upright = Upright.of(canvas, bins.column, bins.values, steps, canvas.labels, rotate=True, longest=LONGEST_BIN)
    labels = upright.labels() + upright.values(bins, steps.step(upright.frame.width))
    shapes = [*upright.grid(labels), *upright.bars(bins.values, canvas.palette.accent)]
    return finished(canvas, (bins,), drawing(upright.frame, shapes, labels))


KIND = Kind("histogram", each_unit(histogram))
