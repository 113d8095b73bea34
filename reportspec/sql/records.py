"""A records query as one SQL statement: rows of an entity as they are."""

from __future__ import annotations

from sqlglot import exp

from reportspec.binding import Binding, Unresolved
from reportspec.calendar import instant
from reportspec.plan.queries import RecordsQuery
from reportspec.sql.aggregate import AS_OF
from reportspec.sql.build import OUTPUTS, all_of, column, conjuncts, literal, named
from reportspec.sql.moments import Moment
from reportspec.sql.scope import Scope
from reportspec.sql.statement import Statement

AVAILABLE = "available"


def records_statement(binding: Binding, query: RecordsQuery) -> exp.Expr:
    """The statement: columns `f0`, `f1`, … and `available`, the number of rows before the limit.
    Rows that compare equal are ordered by the entity's key, so that a cut is always the same."""
    statement = Statement(binding)
    side = query.side
    moment = Moment(
        "current", side.as_of, instant(side.start, binding.zone), instant(side.end, binding.zone)
    )
    scope = Scope(statement, query.entity, moment)
    select = exp.Select()
    for index, (_, path) in enumerate(query.fields):
        select = select.select(named(_shown(scope, path, moment), f"f{index}"), copy=False)
    every = exp.Window(this=exp.Count(this=exp.Star()))
    select = select.select(named(every, AVAILABLE), copy=False)
    conditions = scope.exists(moment)
    for tree in query.conditions:
        conditions += conjuncts(scope.compile(tree, moment))
    order = [
        exp.Ordered(this=_shown(scope, path, moment), desc=descending, nulls_first=False)
        for path, descending in query.sort
    ]
    key = binding.entity(query.entity).key
    if key is not None:
        try:
            binding.need(query.entity, key)
            order.append(
                exp.Ordered(this=scope.field((query.entity, key), moment), nulls_first=False)
            )
        except Unresolved:  # without a key only ties stay unordered
            pass
    select = scope.attach(select)
    condition = all_of(conditions)
    if condition is not None:
        select = select.where(condition, copy=False)
    if order:
        select = select.order_by(*order, copy=False)
    select = select.limit(literal(query.limit), copy=False)
    final = statement.finish(select)
    fields = {
        f"f{index}": binding.resolve(query.entity, path).field.type
        for index, (_, path) in enumerate(query.fields)
    }
    final.meta[OUTPUTS] = {**fields, AVAILABLE: "integer"}
    return final


def _shown(scope: Scope, path: tuple[str, ...], moment: Moment) -> exp.Expr:
    """A field; an amount in the report's currency, as other figures are."""
    return (
        scope.converted(column(*path), AS_OF, moment)
        if len(path) == 2
        else scope.field(path, moment)
    )
