"""What was found: groups of records that are the same."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal

from reportspec.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Money:
    """What deals of one status are worth in one currency: how many, and their amounts together; None where none of
    them has one."""

    status: str  # "open" or "won"
    currency: str
    deals: int
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A value of a record as the source has it: the field's name, the comparison that it is for."""

    field: str
    comparison: str
    value: str


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a group: its entity and key, what it has, when it last changed (ISO, empty if nobody knows), and its
    deals' money."""

    entity: str
    key: str
    values: tuple[Shown, ...]
    latest: str
    money: tuple[Money, ...]

    @property
    def filled(self) -> int:
        """How many of the fields that are compared have a value."""
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records of a group, by their places in it: the chance that they are the same, which is what their weight in
    bits says, and how far they agree in each comparison (only where both have a value; `different` where they do not
    agree)."""

    a: int
    b: int
    bits: float
    levels: tuple[tuple[str, str], ...]  # comparison, level

    @property
    def chance(self) -> float:
        """Between 0 and 1."""
        return chance_of(self.bits)


@dataclass(frozen=True, slots=True)
class Group:
    """Records that are the same person or thing, all pairs of them, and the one that is proposed to be kept."""

    records: tuple[Record, ...]
    pairs: tuple[Pair, ...]
    survivor: int  # its place in `records`
    kept_for: str  # why: "gives_way", "filled", "latest", "newest" (created last,
    # where nothing else is known), "money", or "key" where nothing tells them apart

    def pair_of(self, a: int, b: int) -> Pair:
        """The pair of two records, by their places."""
        ends = (min(a, b), max(a, b))
        return next(pair for pair in self.pairs if (pair.a, pair.b) == ends)

    @property
    def money(self) -> tuple[Money, ...]:
        """What is at stake: the deals of all its records, by status and currency."""
        return added(money for record in self.records for money in record.money)


@dataclass(frozen=True, slots=True)
class Found:
    """The groups of an entity (or of leads and contacts), the weightiest first, how many records were compared by what,
    and how many pairs were kept apart as people say."""

    entity: str
    groups: tuple[Group, ...]
    records: int
    comparisons: tuple[str, ...]
    kept_apart: int
    called: tuple[tuple[str, str], ...] = ()  # comparisons of the mapping's own fields, with what these are called
    # Records that share a value with too many others to be compared by it, and how many of them by nothing else; pairs
    # that would have made too large a group.
    too_common: tuple[int, int] = (0, 0)
    cut_pairs: int = 0
    unknown_keys: tuple[str, ...] = ()  # that `not_duplicates.csv` names and the source has not


def chance_of(bits: float) -> float:
    """The chance that a weight says, between 0 and 1."""
    return 1 / (1 + math.exp2(-max(-60.0, min(60.0, bits))))


def added(money: Iterable[Money]) -> tuple[Money, ...]:
    """Amounts together, by status and currency; two currencies are never added."""
    sums: dict[tuple[str, str], tuple[int, Decimal | None]] = {}
    for one in money:
        deals, amount = sums.get((one.status, one.currency), (0, None))
        both = one.amount if amount is None else amount if one.amount is None else amount + one.amount
        sums[one.status, one.currency] = (deals + one.deals, both)
    return tuple(Money(*key, *value) for key, value in sorted(sums.items()))
