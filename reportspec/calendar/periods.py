"""What a period is, and how one is read from a spec."""

from __future__ import annotations

import calendar as months_of
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Literal, cast

from reportspec.diagnostics import suggestion
from reportspec.lazy_dataclass import dataclass

Kind = Literal["year", "quarter", "month", "week", "day", "fiscal_year", "fiscal_quarter", "range", "to_date"]
Grain = Literal["day", "week", "month", "quarter", "year"]
Part = Literal["whole", "from", "to"]
GRAINS: tuple[Grain, ...] = ("day", "week", "month", "quarter", "year")
FIRST_YEAR, LAST_YEAR = 1900, 2200
LARGEST_COUNT = 3660  # of last_N_…: ten years of days

MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}
RELATIVE = (
    "today", "yesterday", "this_week", "last_week", "this_month", "last_month", "this_quarter",
    "last_quarter", "this_year", "last_year", "week_to_date", "month_to_date", "quarter_to_date",
    "year_to_date", "last_7_days", "last_30_days", "last_90_days", "last_12_months",
)  # fmt: skip
ALSO_CALLED = {
    "wtd": "week_to_date",
    "mtd": "month_to_date",
    "qtd": "quarter_to_date",
    "ytd": "year_to_date",
}
EXAMPLES = "write for example 2026, 2026-Q3, 2026-09, 2026-W38 or last_month"
DAY_EXAMPLES = "write a day such as 2026-07-01, or a period that begins or ends with it: 2026-Q3, 2026-09"
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """[start, end) in days of the report's zone.

    The `name` of a whole day, week, month, quarter or year is one that reads as the same period
    again (`2026-Q3`, also where `last_quarter` was written). Periods to date and `last_N_…` keep
    the name that was asked for; other ranges are `2026-01-01..2026-03-31`.
    """

    start: date
    end: date
    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Fiscal:
    """Where years and weeks begin: a month (1 to 12), a weekday (0 is Monday)."""

    start_month: int = 1
    week_start: int = 0


class CalendarError(ValueError):
    """What was written is no period or time. `help` is a way out, if one can be guessed; `part`
    says which value of {from, to} is wrong."""

    def __init__(self, message: str, help: str | None = None, part: Part = "whole") -> None:
        super().__init__(message)
        self.message, self.help, self.part = message, help, part


def add_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, months_of.monthrange(year, month + 1)[1]))


def floor(day: date, grain: Grain, fiscal: Fiscal) -> date:
    """The first day of the day, week, month, (fiscal) quarter or (fiscal) year with that day."""
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=(day.weekday() - fiscal.week_start) % 7)
    first = day.replace(day=1)
    if grain == "month":
        return first
    return add_months(first, -((day.month - fiscal.start_month) % MONTHS_IN[grain]))


def following(start: date, grain: Grain) -> date:
    """The first day of the next unit after one that begins on `start`."""
    if grain == "day":
        return start + ONE_DAY
    if grain == "week":
        return start + 7 * ONE_DAY
    return add_months(start, MONTHS_IN[grain])


def unit_of(grain: Grain, fiscal: Fiscal) -> Kind:
    """What kind of period one unit of a grain is."""
    if fiscal.start_month != 1 and grain in ("quarter", "year"):
        return "fiscal_quarter" if grain == "quarter" else "fiscal_year"
    return grain


def named(start: date, end: date, kind: Kind, fiscal: Fiscal) -> Period:
    """A period under the name that reads as it again."""
    return Period(start, end, kind, _name(start, end, kind, fiscal))


def _name(start: date, end: date, kind: Kind, fiscal: Fiscal) -> str:
    year = f"{start.year:04}"
    match kind:
        case "year":
            return year
        case "quarter":
            return f"{year}-Q{(start.month + 2) // 3}"
        case "month":
            return f"{year}-{start.month:02}"
        case "day":
            return start.isoformat()
        case "week" if start.weekday() == 0:
            iso = start.isocalendar()
            return f"{iso.year:04}-W{iso.week:02}"
        case "fiscal_year" | "fiscal_quarter":
            began = floor(start, "year", fiscal)
            # A fiscal year is named for the calendar year in which it ends.
            text = f"FY{began.year + (fiscal.start_month > 1):04}"
            quarter = (start.month - fiscal.start_month) % 12 // 3 + 1
            return text if kind == "fiscal_year" else f"{text}-Q{quarter}"
        case _:
            return f"{start}..{end - ONE_DAY}"


def parse_period(value: Any, today: date, fiscal: Fiscal) -> Period:
    """The period that a spec names: text, a year as a number, or a map {from, to} of two such of
    which the first day of the one and the last of the other are the bounds. Raises CalendarError.
    """
    if isinstance(value, Mapping):
        return _range(value, today, fiscal)
    return _one(value, today, fiscal)


def _one(value: Any, today: date, fiscal: Fiscal) -> Period:
    if isinstance(value, bool) or not isinstance(value, (str, int, date)):
        raise CalendarError("a period is text such as `2026-Q3` or `last_month`, or {from, to}")
    if isinstance(value, int):
        start = date(_year(value), 1, 1)
        return named(start, add_months(start, 12), "year", fiscal)
    text = str(value).strip()
    return _absolute(text, fiscal) or _relative(text, today, fiscal)


def fixed(value: Any, fiscal: Fiscal) -> Period | None:
    """The period that a value fixes whatever day it is; None for words such as `last_month`, and for
    what is no period. Raises CalendarError for one that is not in the calendar."""
    if isinstance(value, bool) or not isinstance(value, (str, int, date)):
        return None
    if isinstance(value, int):
        return _one(value, date.min, fiscal)
    return _absolute(str(value).strip(), fiscal)


def _range(value: Mapping[str, Any], today: date, fiscal: Fiscal) -> Period:
    bounds = []
    parts: tuple[Part, ...] = ("from", "to")
    for part in parts:
        if value.get(part) is None:
            raise CalendarError(f"the period has no `{part}`", "write {from: 2026-01-01, to: 2026-03-31}")
        try:
            bounds.append(_one(value[part], today, fiscal))
        except CalendarError as error:
            help = DAY_EXAMPLES if error.help == EXAMPLES else error.help
            raise CalendarError(error.message, help, part) from None
    start, end = bounds[0].start, bounds[1].end
    if start >= end:
        raise CalendarError(f"`to` ({end - ONE_DAY}) lies before `from` ({start})", part="to")
    return named(start, end, "range", fiscal)


def _absolute(text: str, fiscal: Fiscal) -> Period | None:
    """The period that a text fixes by itself, or None where it does not look like one."""
    if match := re.fullmatch(r"(FY)?([0-9]{4})(?:-?Q([0-9]{1,4}))?", text, re.IGNORECASE):
        return _year_or_quarter(bool(match[1]), _year(int(match[2])), match[3], text, fiscal)
    if match := re.fullmatch(r"([0-9]{4})-?W([0-9]{1,4})", text, re.IGNORECASE):
        year, week = _year(int(match[1])), int(match[2])
        last = weeks_in(year)
        if not 1 <= week <= last:
            raise CalendarError(f"{year} has weeks 1 to {last}, not {week}")
        start = date.fromisocalendar(year, week, 1)
        return named(start, following(start, "week"), "week", fiscal)
    if match := re.fullmatch(r"([0-9]{4})-([0-9]{1,2})(?:-([0-9]{1,2}))?", text):
        return _month_or_day(_year(int(match[1])), int(match[2]), match[3], text, fiscal)
    return None


def weeks_in(year: int) -> int:
    """How many ISO weeks a year has: 52 or 53."""
    return date(year, 12, 28).isocalendar().week


def _year(year: int) -> int:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        shown = f"the year {year}" if abs(year) < 10**12 else "that year"
        raise CalendarError(f"{shown} is not between {FIRST_YEAR} and {LAST_YEAR}")
    return year


def _year_or_quarter(is_fiscal: bool, year: int, quarter: str | None, text: str, fiscal: Fiscal) -> Period:
    start = date(year, 1, 1)
    if is_fiscal:
        start = date(year - (fiscal.start_month > 1), fiscal.start_month, 1)
    if quarter is None:
        return named(start, add_months(start, 12), "fiscal_year" if is_fiscal else "year", fiscal)
    if not 1 <= int(quarter) <= 4:
        raise CalendarError(f"`{text}`: a year has four quarters, Q1 to Q4")
    start = add_months(start, 3 * (int(quarter) - 1))
    kind: Kind = "fiscal_quarter" if is_fiscal else "quarter"
    return named(start, add_months(start, 3), kind, fiscal)


def _month_or_day(year: int, month: int, day: str | None, text: str, fiscal: Fiscal) -> Period:
    if not 1 <= month <= 12:
        raise CalendarError(f"`{text}`: there are months 01 to 12, not {month:02}")
    if day is None:
        start = date(year, month, 1)
        return named(start, add_months(start, 1), "month", fiscal)
    last = months_of.monthrange(year, month)[1]
    if not 1 <= int(day) <= last:
        # February's length is that of one year; the other months' need none.
        which = f"{months_of.month_name[month]} {year}" if month == 2 else months_of.month_name[month]
        raise CalendarError(f"`{text}`: {which} has {last} days")
    start = date(year, month, int(day))
    return named(start, start + ONE_DAY, "day", fiscal)


def _relative(text: str, today: date, fiscal: Fiscal) -> Period:
    if text == "today":
        return named(today, today + ONE_DAY, "day", fiscal)
    if text == "yesterday":
        return named(today - ONE_DAY, today, "day", fiscal)
    if match := re.fullmatch(r"last_([0-9]{1,9})_(day|week|month|quarter|year)s?", text):
        return _last(int(match[1]), cast(Grain, match[2]), text, today, fiscal)
    if match := re.fullmatch(r"(this|last)_(week|month|quarter|year)", text):
        grain = cast(Grain, match[2])
        start = floor(today, grain, fiscal)
        if match[1] == "last":
            start = floor(start - ONE_DAY, grain, fiscal)
        return named(start, following(start, grain), unit_of(grain, fiscal), fiscal)
    if match := re.fullmatch(r"(week|month|quarter|year)_to_date", text):
        start = floor(today, cast(Grain, match[1]), fiscal)
        return Period(start, today + ONE_DAY, "to_date", text)
    raise CalendarError(f"`{text[:60]}` is no period", _meant(text, today, fiscal) or EXAMPLES)


def _last(count: int, grain: Grain, text: str, today: date, fiscal: Fiscal) -> Period:
    """The last `count` whole units before the one with today in it."""
    if not 1 <= count <= LARGEST_COUNT:
        raise CalendarError(f"`{text}`: the number must be between 1 and {LARGEST_COUNT:,}")
    end = floor(today, grain, fiscal)
    start = end
    for _ in range(count):
        start = floor(start - ONE_DAY, grain, fiscal)
        if start.year < FIRST_YEAR:
            raise CalendarError(f"`{text}` begins before {FIRST_YEAR}")
    if count == 1:
        return named(start, end, unit_of(grain, fiscal), fiscal)
    return Period(start, end, "range", text)


def _meant(text: str, today: date, fiscal: Fiscal) -> str | None:
    """``did you mean …?`` for a relative period that was written in a near way; one that there is."""
    if written := _otherwise_written(text.strip()):
        return written
    plain = re.sub(r"[\s_-]+", "_", text[:60].strip().lower())
    plain = re.sub(r"^(previous|prior|past|prev)_", "last_", plain)
    plain = re.sub(r"^current_", "this_", plain)
    plain = ALSO_CALLED.get(plain, plain)
    if count := re.search(r"[0-9]{1,4}", plain):
        units = ("days", "weeks", "months", "quarters", "years")
        return suggestion(plain, [name for unit in units if _there(name := f"last_{count[0]}_{unit}", today, fiscal)])
    return suggestion(plain, RELATIVE)


def _otherwise_written(text: str) -> str | None:
    """How a day or month is written here that stands as people write it: `31/12/2026`, `12.2026`."""
    if month := re.fullmatch(r"(0?[1-9]|1[0-2])[./-]([12][0-9]{3})", text):
        return f"write `{month[2]}-{int(month[1]):02}`"
    found = re.fullmatch(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-]([12][0-9]{3})", text)
    if found is None:
        return None
    first, second, year = int(found[1]), int(found[2]), int(found[3])
    days = [(second, first)] if first == second else [(second, first), (first, second)]
    there = []
    for month_of, day in days:
        try:
            there.append(f"`{date(year, month_of, day)}`")
        except ValueError:
            continue
    return f"write the year first: {' or '.join(there)}" if there else None


def _there(name: str, today: date, fiscal: Fiscal) -> bool:
    """Whether there is a relative period of this name, which is well written."""
    try:
        _relative(name, today, fiscal)
    except CalendarError:
        return False
    return True
