"""Rows of metrics: their cells, the row over all of them, their columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reportspec.measures.answers import Answers
from reportspec.measures.arithmetic import metric_value, summed
from reportspec.measures.metric_columns import Footnotes, additivity, all_lengths, metric_column, other_columns
from reportspec.model.column_ids import ColumnId, Row
from reportspec.model.domain import Metric
from reportspec.model.figures import Cell, Column
from reportspec.model.spec import Report, SectionSpec


def metric_cells(report: Report, metrics: Sequence[Metric], row: Row, total: Row) -> list[Cell]:
    """The metrics of a row, each with its values on the other sides where there are any."""
    catalogue, sides = report.binding.catalogue, report.side_names
    return [metric_value(catalogue, metric, row, side, total) for metric in metrics for side in sides]


def metric_columns(report: Report, spec: SectionSpec, footnotes: Footnotes, total: Row) -> list[Column]:
    """The columns of these cells, with the footnotes that the row over all calls for."""
    columns = []
    for metric in spec.metrics:
        column = metric_column(report, metric, footnotes, total, spec.conditions)
        columns += [column, *other_columns(report, column)]
    return columns


def total_row(report: Report, spec: SectionSpec, rows: Sequence[Row], answers: Answers) -> dict[ColumnId, Any]:
    """The aggregates over all rows: added up where they add up, else fetched on their own."""
    total = summed(rows, additivity(answers.aggregate(spec.id)))
    for total_row in answers.rows(spec.id, "totals")[:1]:
        total |= total_row
    return {**total, **all_lengths(report)}


def column_names(metrics: Sequence[Metric], others: Sequence[str]) -> tuple[str, ...]:
    """What these columns are called, with those of `others` sides."""
    return tuple(name for metric in metrics for name in (metric.id, *(f"{metric.id}__{side}" for side in others)))
