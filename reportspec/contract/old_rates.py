"""Exchange rates that have ended before the days on which amounts are converted by them: the last one holds for ever,
and an amount of today has the worth that it had then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlglot import exp

from reportspec.calendar import instant
from reportspec.model.findings import Check, Finding
from reportspec.model.spec import Report
from reportspec.resolve.binding import Binding
from reportspec.sql.ends_of_rates import currencies_of, ends_of_rates
from reportspec.sql.rates import has_rates

if TYPE_CHECKING:
    from reportspec.model.rows import Table

# A rate holds until the next one. It is old where that is overdue three times over, but not within a month; where
# there is one alone, as for a year, from a year on.
_MONTH, _YEAR, _TIMES = timedelta(days=31), timedelta(days=366), 3


def old_rates(report: Report, ask: Callable[[exp.Expr], Table], read: Mapping[str, frozenset[str]]) -> list[Finding]:
    """The rates of currencies that amounts are in, the last of which is old on the last day that the report is about;
    those of one day together. `read` are the fields that the report reads of each entity."""
    over = min(report.reached, instant(report.period.end, report.binding.zone)) - timedelta(microseconds=1)
    return rates_old_on(over.astimezone(report.binding.zone).date(), report.binding, ask, read)


def rates_old_on(
    day: date, binding: Binding, ask: Callable[[exp.Expr], Table], read: Mapping[str, frozenset[str]]
) -> list[Finding]:
    """The same on a day, of what is read of each entity."""
    entity = binding.catalogue.exchange_rates.entity
    written = _currencies(binding, read)
    if entity not in read or not written or binding.currency is None or not has_rates(binding):
        return []
    last: dict[date, list[str]] = {}
    for row in ask(ends_of_rates(binding, day)).dicts():
        if day - row["last"] > _allowed(row["first"], row["last"], int(row["count"])):
            last.setdefault(row["last"], []).append(str(row["currency"]))
    if not last:
        return []
    used = {str(row[0]) for row in ask(currencies_of(binding, written)).rows}
    field = binding.field(entity, binding.catalogue.exchange_rates.day)
    return [
        Finding(Check("old-rate", entity, field, value=ended.isoformat(), names=tuple(names)), 0, 0)
        for ended in sorted(last)
        if (names := sorted(used.intersection(last[ended])))
    ]


def _allowed(first: date, last: date, count: int) -> timedelta:
    """How old the last of some rates may be."""
    return max(_MONTH, _TIMES * (last - first) / (count - 1)) if count > 1 else _YEAR


def _currencies(binding: Binding, read: Mapping[str, frozenset[str]]) -> list[tuple[str, str]]:
    """The fields that say the currency of amounts, of those that are read and that the mapping gives."""
    return [
        (name, currency)
        for name, fields in sorted(read.items())
        for currency in sorted({field.currency for field in binding.fields(name) if field.currency} & fields)
        if binding.mapped(name, currency) is not None
    ]
