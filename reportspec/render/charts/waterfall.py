"""From nothing to the whole, row by row; with a comparison from the whole then to the whole now, by what
each row changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reportspec.model.figures import Column
from reportspec.render.charts.cut import CATEGORIES, all_rows, largest, largest_drawn, others_name
from reportspec.render.charts.kind import Canvas, Drawing, Kind, each_unit, finished
from reportspec.render.charts.labels import widest
from reportspec.render.charts.scales import Steps
from reportspec.render.charts.series import Series
from reportspec.render.charts.svg import Label, drawing, rule
from reportspec.render.charts.upright import HEIGHT, Upright
from reportspec.render.palette import BAD, FAINT, GOOD, INK, PREVIOUS


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
    one = Series(series[0].label, series[0].column, series[0].values)
    bars, captions = bars_of(canvas, series[0])
    names = tuple(bar.name for bar in bars)
    reached = [level for bar in bars for level in (bar.start, bar.end)]
    steps = Steps(len(bars), 0.3, 0.15)
    upright = Upright.of(canvas, one.column, reached, steps, names, rotate=True, height=HEIGHT + 20)
    labels = upright.labels() + _written(upright, bars)
    shapes = [upright.bar(at, bar.start, bar.end, bar.colour) for at, bar in enumerate(bars) if bar.start != bar.end]
    shapes = [*upright.grid(labels), *_threads(upright, bars), *shapes, *upright.reference(labels)]
    return finished(canvas, (one,), drawing(upright.frame, shapes, labels), captions)


def bars_of(canvas: Canvas, one: Series) -> tuple[list[Bar], tuple[str, ...]]:
    """All bars from left to right, and what is said of those that have none."""
    whole, before = canvas.chart.whole or (0.0, None)
    start = before if before is not None else 0.0
    changes, captions = steps_of(canvas, one, whole or 0.0, start)
    level, column, write = start, one.column, canvas.write
    bars = []
    if before is not None:
        bars.append(Bar(canvas.previous_label, 0.0, start, write(start, column), PREVIOUS))
    for name, change in changes:
        sign = "+" if before is not None and change > 0 else ""
        colour = _colour(canvas, column, change, before is not None)
        bars.append(Bar(name, level, level + change, sign + write(change, column), colour))
        level += change
    last = canvas.figures.period.label if before is not None else canvas.formats.word("total")
    bars.append(Bar(last, 0.0, level, write(level, column), canvas.palette.accent))
    return bars, captions


def steps_of(
    canvas: Canvas, one: Series, whole: float, start: float
) -> tuple[list[tuple[str, float]], tuple[str, ...]]:
    """The largest changes in the rows' order, and then what is left up to the whole."""
    before = canvas.chart.whole[1] if canvas.chart.whole else None
    past = one.previous if before is not None and one.previous else (0.0,) * len(one.values)
    changes = [(now or 0.0) - (then or 0.0) for now, then in zip(one.values, past, strict=True)]
    own = changes[: len(changes) - (1 if canvas.section.others else 0)]  # of rows that stand for themselves
    rows = [at for at in largest(own, CATEGORIES - 3) if own[at]]
    steps = [(canvas.labels[at], own[at]) for at in rows]
    rest = whole - start - math.fsum(change for _, change in steps)
    hidden = sum(map(bool, own)) - len(rows)
    if hidden or abs(rest) > max(abs(whole), abs(start)) * 1e-9:
        steps.append((others_name(canvas, hidden + all_rows(canvas) - len(own)), rest))
    return steps, largest_drawn(canvas, len(rows), all_rows(canvas)) if hidden else ()


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
