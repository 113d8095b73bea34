"""A trend: a row for each step of the period, drawn over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from reportspec.calendar import Bucket, bucket_label, buckets, instant, period_label, same_point
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.answers import Answers
from reportspec.measures.arithmetic import counted, metric_value
from reportspec.measures.attainment import adds_up, goal_for
from reportspec.measures.cases import cases_of_row
from reportspec.measures.cautions import too_few, with_cautions
from reportspec.measures.dimensions import by_nature, dimension_column, shown_value
from reportspec.measures.metric_columns import Footnotes, additivity, lengths
from reportspec.measures.words import week_called, word
from reportspec.model.column_ids import BUCKET, Aggregated, Member, Row
from reportspec.model.domain import Metric
from reportspec.model.figures import Cell, Chart, Column, RowMark, Section
from reportspec.model.query import AggregateQuery, Query, Side
from reportspec.model.spec import GroupedSection, Report, SectionSpec
from reportspec.resolve.binding import metrics_needed
from reportspec.sections.asked_dimensions import dimensions_of
from reportspec.sections.asked_metrics import Rules, asked_metrics
from reportspec.sections.asking import also_second, rows_query, totals_query
from reportspec.sections.context import Context, Draft, title_of
from reportspec.sections.metric_rows import column_names, metric_cells, metric_columns, total_row
from reportspec.sections.section_kind import Kind, or_none_there, section_of
from reportspec.sections.text import nothing_served


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendSection(GroupedSection):
    """Metrics in the steps of the period, of a field's members apart where it has one."""

    kind: ClassVar[str] = "trend"
    tabled: ClassVar[bool] = True
    grain: str = ""
    chart: str | None = None
    totals: bool = True

    @property
    def step(self) -> str:
        """The grain."""
        return self.grain

    @property
    def targeted(self) -> tuple[Metric, ...]:
        """The chart has a line for the first metric's, where that of the period is that of each step."""
        return tuple(metric for metric in self.metrics[:1] if metric.unit in ("percent", "days", "ratio"))


def check(context: Context, draft: Draft) -> SectionSpec | None:
    """The metrics that are told over time."""
    dimensions, body = dimensions_of(context, draft), draft.body
    metrics = asked_metrics(context, draft, Rules(over_time=True), dimensions) if dimensions is not None else ()
    if dimensions is None or not metrics:
        return nothing_served(context, draft, title_of(context, draft, "trend"))
    if body.get("chart") == "multiples" and not dimensions:
        context.document.tell(
            "bad-chart",
            "`multiples` has columns for each value of a field",
            (*draft.inner, "chart"),
            "name one in `by`, or use `chart: bar`",
        )
    return TrendSection(
        **draft.common(context),
        title=title_of(context, draft, "trend", dimensions),
        conditions=draft.conditions,
        metrics=metrics,
        dimensions=dimensions,
        grain=str(body.get("grain") or context.grain),
        chart=body.get("chart"),
        totals=bool(body.get("totals", True)),
    )


def queries(report: Report, spec: TrendSection) -> tuple[Query, ...]:
    """The steps, and what does not add up over them."""
    rows = rows_query(report, spec, _in_steps(report, spec))
    asked = (*rows, *totals_query(report, spec, shown=spec.totals, over_time=True)) if rows else ()
    return also_second(report, asked, spec.grain)


def _in_steps(report: Report, spec: TrendSection) -> tuple[Side, ...]:
    periods = (report.period, report.compare)
    return tuple(
        replace(side, buckets=buckets(period, spec.grain, report.project.fiscal))
        for side, period in zip(report.sides, periods, strict=False)
        if period is not None
    )


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps of a trend: of each what its rows are made from, and the first that are not over, or not begun."""

    query: AggregateQuery
    found: Mapping[tuple[int, Any], Row]  # by step and member
    whole: Row  # what is not known of any step
    groups: Sequence[Any]
    ahead: frozenset[str]  # metrics that are known of steps to come
    partial_from: int | None
    ahead_from: int | None


def figures(report: Report, spec: TrendSection, answers: Answers, footnotes: Footnotes) -> Section:
    """A row for each step of the period, of each member where there is a dimension."""
    query = answers.aggregate(spec.id)
    assert query is not None
    rows = answers.rows(spec.id)
    total = total_row(report, spec, rows, answers)
    by = spec.dimensions[0] if spec.dimensions else None
    current = query.sides[0].buckets
    weekly = any(bucket.grain == "week" for bucket in current)
    columns = [
        Column("period", word(report.language, "week_of" if weekly else "period"), "date", role="period"),
        *([dimension_column(report, by)] if by is not None else []),
        *with_cautions(report, spec.metrics, rows, metric_columns(report, spec, footnotes, total), footnotes),
    ]
    growing = {metric.id for metric in spec.metrics if adds_up(report, metric)}
    columns = [replace(one, grows=one.role == "metric" and one.metric in growing) for one in columns]
    steps = _steps(report, spec, query, rows, total)
    body = [row for index in range(len(current)) for row in _rows(report, spec, steps, index)]
    names = _names(report, current)
    width = len(steps.groups)
    total_cells: tuple[Cell, ...] | None = None
    catalogue = report.binding.catalogue
    if spec.totals and all(m.time is not None for metric in spec.metrics for m in metrics_needed(catalogue, metric)):
        lead: list[Cell] = [None] * (2 if by is not None else 1)
        total_cells = (*lead, *metric_cells(report, spec.metrics, total, total))
    notes = tuple(
        _apart_note(report, side, [week_called(report.language, name) if weekly else name for name in apart])
        for side in query.sides[1:]
        if (apart := [name for index, name in enumerate(names) if _alone(report, (query.sides[0], side), index)])
    )
    lone = len(current) == 1 and spec.chart in (None, "line")  # a drawing of one step has nothing that the table lacks
    in_rows = spec.chart == "none" or _in_rows(report, spec, len(current))
    of_rows = [steps.found.get((index, group), {}) for index in range(len(current)) for group in steps.groups]
    few = [too_few(report, spec.metrics, row) for row in of_rows]
    section = section_of(
        spec,
        columns=tuple(columns),
        rows=tuple(body),
        total=total_cells,
        available_rows=len(body),
        row_labels=tuple(name for name in names for _ in range(width)),
        weekly=weekly,
        cut_rows=frozenset(
            at * width + member
            for at, bucket in enumerate(current)
            if bucket.partial or _mark(report, bucket)
            for member in range(width)
        ),
        row_marks=tuple(_mark(report, bucket) for bucket in current for _ in range(width)),
        chart=_chart(report, spec, steps) if body and not in_rows and not lone else None,
        bars=in_rows and spec.chart is None,
        cases=tuple(cases_of_row(report, spec.metrics[0], row) for row in of_rows),
        few=tuple(few) if any(few) else (),
        few_in_all=too_few(report, spec.metrics, total) if total_cells is not None else frozenset(),
    )
    return or_none_there(report, replace(section, notes=(*section.notes, *notes)))


MOST_PANELS = 8  # of values of a field, beside each other
FEW_STEPS = 12  # that the bars of a table show as well as a drawing


def _in_rows(report: Report, spec: TrendSection, count: int) -> bool:
    """Whether its table is its chart: few steps, of nothing apart, where no goal runs through all of them and nobody
    asked for another."""
    goal = goal_for(report, spec, spec.metrics[0])
    lined = goal is not None and goal.target is not None and bool(spec.targeted)
    return spec.chart is None and not spec.dimensions and 1 < count <= FEW_STEPS and not lined


def _steps(report: Report, spec: TrendSection, query: AggregateQuery, rows: Sequence[Row], total: Row) -> _Steps:
    groups: list[Any] = [None]
    for by in spec.dimensions:
        adds = additivity(query)
        members = {row[Member(0)] for row in rows if counted(row, adds)}
        groups = sorted(members, key=lambda value: by_nature(report, by, value))
    by_bucket = {(row[BUCKET], row.get(Member(0))): row for row in rows}
    zone, current = report.binding.zone, query.sides[0].buckets
    running = (index for index, bucket in enumerate(current) if instant(bucket.end, zone) > report.reached)
    to_come = (index for index, bucket in enumerate(current) if instant(bucket.start, zone) >= report.reached)
    catalogue = report.binding.catalogue
    ahead = (metric.id for metric in spec.metrics if any(part.ahead for part in metrics_needed(catalogue, metric)))
    # What is expected of a step is asked of one instant; other stocks are counted at each step's own end.
    unplanned = (key for key in total if isinstance(key, Aggregated) and key.part == "unplanned")
    whole: Row = {key: total[key] for key in unplanned if catalogue.metrics[key.metric].ahead and total[key]}
    return _Steps(query, by_bucket, whole, groups, frozenset(ahead), next(running, None), next(to_come, None))


def _rows(report: Report, spec: TrendSection, steps: _Steps, index: int) -> list[tuple[Cell, ...]]:
    """The rows of a step."""
    catalogue, sides = report.binding.catalogue, steps.query.sides
    bucket = sides[0].buckets[index]
    future = instant(bucket.start, report.binding.zone) >= report.reached
    others = [
        (side.name, _answers(report, (sides[0], side), index)) for side in sides[1:] if report.compare is not None
    ]
    rows_of_trend = []
    for group in steps.groups:
        row = {**steps.found.get((index, group), {}), **steps.whole}
        for side in sides:
            if index < len(side.buckets):
                row |= lengths(report, side, side.buckets[index])
        cells: list[Cell] = [bucket.start]
        if spec.dimensions:
            cells.append(shown_value(report, spec.dimensions[0], group))
        for metric in spec.metrics:
            unknown = future and metric.id not in steps.ahead
            cells.append(None if unknown else metric_value(catalogue, metric, row))
            for side_name, compares in others:
                is_told = metric.id in steps.ahead or compares
                cells.append(metric_value(catalogue, metric, row, side_name) if is_told else None)
        rows_of_trend.append(tuple(cells))
    return rows_of_trend


def _names(report: Report, current: Sequence[Bucket]) -> list[str]:
    """What the steps are called."""
    with_year = report.period.start.year != (report.period.end - timedelta(days=1)).year
    return [bucket_label(bucket, report.language, with_year, report.locale) for bucket in current]


def _chart(report: Report, spec: TrendSection, steps: _Steps) -> Chart:
    several = len(steps.query.sides[0].buckets) > 1
    first, by = spec.metrics[0], spec.dimensions[0] if spec.dimensions else None
    named = {one: one for one in ("bar", "stacked", "multiples")}
    kind = named.get(spec.chart or "", "line" if several else "bar")
    few = 1 < len(steps.groups) <= MOST_PANELS and several and len(steps.query.sides[0].buckets) <= FEW_STEPS
    if by is not None and spec.chart is None and few and first.adds_up:
        kind = "multiples"
    if kind == "bar" and by is not None and first.adds_up:
        kind = "stacked"  # a bar for each step, of which the values of the field are parts
    goal = goal_for(report, spec, first)
    shown = goal.target if goal and spec.targeted and kind != "multiples" else None
    every = kind == "multiples" or (kind == "stacked" and by is None)  # small multiples have no table with the others
    return Chart(
        kind,
        "period",
        tuple(m.id for m in spec.metrics) if every else (first.id,),
        by.name if by else None,
        shown,
        None,
        steps.partial_from,
        steps.ahead_from,
    )


def _mark(report: Report, bucket: Bucket) -> RowMark:
    """What stands at a step's name while the step is not over, whatever is drawn of it."""
    begins, ends = instant(bucket.start, report.binding.zone), instant(bucket.end, report.binding.zone)
    if ends <= report.reached:
        return ""
    if report.ended is not None:
        return "no_data_yet" if begins >= report.reached else "in_part"
    return "not_begun" if begins >= report.reached else "in_progress"


def _apart(report: Report, sides: tuple[Side, Side], index: int) -> bool:
    """Whether a step and the one of the other period were cut to different lengths by the bounds of
    their periods: 1 to 4 October, and 1 to 6 September. One that is not over is compared as far as it
    has come."""
    if index >= len(sides[1].buckets):
        return False
    bucket, before = sides[0].buckets[index], sides[1].buckets[index]
    over = instant(bucket.end, report.binding.zone) <= report.reached
    cut = bucket.partial or before.partial
    return over and cut and bucket.end - bucket.start != before.end - before.start


def _apart_note(report: Report, side: Side, apart: Sequence[str]) -> str:
    """What is said of steps that are not compared with those of another period; of which one where there are two."""
    listed = ", ".join(apart)
    if report.second is None or report.compared is None or report.compared_besides is None:
        return word(report.language, "steps_apart", listed)
    stretch = report.compared if side.name == "previous" else report.compared_besides
    return word(report.language, "steps_apart_from", listed, period_label(stretch, report.language, report.locale))


def _alone(report: Report, sides: tuple[Side, Side], index: int) -> bool:
    """Whether a step that has begun shows no earlier figure, also where the other period has none in its place."""
    if report.compare is None:
        return False
    begun = instant(sides[0].buckets[index].start, report.binding.zone) < report.reached
    return begun and not _answers(report, sides, index)


def _answers(report: Report, sides: tuple[Side, Side], index: int) -> bool:
    """Whether a bucket has one of the other period to stand beside. Where an unfinished period cuts
    one of the two, both must be the same stretch: four days of a week say nothing beside one."""
    current, other = sides
    if index >= len(other.buckets) or _apart(report, sides, index):
        return False
    zone, bucket, before = report.binding.zone, current.buckets[index], other.buckets[index]
    bounds = [
        (instant(bucket_of_side.start, zone), instant(bucket_of_side.end, zone), side.as_of)
        for side, bucket_of_side in ((current, bucket), (other, before))
    ]
    if not report.unfinished or all(end <= reached for _, end, reached in bounds):
        return True
    if any(start >= reached for start, _, reached in bounds):
        return False
    compared = report.comparison(other.name)
    assert compared is not None
    own_stretch, there = ((start, min(end, reached)) for start, end, reached in bounds)
    return there == tuple(
        same_point(at, report.period, compared.period, zone, compared.alignment) for at in own_stretch
    )


def columns(context: Context, spec: TrendSection) -> tuple[str, ...]:
    """What its columns are called."""
    by = tuple(dimension.name for dimension in spec.dimensions)
    return ("period", *by, *column_names(spec.metrics, context.compared))


TREND = Kind(TrendSection, check, queries, figures, columns, metrics="metrics")
