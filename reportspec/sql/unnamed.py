"""The rows with an amount of which nothing says the currency: neither they nor the record that theirs is taken from."""

from __future__ import annotations

from datetime import UTC, datetime, time

from sqlglot import exp

from reportspec.expression.trees import cast, named
from reportspec.model.findings import LAST_TIME, Check
from reportspec.resolve.binding import Binding
from reportspec.resolve.moments import Moment
from reportspec.sql.broken_rows import given, has_amount
from reportspec.sql.scope import Scope
from reportspec.sql.statement import Statement


def inherits(binding: Binding, check: Check) -> bool:
    """Whether a check asks for a currency that another record has for rows without one of their own."""
    if check.kind != "no-currency" or check.field is None:
        return False
    return binding.stands_in(check.entity, check.field) is not None


def unnamed_in(scope: Scope, check: Check, moment: Moment) -> exp.Expr:
    """That a row of the scope has an amount, and no currency as figures read it."""
    assert check.field is not None
    currency = scope.field((check.entity, check.field.name), moment)
    return exp.And(this=has_amount(scope.statement, scope.base, check), expression=exp.Not(this=given(currency)))


def unnamed_select(statement: Statement, check: Check, shown: str = "") -> exp.Select:
    """How many such rows there are, as `count`; with `shown`, by the values of a field, as `value`."""
    end = datetime.combine(LAST_TIME, time(), UTC)  # after all that histories have
    moment = Moment("current", end, end, end)
    scope = Scope(statement, check.entity, moment)
    broken = unnamed_in(scope, check, moment)
    columns = [named(exp.Count(this=exp.Star()), "count")]
    value = scope.field((check.entity, shown), moment) if shown else None
    if value is not None:
        columns.insert(0, named(cast(value, "VARCHAR"), "value"))
    select = scope.attach(exp.Select().select(*columns)).where(broken, copy=False)
    return select if value is None else select.group_by(value.copy(), copy=False)
