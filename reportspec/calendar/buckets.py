"""The steps of a trend: a period divided by days, weeks, months, quarters or years."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import cast

from reportspec.calendar.periods import (
    CalendarError,
    Fiscal,
    Grain,
    Period,
    floor,
    following,
    named,
    unit_of,
)
from reportspec.lazy_dataclass import dataclass

MOST_BUCKETS = 800

# A month by weeks, a quarter and a year by months, as sales people read them.
_UP_TO_DAYS: tuple[tuple[int, Grain], ...] = (
    (14, "day"),
    (62, "week"),
    (2 * 366, "month"),
    (6 * 366, "quarter"),
)


@dataclass(frozen=True, slots=True)
class Bucket:
    """One step of a trend: [start, end) in days, cut to the period's bounds (`partial` if that
    made it shorter). `key` names the whole unit (`2026-09`, `FY2026-Q1`), `index` counts from 0.
    """

    start: date
    end: date
    grain: Grain
    partial: bool = False
    index: int = 0
    key: str = ""


@lru_cache(maxsize=64)
def buckets(period: Period, grain: str, fiscal: Fiscal) -> tuple[Bucket, ...]:
    """The period divided by a grain, in order and without gaps; the first and last are cut to its
    bounds. Quarters and years follow the fiscal year, weeks the first weekday. Raises
    CalendarError where there would be more than MOST_BUCKETS."""
    unit = cast(Grain, grain)
    buckets: list[Bucket] = []
    at = floor(period.start, unit, fiscal)
    while at < period.end:
        if len(buckets) == MOST_BUCKETS:
            raise CalendarError(
                f"the period by {grain} would have more than {MOST_BUCKETS} steps",
                "choose a coarser grain",
            )
        whole = named(at, following(at, unit), unit_of(unit, fiscal), fiscal)
        start, end = max(whole.start, period.start), min(whole.end, period.end)
        partial = (start, end) != (whole.start, whole.end)
        buckets.append(Bucket(start, end, unit, partial, len(buckets), whole.name))
        at = whole.end
    return tuple(buckets)


def default_grain(period: Period) -> Grain:
    """The grain of a trend that names none, by the period's length: days up to a fortnight, weeks
    up to two months, months up to two years, quarters up to six, then years."""
    days = (period.end - period.start).days
    return next((grain for most, grain in _UP_TO_DAYS if days <= most), "year")


def align(current: Sequence[Bucket], previous: Sequence[Bucket]) -> tuple[tuple[Bucket, Bucket | None], ...]:
    """Each bucket with the one that it is compared with: the first with the first, and so on.
    None where the previous period has fewer; what it has more is left out."""
    return tuple((bucket, previous[index] if index < len(previous) else None) for index, bucket in enumerate(current))
