"""Statements to the source: an entity's rows with the fields that are compared, and the money of its deals."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlglot import exp

from reportspec.calendar import instant
from reportspec.duplicates.knowledge import Knowledge
from reportspec.duplicates.subject import Subject
from reportspec.expression.trees import all_of, copied, literal, named
from reportspec.resolve.binding import Binding
from reportspec.resolve.moments import Moment
from reportspec.sql.scope import Scope
from reportspec.sql.statement import Statement

KEY, CONVERTED = "record_key", "converted"


def rows_statement(binding: Binding, subject: Subject, now: datetime) -> exp.Select:
    """The statement: a row for each record, with its key, the columns of the subject, and `d0`, `d1`, … of what dates
    it."""
    moment = _moment(binding, now)
    statement = Statement(binding)
    scope = Scope(statement, subject.entity, moment)
    key = binding.entity(subject.entity).key
    assert key is not None
    paths: dict[str, tuple[str, ...]] = {KEY: (subject.entity, key)}
    paths |= {column.name: column.path for column in subject.columns}
    paths |= {f"d{index}": (subject.entity, name) for index, name in enumerate(subject.dated)}
    if subject.converted:
        paths[CONVERTED] = (subject.entity, subject.converted)
    select = exp.Select()
    for name, path in paths.items():
        select = select.select(named(scope.field(path, moment), name), copy=False)
    conditions = all_of(scope.exists(moment))
    select = scope.attach(select)
    if conditions is not None:
        select = select.where(conditions, copy=False)
    return statement.finish(
        select, {name: binding.resolve(subject.entity, path).field.type for name, path in paths.items()}
    )


def money_statement(binding: Binding, entity: str, now: datetime, known: Knowledge) -> exp.Select | None:
    """The statement: of each record of an entity that has open or won deals, by status and currency, how many deals and
    what they are worth; None where the source does not link them."""
    if not all(
        binding.has_entity(known.deals) and binding.gives(known.deals, name)
        for name in ("status", "amount", known.links[entity])
    ):
        return None
    moment = _moment(binding, now)
    statement = Statement(binding)
    scope = Scope(statement, known.deals, moment)
    link, status = scope.field((known.deals, known.links[entity]), moment), scope.field((known.deals, "status"), moment)
    currency: exp.Expr = literal(binding.currency or "")
    if binding.gives(known.deals, "currency"):
        currency = scope.field((known.deals, "currency"), moment)
    grouped = {KEY: link, "status": status, "currency": currency}
    amount = exp.Sum(this=scope.field((known.deals, "amount"), moment))
    select = exp.Select()
    for name, tree in grouped.items():
        select = select.select(named(tree, name), copy=False)
    select = select.select(named(exp.Count(this=exp.Star()), "deals"), named(amount, "amount"), copy=False)
    states = exp.In(this=copied(status), expressions=[literal("open"), literal("won")])
    linked = exp.Not(this=exp.Is(this=copied(link), expression=exp.Null()))
    conditions = all_of([*scope.exists(moment), states, linked])
    assert conditions is not None
    select = scope.attach(select).where(conditions, copy=False)
    for tree in grouped.values():
        if not isinstance(tree, exp.Literal):
            select = select.group_by(copied(tree), copy=False)
    types = {KEY: "key", "status": "text", "currency": "text", "deals": "integer", "amount": "money"}
    return statement.finish(select, types)


def _moment(binding: Binding, now: datetime) -> Moment:
    day = now.astimezone(binding.zone).date()
    return Moment("current", now, instant(day, binding.zone), instant(day + timedelta(days=1), binding.zone))
