"""Which record of a group to keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from reportspec.duplicates.groups import Record


def survivor(records: Sequence[Record], gives_way: Sequence[str]) -> tuple[int, str]:
    """The place of the record that is proposed to be kept, and what decided: a contact before a lead, then the most
    complete, then the most recent, then the one with most money in open and won deals; else the first by its key."""
    left = list(range(len(records)))
    tests: list[tuple[str, Callable[[Record], object]]] = [
        ("gives_way", lambda record: record.entity not in gives_way),
        ("filled", lambda record: record.filled),
        ("latest", lambda record: record.latest),
        ("money", _worth),
    ]
    decided = "key"
    for name, measure in tests:
        values = {place: measure(records[place]) for place in left}
        best = max(values.values())  # type: ignore[type-var]
        kept = [place for place in left if values[place] == best]
        if len(kept) < len(left):
            decided = name
        left = kept
        if len(left) == 1:
            return left[0], decided
    return min(left, key=lambda place: (records[place].entity, records[place].key)), decided


def _worth(record: Record) -> Decimal:
    """Amounts of one currency; of several there is no sum, and it decides nothing."""
    currencies = {money.currency for money in record.money}
    return (
        sum((money.amount or Decimal(0) for money in record.money), Decimal(0)) if len(currencies) == 1 else Decimal(0)
    )
