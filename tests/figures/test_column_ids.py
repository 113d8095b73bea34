"""What columns hold: no two are taken for one another, neither as keys of a row nor as names in a statement."""

from __future__ import annotations

from itertools import combinations
from typing import get_args

from reportspec.model.column_ids import BUCKET, IDLE, Aggregated, Member, Part, PeriodDays, Rank, SideName, Target
from reportspec.sql.column_names import spelled

SIDES = get_args(SideName)
NAMES = ("current", "goal", "won_amount")  # the first two are words that ids are made of, too
ASKED = [
    *(Aggregated(name, part, side) for name in NAMES for part in get_args(Part) for side in SIDES),
    *(Rank(number, side) for number in range(3) for side in SIDES),
    *(Member(place) for place in range(3)),
    BUCKET,
    IDLE,
]
BESIDE = [*(PeriodDays(side) for side in SIDES), *(Target(name) for name in NAMES)]


def test_none_equals_another() -> None:
    every = [*ASKED, *BESIDE]
    assert [(one, other) for one, other in combinations(every, 2) if one == other] == []


def test_none_is_spelled_as_another() -> None:
    assert len({spelled(column) for column in ASKED}) == len(ASKED)
