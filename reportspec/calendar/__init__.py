"""The calendar: periods that people name, the buckets that divide them, and the instants at which
days begin. All of it is computed here and reaches SQL as literals.

`periods` says what a period is and reads one, `compare` finds the one to compare with, `buckets`
divides one, `instants` turns days into points in time, `labels` says what people call them.
"""

from reportspec.calendar.buckets import MOST_BUCKETS, Bucket, align, buckets, default_grain
from reportspec.calendar.compare import (
    Align,
    compared_with,
    months_between,
    previous_period,
    previous_year,
    same_point,
)
from reportspec.calendar.instants import LAST, as_naive, day_within, instant, parse_as_of, until
from reportspec.calendar.labels import bucket_label, clock_label, day_label, period_label, stretch_label
from reportspec.calendar.periods import (
    FIRST_YEAR,
    GRAINS,
    LAST_YEAR,
    RELATIVE,
    CalendarError,
    Fiscal,
    Grain,
    Kind,
    Part,
    Period,
    add_months,
    floor,
    following,
    parse_period,
)

__all__ = [
    "FIRST_YEAR",
    "GRAINS",
    "LAST",
    "LAST_YEAR",
    "MOST_BUCKETS",
    "RELATIVE",
    "Align",
    "Bucket",
    "CalendarError",
    "Fiscal",
    "Grain",
    "Kind",
    "Part",
    "Period",
    "add_months",
    "align",
    "as_naive",
    "bucket_label",
    "buckets",
    "clock_label",
    "compared_with",
    "day_label",
    "day_within",
    "default_grain",
    "floor",
    "following",
    "instant",
    "months_between",
    "parse_as_of",
    "parse_period",
    "period_label",
    "previous_period",
    "previous_year",
    "same_point",
    "stretch_label",
    "until",
]
