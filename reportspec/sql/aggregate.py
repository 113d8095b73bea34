"""An aggregate query as one SQL statement.

Measures of one entity (and, over time, of one time field) share one SELECT of CASE aggregates,
both sides of a comparison included. SELECTs of different entities are stacked by UNION ALL with
typed nulls and brought together by an outer GROUP BY: facts are aggregated before they meet, so
nothing multiplies.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from reportspec.binding import Binding
from reportspec.calendar import instant
from reportspec.expression import column_nodes, path_of
from reportspec.plan.queries import AggregateQuery, Dimension, Measure, Side
from reportspec.sql.build import (
    EXACT,
    alias_of,
    all_of,
    any_of,
    cast,
    column,
    conjuncts,
    literal,
    named,
    null,
    when,
)
from reportspec.sql.moments import Moment
from reportspec.sql.scope import Scope
from reportspec.sql.statement import Statement

BUCKET = "bucket"
AS_OF = exp.column(exp.to_identifier("as_of"))  # stocks convert amounts at the rate of the day
IDLE, ORDER = "idle__", "order__"


@dataclass(frozen=True, slots=True)
class _Case:
    """A measure on one side, as SQL: the aggregate, its value, and the conditions for its rows."""

    alias: str
    measure: Measure
    value: exp.Expr | None
    conditions: tuple[exp.Expr, ...]


def column_name(measure: Measure, side: Side) -> str:
    """The result column of a measure on a side."""
    return measure.column if side.name == "current" else f"{measure.column}__previous"


def aggregate_statement(binding: Binding, query: AggregateQuery) -> exp.Expr:
    """The statement: its columns are the dimensions (`d0`, `d1`, …), `bucket` if the query has
    any, and a column for each measure and side."""
    statement = Statement(binding)
    selects: list[tuple[exp.Select, list[str]]] = []
    for entity, measures in _grouped(query).items():
        selects += _leaf(statement, query, entity[0], measures)
    if query.idle:
        selects.append((_idle(statement, query), [IDLE, ORDER]))
    final = _combined(binding, query, selects)
    return statement.finish(final)


def _grouped(query: AggregateQuery) -> dict[tuple[str, str], list[Measure]]:
    """Measures that can share a SELECT: those of one entity; over time, of one anchor too."""
    groups: dict[tuple[str, str], list[Measure]] = {}
    for measure in query.measures:
        anchor = "" if not query.bucketed else measure.anchor.sql() if measure.anchor else "stock"
        groups.setdefault((measure.entity, anchor), []).append(measure)
    return groups


def _moment(binding: Binding, side: Side) -> Moment:
    return Moment(
        side.name, side.as_of, instant(side.start, binding.zone), instant(side.end, binding.zone)
    )


def _leaf(
    statement: Statement, query: AggregateQuery, entity: str, measures: list[Measure]
) -> list[tuple[exp.Select, list[str]]]:
    """The SELECT of one entity, for both sides if they can share it, else one for each."""
    if len(query.sides) == 2 and not _shareable(statement.binding, query, entity, measures):
        return [_select(statement, query, entity, measures, (side,)) for side in query.sides]
    return [_select(statement, query, entity, measures, query.sides)]


def _shareable(
    binding: Binding, query: AggregateQuery, entity: str, measures: list[Measure]
) -> bool:
    """Whether one row of the entity means the same on both sides."""
    first, second = query.sides
    if query.bucketed and first.start < second.end and second.start < first.end:
        return False
    trial = Statement(binding, dry=True)
    bases = {trial.instance(entity, _moment(binding, side)) for side in query.sides}
    if len(bases) > 1:
        return False
    if query.bucketed and measures[0].anchor is None:
        return True
    scope = Scope(trial, entity, _moment(binding, first))
    trees = [
        scope.field(d.path, _moment(binding, side))
        for side in query.sides
        for d in query.dimensions
    ]
    half = len(query.dimensions)
    return trees[:half] == trees[half:]


def _select(
    statement: Statement,
    query: AggregateQuery,
    entity: str,
    measures: list[Measure],
    sides: tuple[Side, ...],
) -> tuple[exp.Select, list[str]]:
    binding = statement.binding
    stock_trend = query.bucketed and measures[0].anchor is None
    scope = Scope(statement, entity, _moment(binding, sides[0]))
    cases: list[_Case] = []
    keys: list[exp.Expr] = []
    if stock_trend:
        moment = _calendar_moment()
        keys = [_dimension(scope, d, moment) for d in query.dimensions]
        keys.append(column("calendar", BUCKET))
        for side in sides:
            on_side = exp.EQ(this=column("calendar", "side"), expression=literal(side.name))
            cases += [
                _case(scope, query, m, side, moment, [on_side, *scope.exists(moment)])
                for m in measures
            ]
    else:
        for side in sides:
            moment = _moment(binding, side)
            if query.bucketed:
                moment = _bucket_moment(scope, measures[0], side, moment)
            if side is sides[0]:
                keys = [_dimension(scope, d, moment) for d in query.dimensions]
            exists = scope.exists(_moment(binding, side))
            cases += [_case(scope, query, m, side, moment, exists) for m in measures]
        if query.bucketed:
            keys.append(_bucket_key(scope, measures[0], sides))
    common = _common(cases)
    select = exp.Select()
    for index, key in enumerate(keys):
        name = BUCKET if query.bucketed and index == len(keys) - 1 else f"d{index}"
        select = select.select(named(key, name), copy=False)
    for case in cases:
        select = select.select(named(_aggregated(case, common), case.alias), copy=False)
    calendar = exp.Join(this=_calendar(scope, sides), kind="CROSS") if stock_trend else None
    select = scope.attach(select, calendar)
    where = list(common)
    spread = [all_of(c for c in case.conditions if c not in common) for case in cases]
    windows = list(dict.fromkeys(_windows(scope, case, sides) for case in cases))
    if (
        all(w is not None for w in windows)
        and len(windows) > 1
        and all(s is not None for s in spread)
    ):
        where.append(any_of([w for w in windows if w is not None]))
    condition = all_of(where)
    if condition is not None:
        select = select.where(condition, copy=False)
    # A period of one bucket has the same number in every row: by position it would mean a column.
    grouped = [key.copy() for key in keys if not isinstance(key, exp.Literal)]
    if grouped:
        select = select.group_by(*grouped, copy=False)
    return select, [case.alias for case in cases]


def _windows(scope: Scope, case: _Case, sides: tuple[Side, ...]) -> exp.Expr | None:
    if case.measure.anchor is None:
        return None
    side = next(s for s in sides if column_name(case.measure, s) == case.alias)
    return all_of(_window(scope, case.measure, side))


def _common(cases: list[_Case]) -> list[exp.Expr]:
    """The conditions that all cases have: they go to WHERE."""
    first, *others = cases
    return [
        c for c in dict.fromkeys(first.conditions) if all(c in other.conditions for other in others)
    ]


def _case(
    scope: Scope, query: AggregateQuery, measure: Measure, side: Side, moment: Moment,
    exists: list[exp.Expr],
) -> _Case:  # fmt: skip
    conditions: list[exp.Expr] = []
    if measure.anchor is not None:
        conditions += _window(scope, measure, side)
    conditions += exists
    conditions += conjuncts(scope.compile_optional(measure.where, moment))
    for condition in query.conditions:
        conditions += conjuncts(scope.compile(condition, moment))
    value = scope.compile_optional(measure.of, moment)
    if measure.unit == "currency" and measure.of is not None:
        converted = scope.compile(measure.of, moment, (), measure.anchor or AS_OF)
        if measure.keep == "other_currency":
            conditions.append(exp.Not(this=exp.Is(this=value, expression=exp.Null())))
            conditions.append(exp.Is(this=converted, expression=exp.Null()))
        elif measure.keep == "value":
            value = converted
    if measure.keep == "missing":
        assert value is not None
        conditions.append(exp.Is(this=value, expression=exp.Null()))
    if measure.keep != "value":
        value = None
    return _Case(column_name(measure, side), measure, value, tuple(conditions))


def _window(scope: Scope, measure: Measure, side: Side) -> list[exp.Expr]:
    """The anchor lies in [start, end), and before the instant of the report."""
    binding = scope.binding
    assert measure.anchor is not None
    anchor = scope.compile(measure.anchor, _moment(binding, side))
    storage = binding.storage_of(measure.entity, measure.anchor)
    end = instant(side.end, binding.zone)
    if not measure.ahead:
        end = min(end, side.as_of)
    return [
        exp.GTE(this=anchor, expression=scope.instant(instant(side.start, binding.zone), storage)),
        exp.LT(this=anchor.copy(), expression=scope.instant(end, storage)),
    ]


def money_currencies(binding: Binding, entity: str, tree: exp.Expr) -> list[tuple[str, ...]]:
    """The paths of the currencies of the money fields in an expression, where the source has them."""
    found: dict[tuple[str, ...], None] = {}
    for node in column_nodes(tree):
        path = path_of(node)
        if len(path) < 2:
            continue
        reference = binding.resolve(entity, path)
        owner = binding.entity_at(entity, reference.steps)
        if reference.field.currency and binding.gives(owner, reference.field.currency):
            found[(*path[:-1], reference.field.currency)] = None
    return list(found)


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
        made = derived.fields.get(reference.field.name) if derived is not None else None
        if derived is not None and made is not None:
            matched = derived.match.entity if derived.match is not None else None
            if not any(path_of(n)[0] == matched for n in column_nodes(made)):
                if needs_currency(binding, derived.source, made):
                    return True
    return False


def _aggregated(case: _Case, common: list[exp.Expr]) -> exp.Expr:
    condition = all_of(c for c in case.conditions if c not in common)
    measure, value = case.measure, case.value
    if measure.aggregate == "count" or measure.keep != "value":
        if measure.keep == "value" and value is not None:
            return exp.Count(this=when(condition, value) if condition is not None else value)
        return exp.Count(this=when(condition, literal(1)) if condition is not None else exp.Star())
    assert value is not None
    if measure.aggregate == "quantile":
        value = cast(value, "DOUBLE")
    chosen = when(condition, value) if condition is not None else value
    match measure.aggregate:
        case "distinct":
            return exp.Count(this=exp.Distinct(expressions=[chosen]))
        case "sum":
            # Decimals add up to the same in any order, floats do not.
            return exp.Sum(this=cast(chosen, EXACT))
        case "min":
            return exp.Min(this=chosen)
        case "max":
            return exp.Max(this=chosen)
        case _:
            assert measure.percentile is not None
            return exp.PercentileCont(this=chosen, expression=literal(measure.percentile))


def _dimension(scope: Scope, dimension: Dimension, moment: Moment) -> exp.Expr:
    value = scope.field(dimension.path, moment)
    if not dimension.bins:
        return value
    ifs = [
        exp.If(this=exp.LT(this=value.copy(), expression=literal(edge)), true=literal(index))
        for index, edge in enumerate(dimension.bins)
    ]
    known = exp.Not(this=exp.Is(this=value, expression=exp.Null()))
    return exp.Case(ifs=[*ifs, exp.If(this=known, true=literal(len(dimension.bins)))])


def _bucket_key(scope: Scope, measure: Measure, sides: tuple[Side, ...]) -> exp.Expr:
    """The index of the bucket in which the anchor lies. Both sides count from 0: the WHERE lets
    only times of the two stretches pass, and they do not overlap."""
    binding = scope.binding
    assert measure.anchor is not None
    anchor = scope.compile(measure.anchor, _moment(binding, sides[0]))
    storage = binding.storage_of(measure.entity, measure.anchor)
    edges: list[tuple[datetime, int]] = []
    for side in sorted(sides, key=lambda s: s.start):
        edges += [
            (instant(bucket.end, binding.zone), index) for index, bucket in enumerate(side.buckets)
        ]
    return _steps(scope, anchor, storage, [(at, literal(value)) for at, value in edges])


def _steps(
    scope: Scope, anchor: exp.Expr, storage: str,
    edges: list[tuple[datetime, exp.Expr]],
) -> exp.Expr:  # fmt: skip
    """CASE over ascending upper edges. Long lists are halved, so that a row meets few of them."""
    if len(edges) > 24:
        middle = len(edges) // 2
        below = exp.LT(this=anchor.copy(), expression=scope.instant(edges[middle - 1][0], storage))
        return when(below, _steps(scope, anchor, storage, edges[:middle]),
                    _steps(scope, anchor, storage, edges[middle:]))  # fmt: skip
    *ifs, (_, last) = edges
    if not ifs:
        return last.copy()
    return exp.Case(
        ifs=[exp.If(this=exp.LT(this=anchor.copy(), expression=scope.instant(at, storage)), true=value)
             for at, value in ifs],
        default=last,
    )  # fmt: skip


def _bucket_moment(scope: Scope, measure: Measure, side: Side, moment: Moment) -> Moment:
    """The moment with the bucket's own bounds for `period_start` and `period_end`."""
    binding = scope.binding

    def bound(which: str) -> object:
        def of(storage: str) -> exp.Expr:
            assert measure.anchor is not None
            anchor = scope.compile(measure.anchor, moment)
            kept = binding.storage_of(measure.entity, measure.anchor)
            edges = [(instant(b.end, binding.zone),
                      scope.instant(instant(getattr(b, which), binding.zone), storage))
                     for b in side.buckets]  # fmt: skip
            return exp.Paren(this=_steps(scope, anchor, kept, edges))

        return of

    return Moment(side.name, side.as_of, bound("start"), bound("end"))


def _calendar_moment() -> Moment:
    def bound(name: str) -> object:
        return lambda storage: column("calendar", f"{name}_date" if storage == "date" else name)

    return Moment("calendar", bound("as_of"), bound("starts"), bound("ends"))


def _calendar(scope: Scope, sides: tuple[Side, ...]) -> exp.Expr:
    """The instants at which a stock is taken, as literal rows."""
    binding = scope.binding
    rows = []
    for side in sides:
        for index, bucket in enumerate(side.buckets):
            start, end = instant(bucket.start, binding.zone), instant(bucket.end, binding.zone)
            if start >= side.as_of:
                continue
            cells = {"side": literal(side.name), BUCKET: literal(index)}
            for name, at in (("as_of", min(end, side.as_of)), ("starts", start), ("ends", end)):
                cells[name] = scope.instant(at, "time")
                cells[f"{name}_date"] = scope.instant(at, "date")
            select = exp.Select()
            for name, value in cells.items():
                select = select.select(named(value, name), copy=False)
            rows.append(select)
    union: exp.Expr = rows[0]
    for row in rows[1:]:
        union = exp.Union(this=union, expression=row, distinct=False)
    return exp.Subquery(this=union, alias=alias_of("calendar"))


def _idle(statement: Statement, query: AggregateQuery) -> exp.Select:
    """The dimension's own rows: which of them appear even with nothing to count (`idle__` is 1:
    active people, open stages), and the place of each in the entity's order (`order__`)."""
    assert query.idle is not None
    binding = statement.binding
    entity = binding.entity(query.idle)
    moment = _moment(binding, query.sides[0])
    scope = Scope(statement, query.idle, moment)
    keys = [_dimension(scope, d, moment) for d in query.dimensions]
    conditions: list[exp.Expr] = []
    for condition in query.idle_conditions:
        conditions += conjuncts(scope.compile(condition, moment))
    select = exp.Select()
    for index, key in enumerate(keys):
        select = select.select(named(key, f"d{index}"), copy=False)
    idle = scope.compile_optional(entity.idle_rows, moment) or exp.Boolean(this=True)
    appears: exp.Expr = exp.Max(this=when(idle, literal(1), literal(0)))
    place: exp.Expr = null("BIGINT")
    if entity.order is not None:
        place = exp.Min(this=cast(scope.compile(entity.order, moment), "BIGINT"))
    select = select.select(named(appears, IDLE), copy=False)
    select = select.select(named(place, ORDER), copy=False)
    select = scope.attach(select).group_by(*[k.copy() for k in keys], copy=False)
    joined = all_of(conditions)
    return select.where(joined, copy=False) if joined is not None else select


def _combined(
    binding: Binding, query: AggregateQuery, selects: list[tuple[exp.Select, list[str]]]
) -> exp.Select:
    keys = [f"d{index}" for index in range(len(query.dimensions))] + (
        [BUCKET] if query.bucketed else []
    )
    outputs = [column_name(m, side) for side in query.sides for m in query.measures]
    if len(selects) == 1 and not query.idle:
        return selects[0][0]
    types = {
        column_name(m, side): _type(binding, m) for side in query.sides for m in query.measures
    }
    if query.idle:
        outputs += [IDLE, ORDER]
        types |= {IDLE: "BIGINT", ORDER: "BIGINT"}
    parts = []
    for select, own in selects:
        wanted = [s for s in select.expressions if s.alias in keys]
        by_alias = {s.alias: s for s in select.expressions}
        for name in outputs:
            value = by_alias[name] if name in own else named(null(types[name]), name)
            wanted.append(value)
        select.set("expressions", wanted)
        parts.append(select)
    union: exp.Expr = parts[0]
    for part in parts[1:]:
        union = exp.Union(this=union, expression=part, distinct=False)
    outer = exp.Select()
    for key in keys:
        outer = outer.select(named(column("parts", key), key), copy=False)
    for name in outputs:
        outer = outer.select(named(exp.Max(this=column("parts", name)), name), copy=False)
    outer = outer.from_(
        exp.Subquery(this=union, alias=alias_of("parts")),
        copy=False,
    )
    return outer.group_by(*[column("parts", key) for key in keys], copy=False) if keys else outer


def _type(binding: Binding, measure: Measure) -> str:
    if measure.aggregate in ("count", "distinct") or measure.keep != "value":
        return "BIGINT"
    if isinstance(measure.of, exp.Column) and measure.aggregate != "quantile":
        field = binding.resolve(measure.entity, path_of(measure.of)).field
        if field.type == "money":
            return EXACT
    return "DOUBLE"
