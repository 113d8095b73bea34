"""SQLite, by the standard library: a file that is only read.

SQLite knows small letters of English only and has no regular expressions; the session brings
functions for both.
"""

from __future__ import annotations

import math
import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from reportspec.diagnostics import harmless, suggestion
from reportspec.errors import SourceError
from reportspec.model.rows import Table
from reportspec.model.settings import SourceSpec
from reportspec.run.connection import (
    Loose,
    Wanted,
    cancelled,
    first_line,
    loose_columns,
    no_column,
    no_table,
    refused,
    timed_out,
    unreadable,
)
from reportspec.run.texts import day_of, instant_of, text_of, word_of

_LONGEST = 100_000_000  # bytes of one text or row
_STEPS = 10_000  # of SQLite's machine between two looks at the clock


class SqliteConnection:
    """A read-only session over a SQLite file."""

    dialect = "sqlite"

    def __init__(self, raw: sqlite3.Connection, source: SourceSpec, wanted: Wanted, unread: list[str]) -> None:
        self._raw, self._source, self._wanted = raw, source, wanted
        self._unread = unread  # values that were to be times and are none
        self._until = math.inf
        raw.set_progress_handler(lambda: int(time.monotonic() > self._until), _STEPS)

    def run(self, sql: str) -> Table:
        """Run one SELECT. Raises SourceError."""
        self._until = time.monotonic() + self._wanted.timeout
        try:
            cursor = self._raw.execute(sql)
            names = tuple(column[0] for column in cursor.description or ())
            return Table(names, tuple(cursor.fetchall()))
        except sqlite3.Error as error:
            raise self._explained(error) from None

    def cancel(self) -> None:
        """End the statement that is running."""
        self._raw.interrupt()

    def close(self) -> None:
        """Give the session back."""
        self._raw.close()

    def beside(self) -> SqliteConnection | None:
        """Another session over the same file."""
        return open_sqlite(self._source, self._wanted)

    def columns(self) -> dict[str, dict[str, str]]:
        """The columns of each table and view, with their types."""
        tables = self._raw.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
        found = {}
        for (name,) in tables.fetchall():
            rows = self._raw.execute("SELECT name, type FROM pragma_table_info(?)", [name])
            found[str(name)] = {column: kind or "ANY" for column, kind in rows.fetchall()}
        return found

    def loose(self) -> Loose:
        """All columns, if a table or view says COLLATE: of which column is not told."""
        said = self._raw.execute("SELECT COUNT(*) FROM sqlite_master WHERE LOWER(sql) LIKE '%collate%'")
        if not said.fetchall()[0][0]:
            return frozenset()
        return loose_columns((table, name) for table, columns in self.columns().items() for name in columns)

    def _explained(self, error: sqlite3.Error) -> SourceError:
        text = first_line(error)
        if "interrupted" in text:
            late = time.monotonic() > self._until
            return timed_out(self._wanted.timeout) if late else cancelled()
        if "user-defined function" in text and self._unread:
            return unreadable(self._unread.pop())
        if "Could not decode to UTF-8" in text:
            shown = harmless(text.partition(" with text ")[2].strip("'"))[:40]
            return SourceError(
                "unreadable-value",
                "a text of the source is not in UTF-8",
                "write the database's texts in UTF-8",
                (f"for example `{shown}`",),
            )
        missing = re.search(r"no such table: (\S+)", text)
        if missing:
            tables = list(self.columns())
            near = suggestion(missing[1], tables) or f"it has {', '.join(tables[:10]) or 'none'}"
            return no_table(missing[1], near)
        if "too big" in text or isinstance(error, sqlite3.DataError):
            return SourceError(
                "too-large",
                f"a text or a row has more than {_LONGEST:,} bytes",
                "look at what the mapping's expressions make of it",
            )
        column = re.search(r"no such column: (\S+)", text)
        if column:
            return no_column(column[1])
        return refused(text)


def read_only(path: str) -> sqlite3.Connection:
    """A connection to a SQLite file that is only read. Raises sqlite3.Error."""
    uri = f"{Path(path).resolve().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, check_same_thread=False)


def table_names(path: str) -> frozenset[str] | None:
    """The tables of a SQLite file; None where it cannot be opened now."""
    try:
        with closing(read_only(path)) as raw:
            rows = raw.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
            return frozenset(str(name) for (name,) in rows.fetchall())
    except sqlite3.Error:
        return None


def table_types(path: str) -> dict[str, dict[str, str]]:
    """The columns of the tables of a SQLite file, with the types that they were declared to have;
    none where it cannot be opened now."""
    try:
        with closing(read_only(path)) as raw:
            return SqliteConnection(raw, SourceSpec("sqlite", path), Wanted(), []).columns()
    except sqlite3.Error:
        return {}


def open_sqlite(source: SourceSpec, wanted: Wanted) -> SqliteConnection:
    """A session over a SQLite file. Raises SourceError."""
    raw: sqlite3.Connection | None = None
    try:
        raw = read_only(source.path)
        raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        raw.execute("PRAGMA query_only = ON")
        raw.execute("PRAGMA case_sensitive_like = ON")
        raw.execute("PRAGMA trusted_schema = OFF")
        raw.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        return _prepared(raw, source, wanted)
    except BaseException as error:
        if raw is not None:
            raw.close()
        if not isinstance(error, sqlite3.Error):
            raise
        raise SourceError(
            "unreadable-source",
            f"the database `{source.label}` cannot be opened: {first_line(error)}",
            "check that it is a SQLite file and that you may read it",
        ) from None


def _prepared(raw: sqlite3.Connection, source: SourceSpec, wanted: Wanted) -> SqliteConnection:
    """The session, with the functions that it brings."""
    for name, count, function in _FUNCTIONS:
        raw.create_function(name, count, _without_overflow(_once(function)), deterministic=True)
    unread: list[str] = []
    for name, count, read, what in _READERS:
        raw.create_function(name, count, _telling(_once(read), what, unread), deterministic=True)
    return SqliteConnection(raw, source, wanted, unread)


def _once(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with a memory where that is worth it: SQLite asks for a value again wherever a statement names
    it. It goes with the session, since what it holds are the source's values."""
    return lru_cache(maxsize=65536)(function) if function in (_wall_time, _other_clock, _wall_day) else function


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def _lower(value: Any) -> str | None:
    return None if value is None else text_of(value).replace("İ", "i").lower()


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


def _extract(value: Any, pattern: Any, group: Any = 0) -> str | None:
    if value is None or pattern is None:
        return None
    found = _pattern(text_of(pattern)).search(text_of(value))
    return (found[int(group)] or "") if found else ""


def _substitute(value: Any, pattern: Any, new: Any, everywhere: Any = 0) -> str | None:
    if value is None or pattern is None or new is None:
        return None
    return _pattern(text_of(pattern)).sub(text_of(new), text_of(value), count=0 if everywhere else 1)


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


_FUNCTIONS: tuple[tuple[str, int, Any], ...] = (
    ("lower", 1, _lower),
    ("upper", 1, _upper),
    ("regexp", 2, _matches),
    ("regexp_extract", 3, _extract),
    ("regexp_replace", 4, _substitute),
    ("split_part", 3, _part),
    ("other_clock", 3, _other_clock),
    ("sqrt", 1, _root),
    ("floor", 1, lambda x: None if x is None else _whole(math.floor(x))),
    ("ceil", 1, lambda x: None if x is None else _whole(math.ceil(x))),
)
_READERS: tuple[tuple[str, int, Any, str], ...] = (
    ("wall_time", 3, _wall_time, "is no time"),
    ("wall_day", 3, _wall_day, "is no time"),
    ("yes_or_no", 2, _yes_or_no, "is neither yes nor no"),
)
