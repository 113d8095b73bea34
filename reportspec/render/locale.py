"""Numbers, money, percentages, durations, dates and the renderer's own words in one language."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeGuard
from zoneinfo import ZoneInfo

from reportspec.calendar.labels import months_label
from reportspec.languages import as_part, elided, filled, languages, vocabulary
from reportspec.languages.numbers import NO_BREAK_SPACE, amount, first_known, number_locale, with_known_symbol
from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Cell, Column, Figures, PeriodFigures
from reportspec.rounding import half_up

if TYPE_CHECKING:
    from babel import Locale

Number = int | float | Decimal
MINUS = "−"
MOST_DIGITS = 6  # after the point, to tell two figures apart
LONGEST = 300  # letters of a text of the data on a page, where more would fill it; files for programs have all

# Some languages have no short form for thousands, and then their digits come ungrouped.
_LONG_RUN = re.compile(r"\d{4}")


@dataclass(frozen=True, slots=True)
class Formats:
    """How one report writes its values. `currency` is the default of money columns; `dates` is the locale of
    dates, whose months are words."""

    locale: Locale
    dates: Locale
    words: Mapping[str, Any]
    currency: str | None
    timezone: tzinfo
    language: str = "en"
    negatives: Literal["minus", "parentheses"] = "minus"
    cents: Literal["auto", "always", "never"] = "auto"

    @property
    def language_tag(self) -> str:
        """The BCP 47 tag of the words, such as `it-IT`."""
        if self.locale.language != self.language:
            return self.language
        return str(self.locale).replace("_", "-")

    def word(self, key: str, **values: object) -> str:
        """A word or sentence of the renderer, with its gaps filled."""
        text = str(self.words[key])
        return elided(self.language, filled(text, **values)) if values else text

    @property
    def not_available(self) -> str:
        """What stands for a missing value."""
        return str(self.words["not_available"])


def formats_for(figures: Figures) -> Formats:
    """The formats of a report; an unknown locale falls back to its language, then to English.

    Where words are in another language than the locale's, numbers and dates go by that language in
    the locale's country, if there is such a locale; else numbers by the locale, and dates by the language."""
    locale = dates = number_locale(figures.language, figures.locale)
    if locale.language != figures.language:
        # Of English the form that is understood everywhere: nobody here said America.
        own = "en_150" if figures.language == "en" else figures.language
        dates = first_known(own, str(locale), "en")
    words = vocabulary(figures.language)["report"]
    zone = ZoneInfo(figures.timezone)
    language = figures.language if figures.language in languages() else "en"
    theme = figures.theme
    return Formats(locale, dates, words, figures.currency, zone, language, theme.negatives, theme.cents)


def days_beside(formats: Formats, period: PeriodFigures) -> str:
    """The days of a period, to stand beside its name; nothing where the name has days in it: only whole
    months have others. Nor where its name is that of its months, which says the same."""
    last = period.end - timedelta(days=1)
    if period.start.day != 1 or period.end.day != 1:
        return ""
    several = (last.year, last.month) != (period.start.year, period.start.month)
    if several and months_label(period.start, last, formats.language, str(formats.locale)) in period.label:
        return ""
    return day_range(formats, period.start, last)


def is_number(value: object) -> TypeGuard[Number]:
    """Whether a cell is a number that can be written and drawn (not NaN, not a truth value)."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return False
    return math.isfinite(value)


@lru_cache(maxsize=64)
def _pattern(locale: Locale, kind: Literal["decimal", "percent"], decimals: int) -> Any:
    patterns = {
        "decimal": lambda: locale.decimal_formats[None],
        "percent": lambda: locale.percent_formats[None],
    }
    pattern = copy.copy(patterns[kind]())
    pattern.frac_prec = (decimals, decimals)
    return pattern


def _printable(text: str) -> str:
    """Minus signs as wide as digits; no spaces that the packaged font lacks."""
    return text.replace("-", MINUS).replace("\u202f", NO_BREAK_SPACE)


def number(formats: Formats, value: Number, decimals: int = 0) -> str:
    """A plain number."""
    pattern = _pattern(formats.locale, "decimal", decimals)
    return _printable(str(pattern.apply(half_up(value, decimals), formats.locale)))


def percent(formats: Formats, value: Number, decimals: int = 1) -> str:
    """A fraction as a percentage."""
    pattern = _pattern(formats.locale, "percent", decimals)
    return _printable(str(pattern.apply(half_up(value, decimals + 2), formats.locale)))


def money(formats: Formats, value: Number, currency: str | None, decimals: int = 0) -> str:
    """An amount with its currency's symbol, or its code where the font lacks the symbol."""
    if currency is None:
        return number(formats, value, decimals)
    return amount(formats.locale, half_up(value, decimals), currency, decimals)


def compact(formats: Formats, value: Number, column: Column, decimals: int = 2) -> str:
    """A short form for charts: `1.07M €`. Trailing zeros are left out."""
    from babel.numbers import format_compact_currency, format_compact_decimal

    size = abs(float(value))
    if column.unit == "percent":
        return percent(formats, value, max(_needed_decimals(value, 3) - 2, 0))
    if column.unit in ("seconds", "minutes"):
        return duration(formats, value, column.unit)
    if size < 10_000 and column.unit != "currency":
        most = 1 if column.unit in ("count", "days") else decimals
        return number(formats, value, _needed_decimals(value, most))
    currency = column.currency or formats.currency
    magnitude = int(math.log10(size)) // 3 * 3 if size >= 1 else 0
    if magnitude == 3:
        decimals = min(decimals, 1)
    places = _needed_decimals(float(value) / 10.0**magnitude, decimals)
    rounded = half_up(value, places - magnitude)
    if column.unit == "currency" and currency is not None:
        text = format_compact_currency(rounded, currency, locale=formats.locale, fraction_digits=places)
        if _LONG_RUN.search(text):
            return money(formats, value, currency, 0)
        # Where thousands are written in full, what is below them is written as they are: CHF 0, CHF 5’001.
        thousands = format_compact_currency(5000, currency, locale=formats.locale) if size < 1000 else ""
        if _LONG_RUN.search(thousands):
            return money(formats, value, currency, places)
        return _printable(with_known_symbol(formats.locale, text, currency))
    text = format_compact_decimal(rounded, locale=formats.locale, fraction_digits=places)
    return number(formats, value, 0) if _LONG_RUN.search(text) else _printable(text)


def _needed_decimals(value: Number, most: int) -> int:
    """The fewest decimals, at most `most`, that lose nothing at that precision."""
    for places in range(most):
        if math.isclose(half_up(value, places), half_up(value, most), abs_tol=1e-12):
            return places
    return most


def duration(formats: Formats, value: Number, unit: Literal["seconds", "minutes"]) -> str:
    """Seconds or minutes in the two largest units that matter, rounded to the smaller: `1 h 12 min`."""
    seconds, minutes = (value, value / 60) if unit == "seconds" else (value * 60, value)
    whole = int(half_up(seconds, 0))
    sign = MINUS if whole < 0 else ""
    if abs(whole) < 3600:
        amounts, words = divmod(abs(whole), 60), ("minute", "second")
    else:
        amounts, words = divmod(abs(int(half_up(minutes, 0))), 60), ("hour", "minute")
    pairs = zip(amounts, words, strict=True)
    parts = [f"{number(formats, amount)}{NO_BREAK_SPACE}{formats.word(word)}" for amount, word in pairs if amount]
    return sign + (" ".join(parts) or f"0{NO_BREAK_SPACE}{formats.word('second')}")


def day_count(formats: Formats, value: Number, decimals: int = 1) -> str:
    """`34.5 days`."""
    form = "one" if value == 1 else "many"
    return f"{number(formats, value, decimals)}{NO_BREAK_SPACE}{formats.words['day'][form]}"


def money_decimals(formats: Formats, values: tuple[Cell, ...] | list[Cell], currency: str | None) -> int:
    """How many decimals the amounts of a column have, all alike: those of the currency, and unless
    the theme says otherwise none in a column that reaches 1,000."""
    from babel.numbers import get_currency_precision

    digits_of_currency = get_currency_precision(currency) if currency else 2
    if formats.cents != "auto":
        return digits_of_currency if formats.cents == "always" else 0
    currency_decimals = digits_of_currency
    largest = max((abs(float(value)) for value in values if is_number(value)), default=0.0)
    return 0 if largest >= 1000 else currency_decimals


def name_of(formats: Formats, value: Cell, column: Column) -> str:
    """What a row, a bar or a line is called by a column; one without a name by what it lacks (“No team”)."""
    if value is None and column.role == "dimension":
        return formats.word("without", name=as_part(formats.language, column.label))
    return cell(formats, value, column)


def cell(formats: Formats, value: Cell, column: Column, *, decimals: int | None = None, bare: bool = True) -> str:
    """A cell's text by its column's unit. `bare` leaves out the word for days, for tables whose
    heading has it. `decimals` is what the caller chose for the whole column."""
    if value is None or value == "" or (isinstance(value, float) and not math.isfinite(value)):
        return formats.not_available
    if isinstance(value, bool):
        return formats.word("yes" if value else "no")
    if isinstance(value, datetime):
        return moment(formats, value)
    if isinstance(value, date):
        return day(formats, value)
    if isinstance(value, str) or not is_number(value):
        text = str(value)
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    if column.role == "change":
        return change(formats, value, points=False)
    if column.role == "difference" and column.unit == "percent":
        return change(formats, value, points=True)
    if column.role == "difference":  # it has a sign, as changes have
        text = _figure(formats, value, column, decimals, bare)
        if not any(digit in text for digit in "123456789"):
            return text.replace(MINUS, "")
        return f"+{text}" if value > 0 else text
    return figure(formats, value, column, decimals=decimals, bare=bare)


def told_apart(
    formats: Formats,
    column: Column,
    value: Cell,
    other: Cell,
    decimals: int | None = None,
    *,
    bare: bool = True,
) -> tuple[str, str]:
    """Two values of a column, with the digits that tell them apart where they differ."""

    def texts(of: Column) -> tuple[str, str]:
        return (
            cell(formats, value, of, decimals=decimals, bare=bare),
            cell(formats, other, of, decimals=decimals, bare=bare),
        )

    written = texts(column)
    if value == other or not is_number(value) or not is_number(other):
        return written
    for places in range(1, MOST_DIGITS + 1):
        if written[0] != written[1]:
            break
        written = texts(replace(column, decimals=places))
    return written


def attainment(formats: Formats, share: Number, decimals: int = 0) -> str:
    """How much of a goal is reached: what falls short of it is never 100 %."""
    whole = [percent(formats, 1, places) for places in range(MOST_DIGITS + 1)]
    for places in range(decimals, MOST_DIGITS + 1):
        text = percent(formats, share, places)
        if share >= 1 or text != whole[places]:
            return text
    return percent(formats, share, decimals)


def apart(formats: Formats, difference: Number, column: Column, **said: str) -> str:
    """`2.3 pp below`, of a figure and its goal; with the `target` that it is said of: `2.3 pp below the
    goal of 10 %`. It has the digits that it takes to be more than nothing."""
    way = "above" if difference > 0 else "below" if difference < 0 else "at"
    size, text = abs(float(difference)), ""
    for places in (None, *range(1, MOST_DIGITS + 1)):
        if column.unit == "percent":
            points = number(formats, size * 100, 1 if places is None else places)
            text = points + NO_BREAK_SPACE + formats.word("points")
        else:
            text = figure(formats, size, column, decimals=places, bare=False)
        if size == 0 or re.search("[1-9]", text):
            break
    return formats.word(f"{way}_goal" if said else way, difference=text, **said)


def figure(formats: Formats, value: Number, column: Column, *, decimals: int | None, bare: bool) -> str:
    """A number by its column's unit; a negative one as the theme has it."""
    text = _figure(formats, value, column, decimals, bare)
    if formats.negatives == "parentheses" and MINUS in text:
        return f"({text.replace(MINUS, '', 1)})"
    return text


def _figure(formats: Formats, value: Number, column: Column, decimals: int | None, bare: bool) -> str:
    chosen = column.decimals if column.decimals is not None else decimals
    match column.unit:
        case "currency":
            currency = column.currency or formats.currency
            places = money_decimals(formats, [value], currency) if chosen is None else chosen
            if places == 0 and 0 < abs(float(value)) < 1 and formats.cents == "auto":
                places = 2  # a few cents are not nothing
            return money(formats, value, currency, places)
        case "percent":
            return percent(formats, value, 1 if chosen is None else chosen)
        case "days":
            places = 1 if chosen is None else chosen
            return (number if bare else day_count)(formats, value, places)
        case "seconds" | "minutes":
            return duration(formats, value, column.unit)
        case "ratio":
            return number(formats, value, 2 if chosen is None else chosen)
        case "multiple":
            return number(formats, value, 1 if chosen is None else chosen) + formats.word("times")
        case "count":
            whole = float(value).is_integer()
            return number(formats, value, (0 if whole else 1) if chosen is None else chosen)
        case None:
            if chosen is None:
                chosen = 0 if float(value).is_integer() else 2
            return number(formats, value, chosen)


def with_unit(formats: Formats, label: str, unit: str | None) -> str:
    """A heading with the unit of the bare durations under it, unless it says it already."""
    words = formats.words
    named = {"days": words["day"]["many"], "minutes": words["minute"], "seconds": words["second"]}
    word = str(named.get(unit or "", ""))
    if not word or re.search(rf"\b{re.escape(word.lower())}\b", label.lower()):
        return label
    return f"{label[:-1]}, {word})" if label.endswith(")") else f"{label} ({word})"


def change(formats: Formats, value: Number | None, *, points: bool) -> str:
    """A signed change: `+8.3%`, or percentage points: `+2.1 pp`."""
    if value is None or not is_number(value):
        return formats.not_available
    if points:
        text = number(formats, value * 100, 1) + NO_BREAK_SPACE + formats.word("points")
    else:
        text = percent(formats, value, 1)
    return f"+{text}" if half_up(value, 3) > 0 else text


def moved(formats: Formats, by: Number | None, column: Column) -> str:
    """By how much a tile's figure changed: of a percentage in points, of anything else in per cent of what it was."""
    return change(formats, by, points=column.unit == "percent")


def tendency(value: Number | None, direction: Literal["up", "down", "neutral"]) -> Literal["good", "bad", "even"]:
    """Whether a change is welcome; a change that prints as zero is neither."""
    if value is None or not is_number(value) or direction == "neutral" or not half_up(value, 3):
        return "even"
    return "good" if (float(value) > 0) == (direction == "up") else "bad"


def day(formats: Formats, value: date, width: str = "medium") -> str:
    """A date."""
    from babel.dates import format_date

    return str(format_date(value, width, locale=formats.dates)).replace("\u202f", NO_BREAK_SPACE)


def moment(formats: Formats, value: datetime) -> str:
    """A date and time of day in the report's zone; a time without a zone is in it already."""
    from babel.dates import format_time

    local = value.astimezone(formats.timezone) if value.tzinfo else value
    clock = str(format_time(local.time(), "short", locale=formats.dates))
    return f"{day(formats, local.date())}, {clock}".replace("\u202f", NO_BREAK_SPACE)


def data_moment(formats: Formats, value: datetime) -> str:
    """When data changed last or were loaded; midnight stands for a whole day."""
    local = value.astimezone(formats.timezone) if value.tzinfo else value
    if (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0):
        return day(formats, local.date())
    return moment(formats, value)


def as_of_moment(formats: Formats, value: datetime) -> str:
    """An instant at which states were taken; midnight is the end of the day before it."""
    local = value.astimezone(formats.timezone) if value.tzinfo else value
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return day(formats, local.date() - timedelta(days=1))
    return moment(formats, value)


def day_range(formats: Formats, first: date, last: date) -> str:
    """Two days, both included."""
    from babel.dates import format_interval

    if first == last:
        return day(formats, first)
    text = str(format_interval(first, last, "yMMMd", locale=formats.dates))
    for one in (first, last):  # some locales have `01 ott` in a range, and `1 ott` in a day
        if f"0{one.day}" not in day(formats, one):
            text = re.sub(rf"(?<!\d)0{one.day}(?!\d)", str(one.day), text)
    return text.replace("\u2009", " ").replace("\u202f", NO_BREAK_SPACE)
