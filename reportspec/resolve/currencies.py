"""Which amounts an expression reads, and whether they may be in several currencies."""

from __future__ import annotations

from sqlglot import exp

from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.model.domain import Derived, Field
from reportspec.remembered import remembered, remembered_of_tree
from reportspec.resolve.binding import Binding


@remembered_of_tree
def money_currencies(binding: Binding, entity: str, tree: exp.Expr) -> tuple[tuple[str, ...], ...]:
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
    return tuple(paths)


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


@remembered
def converted_by(binding: Binding, entity: str) -> exp.Expr | None:
    """The time whose rate the amounts of an entity that is made from another one have been converted by: the report's
    instant, or the field of its own that is that time. None where its amounts are as the source has them, or where it
    has no such field."""
    derived = binding.entity(entity).derived
    if derived is None:
        return None
    for tree in derived.fields.values():
        if isinstance(tree, exp.Anonymous) and tree.name.upper() == "CONVERTED":
            return _named_in(entity, derived, tree.expressions[1])
    plain = [tree for tree in derived.fields.values() if isinstance(tree, (exp.Column, exp.Dot))]
    own = [tree for tree in plain if path_of(tree)[0] == derived.source]
    if not any(_is_money(binding, derived.source, tree) for tree in own):
        return None
    time = converted_by(binding, derived.source)
    return None if time is None else _named_in(entity, derived, time)


def _named_in(entity: str, derived: Derived, time: exp.Expr) -> exp.Expr | None:
    """A time of the rows that an entity is made from, as the entity itself calls it."""
    if len(path_of(time)) == 1:
        return time
    same = next((name for name, tree in derived.fields.items() if tree == time), None)
    return None if same is None else exp.column(exp.to_identifier(same), table=exp.to_identifier(entity))


# In which currencies an expression is, by the paths of their fields: how often it is multiplied by each.
Power = dict[tuple[str, ...], int]
_PROJECT = ("",)  # the currency of amounts of which nothing says the currency
_SAME = (exp.Paren, exp.Neg, exp.Abs)
_SUMS = (exp.Add, exp.Sub, exp.Coalesce, exp.Greatest, exp.Least)
_COMPARED = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)


def mixes_currencies(binding: Binding, entity: str, tree: exp.Expr) -> bool:
    """Whether the value of an expression hangs on the currencies of its amounts, so that they are
    to be converted first. `price / list_price` of one currency is the same in each, of two it is
    nothing; what is a sum of money is never the same."""
    if not money_currencies(binding, entity, tree):
        return False
    power = _power(binding, entity, tree)
    return power is None or any(times for currency, times in power.items() if currency != _PROJECT)


def _power(binding: Binding, entity: str, tree: exp.Expr) -> Power | None:
    """The currencies that an expression is in, {} if it is the same in all, None if that cannot be told."""
    if isinstance(tree, (exp.Column, exp.Dot)):
        if not _is_money(binding, entity, tree):
            return {}
        return {next(iter(money_currencies(binding, entity, tree)), _PROJECT): 1}
    if not any(_is_money(binding, entity, node) for node in column_nodes(tree)):
        return {}
    if isinstance(tree, _SAME):
        return _power(binding, entity, tree.this)
    if isinstance(tree, exp.Cast):
        return _power(binding, entity, tree.this) if tree.is_type("double", "float", "decimal") else None
    if isinstance(tree, exp.Nullif) and _is_nothing(tree.expression):
        return _power(binding, entity, tree.this)
    parts = list(tree.iter_expressions())
    if isinstance(tree, _COMPARED) and any(map(_is_nothing, parts)):
        return {}
    if isinstance(tree, (exp.Is, exp.Count)):
        return {}
    known: list[Power] = []
    for part in parts:
        power = _power(binding, entity, part)
        if power is None:
            return None
        known.append(power)
    if isinstance(tree, (exp.Mul, exp.Div)):
        sign = -1 if isinstance(tree, exp.Div) else 1
        left, right = known
        times = {currency: left.get(currency, 0) + sign * right.get(currency, 0) for currency in {**left, **right}}
        return {currency: count for currency, count in times.items() if count}
    alike = all(power == known[0] for power in known)
    if isinstance(tree, _SUMS) and alike:
        return known[0]
    if isinstance(tree, (*_COMPARED, exp.And, exp.Or, exp.Not)) and alike:
        return {} if isinstance(tree, _COMPARED) or not known[0] else None
    return None


def _is_nothing(node: exp.Expr) -> bool:
    """Whether a node is 0, which is the same in all currencies."""
    return isinstance(node, exp.Literal) and node.is_number and float(node.this) == 0


def unnamed_amounts(binding: Binding, entity: str, tree: exp.Expr) -> bool:
    """Whether an expression reads amounts of which nothing says the currency, which is the project's then."""
    return any(
        _is_money(binding, entity, node) and not needs_currency(binding, entity, node) for node in column_nodes(tree)
    )
