"""What people call periods and the steps of trends.

Languages whose file lists the months (English and Italian, which most reports need) do without
Babel, which takes long to load; other languages come from it.
"""

from __future__ import annotations

from datetime import date, time
from typing import Any

from reportspec.calendar.buckets import Bucket
from reportspec.calendar.periods import ONE_DAY, Period
from reportspec.languages import languages, vocabulary


def months_label(first: date, last: date, language: str, locale: str | None = None) -> str:
    """The months from a day's to another's: `Oct – Nov 2025`."""
    return _words(language, locale).months(first, last)


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
        return f"{words.fiscal_year(last.year)} ({span})"
    if period.kind == "fiscal_quarter":
        year, quarter = period.name.removeprefix("FY").split("-Q")
        return f"{words.quarter(int(quarter))} {words.fiscal_year(int(year))} ({span})"
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


def day_label(day: date, language: str, locale: str | None = None) -> str:
    """A day as people write it: `14 Sep 2026`, `14 set 2026`."""
    return _words(language, locale).day(day)


def stretch_label(period: Period, language: str, locale: str | None = None) -> str:
    """A period by its first and last day, also where it is whole months: `1 Oct – 30 Nov 2026`."""
    start, last = period.start, period.end - ONE_DAY
    words = _words(language, locale)
    return words.day(start) if start == last else words.days(start, last)


def clock_label(clock: time, language: str, locale: str | None = None) -> str:
    """A time of day: `16:30`, `4:30 PM` in America."""
    if not isinstance(_words(language, locale), _MonthFirst):
        return f"{clock:%H:%M}"
    return f"{clock.hour % 12 or 12}:{clock:%M}\u00a0{'PM' if clock.hour >= 12 else 'AM'}"


def _calendar(language: str) -> Any:
    return vocabulary(language)["calendar"]


class _Plain:
    """A language that lists its months, of which three letters are the short form."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.months_of_year: list[str] = _calendar(language)["months"]

    def day(self, day: date, year: bool = True) -> str:
        return f"{day.day} {self.short_month(day, year)}"

    def month(self, day: date) -> str:
        return f"{self.months_of_year[day.month - 1]} {day.year}"

    def short_month(self, day: date, year: bool) -> str:
        name = self.months_of_year[day.month - 1][:3]
        return f"{name} {day.year}" if year else name

    def quarter(self, number: int) -> str:
        return str(_calendar(self.language)["quarter"]).format(number)

    def fiscal_year(self, year: int) -> str:
        return str(_calendar(self.language)["fiscal_year"]).format(year)

    def week(self, start: date, last: date) -> str:
        iso = start.isocalendar()
        days = self.days(start, last, year=start.year != last.year)
        return str(_calendar(self.language)["week"]).format(week=iso.week, year=iso.year, days=days)

    def days(self, start: date, last: date, year: bool = True) -> str:
        if (start.year, start.month) == (last.year, last.month):
            return f"{start.day}–{self.day(last, year)}"
        return f"{self.day(start, start.year != last.year)} – {self.day(last, year)}"

    def months(self, start: date, last: date) -> str:
        first = self.short_month(start, start.year != last.year)
        return f"{first} – {self.short_month(last, True)}"


class _MonthFirst(_Plain):
    """English as it is written in America: `Sep 14, 2026`, `Sep 5 – 20, 2026`."""

    def day(self, day: date, year: bool = True) -> str:
        return f"{self.short_month(day, False)} {day.day}" + (f", {day.year}" if year else "")

    def days(self, start: date, last: date, year: bool = True) -> str:
        ends = f", {last.year}" if year else ""
        if (start.year, start.month) == (last.year, last.month):
            return f"{self.day(start, False)} – {last.day}{ends}"
        return f"{self.day(start, start.year != last.year)} – {self.day(last, year)}"


_AMERICAN = ("AS", "GU", "MH", "MP", "PH", "PR", "UM", "US", "VI")


class _Babel(_Plain):
    """Every other language. Quarters go by the month of a calendar quarter with that number, and have
    the names of the `format` context: where a locale has no `stand-alone` ones of its own, Babel gives
    it those of whichever locale was asked for first."""

    def __init__(self, language: str, locale: Any) -> None:
        super().__init__(language)
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
        return str(self.locale.quarters["format"]["abbreviated"][number])

    def week(self, start: date, last: date) -> str:
        if self.language not in languages():
            return self.days(start, last)  # Babel has no words for a week's number
        return super().week(start, last)

    def days(self, start: date, last: date, year: bool = True) -> str:
        return self._interval("yMMMd" if year else "MMMd", start, last)

    def months(self, start: date, last: date) -> str:
        return self._interval("yMMM", start, last)

    def _skeleton(self, skeleton: str, day: date) -> str:
        from babel.dates import format_skeleton

        return _plain_spaces(format_skeleton(skeleton, day, locale=self.locale))

    def _interval(self, skeleton: str, start: date, last: date) -> str:
        from babel.dates import format_interval

        return _plain_spaces(format_interval(start, last, skeleton, locale=self.locale))


def _words(language: str, locale: str | None) -> _Plain:
    if language in languages() and _calendar(language)["months"]:
        region = (locale or "").replace("-", "_").rpartition("_")[2].upper()
        first = language == "en" and (locale or "").startswith("en") and region in _AMERICAN
        return _MonthFirst(language) if first else _Plain(language)
    from babel import UnknownLocaleError

    from reportspec.languages.cldr_locales import parsed

    for name in (locale or "", language):
        try:
            babel_locale = parsed(name.replace("-", "_"))
        except (UnknownLocaleError, ValueError, TypeError):
            continue
        if babel_locale.language == language:
            return _Babel(language, babel_locale)
    return _Plain("en")


def _plain_spaces(text: str) -> str:
    """CLDR's thin and narrow spaces, which not every font has, as common ones."""
    return text.replace("\u2009", " ").replace("\u202f", "\u00a0")
