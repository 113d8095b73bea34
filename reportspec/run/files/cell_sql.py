"""SQL over the texts of a column: what could be a number, a time, a yes or no, and the value that it then is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from reportspec.lazy_dataclass import dataclass
from reportspec.run.files import readings
from reportspec.run.files.readings import NumberReading, TimeReading
from reportspec.run.files.shape import MARK
from reportspec.run.files.text_file import quoted, string


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it will be: its type, the SQL that makes it of the file's, how it is read where that is
    worth a word, and whether it has no value at all."""

    name: str
    type: str
    sql: str
    said: str = ""
    empty: bool = False


_NUMBERS = ("BIGINT", "DOUBLE", "DECIMAL(18, 4)")


_TIMES = ("TIMESTAMP", "DATE")


_SHORT = r"[0-9]{1,3}[-/ ][0-9]{1,2}[-/ ][0-9]{1,2}([^0-9].*)?"  # dates, if they are any, of years of two digits


def empty_column(name: str, kind: str) -> Column:
    """A column without any value."""
    return Column(name, kind, f"CAST(NULL AS {kind})", "", True)


def unmarked(own: str) -> str:
    """A text without the mark that an encoding begins with, as stands where files were put together."""
    return f"trim(ltrim({own}, {string(MARK + ' ')}))"


def nines(own: str) -> str:
    """A text with each digit as 9: the form that numbers and days are told apart by."""
    return f"translate({own}, '0123456789', '9999999999')"


def bare_form(form: str) -> str:
    """A form with its first digit as 9, too."""
    return "9" + form[1:] if form.startswith("0") else form


def _unlike(pattern: str) -> str:
    return (
        f"NOT regexp_full_match({{0}}, {string(pattern)})".replace("{", "{{").replace("}", "}}").replace("{{0}}", "{0}")
    )


def _word(own: str) -> str:
    """A text as a word of yes or no: numbers of any decimals are 1 and 0."""
    return f"regexp_replace(lower(trim({own})), '^([01])[.]0+$', '\\1')"


def no_boolean(own: str) -> str:
    """Whether a text is no word of yes or no."""
    words = ", ".join(map(string, ("", *readings.TRUE, *readings.FALSE)))
    return f"NOT {_word(own)} IN ({words})"


def boolean_of(own: str) -> str:
    """A text as yes or no; nothing of an empty one."""
    return f"CASE WHEN trim({own}) <> '' THEN {_word(own)} IN ({', '.join(map(string, readings.TRUE))}) END"


ASKED: Mapping[str, tuple[str, ...]] = {
    "nothing": ("count({0})",),
    "any": ("count({0})",),
    "short": ("count({0})", f"count_if({_unlike(_SHORT)})"),
    "time": (
        "count({0})",
        f"count_if({{0}} IS NOT NULL AND ({_unlike(readings.ISO)} OR TRY_CAST({{0}} AS TIMESTAMP) IS NULL))",
        "count_if(length({0}) > 10)",
        # Of ISO times, behind hours and minutes.
        "count_if(length({0}) > 16 AND regexp_matches(substr({0}, 17), '[ZC+-]'))",
    ),
    "number": (
        "count({0})",
        f"count_if({_unlike(readings.PLAIN)})",
        "count_if(contains({0}, '.'))",
        f"count_if(contains({{0}}, '.') AND {_unlike(readings.THREES)})",
        "count_if(starts_with({0}, '0') AND length({0}) > 1 AND NOT contains({0}, '.'))",
        "max(length({0}))",
        "count_if(contains({0}, 'e') OR contains({0}, 'E'))",
    ),
    "boolean": ("count({0})", f"count_if({no_boolean('{0}')})"),
    "truth": ("count({0})", "count_if(NOT lower({0}) IN ('true', 'false'))"),
    "clock": ("count({0})", "count_if({0} IS NOT NULL AND (TRY_CAST({0} AS TIME) IS NULL OR length({0}) < 8))"),
}


PATTERNS = {
    "number": readings.PLAIN,
    "time": readings.ISO,
    "truth": "(?i:true|false)",
    "short": _SHORT,
    "clock": r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?",
}


def family_of(kind: str) -> str:
    """What a column of a type is asked for: numbers, times, or yes and no."""
    return "number" if kind in _NUMBERS else "time" if kind in _TIMES else "boolean"


def time_type(answers: Sequence[Any]) -> str:
    """The type of ISO times, by the answers to `ASKED`."""
    _, _, timed, zoned = answers
    return "TIMESTAMP WITH TIME ZONE" if zoned else "TIMESTAMP" if timed else "DATE"


def not_iso(own: str) -> str:
    """Whether a text is no ISO time."""
    return f"NOT regexp_full_match({own}, {string(readings.ISO)}) OR TRY_CAST({own} AS TIMESTAMP) IS NULL"


def parsed(own: str, reading: TimeReading) -> str:
    """A text as the time that a reading makes of it; nothing where it does not read it."""
    text = f"trim({own})"
    if not any(_WITH_ZONE.search(one) for one in reading.formats):
        return f"try_strptime({text}, [{', '.join(map(string, reading.formats))}])"
    return f"coalesce({', '.join(_parsed_by(text, one) for one in reading.formats)})"


_WITH_ZONE = re.compile(r" ?%-?[zZ]")


_WRITTEN = {"z": "[+-][0-9]{2}(:?[0-9]{2})?", "Z": "[A-Za-z][A-Za-z0-9_/+-]*"}  # what these codes read


def _parsed_by(text: str, one: str) -> str:
    """A text as an instant by one format. The engine takes the 31st of April for the first of May as soon as a
    format has an offset, and never without: so what it reads has to be a time without its offset as well."""
    found = _WITH_ZONE.search(one)
    if found is None:
        return f"CAST(try_strptime({text}, {string(one)}) AS TIMESTAMP WITH TIME ZONE)"
    written, last = _WRITTEN[found[0][-1]], found.end() == len(one)
    if found[0].endswith("z"):  # which reads numbers alone
        text = f"regexp_replace({text}, {string(_UTC)}, {string(_AS_OFFSET)})"
    clock = one[: found.start()] + one[found.end() :]
    # Behind the last colon, since days have dashes too.
    pattern, kept = (f" ?{written}$", "") if last else (f"(:[0-9]{{2}}([.][0-9]+)?( [AaPp][Mm])?) ?{written}", "\\1")
    bare = f"regexp_replace({text}, {string(pattern)}, {string(kept)})"
    read = f"try_strptime({text}, {string(one)})"
    return f"CASE WHEN try_strptime({bare}, {string(clock)}) IS NOT NULL THEN {read} END"


_UTC, _AS_OFFSET = r"([0-9]|[AaPp][Mm])( ?)(Z|UTC)$", r"\1\2+00"


def no_time(own: str, reading: TimeReading) -> str:
    """Whether a reading makes no time of a text."""
    wrong = f"{parsed(own, reading)} IS NULL OR year({parsed(own, reading)}) < 1000"
    if reading.zoned:
        wrong += f" OR regexp_matches(trim({own}), {string(readings.NO_OFFSET)})"
    return wrong


def unread_by(own: str, reading: TimeReading) -> str:
    """How many texts a reading does not read. A year of two digits is none before the year 100."""
    return counted_where(own, no_time(own, reading))


def counted_where(own: str, condition: str) -> str:
    """How many texts that are not empty a condition holds of."""
    return f"count_if(trim({own}) <> '' AND ({condition}))"


def time_column(name: str, reading: TimeReading) -> Column:
    """A column whose texts a reading makes times of."""
    kind = "TIMESTAMP WITH TIME ZONE" if reading.zoned else "TIMESTAMP" if reading.timed else "DATE"
    return Column(name, kind, f"CAST({parsed(quoted(name), reading)} AS {kind})", reading.said)


def order_of(reading: TimeReading) -> str:
    """What stands first in days, in words."""
    first = re.search(r"%[ymdYbB]", reading.formats[0])
    return {"%d": "day first", "%m": "month first"}.get(first[0] if first else "", "year first")


def number_column(name: str, reading: NumberReading, forms: Mapping[str, int], percent: bool) -> Column:
    """A column whose texts a reading makes numbers of. `forms` has how many texts there are of each form."""
    quoted_name = quoted(name)
    kept = f"[^0-9{reading.decimal}]" if reading.decimal != "." else "[^0-9.]"
    digits = f"replace(regexp_replace({quoted_name}, {string(kept)}, '', 'g'), {string(reading.decimal)}, '.')"
    sign = f"CASE WHEN regexp_matches({quoted_name}, '[-−(]') THEN '-' ELSE '' END"
    bare = [readings.bare_number(form).form for form in forms]
    whole = not any(readings.decimals_of(form, reading) or reading.decimal in form for form in bare)
    kind = "BIGINT" if whole and max(map(len, bare)) <= 18 else "DOUBLE"
    number = f"CAST({sign} || nullif({digits}, '') AS {kind})"
    if percent:
        return Column(name, "DOUBLE", f"CAST({number} AS DOUBLE) / 100", f"{reading.said}, percent")
    return Column(name, kind, number, reading.said)


def differ(form: str, one: NumberReading, other: NumberReading) -> bool:
    """Whether two readings make different numbers of a form."""
    bare = readings.bare_number(form).form
    return readings.decimals_of(bare, one) != readings.decimals_of(bare, other)


def value_of(text: str, way: NumberReading, parts: int = 1) -> str:
    """The number that a reading makes of a text, as it is shown to people. `parts` is what it is divided by."""
    digits = re.sub(rf"[^0-9{re.escape(way.decimal)}]", "", text).replace(way.decimal, ".")
    value = float(digits) / parts
    sign = "-" if re.search(r"[-−(]", text) else ""
    return sign + f"{value:g}" if value < 1e15 else sign + digits
