"""What is asked of a source for the forecast of a metric that adds up over time, and its periods."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sqlglot import exp

from reportspec.forecasting.flow import Stretch
from reportspec.measures.answers import Answers
from reportspec.measures.asked import measures_of
from reportspec.measures.forecast_windows import Frame, frame_of, in_turn, rows_of, side_of
from reportspec.model.column_ids import BUCKET, Aggregated
from reportspec.model.domain import Metric
from reportspec.model.query import AggregateQuery, Query
from reportspec.model.spec import Report

Days = tuple[date, date]


def adds_up_over_time(metric: Metric) -> bool:
    """Whether a metric is an amount or a number of what happened in a period, which parts of it add up to."""
    return metric.kind == "aggregate" and metric.aggregate in ("count", "sum") and metric.time is not None


def flow_frame(report: Report) -> Frame:
    """The report's period and those before it, each with its origin."""
    return replace(frame_of(report), within=())


def flow_queries(report: Report, section: str, metric: Metric, conditions: tuple[exp.Expr, ...]) -> tuple[Query, ...]:
    """What there was of a metric in each period before its origin, and after it."""
    measures = tuple(
        replace(measure, at_one_rate=measure.unit == "currency" and measure.aggregate == "sum")
        for measure in measures_of(report.binding, metric)
    )
    parts = [part for whole in flow_frame(report).of_periods for part in _parts(flow_frame(report), whole)]
    return tuple(
        AggregateQuery(section, f"flow {number}", (), measures, (side_of(report, days),), conditions)
        for number, days in enumerate(in_turn(parts))
    )


def _parts(frame: Frame, days: Days) -> list[Days]:
    origin = max(frame.origin(days), days[0])
    return [part for part in ((days[0], origin), (origin, days[1])) if part[0] < part[1]]


def flow_stretches(report: Report, section: str, metric: Metric, answers: Answers) -> tuple[list[Stretch], list[Days]]:
    """The periods from the first one that has anything, oldest first, the report's last; and their days."""
    known, number, frame = dict[Days, tuple[float, float]](), 0, flow_frame(report)
    while (query := answers.aggregate(section, f"flow {number}")) is not None:
        for row in rows_of(answers, section, query.purpose):
            bucket = query.sides[0].buckets[int(row[BUCKET])]
            value = float(row.get(Aggregated(metric.id, "value")) or 0.0)
            cases = value if metric.aggregate == "count" else float(row.get(Aggregated(metric.id, "n")) or 0.0)
            known[bucket.start, bucket.end] = (value, cases)
        number += 1
    stretches = []
    for days in frame.of_periods:
        parts = [known.get(part, (0.0, 0.0)) for part in _parts(frame, days)]
        begun = len(parts) == 2 or frame.origin(days) >= days[1]
        before = parts[0] if begun else (0.0, 0.0)
        after = parts[-1] if len(parts) == 2 or not begun else (0.0, 0.0)
        stretches.append(Stretch(before[0], after[0], before[1] + after[1]))
    if report.begun:  # all that is known of the period lies before its origin, within a day as well
        last = stretches[-1]
        stretches[-1] = Stretch(last.result, 0.0, last.cases)
    first = next((at for at, each in enumerate(stretches) if each.cases > 0), len(stretches) - 1)
    return stretches[first:], list(frame.of_periods[first:])
