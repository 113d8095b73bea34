"""Tiles: metrics with their change, their goal, and a line of how they came about."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from reportspec.calendar import buckets, default_grain, instant
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.answers import Answers
from reportspec.measures.arithmetic import metric_value
from reportspec.measures.asked import aggregates, can_trend, measures_of
from reportspec.measures.attainment import goal_for, goal_state
from reportspec.measures.cases import cases_and_hits
from reportspec.measures.cautions import caution, judged, none_booked
from reportspec.measures.metric_columns import (
    Footnotes,
    all_lengths,
    change,
    label,
    lengths,
    marked,
    metric_column,
    other_columns,
)
from reportspec.measures.words import word
from reportspec.model.column_ids import BUCKET, Aggregated, Row
from reportspec.model.domain import Metric
from reportspec.model.figures import Cell, Column, Kpi, Section
from reportspec.model.query import AggregateQuery, Measure, Query, Side
from reportspec.model.spec import Report, SectionSpec
from reportspec.resolve.binding import goals_needed, metrics_needed
from reportspec.sections.asked_metrics import Rules, asked_metrics
from reportspec.sections.asking import also_second, conditions_of, rows_query
from reportspec.sections.context import Context, Draft, title_of
from reportspec.sections.section_kind import Kind, section_of
from reportspec.sections.text import nothing_served

FEWEST_BUCKETS = 3  # fewer make no sparkline


@dataclass(frozen=True, slots=True, kw_only=True)
class KpisSection(SectionSpec):
    """A tile for each metric."""

    kind: ClassVar[str] = "kpis"
    metrics: tuple[Metric, ...] = ()

    @property
    def targeted(self) -> tuple[Metric, ...]:
        """Each tile has its metric's."""
        return self.metrics


def check(context: Context, draft: Draft) -> SectionSpec | None:
    """The metrics that the source can serve."""
    metrics = _with_goals(context, draft, asked_metrics(context, draft, Rules()))
    title = title_of(context, draft, "kpis")
    if not metrics:
        return nothing_served(context, draft, title)
    return KpisSection(**draft.common(context), title=title, conditions=draft.conditions, metrics=metrics)


def _with_goals(context: Context, draft: Draft, metrics: tuple[Metric, ...]) -> tuple[Metric, ...]:
    """The metrics, of a standard section without those made of goals that nobody set: their tiles would be empty."""
    if not draft.standard or context.data.get("metrics"):
        return metrics
    catalogue = context.binding.catalogue
    given = {str(name) for name in context.data.get("goals") or ()}
    needed = [(metric, goals_needed(catalogue, metric)) for metric in metrics]
    return tuple(metric for metric, goals in needed if not goals or given.intersection(goals))


def queries(report: Report, spec: KpisSection) -> tuple[Query, ...]:
    """The figures, and for sparklines the same in the steps of the period."""
    rows = rows_query(report, spec, report.sides)
    return (*also_second(report, rows), *_sparks(report, spec)) if rows else ()


def _sparks(report: Report, spec: KpisSection) -> tuple[Query, ...]:
    conditions, binding = conditions_of(report, spec), report.binding
    sides = _spark_sides(report)
    needed = aggregates(binding, spec.metrics)
    drawable = tuple(part for part in needed if can_trend(binding, part, conditions) and not part.ahead)
    if not sides or not drawable:
        return ()
    measures = tuple(m for part in drawable for m in measures_of(binding, part) if _is_drawn(m))
    return (AggregateQuery(spec.id, "buckets", (), measures, sides, conditions),)


def _is_drawn(measure: Measure) -> bool:
    """Whether a measure is of the value, or says that it is not known."""
    unknown = isinstance(measure.column, Aggregated) and measure.column.part in ("unknown", "unseen")
    return measure.keep == "value" or unknown


def _spark_sides(report: Report) -> tuple[Side, ...]:
    """The current side in buckets for sparklines, or nothing where the period is too short."""
    stretches = buckets(report.period, _spark_grain(report), report.project.fiscal)
    if len(stretches) < FEWEST_BUCKETS:
        return ()
    return (replace(report.sides[0], buckets=stretches),)


def _spark_grain(report: Report) -> str:
    grains = {"year": "month", "quarter": "week", "month": "week", "week": "day"}
    return grains.get(report.period.kind, default_grain(report.period))


def figures(report: Report, spec: KpisSection, answers: Answers, footnotes: Footnotes) -> Section:
    """A tile for each metric."""
    tiles, columns, cells = tiles_of(report, spec, answers, footnotes)
    return section_of(
        spec, columns=tuple(columns), rows=(tuple(cells),), available_rows=1, kpis=tuple(tiles), shape="tiles"
    )


def tiles_of(
    report: Report, spec: SectionSpec, answers: Answers, footnotes: Footnotes
) -> tuple[list[Kpi], list[Column], list[Cell]]:
    """The tiles of a section's metrics, and the same as a row: columns and cells."""
    rows = answers.rows(spec.id)
    row = {**(rows[0] if rows else {}), **all_lengths(report)}
    tiles: list[Kpi] = []
    columns: list[Column] = []
    cells: list[Cell] = []
    for metric in spec.metrics:
        tile = _tile(report, spec, metric, row, answers, footnotes)
        tiles.append(tile)
        columns.append(tile.column)
        cells.append(tile.value)
        columns += other_columns(report, tile.column)
        cells += [tile.previous, tile.second][: len(report.side_names) - 1]
    return tiles, columns, cells


def _tile(report: Report, spec: SectionSpec, metric: Metric, row: Row, answers: Answers, footnotes: Footnotes) -> Kpi:
    catalogue, compared = report.binding.catalogue, report.compare is not None
    column = metric_column(report, metric, footnotes, row, spec.conditions)
    value = metric_value(catalogue, metric, row)
    lacking = none_booked(report, metric, (row,), footnotes, whole=True)
    if lacking is not None:
        column = marked(column, lacking)
    elif value is None and metric.kind == "ratio":
        base = catalogue.metrics[metric.denominator]
        known = bool(metric_value(catalogue, base, row))  # then it is the other part that is not
        part = catalogue.metrics[metric.numerator] if known else base
        said = "no_part" if known else "no_base"
        footnote = word(report.language, said, label(report, metric.label), label(report, part.label))
        column = marked(column, footnotes.add(footnote))
    before = metric_value(catalogue, metric, row, "previous") if compared else None
    few = caution(report, metric, (row,), footnotes)
    column = marked(column, few) if few is not None else column
    if compared and not judged(report, metric, row):
        column = replace(column, direction="neutral")
    moved = change(metric, value, before) if compared else None
    goal = goal_state(report, metric, goal_for(report, spec, metric), value)
    second = metric_value(catalogue, metric, row, "second") if report.second is not None else None
    sides = report.side_names[:2]
    return Kpi(
        column,
        value,
        before,
        moved,
        goal,
        _spark(report, spec, metric, answers),
        bool(spec.conditions),
        second=second,
        second_change=change(metric, value, second) if report.second is not None else None,
        cases=tuple(cases_and_hits(report, metric, row, side) for side in sides),
        step=_spark_grain(report),
        mean=_is_mean(metric),
    )


def _is_mean(metric: Metric) -> bool:
    """Whether a figure is one of cases that differ, by their size: neither counted, nor added up, nor a share."""
    if metric.kind == "ratio":
        return metric.unit != "percent"
    return metric.kind == "aggregate" and metric.aggregate not in ("count", "count_distinct", "sum")


def _spark(report: Report, spec: SectionSpec, metric: Metric, answers: Answers) -> tuple[float | None, ...]:
    query = answers.aggregate(spec.id, "buckets")
    if query is None:
        return ()
    fetched = {m.metric for m in query.measures}
    if not {p.id for p in metrics_needed(report.binding.catalogue, metric)} <= fetched:
        return ()
    by_bucket = {row[BUCKET]: row for row in answers.rows(spec.id, "buckets")}
    points: list[float | None] = []
    # What comes within a step is less in one that is cut, or not over: it would look like a fall.
    flows = any(part.time is not None for part in metrics_needed(report.binding.catalogue, metric))
    for index, bucket in enumerate(query.sides[0].buckets):
        if instant(bucket.start, report.binding.zone) >= report.reached:
            break
        if flows and (bucket.partial or instant(bucket.end, report.binding.zone) > report.reached):
            continue
        row = {**by_bucket.get(index, {}), **lengths(report, query.sides[0], bucket)}
        value = metric_value(report.binding.catalogue, metric, row)
        points.append(None if value is None else float(value))
    return tuple(points) if sum(p is not None for p in points) >= 2 else ()


KPIS = Kind(KpisSection, check, queries, figures, metrics="metrics")
