"""Which period a period is compared with, by hand."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from reportspec.calendar import (
    CalendarError,
    Fiscal,
    Period,
    compared_with,
    parse_as_of,
    parse_period,
    previous_period,
    previous_year,
    same_point,
)

JANUARY, APRIL, JULY = Fiscal(1), Fiscal(4), Fiscal(7)


def read(value: Any, today: str = "2026-11-23", fiscal: Fiscal = JANUARY) -> Period:
    if ".." in value:
        first, last = value.split("..")
        value = {"from": first, "to": last}
    return parse_period(value, date.fromisoformat(today), fiscal)


def bounds(period: Period) -> tuple[str, str]:
    return period.start.isoformat(), period.end.isoformat()


@pytest.mark.parametrize(
    ("value", "before"),
    [
        ("2026", "2025"),
        ("2026-Q3", "2026-Q2"),
        ("2026-Q1", "2025-Q4"),
        ("2026-03", "2026-02"),
        ("2026-01", "2025-12"),
        ("2026-W38", "2026-W37"),
        ("2026-W01", "2025-W52"),
        ("2021-W01", "2020-W53"),
        ("2027-W01", "2026-W53"),
        ("2024-03-01", "2024-02-29"),
        ("2026-01-01", "2025-12-31"),
        ("FY2026", "FY2025"),
        ("FY2026-Q1", "FY2025-Q4"),
        ("FY2026-Q3", "FY2026-Q2"),
    ],
)
@pytest.mark.parametrize("fiscal", [Fiscal(), APRIL, JULY])
def test_the_one_before(value: str, before: str, fiscal: Fiscal) -> None:
    expected = read(before, fiscal=fiscal)
    assert previous_period(read(value, fiscal=fiscal), fiscal) == expected
    assert expected.name == before


@pytest.mark.parametrize(
    ("value", "start", "end"),
    [
        ("2026-01-01..2026-03-31", "2025-10-01", "2026-01-01"),  # three whole months
        ("2024-02-01..2024-02-29", "2024-01-01", "2024-02-01"),
        ("2026-03..2026-03", "2026-02-01", "2026-03-01"),
        ("2026-01-01..2026-03-15", "2025-10-19", "2026-01-01"),  # 74 days
        ("2026-03-10..2026-03-19", "2026-02-28", "2026-03-10"),  # 10 days
        ("2026-02-01..2026-02-27", "2026-01-05", "2026-02-01"),  # 27 days
    ],
)
def test_ranges_before(value: str, start: str, end: str) -> None:
    assert bounds(previous_period(read(value), Fiscal())) == (start, end)


@pytest.mark.parametrize(
    ("value", "today", "start", "end"),
    [
        # 1 to 30 April, but asked for as thirty days: the thirty days before, not March.
        ("last_30_days", "2026-05-01", "2026-03-02", "2026-04-01"),
        ("last_7_days", "2026-11-23", "2026-11-09", "2026-11-16"),
        ("last_4_weeks", "2026-03-03", "2026-01-05", "2026-02-02"),
        ("last_4_weeks", "2027-03-01", "2027-01-04", "2027-02-01"),  # 1 to 28 February 2027
        ("last_12_months", "2026-11-23", "2024-11-01", "2025-11-01"),
        ("last_2_quarters", "2026-11-23", "2025-10-01", "2026-04-01"),
    ],
)
def test_several_units_before(value: str, today: str, start: str, end: str) -> None:
    assert bounds(previous_period(read(value, today), Fiscal())) == (start, end)


@pytest.mark.parametrize(
    ("value", "today", "start", "end"),
    [
        ("month_to_date", "2026-11-23", "2026-10-01", "2026-10-24"),
        ("month_to_date", "2026-01-15", "2025-12-01", "2025-12-16"),
        # There is no 29th to 31st in February 2026: it ends with the month.
        ("month_to_date", "2026-03-28", "2026-02-01", "2026-03-01"),
        ("month_to_date", "2026-03-30", "2026-02-01", "2026-03-01"),
        ("month_to_date", "2026-03-31", "2026-02-01", "2026-03-01"),
        ("month_to_date", "2024-03-29", "2024-02-01", "2024-03-01"),
        ("month_to_date", "2026-12-31", "2026-11-01", "2026-12-01"),
        # A month that is over meets the whole month before.
        ("month_to_date", "2026-02-27", "2026-01-01", "2026-01-28"),
        ("month_to_date", "2026-02-28", "2026-01-01", "2026-02-01"),
        ("quarter_to_date", "2026-11-23", "2026-07-01", "2026-08-24"),
        ("quarter_to_date", "2026-05-31", "2026-01-01", "2026-03-01"),
        ("quarter_to_date", "2026-12-31", "2026-07-01", "2026-10-01"),
        ("year_to_date", "2026-11-23", "2025-01-01", "2025-11-24"),
        ("year_to_date", "2024-02-29", "2023-01-01", "2023-03-01"),
        ("week_to_date", "2026-11-25", "2026-11-16", "2026-11-19"),
    ],
)
def test_so_far_meets_the_same_stretch(value: str, today: str, start: str, end: str) -> None:
    period = read(value, today)
    before = previous_period(period, Fiscal())
    assert bounds(before) == (start, end)
    assert (before.kind, before.name) == ("to_date", value)


def test_so_far_in_a_fiscal_year() -> None:
    period = read("year_to_date", "2026-02-10", JULY)
    assert bounds(period) == ("2025-07-01", "2026-02-11")
    assert bounds(previous_period(period, JULY)) == ("2024-07-01", "2025-02-11")


@pytest.mark.parametrize(
    ("value", "before"),
    [
        ("2026", "2025"),
        ("2026-Q3", "2025-Q3"),
        ("2024-02", "2023-02"),
        ("2025-02", "2024-02"),
        ("2026-W38", "2025-W38"),
        ("2026-W53", "2025-W52"),  # 2025 has 52
        ("2020-W53", "2019-W52"),
        ("2021-W52", "2020-W52"),
        ("2026-W01", "2025-W01"),
        ("2024-02-29", "2023-02-28"),
        ("2025-02-28", "2024-02-28"),
        ("2026-09-15", "2025-09-15"),
        ("FY2026", "FY2025"),
        ("FY2026-Q2", "FY2025-Q2"),
    ],
)
@pytest.mark.parametrize("fiscal", [Fiscal(), APRIL, JULY])
def test_the_same_a_year_before(value: str, before: str, fiscal: Fiscal) -> None:
    expected = read(before, fiscal=fiscal)
    assert previous_year(read(value, fiscal=fiscal), fiscal) == expected
    assert expected.name == before


@pytest.mark.parametrize(
    ("value", "today", "start", "end"),
    [
        ("2024-02-01..2024-02-29", "2026-11-23", "2023-02-01", "2023-03-01"),
        ("2025-01-01..2025-02-28", "2026-11-23", "2024-01-01", "2024-03-01"),
        ("2026-01-01..2026-03-15", "2026-11-23", "2025-01-01", "2025-03-16"),
        ("2024-02-29..2024-03-05", "2026-11-23", "2023-02-28", "2023-03-06"),
        ("2024-01-10..2024-02-29", "2026-11-23", "2023-01-10", "2023-03-02"),  # 51 days
        ("2024-02-20..2024-03-05", "2026-11-23", "2023-02-20", "2023-03-07"),  # 15 days
        ("last_30_days", "2026-11-23", "2025-10-24", "2025-11-23"),
        ("last_12_months", "2026-11-23", "2024-11-01", "2025-11-01"),
        # The Monday of week 46 of 2025 is 10 November: two whole weeks from there.
        ("last_2_weeks", "2026-11-23", "2025-11-10", "2025-11-24"),
        ("month_to_date", "2026-11-23", "2025-11-01", "2025-11-24"),
        ("month_to_date", "2024-02-29", "2023-02-01", "2023-03-01"),
        ("quarter_to_date", "2026-11-23", "2025-10-01", "2025-11-24"),
        # Wednesday of week 48, and Monday to Wednesday of week 48 in 2025.
        ("week_to_date", "2026-11-25", "2025-11-24", "2025-11-27"),
    ],
)
def test_other_stretches_a_year_before(value: str, today: str, start: str, end: str) -> None:
    assert bounds(previous_year(read(value, today), Fiscal())) == (start, end)


def test_weeks_that_begin_on_sunday() -> None:
    sunday = Fiscal(1, 6)
    week = read("this_week", "2026-11-23", sunday)
    assert bounds(week) == ("2026-11-22", "2026-11-29")
    assert bounds(previous_period(week, sunday)) == ("2026-11-15", "2026-11-22")
    # Its Thursday lies in week 48, as does that of the week from Sunday 23 November 2025.
    assert bounds(previous_year(week, sunday)) == ("2025-11-23", "2025-11-30")


@pytest.mark.parametrize(
    ("period", "word", "start", "end"),
    [
        ("2025-Q3", "last_year", "2024-07-01", "2024-10-01"),
        ("2024-02", "last_year", "2023-02-01", "2023-03-01"),
        ("2025-Q3", "last_quarter", "2025-04-01", "2025-07-01"),
        ("2025-08", "last_quarter", "2025-05-01", "2025-06-01"),
        ("2025-03", "last_month", "2025-02-01", "2025-03-01"),
        ("2025-03-10..2025-03-19", "last_month", "2025-02-10", "2025-02-20"),
        ("2025-03-31", "last_month", "2025-02-28", "2025-03-01"),
        # Other stretches than months have as many days, whatever month they are moved to.
        ("2026-W09", "last_month", "2026-01-23", "2026-01-30"),
        ("2026-W14", "last_month", "2026-02-28", "2026-03-07"),
        ("2026-W09", "last_quarter", "2025-11-23", "2025-11-30"),
        ("2026-02-20..2026-03-05", "last_month", "2026-01-20", "2026-02-03"),
        ("2026-01-30..2026-02-28", "last_month", "2025-12-30", "2026-01-29"),
        # Thirty days from 1 February on would reach to 2 March: they end just before.
        ("2026-03-01..2026-03-30", "last_month", "2026-01-30", "2026-03-01"),
        ("2025-03-10..2026-03-09", "last_year", "2024-03-10", "2025-03-10"),
        ("2024-01-10..2025-01-09", "last_year", "2023-01-09", "2024-01-10"),
        ("2025-W38", "last_week", "2025-09-08", "2025-09-15"),
        ("2025-09-17", "last_week", "2025-09-10", "2025-09-11"),
        ("2025-09-17", "yesterday", "2025-09-16", "2025-09-17"),
        ("month_to_date", "last_month", "2026-10-01", "2026-10-24"),
        ("month_to_date", "last_year", "2025-11-01", "2025-11-24"),
        ("2025-Q3", "last_3_months", "2025-04-01", "2025-07-01"),
        ("2025-Q3", "last_2_years", "2023-01-01", "2025-01-01"),
        ("2025-09-17", "last_7_days", "2025-09-10", "2025-09-17"),
        ("2025-Q3", "2019-Q3", "2019-07-01", "2019-10-01"),
        ("2025-Q3", "2019-07-01..2019-07-31", "2019-07-01", "2019-08-01"),
    ],
)
@pytest.mark.parametrize("today", ["2026-11-23", "2031-01-31"])
def test_words_are_about_the_period(period: str, word: str, start: str, end: str, today: str) -> None:
    """Whatever day it is."""
    own = read(period, "2026-11-23" if "to_date" in period else today)
    value = dict(zip(("from", "to"), word.split(".."), strict=True)) if ".." in word else word
    assert bounds(compared_with(value, own, JANUARY)) == (start, end)


@pytest.mark.parametrize(
    ("period", "word"),
    [
        ("2025-Q3", "last_month"),  # June to August
        ("2025", "last_quarter"),
        ("2025-09", "last_week"),
        ("2025-Q3", "yesterday"),
        ("2025-Q3", "this_year"),
        ("2025-Q3", "today"),
        ("2025-Q3", "month_to_date"),
        ("2025-Q3", "last_period"),
        ("2025-Q3", "last_month..last_month"),
        ("2025-Q3", "2025-13"),
    ],
)
def test_what_does_not_lie_before_is_refused(period: str, word: str) -> None:
    value = dict(zip(("from", "to"), word.split(".."), strict=True)) if ".." in word else word
    with pytest.raises(CalendarError):
        compared_with(value, read(period), JANUARY)


ROME = ZoneInfo("Europe/Rome")


@pytest.mark.parametrize(
    ("period", "compare", "as_of", "then"),
    [
        ("2026-03", "previous_period", "2026-03-10", "2026-02-10"),  # ten days of each, though one is shorter
        ("2026-03", "previous_period", "2026-03-30", "2026-02-28"),  # not beyond its end
        ("2026-02", "previous_period", "2026-02-10", "2026-01-10"),
        ("2026-03", "previous_year", "2026-03-10", "2025-03-10"),
        ("2026-03", "previous_period", "2026-03-31", "2026-02-28"),
        ("2026-03", "previous_period", "2026-04-05", "2026-03-05"),  # as many days after the end
        ("2026-04", "previous_period", "2026-04-10T12:00", "2026-03-10T12:00"),  # across summer time
        ("2026-03", "2025-11", "2026-03-10", "2025-11-10"),
        # No whole months: by days, to the same last one as the whole.
        ("2026-05-01..2026-06-15", "last_quarter", "2026-05-31", "2026-03-03"),
        ("2026-05-01..2026-06-15", "last_quarter", "2026-06-15", "2026-03-18"),
        ("2026-W09", "last_month", "2026-02-25", "2026-01-25"),
    ],
)
def test_an_instant_within_is_as_far_into_the_other(period: str, compare: str, as_of: str, then: str) -> None:
    own = read(period)
    other = compared_with(compare, own, JANUARY)
    assert same_point(parse_as_of(as_of, ROME), own, other, ROME) == parse_as_of(then, ROME)
