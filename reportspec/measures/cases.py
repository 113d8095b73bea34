"""How many cases a figure rests on."""

from __future__ import annotations

from reportspec.measures.arithmetic import metric_value
from reportspec.model.column_ids import Aggregated, Part, Row, SideName
from reportspec.model.domain import Metric
from reportspec.model.spec import Report
from reportspec.resolve.binding import metrics_needed


def cases(report: Report, metric: Metric, row: Row, side: SideName = "current") -> int:
    """The cases that a figure rests on: the rows of an average or a sum, what a ratio divides by."""
    catalogue = report.binding.catalogue
    if metric.kind == "ratio":
        return cases(report, catalogue.metrics[metric.denominator], row, side)
    if metric.kind != "aggregate":
        counts = [cases(report, part, row, side) for part in metrics_needed(catalogue, metric)]
        return min(counts, default=0)
    part: Part = "value" if metric.aggregate == "count" else "n"
    return int(row.get(Aggregated(metric.id, part, side)) or 0)


def cases_of_row(report: Report, metric: Metric, row: Row) -> tuple[tuple[int, int | None], ...]:
    """The cases of a row's figure now and before, each with how many of them it is of a rate."""
    return tuple(cases_and_hits(report, metric, row, side) for side in report.side_names[:2])


def cases_and_hits(report: Report, metric: Metric, row: Row, side: SideName = "current") -> tuple[int, int | None]:
    """(cases, how many of them) of a rate of counts; without the latter for other figures."""
    catalogue = report.binding.catalogue
    if metric.kind == "ratio" and metric.unit == "percent":
        top = catalogue.metrics[metric.numerator]
        if top.kind == "aggregate" and top.aggregate in ("count", "count_distinct"):
            of = int(metric_value(catalogue, top, row, side) or 0)
            return cases(report, metric, row, side), of
    return cases(report, metric, row, side), None
