"""How the columns of an aggregate query are spelled in its statement, and its rows by what they hold."""

from __future__ import annotations

from typing import Any

from reportspec.expression.trees import short
from reportspec.model.column_ids import BUCKET, IDLE, Aggregated, Beside, ColumnId, Member, Rank, Tally
from reportspec.model.query import AggregateQuery, Measure, Side
from reportspec.model.rows import Table

BUCKET_NAME, IDLE_NAME = "bucket", "idle__"
_BESIDE = {Beside.BUCKET: BUCKET_NAME, Beside.IDLE: IDLE_NAME}


def spelled(column: ColumnId) -> str:
    """The name of a column in the result of a statement."""
    match column:
        case Aggregated(metric, part, side):
            name = metric if part == "value" else f"{metric}__{part}"
        case Tally(name, side, part):
            name = name if part == "value" else f"{name}__{part}"
        case Rank(number, side):
            name = f"order__{number or ''}"
        case Member(place):
            return f"d{place}"
        case Beside():
            return _BESIDE[column]
        case _:
            raise ValueError(f"no statement has {column}")
    return short(name if side == "current" else f"{name}__{side}")


def measure_name(measure: Measure, side: Side) -> str:
    """The name of a measure's column on a side."""
    return spelled(measure.on(side))


def columns_of(query: AggregateQuery) -> dict[str, ColumnId]:
    """What the columns of a query's rows hold, by their names."""
    columns: list[ColumnId] = [Member(place) for place in range(len(query.dimensions))]
    columns += [BUCKET] if query.bucketed else []
    columns += [measure.on(side) for side in query.sides for measure in query.measures]
    columns += [IDLE, Rank()] if query.idle else []
    return {spelled(column): column for column in columns}


def read(query: AggregateQuery, table: Table) -> list[dict[ColumnId, Any]]:
    """The rows of a query by what their columns hold."""
    known = columns_of(query)
    columns = [known[name] for name in table.columns]
    return [dict(zip(columns, row, strict=True)) for row in table.rows]


def after_first(name: str, dimensions: int) -> str:
    """The name of a column without the first of so many dimensions before it: `d0` for `d1`."""
    earlier = {spelled(Member(place + 1)): spelled(Member(place)) for place in range(dimensions - 1)}
    return earlier.get(name, name)
