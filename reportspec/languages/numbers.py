"""By which locale a report's numbers are written, and numbers inside of its sentences."""

from __future__ import annotations

import copy
import re
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from reportspec.languages import in_number, vocabulary

if TYPE_CHECKING:
    from babel import Locale

NO_BREAK_SPACE = "\u00a0"
_UNPARTED = re.compile(r"(?<=\d) (?=[%‰])")  # in every language
_DIGITS = 400  # more than any float has


def number_locale(language: str, locale: str) -> Locale:
    """The locale of numbers: where words are in another language than the locale's, that language in the
    locale's country, if there is such a locale, else the locale. An unknown one falls back to its language, then to
    English."""
    name = locale.replace("-", "_")
    spoken, _, country = name.partition("_")
    of_country = (f"{language}_{country}",) if country and spoken != language else ()
    return first_known(*of_country, name, spoken, "en")


def first_known(*names: str) -> Locale:
    """The first locale that there is."""
    from babel import UnknownLocaleError

    from reportspec.languages.cldr_locales import parsed

    for name in names:
        try:
            return parsed(name)
        except (UnknownLocaleError, ValueError):
            continue
    return parsed("en")


@lru_cache(maxsize=8)
def _kept_together(language: str) -> re.Pattern[str] | None:
    """The blanks of a language's texts at which no line may end: before some signs, and after others."""
    signs = vocabulary(language)["unbroken"]
    if not signs:
        return None
    before, after = re.escape(signs["before"]), re.escape(signs["after"])
    return re.compile(rf" (?=[{before}](?:\s|$|[).,]))|(?<=[{after}]) ")


def unbroken(language: str, text: str) -> str:
    """A text in which no line ends between a number and its per cent sign, nor, in languages that part them by a blank
    (French), between a word and the sign behind it: `objectif : 5 %`."""
    if " " not in text:
        return text
    signs = _kept_together(language)
    text = _UNPARTED.sub(NO_BREAK_SPACE, text)
    return signs.sub(NO_BREAK_SPACE, text) if signs is not None else text


def number_in(language: str, locale: str, value: float, spec: str = ",") -> str:
    """A number in a sentence, with the signs that numbers of the same report have in its tables. `spec` is Python's
    format."""
    spoken, _, country = locale.replace("-", "_").partition("_")
    if spoken == language and country in ("", *vocabulary(language)["numbers"]["countries"]):
        return in_number(language, value, spec)  # which needs no table of all locales
    text = format(value, spec.replace(",", ""))
    if not text.lstrip("-").replace(".", "", 1).isdecimal():
        return in_number(language, value, spec)  # `1e+30`, which nobody reads as a row of digits
    plain = Decimal(text)
    exponent = plain.as_tuple().exponent
    pattern = _pattern(language, locale, max(0, -exponent) if isinstance(exponent, int) else 0)
    with localcontext(prec=_DIGITS):
        written = str(pattern.apply(plain, number_locale(language, locale)))
    return written.replace("\u202f", NO_BREAK_SPACE)  # the packaged font has no narrow one


def money_in(language: str, locale: str, value: float | Decimal, currency: str | None, spec: str = ",.0f") -> str:
    """An amount in a sentence, as the report's tables write it: `€19,800`, `19.800 €`. Without a currency the number
    alone."""
    value = float(value) if isinstance(value, Decimal) else value
    if not currency:
        return number_in(language, locale, value, spec)
    spoken, _, country = locale.replace("-", "_").partition("_")
    numbers = vocabulary(language)["numbers"]
    if currency == "EUR" and value >= 0 and spoken == language and country in ("", *numbers["countries"]):
        return str(numbers["euro"]).format(number_in(language, locale, value, spec))
    places = len(format(value, spec).partition(".")[2])
    return amount(number_locale(language, locale), Decimal(format(value, spec.replace(",", ""))), currency, places)


def amount(locale: Locale, value: Any, currency: str, decimals: int) -> str:
    """A rounded amount with its currency's symbol, or its code where the packaged font lacks the symbol."""
    pattern = _money_pattern(locale, decimals)
    with localcontext(prec=_DIGITS):
        text = str(pattern.apply(value, locale, currency=currency, currency_digits=False))
    return with_known_symbol(locale, text, currency).replace("-", "\u2212").replace("\u202f", NO_BREAK_SPACE)


def symbol_of(currency: str, locale: Locale) -> str:
    """What stands for a currency: its symbol, or its code where the packaged font lacks the symbol."""
    from babel.numbers import get_currency_symbol

    symbol = str(get_currency_symbol(currency, locale=locale))
    return symbol if all(letter < "\u0250" or letter in _SIGNS or letter.isspace() for letter in symbol) else currency


_SIGNS = "₤₧₫€"  # of currencies, that the packaged font has beside its letters


def with_known_symbol(locale: Locale, text: str, currency: str) -> str:
    """A text of an amount as Babel writes it, with a symbol that the packaged font has; a blank parts digits from one
    of letters (`CHF 1,234`), as Unicode's CLDR has it (`currencySpacing`)."""
    from babel.numbers import get_currency_symbol

    symbol = str(get_currency_symbol(currency, locale=locale))
    known = symbol_of(currency, locale)
    head, found, tail = text.partition(symbol)
    if not found:
        return text
    gap_before = NO_BREAK_SPACE if head[-1:].isdigit() and known[:1].isalpha() else ""
    gap_after = NO_BREAK_SPACE if tail[:1].isdigit() and known[-1:].isalpha() else ""
    return f"{head}{gap_before}{known}{gap_after}{tail}"


@lru_cache(maxsize=64)
def _money_pattern(locale: Locale, decimals: int) -> Any:
    pattern = copy.copy(locale.currency_formats["standard"])
    pattern.frac_prec = (decimals, decimals)
    return pattern


@lru_cache(maxsize=64)
def _pattern(language: str, locale: str, decimals: int) -> Any:
    pattern = copy.copy(number_locale(language, locale).decimal_formats[None])
    pattern.frac_prec = (decimals, decimals)
    return pattern
