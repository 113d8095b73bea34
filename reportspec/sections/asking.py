"""The queries of sections that show metrics: their rows, and what has to be asked again over all of them."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from reportspec.calendar import buckets
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.measures.answers import for_second
from reportspec.measures.asked import ADDITIVE, aggregates, measures, measures_of, reads_total
from reportspec.model.domain import Metric
from reportspec.model.query import AggregateQuery, Dimension, Measure, Query, Side
from reportspec.model.spec import Report, SectionSpec
from reportspec.resolve.binding import Unresolved


def conditions_of(report: Report, spec: SectionSpec) -> tuple[exp.Expr, ...]:
    """What all rows of a section fulfil."""
    return (*report.conditions, *spec.conditions)


def rows_query(
    report: Report,
    spec: SectionSpec,
    sides: tuple[Side, ...],
    *,
    idle: bool = False,
    beside: tuple[Dimension, ...] = (),
) -> tuple[Query, ...]:
    """The query of a section's rows; with `idle` also the members of its only dimension of which nothing is counted.
    What these have `beside` them is told too. None where its metrics need none."""
    asked_measures = measures(report, *spec.metrics)
    if sides[0].buckets:  # what is of one instant is no part of a step: it is asked for the whole
        asked_measures = tuple(m for m in asked_measures if not _of_one_instant(report, m))
    if not asked_measures:
        return ()
    conditions = conditions_of(report, spec)
    entity, idle_conditions = _idle(report, spec, conditions) if idle else (None, ())
    return (
        AggregateQuery(
            spec.id, "figures", (*spec.dimensions, *beside), asked_measures, sides, conditions, entity, idle_conditions
        ),
    )


def totals_query(report: Report, spec: SectionSpec, *, shown: bool, over_time: bool = False) -> tuple[Query, ...]:
    """The query of what does not add up over a section's rows, where its totals are `shown` or a metric compares
    its rows with them. Stocks `over_time` do not add up either, nor does what metrics over time say of one instant."""
    binding = report.binding
    metrics_asked = spec.metrics if shown else tuple(metric for metric in spec.metrics if reads_total(binding, metric))

    def again(part: Metric) -> bool:
        return part.aggregate not in ADDITIVE or (over_time and part.time is None)

    again_measures = tuple(
        m for part in aggregates(binding, metrics_asked) if again(part) for m in measures_of(binding, part)
    )
    if over_time:
        again_measures += tuple(m for m in measures(report, *spec.metrics) if _of_one_instant(report, m))
    if not again_measures:
        return ()
    return (AggregateQuery(spec.id, "totals", (), again_measures, report.sides, conditions_of(report, spec)),)


def _of_one_instant(report: Report, measure: Measure) -> bool:
    """Whether a measure says of a metric over time what there was at the report's date alone."""
    return measure.anchor is None and bool(measure.metric) and report.binding.catalogue.metrics[measure.metric].ahead


def also_second(report: Report, queries: tuple[Query, ...], grain: str = "") -> tuple[Query, ...]:
    """Queries with those that ask the same of the second period that the report is compared with, if it is with two:
    for each that asks of the first a statement of its own, which is as it would be for that period alone. Of those that
    ask by steps, `grain` says which."""
    second = report.second
    if second is None:
        return queries
    stretches = buckets(second.period, grain, report.project.fiscal) if grain else ()
    asked = [query for query in queries if isinstance(query, AggregateQuery) and len(query.sides) > 1]
    besides = (
        replace(
            query,
            purpose=for_second(query.purpose),
            sides=(replace(second.side, buckets=stretches if query.bucketed else ()),),
            idle=None,
            idle_conditions=(),
        )
        for query in asked
    )
    return (*queries, *besides)


def _idle(
    report: Report, spec: SectionSpec, conditions: tuple[exp.Expr, ...]
) -> tuple[str | None, tuple[exp.Expr, ...]]:
    """The entity whose rows appear even with nothing to count, and the filters that it obeys:
    those that only name fields of it."""
    if len(spec.dimensions) != 1 or spec.dimensions[0].bins:
        return None, ()
    entity = spec.dimensions[0].field.entity
    binding = report.binding
    if binding.entity(entity).idle_rows is None or not binding.has_entity(entity):
        return None, ()
    try:
        binding.need_tree(entity, binding.entity(entity).idle_rows)
    except Unresolved:
        return None, ()
    if spec.dimensions[0].path[:-1] != (entity,):
        return None, ()  # another role of the entity: who may stand idle there is not known
    parts = []
    for condition in conditions:
        try:
            binding.need_tree(entity, condition)
        except Unresolved:
            continue
        if all(path_of(n)[0] == entity for n in column_nodes(condition)):
            parts.append(condition)
    return entity, tuple(parts)
