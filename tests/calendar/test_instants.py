"""When days begin, where clocks change: the expected instants are from the zones' histories."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from reportspec.calendar import CalendarError, as_naive, instant, parse_as_of

ROME = ZoneInfo("Europe/Rome")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("UTC", "2026-09-30", "2026-09-30T00:00"),
        ("Asia/Kathmandu", "2026-09-30", "2026-09-29T18:15"),
        ("Pacific/Kiritimati", "2026-01-01", "2025-12-31T10:00"),
        # Clocks go forward and back at night; days begin at midnight all the same.
        ("Europe/Rome", "2026-03-29", "2026-03-28T23:00"),
        ("Europe/Rome", "2026-03-30", "2026-03-29T22:00"),
        ("Europe/Rome", "2026-10-25", "2026-10-24T22:00"),
        ("Europe/Rome", "2026-10-26", "2026-10-25T23:00"),
        ("America/New_York", "2026-03-08", "2026-03-08T05:00"),
        ("America/New_York", "2026-03-09", "2026-03-09T04:00"),
        ("America/New_York", "2026-11-01", "2026-11-01T04:00"),
        ("America/New_York", "2026-11-02", "2026-11-02T05:00"),
        # Midnight is skipped: the day begins at one.
        ("Asia/Beirut", "2022-03-27", "2022-03-26T22:00"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00"),
        ("Atlantic/Azores", "2026-03-29", "2026-03-29T01:00"),
        # From 23:30 to 00:30: the day begins at half past, an hour after 23:30.
        ("America/Toronto", "1919-03-31", "1919-03-31T04:30"),
        # At midnight clocks go back to 23:00: the day before has 25 hours.
        ("Asia/Beirut", "2022-10-29", "2022-10-28T21:00"),
        ("Asia/Beirut", "2022-10-30", "2022-10-29T22:00"),
        ("America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00"),
        ("America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00"),
        # Midnight comes twice: the first of the two.
        ("America/Havana", "2022-11-06", "2022-11-06T04:00"),
        ("America/Havana", "2022-11-07", "2022-11-07T05:00"),
        ("Atlantic/Azores", "2026-10-25", "2026-10-25T00:00"),
        ("America/St_Johns", "2010-11-07", "2010-11-07T02:30"),
        # 30 December 2011 never was.
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00"),
        ("Pacific/Apia", "2012-01-01", "2011-12-31T10:00"),
    ],
)
def test_when_days_begin(zone: str, day: str, begins: str) -> None:
    assert instant(date.fromisoformat(day), ZoneInfo(zone)) == utc(begins)


def test_zones_without_rules() -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    assert instant(date(2026, 1, 1), zone) == utc("2025-12-31T18:30")


@pytest.mark.parametrize(
    ("moment", "zone", "wall"),
    [
        ("2026-06-30T22:00", "Europe/Rome", "2026-07-01T00:00"),
        ("2026-12-31T23:00", "Europe/Rome", "2027-01-01T00:00"),
        ("2026-07-01T00:00", "America/New_York", "2026-06-30T20:00"),
        ("2026-07-01T00:00", "UTC", "2026-07-01T00:00"),
    ],
)
def test_wall_times(moment: str, zone: str, wall: str) -> None:
    naive = as_naive(utc(moment), ZoneInfo(zone))
    assert naive == datetime.fromisoformat(wall)
    assert naive.tzinfo is None


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("2026-09-30", "2026-09-30T22:00"),  # its end, in summer time
        ("2026-12-31", "2026-12-31T23:00"),
        (date(2024, 2, 29), "2024-02-29T23:00"),
        ("2026-09-30T12:00", "2026-09-30T10:00"),
        ("2026-09-30 12:00", "2026-09-30T10:00"),
        ("2026-09-30T12:00:30", "2026-09-30T10:00:30"),
        ("2026-09-30T12:00Z", "2026-09-30T12:00"),
        ("2026-09-30T12:00-05:00", "2026-09-30T17:00"),
        ("2026-9-3T09:00", "2026-09-03T07:00"),
        ("2026-09-30T00:00", "2026-09-29T22:00"),
        ("2026-10-25T02:30", "2026-10-25T00:30"),  # comes twice: the first
        ("2026-03-29T02:30", "2026-03-29T01:30"),  # is skipped: half past three
    ],
)
def test_as_of(value: object, meant: str) -> None:
    assert parse_as_of(value, ROME) == utc(meant)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("", "is no date or time"),
        ("soon", "is no date or time"),
        ("20260930", "is no date or time"),
        (20260930, "is no date or time"),
        ("2026-W38", "is no date or time"),
        ("2026-09", "is no date or time"),
        ("2026-09-30T", "is no date or time"),
        ("2026-09-30T12", "is no date or time"),
        ("2026-09-30T12:00 Europe/Rome", "is no date or time"),
        ("2026-09-31", "September has 30 days"),
        ("2026-02-29T12:00", "February 2026 has 28 days"),
        ("2026-13-01", "there are months 01 to 12"),
        ("2026-09-30T24:00", "times go from 00:00 to 23:59"),
        ("2026-09-30T12:60", "times go from 00:00 to 23:59"),
        ("2026-09-30T12:00+99:00", "has an impossible offset"),
        ("2026-09-30T12:00-15:00", "has an impossible offset"),
        ("1899-12-31", "not between 1900 and 2200"),
        ("9999-12-31T23:59-12:00", "not between 1900 and 2200"),
    ],
)
def test_what_is_no_as_of(value: object, says: str) -> None:
    with pytest.raises(CalendarError) as caught:
        parse_as_of(value, ROME)
    assert says in caught.value.message
