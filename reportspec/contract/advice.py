"""Lines for the mapping that read what a column has: only such as are right for each of its values, which are looked
through here. Where none is, none is proposed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from reportspec.run.files.readings import NUMBERS, NumberReading, decimals_of, form_of

_SIGNED = re.compile(r"([+-]?)([0-9.,' ]+)")
_MOST_PLACES = 4  # of amounts


def number_expression(column: str, texts: Iterable[str], kind: str) -> str | None:
    """What makes numbers of a column's texts; None where one of them is no number, or where they can be read in two
    ways. `kind` is that of the field: `money`, `number` or `integer`."""
    written = [text.strip(" ") for text in texts]
    written = [text for text in written if text]
    ways = {values: way for way in reversed(NUMBERS) if (values := _values(written, way)) is not None}
    if len(ways) != 1:
        return None
    [(values, way)] = ways.items()
    places = max((-int(value.as_tuple().exponent) for value in values), default=0)
    if (places > _MOST_PLACES and kind == "money") or (places and kind == "integer"):
        return None
    number = f"replace({column}, {_text(way.thousands)}, '')" if way.thousands else column
    number = f"replace({number}, {_text(way.decimal)}, '.')" if way.decimal != "." else number
    money = f"decimal(18, {2 if places <= 2 else _MOST_PLACES})"
    to = {"money": money, "integer": "bigint"}.get(kind, "double")
    return f"cast(nullif(trim({number}), '') as {to})"


def _values(texts: Sequence[str], way: NumberReading) -> tuple[Decimal, ...] | None:
    readings = []
    for text in texts:
        parts = _SIGNED.fullmatch(text)
        if parts is None or decimals_of(form_of(parts[2]), way) is None:
            return None
        bare = parts[2].replace(way.thousands, "") if way.thousands else parts[2]
        readings.append(Decimal(parts[1] + bare.replace(way.decimal, ".")))
    return tuple(readings)


def without_time(column: str, written: Iterable[str], odd: Sequence[tuple[str, int]], count: int) -> str | None:
    """What makes nothing of the one time that stands for none, as the column has it; None where there are others."""
    if len(odd) != 1 or odd[0][1] != count:
        return None
    same = [text for text in written if _is_day(text, odd[0][0])]
    return f"nullif({column}, {_text(same[0])})" if len(same) == 1 else None


def _is_day(text: str, time: str) -> bool:
    """Whether a text is a time as it was read, at the beginning of a day."""
    return (
        re.fullmatch(re.escape(time[:10]) + r"([ T]00:00(:00([.]0+)?)?)?", text) is not None and text[:10] == time[:10]
    )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
