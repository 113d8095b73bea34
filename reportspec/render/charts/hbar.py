"""Bars from left to right, with a mark for the previous period."""

from __future__ import annotations

from reportspec.render.charts.cut import rows_to_draw
from reportspec.render.charts.kind import Canvas, Drawing, Kind, each_unit, finished
from reportspec.render.charts.level import level_bars
from reportspec.render.charts.series import Series
from reportspec.render.charts.stacked import stacked


def hbar(canvas: Canvas, series: tuple[Series, ...]) -> Drawing:
    """A bar for each row; several series are stacked."""
    if len(series) > 1:
        return stacked(canvas, series)
    drawn = rows_to_draw(canvas, series[0], whole=False)
    bars, captions = drawn.series, drawn.captions
    if bars.previous:
        captions = (canvas.formats.word("mark_is_previous", label=canvas.previous_label), *captions)
    texts = [canvas.write(value, bars.column) for value in bars.values]
    return finished(canvas, (bars,), level_bars(canvas, bars, drawn.names, texts), captions)


KIND = Kind("hbar", each_unit(hbar))
