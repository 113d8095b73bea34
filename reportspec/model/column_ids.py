"""What a column of a query's rows holds. How it is spelled in SQL, `sql/column_names.py` alone knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Literal

SideName = Literal["current", "previous"]
# Of a metric: its value; of an average its sum, of its values the sum of squares; how many rows are behind it; and
# how many were left out, for want of a value, of a rate, of what an amount is multiplied by, or of a known past.
Part = Literal["value", "sum", "squares", "n", "missing", "other_currency", "incomplete", "unknown"]


@dataclass(frozen=True, slots=True)
class Aggregated:
    """A part of an aggregate metric on one side."""

    metric: str
    part: Part = "value"
    side: SideName = "current"


@dataclass(frozen=True, slots=True)
class Rank:
    """The place of a member in the order of its entity, of each SELECT that tells it."""

    number: int = 0
    side: SideName = "current"


@dataclass(frozen=True, slots=True)
class Member:
    """The value of a dimension, by its place among those of the query."""

    place: int


class Beside(Enum):
    """Which step of the period a row is of, and whether it stands though nothing was counted of it."""

    BUCKET = "bucket"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class PeriodDays:
    """How many days of a side have begun. No query asks for it: formulas read it beside the columns of a row."""

    side: SideName = "current"


@dataclass(frozen=True, slots=True)
class Target:
    """The target of a metric's goal, beside the columns of a row too."""

    metric: str


ColumnId = Aggregated | Rank | Member | Beside | PeriodDays | Target
Row = Mapping[ColumnId, Any]
BUCKET, IDLE = Beside.BUCKET, Beside.IDLE


def on_side(column: Aggregated | Rank, side: SideName) -> Aggregated | Rank:
    """The same column of a side."""
    return replace(column, side=side)
