"""Sections become queries: which aggregates over which entities, for which stretches of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlglot import exp

from reportspec.calendar import buckets, instant
from reportspec.expression.sandbox import column_nodes, parse, path_of
from reportspec.model.columns import Aggregated, Part, Rank
from reportspec.model.domain import Entity, Metric
from reportspec.model.query import AggregateQuery, Measure, Query, RecordsQuery, Side
from reportspec.model.spec import EACH, Backtest, Each, Highlights, Report, SectionSpec
from reportspec.resolve.binding import Binding, Unresolved, metrics_needed, parts
from reportspec.resolve.currencies import money_currencies, only_amount

ADDITIVE = ("count", "sum", "average", "min", "max")
TARGETS = "targets of goals"  # the section that their query belongs to
MOST_TARGETS = 100_000
CONVERTED = "__converted"  # behind the name of an amount that also stands in its own currency
FEWEST_BUCKETS = 3  # fewer make no sparkline


def plan(report: Report) -> tuple[Query, ...]:
    """All queries of a report, in the order of its sections."""
    found = [query for section in report.sections for query in section_queries(report, section)]
    if any(goal.table for goal in report.goals.values()):
        found.append(targets_query(report))
    if report.each is not None:
        found = [_for_each(report.binding, report.each, query) for query in found]
    return tuple(found)


def _for_each(binding: Binding, each: Each, query: Query) -> Query:
    """The query without rows that belong to no value, such as people who have nothing to count."""
    if isinstance(query, AggregateQuery):
        if query.idle and each.condition not in query.idle_conditions:
            order = _order_of(binding, query)
            measures = (*query.measures, *order)
            query = replace(query, measures=measures, idle=None, idle_conditions=())
        return replace(query, cut=each.condition)
    if query.section == TARGETS and isinstance(query, RecordsQuery):
        own = exp.column(exp.to_identifier("value"), table=exp.to_identifier("goal"))
        mine = exp.EQ(this=own, expression=exp.Literal.string(EACH))
        return replace(query, conditions=(*query.conditions, mine))
    return query


def _order_of(binding: Binding, query: AggregateQuery) -> tuple[Measure, ...]:
    """The place of each row in the order of its entity, which rows of that entity would bring; a
    column for each SELECT that there will be."""
    assert query.idle is not None
    tree = binding.entity(query.idle).order
    found: dict[tuple[str, exp.Expr | None], Measure] = {}
    for one in query.measures if tree is not None else ():
        try:
            binding.need_tree(one.entity, tree)
        except Unresolved:
            continue
        order = Measure(Rank(len(found)), one.entity, "min", tree, None, one.anchor, ahead=one.ahead)
        found.setdefault((one.entity, one.anchor), order)
    return tuple(found.values())


def targets_query(report: Report) -> RecordsQuery:
    """The rows of the source's table of targets."""
    names = ("metric", "dimension", "value", "starts_on", "ends_on", "target")
    fields = tuple((f"goal.{name}", ("goal", name)) for name in names)
    wanted = [name for name, goal in report.goals.items() if goal.table]
    metric = exp.column(exp.to_identifier("metric"), table=exp.to_identifier("goal"))
    among = exp.In(this=metric, expressions=[exp.Literal.string(name) for name in wanted])
    return RecordsQuery(TARGETS, "goal", fields, report.sides[0], (among,), (), MOST_TARGETS)


def section_queries(report: Report, section: SectionSpec) -> tuple[Query, ...]:
    """The queries that a section's figures need."""
    if section.kind == "text":
        return ()
    conditions = (*report.conditions, *section.conditions)
    if section.kind == "records":
        fields, raw = record_fields(report.binding, section)
        return (
            RecordsQuery(
                section.id,
                section.entity,
                fields,
                report.sides[0],
                conditions,
                section.record_sort,
                section.limit,
                raw=raw,
            ),
        )
    if section.backtest is not None:
        return _backtest(report, section.id, section.backtest, conditions)
    if section.highlights is not None:
        return _highlights(report, section.id, section.highlights, conditions)
    needed = _aggregates(report.binding, section.metrics)
    if not needed:
        return ()
    measures = tuple(m for metric in needed for m in measures_of(report.binding, metric))
    idle, idle_conditions = _idle(report, section, conditions)
    sides = _bucketed(report, section) if section.kind == "trend" else report.sides
    found: list[Query] = [
        AggregateQuery(section.id, "figures", section.dimensions, measures, sides, conditions, idle, idle_conditions)
    ]
    if section.subtotals:
        found.append(
            AggregateQuery(section.id, "subtotals", section.dimensions[:1], measures, report.sides, conditions)
        )
    if section.dimensions or section.kind == "trend":
        compared = _aggregates(report.binding, tuple(m for m in section.metrics if _reads_total(report.binding, m)))
        if asked := needed if section.totals else compared:
            again = [m for m in asked if m.aggregate not in ADDITIVE or _is_stock_trend(section, m)]
            if again:
                measures = tuple(m for metric in again for m in measures_of(report.binding, metric))
                found.append(AggregateQuery(section.id, "totals", (), measures, report.sides, conditions))
    if section.kind == "kpis":
        sparks = spark_sides(report)
        drawable = tuple(m for m in needed if can_trend(report.binding, m, conditions) and not m.ahead)
        if sparks and drawable:
            values = tuple(
                m
                for metric in drawable
                for m in measures_of(report.binding, metric)
                if m.keep == "value" or (isinstance(m.column, Aggregated) and m.column.part == "unknown")
            )
            found.append(AggregateQuery(section.id, "buckets", (), values, sparks, conditions))
    return tuple(found)


def record_fields(
    binding: Binding, section: SectionSpec
) -> tuple[tuple[tuple[str, tuple[str, ...]], ...], frozenset[str]]:
    """The columns of a list of records, by name and path, and which of them are amounts in their own
    currency. Beside its currency an amount is one, and stands in the report's as well."""
    there = {path for _, path in section.fields}
    beside: dict[str, tuple[str, ...]] = {}  # the currencies of amounts that stand beside theirs
    for name, path in section.fields:
        currency = (*path[:-1], binding.resolve(section.entity, path).field.currency or "")
        if binding.currency and currency in there:
            beside[name] = currency
    columns: list[tuple[str, tuple[str, ...]]] = []
    waiting: list[tuple[str, tuple[str, ...]]] = []
    for index, (name, path) in enumerate(section.fields):
        columns.append((name, path))
        if name in beside:
            waiting.append((f"{name}{CONVERTED}", path))
        # An amount, its currency, what it comes to: in this order where they stand together.
        following = section.fields[index + 1 : index + 2]
        if not following or following[0][1] not in beside.values():
            columns, waiting = [*columns, *waiting], []
    return tuple(columns), frozenset(beside)


def _measures(report: Report, *metrics: Metric) -> tuple[Measure, ...]:
    needed = _aggregates(report.binding, metrics)
    return tuple(m for metric in needed for m in measures_of(report.binding, metric))


def _backtest(report: Report, name: str, backtest: Backtest, conditions: tuple[exp.Expr, ...]) -> tuple[Query, ...]:
    """Each past period twice: as it was known when it began, and when it was over."""
    zone = report.binding.zone
    found: list[Query] = []
    for index, period in enumerate(backtest.periods):
        start, end = instant(period.start, zone), instant(period.end, zone)
        for purpose, metric, at in (
            ("then", backtest.metric, start),
            ("came", backtest.against, end),
        ):
            side = Side("current", period.start, period.end, at)
            measures = _measures(report, metric)
            found.append(AggregateQuery(name, f"{purpose} {index}", (), measures, (side,), conditions))
    return tuple(found)


def _highlights(report: Report, name: str, spec: Highlights, conditions: tuple[exp.Expr, ...]) -> tuple[Query, ...]:
    found: list[Query] = []
    if spec.metrics:
        measures = _measures(report, *spec.metrics)
        found.append(AggregateQuery(name, "figures", (), measures, report.sides, conditions))
    for kind, comparisons in (("compare", spec.compare), ("share", spec.shares)):
        for index, one in enumerate(comparisons):
            metrics = (one.metric, one.beside) if one.beside is not None else (one.metric,)
            measures, sides = _measures(report, *metrics), report.sides[:1]
            measures += _squares(report.binding, measures)
            by = (one.dimension,)
            found.append(AggregateQuery(name, f"{kind} {index}", by, measures, sides, conditions))
            found.append(AggregateQuery(name, f"{kind} {index} total", (), measures, sides, conditions))
    return tuple(found)


def _squares(binding: Binding, measures: Iterable[Measure]) -> tuple[Measure, ...]:
    """Beside the sum of each average the sum of squares: both say how far its values lie apart."""
    metrics = binding.catalogue.metrics
    return tuple(
        replace(measure, column=Aggregated(measure.metric, "squares"), aggregate="squares")
        for measure in measures
        if measure.aggregate == "sum" and metrics[measure.metric].aggregate == "average"
    )


def _reads_total(binding: Binding, metric: Metric) -> bool:
    """Whether a metric compares a row with all rows, so that it needs the total, shown or not."""
    if metric.kind in ("share", "relative"):
        return True
    metrics = binding.catalogue.metrics
    return any(_reads_total(binding, metrics[name]) for name in parts(metric))


def _is_stock_trend(section: SectionSpec, metric: Metric) -> bool:
    return section.kind == "trend" and metric.time is None


def _aggregates(binding: Binding, metrics: tuple[Metric, ...]) -> list[Metric]:
    found: dict[str, Metric] = {}
    for metric in metrics:
        for part in metrics_needed(binding.catalogue, metric):
            found[part.id] = part
    return list(found.values())


def measures_of(binding: Binding, metric: Metric) -> tuple[Measure, ...]:
    """The columns that an aggregate metric is computed from: its value (a sum and a count for an
    average), the count of rows behind it, and what was left out of an amount."""

    def measure(part: Part, aggregate: str, of: exp.Expr | None, keep: str = "value") -> Measure:
        return Measure(
            Aggregated(metric.id, part),
            metric.entity,
            aggregate,  # type: ignore[arg-type]
            of,
            metric.where,
            metric.time,
            metric.percentile,
            metric.unit,
            metric.ahead,
            keep,  # type: ignore[arg-type]
            metric.rate_before,
        )

    match metric.aggregate:
        case "count":
            counted = measure("value", "count", metric.of)
            if metric.of is not None and money_currencies(binding, metric.entity, metric.of):
                # Amounts that are counted are those that would be added up: with a rate.
                counted = replace(counted, unit="currency")
            return (counted,)
        case "count_distinct":
            return (measure("value", "distinct", metric.of), measure("n", "count", metric.of))
        case "average":
            found = [measure("sum", "sum", metric.of), measure("n", "count", metric.of)]
        case "median" | "percentile":
            found = [measure("value", "quantile", metric.of), measure("n", "count", metric.of)]
        case _:
            found = [measure("value", metric.aggregate, metric.of), measure("n", "count", metric.of)]
    if metric.unit == "currency":
        found.append(measure("missing", "count", metric.of, "missing"))
        assert metric.of is not None
        if binding.currency and money_currencies(binding, metric.entity, metric.of):
            found.append(measure("other_currency", "count", metric.of, "other_currency"))
        if only_amount(binding, metric.entity, metric.of) is not None:
            incomplete = measure("incomplete", "count", metric.of, "incomplete")
            found.append(incomplete)
            ended = _ended_since(binding, metric)
            if ended is not None:
                where = exp.and_(metric.where, ended) if metric.where is not None else ended
                found.append(replace(incomplete, column=Aggregated(metric.id, "unknown"), where=where))
    elif metric.aggregate == "sum" and metric.of is not None and not _null_on_purpose(metric.of):
        found.append(measure("missing", "count", metric.of, "missing"))
    return tuple(found)


def _null_on_purpose(tree: exp.Expr) -> bool:
    """Whether an expression chooses what counts: a row of which it makes null is not one that lacks a value."""
    return tree.find(exp.Case, exp.If, exp.Nullif) is not None


def _ended_since(binding: Binding, metric: Metric) -> exp.Expr | None:
    """Whether a record was closed after the report's date: what it was before is not known where
    the source has no history."""
    entity = without_history(binding, metric)
    if entity is None:
        return None
    records = [r.name for r in entity.relations.values() if r.today and r.to == entity.name]
    event = next((f.as_of.event for f in entity.fields.values() if f.as_of), None)
    if not records or event is None or binding.mapped(entity.name, event) is None:
        return None
    steps = [metric.entity, records[0], event]
    if metric.entity != entity.name:
        relations = binding.entity(metric.entity).relations.values()
        steps[1:1] = [r.name for r in relations if r.to == entity.name and not r.today][:1]
    return parse(f"{'.'.join(steps)} is not null", packaged=True)


def without_history(binding: Binding, metric: Metric) -> Entity | None:
    """The entity whose past states a metric asks for, where the source has no history of them."""
    if metric.time is not None and not metric.ahead:
        return None
    entity = binding.entity(metric.entity)
    if entity.derived is not None and not entity.derived.group_by:
        entity = binding.entity(entity.derived.source)
    return entity if entity.history and not binding.has_history(entity) else None


def _bucketed(report: Report, section: SectionSpec) -> tuple[Side, ...]:
    periods = (report.period, report.compare)
    return tuple(
        replace(side, buckets=buckets(period, section.grain, report.project.fiscal))
        for side, period in zip(report.sides, periods, strict=False)
        if period is not None
    )


def spark_sides(report: Report) -> tuple[Side, ...]:
    """The current side in buckets for sparklines, or nothing where the period is too short."""
    from reportspec.calendar import default_grain

    grain = {"year": "month", "quarter": "week", "month": "week", "week": "day"}.get(
        report.period.kind, default_grain(report.period)
    )
    made = buckets(report.period, grain, report.project.fiscal)
    if len(made) < FEWEST_BUCKETS:
        return ()
    return (replace(report.sides[0], buckets=made),)


def can_trend(
    binding: Binding,
    metric: Metric,
    conditions: Iterable[exp.Expr] = (),
    by: Iterable[tuple[str, ...]] = (),
) -> bool:
    """Whether a metric can be shown over time: a stock that reads an entity which is itself made
    as of one instant cannot, be it for its own sake, for a condition or for a field that it is
    grouped `by`."""
    from reportspec.resolve.moments import varies_with_moment

    if metric.time is not None:
        return True
    entities = {metric.entity}
    trees = [t for t in (metric.of, metric.where, *conditions) if t is not None]
    for path in (*(path_of(node) for tree in trees for node in column_nodes(tree)), *by):
        if len(path) > 1:
            at = metric.entity
            for step in binding.resolve(metric.entity, path).steps:
                at = binding.entity(at).relations[step].to
                entities.add(at)
    return not any(binding.entity(name).derived is not None and varies_with_moment(binding, name) for name in entities)


def _idle(
    report: Report, section: SectionSpec, conditions: tuple[exp.Expr, ...]
) -> tuple[str | None, tuple[exp.Expr, ...]]:
    """The entity whose rows appear even with nothing to count, and the filters that it obeys:
    those that only name fields of it."""
    if len(section.dimensions) != 1 or section.dimensions[0].bins or section.kind == "trend":
        return None, ()
    entity = section.dimensions[0].field.entity
    binding = report.binding
    if binding.entity(entity).idle_rows is None or not binding.has_entity(entity):
        return None, ()
    try:
        binding.need_tree(entity, binding.entity(entity).idle_rows)
    except Unresolved:
        return None, ()
    if section.dimensions[0].path[:-1] != (entity,):
        return None, ()  # another role of the entity: who may stand idle there is not known
    own = []
    for condition in conditions:
        try:
            binding.need_tree(entity, condition)
        except Unresolved:
            continue
        if all(path_of(n)[0] == entity for n in column_nodes(condition)):
            own.append(condition)
    return entity, tuple(own)
