"""The simple rules that a forecast is held against: each names an amount of the past as what a period will bring."""

from __future__ import annotations

import math
from typing import Literal

from reportspec.forecasting.past_windows import Windows

Rule = Literal["last", "mean_of_four", "last_year", "last_quarter"]
RULES: tuple[Rule, ...] = ("last", "mean_of_four", "last_year", "last_quarter")
OF_MEAN = 4  # periods that the mean is of


def by_rule(windows: Windows, place: int, rule: Rule) -> float | None:
    """What a rule is held to have said of a window: its amount, or what was won before its origin if that is more; None
    where the past is too short."""
    amount = amount_of(windows, place, rule)
    return None if amount is None else max(amount, windows.all[place].won_before.amount)


def amount_of(windows: Windows, place: int, rule: Rule) -> float | None:
    """The amount that a rule names for a window; None where the past is too short.

    Periods before are those that end before the window's origin, none of which overlaps the next: of quarters that
    begin with every month every third.
    """
    last = place - windows.apart
    match rule:
        case "last":
            places = [last]
        case "mean_of_four":
            places = [last - windows.step * back for back in range(OF_MEAN)]
        case "last_year":
            if windows.per_year is None:
                return None
            years = math.ceil(windows.apart / windows.per_year)  # the last year in which that period is over
            places = [place - windows.per_year * years]
        case "last_quarter":  # the same month or week of it: businesses that close their quarters have such a rhythm
            quarter = (windows.per_year or 0) // 4
            if quarter < 2 or windows.step > 1:
                return None
            places = [place - quarter * math.ceil(windows.apart / quarter)]
    if min(places) < 0:
        return None
    return math.fsum(windows.all[at].result.amount for at in places) / len(places)
