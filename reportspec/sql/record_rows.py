"""A records query as one SQL statement: rows of an entity as they are."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from sqlglot import exp

from reportspec.calendar import instant
from reportspec.expression.sandbox import parse, path_of
from reportspec.expression.trees import alias_of, all_of, column, conjuncts, copied, literal, named
from reportspec.model.query import RecordsQuery
from reportspec.resolve.binding import Binding, Unresolved
from reportspec.resolve.moments import Moment
from reportspec.sql.aggregate import AS_OF, called_apart
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
    moment = Moment("current", side.as_of, instant(side.start, binding.zone), instant(side.end, binding.zone))
    scope = Scope(statement, query.entity, moment)
    rates: dict[tuple[str, ...], exp.Expr] = {}

    def rate(path: tuple[str, ...]) -> exp.Expr:
        return rates.setdefault(path, _rate(binding, query.entity, path))

    def shown(path: tuple[str, ...]) -> exp.Expr:
        return scope.converted(path, rate, moment)

    select = exp.Select()
    apart = [scope.field(query.by, moment)] if query.by else []
    if apart:
        select = select.select(named(apart[0], BY), copy=False)
    for index, (name, path) in enumerate(query.fields):
        value = scope.field(path, moment) if name in query.raw else shown(path)
        for one in query.names:
            value = called_apart(scope, one, value, moment) if one.path == path else value
        select = select.select(named(value, f"f{index}"), copy=False)
    every = exp.Window(this=exp.Count(this=exp.Star()), partition_by=[*apart] or None)
    select = select.select(named(every, AVAILABLE), copy=False)
    conditions = [*scope.exists(moment), *(scope.there(query.there, moment) if query.there else ())]
    for tree in query.conditions:
        conditions += conjuncts(scope.compile(tree, moment, (), rate))
    order = _order(scope, query, moment, shown)
    select = scope.attach(select)
    condition = all_of(conditions)
    if condition is not None:
        select = select.where(condition, copy=False)
    return statement.finish(_cut(select, order, apart, query), _outputs(binding, query))


def _outputs(binding: Binding, query: RecordsQuery) -> dict[str, str]:
    """The canonical types of the columns."""
    paths = {f"f{index}": path for index, (_, path) in enumerate(query.fields)}
    if query.by:
        paths[BY] = query.by
    return {
        **{name: binding.resolve(query.entity, path).field.type for name, path in paths.items()},
        AVAILABLE: "integer",
    }


def _order(
    scope: Scope, query: RecordsQuery, moment: Moment, shown: Callable[[tuple[str, ...]], exp.Expr]
) -> list[exp.Ordered]:
    """The order that is asked for, and after it what tells rows apart that compare equal in it."""
    binding, entity = scope.binding, query.entity
    order = [exp.Ordered(this=shown(path), desc=descending, nulls_first=False) for path, descending in query.sort]
    key = binding.entity(entity).key
    if key is not None:
        with suppress(Unresolved):
            binding.need(entity, key)
            return [*order, exp.Ordered(this=scope.field((entity, key), moment), nulls_first=False)]
    # What is shown tells rows apart, and then what else the source has of them; rows that are
    # alike in all of it may stand in any order.
    rest = [path for _, path in query.fields]
    rest += [(entity, field.name) for field in binding.fields(entity) if binding.mapped(entity, field.name) is not None]
    sorted_paths = {path for path, _ in query.sort}
    return order + [
        exp.Ordered(this=shown(path), nulls_first=False) for path in dict.fromkeys(rest) if path not in sorted_paths
    ]


def _cut(select: exp.Select, order: list[exp.Ordered], apart: list[exp.Expr], query: RecordsQuery) -> exp.Select:
    """The first rows of all, or of each value of the field."""
    limit = literal(query.limit)
    if not apart:
        select = select.order_by(*order, copy=False) if order else select
        return select.limit(limit, copy=False)
    names = [expression.alias for expression in select.expressions]
    place = exp.Window(
        this=exp.RowNumber(),
        partition_by=[*apart],
        order=exp.Order(expressions=order or [exp.Ordered(this=tie) for tie in apart]),
    )
    rows = select.select(named(place, PLACE), copy=False)
    outer = exp.Select()
    for name in names:
        outer = outer.select(named(column("rows", name), name), copy=False)
    first = exp.LTE(this=column("rows", PLACE), expression=limit)
    outer = outer.from_(exp.Subquery(this=rows, alias=alias_of("rows")), copy=False)
    sort = [exp.Ordered(this=column("rows", name), nulls_first=False) for name in (BY, PLACE)]
    return outer.where(first, copy=False).order_by(*sort, copy=False)


def _rate(binding: Binding, entity: str, path: tuple[str, ...]) -> exp.Expr:
    """The time whose rate converts an amount of a record: the one by which the records that it is of
    belong to a period, as metrics of what happened have it. What is still open, and what has no such
    time, is converted at the rate of the report's date, as stocks are."""
    reached = binding.resolve(entity, path)
    owner = binding.entity(binding.entity_at(entity, reached.steps))
    by, way = owner.listed_by, path[:-1]
    if by is None:
        # The lines of an order, which have its currency, have its time.
        known = binding.field(owner.name, reached.field.currency or "")
        theirs = path_of(known.default) if known is not None and known.default is not None else ()
        return _rate(binding, entity, (*way, *theirs[1:])) if len(theirs) > 2 else AS_OF
    time = parse(".".join((*way, by.time)), packaged=True)
    still: exp.Expr = exp.Is(this=copied(time), expression=exp.Null())
    if by.open is not None:
        still = exp.Or(this=exp.Paren(this=_seen_from(way, by.open)), expression=still)
    try:
        binding.need_tree(entity, exp.And(this=still, expression=time))
    except Unresolved:
        return AS_OF
    return exp.Case(ifs=[exp.If(this=still, true=AS_OF)], default=time)


def _seen_from(way: tuple[str, ...], tree: exp.Expr) -> exp.Expr:
    """A condition over an entity's own fields, at the end of a way."""

    def named_so(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, (exp.Column, exp.Dot)) or len(path_of(node)) < 2:
            return node
        return parse(".".join((*way, *path_of(node)[1:])), packaged=True)

    return copied(tree).transform(named_so, copy=False)
