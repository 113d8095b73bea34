"""The instants that a SELECT is about, and what of the model depends on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from reportspec.binding import Binding
from reportspec.expression import column_nodes, path_of


@dataclass(frozen=True, slots=True)
class Moment:
    """The instants that `as_of`, `period_start` and `period_end` stand for in one SELECT: fixed
    times, or (for the name `calendar`) columns of the calendar that is joined to it. `report` is
    the report's own date where `as_of` is that of a step of a trend."""

    name: str
    as_of: Any  # an aware datetime, or a function storage -> expression
    start: Any
    end: Any
    report: datetime | None = None


@lru_cache(maxsize=1024)
def depth(binding: Binding, name: str) -> int:
    """How many entities stand below this one: what it is made from, and what that is made from."""
    entity = binding.entity(name)
    if entity.derived is None:
        if entity.history is not None and binding.has_history(entity):
            return 1 + depth(binding, entity.history.entity)
        return 0
    below = {entity.derived.source}
    if entity.derived.match is not None:
        below.add(entity.derived.match.entity)
    for tree in (entity.derived.where, *entity.derived.fields.values()):
        for node in column_nodes(tree) if tree is not None else ():
            path = path_of(node)
            if len(path) > 1 and path[0] not in below:
                below |= set(_passed(binding, entity.derived.source, path))
            elif len(path) > 2:
                below |= set(_passed(binding, path[0], path))
    return 1 + max(depth(binding, other) for other in below)


def _passed(binding: Binding, base: str, path: tuple[str, ...]) -> list[str]:
    """The entities that a dotted name passes on its way."""
    at, passed = base, []
    for step in binding.resolve(base, path).steps:
        relation = binding.entity(at).relations[step]
        at = relation.to
        if not relation.today:  # today's records stand below everything
            passed.append(at)
    return passed


@lru_cache(maxsize=1024)
def varies_with_moment(binding: Binding, name: str) -> bool:
    """Whether an entity's rows (or fields) depend on the instant at which it is looked at."""
    entity = binding.entity(name)
    if entity.derived is None:
        return bool(entity.exists_from or any(f.as_of for f in entity.fields.values()))
    if varies_with_moment(binding, entity.derived.source):
        return True
    match = entity.derived.match
    if match is not None and varies_with_moment(binding, match.entity):
        return True
    trees = [entity.derived.where, *entity.derived.fields.values(), match.on if match else None]
    for tree in trees:
        if tree is None:
            continue
        for node in column_nodes(tree):
            path = path_of(node)
            if len(path) == 1:
                return True
            if match is not None and path[0] == match.entity:
                continue
            at = entity.derived.source
            for step in binding.resolve(at, path).steps:
                relation = binding.entity(at).relations[step]
                at = relation.to
                if not relation.today and varies_with_moment(binding, at):
                    return True
    return False
