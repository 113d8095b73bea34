"""Steps from top to bottom, each with its share of the step before."""

from __future__ import annotations

from reportspec.render.charts.kind import Canvas, Drawing, Kind, each_unit, finished
from reportspec.render.charts.level import level_bars
from reportspec.render.charts.series import Series
from reportspec.render.locale import percent


def funnel(canvas: Canvas, series: tuple[Series, ...]) -> Drawing:
    """The steps of the first series."""
    steps_series = Series(series[0].label, series[0].column, series[0].values)
    texts = [
        _text(canvas, steps_series, value, before)
        for value, before in zip(steps_series.values, (None, *steps_series.values[:-1]), strict=True)
    ]
    return finished(canvas, (steps_series,), level_bars(canvas, steps_series, canvas.labels, texts))


def _text(canvas: Canvas, one: Series, value: float | None, before: float | None) -> str:
    text = canvas.write(value, one.column)
    if not before or value is None:
        return text
    rate = percent(canvas.formats, value / before, 1)
    return text + "  ·  " + canvas.formats.word("of_previous_step", rate=rate)


KIND = Kind("funnel", each_unit(funnel))
