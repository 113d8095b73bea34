"""What a column of a query's rows holds. How it is spelled in SQL, `sql/column_names.py` alone knows.

Rows are looked up by these for every cell, so they are tuples, whose hash is the quickest. No two kinds have parts of
the same number and types, so that none equals one of another kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Literal, NamedTuple

# The report's own period, the one that it is compared with, and the other one where it is compared with two.
SideName = Literal["current", "previous", "second"]
# Of a metric: its value; of an average its sum, of its values the sum of squares; how many rows are behind it; and
# how many were left out, for want of a value, of a rate, of what an amount is multiplied by, of a known past, or of a
# plan that was known then.
Part = Literal[
    "value", "sum", "squares", "n", "missing", "other_currency", "incomplete", "unknown", "unplanned", "unseen"
]


class Aggregated(NamedTuple):
    """A part of an aggregate metric on one side."""

    metric: str
    part: Part = "value"
    side: SideName = "current"


class Rank(NamedTuple):
    """The place of a member in the order of its entity, of each SELECT that tells it."""

    number: int = 0
    side: SideName = "current"


class Tally(NamedTuple):
    """What a section adds up for itself, of no metric, by the name that it has for it."""

    name: str
    side: SideName = "current"
    part: Part = "value"
    of: Literal["section"] = "section"


class Member(NamedTuple):
    """The value of a dimension, by its place among those of the query."""

    place: int


class Beside(Enum):
    """Which step of the period a row is of, and whether it stands though nothing was counted of it."""

    BUCKET = "bucket"
    IDLE = "idle"


class PeriodDays(NamedTuple):
    """How many days of a side have begun. No query asks for it: formulas read it beside the columns of a row."""

    side: SideName = "current"


class Target(NamedTuple):
    """The target of a metric's goal, beside the columns of a row too."""

    metric: str
    of: Literal["goal"] = "goal"


class Stopped(NamedTuple):
    """That the table an entity is made of ended before what a side's figures are to tell, or (`flows`) began within
    what is counted over it, beside the columns of a row too."""

    entity: str
    side: SideName = "current"
    of: Literal["data", "flows"] = "data"


class Untold(NamedTuple):
    """That the source does not tell what there was of a metric at the instant of a side, beside the columns of a row
    too."""

    metric: str
    side: SideName = "current"
    of: Literal["past"] = "past"


ColumnId = Aggregated | Rank | Tally | Member | Beside | PeriodDays | Target | Stopped | Untold
Row = Mapping[ColumnId, Any]
BUCKET, IDLE = Beside.BUCKET, Beside.IDLE


def on_side(column: Aggregated | Rank | Tally, side: SideName) -> Aggregated | Rank | Tally:
    """The same column of a side."""
    return column._replace(side=side)
