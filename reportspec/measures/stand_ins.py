"""What a figure takes from a history since the records have none, and what it does not find in it: how many rows of it,
and what they add.

A record that has lost its amount (or never had one) counts with the last that its history has. That is better than
nothing and is not what the CRM shows, so it stands at the figure. A history that begins with the first change of a
record does not have the state that it was in before: where figures go by such states, that stands there as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from reportspec.expression.sandbox import column_nodes, parse, path_of
from reportspec.expression.trees import all_of, copied
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.asked import measures_of
from reportspec.model.column_ids import Row, SideName, Tally, on_side
from reportspec.model.domain import Entity, History, Metric
from reportspec.model.query import Measure
from reportspec.model.spec import Report
from reportspec.remembered import remembered, remembered_of_tree
from reportspec.resolve.binding import Binding, Unresolved, metrics_needed
from reportspec.resolve.currencies import only_amount
from reportspec.resolve.past_states import fields_on_way


@dataclass(frozen=True, slots=True)
class StandIn:
    """Of the `rows` of an entity that a metric counts, those whose record lacks a field (`deal.amount`) that its
    history has: `count`. With what they add to it, where it is a sum of amounts. Or those of which the history does
    not have the field, a state, as it was then (`unknown`), with their amounts, on one `side` of the report."""

    entity: str
    field: str
    count: int
    rows: int
    amount: float | None
    unknown: bool = False
    side: SideName = "current"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a metric shown, for a field: measures of the rows in question, of all rows, and of a sum."""

    metric: str
    field: str
    count: Measure
    rows: Measure
    amount: Measure | None
    unknown: bool = False

    @property
    def measures(self) -> Iterator[Measure]:
        """Its measures."""
        yield from (self.count, self.rows)
        if self.amount is not None:
            yield self.amount


def asked_stand_ins(report: Report) -> tuple[Asked, ...]:
    """What is to be asked, of each metric that the report shows and each field that a history may stand in for."""
    binding, found = report.binding, list[Asked]()
    for metric in {metric.id: metric for spec in report.sections for metric in spec.metrics}.values():
        for part in metrics_needed(binding.catalogue, metric):
            found += (replace(one, metric=metric.id) for one in _of_part(binding, part))
    return tuple(found)


def asked_states(report: Report) -> tuple[Asked, ...]:
    """What is to be asked, of each metric that the report shows and that goes by states of then."""
    binding, found = report.binding, list[Asked]()
    by: dict[str, list[tuple[str, ...]]] = {}
    metrics: dict[str, Metric] = {}
    for spec in report.sections:
        for metric in spec.metrics:
            metrics[metric.id] = metric
            by.setdefault(metric.id, []).extend(one.path for one in getattr(spec, "dimensions", ()))
    for metric in metrics.values():
        for part in metrics_needed(binding.catalogue, metric):
            asked = _of_states(binding, part, by[metric.id])
            if asked is not None:
                found.append(replace(asked, metric=metric.id))
    return tuple(found)


def stand_ins_of(
    asked: Iterable[Asked], rows: Sequence[Row], side: SideName = "current"
) -> Mapping[str, tuple[StandIn, ...]]:
    """What was found on a side, by metric: of each field the part in which most rows have it from their history."""
    found: dict[str, dict[str, StandIn]] = {}
    for one in asked:
        count, every = (int(_added(rows, measure, side) or 0) for measure in (one.count, one.rows))
        known = found.setdefault(one.metric, {})
        if count and (one.field not in known or count > known[one.field].count):
            amount = _added(rows, one.amount, side) if one.amount is not None else None
            known[one.field] = StandIn(one.count.entity, one.field, count, every, amount, one.unknown, side)
    return {metric: tuple(of_metric.values()) for metric, of_metric in found.items() if of_metric}


def _added(rows: Sequence[Row], measure: Measure, side: SideName) -> float | None:
    column = on_side(measure.column, side)
    values = [row[column] for row in rows if row.get(column) is not None]
    return float(sum(values)) if values else None


@remembered_of_tree
def _of_part(binding: Binding, part: Metric) -> tuple[Asked, ...]:
    """What is to be asked of one of the metrics that metrics are made of."""
    base = _with_record(binding, part.entity)
    if base is None:
        return ()
    entity, way, record = base
    history = entity.history
    assert history is not None
    stood_in = [*binding.past_values(entity), history.outcome.at]
    currencies = {field.currency for field in entity.fields.values()}  # these come with their amounts
    read, found = _read(binding, part, entity), list[Asked]()
    for name in (name for name in stood_in if name in read and name not in currencies):
        there, own = ".".join((*way, name)), ".".join((*way, record, name))
        text = f"{there} is not null and {own} is null"
        if name == history.outcome.at:  # one that is open today lacks no closing
            status = history.outcome.field
            text += f" and {'.'.join((*way, status))} = {'.'.join((*way, record, status))}"
        condition = _condition(binding, part.entity, text)
        if condition is None:
            continue
        where = all_of([tree for tree in (_copy(part.where), condition) if tree is not None])
        called = "".join(sign if sign.isalnum() else "_" for sign in f"{part.id}__{name}")
        rows = Measure(Tally(f"{called}__of"), part.entity, "count", None, part.where, part.time, ahead=part.ahead)
        count = replace(rows, column=Tally(f"{called}__by_history"), where=where)
        amount = None
        if part.aggregate == "sum" and part.unit == "currency":
            amount = replace(measures_of(binding, part)[0], column=Tally(f"{called}__amount"), where=where)
        found.append(Asked(part.id, entity.fields[name].id, count, rows, amount))
    return tuple(found)


def _of_states(binding: Binding, part: Metric, by: Sequence[tuple[str, ...]]) -> Asked | None:
    """What is to be asked of rows whose state the history does not have, of a metric that counts what there was at an
    instant and goes by states: in what it is, or in what its rows are `by`."""
    base = _with_record(binding, part.entity) if part.time is None or part.ahead else None
    if base is None:
        return None
    entity, way, record = base
    history = entity.history
    assert history is not None
    asks = _read(binding, part, entity) & {history.stage, *history.with_state}
    if not asks and not any(_by_state(binding, part.entity, path, history) for path in by):
        return None
    there, own = ".".join((*way, history.stage)), ".".join((*way, record, history.stage))
    condition = _condition(binding, part.entity, f"{there} is null and {own} is not null")
    if condition is None:
        return None
    where = all_of([tree for tree in (_copy(part.where), condition) if tree is not None])
    called = "".join(sign if sign.isalnum() else "_" for sign in f"{part.id}__{history.stage}")
    rows = Measure(Tally(f"{called}__of"), part.entity, "count", None, part.where, part.time, ahead=part.ahead)
    count = replace(rows, column=Tally(f"{called}__unknown"), where=where)
    amount = None
    if part.aggregate == "sum" and part.unit == "currency" and part.of is not None:
        # Of amounts that are multiplied by what goes with the state, the amounts are what is left out.
        worth = only_amount(binding, part.entity, part.of)
        of = worth if worth is not None else part.of
        amount = replace(measures_of(binding, part)[0], column=Tally(f"{called}__worth"), of=_copy(of), where=where)
    return Asked(part.id, entity.fields[history.stage].id, count, rows, amount, unknown=True)


def _by_state(binding: Binding, of_entity: str, path: tuple[str, ...], history: History) -> bool:
    """Whether a field leads through the state of an entity with a history, or is one that goes with it."""
    of_states = (history.stage, *history.with_state)
    way = fields_on_way(binding, of_entity, path)
    return any(name in of_states if ends else name == history.stage for _, name, ends in way)


@remembered
def _condition(binding: Binding, entity: str, text: str) -> exp.Expr | None:
    """A condition over the rows of an entity; none where the source does not serve it."""
    condition = parse(text, packaged=True)
    try:
        binding.need_tree(entity, condition)
    except Unresolved:
        return None
    return condition


def _copy(tree: exp.Expr | None) -> exp.Expr | None:
    return copied(tree) if tree is not None else None


def _with_record(binding: Binding, name: str) -> tuple[Entity, tuple[str, ...], str] | None:
    """The entity with a history that another one's rows are made of, the way there, and its relation to the record."""
    way: tuple[str, ...] = (name,)
    for at, following in _steps(binding, name):
        entity = binding.entity(at)
        if entity.history is not None and binding.has_history(entity):
            record = next((r.name for r in entity.relations.values() if r.today and r.to == entity.name), None)
            return (entity, way, record) if record is not None else None
        relation = next((r.name for r in entity.relations.values() if r.to == following and not r.today), None)
        if relation is None:
            return None
        way = (*way, relation)
    return None


def _steps(binding: Binding, name: str) -> Iterator[tuple[str, str | None]]:
    """An entity and those that it is made of, each with the next."""
    names = _chain(binding, name)
    yield from zip(names, [*names[1:], None], strict=True)


def _chain(binding: Binding, name: str) -> list[str]:
    found = [name]
    while (derived := binding.entity(found[-1]).derived) is not None and derived.source not in found:
        if derived.group_by:
            break  # a row of many
        found.append(derived.source)
    return found


def _read(binding: Binding, part: Metric, base: Entity) -> set[str]:
    """The fields of the base entity that a metric reads of its own rows."""
    waiting = [tree for tree in (part.of, part.where, part.time) if tree is not None]
    found, seen = set[str](), set[tuple[str, str]]()
    while waiting:
        for node in column_nodes(waiting.pop()):
            path = path_of(node)
            if len(path) != 2 or path in seen:
                continue
            seen.add(path)
            entity = binding.entity(path[0])
            if entity.name == base.name:
                found.add(path[1])
            field = binding.field(*path)
            for tree in (
                entity.derived.fields.get(path[1]) if entity.derived is not None else None,
                field.expr if field is not None else None,
            ):
                if tree is not None:
                    waiting.append(tree)
    return found
