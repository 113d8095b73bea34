"""Days as points in time: when they begin in a zone, and what a time in a spec means."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from reportspec.calendar.periods import CalendarError, Fiscal, parse_period

_DATE = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_TIME = r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,6})?)?"
_FURTHEST = timedelta(hours=15)  # from UTC; no clock is as far from it
_OFFSET = r"Z|[+-][0-9]{2}:?[0-9]{2}"
_HELP = "write 2026-09-30 or 2026-09-30T12:00"


LAST = time(23, 59, 59, 999_999)  # of a day, for which it stands as a clock


@lru_cache(maxsize=4096)
def instant(day: date, zone: tzinfo) -> datetime:
    """When a day begins: local midnight, in UTC. Where clocks skip midnight it is the first
    instant after the gap, where midnight comes twice the first of the two.

    A day that a zone has left out altogether (Samoa's 30 December 2011) begins when the next one
    does, so it holds nothing.
    """
    midnight = datetime.combine(day, time())
    # In a gap the two folds read midnight by the offset before and the one after; the gap's end,
    # from which local times are midnight or later, lies between them.
    first, second = (midnight.replace(tzinfo=zone, fold=f).astimezone(UTC) for f in (0, 1))
    if as_naive(first, zone) == midnight:
        return first
    low, high = min(first, second), max(first, second)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if as_naive(middle, zone) >= midnight:
            high = middle
        else:
            low = middle
    return high.replace(microsecond=0)


def until(now: datetime, zone: tzinfo) -> datetime:
    """The instant up to which all is over at a clock: the clock itself, or where it stands at the last
    instant of a day, that day's end, which is the first instant of the next one."""
    local = now.astimezone(zone)
    return instant(local.date() + timedelta(days=1), zone) if local.time() == LAST else now


def day_within(end: datetime, zone: tzinfo) -> date:
    """The last day of which a stretch that ends at an instant has some: of one that ends with a day, that day."""
    return (as_naive(end, zone) - timedelta(microseconds=1)).date()


def as_naive(moment: datetime, zone: tzinfo) -> datetime:
    """The wall time of an instant in a zone, without the zone: for sources whose times have none.
    The hour that comes twice when clocks go back cannot be told apart there."""
    return moment.astimezone(zone).replace(tzinfo=None)


def parse_as_of(value: Any, zone: tzinfo) -> datetime:
    """The instant, in UTC, that a date or time in a spec means: a date the end of that day, a time
    without an offset the local time. Of a local time that comes twice it is the first; one that
    clocks skip is as much later as they do. Raises CalendarError."""
    text = str(value).strip()
    match = re.fullmatch(rf"({_DATE})(?:[T ]{_TIME}({_OFFSET})?)?", text)
    if match is None:
        raise CalendarError(f"`{text[:60]}` is no date or time", _HELP)
    day = parse_period(match[1], date.min, Fiscal())
    if match[2] is None:
        return instant(day.end, zone)
    if int(match[2]) > 23 or int(match[3]) > 59 or int(match[4] or 0) > 59:
        raise CalendarError(f"`{text}`: times go from 00:00 to 23:59", _HELP)
    clock = re.split("[T ]", text, maxsplit=1)[1]
    try:
        moment = datetime.fromisoformat(f"{day.start}T{clock}")
        far = abs(moment.utcoffset() or timedelta()) >= _FURTHEST
    except ValueError:  # an offset of a day or more
        far = True
    if far:
        raise CalendarError(f"`{text}` has an impossible offset", _HELP)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
