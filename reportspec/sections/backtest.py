"""A back-test: what forecasts were worth, from a metric as it stood when past periods began."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from typing import Any, ClassVar

from reportspec.calendar import Period, instant, period_label, previous_period
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.answers import Answers
from reportspec.measures.arithmetic import Number, divided, metric_value, number
from reportspec.measures.asked import measures
from reportspec.measures.metric_columns import Footnotes, metric_column
from reportspec.measures.words import word
from reportspec.model.column_ids import Aggregated, ColumnId
from reportspec.model.domain import Metric
from reportspec.model.figures import Cell, Column, Section
from reportspec.model.query import AggregateQuery, Query, Side
from reportspec.model.spec import Report, SectionSpec
from reportspec.resolve.binding import Unresolved
from reportspec.rounding import half_up
from reportspec.sections.asked_metrics import Rules, find_metric, unusable
from reportspec.sections.asking import conditions_of
from reportspec.sections.context import Context, Draft, label_of, title_of
from reportspec.sections.section_kind import Kind, section_of
from reportspec.sections.text import nothing_served


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestSection(SectionSpec):
    """A metric as it stood when each of some past periods began, oldest first, and the one that tells what came."""

    kind: ClassVar[str] = "backtest"
    metric: Metric
    against: Metric
    periods: tuple[Period, ...] = ()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Both metrics."""
        return (self.metric, self.against)


def check(context: Context, draft: Draft) -> SectionSpec | None:
    """Two metrics of one unit, and the periods before the report's."""
    title = title_of(context, draft, "backtest")
    both, period = _both(context, draft), context.period
    if both is None or period is None:
        return nothing_served(context, draft, title)
    past: list[Period] = []
    for _ in range(int(draft.body.get("periods", 6))):
        period = previous_period(period, context.fiscal)
        past.append(period)
    return BacktestSection(
        **draft.common(context),
        title=title,
        conditions=draft.conditions,
        metric=both[0],
        against=both[1],
        periods=tuple(reversed(past)),
    )


def _both(context: Context, draft: Draft) -> tuple[Metric, Metric] | None:
    """The metric and the one that it is held against, or None, with the mistake told."""
    metrics: list[Metric] = []
    everywhere = (*context.conditions, *draft.conditions)
    for key in ("metric", "against"):
        place = (*draft.inner, key)
        metric = find_metric(context.binding, context.document, str(draft.body[key]), place, quiet=draft.standard)
        if metric is None:
            continue
        problem = unusable(context, metric, Rules(rows=True), (), everywhere)
        if problem is None:
            metrics.append(metric)
        else:
            draft.refuse(context, metric.id, label_of(context, metric.label), problem, place)
    if len(metrics) != 2 or context.period is None:
        return None
    if metrics[0].unit != metrics[1].unit:
        problem = Unresolved(
            "units-differ",
            f"`{metrics[0].id}` and `{metrics[1].id}` are of different units and cannot be held against each other",
            "name two of one unit",
        )
        draft.refuse(context, metrics[1].id, label_of(context, metrics[1].label), problem, (*draft.inner, "against"))
        return None
    return metrics[0], metrics[1]


def queries(report: Report, spec: BacktestSection) -> tuple[Query, ...]:
    """Each past period twice: as it was known when it began, and when it was over."""
    zone, conditions = report.binding.zone, conditions_of(report, spec)
    queries: list[Query] = []
    for index, period in enumerate(spec.periods):
        start, end = instant(period.start, zone), instant(period.end, zone)
        for purpose, metric, at in ((_then(index), spec.metric, start), (_came(index), spec.against, end)):
            side = Side("current", period.start, period.end, at)
            queries.append(AggregateQuery(spec.id, purpose, (), measures(report, metric), (side,), conditions))
    return tuple(queries)


def _then(index: int) -> str:
    return f"then {index}"


def _came(index: int) -> str:
    return f"came {index}"


def figures(report: Report, spec: BacktestSection, answers: Answers, footnotes: Footnotes) -> Section:
    """A row for each past period: what was said, what came, and how far off that was."""
    catalogue, language = report.binding.catalogue, report.language
    counts: dict[ColumnId, int] = {}
    for index in range(len(spec.periods)):
        for row in answers.rows(spec.id, _then(index))[:1]:
            for column in row:
                if isinstance(column, Aggregated) and column.part == "unknown":
                    counts[column] = counts.get(column, 0) + int(row[column] or 0)
    then = metric_column(report, spec.metric, footnotes, counts)
    came = metric_column(report, spec.against, footnotes, None)
    # A forecast that is too high is as wrong as one that is too low, whichever way the metric is better.
    off = replace(
        came, name="error", label=word(language, "error"), role="difference", direction="neutral", footnotes=()
    )
    share = replace(
        off,
        name="error_share",
        label=word(language, "error_share"),
        unit="percent",
        currency=None,
        type="number",
        role="change",
        metric=None,
    )
    then = replace(then, name="forecast", label=word(language, "forecast_then", then.label))
    came = replace(came, name="actual")
    rows: list[tuple[Cell, ...]] = []
    errors = []
    for index, period in enumerate(spec.periods):
        forecast = _single(catalogue, spec.metric, answers, spec.id, _then(index))
        real = _single(catalogue, spec.against, answers, spec.id, _came(index))
        # What lies beyond the data has not been said, and of what they have in part it is not known
        # what came.
        forecast = forecast if _go_to(report, period.start) else None
        real = real if _go_to(report, period.end) else None
        apart = None if forecast is None or real is None else number(forecast - real)
        relative = divided(apart, real)
        if relative is not None:
            errors.append(abs(relative))
        rows.append((period_label(period, language, report.locale), forecast, real, apart, relative))
    columns = (Column("period", word(language, "period"), "text", role="dimension"), then, came, off, share)
    section = section_of(spec, columns=columns, rows=tuple(rows), available_rows=len(rows))
    return replace(section, notes=(*section.notes, _verdict(report, spec, rows, errors)))


def _go_to(report: Report, day: date) -> bool:
    """Whether the data go to the beginning of a day."""
    return instant(day, report.binding.zone) <= report.known


def _single(catalogue: Any, metric: Metric, answers: Answers, section: str, purpose: str) -> Number:
    row = next(iter(answers.rows(section, purpose)), {})
    return metric_value(catalogue, metric, row)


def _verdict(report: Report, spec: BacktestSection, rows: list[tuple[Cell, ...]], errors: list[float]) -> str:
    if not errors:
        return word(report.language, "no_verdict")
    mean = math.fsum(errors) / len(errors)
    high = sum(1 for row in rows if isinstance(row[3], (int, float)) and row[3] > 0)
    return word(report.language, "verdict", f"{half_up(mean * 100, 0)}", len(errors), high)


BACKTEST = Kind(BacktestSection, check, queries, figures)
