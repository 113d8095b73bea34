"""One statement for all values of `for_each`, and its rows dealt out to them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from hashlib import sha256
from typing import Any

from sqlglot import exp

from reportspec.burst.isolation import unparted
from reportspec.burst.mark import _lasting, _names_value
from reportspec.expression.sandbox import path_of
from reportspec.lazy_dataclass import dataclass
from reportspec.model.column_ids import Member
from reportspec.model.query import AggregateQuery, Query
from reportspec.model.rows import Table
from reportspec.model.spec import Report
from reportspec.sql.aggregate import aggregate_statement
from reportspec.sql.column_names import after_first, spelled
from reportspec.sql.record_rows import BY, records_statement


@dataclass(frozen=True, slots=True)
class Shared:
    """A statement for all values: its rows have theirs in `column`. `always` says that one for a
    single value gives a row even of nothing."""

    tree: exp.Expr
    column: str
    always: bool
    dimensions: int = 0  # of the shared statement, of which the first is the value


def shared_statement(report: Report, query: Query) -> Shared | None:
    """The statement of a query for all values, or None where it cannot be shown to keep them
    apart."""
    each = report.each
    assert each is not None
    equalities = [condition for condition in query.conditions if _names_value(condition)]
    if len(equalities) != 1 or not isinstance(equalities[0], exp.EQ):
        return None
    field = equalities[0].this  # the field that equals the value
    if isinstance(query, AggregateQuery):
        there = exp.Not(this=exp.Is(this=field, expression=exp.Null()))
        many = replace(
            query,
            dimensions=(each.dimension, *query.dimensions),
            conditions=(*_lasting(query.conditions), there),
            idle_conditions=_lasting(query.idle_conditions),
            cut=there,
        )
        name, always = spelled(Member(0)), not query.dimensions and not query.bucketed
        tree = aggregate_statement(report.binding, many)
    else:
        listed = replace(query, conditions=_lasting(query.conditions), by=path_of(field))
        name, always = BY, False
        tree = records_statement(report.binding, listed)
    targets = report.binding.catalogue.targets
    elsewhere = {targets.entity: targets.value}
    if _names_value(tree) or unparted(tree, name, each.dimension.field.name, elsewhere) is not None:
        return None
    return Shared(tree, name, always, len(query.dimensions) + 1 if isinstance(query, AggregateQuery) else 0)


def nobody(values: Collection[str]) -> str:
    """A value that no row has: what statements give where there is nothing."""
    return sha256("\0".join(sorted(values)).encode("utf-8", "surrogatepass")).hexdigest()


def parted(shared: Shared, table: Table, nothing: Table | None) -> tuple[dict[str, Table], Table]:
    """The rows of a shared statement by their value, as its own statement would give them, and what
    that gives where there is nothing. Of a statement that gives a row of `nothing` too, what a value
    has no rows of is as in that."""
    place = table.columns.index(shared.column)
    names = [after_first(name, shared.dimensions) for at, name in enumerate(table.columns) if at != place]
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for row in table.rows:
        if row[place] is not None:
            rows.setdefault(str(row[place]), []).append((*row[:place], *row[place + 1 :]))
    if nothing is not None:
        least = [nothing.rows[0][nothing.columns.index(name)] for name in names]
        for rows_of_value in rows.values():
            rows_of_value[:] = [
                tuple(none if cell is None else cell for cell, none in zip(row, least, strict=True))
                for row in rows_of_value
            ]
    tables = {value: Table(tuple(names), tuple(rows_of_value)) for value, rows_of_value in rows.items()}
    return tables, nothing or Table(tuple(names), ())
