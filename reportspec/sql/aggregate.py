"""An aggregate query as one SQL statement.

Measures of one entity and one time field share one SELECT of CASE aggregates, both sides of a
comparison included. Different SELECTs are stacked by UNION ALL with typed nulls and brought together
by an outer GROUP BY: facts are aggregated before they meet, so nothing multiplies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from reportspec.calendar import instant
from reportspec.expression.sandbox import path_of
from reportspec.expression.trees import (
    EXACT,
    OUTPUTS,
    TWINS,
    TYPES,
    all_of,
    cast,
    column,
    conjuncts,
    copied,
    literal,
    named,
    null,
    when,
)
from reportspec.model.column_ids import Member, Rank
from reportspec.model.query import ENDS_BEFORE, AggregateQuery, Dimension, Measure, Side
from reportspec.resolve.binding import Binding
from reportspec.resolve.currencies import converted_by, mixes_currencies, money_currencies, only_amount
from reportspec.resolve.moments import Moment
from reportspec.sql.column_names import BUCKET_NAME, IDLE_NAME, measure_name, spelled
from reportspec.sql.combine import Part, combined, inlined
from reportspec.sql.conversion import REPORT_DAY, reads_currencies
from reportspec.sql.ever import CALENDAR, Bounds, ever
from reportspec.sql.fold import Case, aggregated
from reportspec.sql.over_time import (
    bucket_key,
    bucket_moment,
    calendar_bounds,
    calendar_moment,
    calendar_rows,
    moment_of,
    steps,
)
from reportspec.sql.scope import Scope
from reportspec.sql.shared_trees import shared_of
from reportspec.sql.statement import Statement
from reportspec.sql.windows import Window, bare

ORDER_NAME = spelled(Rank())
AS_OF = exp.column(exp.to_identifier("as_of"))  # stocks convert amounts at the rate of the day
REPORTED = exp.column(exp.to_identifier(REPORT_DAY))


def aggregate_statement(binding: Binding, query: AggregateQuery) -> exp.Expr:
    """The statement: its columns are the dimensions (`d0`, `d1`, …), `bucket` if the query has
    any, and a column for each measure and side."""
    query, twins = _without_twins(query)
    statement = Statement(binding)
    selects: list[Part] = []
    for entity, measures in _grouped(binding, query).items():
        selects += _leaf(statement, query, entity[0], measures)
    if query.idle:
        selects.append((_idle(statement, query), [IDLE_NAME, ORDER_NAME]))
    final = inlined(statement.finish(_combined(binding, query, selects)), len(selects))
    final.meta[OUTPUTS] = _outputs(binding, query)
    final.meta[TWINS] = twins
    return final


def _without_twins(query: AggregateQuery) -> tuple[AggregateQuery, dict[str, str]]:
    """The query with each aggregate once, though several metrics are made of it; and for the
    columns of the others, which column is the same."""
    first: dict[tuple[object, ...], Measure] = {}
    twins: dict[str, str] = {}
    for measure in query.measures:
        key = (
            measure.entity,
            measure.aggregate,
            measure.of,
            measure.where,
            measure.anchor,
            measure.percentile,
            _kind(measure),
            measure.ahead,
            measure.keep,
            measure.rate_before,
            measure.at_one_rate,
            measure.regardless,
        )
        same = first.setdefault(key, measure)
        if same is not measure:
            for side in query.sides:
                twins[measure_name(measure, side)] = measure_name(same, side)
    return replace(query, measures=tuple(first.values())), twins


def _kind(measure: Measure) -> str:
    """The unit as far as it matters to SQL: amounts are converted."""
    return "currency" if measure.unit == "currency" else ""


def _outputs(binding: Binding, query: AggregateQuery) -> dict[str, str]:
    """The canonical types of the result's columns."""
    types = {BUCKET_NAME: "integer", IDLE_NAME: "integer", ORDER_NAME: "integer"}
    for index, dimension in enumerate(query.dimensions):
        types[spelled(Member(index))] = "integer" if dimension.bins else dimension.field.type
    for side in query.sides:
        for measure in query.measures:
            types[measure_name(measure, side)] = _output(binding, measure)
    return types


def _output(binding: Binding, measure: Measure) -> str:
    if measure.aggregate in ("count", "distinct") or measure.keep != "value":
        return "integer"
    if measure.aggregate in ("min", "max") and isinstance(measure.of, exp.Column):
        return binding.resolve(measure.entity, path_of(measure.of)).field.type
    return "number"


def _grouped(
    binding: Binding, query: AggregateQuery
) -> dict[tuple[str, exp.Expr | None, exp.Expr | None], list[Measure]]:
    """Measures that share a SELECT: those of one entity and one anchor. Those of another anchor
    would widen its WHERE, and over time its buckets would be others."""
    groups: dict[tuple[str, exp.Expr | None, exp.Expr | None], list[Measure]] = {}
    amounts = any(dimension.field.type == "money" for dimension in query.dimensions)
    for measure in query.measures:
        # Rows are grouped by an amount as the measure converts it.
        rate = _rate_of_rows(binding, measure) if amounts else None
        groups.setdefault((measure.entity, measure.anchor, rate), []).append(measure)
    return groups


def _rate_of(measure: Measure) -> exp.Expr:
    """The time whose rate a measure's amounts are converted by."""
    return REPORTED if measure.at_one_rate else measure.rate_before or measure.anchor or AS_OF


def _rate_of_rows(binding: Binding, measure: Measure) -> exp.Expr:
    """The time whose rate amounts have that rows are told apart by, in conditions and in bins: the one that the metric
    has, so that what stands in a bin lies within its bounds. It is the same for all measures of a metric, and where its
    entity brings amounts that are converted, theirs."""
    if measure.rate_before is not None:
        return measure.rate_before
    if measure.of is None or not money_currencies(binding, measure.entity, measure.of):
        brought = converted_by(binding, measure.entity)
        if brought is not None:
            return brought
    return measure.anchor or AS_OF


def _converts(binding: Binding, measure: Measure, of: exp.Expr) -> bool:
    """Whether the amounts in what a measure adds up are converted: sums of money always, of other
    figures those that would not be the same in every currency."""
    return measure.unit == "currency" or mixes_currencies(binding, measure.entity, of)


def condition_of(scope: Scope, measure: Measure, tree: exp.Expr, moment: Moment) -> exp.Expr:
    """A condition over the rows of a measure; its amounts are those that the measure would add up."""
    if not reads_currencies(scope, tree):
        return scope.compile(tree, moment)
    before = measure.rate_before is not None
    return scope.compile(tree, moment, (), _rate_of_rows(scope.binding, measure), before=before)


def _leaf(statement: Statement, query: AggregateQuery, entity: str, measures: list[Measure]) -> list[Part]:
    """The SELECT of one entity, for both sides if they can share it, else one for each."""
    if len(query.sides) == 2 and not _shareable(statement.binding, query, entity, measures):
        return [_select(statement, query, entity, measures, (side,)) for side in query.sides]
    return [_select(statement, query, entity, measures, query.sides)]


def _shareable(binding: Binding, query: AggregateQuery, entity: str, measures: list[Measure]) -> bool:
    """Whether one row of the entity means the same on both sides."""
    first, second = query.sides
    if query.bucketed and first.start < second.end and second.start < first.end:
        return False
    trial = Statement(binding, dry=True)
    bases = {trial.instance(entity, moment_of(binding, side)) for side in query.sides}
    if len(bases) > 1:
        return False
    scope = Scope(trial, entity, moment_of(binding, first))
    if query.bucketed and measures[0].anchor is None:
        return True
    if query.cut is not None:
        ways = [scope.compile(query.cut, moment_of(binding, side)) for side in query.sides]
        if ways[0] != ways[1]:
            return False
    trees = [
        _dimension(scope, d, moment_of(binding, side), measures[0]) for side in query.sides for d in query.dimensions
    ]
    half = len(query.dimensions)
    return trees[:half] == trees[half:]


def _select(
    statement: Statement,
    query: AggregateQuery,
    entity: str,
    measures: list[Measure],
    sides: tuple[Side, ...],
) -> Part:
    binding = statement.binding
    stock_trend = query.bucketed and measures[0].anchor is None
    scope = Scope(statement, entity, moment_of(binding, sides[0]))
    cases: list[Case] = []
    keys: list[exp.Expr] = []
    if stock_trend:
        moment = calendar_moment(binding, sides[0])
        keys = [_dimension(scope, d, moment, measures[0]) for d in query.dimensions]
        keys.append(column(CALENDAR, BUCKET_NAME))
        for side in sides:
            moment = calendar_moment(binding, side)
            on_side = exp.EQ(this=column(CALENDAR, "side"), expression=literal(side.name))
            cases += [
                case_of(scope, query.conditions, m, side, moment, [on_side, *scope.exists(moment)]) for m in measures
            ]
        cases = _ever_met(cases, calendar_bounds(scope, sides))
    else:
        for side in sides:
            moment = moment_of(binding, side)
            if query.bucketed:
                moment = bucket_moment(scope, measures[0], side, moment)
            if side is sides[0]:
                keys = [_dimension(scope, d, moment, measures[0]) for d in query.dimensions]
            for measure in measures:
                exists = scope.exists(moment_of(binding, side), known=known_there(measure))
                cases.append(case_of(scope, query.conditions, measure, side, moment, exists))
        if query.bucketed:
            keys.append(bucket_key(scope, measures[0], sides))
    names = [spelled(Member(index)) for index in range(len(query.dimensions))]
    names += [BUCKET_NAME] if query.bucketed else []
    calendar = exp.Join(this=calendar_rows(scope, sides), kind="CROSS") if stock_trend else None
    select = aggregated(scope.rows(calendar), list(zip(names, keys, strict=True)), cases, shared_of(binding))
    return select, [case.alias for case in cases]


def _ever_met(cases: Sequence[Case], bounds: Bounds) -> list[Case]:
    """The cases, with what their rows have to meet at whichever instant it is: of what all of them ask, since other
    conditions are asked of the rows that are left."""
    alike = [one for one in cases[0].conditions if all(one in other.conditions for other in cases[1:])]
    asked = [own for one in alike if (own := ever(one, bounds)) is not None and own not in alike]
    return [replace(case, conditions=(*asked, *case.conditions)) for case in cases]


def known_there(measure: Measure) -> bool:
    """Whether a measure's rows were there at its instant, whatever their time of creation says: what happened in the
    window was. Records that came from an older system carry the day of the move."""
    return measure.anchor is not None and not measure.ahead


def case_of(
    scope: Scope,
    common: Sequence[exp.Expr],
    measure: Measure,
    side: Side,
    moment: Moment,
    exists: Sequence[exp.Expr],
) -> Case:
    """A measure on a side over the rows of a scope: its value, and what a row fulfils that counts, of which `common` is
    what holds for all measures, and `exists` that the row is there."""
    window = window_of(scope, measure, side) if measure.anchor is not None else None
    conditions, shared = list(exists), shared_of(scope.binding)
    for condition in (measure.where, *(one for one in common if one not in measure.regardless)):
        if condition is not None:
            conditions += shared.conjuncts(condition_of(scope, measure, condition, moment))
    value = scope.compile_optional(measure.of, moment)
    there: exp.Expr | None = None
    gone: exp.Expr | None = None
    if measure.of is not None and _converts(scope.binding, measure, measure.of):
        before = measure.rate_before is not None
        converted = scope.compile(measure.of, moment, (), _rate_of(measure), before=before)
        if measure.keep == "other_currency":
            there, gone = value, converted
        elif measure.keep == "value":
            value = converted
    if measure.keep in ("missing", "incomplete") and measure.of is not None:
        gone = value
        amount = only_amount(scope.binding, measure.entity, measure.of)
        if amount is not None:
            own_amount = scope.compile(amount, moment)
            there, gone = (None, own_amount) if measure.keep == "missing" else (own_amount, value)
    if measure.keep != "value":
        value = None
    if window is not None:
        # What the window says already, the rest need not ask again.
        left = [window.condition(condition) for condition in conditions]
        conditions = [*window.conditions, *(c for c in left if c is not None)]
        value, there, gone = (None if tree is None else window.value(tree) for tree in (value, there, gone))
    name = measure_name(measure, side)
    return Case(name, measure, value, tuple(conditions), window, there, gone)


def window_of(scope: Scope, measure: Measure, side: Side) -> Window:
    """The anchor lies in [start, end), and before the instant of the report."""
    binding = scope.binding
    assert measure.anchor is not None
    # Measures share most of their windows, and with them what follows.
    key = (measure.anchor, measure.ahead, side.name)
    if key in scope.windows:
        return scope.windows[key]
    anchor = scope.compile(measure.anchor, moment_of(binding, side))
    storage = binding.storage_of(measure.entity, measure.anchor)
    end = instant(side.end, binding.zone)
    if not measure.ahead:
        end = min(end, side.as_of)
    start = scope.instant(instant(side.start, binding.zone), storage)
    until = scope.instant(end, storage)
    known = scope.binding.remembered.setdefault(Window, {})
    made = (id(anchor), id(start), id(until))
    if made not in known:  # they are kept beside their ids, so that nothing else gets those
        known[made] = (Window(bare(anchor, until), start, until, shared_of(binding)), anchor)
    scope.windows[key] = known[made][0]
    return scope.windows[key]


def _dimension(scope: Scope, dimension: Dimension, moment: Moment, measure: Measure | None = None) -> exp.Expr:
    """What rows are grouped by; an amount as the measure would add it up."""
    if dimension.field.type == "money" and measure is not None:
        before = measure.rate_before is not None
        value = scope.converted(dimension.path, _rate_of_rows(scope.binding, measure), moment, before=before)
    else:
        value = scope.field(dimension.path, moment)
    if dimension.key:
        return called_apart(scope, dimension, value, moment)
    if dimension.edges:
        storage = scope.binding.storage(dimension.field.entity, dimension.field.name)
        places = map(literal, range(len(dimension.edges) + 1))
        between = list(zip((*dimension.edges, dimension.edges[-1]), places, strict=True))
        given = exp.Not(this=exp.Is(this=copied(value), expression=exp.Null()))
        return when(given, steps(scope, value, storage, between))
    if not dimension.bins:
        return value
    edges = [*([(ENDS_BEFORE, 0.0)] if dimension.ends_before else []), *enumerate(dimension.bins)]
    ifs = [exp.If(this=exp.LT(this=value, expression=literal(edge)), true=literal(index)) for index, edge in edges]
    known = exp.Not(this=exp.Is(this=value, expression=exp.Null()))
    return exp.Case(ifs=[*ifs, exp.If(this=known, true=literal(len(dimension.bins)))])


def called_apart(scope: Scope, dimension: Dimension, value: exp.Expr, moment: Moment) -> exp.Expr:
    """The name of a member, or what those are called who share theirs."""
    key = scope.field(dimension.key, moment)
    if scope.binding.key_kind(dimension.field.entity, dimension.key[-1]):
        key = cast(key, "VARCHAR")
    if not dimension.called:
        return _with_key(value, key)
    ifs = [
        exp.If(this=exp.EQ(this=copied(key), expression=literal(name)), true=literal(text))
        for name, text in dimension.called
    ]
    return exp.Case(ifs=ifs, default=value)


def _with_key(name: exp.Expr, key: exp.Expr) -> exp.Expr:
    """`Acme (A7)`."""
    for part in (literal(" ("), key, literal(")")):
        name = exp.DPipe(this=name, expression=part, safe=True)
    return name


def _idle(statement: Statement, query: AggregateQuery) -> exp.Select:
    """The dimension's own rows: which of them appear even with nothing to count (`idle__` is 1:
    active people, open stages), and the place of each in the entity's order (`order__`)."""
    assert query.idle is not None
    binding = statement.binding
    entity = binding.entity(query.idle)
    moment = moment_of(binding, query.sides[0])
    scope = Scope(statement, query.idle, moment)
    keys = [_dimension(scope, d, moment) for d in query.dimensions]
    conditions: list[exp.Expr] = []
    for condition in query.idle_conditions:
        conditions += conjuncts(scope.compile(condition, moment))
    select = exp.Select()
    for index, key in enumerate(keys):
        select = select.select(named(key, spelled(Member(index))), copy=False)
    idle = scope.compile_optional(entity.idle_rows, moment) or exp.Boolean(this=True)
    appears: exp.Expr = exp.Max(this=when(idle, literal(1), literal(0)))
    place: exp.Expr = null("BIGINT")
    if entity.order is not None:
        place = exp.Min(this=cast(scope.compile(entity.order, moment), "BIGINT"))
    select = select.select(named(appears, IDLE_NAME), copy=False)
    select = select.select(named(place, ORDER_NAME), copy=False)
    select = scope.attach(select).group_by(*keys, copy=False)
    joined = all_of(conditions)
    return select.where(joined, copy=False) if joined is not None else select


def _combined(binding: Binding, query: AggregateQuery, selects: list[Part]) -> exp.Select:
    keys = [spelled(Member(index)) for index in range(len(query.dimensions))] + (
        [BUCKET_NAME] if query.bucketed else []
    )
    types = {measure_name(m, side): _type(binding, m) for side in query.sides for m in query.measures}
    if query.idle:
        types |= {IDLE_NAME: "BIGINT", ORDER_NAME: "BIGINT"}
    return combined(selects, keys, types, idle=query.idle is not None)


def _type(binding: Binding, measure: Measure) -> str:
    if measure.aggregate in ("count", "distinct") or measure.keep != "value":
        return "BIGINT"
    if measure.aggregate == "sum":
        return EXACT
    if isinstance(measure.of, exp.Column) and measure.aggregate not in ("quantile", "squares"):
        field = binding.resolve(measure.entity, path_of(measure.of)).field
        return TYPES[field.type]
    return "DOUBLE"
