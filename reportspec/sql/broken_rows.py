"""The rows of an entity that break a check, as conditions over its CTE."""

from __future__ import annotations

from datetime import date, timedelta

from sqlglot import exp

from reportspec.calendar import instant
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.expression.trees import (
    KEY,
    LARGEST,
    LARGEST_NUMBER,
    any_of,
    bare_key,
    column,
    copied,
    instant_literal,
    literal,
    text_key,
    when,
)
from reportspec.model.domain import SINCE
from reportspec.model.findings import FIRST_TIME, Check
from reportspec.resolve.binding import Binding
from reportspec.sql.existence import events_of, there_by
from reportspec.sql.history import CHANGED
from reportspec.sql.statement import Statement


def count_of(statement: Statement, cte: str, check: Check) -> exp.Expr:
    """How many rows of the CTE break a check, or have the value that is looked for."""
    if check.kind in ("repeated-key", "shared-name"):
        assert check.field is not None
        key = bare_key(field_of(statement, cte, check.entity, check.field.name))
        different = exp.Count(this=exp.Distinct(expressions=[copied(key)]))
        return exp.Sub(this=exp.Count(this=key), expression=different)
    if check.kind == "unknown-value" and len(check.names) > 1:
        assert check.field is not None
        value = field_of(statement, cte, check.entity, check.field.name)
        there = when(breaks(statement, cte, check), value)
        return exp.Count(this=exp.Distinct(expressions=[there]))
    condition = breaks(statement, cte, check)
    if check.then is not None and settled_by_history(statement.binding, check):
        condition = any_of([condition, _closed_since(statement, cte, check)])
    return exp.Count(this=when(condition, literal(1)))


def there_then(statement: Statement, cte: str, check: Check) -> exp.Expr | None:
    """That a row was there at the instant that a check is of; None where it is of today, or no row says since when it
    is there."""
    binding, entity = statement.binding, statement.binding.entity(check.entity)
    if check.then is None or entity.exists_from is None or binding.mapped(entity.name, entity.exists_from) is None:
        return None
    names = [n for n in (entity.exists_from, *events_of(entity)) if binding.mapped(entity.name, n) is not None]
    return exp.Paren(
        this=there_by([(field_of(statement, cte, entity.name, n), _then(binding, check, n)) for n in names])
    )


def _then(binding: Binding, check: Check, name: str) -> exp.Expr:
    """The instant that a check is of, to compare a field with."""
    assert check.then is not None
    return instant_literal(check.then, binding.storage(check.entity, name), binding.source_zone, binding.zone)


def settled_by_history(binding: Binding, check: Check) -> bool:
    """Whether the rows that break a check may not do so once the entity's history is read."""
    expected, entity = check.expectation, binding.entity(check.entity)
    if expected is None or expected.wrong or not binding.has_history(entity):
        return False  # what makes figures wrong is wrong in the record too
    # Where the record has nothing, the history's last value is that of today.
    kept = binding.past_values(entity)
    return expected.past or any(path_of(node)[-1] in kept for node in column_nodes(expected.unless))


def dated_by_history(binding: Binding, check: Check) -> bool:
    """Whether a check of a stretch of time is of a closing, of which the history may have earlier ones than the record:
    a deal that was won, reopened and won again was closed twice."""
    entity = binding.entity(check.entity)
    if check.side is None or check.field is None or entity.history is None or not binding.has_history(entity):
        return False
    return check.field.name == entity.history.outcome.at


def broken_today(statement: Statement, check: Check) -> tuple[str, exp.Expr]:
    """The CTE of an entity's states, and the condition that a row is the last one, or that of the instant that a check
    is of, and breaks the check."""
    cte = statement.states(check.entity)
    since, until = column(cte, "valid_from"), column(cte, "valid_until")
    held: exp.Expr = exp.Is(this=until, expression=exp.Null())
    if check.then is not None:
        binding = statement.binding
        then = instant_literal(check.then, "time", binding.source_zone, binding.zone)
        begun = exp.Or(
            this=exp.Is(this=since, expression=exp.Null()), expression=exp.LT(this=copied(since), expression=then)
        )
        left = exp.Or(this=held, expression=exp.GTE(this=copied(until), expression=copied(then)))
        held = exp.and_(exp.Paren(this=begun), exp.Paren(this=left))
    return cte, exp.and_(held, exp.Paren(this=breaks(statement, cte, check)))


def may_break_today(statement: Statement, cte: str, check: Check) -> exp.Expr | None:
    """The condition over an entity's records that the last state of one may break a check, whatever its history says:
    it does so itself, or lacks some of what the check asks, which the history may have. None where a state says
    something else of it than its record does."""
    entity = statement.binding.entity(check.entity)
    assert check.expectation is not None
    assert entity.history is not None
    names = {path_of(node)[-1] for node in column_nodes(check.expectation.unless)}
    outcome = entity.history.outcome
    if names & {entity.history.stage, outcome.lost_from, outcome.reopened, SINCE, CHANGED}:
        return None
    names |= {field.name for field in entity.fields.values() if field.currency in names}
    lacks = [exp.Is(this=field_of(statement, cte, entity.name, name), expression=exp.Null()) for name in sorted(names)]
    since = [_closed_since(statement, cte, check)] if check.then is not None else []
    return any_of([exp.Paren(this=breaks(statement, cte, check)), *lacks, *since])


def _closed_since(statement: Statement, cte: str, check: Check) -> exp.Expr:
    """That a record has been closed since the instant that a check is of, and may have broken it then."""
    history = statement.binding.entity(check.entity).history
    assert history is not None
    at = history.outcome.at
    closed = field_of(statement, cte, check.entity, at)
    return exp.GTE(this=closed, expression=_then(statement.binding, check, at))


def breaks(statement: Statement, cte: str, check: Check) -> exp.Expr:
    """The condition that a row of the CTE breaks a check."""
    if check.expectation is not None:
        broken, there = (
            own_condition(statement, cte, check.entity, check.expectation.unless),
            there_then(statement, cte, check),
        )
        return broken if there is None else exp.and_(exp.Paren(this=broken), there)
    assert check.field is not None
    value = field_of(statement, cte, check.entity, check.field.name)
    if check.kind == "no-key":
        none = exp.Is(this=bare_key(value), expression=exp.Null())
        if KEY in value.meta or check.field.type not in ("key", "text"):
            return none
        blank = exp.EQ(this=exp.Trim(this=copied(value)), expression=literal(""))
        return exp.Or(this=none, expression=blank)
    if check.kind == "no-currency":
        return exp.And(this=has_amount(statement, cte, check), expression=exp.Not(this=given(value)))
    if check.kind == "late-start":
        assert check.side is not None
        return between(statement.binding, check, value, FIRST_TIME, check.side.start)
    if check.side is not None:
        return between(statement.binding, check, value, check.side.start, check.side.end)
    if check.kind == "rounded-key":
        return _as_measured(value)
    if check.kind == "too-large":
        if check.field.type == "money":
            return exp.GT(this=exp.Abs(this=value), expression=literal(LARGEST))
        # What is no number (NaN) is above all numbers on some databases, and on others neither above nor below.
        within = exp.LTE(this=exp.Abs(this=value), expression=literal(LARGEST_NUMBER))
        return exp.Not(this=exp.Paren(this=within))
    if check.kind == "odd-time":
        after = check.latest + timedelta(days=1)
        likely = between(statement.binding, check, value, FIRST_TIME, after)
        return exp.Not(this=exp.Paren(this=likely))
    if check.kind == "unknown-value":
        if len(check.names) == 1:
            return exp.EQ(this=value, expression=literal(check.names[0]))
        return exp.In(this=value, expressions=[literal(name) for name in check.names])
    declared = [literal(value) for value in check.field.values]
    other = exp.Not(this=exp.In(this=value, expressions=declared))
    if check.kind in ("undeclared-value", "other-value"):
        return other
    meant: exp.Expr = exp.Lower(this=copied(value))
    for sign in (" ", "-", "_"):
        meant = exp.Replace(this=meant, expression=literal(sign), replacement=literal(""))
    folded = [literal(value.lower().replace("_", "")) for value in check.field.values]
    near = exp.In(this=meant, expressions=folded)
    return exp.And(this=other, expression=near)


def _as_measured(key: exp.Expr) -> exp.Expr:
    """That a key is written as numbers are that are measured: 4.88E+18. The pattern is looked for only where a plain
    comparison has found its end, which costs a tenth of it."""
    ends: list[exp.Expr] = [exp.Like(this=copied(key), expression=literal(f"_%{sign}+__")) for sign in "Ee"]
    pattern = exp.RegexpLike(this=copied(key), expression=literal("^[0-9]([.,][0-9]+)?[Ee][+][0-9][0-9]$"))
    return exp.And(this=exp.Paren(this=exp.Or(this=ends[0], expression=ends[1])), expression=pattern)


def given(value: exp.Expr) -> exp.Expr:
    """That a text is there, and not blank."""
    blank = exp.EQ(this=exp.Trim(this=copied(value)), expression=literal(""))
    there = exp.Not(this=exp.Is(this=copied(value), expression=exp.Null()))
    return exp.Paren(this=exp.And(this=there, expression=exp.Not(this=blank)))


def has_amount(statement: Statement, cte: str, check: Check) -> exp.Expr:
    """That a row has one of the amounts that a currency is of."""
    none = [exp.Is(this=field_of(statement, cte, check.entity, name), expression=exp.Null()) for name in check.names]
    broken = any_of([exp.Not(this=condition) for condition in none])
    assert broken is not None
    return exp.Paren(this=broken)


def between(binding: Binding, check: Check, value: exp.Expr, start: date, end: date) -> exp.Expr:
    """That a time lies in a stretch of days, `end` not among them."""
    assert check.field is not None
    stored = binding.storage(check.entity, check.field.name)
    low, high = (
        instant_literal(instant(day, binding.zone), stored, binding.source_zone, binding.zone) for day in (start, end)
    )
    return exp.And(
        this=exp.GTE(this=value, expression=low),
        expression=exp.LT(this=copied(value), expression=high),
    )


def own_condition(statement: Statement, cte: str, entity: str, tree: exp.Expr) -> exp.Expr:
    """A condition over an entity's own fields, over its CTE."""

    def read(node: exp.Expr) -> exp.Expr:
        return field_of(statement, cte, entity, path_of(node)[-1]) if isinstance(node, exp.Column) else node

    return copied(tree).transform(read, copy=False)


def field_of(statement: Statement, cte: str, entity: str, name: str) -> exp.Expr:
    """A field of an entity's rows in a CTE; a key as a text, as those who look for values take it."""
    statement.need(cte, name)
    kind = statement.binding.key_kind(entity, name)
    return text_key(column(cte, name), kind) if kind else column(cte, name)
