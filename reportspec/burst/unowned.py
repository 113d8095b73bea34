"""What no value of `for_each` gets: rows in which its field is empty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from reportspec.burst.mark import _lasting, _names_value
from reportspec.evaluate.evaluate import rows_read
from reportspec.lazy_dataclass import dataclass
from reportspec.model.query import AggregateQuery, Query
from reportspec.model.rows import Table
from reportspec.model.spec import Report
from reportspec.sql.aggregate import aggregate_statement
from reportspec.sql.column_names import read
from reportspec.sql.record_rows import AVAILABLE, records_statement


@dataclass(frozen=True, slots=True)
class Unowned:
    """Rows in which the field is empty: they count in the whole, and in the report of no value.
    `what` is a metric or the id of a list, `rows` how many of its rows they are."""

    what: str
    rows: int


def of_nobody(report: Report, queries: Sequence[Query]) -> list[tuple[Query, exp.Expr]]:
    """The statements that count the rows which belong to no value: of each metric once, and of each list
    of records."""
    sections = {section.id: section for section in report.sections}
    statements: list[tuple[Query, exp.Expr]] = []
    seen: set[str] = set()
    for query in queries:
        section = sections.get(query.section)
        metrics = {metric.id for metric in section.metrics} if section is not None else set()
        if isinstance(query, AggregateQuery) and metrics <= seen:
            continue
        tree = _of_nobody(report, query)
        if tree is not None:
            seen |= metrics
            statements.append((query, tree))
    return statements


def _of_nobody(report: Report, query: Query) -> exp.Expr | None:
    """The statement for one query, or None where it asks for nothing that adds up to its section's
    figures."""
    equalities = [condition for condition in query.conditions if _names_value(condition)]
    if len(equalities) != 1 or not isinstance(equalities[0], exp.EQ):
        return None
    field = equalities[0].this
    empty = exp.Or(
        this=exp.Is(this=field, expression=exp.Null()),
        expression=exp.EQ(this=field.copy(), expression=exp.Literal.string("")),
    )
    conditions = (*_lasting(query.conditions), empty)
    if not isinstance(query, AggregateQuery):
        return records_statement(report.binding, replace(query, conditions=conditions, limit=1))
    if query.purpose != "figures":
        return None
    whole = replace(
        query,
        dimensions=(),
        sides=(replace(query.sides[0], buckets=()),),
        conditions=conditions,
        idle=None,
        idle_conditions=(),
    )
    return aggregate_statement(report.binding, whole)


def unowned(report: Report, found: Sequence[tuple[Query, Table]]) -> tuple[Unowned, ...]:
    """How many rows belong to no value: of each metric, and of each list of records."""
    sections = {section.id: section for section in report.sections}
    counts: dict[str, int] = {}
    for query, table in found:
        if not isinstance(query, AggregateQuery):
            rows = table.dicts()
            there = int(rows[0][AVAILABLE]) if rows else 0
            # Lists of one section may share records: no fewer than the longest has.
            counts[query.section] = max(there, counts.get(query.section, 0))
            continue
        section = sections.get(query.section)
        for metric in section.metrics if section is not None else ():
            counts.setdefault(metric.id, rows_read(report, metric, read(query, table)) or 0)
    return tuple(Unowned(what, rows) for what, rows in counts.items() if rows)
