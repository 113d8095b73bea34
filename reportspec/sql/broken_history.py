"""The records of which the history's last value is not their own.

Of the rows of a record in its history those count that have the latest time; where several have it, one of them that
agrees is enough. One join and one grouping find it, without an order among rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from reportspec.expression.sandbox import path_of
from reportspec.expression.trees import (
    alias_of,
    all_of,
    any_of,
    bare_key,
    column,
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
        columns = [_last_known(derived.fields[one]) for one in names]
        if not all(isinstance(column, exp.Column) and len(path_of(column)) == 2 for column in columns):
            return None
        names, made = [path_of(column)[-1] for column in columns], derived.source
    read = [*((made, one) for one in names), (name, field), (name, binding.entity(name).key or "")]
    if any(binding.mapped(of, one) is None for of, one in read):
        return None
    return Kept(made, *names)


def _last_known(tree: exp.Expr) -> exp.Expr:
    """What a field is made of: where it is the last of a column that there was by then, that column."""
    if isinstance(tree, exp.Window) and isinstance(tree.this, exp.Max):
        tree = tree.this.this
        if isinstance(tree, exp.Case) and len(tree.args["ifs"]) == 1:
            tree = tree.args["ifs"][0].args["true"]
    return tree


@dataclass(frozen=True, slots=True)
class _Held:
    """What a check holds against the history: the record's CTE with its key, and the history's with its own; when a row
    of the history is from; which pairs of both count, whether the two agree, and what they are joined to besides."""

    record: str
    key: exp.Expr
    rows: str
    by: exp.Expr
    at: exp.Expr
    conditions: list[exp.Expr]
    agrees: exp.Expr
    joins: list[exp.Join]


def apart(statement: Statement, check: Check) -> exp.Select:
    """The records (`key0`) whose last value in the history is not their own, with one as `count`."""
    held = _held(statement, check)
    select = _by_record(held).select(named(literal(1), "count")).where(all_of(held.conditions))
    last, agreed = exp.Max(this=copied(held.at)), exp.Max(this=when(held.agrees, copied(held.at)))
    return select.having(_earlier(agreed, last))


def apart_of(
    statement: Statement, checks: Sequence[Check]
) -> tuple[list[exp.Expr], Callable[[exp.Select], exp.Select]]:
    """How many records are apart from their history by each check of one entity, then of how many by each both say what
    it holds together; and the FROM that it is of: one pass over the history for all."""
    every = [_held(statement, check) for check in checks]
    select = _by_record(*every)
    for at, held in enumerate(every):
        counted = all_of(held.conditions[1:])
        assert counted is not None
        last = exp.Max(this=when(counted, copied(held.at)))
        agreed = exp.Max(this=when(exp.and_(copied(counted), held.agrees), copied(held.at)))
        there = exp.Not(this=exp.Is(this=copied(last), expression=exp.Null()))
        broken = exp.and_(there, exp.Paren(this=_earlier(agreed, last)))
        select = select.select(named(when(broken, literal(1)), f"broken{at}"), named(copied(last), f"last{at}"))
    found = exp.Subquery(this=select.where(copied(every[0].conditions[0])), alias=alias_of("keys"))
    cells = [f"{cell}{at}" for cell in ("broken", "last") for at in range(len(checks))]
    counts: list[exp.Expr] = [exp.Count(this=column("keys", cell)) for cell in cells]
    return counts, lambda over: over.from_(found)


def _by_record(*held: _Held) -> exp.Select:
    """The records by their keys (`key0`), with their histories."""
    one = held[0]
    select = exp.Select().select(named(bare_key(copied(one.key)), "key0")).from_(table(one.record))
    select = select.group_by(bare_key(copied(one.key)))
    joins = [join for other in held for join in other.joins]
    select.set("joins", [exp.Join(this=table(one.rows), on=same_key(one.key, one.by)), *joins])
    return select


def _held(statement: Statement, check: Check) -> _Held:
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
    joins: list[exp.Join] = []
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
    return _Held(record, key, rows, by, at, conditions, agrees, joins)


def _earlier(agreed: exp.Expr, last: exp.Expr) -> exp.Expr:
    """Whether both agreed before the last time at most, if ever."""
    never = exp.Is(this=agreed, expression=exp.Null())
    return exp.or_(never, exp.LT(this=copied(agreed), expression=copied(last)))


def _there(tree: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Is(this=copied(bare_key(tree)), expression=exp.Null()))
