"""What a source lacks to tell what there was at an instant of the past: since when a row exists, and when it came into
its state of today. Without these a stock of the past would be made of the rows and states of today."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from sqlglot import exp

from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.expression.trees import copied
from reportspec.resolve.binding import Binding, Unresolved
from reportspec.resolve.nothing import only_since

if TYPE_CHECKING:
    from reportspec.model.domain import Entity, Metric

_Seen = set[tuple[str, ...]]
_Trees = tuple["exp.Expr | None", ...]


def fields_on_way(binding: Binding, base: str, path: tuple[str, ...]) -> Iterator[tuple[str, str, bool]]:
    """The fields that lead from an entity's rows along a path, then the one at its end, as they were then: each with
    its entity, and whether it is the end. They stop where the path asks for today's, and there are none of a path that
    the source does not serve."""
    try:
        reference = binding.resolve(base, path)
    except Unresolved:
        return
    at = base
    for step in reference.steps:
        relation = binding.entity(at).relations[step]
        if relation.today or relation.reported:
            return
        yield at, relation.by, False
        at = relation.to
    yield at, reference.field.name, True


def is_stock(part: Metric) -> bool:
    """Whether an aggregate is of what there is at an instant, be it of what is expected of a period."""
    return part.time is None or part.ahead


def past_lack(binding: Binding, part: Metric) -> str | None:
    """The field (`deal.created_at`) for want of which a stock is only known of today; None where its past is told, and
    of what is no stock."""
    key = (past_lack, id(part))
    if key not in binding.remembered:
        trees = (part.where, part.of, part.time)
        found = _of_rows(binding, part.entity, trees[:1], trees, set()) if is_stock(part) else iter(())
        binding.remembered[key] = (part, next(found, None))  # the metric is kept, so that nothing else gets its id
    lack: str | None = binding.remembered[key][1]
    return lack


def conditions_lack(binding: Binding, entity: str, conditions: tuple[exp.Expr, ...]) -> str | None:
    """The same of the rows of an entity that meet conditions."""
    return next(_of_rows(binding, entity, conditions, conditions, set()), None)


def flow_lack(binding: Binding, entity: str, trees: Iterable[exp.Expr]) -> str | None:
    """The time (`deal.closed_at`) for want of which what is asked of rows that happened in the past is asked of their
    states of today; None where these are known, or where nothing is asked of any."""
    for tree in trees:
        try:
            lack = next(_of_trees(binding, entity, (tree,), set()), None)
        except Unresolved:
            continue  # it says nothing of these rows
        if lack is not None:
            return lack
    return None


def _of_rows(binding: Binding, name: str, asked: _Trees, trees: _Trees, seen: _Seen) -> Iterator[str]:
    """What is lacking of an entity's rows that meet all that is `asked`, and of what expressions say of them."""
    yield from _of_existence(binding, name, asked, seen)
    yield from _of_trees(binding, name, trees, seen)


def _of_existence(binding: Binding, name: str, asked: _Trees, seen: _Seen) -> Iterator[str]:
    if (name,) in seen:
        return
    seen.add((name,))
    entity = binding.entity(name)
    if entity.derived is not None:
        derived = entity.derived
        made = (derived.where, *(derived.fields.get(key) for key in derived.group_by))
        yield from _of_rows(binding, derived.source, made[:1], made, seen)
        if derived.match is not None:
            yield from _of_existence(binding, derived.match.entity, (), seen)
        return
    since = entity.exists_from
    if since is None or binding.mapped(name, since) is not None or _only_after_events(binding, entity, asked):
        return
    yield f"{name}.{since}"


def _only_after_events(binding: Binding, entity: Entity, asked: _Trees) -> bool:
    """Whether no row is counted before something has happened to it of which the time is known: it exists by then."""
    events = {field.as_of.event for field in entity.fields.values() if field.as_of is not None}
    known = [event for event in events if binding.mapped(entity.name, event) is not None]
    trees = [tree for tree in asked if tree is not None]
    return any(only_since(binding, entity.name, tree, event) for tree in trees for event in known)


def _of_what_happened(binding: Binding, name: str, field_name: str) -> bool:
    """Whether a field is made of rows to which something has happened of which the time is known (the last activity
    that was done): of others, whose beginning nobody knows, nothing is in it."""
    derived = binding.entity(name).derived
    tree = derived.fields.get(field_name) if derived is not None else None
    if derived is None or tree is None or not derived.group_by:
        return False
    source = binding.entity(derived.source)
    values = [one.this for one in tree.find_all(exp.Max, exp.Min)]
    there = [exp.Not(this=exp.Is(this=copied(value), expression=exp.Null())) for value in values]
    return bool(there) and all(_only_after_events(binding, source, (one,)) for one in there)


def _of_trees(binding: Binding, base: str, trees: _Trees, seen: _Seen) -> Iterator[str]:
    """What is lacking of the fields that expressions name, and of what those are made of."""
    for tree in trees:
        for node in column_nodes(tree) if tree is not None else ():
            path = path_of(node)
            if len(path) > 1 and (base, *path) not in seen:
                seen.add((base, *path))
                yield from _of_path(binding, base, path, seen)


def _of_path(binding: Binding, base: str, path: tuple[str, ...], seen: _Seen) -> Iterator[str]:
    reference = binding.resolve(base, path)
    steps, name, at = reference.steps, reference.field.name, base
    for step in steps:
        relation = binding.entity(at).relations[step]
        if relation.today:
            return  # it asks for today's
        yield from _of_field(binding, at, relation.by, seen)
        at = relation.to
        summed = binding.entity(at).derived is not None and binding.has_entity(at)
        if summed and not (step == steps[-1] and _of_what_happened(binding, at, name)):
            yield from _of_existence(binding, at, (), seen)
    yield from _of_field(binding, at, name, seen)


def _of_field(binding: Binding, name: str, field_name: str, seen: _Seen) -> Iterator[str]:
    """What is lacking to tell a field as it was."""
    entity, field = binding.entity(name), binding.field(name, field_name)
    if field is None or (name, field_name, "") in seen:
        return
    seen.add((name, field_name, ""))
    if entity.derived is not None and field.expr is None:
        yield from _of_trees(binding, entity.derived.source, (entity.derived.fields.get(field_name),), seen)
        return
    if field.as_of is not None and field.as_of.event != field_name and not binding.has_history(entity):
        given = binding.mapped(name, field_name) is not None
        if given and binding.mapped(name, field.as_of.event) is None:
            yield f"{name}.{field.as_of.event}"
    if field.expr is not None or binding.mapped(name, field_name) is None:
        tree = field.expr if field.expr is not None else binding.default(name, field)
        yield from _of_trees(binding, name, (tree,), seen)
