"""How the texts of a column are to be read, found in their forms.

A form is a text with each digit as 9, but for a 0 at its start: `1.234,50` is `9.999,99`, `0.5` is `0.9`. A
column of a million texts has few forms. A reading counts if it reads every form; two that give different values
are ambiguous."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from reportspec.lazy_dataclass import dataclass
from reportspec.sql.dialects.reading import NO, OFFSET, YES

Order = Literal["YMD", "DMY", "MDY"]
ORDERS: Mapping[Order, str] = {"DMY": "day first", "MDY": "month first", "YMD": "year first"}
# What DuckDB reads as it stands.
ISO = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?: ?(?:Z|UTC|"
    + OFFSET.replace("(", "(?:")
    + r"))?)?"
)
# Behind a time what looks like an offset and is none: the engine would reckon with it.
NO_OFFSET = r":[0-9]{2}([.][0-9]+)?( ?[AaPp][Mm])? ?[+-]((1[5-9]|[2-9][0-9])(:?[0-9]{2})?|[0-9]{2}:?[6-9][0-9])$"
PLAIN = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?"
THREES = r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+"  # a number of which dots may part the thousands
# What databases may keep for yes and no, and what spreadsheets write in other languages.
TRUE = (*YES, "ja", "wahr", "oui", "vrai", "sì", "si", "vero", "sí", "verdadero")
FALSE = (*NO, "nein", "falsch", "non", "faux", "falso")
# What lists to choose from have for nothing, in the languages of CRMs.
_NONE = ("-none-", "--none--", "-ohne-", "-keine-", "-kein-", "-nessuno-", "-aucun-", "-ninguno-")
# What programs write for no day.
_NO_DAY = ("0000-00-00", "0000-00-00 00:00:00", "00000000", "00.00.0000", "00/00/0000", "0000/00/00", "00-00-0000")
# What people write where there is nothing.
NOTHING = frozenset(
    ("-", "--", "—", "–", "n/a", "#n/a", "na", "null", "none", "nil", "(null)", "(none)", "(blank)", "n/d",
     "nd", "k.a.", "s/o", "\\n", "nan", ".", "?", *_NO_DAY, *_NONE)
)  # fmt: skip
# Those of them that are no word or abbreviation of anything.
NOTHING_ELSE = frozenset(("-", "--", "—", "–", "n/a", "#n/a", "(null)", "(none)", "(blank)", "\\n", *_NONE))
# What spreadsheets show where a formula fails, in any language: `#DIV/0!`, `#¡REF!`, `#NV`, `Err:502`.
ERROR = re.compile(r"#[¡¿]?(?:[A-ZÄÖÜÉÍÓÚ]+(?:/[A-Z0-9]+)?[!?]?)|(?:Err|Fehler|Errore|Erreur):[0-9]{3}")


def form_of(text: str) -> str:
    """A text's form."""
    form = re.sub(r"[0-9]", "9", text)
    return "0" + form[1:] if text.startswith("0") else form


# --- numbers ---------------------------------------------------------------------------------------

_CURRENCY = r"[$€£¥\uffe5₹₽₺₴₪₩₫₱₦฿₡₲₵₸円元원]|R\$|US\$|kr|zł|Kč|Ft|lei|лв|Fr|[A-Z]{3}"
# What a sign may stand for; one that is not here may stand for anything.
_SIGNS = {
    "$": "USD CAD AUD NZD SGD HKD TWD MXN ARS CLP COP UYU BSD BBD BZD BMD FJD GYD JMD KYD LRD NAD SBD SRD TTD XCD",
    "US$": "USD",
    "R$": "BRL",
    "€": "EUR",
    "£": "GBP EGP LBP SYP SDG SSP FKP GIP SHP",
    "¥": "JPY CNY",
    "\uffe5": "JPY CNY",  # the wide one
    "円": "JPY",
    "元": "CNY TWD",
    "원": "KRW",
    "₹": "INR",
    "₽": "RUB",
    "₺": "TRY",
    "₴": "UAH",
    "₪": "ILS",
    "₩": "KRW KPW",
    "₫": "VND",
    "₱": "PHP",
    "₦": "NGN",
    "฿": "THB",
    "₡": "CRC",
    "₲": "PYG",
    "₵": "GHS",
    "₸": "KZT",
    "kr": "SEK NOK DKK ISK",
    "zł": "PLN",
    "Kč": "CZK",
    "Ft": "HUF",
    "lei": "RON MDL",
    "лв": "BGN",
    "Fr": "CHF XAF XOF XPF DJF GNF RWF BIF KMF",
}
# Codes by ISO 4217, those of the euro's forerunners and others that amounts still carry, and what people write for
# one. `OPP1` is no amount in OPP.
_WRITTEN_CODES = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD "
    "CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP "
    "GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK "
    "LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR "
    "PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL "
    "THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF "
    "YER ZAR ZMW ZWG ATS BEF BYR CUC CYP DEM EEK ESP FIM FRF GRD HRK IEP ITL LTL LUF LVL MRO MTL NLG PTE ROL SIT "
    "SKK SLL STD TRL VEF ZMK ZWL BTC CNH ETH NIS NTD RMB "
)
_CODES = frozenset(_WRITTEN_CODES.split())
_MONEY = re.compile(rf"(?P<lead>{_CURRENCY})?\s*(?P<number>.*?)\s*(?P<trail>{_CURRENCY})?")
_CODE = re.compile("[A-Z]{3}")
_PERCENT = re.compile("[%٪]([^%٪]+)|([^%٪]+)[%٪]")
_SIGN = re.compile(r"^[+-]\s*|(?<=[09])\s*-$")
_SPACES = re.compile(r"[\s\u00a0\u202f\u2009]")


@dataclass(frozen=True, slots=True)
class NumberReading:
    """How numbers are written: what parts the decimals, what the thousands (empty: nothing does)."""

    decimal: str
    thousands: str

    @property
    def said(self) -> str:
        """The settings that say so."""
        lead = f'decimal: "{self.decimal}"'
        return f'{lead}, thousands: "{self.thousands}"' if self.thousands else lead


NUMBERS = (
    *(NumberReading(".", thousands) for thousands in ("", ",", " ", "'")),
    *(NumberReading(",", thousands) for thousands in ("", ".", " ", "'")),
)


@dataclass(frozen=True, slots=True)
class Bare:
    """A number's form without its currency and sign, and whether a sign of percent stands at it."""

    form: str
    currency: str
    percent: bool = False


def bare_number(form: str) -> Bare:
    """A number's form without what stands around its digits: currency, sign, brackets of a negative one,
    percent. Of two signs nobody knows what they mean: they stay, and no reading reads them."""
    signed = _SPACES.sub(" ", form.strip()).replace("’", "'").replace("−", "-")
    percent = _PERCENT.fullmatch(signed)
    text = (percent[1] or percent[2]).strip() if percent else signed
    brackets = re.fullmatch(r"\(.*\)", text) is not None
    text, outer = _SIGN.subn("", text[1:-1] if brackets else text)
    match = _MONEY.fullmatch(text)
    assert match is not None
    inner, inside = _SIGN.subn("", match["number"].strip())
    if brackets + outer + inside > 1:
        return Bare(signed, "", percent is not None)
    marks = {mark for mark in (match["lead"], match["trail"]) if mark}
    if not re.fullmatch("[09., ']*[09][09., ']*", inner):
        marks = set()  # `NULL` is no amount in NUL
    elif any(_CODE.fullmatch(mark) and mark not in _CODES for mark in marks):
        return Bare(signed, "", percent is not None)
    return Bare(inner, " and ".join(sorted(marks)), percent is not None)


def decimals_of(form: str, reading: NumberReading) -> int | None:
    """How many decimals a bare form has in a reading, or None where it cannot be read so."""
    point, group = re.escape(reading.decimal), re.escape(reading.thousands)
    whole = r"[09]9*"
    if group:
        whole = rf"(?:{whole}|9{{1,3}}(?:{group}9{{2,3}})*{group}999)"
    match = re.fullmatch(rf"{whole}(?:{point}(9*))?|{point}(9+)", form)
    return None if match is None else len(match[1] or match[2] or "")


def number_readings(forms: Iterable[str], decimal: str = "", thousands: str = "") -> list[NumberReading]:
    """The readings that read every form, of those that give the same values one. `decimal` and `thousands` are
    what is said of them."""
    bare = [bare_number(form).form for form in forms]
    if not thousands and decimal:
        ways = [way for way in NUMBERS if way.decimal == decimal]
    elif thousands:
        wanted = decimal or ("," if thousands == "." else ".")
        ways = [NumberReading(wanted, thousands)]
    else:
        ways = list(NUMBERS)
    readings: dict[tuple[int, ...], NumberReading] = {}
    for way in ways:
        decimals = [decimals_of(form, way) for form in bare]
        if None not in decimals:
            readings.setdefault(tuple(number or 0 for number in decimals), way)
    return list(readings.values())


def currencies(forms: Iterable[str]) -> list[str]:
    """The signs and codes of currencies in forms of amounts."""
    return sorted({number.currency for form in forms if (number := bare_number(form)).currency})


def meant_by(sign: str) -> tuple[str, ...]:
    """The codes of the currencies that a sign may stand for, first the likeliest; none where it may
    stand for any."""
    if sign in _SIGNS:
        return tuple(_SIGNS[sign].split())
    return (sign,) if _CODE.fullmatch(sign) else ()


def nearest_number(forms: Mapping[str, int], decimal: str = "", thousands: str = "") -> set[str]:
    """The forms that the reading which reads most texts cannot read."""
    ways = [NumberReading(decimal or ".", thousands)] if decimal or thousands else list(NUMBERS)

    def bad(way: NumberReading) -> set[str]:
        return {form for form in forms if decimals_of(bare_number(form).form, way) is None}

    return min((bad(way) for way in ways), key=lambda form: sum(forms[form] for form in form))


# --- times -----------------------------------------------------------------------------------------

_TIME = re.compile(
    r"(?P<gap>,? +|T)(?P<hour>99?):99(?P<second>:99)?(?P<part>\.9+)?(?: ?(?P<half>[AaPp]\.?[Mm]\.?))?"
    r"(?P<zone> ?(?:Z|UTC|[+-]99(?::?99)?))?"
)
_NUMERIC = re.compile(r"(?P<a>9{1,4})(?P<sep>[-/. ])(?P<b>99?)(?P=sep)(?P<c>9{4}|99?)(?P<time>.*)")
_DAY_NAME = re.compile(
    r"(?P<a>99?)(?P<sep>[- /.]|\. )(?P<name>[A-Za-z]{3,9})(?P<sep2>[- /.]|, )(?P<c>9{4}|99)(?P<time>.*)"
)
_NAME_DAY = re.compile(r"(?P<name>[A-Za-z]{3,9}) (?P<a>99?),? (?P<c>9{4}|99)(?P<time>.*)")
_COMPACT = re.compile(r"9{8}")


@dataclass(frozen=True, slots=True)
class TimeReading:
    """How times are written: formats of `strptime`, in the order in which they are tried."""

    formats: tuple[str, ...]
    timed: bool
    zoned: bool

    @property
    def said(self) -> str:
        """The setting that says so."""
        quoted = ", ".join(f'"{format_}"' for format_ in self.formats)
        return f"date_format: {quoted if len(self.formats) == 1 else f'[{quoted}]'}"


def time_readings(forms: Iterable[str]) -> list[TimeReading]:
    """The readings that fit every form: several where day, month and year may stand in several orders, none where
    a form is no time's. Whether a month is more than 12 is not in a form."""
    plain = {form.replace("0", "9").strip() for form in forms}
    readings = []
    for order in ORDERS:
        formats = [_format(form, order) for form in sorted(plain)]
        if formats and None not in formats:
            readings.append(reading_of(format_ for format_ in formats if format_ is not None))
    return list({reading.formats: reading for reading in reversed(readings)}.values())[::-1]


def reading_of(formats: Iterable[str]) -> TimeReading:
    """A reading by formats. Years of two digits are tried first: `%Y` would read 26 as the year 26."""
    ordered = tuple(sorted(dict.fromkeys(formats), key=lambda format_: ("%y" not in format_, format_)))
    return TimeReading(
        ordered,
        any("%H" in format_ or "%I" in format_ for format_ in ordered),
        any("%z" in format_ for format_ in ordered),
    )


def _format(form: str, order: Order) -> str | None:
    """The format of a form, if day, month and year stand in an order."""
    if _COMPACT.fullmatch(form):
        return "".join({"Y": "%Y", "M": "%m", "D": "%d"}[part] for part in order)
    numeric = _NUMERIC.fullmatch(form)
    if numeric is not None:
        a, c, sep = numeric["a"], numeric["c"], numeric["sep"]
        if len(a) == 3 or (len(a) == 4 and len(c) == 4):
            return None
        if len(a) == 4:  # nobody writes the day behind the year
            return _with_time(sep.join(("%Y", "%m", "%d")), numeric["time"])
        # Nobody parts a year of two digits from what follows by a dot.
        if len(c) == 1 or (order == "YMD" and (len(c) == 4 or sep == ".")):
            return None
        year = "%Y" if len(c) == 4 else "%y"
        date = sep.join({"Y": year, "M": "%m", "D": "%d"}[part] for part in order)
        return _with_time(date, numeric["time"])
    named = _DAY_NAME.fullmatch(form)
    if named is not None:
        year = "%Y" if len(named["c"]) == 4 else "%y"
        date = f"%d{named['sep']}{_month(named['name'])}{named['sep2']}{year}"
        return _with_time(date, named["time"])
    led = _NAME_DAY.fullmatch(form)
    if led is not None:
        comma = "," if "," in form[: led.start("c")] else ""
        year = "%Y" if len(led["c"]) == 4 else "%y"
        return _with_time(f"{_month(led['name'])} %d{comma} {year}", led["time"])
    return None


def _month(name: str) -> str:
    return "%b" if len(name) == 3 else "%B"


def _with_time(date: str, text: str) -> str | None:
    if not text:
        return date
    match = _TIME.fullmatch(text)
    if match is None or (match["half"] and "." in match["half"]) or (match["part"] and not match["second"]):
        return None
    clock = ("%I" if match["half"] else "%H") + ":%M" + (":%S" if match["second"] else "")
    clock += ".%f" if match["part"] else ""
    if match["half"]:
        clock += (" " if f" {match['half']}" in text else "") + "%p"
    gap = re.sub(" +", " ", match["gap"])
    zone = match["zone"] or ""
    return f"{date}{gap}{clock}" + ("" if not zone else " %z" if zone.startswith(" ") else "%z")


def likely_nothing(texts: Iterable[str]) -> bool:
    """Whether texts are all such as stand where there is no value."""
    return all(text.strip().lower() in NOTHING or is_error(text) for text in texts)


def is_error(text: str) -> bool:
    """Whether a text is what a spreadsheet shows where a formula fails."""
    return ERROR.fullmatch(text.strip()) is not None
