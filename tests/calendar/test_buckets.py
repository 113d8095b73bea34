"""The steps of trends, by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from reportspec.calendar import (
    MOST_BUCKETS,
    CalendarError,
    Fiscal,
    Period,
    align,
    buckets,
    default_grain,
    parse_period,
)

TODAY = date(2026, 11, 23)
JANUARY = Fiscal(1)


def read(value: Any, fiscal: Fiscal = JANUARY) -> Period:
    if isinstance(value, str) and ".." in value:
        first, last = value.split("..")
        value = {"from": first, "to": last}
    return parse_period(value, TODAY, fiscal)


@pytest.mark.parametrize(
    ("value", "grain", "fiscal", "starts", "end", "partial"),
    [
        ("2026-Q3", "month", Fiscal(), ["2026-07-01", "2026-08-01", "2026-09-01"], "2026-10-01", []),
        (
            "2026-09",
            "week",
            Fiscal(),  # 1 September 2026 is a Tuesday, the 30th a Wednesday
            ["2026-09-01", "2026-09-07", "2026-09-14", "2026-09-21", "2026-09-28"],
            "2026-10-01",
            [0, 4],
        ),
        (
            "2026-09",
            "week",
            Fiscal(1, 6),
            ["2026-09-01", "2026-09-06", "2026-09-13", "2026-09-20", "2026-09-27"],
            "2026-10-01",
            [0, 4],
        ),
        ("2026-W53", "month", Fiscal(), ["2026-12-28", "2027-01-01"], "2027-01-04", [0, 1]),
        ("2024-02-28..2024-03-01", "day", Fiscal(), ["2024-02-28", "2024-02-29", "2024-03-01"], "2024-03-02", []),
        ("2026", "quarter", Fiscal(4), ["2026-01-01", "2026-04-01", "2026-07-01", "2026-10-01"], "2027-01-01", []),
        (
            "2026",
            "quarter",
            Fiscal(2),
            ["2026-01-01", "2026-02-01", "2026-05-01", "2026-08-01", "2026-11-01"],
            "2027-01-01",
            [0, 4],
        ),
        ("2026", "year", Fiscal(7), ["2026-01-01", "2026-07-01"], "2027-01-01", [0, 1]),
        ("FY2026", "year", Fiscal(7), ["2025-07-01"], "2026-07-01", []),
        ("2026-09-15", "month", Fiscal(), ["2026-09-15"], "2026-09-16", [0]),
        ("2024..2026", "year", Fiscal(), ["2024-01-01", "2025-01-01", "2026-01-01"], "2027-01-01", []),
    ],
)
def test_a_period_divided(
    value: str, grain: str, fiscal: Fiscal, starts: list[str], end: str, partial: list[int]
) -> None:
    made = buckets(read(value, fiscal), grain, fiscal)
    assert [str(b.start) for b in made] == starts
    assert [str(b.end) for b in made] == [*starts[1:], end]
    assert [b.index for b in made if b.partial] == partial
    assert [b.index for b in made] == list(range(len(starts)))


@pytest.mark.parametrize(
    ("value", "grain", "fiscal", "keys"),
    [
        ("2026-Q3", "month", Fiscal(7), ["2026-07", "2026-08", "2026-09"]),
        ("2026", "quarter", Fiscal(), ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]),
        ("2026", "quarter", Fiscal(4), ["FY2026-Q4", "FY2027-Q1", "FY2027-Q2", "FY2027-Q3"]),
        ("2026-01..2026-03", "year", Fiscal(10), ["FY2026"]),
        ("2026-12-28..2027-01-05", "week", Fiscal(), ["2026-W53", "2027-W01"]),
        ("2026-W38", "day", Fiscal(), [f"2026-09-{day}" for day in range(14, 21)]),
    ],
)
def test_keys_name_whole_units(value: str, grain: str, fiscal: Fiscal, keys: list[str]) -> None:
    assert [b.key for b in buckets(read(value, fiscal), grain, fiscal)] == keys


@pytest.mark.parametrize(
    ("value", "grain"),
    [
        ("2026-09-15", "day"),
        ("2026-W38", "day"),
        ("last_14_days", "day"),
        ("last_15_days", "week"),
        ("2026-02", "week"),
        ("2026-07", "week"),
        ("2026-07..2026-08", "week"),
        ("2026-Q1", "month"),
        ("last_90_days", "month"),
        ("2026", "month"),
        ("2023..2024", "month"),
        ("2023..2025", "quarter"),
        ("last_6_years", "quarter"),
        ("last_7_years", "year"),
    ],
)
def test_the_grain_of_a_trend_that_names_none(value: str, grain: str) -> None:
    assert default_grain(read(value)) == grain


def test_a_trend_has_an_upper_bound() -> None:
    assert len(buckets(read("last_800_days"), "day", Fiscal())) == MOST_BUCKETS
    with pytest.raises(CalendarError, match="more than 800 steps") as caught:
        buckets(read("last_801_days"), "day", Fiscal())
    assert caught.value.help == "choose a coarser grain"


def test_comparison_goes_by_position() -> None:
    march = buckets(read("2026-03"), "day", Fiscal())
    february = buckets(read("2026-02"), "day", Fiscal())
    pairs = align(march, february)
    assert len(pairs) == 31
    assert [p.start.day if p else None for _, p in pairs] == [*range(1, 29), None, None, None]
    assert [(c.start.day, p and p.start.day) for c, p in align(february, march)] == [(day, day) for day in range(1, 29)]
    assert align((), march) == ()
