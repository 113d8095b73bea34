"""By which times of the source's own tables rows belong to a period, also where an entity is made of others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlglot import exp

from reportspec.expression.sandbox import column_nodes, path_of

if TYPE_CHECKING:
    from reportspec.model.domain import Metric
    from reportspec.resolve.binding import Binding

Anchor = tuple[str, str]  # an entity, and its field that the mapping gives


def over_a_period(part: Metric) -> bool:
    """Whether an aggregate is of what happens over a period: by its time, or by a condition or a value that goes by the
    period's beginning."""
    return part.time is not None or any(
        path_of(node) == ("period_start",)
        for tree in (part.where, part.of)
        if tree is not None
        for node in column_nodes(tree)
    )


def anchors(binding: Binding, part: Metric) -> tuple[Anchor, ...]:
    """The times and days by which the rows of an aggregate belong to a period; none of what is of an instant."""
    if not over_a_period(part):
        return ()
    trees = (part.time,) if part.time is not None else (part.where, part.of)
    found = (one for tree in trees if tree is not None for one in _given_by(binding, part.entity, tree, None, ()))
    return tuple(dict.fromkeys(found))


def _given_by(
    binding: Binding, base: str, tree: exp.Expr, paired: str | None, seen: tuple[Anchor, ...]
) -> Iterator[Anchor]:
    for node in column_nodes(tree):
        path = path_of(node)
        if len(path) == 1:
            continue
        if path[0] == paired and len(path) == 2:
            owner, name = path
        else:
            reference = binding.resolve(base, path)
            owner, name = binding.entity_at(base, reference.steps), reference.field.name
        field, derived = binding.field(owner, name), binding.entity(owner).derived
        if field is None or field.type not in ("time", "date") or (owner, name) in seen:
            continue
        way = (*seen, (owner, name))
        own = field.expr or field.default
        if binding.mapped(owner, name) is not None:
            yield owner, name
        elif derived is not None and field.expr is None and name in derived.fields:
            other = derived.match.entity if derived.match is not None else None
            yield from _given_by(binding, derived.source, derived.fields[name], other, way)
        elif own is not None:
            yield from _given_by(binding, owner, own, None, way)
