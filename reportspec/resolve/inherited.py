"""Currencies that amounts take from another record, such as a deal's lines from the deal.

An amount of which there is no history is today's. So is its currency, though the other record has a history of its
own: what was written in another currency then was another amount.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from reportspec.expression.sandbox import parse, path_of
from reportspec.expression.trees import copied
from reportspec.remembered import remembered

if TYPE_CHECKING:
    from reportspec.resolve.binding import Binding


@remembered
def default_of(binding: Binding, entity: str, name: str) -> exp.Expr | None:
    """A field's default. The currency of an entity's amounts is that of the other record as it is today, where that
    has one; else what its history had of it."""
    owner = binding.catalogue.entities[entity]
    tree = owner.fields[name].default
    currencies = {other.currency for other in owner.fields.values() if other.type == "money"}
    if tree is None or name not in currencies or owner.history is not None:
        return tree

    def of_today(node: exp.Expr) -> exp.Expr:
        path = path_of(node) if isinstance(node, (exp.Column, exp.Dot)) else ()
        today = _of_todays_record(binding, entity, path) if len(path) > 2 else None
        if today is None:
            return node
        record = parse(".".join(today), packaged=True)
        return exp.Coalesce(this=record, expressions=[parse(".".join(path), packaged=True)])

    return copied(tree).transform(of_today)


def _of_todays_record(binding: Binding, entity: str, path: tuple[str, ...]) -> tuple[str, ...] | None:
    """The name of a field as the record has it today, for one that a history has other values of; None where there is
    no such history, or the record has no such field."""
    reference, at, last = binding.resolve(entity, path), entity, None
    for step in reference.steps:
        last = binding.entity(at).relations[step]
        at = last.to
    there = binding.entity(at)
    if last is None or last.today or reference.field.name not in binding.past_values(there):
        return None
    ways = (way for way in there.relations.values() if way.today and way.to == at)
    way = next(ways, None)
    return None if way is None or not binding.has_today(way, reference.field) else (*path[:-1], way.name, path[-1])
