"""What all kinds of charts get, and what they give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import groupby
from typing import Literal

from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Chart, Column, Figures, Section
from reportspec.render.charts.series import Series, read_series
from reportspec.render.charts.svg import WIDTH
from reportspec.render.locale import Formats, compact, with_unit
from reportspec.render.palette import FAINT, INK, PREVIOUS, Palette


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a legend; `mark` is the place of a line's marks among those of `svg.mark`."""

    label: str
    colour: str
    shape: Literal["fill", "line", "dash"]
    mark: int | None = None


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart ready for the page: `alt` describes it to those who cannot see it."""

    svg: str
    title: str
    alt: str
    legend: tuple[Key, ...] = ()
    captions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Canvas:
    """What all charts of a section share; `labels` name the positions that its series have."""

    figures: Figures
    section: Section
    chart: Chart
    formats: Formats
    palette: Palette
    labels: tuple[str, ...] = ()
    width: float = WIDTH

    @property
    def over_time(self) -> bool:
        """Whether the positions are periods."""
        return any(column.name == self.chart.x and column.role == "period" for column in self.section.columns)

    @property
    def previous_label(self) -> str:
        """What the period is called that the report compares with."""
        compare = self.figures.compare
        return compare.label if compare else self.formats.word("previous")

    def write(self, value: float | None, column: Column) -> str:
        """A value as charts have it."""
        return self.formats.not_available if value is None else compact(self.formats, value, column)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of chart: what it is called in specs, and how it is drawn, of some also in half the width."""

    name: str
    draw: Callable[[Canvas], tuple[Drawing, ...]]
    halves: bool = False  # whether it can be drawn in half the width


def each_unit(draw: Callable[[Canvas, tuple[Series, ...]], Drawing]) -> Callable[[Canvas], tuple[Drawing, ...]]:
    """A drawing for each unit of the section's metrics: no axis has two."""

    def drawn(canvas: Canvas) -> tuple[Drawing, ...]:
        labels, series = read_series(canvas.section, canvas.chart, canvas.formats)
        labelled = replace(canvas, labels=labels)
        units = [
            tuple(alike)
            for _, alike in groupby(
                series, key=lambda each_series: (each_series.column.unit, each_series.column.currency)
            )
        ]
        return tuple(draw(labelled, alike) for alike in units if any(each_series.known for each_series in alike))

    return drawn


def finished(
    canvas: Canvas,
    series: tuple[Series, ...],
    svg: str,
    captions: tuple[str, ...] = (),
    shape: Literal["fill", "line"] | None = None,
    previous: Literal["fill", "dash"] | None = None,
    legend: tuple[Key, ...] = (),
) -> Drawing:
    """The drawing with its title, legend and captions."""
    column = series[0].column
    compared = previous is not None and any(each_series.previous for each_series in series)
    if shape and len(series) > 1:
        legend = tuple(
            Key(each_series.label, canvas.palette.series[k], shape, k if shape == "line" else None)
            for k, each_series in enumerate(series)
        )
        if compared:
            remark = canvas.formats.word("dashed_is_previous", label=canvas.previous_label)
            captions = (remark, *captions)
    elif shape and compared and previous:
        legend = (
            Key(canvas.figures.period.label, canvas.palette.accent, shape),
            Key(canvas.previous_label, PREVIOUS if previous == "fill" else FAINT, previous),
        )
    if canvas.chart.reference is not None:
        name = canvas.chart.reference_label or canvas.formats.word("goal")
        written = canvas.write(canvas.chart.reference, column)
        legend = (*legend, Key(f"{name} {written}", INK, "dash"))
    title = _title(canvas, series)
    alt = canvas.formats.word("chart_of", label=title, title=canvas.section.title)
    return Drawing(svg, title, alt, legend, captions)


def _title(canvas: Canvas, series: tuple[Series, ...]) -> str:
    title = ", ".join(dict.fromkeys(each_series.column.label for each_series in series))
    return with_unit(canvas.formats, title, "days") if series[0].column.unit == "days" else title
