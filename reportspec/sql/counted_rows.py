"""The rows of an entity with what a metric makes of each: whether each of its conditions holds, and what the row adds
to each of its aggregates. The conditions and values are those of the aggregates themselves (`aggregate.case_of`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlglot import exp

from reportspec.expression.sandbox import path_of
from reportspec.expression.trees import (
    EXACT,
    all_of,
    any_of,
    bare_key,
    cast,
    column,
    conjuncts,
    copied,
    literal,
    named,
    table,
    when,
)
from reportspec.lazy_dataclass import dataclass
from reportspec.model.domain import Entity
from reportspec.model.query import Measure, Side
from reportspec.resolve.binding import Binding
from reportspec.resolve.moments import Moment
from reportspec.sql.aggregate import case_of, condition_of, known_there, window_of
from reportspec.sql.broken_rows import field_of
from reportspec.sql.existence import valid_at
from reportspec.sql.fold import Case, lacking
from reportspec.sql.merged_records import LEFT, RECORD
from reportspec.sql.over_time import moment_of
from reportspec.sql.scope import Scope
from reportspec.sql.statement import RowsOf, Statement

# What a condition is there for: that the row is there at the instant, that its time lies in the stretch (not before it,
# not behind it), what the metric asks of its rows, and what the report and its section ask of all.
Asks = Literal["there", "from", "until", "metric", "report"]

ANCHOR = "anchor"  # the column with the time by which a row belongs to a period
AVAILABLE, COUNTED = "available", "counted"  # the columns with how many rows there are and count


@dataclass(frozen=True, slots=True)
class Counting:
    """What is counted: the measures of one aggregate metric, on a side, of the rows that fulfil conditions."""

    measures: tuple[Measure, ...]
    side: Side
    conditions: tuple[exp.Expr, ...]

    @property
    def entity(self) -> str:
        """Whose rows they are."""
        return self.measures[0].entity


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of rows: what it is there for, and as it is written; the times of a row have none but the anchor."""

    asks: Asks
    tree: exp.Expr | None


def conditions_asked(binding: Binding, counting: Counting) -> tuple[Condition, ...]:
    """The conditions that a row fulfils which counts, in the order of the columns `c0`, `c1`, …"""
    measure = counting.measures[0]
    entity = binding.entity(measure.entity)
    found: list[Condition] = []
    if not known_there(measure) and entity.exists_from and binding.mapped(entity.name, entity.exists_from) is not None:
        found.append(Condition("there", None))
    if measure.anchor is not None:
        found += [Condition("from", measure.anchor), Condition("until", measure.anchor)]
    found += [Condition("metric", tree) for tree in conjuncts(measure.where)]
    found += [Condition("report", tree) for whole in counting.conditions for tree in conjuncts(whole)]
    return tuple(found)


def rows_statement(
    binding: Binding,
    counting: Counting,
    shown: Sequence[tuple[str, ...]],
    *,
    only: exp.Expr | None = None,
    counted: bool = False,
    most: int | None = None,
    largest: bool = False,
) -> exp.Expr:
    """The rows as they are at the side's instant: the fields `shown` (`f0`, …), of each condition whether it holds
    (`c0`, …), and of each measure what the row adds to it (`m0`, …): 1 or 0 where rows are counted, else the value,
    null where the row has no part in it; and where that is a field its time as the conditions on it read it (`ANCHOR`).
    `only` says which rows; with `counted` those alone that fulfil all. They are in the order of what is shown, those
    that count first, and with `largest` those that add the most; the first `most` of them. Where not all count it is
    said how many there are (`AVAILABLE`), and how many count (`COUNTED`)."""
    statement, side = Statement(binding), counting.side
    moment = moment_of(binding, side)
    scope = Scope(statement, counting.entity, moment)
    first = counting.measures[0]
    exists = scope.exists(moment, known=known_there(first))
    cases = [case_of(scope, counting.conditions, one, side, moment, exists) for one in counting.measures]
    columns = [named(copied(scope.field(path, moment)), f"f{at}") for at, path in enumerate(shown)]
    types: dict[str, str] = {
        f"f{at}": binding.resolve(counting.entity, path).field.type for at, path in enumerate(shown)
    }
    recorded = _recorded(scope, counting)
    if recorded is not None:
        columns.append(named(copied(recorded[0]), ANCHOR))
        types[ANCHOR] = recorded[1]
    for at, condition in enumerate(_compiled(scope, counting, moment)):
        columns.append(named(when(copied(condition), literal(1), literal(0)), f"c{at}"))
        types[f"c{at}"] = "integer"
    for at, case in enumerate(cases):
        columns.append(named(_added(case), f"m{at}"))
        types[f"m{at}"] = _type(binding, case)
    where = list(cases[0].conditions) if counted else _there(scope, moment)
    if only is not None:
        where += conjuncts(scope.compile(only, moment))
    select = scope.attach(exp.Select(expressions=columns))
    asked = all_of(map(copied, where))
    select = select.where(asked, copy=False) if asked is not None else select
    if most is not None:
        order = [exp.Ordered(this=copied(scope.field(path, moment)), nulls_first=False) for path in shown]
        if not counted:
            counts = next(case for case in cases if case.measure.aggregate == "count" and case.measure.keep == "value")
            count = _added(counts)
            every = exp.Window(this=exp.Count(this=exp.Star()))
            select = select.select(named(every, AVAILABLE), copy=False)
            select = select.select(named(exp.Window(this=exp.Sum(this=copied(count))), COUNTED), copy=False)
            types |= {AVAILABLE: "integer", COUNTED: "integer"}
            order.insert(0, exp.Ordered(this=count, desc=True, nulls_first=False))
        if largest and not cases[0].counts:
            order.insert(0, exp.Ordered(this=_added(cases[0]), desc=True, nulls_first=False))
        select = select.order_by(*order, copy=False) if order else select
        select = select.limit(most, copy=False)
    return statement.finish(select, types)


def _recorded(scope: Scope, counting: Counting) -> tuple[exp.Expr, str] | None:
    """The time by which a row belongs to a period as its conditions read it: as it is recorded, also where it was not
    known yet at the instant; and its type. None where that is no field."""
    measure = counting.measures[0]
    if not isinstance(measure.anchor, exp.Column):
        return None
    field = scope.binding.resolve(measure.entity, path_of(measure.anchor)).field
    return window_of(scope, measure, counting.side).column, field.type


def _there(scope: Scope, moment: Moment) -> list[exp.Expr]:
    """Of a record with past states the row that holds at a moment."""
    entity = scope.binding.entity(scope.entity)
    if entity.derived is None and scope.statement.versioned(entity.name):
        return valid_at(scope, scope.entity, moment)
    return []


def _compiled(scope: Scope, counting: Counting, moment: Moment) -> list[exp.Expr]:
    """The conditions of `conditions_asked`, in their order."""
    measure, found = counting.measures[0], list[exp.Expr]()
    entity = scope.binding.entity(measure.entity)
    if not known_there(measure) and entity.exists_from and scope.given(entity, entity.exists_from):
        [*there] = scope.exists(moment)[:1]
        found += there
    if measure.anchor is not None:
        found += window_of(scope, measure, counting.side).conditions
    for whole in (measure.where, *counting.conditions):
        if whole is not None:
            found += _parts(scope, measure, whole, moment)
    return found


def _parts(scope: Scope, measure: Measure, whole: exp.Expr, moment: Moment) -> list[exp.Expr]:
    """A condition's parts, as they are in the whole of it."""
    parts = conjuncts(condition_of(scope, measure, whole, moment))
    written = conjuncts(whole)
    if len(parts) == len(written):
        return parts
    return [condition_of(scope, measure, tree, moment) for tree in written]


def _added(case: Case) -> exp.Expr:
    """What a row adds to a measure."""
    conditions = [copied(condition) for condition in (*case.conditions, *lacking(case))]
    value = None if case.value is None else copied(bare_key(case.value))
    if case.counts:
        if value is not None and case.measure.keep == "value":
            conditions.append(exp.Not(this=exp.Is(this=value, expression=exp.Null())))
        held = all_of(conditions)
        return when(held, literal(1), literal(0)) if held is not None else literal(1)
    assert value is not None
    if case.measure.aggregate == "distinct":
        value = cast(value, "VARCHAR")
    elif case.measure.aggregate in ("quantile", "squares"):
        value = cast(value, "DOUBLE")
    elif case.measure.aggregate == "sum":
        value = cast(value, EXACT)
    held = all_of(conditions)
    return when(held, value) if held is not None else value


def _type(binding: Binding, case: Case) -> str:
    if case.counts:
        return "integer"
    if case.measure.aggregate == "distinct":
        return "text"
    if case.measure.aggregate in ("min", "max") and isinstance(case.measure.of, exp.Column):
        return binding.resolve(case.measure.entity, path_of(case.measure.of)).field.type
    return "number"


def left_out_statement(binding: Binding, entity: str, key: str, value: str, fields: Sequence[str]) -> exp.Expr:
    """The rows that the mapping gives an entity, deleted and merged ones too, whose `key` has a value: of each part of
    the entity's own condition whether it holds (`c0`, …), and `fields` (`f0`, …)."""
    statement = Statement(binding)
    cte = statement.rows_whole(entity)
    types: dict[str, str] = {}
    columns = []
    for at, name in enumerate(fields):
        columns.append(named(field_of(statement, cte, entity, name), f"f{at}"))
        field = binding.field(entity, name)
        types[f"f{at}"] = field.type if field is not None else "text"
    for at, part in enumerate(conjuncts(binding.entity(entity).where)):
        holds = copied(part).transform(
            lambda node: field_of(statement, cte, entity, path_of(node)[-1]) if isinstance(node, exp.Column) else node,
            copy=False,
        )
        columns.append(named(when(holds, literal(1), literal(0)), f"c{at}"))
        types[f"c{at}"] = "integer"
    mine = exp.EQ(this=field_of(statement, cte, entity, key), expression=literal(value))
    select = exp.Select(expressions=columns or [named(literal(1), "one")]).from_(exp.Table(this=exp.to_identifier(cte)))
    return statement.finish(select.where(mine).limit(5), types or {"one": "integer"})


def survivor_statement(binding: Binding, entity: str, value: str) -> exp.Expr:
    """The key of the record that is left of one with a key that was merged into others, as `left_key`; no row where it
    was not, or where none is left."""
    statement = Statement(binding)
    cte = statement.survivors(entity)
    mine = exp.EQ(this=cast(column(cte, RECORD), "VARCHAR"), expression=literal(value))
    select = exp.Select().select(named(cast(column(cte, LEFT), "VARCHAR"), LEFT)).from_(table(cte)).where(mine)
    return statement.finish(select, {LEFT: "key"})


def made_of_statement(
    binding: Binding, entity: str, key: str, value: str, side: Side, fields: Sequence[tuple[str, ...]]
) -> exp.Expr | None:
    """Of an entity that is made from another one: the other's rows of which a row with that key would come, of each
    part of what they have to fulfil whether it holds (`c0`, …), and `fields` of theirs (`f0`, …). None where it is not
    said row by row which ones they are."""
    derived = binding.entity(entity).derived
    tree = derived.fields.get(key) if derived is not None else None
    if derived is None or tree is None or tree.find(exp.Window, exp.AggFunc) or derived.match is not None:
        return None
    moment = moment_of(binding, side)
    scope = Scope(Statement(binding), derived.source, moment)
    columns, types = list[exp.Expr](), dict[str, str]()
    for at, path in enumerate(fields):
        columns.append(named(copied(scope.field(path, moment)), f"f{at}"))
        types[f"f{at}"] = binding.resolve(derived.source, path).field.type
    conditions = [*scope.exists(moment), *conjuncts(scope.compile_optional(derived.where, moment))]
    written = conjuncts(derived.where)
    asked = conditions[len(conditions) - len(written) :]
    for at, condition in enumerate(asked):
        columns.append(named(when(copied(condition), literal(1), literal(0)), f"c{at}"))
        types[f"c{at}"] = "integer"
    mine = exp.EQ(this=copied(scope.compile(tree, moment)), expression=literal(value))
    where = all_of([mine, *map(copied, _there(scope, moment))])
    assert where is not None
    select = scope.attach(exp.Select(expressions=columns or [named(literal(1), "one")]))
    return scope.statement.finish(select.where(where, copy=False).limit(5, copy=False), types or {"one": "integer"})


class _WholeStatement(Statement):
    """The CTEs of a statement that has all rows which the mapping gives an entity, deleted and merged ones too."""

    called_alike = False

    def __init__(self, binding: Binding, entity: str) -> None:
        super().__init__(binding)
        self._whole = entity

    def today(self, name: str) -> str:
        """The CTE with an entity's rows as they are today, all of them."""
        cte: str = super().today(name)
        if name == self._whole:
            self._rows[cte].whole = True
        return cte

    def rows(self) -> tuple[RowsOf, ...]:
        """Nothing that other statements may have for theirs, or have theirs for."""
        return ()

    def _plain(self, entity: Entity) -> str:
        cte = super()._plain(entity)
        if cte == self._whole and self._rows[cte].versions is None:
            self._rows[cte].whole = True
        return cte


def touched_rows_statement(
    binding: Binding,
    counting: Counting,
    shown: Sequence[tuple[str, ...]],
    times: Sequence[tuple[str, ...]],
    since: datetime,
    most: int,
) -> exp.Expr:
    """At most so many rows of an entity of which a time (`t0`, …) lies behind an instant, deleted and merged ones too:
    what `rows_statement` has of them, of each measure also the value that a row has whatever holds of it (`v0`, …),
    of each part of the entity's own condition whether it holds (`p0`, …), and whether it has been in another state
    since the side's instant, so that the history has its state of then (`past`)."""
    side = counting.side
    moment = moment_of(binding, side)
    scope = Scope(_WholeStatement(binding, counting.entity), counting.entity, moment)
    exists = scope.exists(moment, known=known_there(counting.measures[0]))
    cases = [case_of(scope, counting.conditions, one, side, moment, exists) for one in counting.measures]
    columns: dict[str, tuple[exp.Expr, str]] = {}
    for at, path in enumerate(shown):
        columns[f"f{at}"] = scope.field(path, moment), binding.resolve(counting.entity, path).field.type
    for at, path in enumerate(times):
        columns[f"t{at}"] = scope.field(path, moment), binding.resolve(counting.entity, path).field.type
    recorded = _recorded(scope, counting)
    if recorded is not None:
        columns[ANCHOR] = recorded
    for at, condition in enumerate(_compiled(scope, counting, moment)):
        columns[f"c{at}"] = when(condition, literal(1), literal(0)), "integer"
    entity = binding.entity(counting.entity)
    past = entity.derived is None and scope.statement.versioned(entity.name)
    known = exp.Not(this=exp.Is(this=column(scope.entity, "valid_until"), expression=exp.Null()))
    columns["past"] = when(known, literal(1), literal(0)) if past else literal(0), "integer"
    for at, part in enumerate(conjuncts(entity.where) if entity.derived is None else ()):
        columns[f"p{at}"] = when(scope.compile(part, moment), literal(1), literal(0)), "integer"
    for at, case in enumerate(cases):
        columns[f"m{at}"] = _added(case), _type(binding, case)
        columns[f"v{at}"] = _added(Case(case.alias, case.measure, case.value, (), None)), _type(binding, case)
    later = [_later(scope, path, moment, since) for path in times]
    where = all_of([*map(copied, _there(scope, moment)), exp.Paren(this=any_of(later))])
    assert where is not None
    select = scope.attach(exp.Select(expressions=[named(copied(tree), name) for name, (tree, _) in columns.items()]))
    outputs = {name: kind for name, (_, kind) in columns.items()}
    return scope.statement.finish(select.where(where, copy=False).limit(most, copy=False), outputs)


def _later(scope: Scope, path: tuple[str, ...], moment: Moment, since: datetime) -> exp.Expr:
    """That a time lies behind an instant, or on a day behind its day."""
    binding = scope.binding
    reached = binding.resolve(scope.entity, path).field
    if binding.storage(reached.entity, reached.name) == "date":
        bound = literal(since.astimezone(binding.zone).date())
    else:
        bound = scope.instant(since, "time")
    return exp.GTE(this=copied(scope.field(path, moment)), expression=bound)
