"""Amounts in the report's currency: at which day's rate each is converted, and the joins that bring it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.expression.trees import EXACT, all_of, any_of, cast, column, copied, literal, when
from reportspec.resolve.moments import Moment
from reportspec.sql.from_clause import aliased
from reportspec.sql.functions import local_day
from reportspec.sql.rates import has_rates

if TYPE_CHECKING:
    from reportspec.sql.scope import Scope

# The time whose rate amounts are converted by, or what tells it of the path of an amount.
At = exp.Expr | Callable[[tuple[str, ...]], exp.Expr]
REPORT_DAY = "report_day"  # as a time whose rate is asked for: the report's own date, of whatever time the amount is


def currency_of(scope: Scope, path: tuple[str, ...], steps: tuple[str, ...]) -> str | None:
    """The field that holds the currency of an amount, where it may differ from the report's."""
    if scope.binding.currency is None:
        return None
    if path[0] == scope.matched and len(path) == 2:
        known = scope.binding.field(*path)
        name = known.currency if known else None
        return name if name and scope.binding.gives(path[0], name) else None
    base = scope.binding.entity_at(scope.entity, steps)
    reference = scope.binding.resolve(base, path)
    owner = scope.binding.entity_at(base, reference.steps)
    name = reference.field.currency
    return name if name and scope.binding.gives(owner, name) else None


def reads_currencies(scope: Scope, tree: exp.Expr) -> bool:
    """Whether an expression names amounts whose currency may differ from the report's."""
    known = scope.binding.remembered.setdefault(reads_currencies, {})
    key = (scope.entity, scope.matched, id(tree))
    if key not in known:  # the tree is kept beside its id, so that nothing else gets it
        paths = map(path_of, column_nodes(tree))
        known[key] = (tree, any(len(path) > 1 and currency_of(scope, path, ()) for path in paths))
    return bool(known[key][1])


def converted(
    scope: Scope,
    path: tuple[str, ...],
    at: At,
    moment: Moment,
    steps: tuple[str, ...] = (),
    *,
    before: bool = False,
) -> exp.Expr:
    """An amount in the report's currency, at the rate of the day of `at`, or of the last day
    `before` it and the moment; null where no rate is known. An amount in the report's currency
    stays as it is. A `case` of times takes the rate that each row asks for."""
    value = scope.field(path, moment, steps)
    name = currency_of(scope, path, steps)
    if name is None:
        return value
    at = at if isinstance(at, exp.Expr) else at(path)
    if isinstance(at, exp.Case) and at.this is None and at.args.get("default") is not None:
        ifs = [
            exp.If(
                this=scope.compile(branch.this, moment, steps),
                true=converted(scope, path, branch.args["true"], moment, steps, before=before),
            )
            for branch in at.args["ifs"]
        ]
        last = converted(scope, path, at.args["default"], moment, steps, before=before)
        return exp.Case(ifs=ifs, default=last)
    code = exp.Upper(this=exp.Trim(this=scope.field((*path[:-1], name), moment, steps)))
    is_own_currency = exp.EQ(this=code, expression=literal(scope.binding.currency))
    rate = _rate(scope, code, at, moment, steps, before)
    if rate is None:
        return when(is_own_currency, value)
    return when(is_own_currency, value, cast(exp.Mul(this=copied(value), expression=rate), EXACT))


def _rate(
    scope: Scope, code: exp.Expr, at: exp.Expr, moment: Moment, steps: tuple[str, ...], ended: bool
) -> exp.Expr | None:
    if not has_rates(scope.binding):
        return None
    if isinstance(at, exp.Column) and path_of(at) == ("as_of",):
        day = scope.instant_name("as_of", moment, "date")
        before: type[exp.Binary] = exp.LT  # the rate of the last day before the instant
    elif isinstance(at, exp.Column) and path_of(at) == (REPORT_DAY,):
        day, before = scope.instant(moment.report or moment.as_of, "date"), exp.LT
    elif ended:
        # Nobody knows the rates of days that are still to come. What a step of a trend brings
        # of a stretch has the rate that the whole has, so that the steps add up to it.
        last = scope.instant(moment.report or moment.as_of, "date")
        day = exp.Least(this=local_day(scope, at, moment, steps), expressions=[last])
        before = exp.LT
    else:
        # A flow counts rows within its window, where the time is what its column says.
        day, before = local_day(scope, at, moment, steps, known=True), exp.LTE
    key = f"{hash(code)} {hash(day)}"
    cte = scope.statement.rates()

    def join(alias: str) -> exp.Join:
        since, until = column(alias, "valid_from"), column(alias, "valid_until")
        still = (exp.GTE if before is exp.LT else exp.GT)(this=copied(until), expression=copied(day))
        on = all_of(
            [
                exp.EQ(this=column(alias, "currency"), expression=copied(code)),
                before(this=since, expression=day),
                any_of([exp.Is(this=until, expression=exp.Null()), still]),
            ]
        )
        return exp.Join(this=aliased(cte, alias), side="LEFT", on=on)

    return column(scope.rated(key, join), "rate")


def whatever_currency(node: exp.Expr) -> exp.Expr | None:
    """The name in a condition that is the same in every currency: whether an amount is there, and
    whether it is more or less than nothing. It holds of amounts without a rate, too."""
    is_null_test = isinstance(node, exp.Is) and isinstance(node.expression, exp.Null)
    compared = isinstance(node, (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE))
    nothing = compared and isinstance(node.expression, exp.Literal) and node.expression.is_number
    if is_null_test or (nothing and float(node.expression.this) == 0):
        return node.this if isinstance(node.this, (exp.Column, exp.Dot)) else None
    return None
