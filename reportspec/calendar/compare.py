"""The period that a period is compared with: the one just before, the same a year before, or another
one that is named. Words such as `last_year` are about the period, never about the clock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Literal, cast

from reportspec.calendar.instants import as_naive, instant
from reportspec.calendar.periods import (
    MONTHS_IN,
    ONE_DAY,
    CalendarError,
    Fiscal,
    Grain,
    Kind,
    Part,
    Period,
    add_months,
    fixed,
    following,
    named,
    parse_period,
    weeks_in,
)

Align = Literal["day", "weekday"]

_MONTHS_OF: dict[Kind, int] = {
    "year": 12,
    "fiscal_year": 12,
    "quarter": 3,
    "fiscal_quarter": 3,
    "month": 1,
}


def compared_with(value: Any, period: Period, fiscal: Fiscal, alignment: Align = "day") -> Period:
    """The period that a spec compares its own with; by `weekday` as many days as its own, of which the
    first is the same weekday. Raises CalendarError for what is none, and for what reaches into the
    period."""
    compared = _compared(value, period, fiscal)
    return compared if alignment == "day" else _by_weekday(compared, period, fiscal)


def _by_weekday(found: Period, period: Period, fiscal: Fiscal) -> Period:
    """As many days as the period has, from the nearest day to the other's start that has the same
    weekday. What would reach into the period goes back by weeks; a period to date is taken for the
    whole one here, so that the other does not jump as it goes on."""
    apart = (period.start.weekday() - found.start.weekday() + 3) % 7 - 3
    start, end = found.start + apart * ONE_DAY, period.end
    if period.kind == "to_date":
        end = following(period.start, _unit_to_date(period))
    if found.start < period.start:
        while start + (end - period.start) > period.start:
            start -= 7 * ONE_DAY
    return named(start, start + (period.end - period.start), "range", fiscal)


def same_point(moment: datetime, period: Period, other: Period, zone: tzinfo, alignment: Align = "day") -> datetime:
    """The instant of another period that answers to an instant of a period: as many months and days
    from its start where both begin with a month and the period is one of months (whole ones, or one to
    date), else as many days, at the same time of day; not beyond the month that answers, nor beyond its
    end. After the period's end, as many days after."""
    local = as_naive(moment, zone)
    day, clock, over = local.date(), local.time(), moment >= instant(period.end, zone)
    if over:
        there = other.end + (day - period.end)
    elif alignment == "day" and _is_of_months(period) and period.start.day == other.start.day == 1:
        there = _as_far(Period(period.start, day, "range", ""), other.start)
        if there.day == 1 < day.day:
            clock = time()  # the month that answers is over
    else:
        there = other.start + (day - period.start)
    if clock == time():
        then = instant(there, zone)
    else:
        then = datetime.combine(there, clock, zone).astimezone(UTC)
    return then if over else min(then, instant(other.end, zone))


def _compared(value: Any, period: Period, fiscal: Fiscal) -> Period:
    """The period that a spec compares its own with. `last_week`, `last_month`, `last_quarter` and
    `last_year` are its own stretch, so much earlier; `last_N_…` are the whole ones just before it. Raises
    CalendarError for what is none, and for what reaches into the period."""
    if value == "previous_period":
        return previous_period(period, fiscal)
    if value in ("previous_year", "last_year"):
        return previous_year(period, fiscal)
    if isinstance(value, Mapping):
        parts: tuple[Part, ...] = ("from", "to")
        for part in parts:
            if fixed(value.get(part), fiscal) is None and value.get(part) is not None:
                raise CalendarError(
                    "a bound of what is compared with is a date or a period of the calendar",
                    "write {from: 2025-07-01, to: 2025-09-30}",
                    part,
                )
        return parse_period(value, period.start, fiscal)
    compared = fixed(value, fiscal)
    if compared is not None:
        return compared
    text = str(value).strip().lower().replace("-", "_")
    if text in _EARLIER:
        compared = _moved(period, _EARLIER[text], fiscal)
    elif re.fullmatch(r"last_[0-9]+_(day|week|month|quarter|year)s?", text):
        compared = parse_period(text, period.start, fiscal)
    else:
        parse_period(text, period.start, fiscal)  # says what is no period at all
        raise CalendarError(
            f"`{text}` is no period before the report's",
            "write `previous_period`, `previous_year` or a period such as `2025-Q3`",
        )
    if compared.end > period.start:
        raise CalendarError(
            f"`{text}` reaches into the report's own period", "write `previous_period` or `previous_year`"
        )
    return compared


# Months, or days.
_EARLIER: Mapping[str, tuple[int, int]] = {
    "yesterday": (0, 1),
    "last_week": (0, 7),
    "last_month": (1, 0),
    "last_quarter": (3, 0),
}


def _moved(period: Period, by: tuple[int, int], fiscal: Fiscal) -> Period:
    """The same stretch, so many months or days earlier."""
    months, days = by
    start, end, kind = period.start, period.end, period.kind
    if days:
        return named(start - days * ONE_DAY, end - days * ONE_DAY, "range", fiscal)
    if not _is_of_months(period):
        return _as_many_days(period, months, "range", fiscal)
    before = add_months(start, -months)
    if kind == "to_date":
        return Period(before, _as_far(period, before), kind, period.name)
    return named(before, add_months(end, -months), _kind_of(kind, months), fiscal)


def _as_many_days(period: Period, months: int, kind: Kind, fiscal: Fiscal) -> Period:
    """As many days as a period that is none of months has, from the day on that lies so many months
    before its first. What would reach into the period only because those months are shorter ends
    just before it."""
    start, length = add_months(period.start, -months), period.end - period.start
    if start + length > period.start > add_months(period.end - ONE_DAY, -months):
        start = period.start - length
    return named(start, start + length, kind, fiscal)


def _kind_of(kind: Kind, months: int) -> Kind:
    """A month, a quarter or a year stays one where it is moved by as many months as it has."""
    return kind if kind in _MONTHS_OF and months % _MONTHS_OF[kind] == 0 else "range"


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
        return named(add_months(start, -months_between(start, end)), start, kind, fiscal)
    return named(start - (end - start), start, kind, fiscal)


def previous_year(period: Period, fiscal: Fiscal) -> Period:
    """The same period a year before.

    Weeks keep their number, and week 53 becomes the last week where the year before has 52; weeks
    to date and `last_N_weeks` go with them, so that weekdays meet weekdays. Whole months stay
    whole (February 2024 becomes all of February 2023), and months to date begin and end on the same
    dates. Other periods begin on the same date, 29 February becoming the 28th, and have as many days.
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
    return _as_many_days(period, 12, kind, fiscal)


def _unit_to_date(period: Period) -> Grain:
    return cast(Grain, period.name.removesuffix("_to_date"))


def _is_of_months(period: Period) -> bool:
    """Whether a period is counted in months: whole ones, or those of a month, quarter or year to date."""
    if period.kind == "to_date":
        return _unit_to_date(period) != "week"
    return _is_whole_months(period)


def _is_whole_months(period: Period) -> bool:
    """Thirty days asked for as such are no month, not even where they happen to be April."""
    if re.fullmatch(r"last_[0-9]+_(day|week)s?", period.name):
        return False
    return period.start.day == 1 and period.end.day == 1


def months_between(start: date, end: date) -> int:
    """How many months lie between two days of one number."""
    return (end.year - start.year) * 12 + end.month - start.month


def _as_far(period: Period, start: date) -> date:
    """Where a period ends that begins on `start`, the first of a month, and is as long in months
    and days, or with the month that has fewer of them."""
    months = months_between(period.start, period.end)  # periods to date begin on the first
    days = (period.end - add_months(period.start, months)).days
    return min(add_months(start, months) + timedelta(days=days), add_months(start, months + 1))


def _week_a_year_before(start: date) -> date:
    """The first day of the week with the same ISO number in the year before. A week that does not
    begin on Monday has the number of the ISO week that shares its Thursday."""
    to_thursday = timedelta(days=(3 - start.weekday()) % 7)
    year, week, _ = (start + to_thursday).isocalendar()
    return date.fromisocalendar(year - 1, min(week, weeks_in(year - 1)), 4) - to_thursday
