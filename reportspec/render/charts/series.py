"""From a section's rows to what a chart draws: labelled positions and runs of values."""

from __future__ import annotations

from collections.abc import Iterable

from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Cell, Chart, Column, Section
from reportspec.render.locale import Formats, is_number, name_of


@dataclass(frozen=True, slots=True)
class Series:
    """One run of values over the chart's x positions."""

    label: str
    column: Column
    values: tuple[float | None, ...]
    previous: tuple[float | None, ...] = ()
    few: frozenset[int] = frozenset()  # the places of values that rest on so few cases that they say little

    @property
    def known(self) -> tuple[float, ...]:
        both = (*self.values, *self.previous)
        return tuple(value for value in both if value is not None)


def read_series(section: Section, chart: Chart, formats: Formats) -> tuple[tuple[str, ...], tuple[Series, ...]]:
    """The labels of the chart's x positions, and its series: one per metric, or per colour."""
    places = {column.name: place for place, column in enumerate(section.columns)}
    row_labels = _row_labels(section, places[chart.x], formats, split=chart.color is None)
    if chart.color is not None:
        return _by_colour(section, chart, places, row_labels, formats)
    series = []
    for name in chart.y:
        column = section.columns[places[name]]
        values = _numbers(row[places[name]] for row in section.rows)
        marks = _previous(section, column)
        series.append(Series(column.label, column, values, marks))
    return row_labels, tuple(series)


def _row_labels(section: Section, x: int, formats: Formats, split: bool) -> tuple[str, ...]:
    """What each row is called on the axis. Rows that share a name also say what divides them."""
    if section.columns[x].role == "period" and len(section.row_labels) == len(section.rows):
        return section.row_labels
    labels = tuple(name_of(formats, row[x], section.columns[x]) for row in section.rows)
    if not split or len(set(labels)) == len(labels):
        return labels
    parts = [place for place, column in enumerate(section.columns) if column.role in ("dimension", "period")]
    named = [
        " · ".join(name_of(formats, row[place], section.columns[place]) for place in parts) for row in section.rows
    ]
    return (*named[:-1], labels[-1]) if section.others else tuple(named)  # the others are no value of a second field


def _by_colour(
    section: Section,
    chart: Chart,
    places: dict[str, int],
    row_labels: tuple[str, ...],
    formats: Formats,
) -> tuple[tuple[str, ...], tuple[Series, ...]]:
    """Long rows (x, colour, value) as one series per colour, both in order of appearance."""
    assert chart.color is not None
    colour, measure = places[chart.color], places[chart.y[0]]
    positions: dict[tuple[Cell, str], int] = {}
    cells: dict[str, dict[int, float | None]] = {}
    few: dict[str, set[int]] = {}
    metric = section.columns[measure].metric
    rests_on_few = section.few or (frozenset[str](),) * len(section.rows)
    for row, label, metrics in zip(section.rows, row_labels, rests_on_few, strict=True):
        at = positions.setdefault((row[places[chart.x]], label), len(positions))
        name = name_of(formats, row[colour], section.columns[colour])
        value = row[measure]
        cells.setdefault(name, {})[at] = float(value) if is_number(value) else None
        if metric in metrics:
            few.setdefault(name, set()).add(at)
    labels = tuple(label for _, label in positions)
    places_in_order = range(len(labels))
    return labels, tuple(
        Series(
            name,
            section.columns[measure],
            tuple(by_place.get(at) for at in places_in_order),
            few=frozenset(few.get(name, ())),
        )
        for name, by_place in cells.items()
    )


def _numbers(cells: Iterable[Cell]) -> tuple[float | None, ...]:
    return tuple(float(value) if is_number(value) else None for value in cells)


def _previous(section: Section, column: Column) -> tuple[float | None, ...]:
    for place, other in enumerate(section.columns):
        if other.role == "previous" and other.metric == column.metric:
            values = _numbers(row[place] for row in section.rows)
            return values if any(value is not None for value in values) else ()
    return ()
