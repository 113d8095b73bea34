"""The calendar: periods that people name, the buckets that divide them, and the instants at which
days begin. All of it is computed here and reaches SQL as literals.

Periods are half-open stretches [start, end) of days in the report's zone.
"""

from __future__ import annotations

import calendar as months_of
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Literal

Kind = Literal["year", "quarter", "month", "week", "day", "fiscal_year", "fiscal_quarter", "range", "to_date"]
Grain = Literal["day", "week", "month", "quarter", "year"]
GRAINS: tuple[Grain, ...] = ("day", "week", "month", "quarter", "year")
FIRST_YEAR, LAST_YEAR = 1900, 2200
MOST_BUCKETS = 800

_STEP = {"month": 1, "quarter": 3, "year": 12}
RELATIVE = (
    "today", "yesterday", "this_week", "last_week", "this_month", "last_month", "this_quarter",
    "last_quarter", "this_year", "last_year", "week_to_date", "month_to_date", "quarter_to_date",
    "year_to_date", "last_7_days", "last_30_days", "last_90_days", "last_12_months",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Period:
    """[start, end) in days. `name` is how it was asked for."""

    start: date
    end: date
    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Fiscal:
    """Where years and weeks begin: a month (1 to 12), a weekday (0 is Monday)."""

    start_month: int = 1
    week_start: int = 0


@dataclass(frozen=True, slots=True)
class Bucket:
    """One step of a trend, cut to the period's bounds (`partial` if that made it shorter)."""

    start: date
    end: date
    grain: Grain
    partial: bool = False


class CalendarError(ValueError):
    """What was written is no period. `help` is a way out, if one can be guessed."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.message, self.help = message, help


def add_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last day where it has no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, months_of.monthrange(year, month + 1)[1]))


def parse_period(value: Any, today: date, fiscal: Fiscal) -> Period:
    """The period that a spec names. Raises CalendarError."""
    if isinstance(value, Mapping):
        return _range(value, today, fiscal)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise CalendarError("a period is text such as `2026-Q3` or `last_month`, or {from, to}")
    text = str(value).strip()
    return _absolute(text, fiscal) or _relative(text, today, fiscal)


def _range(value: Mapping[str, Any], today: date, fiscal: Fiscal) -> Period:
    bounds = []
    for key in ("from", "to"):
        if value.get(key) is None:
            raise CalendarError(f"the period has no `{key}`", "write {from: 2026-01-01, to: 2026-03-31}")
        bounds.append(parse_period(value[key], today, fiscal))
    start, end = bounds[0].start, bounds[1].end
    if start >= end:
        raise CalendarError(f"`to` ({value['to']}) lies before `from` ({value['from']})")
    return Period(start, end, "range", f"{value['from']}..{value['to']}")


def _absolute(text: str, fiscal: Fiscal) -> Period | None:
    if match := re.fullmatch(r"(FY)?(\d{4})(?:-?Q(\d+))?", text, re.IGNORECASE):
        return _year_or_quarter(bool(match[1]), _year(match[2]), match[3], text, fiscal)
    if match := re.fullmatch(r"(\d{4})-?W(\d{1,2})", text, re.IGNORECASE):
        year, week = _year(match[1]), int(match[2])
        last = date(year, 12, 28).isocalendar().week
        if not 1 <= week <= last:
            raise CalendarError(f"{year} has weeks 1 to {last}, not {week}")
        start = date.fromisocalendar(year, week, 1)
        return Period(start, start + timedelta(days=7), "week", text)
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?", text):
        year, month = _year(match[1]), int(match[2])
        if not 1 <= month <= 12:
            raise CalendarError(f"`{text}`: there are months 01 to 12, not {match[2]}")
        if match[3] is None:
            start = date(year, month, 1)
            return Period(start, add_months(start, 1), "month", text)
        day, last = int(match[3]), months_of.monthrange(year, month)[1]
        if not 1 <= day <= last:
            raise CalendarError(f"`{text}`: {months_of.month_name[month]} {year} has {last} days")
        start = date(year, month, day)
        return Period(start, start + timedelta(days=1), "day", text)
    return None


def _year(text: str) -> int:
    year = int(text)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise CalendarError(f"the year {year} is not between {FIRST_YEAR} and {LAST_YEAR}")
    return year


def _year_or_quarter(is_fiscal: bool, year: int, quarter: str | None, text: str, fiscal: Fiscal) -> Period:
    start = date(year, 1, 1)
    if is_fiscal:
        # A fiscal year is named for the calendar year in which it ends.
        start = date(year - (fiscal.start_month > 1), fiscal.start_month, 1)
    if quarter is None:
        return Period(start, add_months(start, 12), "fiscal_year" if is_fiscal else "year", text)
    if not 1 <= int(quarter) <= 4:
        raise CalendarError(f"`{text}`: a year has quarters 1 to 4")
    start = add_months(start, 3 * (int(quarter) - 1))
    return Period(start, add_months(start, 3), "fiscal_quarter" if is_fiscal else "quarter", text)


def _relative(text: str, today: date, fiscal: Fiscal) -> Period:
    day = timedelta(days=1)
    if text == "today":
        return Period(today, today + day, "day", text)
    if text == "yesterday":
        return Period(today - day, today, "day", text)
    if match := re.fullmatch(r"last_(\d+)_(day|week|month|quarter|year)s?", text):
        count = int(match[1])
        if not 1 <= count <= 3660:
            raise CalendarError(f"`{text}`: the number must be between 1 and 3,660")
        if match[2] == "day":
            return Period(today - count * day, today, "range", text)
        grain: Grain = match[2]  # type: ignore[assignment]
        end = floor(today, grain, fiscal)
        start = end
        for _ in range(count):
            start = floor(start - day, grain, fiscal)
            if start.year < FIRST_YEAR:
                raise CalendarError(f"`{text}` begins before {FIRST_YEAR}")
        return Period(start, end, "range" if count > 1 else _kind(grain, fiscal), text)
    if match := re.fullmatch(r"(this|last)_(week|month|quarter|year)", text):
        grain = match[2]  # type: ignore[assignment]
        start = floor(today, grain, fiscal)
        if match[1] == "last":
            start = floor(start - day, grain, fiscal)
        return Period(start, following(start, grain), _kind(grain, fiscal), text)
    if match := re.fullmatch(r"(week|month|quarter|year)_to_date", text):
        return Period(floor(today, match[1], fiscal), today + day, "to_date", text)  # type: ignore[arg-type]
    near = difflib.get_close_matches(text.lower().replace(" ", "_").replace("-", "_"), RELATIVE, 1, 0.6)
    raise CalendarError(
        f"`{text[:60]}` is no period",
        f"did you mean `{near[0]}`?" if near else "write for example 2026, 2026-Q3, 2026-09, 2026-W38 or last_month",
    )


def _kind(grain: Grain, fiscal: Fiscal) -> Kind:
    if fiscal.start_month != 1 and grain in ("quarter", "year"):
        return "fiscal_quarter" if grain == "quarter" else "fiscal_year"
    return grain


def floor(day: date, grain: Grain, fiscal: Fiscal) -> date:
    """The first day of the day, week, month, (fiscal) quarter or (fiscal) year with that day."""
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=(day.weekday() - fiscal.week_start) % 7)
    first = day.replace(day=1)
    if grain == "month":
        return first
    return add_months(first, -((day.month - fiscal.start_month) % _STEP[grain]))


def following(start: date, grain: Grain) -> date:
    """The first day of the next unit after one that begins on `start`."""
    if grain == "day":
        return start + timedelta(days=1)
    if grain == "week":
        return start + timedelta(days=7)
    return add_months(start, _STEP[grain])


def previous_period(period: Period, fiscal: Fiscal) -> Period:
    """The period of the same kind just before. A period to date goes back to the same stretch of
    the previous unit; a range of whole months to as many months; other ranges to as many days."""
    unit: dict[str, int] = {"year": 12, "fiscal_year": 12, "quarter": 3, "fiscal_quarter": 3, "month": 1}
    start, end = period.start, period.end
    if period.kind in unit:
        return Period(add_months(start, -unit[period.kind]), start, period.kind, "previous_period")
    if period.kind == "to_date":
        grain = period.name.removesuffix("_to_date")
        if grain == "week":
            return Period(start - timedelta(7), end - timedelta(7), "to_date", period.name)
        before = add_months(start, -_STEP[grain])
        months, days = _span_of(start, end)
        return Period(before, min(start, add_months(before, months) + timedelta(days)), "to_date", period.name)
    if start.day == 1 and end.day == 1:
        months = (end.year - start.year) * 12 + end.month - start.month
        return Period(add_months(start, -months), start, period.kind, "previous_period")
    return Period(start - (end - start), start, period.kind, "previous_period")


def _span_of(start: date, end: date) -> tuple[int, int]:
    months = (end.year - start.year) * 12 + end.month - start.month
    if add_months(start, months) > end:
        months -= 1
    return months, (end - add_months(start, months)).days


def previous_year(period: Period, fiscal: Fiscal) -> Period:
    """The same period a year before. ISO weeks keep their number (week 53 becomes the last week);
    other weeks and single days move by whole dates, 29 February to the 28th."""
    if period.kind == "week" and period.start.weekday() == 0:
        year, week, _ = period.start.isocalendar()
        last = date(year - 1, 12, 28).isocalendar().week
        start = date.fromisocalendar(year - 1, min(week, last), 1)
        return Period(start, start + timedelta(days=7), "week", "previous_year")
    start = add_months(period.start, -12)
    last_day = add_months(period.end - timedelta(days=1), -12)
    end = last_day + timedelta(days=1)
    if period.start.day == 1 and period.end.day == 1:
        end = add_months(period.end, -12)
    return Period(start, end, period.kind, period.name if period.kind == "to_date" else "previous_year")


def buckets(period: Period, grain: str, fiscal: Fiscal) -> tuple[Bucket, ...]:
    """The period divided by a grain, in order; the first and last are cut to its bounds.
    Raises CalendarError where there would be more than MOST_BUCKETS."""
    found: list[Bucket] = []
    unit: Grain = grain  # type: ignore[assignment]
    at = floor(period.start, unit, fiscal)
    while at < period.end:
        end = following(at, unit)
        cut = Bucket(max(at, period.start), min(end, period.end), unit, at < period.start or end > period.end)
        found.append(cut)
        if len(found) > MOST_BUCKETS:
            raise CalendarError(f"a period by {grain} would have more than {MOST_BUCKETS} steps",
                                "choose a coarser grain")  # fmt: skip
        at = end
    return tuple(found)


def default_grain(period: Period) -> Grain:
    """Days up to a fortnight, weeks up to seven weeks, months up to two years, and so on."""
    days = (period.end - period.start).days
    for limit, grain in ((14, "day"), (50, "week"), (740, "month"), (6 * 366, "quarter")):
        if days <= limit:
            return grain  # type: ignore[return-value]
    return "year"


def instant(day: date, zone: tzinfo) -> datetime:
    """When a day begins: local midnight, in UTC. Where clocks skip midnight it is the first
    instant after the gap, where midnight comes twice the first of the two."""
    naive = datetime.combine(day, time())
    aware = naive.replace(tzinfo=zone).astimezone(UTC)
    if aware.astimezone(zone).replace(tzinfo=None) == naive:
        return aware
    # In a gap, the offset before it (fold=0) gives the very instant at which the gap ends.
    later = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
    low, high = min(aware, later), max(aware, later)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).replace(tzinfo=None) >= naive:
            high = middle
        else:
            low = middle
    return high.replace(microsecond=0)


def parse_as_of(value: Any, zone: tzinfo) -> datetime:
    """The instant of an `as_of`: a date means the end of that day. Raises CalendarError."""
    text = str(value)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        period = _absolute(text, Fiscal())
        assert period is not None
        return instant(period.end, zone)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CalendarError(f"`{text[:60]}` is no date or time", "write 2026-09-30 or 2026-09-30T12:00") from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise CalendarError(f"the year {moment.year} is not between {FIRST_YEAR} and {LAST_YEAR}")
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


_MONTHS = {
    "en": ("January February March April May June July August September October November December").split(),
    "it": ("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre").split(),
}
_WEEK = {"en": "Week", "it": "Settimana"}
_QUARTER = {"en": "Q", "it": "T"}


def month_name(month: int, language: str, short: bool = False) -> str:
    """`September`, `settembre`; short: `Sep`, `set`."""
    name = _MONTHS.get(language, _MONTHS["en"])[month - 1]
    return name[:3] if short else name


def period_label(period: Period, language: str) -> str:
    """What people call a period: `Q3 2026`, `settembre 2026`, `1 Jan – 15 Mar 2026`."""
    start, last = period.start, period.end - timedelta(days=1)
    months = (period.end.year - start.year) * 12 + period.end.month - start.month
    whole = start.day == 1 and period.end.day == 1
    fiscal = period.kind.startswith("fiscal")
    if fiscal and whole and start.month in (1, 4, 7, 10) and months == 3:
        return f"{_span_label(start, last, language, months=True)}"
    if whole and months == 12 and start.month == 1:
        return str(start.year)
    if whole and months == 12 and fiscal:
        return f"FY {last.year} ({_span_label(start, last, language, months=True)})"
    if whole and months == 3 and start.month in (1, 4, 7, 10):
        return f"{_QUARTER.get(language, 'Q')}{(start.month + 2) // 3} {start.year}"
    if whole and months == 1:
        return f"{month_name(start.month, language)} {start.year}"
    if period.kind == "week":
        year, week, _ = start.isocalendar()
        return f"{_WEEK.get(language, 'Week')} {week}, {year} ({_span_label(start, last, language)})"
    if start == last:
        return _day(start, language, year=True)
    return _span_label(start, last, language, months=whole)


def _day(day: date, language: str, year: bool) -> str:
    text = f"{day.day} {month_name(day.month, language, short=True)}"
    return f"{text} {day.year}" if year else text


def _span_label(start: date, last: date, language: str, months: bool = False) -> str:
    if months:
        first = month_name(start.month, language, short=True)
        if start.year != last.year:
            first += f" {start.year}"
        return f"{first} – {month_name(last.month, language, short=True)} {last.year}"
    return f"{_day(start, language, start.year != last.year)} – {_day(last, language, True)}"


def bucket_label(bucket: Bucket, language: str, with_year: bool) -> str:
    """A short name for a step of a trend: `Jul`, `Jul 2026`, `14 Sep`, `Q3`, `2026`."""
    year = f" {bucket.start.year}" if with_year else ""
    match bucket.grain:
        case "year":
            return str((bucket.end - timedelta(days=1)).year)
        case "quarter":
            return f"{_QUARTER.get(language, 'Q')}{(bucket.start.month + 2) // 3}{year}"
        case "month":
            return f"{month_name(bucket.start.month, language, short=True)}{year}"
        case _:
            return _day(bucket.start, language, with_year)
