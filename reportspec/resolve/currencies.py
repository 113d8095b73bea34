"""Which amounts an expression reads, and whether they may be in several currencies."""

from __future__ import annotations

from sqlglot import exp

from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.model.domain import Field
from reportspec.resolve.binding import Binding


def money_currencies(binding: Binding, entity: str, tree: exp.Expr) -> list[tuple[str, ...]]:
    """The paths of the currencies of the money fields in an expression, where the source has them."""
    paths: dict[tuple[str, ...], None] = {}
    for node in column_nodes(tree):
        path = path_of(node)
        if len(path) < 2:
            continue
        reference = binding.resolve(entity, path)
        owner = binding.entity_at(entity, reference.steps)
        if reference.field.currency and binding.gives(owner, reference.field.currency):
            paths[(*path[:-1], reference.field.currency)] = None
    return list(paths)


def only_amount(binding: Binding, entity: str, tree: exp.Expr) -> exp.Expr | None:
    """The amount in an expression that multiplies one by something else; None where it has several,
    or nothing besides."""
    if isinstance(tree, (exp.Column, exp.Dot)):
        return None
    amounts = {path_of(n): n for n in column_nodes(tree) if _is_money(binding, entity, n)}
    return next(iter(amounts.values())) if len(amounts) == 1 else None


def multiplier(binding: Binding, entity: str, tree: exp.Expr) -> Field | None:
    """What comes first in an expression besides its amount."""
    for node in column_nodes(tree):
        if len(path_of(node)) > 1 and not _is_money(binding, entity, node):
            return binding.resolve(entity, path_of(node)).field
    return None


def _is_money(binding: Binding, entity: str, node: exp.Expr) -> bool:
    path = path_of(node)
    return len(path) > 1 and binding.resolve(entity, path).field.type == "money"


def needs_currency(binding: Binding, entity: str, tree: exp.Expr) -> bool:
    """Whether an expression reads amounts that may be in several currencies, also by way of
    entities that are made from others."""
    if money_currencies(binding, entity, tree):
        return True
    for node in column_nodes(tree):
        path = path_of(node)
        if len(path) < 2:
            continue
        reference = binding.resolve(entity, path)
        derived = binding.entity(binding.entity_at(entity, reference.steps)).derived
        derived_field = derived.fields.get(reference.field.name) if derived is not None else None
        if derived is not None and derived_field is not None:
            matched = derived.match.entity if derived.match is not None else None
            for part in column_nodes(derived_field):
                base = matched if path_of(part)[0] == matched else derived.source
                if base is not None and needs_currency(binding, base, part):
                    return True
    return False
