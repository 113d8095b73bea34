"""The demo's time: whole seconds since the start of 2024 (UTC), turned into timestamps at the end.

The business sits in Rome (UTC+1, in summer UTC+2), so its office hours are about 6 to 17 UTC.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from reportspec.demo.chance import Chance

EPOCH = datetime(2024, 1, 1)  # noqa: DTZ001 (naive UTC, as CRMs store it)
FIRST_DAY = date(2024, 1, 1)  # a Monday, so day % 7 is the weekday
DAY = 86_400
HOUR = 3_600
DAYS = (date(2026, 11, 1) - FIRST_DAY).days
# Midnight in Rome after 31 October 2026, when winter time is back: nothing that has happened is
# later, but for the few activities that claim to be done in the future.
END = DAYS * DAY - HOUR

_SEASON = (0.95, 1.0, 1.1, 1.0, 1.0, 1.05, 0.9, 0.55, 1.1, 1.15, 1.05, 0.75)
_WEEKDAY = (1.0, 1.05, 1.05, 1.0, 0.9, 0.15, 0.1)


def seconds(text: str) -> int:
    """Seconds since the epoch of a UTC time in ISO form (`2026-06-30T22:30`)."""
    return int((datetime.fromisoformat(text) - EPOCH).total_seconds())


def spread(count: int, chance: Chance, growth: float) -> list[int]:
    """`count` ascending times over the whole span, denser in busy months and on working days.

    `growth` is what a year adds, as a share of the first day's level.
    """
    weights: list[float] = []
    total = 0.0
    for day in range(DAYS):
        month = (FIRST_DAY + timedelta(day)).month
        total += _SEASON[month - 1] * _WEEKDAY[day % 7] * (1 + growth * day / 366)
        weights.append(total)
    times: list[int] = []
    day = 0
    for number in range(count):
        wanted = total * (number + chance.draw()) / count
        while weights[day] < wanted:
            day += 1
        times.append(min(day * DAY + _hour_of_day(chance), END - 1))
    times.sort()
    return times


def office_time(at: int, chance: Chance) -> int:
    """A time in office hours on the same day, or on the Monday after a weekend (mostly)."""
    day = at // DAY
    weekday = day % 7
    if weekday > 4 and chance.draw() > 0.08:
        day += 7 - weekday
    return day * DAY + 6 * HOUR + int(chance.draw() * 11.5 * HOUR)


def _hour_of_day(chance: Chance) -> int:
    """Seconds into the day: two thirds in office hours, the rest at any time (web forms)."""
    if chance.draw() < 0.66:
        return 6 * HOUR + int(chance.draw() * 11 * HOUR)
    return int(chance.draw() * DAY)
