"""A records query as one SQL statement: rows of an entity as they are."""

from __future__ import annotations

from sqlglot import exp

from reportspec.binding import Binding, Unresolved
from reportspec.calendar import instant
from reportspec.plan.queries import RecordsQuery
from reportspec.sql.aggregate import AS_OF
from reportspec.sql.build import OUTPUTS, alias_of, all_of, column, conjuncts, literal, named
from reportspec.sql.moments import Moment
from reportspec.sql.scope import Scope
from reportspec.sql.statement import Statement

AVAILABLE = "available"
BY, PLACE = "by__", "place__"


def records_statement(binding: Binding, query: RecordsQuery) -> exp.Expr:
    """The statement: columns `f0`, `f1`, … and `available`, the number of rows before the limit;
    with `by` that field first, as `by__`. Rows that compare equal are ordered by the entity's key,
    or without one by all that is known of them, so that a cut is always the same."""
    statement = Statement(binding)
    side = query.side
    moment = Moment(
        "current", side.as_of, instant(side.start, binding.zone), instant(side.end, binding.zone)
    )
    scope = Scope(statement, query.entity, moment)
    select = exp.Select()
    apart = [scope.field(query.by, moment)] if query.by else []
    if apart:
        select = select.select(named(apart[0], BY), copy=False)
    for index, (_, path) in enumerate(query.fields):
        select = select.select(named(_shown(scope, path, moment), f"f{index}"), copy=False)
    every = exp.Window(this=exp.Count(this=exp.Star()), partition_by=[*apart] or None)
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
        except Unresolved:
            key = None
    if key is None:
        # What is shown tells rows apart, and then what else the source has of them; rows that are
        # alike in all of it may stand in any order.
        told = {path for path, _ in query.sort}
        rest = [path for _, path in query.fields]
        rest += [(query.entity, field.name) for field in binding.fields(query.entity)
                 if binding.mapped(query.entity, field.name) is not None]  # fmt: skip
        for path in dict.fromkeys(rest):
            if path not in told:
                told.add(path)
                order.append(exp.Ordered(this=_shown(scope, path, moment), nulls_first=False))
    select = scope.attach(select)
    condition = all_of(conditions)
    if condition is not None:
        select = select.where(condition, copy=False)
    final = statement.finish(_cut(select, order, apart, query))
    fields = {
        f"f{index}": binding.resolve(query.entity, path).field.type
        for index, (_, path) in enumerate(query.fields)
    }
    if query.by:
        fields[BY] = binding.resolve(query.entity, query.by).field.type
    final.meta[OUTPUTS] = {**fields, AVAILABLE: "integer"}
    return final


def _cut(
    select: exp.Select, order: list[exp.Ordered], apart: list[exp.Expr], query: RecordsQuery
) -> exp.Select:
    """The first rows of all, or of each value of the field."""
    limit = literal(query.limit)
    if not apart:
        select = select.order_by(*order, copy=False) if order else select
        return select.limit(limit, copy=False)
    names = [one.alias for one in select.expressions]
    place = exp.Window(
        this=exp.RowNumber(),
        partition_by=[*apart],
        order=exp.Order(expressions=order or [exp.Ordered(this=one) for one in apart]),
    )
    rows = select.select(named(place, PLACE), copy=False)
    outer = exp.Select()
    for name in names:
        outer = outer.select(named(column("rows", name), name), copy=False)
    first = exp.LTE(this=column("rows", PLACE), expression=limit)
    outer = outer.from_(exp.Subquery(this=rows, alias=alias_of("rows")), copy=False)
    sort = [exp.Ordered(this=column("rows", name), nulls_first=False) for name in (BY, PLACE)]
    return outer.where(first, copy=False).order_by(*sort, copy=False)


def _shown(scope: Scope, path: tuple[str, ...], moment: Moment) -> exp.Expr:
    """A field; an amount in the report's currency, as other figures are."""
    return (
        scope.converted(column(*path), AS_OF, moment)
        if len(path) == 2
        else scope.field(path, moment)
    )
