"""From nothing to the whole, row by row; with a comparison from the whole then to the whole now, by what
each row changed."""

from __future__ import annotations

from collections.abc import Sequence

from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Column
from reportspec.render.charts.cut import all_rows, largest_drawn, others_name
from reportspec.render.charts.kind import Canvas, Drawing, Kind, each_unit, finished
from reportspec.render.charts.lettering import LONGEST_TURNED, widest
from reportspec.render.charts.scales import Steps
from reportspec.render.charts.series import Series
from reportspec.render.charts.svg import Label, drawing, rule
from reportspec.render.charts.upright import HEIGHT, Upright
from reportspec.render.palette import BAD, FAINT, GOOD, INK, PREVIOUS

LONGEST_PERIOD = 180  # pixels of a period's name


@dataclass(frozen=True, slots=True)
class Bar:
    """From one level to another."""

    name: str
    start: float
    end: float
    text: str
    colour: str


def waterfall(canvas: Canvas, series: tuple[Series, ...]) -> Drawing:
    """The first series. What is not drawn row by row is one step more."""
    steps_series = Series(series[0].label, series[0].column, series[0].values)
    bars, bridge = bars_of(canvas, steps_series.column), canvas.chart.bridge
    captions = largest_drawn(canvas, len(bridge.steps), all_rows(canvas)) if bridge and bridge.cut else ()
    names = tuple(bar.name for bar in bars)
    reached = [level for bar in bars for level in (bar.start, bar.end)]
    steps = Steps(len(bars), 0.3, 0.15)
    # Both ends are periods, which the end of their names tells apart.
    longest = max(LONGEST_TURNED, min(widest((names[0], names[-1])), LONGEST_PERIOD))
    upright = Upright.of(
        canvas, steps_series.column, reached, steps, names, rotate=True, height=HEIGHT + 20, longest=longest
    )
    labels = upright.labels() + _written(upright, bars)
    shapes = [upright.bar(at, bar.start, bar.end, bar.colour) for at, bar in enumerate(bars) if bar.start != bar.end]
    shapes = [*upright.grid(labels), *_threads(upright, bars), *shapes, *upright.reference(labels)]
    return finished(canvas, (steps_series,), drawing(upright.frame, shapes, labels), captions)


def bars_of(canvas: Canvas, column: Column) -> list[Bar]:
    """All bars from left to right: the whole then, the steps, the whole now."""
    now, before = canvas.chart.whole or (0.0, None)
    bridged, write = before is not None, canvas.write
    level, whole = before or 0.0, now or 0.0
    bars = [Bar(canvas.previous_label, 0.0, level, write(level, column), PREVIOUS)] if bridged else []
    for name, change in _steps(canvas):
        sign = "+" if bridged and change > 0 else ""
        colour = _colour(canvas, column, change, bridged)
        bars.append(Bar(name, level, level + change, sign + write(change, column), colour))
        level += change
    last = canvas.figures.period.label if bridged else canvas.formats.word("total")
    return [*bars, Bar(last, 0.0, whole, write(whole, column), canvas.palette.accent)]


def _steps(canvas: Canvas) -> list[tuple[str, float]]:
    bridge = canvas.chart.bridge
    assert bridge is not None, "a waterfall has its steps from `evaluate.waterfall`"
    steps = [(canvas.labels[row], change) for row, change in bridge.steps]
    return steps if bridge.rest is None else [*steps, (others_name(canvas, bridge.others), bridge.rest)]


def _colour(canvas: Canvas, column: Column, change: float, bridge: bool) -> str:
    if not bridge or column.direction == "neutral":
        return canvas.palette.series[1]
    return GOOD if (change > 0) == (column.direction != "down") else BAD


def _threads(upright: Upright, bars: Sequence[Bar]) -> list[str]:
    """From each bar's end to where the next one starts."""
    xs, half = upright.xs, upright.steps.width(upright.frame.width) / 2
    return [
        rule((xs[at] + half, upright.y(bar.end)), (xs[at + 1] - half, upright.y(bar.end)), FAINT, 0.8)
        for at, bar in enumerate(bars[:-1])
    ]


def _written(upright: Upright, bars: Sequence[Bar]) -> list[Label]:
    """What each bar is worth, above it, where there is room for all."""
    if widest([bar.text for bar in bars]) > upright.steps.step(upright.frame.width) * 1.1:
        return []
    tops = [upright.y(max(bar.start, bar.end)) - 4 for bar in bars]
    return [Label(x, y, bar.text, "middle", INK) for x, y, bar in zip(upright.xs, tops, bars, strict=True)]


KIND = Kind("waterfall", each_unit(waterfall))
