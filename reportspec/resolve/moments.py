"""The instants that a SELECT is about, and what of the model depends on them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.lazy_dataclass import dataclass
from reportspec.model.domain import Derived
from reportspec.remembered import remembered
from reportspec.resolve.binding import Binding

Span = tuple[datetime, datetime]  # a stretch of time with both its ends
Spans = frozenset[Span]


@dataclass(frozen=True, slots=True)
class Moment:
    """The instants that `as_of`, `period_start` and `period_end` stand for in one SELECT: fixed
    times, or (for the name `calendar`) columns of the calendar that is joined to it. `report` is
    the report's own date where `as_of` is that of a step of a trend, and `first` the earliest of the steps'.
    What is made at one is made at those that are equal to it."""

    name: str
    as_of: Any  # an aware datetime, or a function storage -> expression that is equal to what gives the same
    start: Any
    end: Any
    report: datetime | None = None
    first: datetime | None = None

    @property
    def span(self) -> Span | None:
        """The stretch in which the instants lie that `as_of` stands for, if that is known."""
        if isinstance(self.as_of, datetime):
            return (self.as_of, self.as_of)
        return (self.first, self.report) if self.first is not None and self.report is not None else None


@remembered
def depth(binding: Binding, name: str) -> int:
    """How many entities stand below this one: what it is made from, and what that is made from."""
    entity = binding.entity(name)
    if entity.derived is None:
        if entity.history is not None and binding.has_history(entity):
            below_it = [entity.history.entity]
            if entity.history.values is not None and binding.past_values(entity):
                below_it.append(entity.history.values.entity)
            return 1 + max(depth(binding, other) for other in below_it)
        return 0
    below = {entity.derived.source}
    if entity.derived.match is not None:
        below.add(entity.derived.match.entity)
    for base, path in _read(binding, entity.derived):
        below |= set(_passed(binding, base, path))
    return 1 + max(depth(binding, other) for other in below)


def _read(binding: Binding, derived: Derived) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The names that an entity's fields and conditions are made of, each with the entity that it is
    seen from, and those that fields among them are computed from."""
    match = derived.match
    trees = [derived.where, *derived.fields.values(), match.on if match else None]
    for tree in trees:
        for node in column_nodes(tree) if tree is not None else ():
            path = path_of(node)
            paired = match is not None and path[0] == match.entity
            yield from _within(binding, path[0] if paired else derived.source, path)


def _within(binding: Binding, base: str, path: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield base, path
    if len(path) == 1:
        return
    reference = binding.resolve(base, path)
    at = binding.entity_at(base, reference.steps)
    tree = reference.field.expr or binding.stands_in(at, reference.field)
    for node in column_nodes(tree) if tree is not None else ():
        yield from _within(binding, at, path_of(node))


def _passed(binding: Binding, base: str, path: tuple[str, ...]) -> list[str]:
    """The entities that a dotted name passes on its way."""
    at, passed = base, list[str]()
    if len(path) == 1:
        return passed
    for step in binding.resolve(base, path).steps:
        relation = binding.entity(at).relations[step]
        at = relation.to
        if not relation.today:  # today's records stand below everything
            passed.append(at)
    return passed


@remembered
def varies_with_moment(binding: Binding, name: str) -> bool:
    """Whether an entity's rows (or fields) depend on the instant at which it is looked at."""
    entity = binding.entity(name)
    if entity.derived is None:
        return bool(entity.exists_from) or _differs(binding, name)
    if varies_with_moment(binding, entity.derived.source):
        return True
    match = entity.derived.match
    if match is not None and varies_with_moment(binding, match.entity):
        return True
    for base, path in _read(binding, entity.derived):
        if len(path) == 1:
            return True
        if any(_differs(binding, other) for other in _passed(binding, base, path)):
            return True
    return False


def _differs(binding: Binding, name: str) -> bool:
    """Whether what a relation leads to depends on the instant. Records are reached by it whether
    they were there yet or not."""
    entity = binding.entity(name)
    if entity.derived is not None:
        return varies_with_moment(binding, name)
    return entity.history is not None or any(field.as_of for field in entity.fields.values())
