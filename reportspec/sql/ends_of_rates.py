"""Until when a source has exchange rates, and of which currencies amounts are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlglot import exp

from reportspec.expression.trees import alias_of, column, literal, named, table
from reportspec.resolve.binding import Binding
from reportspec.sql.broken_rows import field_of
from reportspec.sql.statement import Statement


def ends_of_rates(binding: Binding, day: date) -> exp.Expr:
    """Of each `currency` that has rates to the report's up to a day, the `first` and the `last` day with one, and how
    many (`count`) there are."""
    statement = Statement(binding)
    rates = statement.rates()
    since = column(rates, "valid_from")
    select = (
        exp.Select()
        .select(
            named(column(rates, "currency"), "currency"),
            named(exp.Min(this=since.copy()), "first"),
            named(exp.Max(this=since.copy()), "last"),
            named(exp.Count(this=exp.Star()), "count"),
        )
        .from_(table(rates))
        .where(exp.LTE(this=since, expression=literal(day)))
        .group_by(column(rates, "currency"))
    )
    return statement.finish(select, {"currency": "text", "first": "date", "last": "date", "count": "integer"})


def currencies_of(binding: Binding, fields: Iterable[tuple[str, str]]) -> exp.Expr:
    """The currencies (`currency`) that are written in some fields of entities, by their names."""
    statement = Statement(binding)
    selects: list[exp.Select] = []
    for entity, name in fields:
        rows = statement.rows_only(entity)
        code = exp.Upper(this=exp.Trim(this=field_of(statement, rows, entity, name)))
        selects.append(exp.Select().select(named(code, "currency")).from_(table(rows)))
    union: exp.Expr = selects[0]
    for select in selects[1:]:
        union = exp.Union(this=union, expression=select, distinct=False)
    found = exp.Subquery(this=union, alias=alias_of("codes"))
    every = exp.Select().select(column("codes", "currency")).distinct().from_(found)
    return statement.finish(every, {"currency": "text"})
