"""A report's queries become statements: the program that is run for it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import field
from typing import Any

from sqlglot import exp

from reportspec.lazy_dataclass import dataclass
from reportspec.model.query import AggregateQuery, Query
from reportspec.model.spec import Report
from reportspec.plan import plan
from reportspec.sql.aggregate import aggregate_statement
from reportspec.sql.distinct import values_statement
from reportspec.sql.record_rows import records_statement


@dataclass(frozen=True, slots=True)
class Compiled:
    """A query and its statement."""

    query: Query
    tree: exp.Expr

    @property
    def purpose(self) -> str:
        """What the section needs it for."""
        return self.query.purpose


@dataclass(frozen=True, slots=True)
class Program:
    """A report with its queries and their statements, in the order of its sections."""

    report: Report
    compiled: tuple[Compiled, ...]
    remembered: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __iter__(self) -> Iterator[Compiled]:
        return iter(self.compiled)

    def __len__(self) -> int:
        return len(self.compiled)

    @property
    def queries(self) -> list[Query]:
        """What is asked."""
        return [compiled.query for compiled in self.compiled]

    @property
    def trees(self) -> list[exp.Expr]:
        """The same as statements."""
        return [compiled.tree for compiled in self.compiled]


def compile_report(report: Report) -> Program:
    """Plan a report's queries, once, and make a statement of each."""
    return Program(report, tuple(Compiled(query, statement_of(report, query)) for query in plan(report)))


def statement_of(report: Report, query: Query) -> exp.Expr:
    """The statement of one of a report's queries."""
    if isinstance(query, AggregateQuery):
        return aggregate_statement(report.binding, query)
    return records_statement(report.binding, query)


def listing(report: Report) -> exp.Expr:
    """The statement that finds the values of a report's `for_each`."""
    each = report.each
    assert each is not None
    field = each.dimension.field
    names = (field.name, *(path[-1] for _, path in each.fields))
    return values_statement(report.binding, field.entity, names, report.sides[0], each.conditions)
