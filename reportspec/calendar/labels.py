"""What people call periods and the steps of trends.

English and Italian are written here, since they are what most reports need and Babel takes long to
load; other languages come from Babel.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from reportspec.calendar.buckets import Bucket
from reportspec.calendar.periods import ONE_DAY, Period

_MONTHS = {
    "en": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ),
    "it": (
        "gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto",
        "settembre", "ottobre", "novembre", "dicembre",
    ),
}  # fmt: skip
_WEEK = {"en": "Week", "it": "Settimana"}
_QUARTER = {"en": "Q", "it": "T"}


def period_label(period: Period, language: str, locale: str | None = None) -> str:
    """What people call a period: `Q3 2026`, `September 2026`, `FY 2026 (Jul 2025 – Jun 2026)`,
    `Week 38, 2026 (14–20 Sep)`, `1 Jan – 15 Mar 2026`.

    `locale` chooses between the forms of a language other than English and Italian (`pt_PT`);
    a language that Babel does not know is written in English.
    """
    start, last = period.start, period.end - ONE_DAY
    words = _words(language, locale)
    if start == last:
        return words.day(start)
    if start.day != 1 or period.end.day != 1:
        if period.kind == "week" and start.weekday() == 0:
            return words.week(start, last)
        return words.days(start, last)
    months = (period.end.year - start.year) * 12 + period.end.month - start.month
    if start.month == 1 and months % 12 == 0:
        return str(start.year) if months == 12 else f"{start.year}–{last.year}"
    if months == 1:
        return words.month(start)
    span = words.months(start, last)
    if period.kind == "fiscal_year":
        return f"FY {last.year} ({span})"
    if period.kind == "fiscal_quarter":
        year, quarter = period.name.removeprefix("FY").split("-Q")
        return f"{words.quarter(int(quarter))} FY {year} ({span})"
    if months == 3 and start.month % 3 == 1:
        return f"{words.quarter((start.month + 2) // 3)} {start.year}"
    return span


def bucket_label(bucket: Bucket, language: str, with_year: bool, locale: str | None = None) -> str:
    """A short name for a step of a trend: `14 Sep` for days and weeks (the first day), `Jul`, `Q3`,
    `2026`. `with_year`, for periods over several years: `14 Sep 2025`, `Jul 2025`, `Q3 2025`.
    Fiscal quarters and years are `Q1`, `Q1 FY2026`, `FY2026`."""
    words = _words(language, locale)
    match bucket.grain:
        case "year":
            return bucket.key
        case "quarter":
            year, quarter = bucket.key.split("-Q")
            return words.quarter(int(quarter)) + (f" {year}" if with_year else "")
        case "month":
            return words.short_month(bucket.start, with_year)
        case _:
            return words.day(bucket.start, with_year)


def month_name(month: int, language: str, short: bool = False) -> str:
    """`September`, `settembre`; short: `Sep`, `set`. English where the language is neither."""
    name = _MONTHS.get(language, _MONTHS["en"])[month - 1]
    return name[:3] if short else name


class _Plain:
    """English and Italian."""

    def __init__(self, language: str) -> None:
        self.language = language

    def day(self, day: date, year: bool = True) -> str:
        return f"{day.day} {self.short_month(day, year)}"

    def month(self, day: date) -> str:
        return f"{month_name(day.month, self.language)} {day.year}"

    def short_month(self, day: date, year: bool) -> str:
        name = month_name(day.month, self.language, short=True)
        return f"{name} {day.year}" if year else name

    def quarter(self, number: int) -> str:
        return f"{_QUARTER[self.language]}{number}"

    def week(self, start: date, last: date) -> str:
        iso = start.isocalendar()
        days = self.days(start, last, year=start.year != last.year)
        return f"{_WEEK[self.language]} {iso.week}, {iso.year} ({days})"

    def days(self, start: date, last: date, year: bool = True) -> str:
        if (start.year, start.month) == (last.year, last.month):
            return f"{start.day}–{self.day(last, year)}"
        return f"{self.day(start, start.year != last.year)} – {self.day(last, year)}"

    def months(self, start: date, last: date) -> str:
        first = self.short_month(start, start.year != last.year)
        return f"{first} – {self.short_month(last, True)}"


class _Babel(_Plain):
    """Every other language. Quarters go by the month of a calendar quarter with that number."""

    def __init__(self, locale: Any) -> None:
        super().__init__("en")
        self.locale = locale

    def day(self, day: date, year: bool = True) -> str:
        return self._skeleton("yMMMd" if year else "MMMd", day)

    def month(self, day: date) -> str:
        return self._skeleton("yMMMM", day)

    def short_month(self, day: date, year: bool) -> str:
        if year:
            return self._skeleton("yMMM", day)
        return str(self.locale.months["stand-alone"]["abbreviated"][day.month])

    def quarter(self, number: int) -> str:
        return str(self.locale.quarters["stand-alone"]["abbreviated"][number])

    def week(self, start: date, last: date) -> str:
        return self.days(start, last)  # Babel has no words for a week's number

    def days(self, start: date, last: date, year: bool = True) -> str:
        return self._interval("yMMMd", start, last)

    def months(self, start: date, last: date) -> str:
        return self._interval("yMMM", start, last)

    def _skeleton(self, skeleton: str, day: date) -> str:
        from babel.dates import format_skeleton

        return _plain_spaces(format_skeleton(skeleton, day, locale=self.locale))

    def _interval(self, skeleton: str, start: date, last: date) -> str:
        from babel.dates import format_interval

        return _plain_spaces(format_interval(start, last, skeleton, locale=self.locale))


def _words(language: str, locale: str | None) -> _Plain:
    if language in _MONTHS:
        return _Plain(language)
    from babel import Locale, UnknownLocaleError

    for name in (locale or "", language):
        try:
            found = Locale.parse(name.replace("-", "_"))
        except (UnknownLocaleError, ValueError, TypeError):
            continue
        if found.language == language:
            return _Babel(found)
    return _Plain("en")


def _plain_spaces(text: str) -> str:
    """CLDR's thin and narrow spaces, which not every font has, as common ones."""
    return text.replace("\u2009", " ").replace("\u202f", "\u00a0")
