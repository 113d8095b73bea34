"""What databases return, as the values that the rest of the program knows: text, numbers, `bool`,
`date`, naive `datetime` in the source's zone, None."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from reportspec.errors import SourceError
from reportspec.model.rows import Table
from reportspec.run.connection import unreadable


def canonical(table: Table, types: Mapping[str, str], zone: str) -> Table:
    """The table with its columns as the canonical types say; columns without one stay. Times that
    carry a zone become those of `zone`."""
    clock = ZoneInfo(zone)
    readers = [_READERS.get(types.get(name, ""), _plain) for name in table.columns]
    rows = tuple(
        tuple(None if value is None else read(value, clock) for read, value in zip(readers, row, strict=True))
        for row in table.rows
    )
    return Table(table.columns, rows)


def refuse_endless(table: Table, types: Mapping[str, str]) -> None:
    """Raise SourceError for a figure that is infinite or no number at all (NaN), as sums are where a
    single value is: it would be shown as none, or as 0."""
    places = [at for at, name in enumerate(table.columns) if types.get(name) in ("number", "money")]
    for row in table.rows:
        for at in places:
            value = row[at]
            if isinstance(value, (float, Decimal)) and not math.isfinite(value):
                name = table.columns[at].partition("__")[0]
                raise SourceError(
                    "unreadable-value",
                    f"`{name}` comes out as {'no number (NaN)' if math.isnan(value) else 'infinite'}: "
                    "so is a value that it is made of",
                    "mend the value, or leave its row out with `where` in the mapping",
                )


def _plain(value: Any, clock: ZoneInfo) -> Any:
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    return value


def _boolean(value: Any, clock: ZoneInfo) -> Any:
    if isinstance(value, (bool, str)):
        return value
    return bool(value)


def _date(value: Any, clock: ZoneInfo) -> Any:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, str):
        return _moment(date.fromisoformat, value[:10], "no day")
    return value


def _time(value: Any, clock: ZoneInfo) -> Any:
    if isinstance(value, str):
        value = _moment(datetime.fromisoformat, value, "no time")
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(clock).replace(tzinfo=None)
    return value


def _moment(reader: Callable[[str], Any], text: str, what: str) -> Any:
    """What a driver hands over as a text where it has no day or time for it (`0000-00-00`)."""
    try:
        return reader(text)
    except ValueError:
        raise unreadable(f"one is {what}") from None


def _read(reader: Callable[[str], Any], text: str, otherwise: Any) -> Any:
    try:
        return reader(text)
    except ValueError:
        return otherwise


def _integer(value: Any, clock: ZoneInfo) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (Decimal, float)) and value == int(value):
        return int(value)
    return _number(value, clock)


def _number(value: Any, clock: ZoneInfo) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, (str, bytes)):
        text = value.decode() if isinstance(value, bytes) else value
        return _read(Decimal, text, text) if text else None
    return value


_READERS: dict[str, Callable[[Any, ZoneInfo], Any]] = {
    "text": _plain,
    "key": _plain,
    "boolean": _boolean,
    "date": _date,
    "time": _time,
    "integer": _integer,
    "number": _number,
    "money": _number,
}
