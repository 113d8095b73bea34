"""The period that a period is compared with: the one just before, or the same a year before."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import cast

from reportspec.calendar.periods import (
    MONTHS_IN,
    ONE_DAY,
    Fiscal,
    Grain,
    Kind,
    Period,
    add_months,
    named,
    weeks_in,
)

_MONTHS_OF: dict[Kind, int] = {
    "year": 12, "fiscal_year": 12, "quarter": 3, "fiscal_quarter": 3, "month": 1,
}  # fmt: skip


def previous_period(period: Period, fiscal: Fiscal) -> Period:
    """The period of the same kind just before.

    A period to date becomes the same elapsed stretch, in months and days, of the unit before, and
    ends with that unit at the latest: 1 to 31 March becomes all of February, and what is a whole
    number of months becomes as many whole months. A range of whole months becomes as many months
    before; other ranges, `last_30_days` always among them, as many days before.
    """
    start, end, kind = period.start, period.end, period.kind
    if kind in _MONTHS_OF:
        return named(add_months(start, -_MONTHS_OF[kind]), start, kind, fiscal)
    if kind == "to_date":
        grain = _unit_to_date(period)
        if grain == "week":
            return Period(start - 7 * ONE_DAY, end - 7 * ONE_DAY, kind, period.name)
        before = add_months(start, -MONTHS_IN[grain])
        return Period(before, min(start, _as_far(period, before)), kind, period.name)
    if _is_whole_months(period):
        return named(add_months(start, -_months_between(start, end)), start, kind, fiscal)
    return named(start - (end - start), start, kind, fiscal)


def previous_year(period: Period, fiscal: Fiscal) -> Period:
    """The same period a year before.

    Weeks keep their number, and week 53 becomes the last week where the year before has 52; weeks
    to date and `last_N_weeks` go with them, so that weekdays meet weekdays. Whole months stay
    whole (February 2024 becomes all of February 2023). Other bounds keep their date, 29 February
    becoming the 28th.
    """
    start, end, kind = period.start, period.end, period.kind
    if kind in _MONTHS_OF:
        return named(add_months(start, -12), add_months(end, -12), kind, fiscal)
    if kind == "to_date":
        if _unit_to_date(period) == "week":
            before = _week_a_year_before(start)
            return Period(before, before + (end - start), kind, period.name)
        before = add_months(start, -12)
        return Period(before, _as_far(period, before), kind, period.name)
    if kind == "week" or re.fullmatch(r"last_[0-9]+_weeks?", period.name):
        before = _week_a_year_before(start)
        return named(before, before + (end - start), kind, fiscal)
    if _is_whole_months(period):
        return named(add_months(start, -12), add_months(end, -12), kind, fiscal)
    return named(add_months(start, -12), add_months(end - ONE_DAY, -12) + ONE_DAY, kind, fiscal)


def _unit_to_date(period: Period) -> Grain:
    return cast(Grain, period.name.removesuffix("_to_date"))


def _is_whole_months(period: Period) -> bool:
    """Thirty days asked for as such are no month, not even where they happen to be April."""
    if re.fullmatch(r"last_[0-9]+_(day|week)s?", period.name):
        return False
    return period.start.day == 1 and period.end.day == 1


def _months_between(start: date, end: date) -> int:
    return (end.year - start.year) * 12 + end.month - start.month


def _as_far(period: Period, start: date) -> date:
    """Where a period ends that begins on `start`, the first of a month, and is as long in months
    and days."""
    months = _months_between(period.start, period.end)  # periods to date begin on the first
    days = (period.end - add_months(period.start, months)).days
    return add_months(start, months) + timedelta(days=days)


def _week_a_year_before(start: date) -> date:
    """The first day of the week with the same ISO number in the year before. A week that does not
    begin on Monday has the number of the ISO week that shares its Thursday."""
    to_thursday = timedelta(days=(3 - start.weekday()) % 7)
    year, week, _ = (start + to_thursday).isocalendar()
    return date.fromisocalendar(year - 1, min(week, weeks_in(year - 1)), 4) - to_thursday
