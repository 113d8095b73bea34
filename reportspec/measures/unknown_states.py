"""Rows of a past date of which it is not known whether a metric counted them, or what it counted of them: records that
have closed since, and no longer have the state, or the plan, that they had then.

A source without a history has of a closed deal neither the stage nor the probability that it had while it was open, and
many empty its expected closing date with the closing. Where such a record may have counted there is no figure: what is
left would be the figure of those that are still open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from sqlglot import exp

from reportspec.expression.sandbox import column_nodes, parse, path_of
from reportspec.expression.trees import all_of, any_of, conjuncts, copied
from reportspec.lazy_dataclass import dataclass
from reportspec.model.column_ids import Aggregated, Part
from reportspec.model.domain import Entity, Metric
from reportspec.model.query import AggregateQuery, Measure
from reportspec.resolve.binding import Binding
from reportspec.resolve.currencies import only_amount
from reportspec.resolve.nothing import always_so, empty_without
from reportspec.resolve.past_states import fields_on_way, is_stock


def without_history(binding: Binding, metric: Metric) -> Entity | None:
    """The entity whose past states a metric asks for, where the source has no history of them."""
    entity = _with_states(binding, metric)
    return entity if entity is not None and not binding.has_history(entity) else None


def state_of_today(binding: Binding, metric: Metric, path: tuple[str, ...]) -> Entity | None:
    """The entity whose past states a metric asks for and a field tells, by what is known of its states today alone."""
    entity = without_history(binding, metric)
    if entity is None:
        return None
    node = parse(".".join(path), packaged=True)
    return entity if any(_of_states(binding, entity, metric.entity, one) for one in column_nodes(node)) else None


def unknown_measures(binding: Binding, metric: Metric, incomplete: Measure | None) -> Iterator[Measure]:
    """How many rows of a stock are of an unknown past; `incomplete` counts those that lack what their amount is
    multiplied by."""
    entity = _with_states(binding, metric)
    closed = _closed_since(binding, metric, entity) if entity is not None else None
    if entity is None or closed is None:
        return
    doubts = _doubts(binding, metric, entity)
    lost = _lost_with_state(binding, metric, entity) if binding.has_history(entity) else copied(closed)
    if lost is not None:
        where = all_of([*map(copied, doubts.certain_of_states), lost])
        count = Measure(Aggregated(metric.id, "unknown"), metric.entity, "count", None, where, metric.time)
        if doubts.of_states:
            yield replace(count, ahead=metric.ahead)
        elif incomplete is not None:
            yield replace(incomplete, column=count.column, where=where)
    if doubts.plans:
        empty = [exp.Is(this=copied(node), expression=exp.Null()) for node in doubts.plans]
        where = all_of([*map(copied, doubts.certain), copied(closed), exp.Paren(this=exp.or_(*empty))])
        yield Measure(Aggregated(metric.id, "unplanned"), metric.entity, "count", None, where, None)


def of_filters(binding: Binding, query: AggregateQuery) -> AggregateQuery:
    """The query with what its conditions ask of states, and of plans, that nobody knows: a deal may have been in the
    stage that is asked for, whatever it is in today. How many rows may count is told of them, as of a metric's own
    conditions."""
    if not query.conditions or any(side.origins for side in query.sides):
        return query
    found, seen = list[Measure](), set[str]()
    for measure in query.measures:
        metric = binding.catalogue.metrics[measure.metric] if measure.metric else None
        entity = _with_states(binding, metric) if metric is not None else None
        if metric is None or entity is None or metric.id in seen:
            continue
        seen.add(metric.id)
        found += _of_conditions(binding, metric, entity, query.conditions)
    told = {measure.column: measure for measure in found}
    kept = [told.pop(one.column, one) for one in query.measures]
    return replace(query, measures=(*kept, *told.values())) if found else query


def asks_what_was(binding: Binding, metric: Metric, conditions: Iterable[exp.Expr]) -> bool:
    """Whether conditions ask of a stock's rows for their states, or plans, of then."""
    entity = _with_states(binding, metric)
    return entity is not None and any(
        _reads(binding, entity, metric.entity, one, of) for one in conditions for of in (_of_states, _of_plans)
    )


def listed_by_today(binding: Binding, name: str, conditions: Iterable[exp.Expr]) -> Entity | None:
    """The entity by whose states rows of an entity are listed, where the source has no history of them."""
    derived = binding.entity(name).derived
    entity = binding.entity(derived.source) if derived is not None and not derived.group_by else binding.entity(name)
    if entity.history is None or binding.has_history(entity):
        return None
    return entity if any(_reads(binding, entity, name, one, _of_states) for one in conditions) else None


def happened_by_today(binding: Binding, metric: Metric, conditions: Iterable[exp.Expr]) -> Entity | None:
    """The entity whose states are asked for of what happened over a period, where the source has no history of them:
    they are today's. None of what is counted as of the very event that ends them."""
    if is_stock(metric):
        return None
    trees = [*conjuncts(metric.where), *conditions]
    for entity in binding.catalogue.entities.values() if trees else ():
        if entity.history is None or not binding.has_entity(entity.name) or binding.has_history(entity):
            continue
        event = next((f.as_of.event for f in entity.fields.values() if f.as_of), "")
        if _at_event(binding, metric, entity, event):
            continue
        if any(_reads(binding, entity, metric.entity, one, _of_states) for one in trees):
            return entity
    return None


def _at_event(binding: Binding, metric: Metric, entity: Entity, event: str) -> bool:
    """Whether a metric counts rows of an entity, or made of it, by the time of an event."""
    own = _seen(binding, metric.entity, entity, (event,)) if _made_of(binding, metric.entity, entity.name) else None
    anchor = path_of(metric.time) if isinstance(metric.time, (exp.Column, exp.Dot)) else ()
    return own is not None and ".".join(anchor) == own


def _made_of(binding: Binding, name: str, source: str) -> bool:
    derived = binding.entity(name).derived
    return name == source or (derived is not None and derived.source == source)


def _of_conditions(
    binding: Binding, metric: Metric, entity: Entity, conditions: tuple[exp.Expr, ...]
) -> Iterator[Measure]:
    """How many rows of a stock may meet conditions as they were then. Without a history that is each row which the
    metric may count, as if its states had been others; else those whose states of then are not there (`unseen`: where
    they are few the others are the figure), or whose plans."""
    by_state, by_plan = (
        tuple(one for one in conditions if _reads(binding, entity, metric.entity, one, of))
        for of in (_of_states, _of_plans)
    )
    doubts, known = _doubts(binding, metric, entity), binding.has_history(entity)
    closed = _closed_since(binding, metric, entity)
    if closed is None:
        return  # then there is no figure at all of a past date
    part: Part = "unseen" if known else "unknown"
    count = Measure(Aggregated(metric.id, part), metric.entity, "count", None, None, metric.time)
    own = {measure.column: measure for measure in unknown_measures(binding, metric, None)}
    if by_state:
        where = [*map(copied, doubts.certain_of_states)]
        if known:
            states = _names(binding, metric, entity, by_state, _of_states)
            gone = [closed, *([lost] if (lost := _left_since(binding, metric, entity)) is not None else [])]
            where += [_any(gone), _any([exp.Is(this=one, expression=exp.Null()) for one in states])]
        yield replace(count, where=all_of(where), ahead=metric.ahead, regardless=by_state)
    plan = replace(count, column=Aggregated(metric.id, "unplanned"), anchor=None)
    if by_plan or (by_state and plan.column in own):
        plans = _names(binding, metric, entity, by_plan, _of_plans) + list(doubts.plans)
        empty = _any([exp.Is(this=copied(one), expression=exp.Null()) for one in plans])
        where = [*map(copied, doubts.certain), copied(closed), empty]
        yield replace(plan, where=all_of(where), regardless=(*by_state, *by_plan))


def _left_since(binding: Binding, metric: Metric, entity: Entity) -> exp.Expr | None:
    """That a record is in another state today than it was."""
    history = entity.history
    record = next((r.name for r in entity.relations.values() if r.today and r.to == entity.name), "")
    assert history is not None
    then, today = (_seen(binding, metric.entity, entity, way) for way in ((history.stage,), (record, history.stage)))
    return parse(f"{then} <> {today}", packaged=True) if then is not None and today is not None else None


def _names(binding: Binding, metric: Metric, entity: Entity, trees: tuple[exp.Expr, ...], of: _Read) -> list[exp.Expr]:
    """The states, or plans, that conditions lead to, as they are seen from a metric's rows."""
    history = entity.history
    assert history is not None
    names = (history.stage, *history.with_state) if of is _of_states else tuple(entity.fields)
    found = []
    for name in names:
        way = _seen(binding, metric.entity, entity, (name,))
        node = parse(way, packaged=True) if way is not None else None
        if node is None or not of(binding, entity, metric.entity, node):
            continue

        def told(owner: str, field: str, name: str = name) -> bool:
            return owner == entity.name and field == name

        nodes = (one for tree in trees for one in column_nodes(tree))
        if any(_leads(binding, metric.entity, one, told, set()) for one in nodes):
            found.append(node)
    return found


def _any(trees: list[exp.Expr]) -> exp.Expr:
    return exp.Paren(this=any_of(trees))


def _all(trees: list[exp.Expr]) -> exp.Expr:
    found = all_of(trees)
    assert found is not None
    return found


def _lost_with_state(binding: Binding, metric: Metric, entity: Entity) -> exp.Expr | None:
    """That a record has left the state that it was in, and with it what it had then: where the history tells the state
    and nothing tells what went with it. None where the states of then have that themselves."""
    history = entity.history
    assert history is not None
    past = binding.past_values(entity)
    names = [one for one in history.with_state if one not in past and binding.mapped(entity.name, one) is not None]
    lost = frozenset((entity.name, name) for name in history.with_state if name not in past)
    leaves = [leaf for tree in (metric.where, metric.of) for leaf in _leaves(binding, metric.entity, tree)]
    gone = [leaf for leaf in leaves if _of_states(binding, entity, metric.entity, leaf)]
    if not names or not gone or not all(empty_without(binding, metric.entity, leaf, lost) for leaf in gone):
        return None
    record = next((r.name for r in entity.relations.values() if r.today and r.to == entity.name), "")
    then, today = (_seen(binding, metric.entity, entity, way) for way in ((history.stage,), (record, history.stage)))
    own = [_seen(binding, metric.entity, entity, (record, name)) for name in names]
    if then is None or today is None:
        return None
    had = " or ".join(f"{one} is not null" for one in own)
    return parse(f"{then} <> {today} and ({had})", packaged=True)


def _leaves(binding: Binding, base: str, tree: exp.Expr | None) -> Iterator[exp.Expr]:
    """The names in an expression, and in place of those that are computed of a row the ones that they are made of."""
    for node in column_nodes(tree) if tree is not None else ():
        path = path_of(node)
        field = binding.field(*path) if len(path) == 2 and path[0] == base else None
        if field is not None and field.expr is not None:
            yield from _leaves(binding, base, field.expr)
        else:
            yield node


_Told = Callable[[str, str], bool]  # whether a field is meant, by its entity and name
_Read = Callable[["Binding", "Entity", str, exp.Expr], bool]  # whether a name is read, of an entity, from another one


def _with_states(binding: Binding, metric: Metric) -> Entity | None:
    """The entity with states whose rows a stock is of."""
    if not is_stock(metric):
        return None
    entity = binding.entity(metric.entity)
    if entity.derived is not None and not entity.derived.group_by:
        entity = binding.entity(entity.derived.source)
    return entity if entity.history is not None else None


@dataclass(frozen=True, slots=True)
class _Doubts:
    """What a metric asks of its rows that is known of a record which has closed since: `certain` whatever it lacks,
    `certain_of_states` without its states alone; whether it asks anything of these, or adds it up (`of_states`), and
    the plans that it goes by, which a record may lose with its closing."""

    certain: tuple[exp.Expr, ...]
    certain_of_states: tuple[exp.Expr, ...]
    of_states: bool
    plans: tuple[exp.Expr, ...]


def _doubts(binding: Binding, metric: Metric, entity: Entity) -> _Doubts:
    asked = [tree for tree in conjuncts(metric.where) if not always_so(binding, metric.entity, tree)]
    by_state = [tree for tree in asked if _reads(binding, entity, metric.entity, tree, _of_states)]
    by_plan = [tree for tree in asked if _reads(binding, entity, metric.entity, tree, _of_plans)]
    known = tuple(tree for tree in asked if tree not in by_state)
    trees = [*by_plan, *([metric.time] if metric.time is not None else [])]
    plans = {
        path_of(node): node
        for tree in trees
        for node in column_nodes(tree)
        if _of_plans(binding, entity, metric.entity, node)
    }
    counted = (
        metric.of is not None
        and only_amount(binding, metric.entity, metric.of) is None
        and _reads(binding, entity, metric.entity, metric.of, _of_states)
    )
    certain = tuple(tree for tree in known if tree not in by_plan)
    return _Doubts(certain, known, bool(by_state) or counted, tuple(plans.values()))


def _reads(binding: Binding, entity: Entity, base: str, tree: exp.Expr, of: _Read) -> bool:
    return any(of(binding, entity, base, node) for node in column_nodes(tree))


def _of_states(binding: Binding, entity: Entity, base: str, node: exp.Expr) -> bool:
    """Whether a name leads through the state of an entity, or to what goes with it."""
    history = entity.history
    assert history is not None

    def told(owner: str, name: str) -> bool:
        return owner == entity.name and name in (history.stage, *history.with_state)

    return _leads(binding, base, node, told, set())


def _of_plans(binding: Binding, entity: Entity, base: str, node: exp.Expr) -> bool:
    """Whether a name is one of the entity's plans of which no history has what they were."""
    past = binding.past_values(entity)

    def told(owner: str, name: str) -> bool:
        field = binding.field(owner, name)
        return owner == entity.name and field is not None and field.due and name not in past

    return _leads(binding, base, node, told, set(), ways=False)


def _leads(
    binding: Binding, base: str, node: exp.Expr, told: _Told, seen: set[tuple[str, ...]], ways: bool = True
) -> bool:
    """Whether a name is, or is made of, a field that `told` knows by its entity and name; on the `ways` there too."""
    path = path_of(node)
    if len(path) < 2 or (base, *path) in seen:
        return False
    seen.add((base, *path))
    way = fields_on_way(binding, base, path)
    return any(_is(binding, at, name, told, seen, ways) for at, name, ends in way if ways or ends)


def _is(binding: Binding, at: str, name: str, told: _Told, seen: set[tuple[str, ...]], ways: bool) -> bool:
    if told(at, name):
        return True
    entity, field = binding.entity(at), binding.field(at, name)
    if field is None:
        return False
    tree, base = field.expr, at
    if tree is None and entity.derived is not None:
        tree, base = entity.derived.fields.get(name), entity.derived.source
    return tree is not None and any(_leads(binding, base, one, told, seen, ways) for one in column_nodes(tree))


def _closed_since(binding: Binding, metric: Metric, entity: Entity) -> exp.Expr | None:
    """That a record was not closed at the report's date, and is today; None where nothing tells."""
    record = next((r.name for r in entity.relations.values() if r.today and r.to == entity.name), None)
    event = next((f.as_of.event for f in entity.fields.values() if f.as_of), None)
    if record is None or event is None or binding.mapped(entity.name, event) is None:
        return None
    then, today = (_seen(binding, metric.entity, entity, way) for way in ((event,), (record, event)))
    if then is None or today is None:
        return None
    return parse(f"{then} is null and {today} is not null", packaged=True)


def _seen(binding: Binding, base: str, entity: Entity, way: tuple[str, ...]) -> str | None:
    """A name of an entity's rows as it is seen from rows made of them: a field that is this very one, or by the way to
    the row itself."""
    wanted = (entity.name, *way)
    if base == entity.name:
        return ".".join(wanted)
    made = binding.entity(base)
    assert made.derived is not None
    for name, tree in made.derived.fields.items():
        if isinstance(tree, (exp.Column, exp.Dot)) and path_of(tree) == wanted:
            return f"{base}.{name}"
    steps = [r.name for r in made.relations.values() if r.to == entity.name and not r.today][:1]
    return ".".join((base, *steps, *way)) if steps else None
