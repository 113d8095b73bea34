"""What the values of a source say that are kept as texts, or as numbers, and are times, days, yes or no.

SQLite reads with these; other databases read in SQL what `sql/dialects/reading.py` says, which is the same."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from reportspec.sql.dialects.reading import EITHER, NO, YES

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")
# 1e11 seconds are the year 5138, 1e11 thousandths 1973.
_SCALES = ((1e17, 10**9), (1e14, 10**6), (1e11, 1000))
_LIKE_TIME = re.compile(EITHER)
_FINER = re.compile(r"(\.\d{6})\d+")  # finer than a millionth


def text_of(value: Any) -> str:
    """A value as a text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def instant_of(value: Any, zone: tzinfo = UTC) -> datetime:
    """What a value says of a time, on the clock of a zone: a text with an offset or `Z`, a number of
    seconds (or of thousandths, millionths, billionths) since 1970; a text without an offset is that clock's. Raises
    ValueError and OverflowError."""
    if isinstance(value, (int, float)):
        if 1 <= abs(value) < 10_000:  # a year: what SQLite's CAST leaves of a time
            raise ValueError(value)
        scale = next((n for limit, n in _SCALES if abs(value) >= limit), 1)
        micros = value // 1000 if scale > 1_000_000 else round(value * (1_000_000 // scale))
        return (_EPOCH + timedelta(microseconds=micros)).astimezone(zone).replace(tzinfo=None)
    text = text_of(value).strip()
    if not _LIKE_TIME.match(text):
        raise ValueError(text)
    if text.endswith(" UTC"):
        text = text.removesuffix(" UTC") + "Z"
    moment = datetime.fromisoformat(_FINER.sub(r"\1", re.sub(r" (?=[+-]\d)", "", text)))
    return moment if moment.tzinfo is None else moment.astimezone(zone).replace(tzinfo=None)


def day_of(value: Any, zone: tzinfo = UTC) -> date:
    """What a value says of a day, which has no zone: of what says more it is the day that is written.
    Raises ValueError and OverflowError."""
    if isinstance(value, (int, float)):
        return instant_of(value).date()
    text = text_of(value).strip()
    instant_of(text, zone)
    return date.fromisoformat(text[:10])


def word_of(value: Any) -> bool | None:
    """Yes or no, by the words for it; an empty text is neither. Raises ValueError."""
    word = text_of(value).strip().lower()
    if word in YES:
        return True
    if word in NO or not word:
        return False if word else None
    raise ValueError(value)
