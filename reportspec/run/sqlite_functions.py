"""SQLite in Python's hands: a file that is only read, and the functions that a session brings. SQLite knows
small letters of English only and has no regular expressions, and its times are texts."""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from reportspec.run.texts import day_of, instant_of, text_of, word_of


def read_only(path: str) -> sqlite3.Connection:
    """A connection to a SQLite file that is only read. Raises sqlite3.Error."""
    uri = f"{Path(path).resolve().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, check_same_thread=False)


def bring_functions(raw: sqlite3.Connection) -> list[str]:
    """Give a session its functions, and return the list to which they add what they cannot read."""
    for name, count, function in _FUNCTIONS:
        raw.create_function(name, count, _without_overflow(_once(function)), deterministic=True)
    unread: list[str] = []
    for name, count, read, what in _READERS:
        raw.create_function(name, count, _telling(_once(read), what, unread), deterministic=True)
    return unread


def _once(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with a memory where that is worth it: SQLite asks for a value again wherever a statement names
    it. It goes with the session, since what it holds are the source's values."""
    return lru_cache(maxsize=65536)(function) if function in (_wall_time, _other_clock, _wall_day) else function


_GROUP = re.compile(r"\\([0-9])")


@lru_cache(maxsize=256)
def _pattern(text: str) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error as error:
        raise ValueError(f"`{text[:60]}` is no pattern: {error}") from None


def _lower(value: Any) -> str | None:
    return None if value is None else text_of(value).replace("İ", "i").replace("Σ", "σ").lower()


def _upper(value: Any) -> str | None:
    if value is None:
        return None
    text = text_of(value)
    # Letter by letter, as databases do: `ß` is no two letters.
    return "".join(up if len(up := letter.upper()) == 1 else letter for letter in text)


def _matches(pattern: Any, value: Any) -> int | None:
    if value is None or pattern is None:
        return None
    return int(_pattern(text_of(pattern)).search(text_of(value)) is not None)


def _like(pattern: Any, value: Any, escape: Any = None) -> int | None:
    if value is None or pattern is None:
        return None
    text, written = text_of(value), text_of(pattern)
    sought = written.removeprefix("%")
    if escape is None and sought and not {"%", "_"} & set(sought):  # what SQLite cannot look for at the end itself
        return int(text.endswith(sought) if sought != written else text == sought)
    return int(_pattern(_of_like(written, "" if escape is None else text_of(escape))).fullmatch(text) is not None)


@lru_cache(maxsize=256)
def _of_like(pattern: str, escape: str) -> str:
    """A pattern of LIKE as one of RE2."""
    made, signs = ["(?s)"], iter(pattern)
    for sign in signs:
        if escape and sign == escape:
            made.append(re.escape(next(signs, "")))
        else:
            made.append({"%": ".*", "_": "."}.get(sign) or re.escape(sign))
    return "".join(made)


def _extract(value: Any, pattern: Any, group: Any = 0) -> str | None:
    if value is None or pattern is None:
        return None
    match = _pattern(text_of(pattern)).search(text_of(value))
    return (match[int(group)] or "") if match else ""


def _substitute(value: Any, pattern: Any, new: Any, everywhere: Any = 0) -> str | None:
    if value is None or pattern is None or new is None:
        return None
    text = text_of(new)

    def put_in(match: Any) -> str:
        return _GROUP.sub(lambda group: match[int(group[1])] or "", text)

    return str(_pattern(text_of(pattern)).sub(put_in, text_of(value), count=0 if everywhere else 1))


def _part(value: Any, separator: Any, number: Any) -> str | None:
    if value is None or separator is None or number is None:
        return None
    parts, index = text_of(value).split(text_of(separator)), int(number)
    index = index - 1 if index > 0 else len(parts) + index
    return parts[index] if 0 <= index < len(parts) else ""


def _whole(value: int) -> int | float:
    """A whole number as SQLite can hold it."""
    return value if -(2**63) <= value < 2**63 else float(value)


def _root(value: Any) -> float | None:
    return math.sqrt(value) if value is not None and value >= 0 else None


def _written(found: datetime) -> str:
    """A time as the texts of this session have it: a fraction only where there is one."""
    whole = found.isoformat(" ", "seconds")
    return f"{whole}.{found.microsecond:06}".rstrip("0") if found.microsecond else whole


def _wall_time(value: Any, zone: str, column: str) -> str | None:
    if value is None or value == "":
        return None
    return _written(instant_of(value, ZoneInfo(zone)))


def _other_clock(value: Any, source: str, zone: str) -> str | None:
    """What the clock of another zone shows; of the hour that a clock shows twice the second is meant."""
    if value is None:
        return None
    shown = datetime.fromisoformat(text_of(value)).replace(tzinfo=ZoneInfo(source), fold=1)
    return _written(shown.astimezone(ZoneInfo(zone)).replace(tzinfo=None))


def _wall_day(value: Any, zone: str, column: str) -> str | None:
    if value is None or value == "":
        return None
    return day_of(value, ZoneInfo(zone)).isoformat()


def _yes_or_no(value: Any, column: str) -> int | None:
    word = word_of(value)
    return None if word is None else int(word)


def _telling(read: Callable[..., Any], what: str, unread: list[str]) -> Callable[..., Any]:
    """A function for SQLite that notes what it could not read: of errors in functions SQLite itself
    says no more than that there was one. Its last argument is the column's name."""

    def told(value: Any, *more: str) -> Any:
        try:
            return read(value, *more)
        except (ValueError, OverflowError) as error:
            unread.append(f"one in the column `{more[-1]}` {what}")
            raise ValueError(str(error)) from None  # SQLite takes an overflow for too long a text

    return told


def _without_overflow(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function for SQLite, which takes an OverflowError for too long a text."""

    def called(*values: Any) -> Any:
        try:
            return function(*values)
        except OverflowError as error:
            raise ValueError(str(error)) from None

    return called


def card_is_right(digits: Any) -> int | None:
    """Whether the last digit of a card's number is right (Luhn, ISO/IEC 7812-1)."""
    if digits is None:
        return None
    ones = [int(digit) for digit in reversed(text_of(digits))]
    return int(sum(2 * d - 9 * (d > 4) if at % 2 else d for at, d in enumerate(ones)) % 10 == 0)


def iban_is_right(signs: Any) -> int | None:
    """Whether the check digits of an IBAN are right (mod 97, ISO 13616)."""
    if signs is None:
        return None
    text = text_of(signs)
    return int(int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4]) or "0") % 97 == 1)


_FUNCTIONS: tuple[tuple[str, int, Any], ...] = (
    ("lower_text", 1, _lower),
    ("upper_text", 1, _upper),
    ("like_text", 2, _like),
    ("like_text", 3, _like),
    ("regexp", 2, _matches),
    ("regexp_extract", 3, _extract),
    ("regexp_replace", 4, _substitute),
    ("split_part", 3, _part),
    ("other_clock", 3, _other_clock),
    ("card_is_right", 1, card_is_right),
    ("iban_is_right", 1, iban_is_right),
    ("root_of", 1, _root),
    ("floor_of", 1, lambda x: None if x is None else _whole(math.floor(x))),
    ("ceil_of", 1, lambda x: None if x is None else _whole(math.ceil(x))),
)
_READERS: tuple[tuple[str, int, Any, str], ...] = (
    ("wall_time", 3, _wall_time, "is no time"),
    ("wall_day", 3, _wall_day, "is no time"),
    ("yes_or_no", 2, _yes_or_no, "is neither yes nor no"),
)
_OWN_NAMES = frozenset(name for name, *_ in (*_FUNCTIONS, *_READERS))


_INNOCUOUS = 0x200000  # SQLite's mark of functions that views may use


def views_are_safe(raw: sqlite3.Connection) -> bool:
    """Whether views of the file may use all that SQLite has and this session allows, which is JSON besides what
    every view may use: it is marked so in later versions only. Not where a view names a function that the session
    brings: it means that of another program."""
    listed = raw.execute("SELECT LOWER(name), flags FROM pragma_function_list WHERE builtin").fetchall()
    safe = {
        str(name) for name, flags in listed if flags & _INNOCUOUS or str(name).startswith(("json", "->"))
    } | _OWN_NAMES

    def allowed(action: int, first: str | None, second: str | None, *_: str | None) -> int:
        refused = action == sqlite3.SQLITE_FUNCTION and str(second).lower() not in safe
        return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK

    raw.set_authorizer(allowed)
    texts = raw.execute("SELECT LOWER(sql) FROM sqlite_master WHERE NOT sql IS NULL").fetchall()
    return not any(_OWN_NAMES & set(re.findall(r"\w+", str(text))) for (text,) in texts)
