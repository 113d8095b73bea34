"""The order of a breakdown's rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reportspec.measures.dimensions import by_nature
from reportspec.model.column_ids import Member, Rank, Row
from reportspec.model.domain import Metric
from reportspec.model.figures import Cell
from reportspec.model.query import Dimension
from reportspec.model.spec import Report

Kept = tuple[Row, list[Cell]]  # a row of aggregates, with the cells of its metrics


def _place(row: Row) -> Any:
    """The place of a row in the order of its entity, as far as it is known."""
    return min((v for k, v in row.items() if isinstance(k, Rank) and v is not None), default=None)


def ordered(
    report: Report,
    dimensions: Sequence[Dimension],
    metrics: Sequence[Metric],
    sort: tuple[str, bool] | None,
    kept: Sequence[Kept],
) -> list[Kept]:
    """By `sort`, the name of a column and whether the largest comes first; else stages by their place, bins by
    their bounds, and other rows by the first metric, largest first. Ties go by name, so that the order is always
    the same."""

    def name(item: Kept) -> tuple[Any, ...]:
        return tuple(by_nature(report, by, item[0][Member(at)]) for at, by in enumerate(dimensions))

    rows = sorted(kept, key=name)
    if sort is None:
        return _by_place(dimensions, rows) or nameless_last(dimensions, _by_value(rows, 0, descending=True))
    by, descending = sort
    shown = [metric.id for metric in metrics]
    if by in shown:
        return nameless_last(dimensions, _by_value(rows, shown.index(by) * len(report.side_names), descending))
    at = [dimension.name for dimension in dimensions].index(by)
    known = [item for item in rows if item[0][Member(at)] is not None]
    unknown = [item for item in rows if item[0][Member(at)] is None]
    return sorted(known, key=lambda item: name(item)[at], reverse=descending) + unknown


def nameless_last(dimensions: Sequence[Dimension], rows: list[Kept]) -> list[Kept]:
    """What has no name stands below what has one, as far as it is known by one field."""
    if len(dimensions) != 1:
        return rows
    return [item for item in rows if not is_nameless(item)] + [item for item in rows if is_nameless(item)]


def is_nameless(item: Kept) -> bool:
    """Whether a row is what has no value of the only field that rows are broken down by."""
    return item[0][Member(0)] is None


def _by_place(dimensions: Sequence[Dimension], rows: list[Kept]) -> list[Kept] | None:
    """By the places that members have of themselves; None where they have none."""
    width = len(dimensions)
    turns = {turn: at for at, turn in enumerate(dimensions[-1].turns if dimensions else ())}
    if any(len(turn) == width for turn in turns):
        # The stages of one pipeline after those of another, each in its place.
        def turn_of(item: Kept) -> int:
            return turns.get(tuple(str(item[0][Member(at)] or "") for at in range(width)), len(turns))

        return sorted(rows, key=turn_of)
    if dimensions and dimensions[0].bins:
        return sorted(rows, key=lambda item: (item[0][Member(0)] is None, item[0][Member(0)] or 0))
    if width == 1 and any(_place(row) is not None for row, _ in rows):
        return sorted(rows, key=lambda item: (_place(item[0]) is None, _place(item[0]) or 0))
    return None


def _by_value(rows: list[Kept], at: int, descending: bool) -> list[Kept]:
    """By a cell; rows without a value come last."""
    some = [item for item in rows if item[1][at] is not None]
    none = [item for item in rows if item[1][at] is None]
    sign = -1 if descending else 1
    return sorted(some, key=lambda item: item[1][at] * sign) + none  # type: ignore[operator]
