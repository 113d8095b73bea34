"""The catalogue's own functions: what its expressions may call besides plain SQL.

days_between(a, b)      days from a to b: whole ones if either keeps whole days
minutes_between(a, b)   minutes, and seconds_between seconds
local_date(t)           the report's day of a time
local_weekday(t)        1 for Monday to 7 for Sunday, of that day
month_after(d)          the first day of the next month
converted(amount, t)    an amount in the report's currency, at the rate of the day of t
has_email(text)         whether a text has personal data in it, and has_phone, has_card_number, has_iban
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlglot import exp

from reportspec.expression.sandbox import PERSONAL_FUNCTIONS, column_nodes, path_of
from reportspec.expression.trees import ZONE, cast, literal
from reportspec.resolve.binding import INSTANTS
from reportspec.sql.personal_data import has_personal_data
from reportspec.sql.windows import plain_column

if TYPE_CHECKING:
    from reportspec.resolve.moments import Moment
    from reportspec.sql.scope import Scope

_MICROS = {
    "DAYS_BETWEEN": 86_400_000_000.0,
    "MINUTES_BETWEEN": 60_000_000.0,
    "SECONDS_BETWEEN": 1_000_000.0,
}
A_MONDAY = date(1900, 1, 1)
_DAYS = {"DAYS_BETWEEN": 1, "MINUTES_BETWEEN": 1440, "SECONDS_BETWEEN": 86_400}


def call(scope: Scope, node: exp.Anonymous, moment: Moment, steps: tuple[str, ...]) -> exp.Expr:
    """One of the functions above as SQL."""
    name = str(node.this).upper()
    arguments = node.expressions
    if name in _MICROS:
        return _between(scope, name, arguments, moment, steps)
    if name == "CONVERTED":
        return scope.converted(path_of(arguments[0]), arguments[1], moment, steps)
    if name in PERSONAL_FUNCTIONS:
        return has_personal_data(name, scope.compile(arguments[0], moment, steps))
    if name == "MONTH_AFTER":
        local = local_day(scope, arguments[0], moment, steps)
        month = exp.DateTrunc(this=local, unit=literal("MONTH"))  # type: ignore[no-untyped-call]
        return cast(exp.DateAdd(this=month, expression=literal(1), unit=exp.var("MONTH")), "DATE")
    day = local_day(scope, arguments[0], moment, steps)
    if name == "LOCAL_DATE":
        return day
    # Databases count weekdays in ways of their own; days since a Monday are days everywhere.
    since = exp.DateDiff(this=day, expression=literal(A_MONDAY), unit=exp.var("DAY"))
    return exp.Add(this=exp.Mod(this=cast(since, "BIGINT"), expression=literal(7)), expression=literal(1))


def local_day(scope: Scope, tree: exp.Expr, moment: Moment, steps: tuple[str, ...], *, known: bool = False) -> exp.Expr:
    """The report's day of a time or date. `known` leaves out what a field as of an instant adds
    to its column, for those who ask only where it has a value."""
    value = scope.compile(tree, moment, steps)
    value = plain_column(value) if known else value
    return cast(value, "DATE") if scope.keeps_days(tree, steps) else scope.local_date(value)


def _between(scope: Scope, name: str, arguments: list[exp.Expr], moment: Moment, steps: tuple[str, ...]) -> exp.Expr:
    first, second = arguments
    whole = [scope.keeps_days(tree, steps) for tree in arguments]
    if any(whole):
        due = any(scope.is_due(tree, steps) for tree in arguments)
        days = [
            _first_day(scope, tree, moment, due=due)
            or (scope.compile(tree, moment, steps) if is_date else scope.local_date(scope.compile(tree, moment, steps)))
            for tree, is_date in zip(arguments, whole, strict=True)
        ]
        difference = exp.DateDiff(this=days[1], expression=days[0], unit=exp.var("DAY"))
        in_days: exp.Expr = cast(difference, "DOUBLE")
        if _DAYS[name] != 1:
            in_days = exp.Mul(this=in_days, expression=literal(_DAYS[name]))
        return in_days
    start, end = scope.compile(first, moment, steps), scope.compile(second, moment, steps)
    micros = exp.DateDiff(this=end, expression=start, unit=exp.var("MICROSECOND"))
    micros.meta[ZONE] = str(scope.binding.source_zone)
    return exp.Div(this=cast(micros, "DOUBLE"), expression=literal(_MICROS[name]), typed=False, safe=False)


def in_order(node: exp.Expr) -> exp.Expr:
    """A comparison of a stretch of time with 0 as one of its two ends; anything else as it is."""
    if not isinstance(node, (exp.GT, exp.GTE, exp.LT, exp.LTE)) or node.expression != literal(0):
        return node
    stretch = node.this
    if isinstance(stretch, exp.Div) and isinstance(stretch.this, exp.Cast):
        micros = stretch.this.this
        if isinstance(micros, exp.DateDiff):
            return type(node)(this=micros.this, expression=micros.expression)
    return node


def _first_day(scope: Scope, tree: exp.Expr, moment: Moment, *, due: bool) -> exp.Expr | None:
    """`as_of` and the period's bounds as days, to compare with days; where they are cast to a date, the
    one that they are in by the report's clock."""
    if isinstance(tree, exp.Cast) and tree.is_type(exp.DataType.Type.DATE) and _is_bound(tree.this):
        return scope.bound_day(tree.this.name, moment, within=True)
    return scope.bound_day(tree.name, moment, within=due) if _is_bound(tree) else None


def _is_bound(tree: exp.Expr) -> bool:
    return isinstance(tree, exp.Column) and path_of(tree) in {(name,) for name in INSTANTS}


def names_time(tree: exp.Expr) -> bool:
    """Whether an expression has a field in it."""
    return any(len(path_of(node)) > 1 for node in column_nodes(tree))
