"""The rows behind a figure as it stands in a report: those of its table's row, its step of the period and its side.

They are shown only where they come to the very figure that the report has: the same aggregates are asked over them
again, and held against it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from math import isclose
from typing import Any, Literal

from sqlglot import exp

from reportspec.calendar import Bucket, buckets, instant
from reportspec.compile import statement_of
from reportspec.contract.survey import ask
from reportspec.expression.sandbox import parse
from reportspec.expression.trees import all_of, literal
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.arithmetic import metric_value, number
from reportspec.measures.asked import measures_of_rows, reads_total
from reportspec.measures.dimensions import shown_value
from reportspec.measures.metric_columns import lengths, targets
from reportspec.model.column_ids import ColumnId, Target
from reportspec.model.domain import Metric
from reportspec.model.figures import Cell
from reportspec.model.query import ENDS_BEFORE, AggregateQuery, Dimension, Side
from reportspec.model.spec import Report, SectionSpec
from reportspec.reference.explanation import english
from reportspec.render.figure_marks import Marked
from reportspec.resolve.binding import Unresolved, metrics_needed
from reportspec.review.explained_row import (
    RowAsked,
    ToldRow,
    ToldValue,
    fields_told,
    found_by,
    told_row,
    told_value,
)
from reportspec.review.moved_rows import name_of
from reportspec.sql.column_names import read
from reportspec.sql.counted_rows import Counting, conditions_asked, rows_statement

SideAsked = Literal["current", "previous"]
MOST_ROWS = 200  # of one aggregate that are shown


@dataclass(frozen=True, slots=True)
class CountedRow:
    """A row: what it adds (an amount in the report's currency; nothing where it has no part), what it lacks that would
    be added, and what it has of each of the fields."""

    adds: Any
    lacks: tuple[str, ...]
    values: tuple[ToldValue, ...]


@dataclass(frozen=True, slots=True)
class CountedPart:
    """An aggregate that a figure is made of, with its rows, those that add the most first; `more` says that there are
    others, which are not shown. The first of the fields is what rows are found by, and the second, where they are
    `named`, what they are called."""

    metric: str
    label: str
    unit: str
    entity: str
    fields: tuple[str, ...]
    rows: tuple[CountedRow, ...]
    more: bool
    named: bool


@dataclass(frozen=True, slots=True)
class FigureRows:
    """The rows behind a figure of one side: [start, end) of its stretch of time, and the instant at which states are
    taken. Where they are not shown, `why` says so."""

    side: SideAsked
    period: tuple[date, date]
    as_of: str
    parts: tuple[CountedPart, ...] = ()
    why: str = ""


def spec_of(report: Report, found: Marked) -> SectionSpec | None:
    """The section of a report that a figure stands in."""
    return next((one for one in report.sections if one.id == found.section.id), None)


def metric_of(report: Report, found: Marked) -> Metric | None:
    """The metric that a figure is of: as its section asks for it, with its options, else as the catalogue has it."""
    spec = spec_of(report, found)
    own = [metric for metric in (spec.metrics if spec is not None else ()) if metric.id == found.column.metric]
    return own[0] if own else report.binding.catalogue.metrics.get(found.column.metric or "")


def figure_rows(report: Report, found: Marked, asked: SideAsked = "current", most: int = MOST_ROWS) -> FigureRows:
    """The rows behind a figure of a settled report, where it has `for_each` of one value. Raises SourceError."""
    side = report.sides[0] if asked == "current" else report.sides[1]
    spec, metric = spec_of(report, found), metric_of(report, found)
    bucket = _bucket(report, spec, found, asked) if spec is not None else None
    if bucket is not None:
        side = replace(side, start=bucket.start, end=bucket.end)
    until = _as_of(report, side, metric, bucket)
    answer = FigureRows(asked, (side.start, side.end), until.astimezone(report.binding.zone).isoformat())
    own = _of_row(report, spec, found) if spec is not None else None
    if spec is None or metric is None or own is None or (bucket is None and _in_steps(found)):
        return replace(answer, why="what it is made of is not told row by row")
    if asked == "previous" and _value(found, asked) is None:
        return replace(answer, why="there is no figure of the other period")
    conditions = (*report.conditions, *spec.conditions, *own)
    every = (*report.conditions, *spec.conditions) if reads_total(report.binding, metric) else None
    side = replace(side, name="current")
    try:
        parts, figure = _counted(report, metric, side, bucket, conditions, every, most, _targets(report, found))
    except Unresolved as error:
        return replace(answer, why=error.message)
    if not _same(figure, _value(found, asked)):
        why = f"counted by themselves they come to {_told(figure)} and the report has {_told(_value(found, asked))}"
        return replace(answer, why=f"rows are not shown: {why}")
    return replace(answer, parts=parts)


def _counted(
    report: Report,
    metric: Metric,
    side: Side,
    bucket: Bucket | None,
    conditions: tuple[exp.Expr, ...],
    every: tuple[exp.Expr, ...] | None,
    most: int,
    goals: Mapping[ColumnId, Any],
) -> tuple[tuple[CountedPart, ...], Cell]:
    """The aggregates of a metric with their rows, and what the metric comes to over them."""
    binding = report.binding
    needed = list(metrics_needed(binding.catalogue, metric))
    sides = [replace(side, as_of=_as_of(report, side, part, bucket)) for part in needed]
    countings = [
        Counting(measures_of_rows(binding, part), own, conditions) for part, own in zip(needed, sides, strict=True)
    ]
    told = [_fields(report, part, counting) for part, counting in zip(needed, countings, strict=True)]
    wholes = [_whole(counting, conditions) for counting in countings]
    totals = [_whole(counting, every) for counting in countings] if every is not None else []
    trees = [statement_of(report, query) for query in (*wholes, *totals)]
    trees += [
        rows_statement(binding, counting, fields, counted=True, most=most + 1, largest=True)
        for counting, fields in zip(countings, told, strict=True)
    ]
    tables = ask(report, trees)
    lengths_of = {**lengths(report, side, bucket), **goals}
    row: dict[ColumnId, Any] = {**lengths_of}
    total: dict[ColumnId, Any] = {**lengths_of}
    for query, table in zip(wholes, tables, strict=False):
        row |= read(query, table)[0]
    for query, table in zip(totals, tables[len(wholes) :], strict=False):
        total |= read(query, table)[0]
    figure = number(metric_value(binding.catalogue, metric, row, "current", total if totals else row))
    parts = []
    for part, counting, fields, table in zip(needed, countings, told, tables[-len(needed) :], strict=True):
        asked = conditions_asked(binding, counting)
        rows = tuple(
            _row(report, part, fields, told_row(report, part, counting, asked, fields, one), one)
            for one in table.dicts()[:most]
        )
        names = tuple(".".join(path) for path in fields)
        more = len(table.rows) > most
        named = name_of(binding, part.entity) is not None
        parts.append(CountedPart(part.id, english(part.label), part.unit, part.entity, names, rows, more, named))
    return tuple(parts), figure


def _as_of(report: Report, side: Side, metric: Metric | None, bucket: Bucket | None) -> datetime:
    """The instant at which states are taken: of what there is at a time the end of the step, of what happens in it that
    of the whole side, so that steps add up to it."""
    if (
        bucket is None
        or metric is None
        or any(part.time is not None for part in metrics_needed(report.binding.catalogue, metric))
    ):
        return side.as_of
    return min(instant(bucket.end, report.binding.zone), side.as_of)


def _targets(report: Report, found: Marked) -> Mapping[ColumnId, Any]:
    """The targets of goals, also those that the source has, as they stand in tiles."""
    told: dict[ColumnId, Any] = {**targets(report)}
    return told | {Target(kpi.column.metric or ""): kpi.goal.target for kpi in found.section.kpis if kpi.goal}


def _whole(counting: Counting, conditions: tuple[exp.Expr, ...]) -> AggregateQuery:
    return AggregateQuery("rows", "figures", (), counting.measures, (counting.side,), conditions)


def _fields(report: Report, part: Metric, counting: Counting) -> tuple[tuple[str, ...], ...]:
    """The fields that rows are shown by: their key, their name, and what is in conditions and values."""
    binding = report.binding
    key = found_by(binding, counting.entity, RowAsked(""))
    fields = fields_told(binding, part, conditions_asked(binding, counting), key)
    name = name_of(binding, counting.entity)
    return tuple(dict.fromkeys([key, *([name] if name is not None else []), *fields]))


def _row(
    report: Report, part: Metric, fields: Sequence[tuple[str, ...]], told: ToldRow, row: Mapping[str, Any]
) -> CountedRow:
    values = tuple(told_value(report.binding, part.entity, path, row[f"f{at}"]) for at, path in enumerate(fields))
    return CountedRow(told.adds if told.counts else None, told.lacks, values)


# --- which rows a figure is of ---------------------------------------------------------------------


def _in_steps(found: Marked) -> bool:
    return found.kind in ("row", "others") and any(column.role == "period" for column, _ in found.row)


def _bucket(report: Report, spec: SectionSpec, found: Marked, asked: SideAsked) -> Bucket | None:
    """The step of the period that a figure is of, where it is of one."""
    period = report.period if asked == "current" else report.compare
    day = next((cell for column, cell in found.row if column.role == "period"), None)
    if found.kind != "row" or day is None or period is None or spec.step == "step":
        return None
    fiscal = report.project.fiscal
    index = next((one.index for one in buckets(report.period, spec.step, fiscal) if one.start == day), None)
    steps = buckets(period, spec.step, fiscal)
    return steps[index] if index is not None and index < len(steps) else None


def _of_row(report: Report, spec: SectionSpec, found: Marked) -> tuple[exp.Expr, ...] | None:
    """What the rows of a table's row fulfil besides the section's conditions. None where no condition says it."""
    if found.kind == "total" or found.section.kpis:
        return ()
    named = [(column, cell) for column, cell in found.row if column.role in ("dimension", "group", "field")]
    by_name = {dimension.name: dimension for dimension in spec.dimensions}
    if {column.name for column, _ in named if column.role == "dimension"} != set(by_name):
        return None
    if found.kind == "subtotal":
        named = named[:1]
    if found.kind == "others":
        return _others(report, spec, found)
    trees = [_is(report, by_name[column.name], cell) for column, cell in named if column.name in by_name]
    return tuple(tree for tree in trees if tree is not None) if None not in trees else None


def _others(report: Report, spec: SectionSpec, found: Marked) -> tuple[exp.Expr, ...] | None:
    """That rows are in none of the rows that are shown."""
    if len(spec.dimensions) != 1:
        return None
    [dimension] = spec.dimensions
    place = next(at for at, column in enumerate(found.section.columns) if column.name == dimension.name)
    shown = [_is(report, dimension, row[place]) for row in found.section.rows[:-1]]
    if None in shown:
        return None
    return tuple(exp.Not(this=exp.Paren(this=tree)) for tree in shown if tree is not None)


def _is(report: Report, dimension: Dimension, cell: Cell) -> exp.Expr | None:
    """That rows have the value of a dimension that a cell shows; None where it is not known which one that is."""

    def field(path: tuple[str, ...] = dimension.path) -> exp.Expr:
        return parse(".".join(path), packaged=True)

    def equal(value: Any, path: tuple[str, ...] = dimension.path) -> exp.Expr:
        return exp.EQ(this=field(path), expression=literal(value))

    if cell is None:
        return exp.Is(this=field(), expression=exp.Null())
    if dimension.bins:
        places = [*([ENDS_BEFORE] if dimension.ends_before else []), *range(len(dimension.bins) + 1)]
        index = next((at for at in places if shown_value(report, dimension, at) == cell), None)
        if index is None:
            return None
        bounds: list[exp.Expr] = []
        if index == ENDS_BEFORE:
            return exp.LT(this=field(), expression=literal(0))
        if index == 0 and dimension.ends_before:
            bounds.append(exp.GTE(this=field(), expression=literal(0)))
        if index > 0:
            bounds.append(exp.GTE(this=field(), expression=literal(dimension.bins[index - 1])))
        if index < len(dimension.bins):
            bounds.append(exp.LT(this=field(), expression=literal(dimension.bins[index])))
        return all_of(bounds)
    if dimension.key:
        keys = [key for key, name in dimension.called if name == cell]
        if len(keys) == 1:
            return equal(keys[0], dimension.key)
        if keys or not dimension.called:
            return None
        return equal(str(cell))
    labels = [value for value in dimension.field.value_labels if shown_value(report, dimension, value) == cell]
    if labels:
        return equal(labels[0]) if len(labels) == 1 else None
    if dimension.field.type in ("time", "money", "number") or isinstance(cell, float):
        return None
    return equal(cell)


def _value(found: Marked, asked: SideAsked) -> Cell:
    """The figure of a side in the row."""
    own = next((c for c, _ in found.row if c.role == "metric" and c.metric == found.column.metric), None)
    if own is None:
        return None
    name = own.name if asked == "current" else f"{own.name}__previous"
    return next((cell for column, cell in found.row if column.name == name), None)


def _same(one: Cell, other: Cell) -> bool:
    if isinstance(one, (str, date)) or isinstance(other, (str, date)) or one is None or other is None:
        return one == other
    return isclose(float(one), float(other), rel_tol=1e-9, abs_tol=1e-9)


def _told(value: Cell) -> str:
    return "none" if value is None else f"{value:,}" if isinstance(value, (int, float)) else str(value)
