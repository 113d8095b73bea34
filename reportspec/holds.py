"""What the columns of a source hold, by the types that its database gives them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from reportspec.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from reportspec.sql.dialects.rewrite import Dialect

# `clock`: times without a zone; `fine`: those with more digits than a microsecond has; `instant`:
# times that carry a zone; `hour`: times of a day that nobody says; `bits`: strings of bits, which are neither
# numbers nor yes and no; `bytes`: strings of bytes; `list`: lists and records; `json`: values of JSON; `other`: what
# is no single value of these, such as ranges and stretches of time;
# `any`: the values say it, not the column;
# empty: not known.
Holds = Literal[
    "day", "clock", "fine", "instant", "hour", "text", "number", "boolean", "bits", "bytes", "year", "list", "json",
    "other", "any", "",
]  # fmt: skip

_WRAPPED = lazy_pattern(r"(?:NULLABLE|LOWCARDINALITY)\((.*)\)")
_NUMBERS = lazy_pattern(
    r"U?(TINY|SMALL|MEDIUM|BIG|HUGE)?INT|INTEGER|U?INT(8|16|32|64|128|256)\b|(BINARY_)?(FLOAT|DOUBLE)|REAL|DECIMAL|NUMERIC|NUMBER|BIT\b"
)
_TEXTS = lazy_pattern(
    r"N?VARCHAR|N?CHAR|CHARACTER|BPCHAR|CITEXT|N?TEXT|(TINY|MEDIUM|LONG)TEXT|STRING|FIXEDSTRING|ENUM|SET\b"
)
_BYTES = lazy_pattern(r"(VAR)?BINARY\b|(TINY|MEDIUM|LONG)?BLOB\b|BYTE(A|S)\b|RAW\b")
_DECIMALS = lazy_pattern(r"(?:DEC|DECIMAL|NUMERIC|NUMBER)(?:\( *\d+ *(?:, *(-?\d+) *)?\))?")
_FLOATS = lazy_pattern(r"(BINARY_)?(FLOAT|DOUBLE)|REAL")
_SINGLE = lazy_pattern(r"REAL|(BINARY_)?FLOAT|FLOAT(4|32)")
_HOURS = lazy_pattern(r"TIME(64)?(TZ)?\b")
_LISTS = lazy_pattern(r".*\[\d*\]$|[^'(]*ARRAY\b|(ARRAY|MAP|STRUCT|TUPLE|NESTED|LIST|ROW|UNION)\b")
_OTHER = lazy_pattern(
    r"[^'(]*RANGE\b|INTERVAL\b|UUID\b"
    r"|HSTORE\b|XML\b"
    r"|(TSVECTOR|TSQUERY|INET|CIDR|MACADDR8?|IPV[46]|POINT|LINE|LSEG|BOX|PATH|POLYGON|CIRCLE|GEOMETRY|GEOGRAPHY)\b"
)
_BITS = lazy_pattern(r"(VAR)?BIT\b")
_MORE_DIGITS = lazy_pattern(r"TIMESTAMP_NS|DATETIME64\([7-9]")


def held(kind: str, dialect: Dialect) -> Holds:
    """What a column of a type holds."""
    kind = kind.upper()
    while inner := _WRAPPED.fullmatch(kind):
        kind = inner[1]
    if dialect.untyped:
        return "day" if kind == "DATE" else "any"
    if kind in ("DATE", "DATE32"):
        return "day"
    if _LISTS.match(kind):
        return "list"
    if kind in ("JSON", "JSONB"):
        return "json"
    if _OTHER.match(kind):  # before all that begin alike: an INTERVAL is no INT, nor is an INT4RANGE
        return "other"
    if kind == "YEAR" or kind.startswith("YEAR("):
        return "year"
    if kind in ("BOOLEAN", "BOOL"):
        return "boolean"
    if kind.startswith(("TIMESTAMP", "DATETIME", "SMALLDATETIME")):
        if _zoned(kind, dialect):
            return "instant"
        return "fine" if _MORE_DIGITS.match(kind) else "clock"
    if _HOURS.match(kind):
        return "hour"
    if dialect.bits and _BITS.match(kind):
        return "bits"
    if _BYTES.match(kind):
        return "bytes"
    if _NUMBERS.match(kind):
        return "number"
    return "text" if _TEXTS.match(kind) else ""


def decimals_of(kind: str) -> int | None:
    """How many decimals the numbers of a type have at most; None where nothing but the values tells it."""
    while inner := _WRAPPED.fullmatch(kind.upper()):
        kind = inner[1]
    found = _DECIMALS.fullmatch(kind.upper().strip())
    if found is None:
        return None if re.match(r"(BINARY_)?(FLOAT|DOUBLE)|REAL|DECIMAL|NUMERIC|NUMBER", kind.upper()) else 0
    return int(found[1]) if found[1] is not None else None if "(" not in kind else 0


def exact_up_to(kind: str, dialect: Dialect) -> int:
    """From which number on a type no longer has every whole number, so that two keys may have become one; 0 where it
    has all that it has room for, or where only the values tell."""
    while inner := _WRAPPED.fullmatch(kind.upper()):
        kind = inner[1]
    if dialect.untyped:
        return 0
    if _SINGLE.fullmatch(kind.upper()):
        return 2**24
    return 2**53 if _FLOATS.match(kind.upper()) else 0


def key_kind(kind: str, dialect: Dialect) -> str:
    """What keys in a column of a type are, so that they may be compared as they are with others of that kind;
    empty where only their texts say whether two are equal."""
    while inner := _WRAPPED.fullmatch(kind.upper()):
        kind = inner[1]
    return next((name for name, types in dialect.keys.items() if types.fullmatch(kind.upper())), "")


def _zoned(kind: str, dialect: Dialect) -> bool:
    if "WITH TIME ZONE" in kind or kind.startswith(("TIMESTAMPTZ", "TIMESTAMP_TZ", "TIMESTAMP_LTZ")):
        return True
    return dialect.instants is not None and dialect.instants.match(kind) is not None
