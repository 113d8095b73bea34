"""What names of periods mean, by hand: from calendars on the wall, never from the program."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from reportspec.calendar import CalendarError, Fiscal, Period, parse_period

TODAY = date(2026, 11, 23)  # a Monday
JANUARY, APRIL, JULY, OCTOBER = Fiscal(1), Fiscal(4), Fiscal(7), Fiscal(10)


def days(start: str, end: str) -> tuple[date, date]:
    return date.fromisoformat(start), date.fromisoformat(end)


def read(value: Any, fiscal: Fiscal = JANUARY, today: date = TODAY) -> Period:
    return parse_period(value, today, fiscal)


@pytest.mark.parametrize(
    ("value", "start", "end", "kind"),
    [
        (2026, "2026-01-01", "2027-01-01", "year"),
        ("2026", "2026-01-01", "2027-01-01", "year"),
        ("1900", "1900-01-01", "1901-01-01", "year"),
        ("2200", "2200-01-01", "2201-01-01", "year"),
        ("2026-Q1", "2026-01-01", "2026-04-01", "quarter"),
        ("2026-Q3", "2026-07-01", "2026-10-01", "quarter"),
        ("2026-q4", "2026-10-01", "2027-01-01", "quarter"),
        ("2024-02", "2024-02-01", "2024-03-01", "month"),
        ("2026-12", "2026-12-01", "2027-01-01", "month"),
        ("2024-02-29", "2024-02-29", "2024-03-01", "day"),
        ("2026-12-31", "2026-12-31", "2027-01-01", "day"),
        (date(2026, 9, 15), "2026-09-15", "2026-09-16", "day"),
        # 1 January 2026 is a Thursday, so that week 1 begins in 2025 and there is a week 53.
        ("2026-W01", "2025-12-29", "2026-01-05", "week"),
        ("2026-W38", "2026-09-14", "2026-09-21", "week"),
        ("2026-W53", "2026-12-28", "2027-01-04", "week"),
        ("2020-W53", "2020-12-28", "2021-01-04", "week"),
        ("2021-W1", "2021-01-04", "2021-01-11", "week"),
    ],
)
def test_calendar_periods(value: Any, start: str, end: str, kind: str) -> None:
    # A fiscal year leaves them alone.
    for fiscal in (JANUARY, APRIL):
        period = read(value, fiscal)
        assert (period.start, period.end) == days(start, end)
        assert period.kind == kind


@pytest.mark.parametrize(
    ("value", "fiscal", "start", "end"),
    [
        ("FY2026", JANUARY, "2026-01-01", "2027-01-01"),
        ("FY2026-Q2", JANUARY, "2026-04-01", "2026-07-01"),
        ("FY2026", APRIL, "2025-04-01", "2026-04-01"),
        ("FY2026-Q1", APRIL, "2025-04-01", "2025-07-01"),
        ("FY2026-Q4", APRIL, "2026-01-01", "2026-04-01"),
        ("FY2026", JULY, "2025-07-01", "2026-07-01"),
        ("FY2026-Q2", JULY, "2025-10-01", "2026-01-01"),
        ("FY2026-Q3", JULY, "2026-01-01", "2026-04-01"),
        ("FY2026", OCTOBER, "2025-10-01", "2026-10-01"),
        ("FY2026-Q1", OCTOBER, "2025-10-01", "2026-01-01"),
        ("fy2026-q4", OCTOBER, "2026-07-01", "2026-10-01"),
        ("FY2024-Q1", Fiscal(2), "2023-02-01", "2023-05-01"),
        ("FY2024-Q4", Fiscal(3), "2023-12-01", "2024-03-01"),
    ],
)
def test_fiscal_periods(value: str, fiscal: Fiscal, start: str, end: str) -> None:
    period = read(value, fiscal)
    assert (period.start, period.end) == days(start, end)
    assert period.kind == ("fiscal_quarter" if "q" in value.lower() else "fiscal_year")


@pytest.mark.parametrize(
    ("value", "start", "end", "kind", "name"),
    [
        ("today", "2026-11-23", "2026-11-24", "day", "2026-11-23"),
        ("yesterday", "2026-11-22", "2026-11-23", "day", "2026-11-22"),
        ("this_week", "2026-11-23", "2026-11-30", "week", "2026-W48"),
        ("last_week", "2026-11-16", "2026-11-23", "week", "2026-W47"),
        ("this_month", "2026-11-01", "2026-12-01", "month", "2026-11"),
        ("last_month", "2026-10-01", "2026-11-01", "month", "2026-10"),
        ("this_quarter", "2026-10-01", "2027-01-01", "quarter", "2026-Q4"),
        ("last_quarter", "2026-07-01", "2026-10-01", "quarter", "2026-Q3"),
        ("this_year", "2026-01-01", "2027-01-01", "year", "2026"),
        ("last_year", "2025-01-01", "2026-01-01", "year", "2025"),
        ("week_to_date", "2026-11-23", "2026-11-24", "to_date", "week_to_date"),
        ("month_to_date", "2026-11-01", "2026-11-24", "to_date", "month_to_date"),
        ("quarter_to_date", "2026-10-01", "2026-11-24", "to_date", "quarter_to_date"),
        ("year_to_date", "2026-01-01", "2026-11-24", "to_date", "year_to_date"),
        ("last_7_days", "2026-11-16", "2026-11-23", "range", "last_7_days"),
        ("last_30_days", "2026-10-24", "2026-11-23", "range", "last_30_days"),
        ("last_1_days", "2026-11-22", "2026-11-23", "day", "2026-11-22"),
        ("last_2_weeks", "2026-11-09", "2026-11-23", "range", "last_2_weeks"),
        ("last_12_months", "2025-11-01", "2026-11-01", "range", "last_12_months"),
        ("last_1_month", "2026-10-01", "2026-11-01", "month", "2026-10"),
        ("last_5_quarters", "2025-07-01", "2026-10-01", "range", "last_5_quarters"),
        ("last_3_years", "2023-01-01", "2026-01-01", "range", "last_3_years"),
    ],
)
def test_relative_periods(value: str, start: str, end: str, kind: str, name: str) -> None:
    assert read(value) == Period(*days(start, end), kind, name)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "fiscal", "start", "end", "kind", "name"),
    [
        # On 23 November 2026 the year that began in July is FY2027, in its second quarter.
        ("this_year", JULY, "2026-07-01", "2027-07-01", "fiscal_year", "FY2027"),
        ("last_year", JULY, "2025-07-01", "2026-07-01", "fiscal_year", "FY2026"),
        ("this_quarter", JULY, "2026-10-01", "2027-01-01", "fiscal_quarter", "FY2027-Q2"),
        ("last_quarter", APRIL, "2026-07-01", "2026-10-01", "fiscal_quarter", "FY2027-Q2"),
        ("this_quarter", Fiscal(2), "2026-11-01", "2027-02-01", "fiscal_quarter", "FY2027-Q4"),
        ("quarter_to_date", Fiscal(2), "2026-11-01", "2026-11-24", "to_date", "quarter_to_date"),
        ("year_to_date", OCTOBER, "2026-10-01", "2026-11-24", "to_date", "year_to_date"),
        ("last_2_years", APRIL, "2024-04-01", "2026-04-01", "range", "last_2_years"),
        ("this_month", JULY, "2026-11-01", "2026-12-01", "month", "2026-11"),
        # Weeks that begin on Sunday, the day before this Monday.
        ("this_week", Fiscal(1, 6), "2026-11-22", "2026-11-29", "week", "2026-11-22..2026-11-28"),
        ("week_to_date", Fiscal(1, 6), "2026-11-22", "2026-11-24", "to_date", "week_to_date"),
    ],
)
def test_relative_periods_follow_the_fiscal_year(
    value: str, fiscal: Fiscal, start: str, end: str, kind: str, name: str
) -> None:
    assert read(value, fiscal) == Period(*days(start, end), kind, name)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "today", "start", "end"),
    [
        ("yesterday", "2024-03-01", "2024-02-29", "2024-03-01"),
        ("last_month", "2024-03-31", "2024-02-01", "2024-03-01"),
        ("last_month", "2026-01-01", "2025-12-01", "2026-01-01"),
        ("last_quarter", "2026-01-31", "2025-10-01", "2026-01-01"),
        ("last_week", "2027-01-03", "2026-12-21", "2026-12-28"),  # a Sunday in 2026-W53
        ("this_week", "2027-01-03", "2026-12-28", "2027-01-04"),
        ("year_to_date", "2026-12-31", "2026-01-01", "2027-01-01"),
        ("month_to_date", "2026-12-31", "2026-12-01", "2027-01-01"),
        ("year_to_date", "2026-01-01", "2026-01-01", "2026-01-02"),
    ],
)
def test_relative_periods_at_the_ends_of_years(value: str, today: str, start: str, end: str) -> None:
    period = read(value, today=date.fromisoformat(today))
    assert (period.start, period.end) == days(start, end)


@pytest.mark.parametrize(
    ("first", "last", "start", "end"),
    [
        ("2026-01-01", "2026-03-31", "2026-01-01", "2026-04-01"),
        ("2026-03-05", "2026-03-05", "2026-03-05", "2026-03-06"),
        ("2026-01", "2026-03", "2026-01-01", "2026-04-01"),
        ("2026-Q1", "2026-Q2", "2026-01-01", "2026-07-01"),
        ("2025-12-24", "2026-01", "2025-12-24", "2026-02-01"),
        ("2026-W01", "2026-W02", "2025-12-29", "2026-01-12"),
        (2024, 2025, "2024-01-01", "2026-01-01"),
        ("2026-11-01", "today", "2026-11-01", "2026-11-24"),
    ],
)
def test_from_and_to_are_both_included(first: Any, last: Any, start: str, end: str) -> None:
    period = read({"from": first, "to": last})
    assert (period.start, period.end) == days(start, end)
    assert period.kind == "range"


def refused(value: Any, fiscal: Fiscal = JANUARY) -> CalendarError:
    with pytest.raises(CalendarError) as caught:
        read(value, fiscal)
    return caught.value


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("2026-Q5", "a year has four quarters"),
        ("2026-Q0", "a year has four quarters"),
        ("FY2026-Q5", "a year has four quarters"),
        ("2026-13", "there are months 01 to 12, not 13"),
        ("2026-00", "there are months 01 to 12, not 00"),
        ("2026-09-31", "September has 30 days"),
        ("2026-02-29", "February 2026 has 28 days"),
        ("2024-02-30", "February 2024 has 29 days"),
        ("2026-01-00", "January has 31 days"),
        ("2026-W54", "2026 has weeks 1 to 53, not 54"),
        ("2025-W53", "2025 has weeks 1 to 52, not 53"),
        ("2026-W00", "2026 has weeks 1 to 53, not 0"),
        ("1899", "the year 1899 is not between 1900 and 2200"),
        (2201, "the year 2201 is not between 1900 and 2200"),
        pytest.param(10**5000, "is not between 1900 and 2200", id="huge"),
        (-1, "the year -1 is not between"),
        ("0000-01-01", "the year 0 is not between"),
        ("last_0_days", "the number must be between 1 and 3,660"),
        ("last_3661_days", "the number must be between 1 and 3,660"),
        ("last_200_years", "begins before 1900"),
        pytest.param("2026-Q" + "1" * 5000, "is no period", id="long-quarter"),
        pytest.param("last_" + "9" * 5000 + "_days", "is no period", id="long-count"),
        ("", "is no period"),
        ("２０２６", "is no period"),
        (True, "a period is text"),
        (None, "a period is text"),
        (2026.5, "a period is text"),
        ({"from": "2026-01-02", "to": "2026-01-01"}, "lies before `from` (2026-01-02)"),
        ({"from": "2026-01-01"}, "the period has no `to`"),
        ({"to": "2026-01-01"}, "the period has no `from`"),
        ({"from": "2026-03", "to": "2026-01"}, "`to` (2026-01-31) lies before `from` (2026-03-01)"),
    ],
)
def test_what_is_no_period(value: Any, says: str) -> None:
    error = refused(value)
    assert says in error.message
    assert len(error.message) < 200


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("2026-Q5", "whole"),
        ({"from": "2026-13", "to": "2026-12"}, "from"),
        ({"from": "2026-01", "to": "2026-02-30"}, "to"),
        ({"from": "2026-03", "to": "2026-01"}, "to"),
        ({"from": {"from": "2026", "to": "2026"}, "to": "2026"}, "from"),
        ({"from": "2026-01"}, "whole"),
    ],
)
def test_the_wrong_part_is_named(value: Any, part: str) -> None:
    assert refused(value).part == part


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("last_mont", "last_month"),
        ("Last Month", "last_month"),
        ("LAST-QUARTER", "last_quarter"),
        ("this_qarter", "this_quarter"),
        ("yesterdy", "yesterday"),
        ("ytd", "year_to_date"),
        ("MTD", "month_to_date"),
        ("previous_quarter", "last_quarter"),
        ("current month", "this_month"),
        ("last 7 days", "last_7_days"),
        ("last_3_moths", "last_3_months"),
        ("past 45 days", "last_45_days"),
    ],
)
def test_near_names_are_suggested(value: str, meant: str) -> None:
    assert refused(value).help == f"did you mean `{meant}`?"


def test_far_names_get_examples() -> None:
    assert "2026-Q3" in (refused("whenever").help or "")
