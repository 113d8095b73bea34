"""What is drawn of many rows and many series, and what is said of the rest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from reportspec import languages
from reportspec.lazy_dataclass import dataclass
from reportspec.render.charts.kind import Canvas
from reportspec.render.charts.series import Series
from reportspec.render.locale import number

CATEGORIES = 15  # bars that one chart shows; the table has them all
SERIES = 8  # lines or layers that can still be told apart


@dataclass(frozen=True, slots=True)
class Drawn:
    """The names and the values to draw, what to say of a cut, and whether the last one is the rest."""

    names: tuple[str, ...]
    series: Series
    captions: tuple[str, ...] = ()
    rest: bool = False


def all_rows(canvas: Canvas) -> int:
    """How many rows there are to draw, those among the others and those that were cut included."""
    section, drawn = canvas.section, len(canvas.labels)
    if section.others:
        return drawn - 1 + section.others
    return max(section.available_rows, drawn)


def others_name(canvas: Canvas, count: int) -> str:
    """What the rest is called: `Others (12)`; `Other` where it is not known how many."""
    if not count:
        return canvas.formats.word("other")
    return languages.word(canvas.figures.language, "evaluation", "others").format(count)


def largest_drawn(canvas: Canvas, shown: int, available: int) -> tuple[str, ...]:
    """The caption that tells of a cut."""
    return (canvas.formats.word("largest_drawn", shown=shown, available=number(canvas.formats, available)),)


def largest(values: Sequence[float | None], most: int) -> list[int]:
    """The places of the largest, in their order."""
    return sorted(sorted(range(len(values)), key=lambda at: -abs(values[at] or 0.0))[:most])


def rows_to_draw(canvas: Canvas, one: Series, *, whole: bool) -> Drawn:
    """More than fit are the largest. Where values add up, the rest is one bar, which stands for the rows
    that are not drawn and for those among the others: in a chart of the `whole`, and wherever the
    rows have others already."""
    section, total = canvas.section, canvas.chart.whole
    if total is None or total[0] is None or not (whole or section.others):
        rows, captions = _largest(canvas, one)
        return Drawn(*_picked(canvas, one, rows), captions, whole and bool(section.others))
    count_of_rows = len(one.values) - (1 if section.others else 0)  # the rows that stand for themselves
    every = all_rows(canvas)
    if every == count_of_rows <= CATEGORIES:
        return Drawn(*_picked(canvas, one, list(range(count_of_rows))))
    rows = largest(one.values[:count_of_rows], CATEGORIES - 1)
    captions = largest_drawn(canvas, len(rows), every) if len(rows) < count_of_rows else ()
    names, kept = _picked(canvas, one, rows)
    previous = (*kept.previous, _rest(total[1], kept.previous)) if kept.previous else ()
    cut = Series(one.label, one.column, (*kept.values, _rest(total[0], kept.values)), previous)
    return Drawn((*names, others_name(canvas, every - len(rows))), cut, captions, True)


def few_series(
    canvas: Canvas, series: tuple[Series, ...], sum_rest: bool, most: int = SERIES
) -> tuple[tuple[Series, ...], tuple[str, ...]]:
    """At most so many series; what is left is summed into one more, or left out, and told."""
    if len(series) <= most:
        return series, ()
    other = canvas.formats.word("other")
    kept = set(sorted(range(len(series)), key=lambda at: -_size(series[at]))[: most - 1])
    chosen = tuple(kept_series for at, kept_series in enumerate(series) if at in kept)
    counts_told = {"shown": len(chosen), "available": number(canvas.formats, len(series))}
    if not sum_rest:
        return chosen, (canvas.formats.word("largest_series", **counts_told),)
    rest = Series(
        other, series[0].column, _sums([left_series for at, left_series in enumerate(series) if at not in kept])
    )
    return (*chosen, rest), (canvas.formats.word("rest_as_other", other=other, **counts_told),)


def few_rows(canvas: Canvas, series: tuple[Series, ...]) -> tuple[tuple[str, ...], tuple[Series, ...], tuple[str, ...]]:
    """The names and the series of the largest stacks."""
    rows, captions = _largest(canvas, Series("", series[0].column, _sums(series)))
    names = tuple(canvas.labels[row] for row in rows)
    return (
        names,
        tuple(replace(each_series, values=tuple(each_series.values[row] for row in rows)) for each_series in series),
        captions,
    )


def _largest(canvas: Canvas, one: Series) -> tuple[list[int], tuple[str, ...]]:
    count = len(one.values)
    captions = largest_drawn(canvas, CATEGORIES, count) if count > CATEGORIES else ()
    return largest(one.values, CATEGORIES), captions


def _picked(canvas: Canvas, one: Series, rows: list[int]) -> tuple[tuple[str, ...], Series]:
    """The names and the values of some rows."""
    values = tuple(one.values[row] for row in rows)
    previous = tuple(one.previous[row] for row in rows) if one.previous else ()
    return tuple(canvas.labels[row] for row in rows), Series(one.label, one.column, values, previous)


def _rest(whole: float | None, values: tuple[float | None, ...]) -> float | None:
    return None if whole is None else whole - math.fsum(value or 0.0 for value in values)


def _size(one: Series) -> float:
    return math.fsum(abs(value) for value in one.values if value is not None)


def _sums(series: Sequence[Series]) -> tuple[float | None, ...]:
    return tuple(
        math.fsum(value for value in column if value is not None)
        for column in zip(*(each_series.values for each_series in series), strict=True)
    )
