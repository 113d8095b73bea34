"""Exchange rates: what one unit of a currency is worth in the report's, and from when until when.

A rate holds until the next one of its currency. Where a source gives only the opposite direction
(EUR to USD, and the report is in EUR), its inverse is used.
"""

from __future__ import annotations

from sqlglot import exp

from reportspec.expression.trees import alias_of, any_of, cast, column, copied, literal, named, table, when
from reportspec.model.domain import ExchangeRates
from reportspec.remembered import remembered
from reportspec.resolve.binding import Binding, Missing
from reportspec.sql.shared_trees import shared_of

RATES = "rates"


@remembered
def has_rates(binding: Binding) -> bool:
    """Whether the source gives exchange rates."""
    rates = binding.catalogue.exchange_rates
    try:
        for name in rates.fields:
            binding.need(rates.entity, name)
    except Missing:
        return False
    return True


@remembered
def select_rates(binding: Binding) -> exp.Expr:
    """`currency`, `rate`, `valid_from` and `valid_until` (a day, excluded; null for the last)."""
    assert binding.currency is not None
    rates, currency = binding.catalogue.exchange_rates, binding.currency
    inside = exp.Subquery(this=_by_day(rates, currency), alias=alias_of("rated"))
    following = exp.Window(
        this=exp.Lead(this=column("rated", "day")),
        partition_by=[column("rated", "currency")],
        order=exp.Order(expressions=[exp.Ordered(this=column("rated", "day"))]),
    )
    select = (
        exp.Select()
        .select(
            named(column("rated", "currency"), "currency"),
            named(column("rated", "rate"), "rate"),
            named(column("rated", "day"), "valid_from"),
            named(following, "valid_until"),
        )
        .from_(inside)
        .where(exp.Not(this=exp.Is(this=column("rated", "rate"), expression=exp.Null())))
    )
    return shared_of(binding).added(select)


def _by_day(rates: ExchangeRates, currency: str) -> exp.Select:
    """What one unit of each other currency is worth, by the days on which the source has a rate either way."""
    source, day = rates.entity, column(rates.entity, rates.day)

    def code(name: str) -> exp.Expr:
        return exp.Upper(this=exp.Trim(this=column(source, name)))

    rate = cast(column(source, rates.rate), "DOUBLE")
    base = literal(currency)
    to_base = exp.EQ(this=code(rates.quote), expression=base)
    from_base = exp.EQ(this=code(rates.base), expression=copied(base))
    inverse = exp.Div(
        this=literal(1.0),
        expression=exp.Nullif(this=copied(rate), expression=literal(0)),
        typed=False,
        safe=False,
    )
    quoted_rate = exp.Coalesce(
        this=exp.Max(this=when(to_base, rate)),
        expressions=[exp.Max(this=when(copied(from_base), inverse))],
    )
    other = when(copied(to_base), code(rates.base), code(rates.quote))
    return (
        exp.Select()
        .select(named(other, "currency"), named(day, "day"), named(quoted_rate, "rate"))
        .from_(table(source))
        .where(any_of([copied(to_base), copied(from_base)]))
        .group_by(copied(other), copied(day))
    )
