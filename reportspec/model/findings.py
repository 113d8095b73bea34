"""What is checked of a source, and what was found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from sqlglot import exp

from reportspec.diagnostics import Span
from reportspec.lazy_dataclass import dataclass
from reportspec.model.domain import Expectation, Field, Relation
from reportspec.model.mapped import MappedJoin, MappedPart
from reportspec.model.query import Side

Kind = Literal[
    "no-key",
    "repeated-key",
    "without-key",
    "repeated-join",
    "repeated-rate",
    "undecided-order",
    "tied-rows",
    "history-differs",
    "closed-in-history",
    "text-number",
    "too-fine",
    "rounded-key",
    "undeclared-value",
    "misspelt-value",
    "no-partner",
    "no-survivor",
    "unlikely-rows",
    "impossible-rows",
    "unknown-value",
    "no-rows",
    "late-start",
    "unknown-target",
    "ambiguous-target",
    "some-targets",
    "part-target",
    "unknown-goal",
    "suspicious-goal",
    "unknown-recipient",
    "shared-name",
    "no-currency",
    "no-rate",
    "too-large",
    "part-without-field",
    "stale-table",
    "old-rate",
    "row-security",
    "odd-time",
    "other-value",
    "look-alikes",
    "lost-letters",
]


# Times before the first and after the last stand for none (1900-01-01, 2999-12-31), or are mistyped.
FIRST_TIME, LAST_TIME = date(1971, 1, 1), date(2099, 12, 31)


CURRENCIES: tuple[Kind, ...] = ("no-currency", "no-rate")


# What is told whatever the rows are.
ANYHOW: tuple[Kind, ...] = ("without-key",)


# What is asked of records and of their history together.
BY_HISTORY: tuple[Kind, ...] = ("history-differs", "closed-in-history")


# What makes a figure wrong, and not only incomplete.
REFUSED: frozenset[Kind] = frozenset(
    (
        "no-key",
        "repeated-key",
        "repeated-join",
        "repeated-rate",
        "undecided-order",
        "undeclared-value",
        "misspelt-value",
        "impossible-rows",
        "text-number",
        "too-fine",
        "rounded-key",
        "too-large",
    )
)


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """One thing to check of the rows of an entity: its field, its relation, a table beside it, an
    expectation of the catalogue, a value that the spec or a `metric` of it names, or a stretch of time
    that it asks for. `names` are those that a `goal`, the file of recipients, or a filter is about; of a
    filter, those of one field are one check, `places` says where each stands, and `value` is the one of
    them that is told; it `excludes` what it leaves out, of which nothing hangs on there being some. `cells`
    are the columns of a table that decide whether rows of an equal place in an order differ, and `ties` the fields
    that do, of rows that have the same `names`. What is expected of rows is asked of those that were there `then`, at
    the instant up to which a report is told, as they were."""

    kind: Kind
    entity: str
    field: Field | None = None
    part: MappedPart | None = None
    relation: Relation | None = None
    join: MappedJoin | None = None
    expectation: Expectation | None = None
    value: str = ""
    side: Side | None = None
    goal: str = ""
    names: tuple[str, ...] = ()
    places: tuple[Span | None, ...] = ()
    place: Span | None = None  # where the spec names the value
    latest: date = LAST_TIME  # of a time: the last day that is likely
    metric: str = ""
    excludes: bool = False
    cells: tuple[exp.Column, ...] = ()
    ties: tuple[str, ...] = ()
    then: datetime | None = None

    @property
    def refuses(self) -> bool:
        """Whether no report is made where it fails."""
        return self.kind in REFUSED

    @property
    def of(self) -> str:
        """What it is about, as people name it: `deal.status`, `deal.owner`."""
        if self.field is not None:
            return self.field.id
        if self.relation is not None:
            return f"{self.entity}.{self.relation.name}"
        if self.join is not None:
            return f"{self.entity}.{self.join.name}"
        return f"{self.entity}.{self.expectation.name}" if self.expectation else self.entity

    def concerns(self, read: Mapping[str, frozenset[str]]) -> bool:
        """Whether a statement that reads these fields of these entities depends on it."""
        if self.entity not in read:
            return False
        fields = read[self.entity]
        if self.relation is not None:
            return self.relation.to in read and self.relation.by in fields
        if self.expectation is not None:
            return set(self.expectation.about) <= fields
        if self.kind == "part-without-field":
            return bool(fields & set(self.names))
        return self.field is None or self.field.name in fields


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that rows of the source break: how many of how many, values that show it with how often
    each occurs, and, of keys without a partner, how many rows would find one but for blanks, leading
    zeros or case. `way` is an expression for the mapping that is right for all values of the column; `unmapped` are the
    values of the column, with how often each occurs, of which the mapping's expression makes nothing."""

    check: Check
    count: int
    rows: int
    examples: tuple[tuple[str, int], ...] = ()
    near: int = 0
    way: str = ""
    reason: str = ""  # why it is known, and not told at the figure
    unmapped: tuple[tuple[str, int], ...] = ()
