"""The records of which the history's last value is not their own.

Of the rows of a record in its history those count that have the latest time; where several have it, one of them that
agrees is enough. One join and one grouping find it, without an order among rows."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from reportspec.expression.sandbox import path_of
from reportspec.expression.trees import (
    alias_of,
    all_of,
    any_of,
    bare_key,
    copied,
    literal,
    named,
    same_key,
    table,
    when,
)
from reportspec.lazy_dataclass import dataclass
from reportspec.model.findings import Check
from reportspec.resolve.binding import Binding
from reportspec.sql.broken_rows import field_of
from reportspec.sql.statement import Statement


@dataclass(frozen=True, slots=True)
class Kept:
    """The entity whose rows are an entity's history, with its fields: `by` the record's key, `at` the time, and the
    `value` that it keeps."""

    entity: str
    by: str
    at: str
    value: str


def kept_by(binding: Binding, name: str, field: str) -> Kept | None:
    """Where the source keeps what a field of an entity was; None where it does not."""
    history = binding.entity(name).history
    if history is None:
        return None
    made, value = history.entity, history.stage
    if field != history.stage:
        if history.values is None or field not in history.values.fields:
            return None
        made, value = history.values.entity, field
    by, at = history.by, history.entered if made == history.entity else history.values.since if history.values else ""
    names = [by, at, value]
    while (derived := binding.entity(made).derived) is not None:
        trees = [derived.fields[one] for one in names]
        if not all(isinstance(tree, exp.Column) and len(path_of(tree)) == 2 for tree in trees):
            return None
        names, made = [path_of(tree)[-1] for tree in trees], derived.source
    read = [*((made, one) for one in names), (name, field), (name, binding.entity(name).key or "")]
    if any(binding.mapped(of, one) is None for of, one in read):
        return None
    return Kept(made, *names)


def apart(statement: Statement, check: Check, *, every: bool = False) -> exp.Select:
    """The records (`key0`) whose last value in the history is not their own, with one as `count`; with `every` all of
    which both say one."""
    binding, entity = statement.binding, statement.binding.entity(check.entity)
    assert entity.key is not None
    assert entity.history is not None
    closes = check.kind == "closed-in-history"
    assert check.field is not None
    kept = kept_by(binding, entity.name, entity.history.stage if closes else check.field.name)
    assert kept is not None
    record, rows = statement.rows_only(entity.name), statement.rows_only(kept.entity)
    key, own = (field_of(statement, record, entity.name, name) for name in (entity.key, check.field.name))
    by, at, value = (field_of(statement, rows, kept.entity, name) for name in (kept.by, kept.at, kept.value))
    joins = [exp.Join(this=table(rows), on=same_key(key, by))]
    conditions = [_there(at), _there(value), _there(own)]
    if closes:
        states = entity.history.states
        of = statement.rows_only(states.entity)
        theirs = field_of(statement, of, states.entity, states.key)
        joins.append(exp.Join(this=table(of), side="LEFT", on=same_key(copied(value), theirs)))
        ended = [
            exp.EQ(this=field_of(statement, of, states.entity, name), expression=exp.true())
            for name in (states.won, states.lost)
        ]
        conditions.append(exp.EQ(this=copied(own), expression=literal(entity.history.outcome.open)))
        # Nothing known of a state is no end.
        agrees: exp.Expr = exp.EQ(this=when(any_of(ended), literal(0), literal(1)), expression=literal(1))
    else:
        agrees = same_key(copied(own), copied(value))
    last = exp.Max(this=copied(at))
    agreed = exp.Max(this=when(agrees, copied(at)))
    select = (
        exp.Select()
        .select(named(bare_key(copied(key)), "key0"), named(literal(1), "count"))
        .from_(table(record))
        .where(all_of(conditions))
        .group_by(bare_key(copied(key)))
    )
    select.set("joins", joins)
    if every:
        return select
    never = exp.Is(this=agreed, expression=exp.Null())
    return select.having(exp.or_(never, exp.LT(this=copied(agreed), expression=last)))


def apart_of(statement: Statement, check: Check) -> tuple[exp.Expr, Callable[[exp.Select], exp.Select]]:
    """How many records are apart from their history, and the FROM that it is of."""
    found = exp.Subquery(this=apart(statement, check), alias=alias_of("keys"))
    return exp.Count(this=exp.Star()), lambda select: select.from_(found)


def _there(tree: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Is(this=copied(bare_key(tree)), expression=exp.Null()))
