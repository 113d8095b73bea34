"""Rows of metrics: their cells, the row over all of them, their columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reportspec.measures.answers import Answers
from reportspec.measures.arithmetic import metric_value, summed
from reportspec.measures.metric_columns import Footnotes, additivity, all_lengths, metric_column, previous_column
from reportspec.model.column_ids import ColumnId, Row
from reportspec.model.domain import Metric
from reportspec.model.figures import Cell, Column
from reportspec.model.spec import Report, SectionSpec


def metric_cells(report: Report, metrics: Sequence[Metric], row: Row, total: Row) -> list[Cell]:
    """The metrics of a row, each with its value on the other side where there is one."""
    cells: list[Cell] = []
    for metric in metrics:
        cells.append(metric_value(report.binding.catalogue, metric, row, "current", total))
        if report.compare is not None:
            cells.append(metric_value(report.binding.catalogue, metric, row, "previous", total))
    return cells


def metric_columns(report: Report, spec: SectionSpec, footnotes: Footnotes, total: Row) -> list[Column]:
    """The columns of these cells, with the footnotes that the row over all calls for."""
    columns = []
    for metric in spec.metrics:
        column = metric_column(report, metric, footnotes, total, spec.conditions)
        columns.append(column)
        if report.compare is not None:
            columns.append(previous_column(report, column))
    return columns


def total_row(report: Report, spec: SectionSpec, rows: Sequence[Row], answers: Answers) -> dict[ColumnId, Any]:
    """The aggregates over all rows: added up where they add up, else fetched on their own."""
    total = summed(rows, additivity(answers.aggregate(spec.id)))
    for total_row in answers.rows(spec.id, "totals")[:1]:
        total |= total_row
    return {**total, **all_lengths(report)}


def column_names(metrics: Sequence[Metric], compared: bool) -> tuple[str, ...]:
    """What these columns are called."""
    return tuple(
        name for metric in metrics for name in ((metric.id, f"{metric.id}__previous") if compared else (metric.id,))
    )
