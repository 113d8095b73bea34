"""Anomalies: what is measured of all rows of an entity, held against what the audits before measured.

What is expected is on the line through the past that has the median of all slopes between two of its points (Theil,
1950; Sen, 1968), which a few odd audits do not turn; with a season it is that line moved by what days of the season are
off it.
How far off is too far goes by the median absolute deviation of the past from the same (Iglewicz and Hoaglin, 1993),
of which as many as were fitted are left out, since these lie on what was fitted to them. What is reckoned from few
audits is itself unsure: the fewer there are, the further off it may be, as with Student's t.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import combinations
from math import sqrt
from statistics import median

from reportspec.model.audits import Audit, AuditCheck, Earlier, Outcome, Season

LEAST = 7  # audits of other days, from which something can be expected
LEAST_OF_ERROR = 12  # of these, from which an anomaly can be an error
LEAST_OF_SEASON = 3  # of these, of the same season
MOST = 100  # the last ones
_OF_NORMAL = 1.4826  # a normal distribution's standard deviation is so many of its median absolute deviations
_WIDER = 9.0  # by so much of itself for one that is free: what is steady is off then in at most 1 of 100 audits
_LEAST_SPREAD = 0.01  # what is no anomaly in any case: so much of what is expected, of a share so much of all


def judged(audit: Audit, before: Earlier) -> Audit:
    """The audit in which each anomaly's outcome says what was expected, and how bad it is that it is not so."""
    entities = (
        replace(
            one, outcomes=tuple(_judged(o, before, audit.at) if o.measured is not None else o for o in one.outcomes)
        )
        for one in audit.entities
    )
    return replace(audit, entities=tuple(entities))


def _judged(outcome: Outcome, before: Earlier, at: datetime) -> Outcome:
    check, measured = outcome.check, outcome.measured
    assert measured is not None
    past = _by_day(before.measured.get(check.id, ()), at)
    found = expected(past, at, check)
    if found is None:
        lacks = LEAST_OF_SEASON if check.season is not None and len(past) >= LEAST else LEAST
        return replace(outcome, level="not_applicable", lacks=str(lacks), why="young")
    broken = int(not found[0] <= measured <= found[1])
    level = check.level(broken, 1)
    level = "warning" if level == "error" and len(past) < LEAST_OF_ERROR else level
    return replace(outcome, level=level, broken=broken, looked=1, expected=found)


def expected(past: Sequence[tuple[datetime, float]], at: datetime, check: AuditCheck) -> tuple[float, float] | None:
    """The least and the greatest that is no anomaly; None where too few audits went before."""
    past = past[-MOST:]
    if len(past) < LEAST:
        return None
    days = [(then - at).total_seconds() / 86_400 for then, _ in past]
    values = [value for _, value in past]
    slopes = [(values[b] - values[a]) / (days[b] - days[a]) for a, b in combinations(range(len(past)), 2)]
    slope = median(slopes)
    start = median(value - slope * day for day, value in zip(days, values, strict=True))
    off = [value - start - slope * day for day, value in zip(days, values, strict=True)]
    of_season: dict[int, list[float]] = {}
    for (then, _), difference in zip(past, off, strict=True):
        of_season.setdefault(season_of(then, check.season), []).append(difference)
    own = of_season.get(season_of(at, check.season), [])
    if check.season is not None and len(own) < LEAST_OF_SEASON:
        return None
    usual: Mapping[int, float] = {season: median(found) for season, found in of_season.items()}
    apart = sorted(
        abs(difference - usual[season_of(then, check.season)]) for (then, _), difference in zip(past, off, strict=True)
    )
    fitted = len(usual) + 1  # what is usual of each season, and the slope
    spread = _OF_NORMAL * median(apart[fitted:])
    middle = start + median(own)
    least = _LEAST_SPREAD if check.measure == "nulls" else _LEAST_SPREAD * abs(middle)
    if check.measure == "rows":
        least = max(least, 1.0)
        spread = max(spread, min(sqrt(max(middle, 0.0)) / 10, 0.5))  # of whole numbers most may be the same by chance
    room = max(check.factor * (1 + _WIDER / (len(past) - fitted)) * spread, least)
    low, high = middle - room, middle + room
    if check.measure != "mean":
        low = max(low, 0.0)
    return low, min(high, 1.0) if check.measure == "nulls" else high


def season_of(at: datetime, season: Season | None) -> int:
    """Which weekday or month a time is of; 0 without a season."""
    return at.isoweekday() if season == "week" else at.month if season == "year" else 0


def _by_day(past: Sequence[tuple[datetime, float]], at: datetime) -> list[tuple[datetime, float]]:
    """The last of each day before this one: audits of one day say the same twice."""
    days = {then.date(): (then, value) for then, value in past if then.date() < at.date()}
    return [days[day] for day in sorted(days)]
