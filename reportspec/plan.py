"""What a report asks of its source: the queries of its sections, in their order."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from reportspec.measures.caveats import before_query, caveats_query, within_queries
from reportspec.measures.unknown_states import of_filters
from reportspec.model.column_ids import Rank
from reportspec.model.query import AggregateQuery, Measure, Query, RecordsQuery
from reportspec.model.spec import EACH, Each, Report
from reportspec.resolve.binding import Binding, Unresolved
from reportspec.sections.asking import also_second
from reportspec.sections.registry import BY_NAME

TARGETS = "targets of goals"  # the section that their query belongs to
MOST_TARGETS = 100_000


def plan(report: Report) -> tuple[Query, ...]:
    """All queries of a report, in the order of its sections."""
    queries = [query for spec in report.sections for query in BY_NAME[spec.kind].queries(report, spec)]
    if any(goal.table for goal in report.goals.values()):
        queries.append(targets_query(report))
    caveats = tuple(query for query in (caveats_query(report), before_query(report)) if query is not None)
    queries += also_second(report, (*caveats, *within_queries(report, queries)))
    if any(side.as_of < report.known for side in report.all_sides):
        queries = [of_filters(report.binding, one) if isinstance(one, AggregateQuery) else one for one in queries]
    if report.each is not None:
        queries = [_for_each(report.binding, report.each, query) for query in queries]
    return tuple(queries)


def _for_each(binding: Binding, each: Each, query: Query) -> Query:
    """The query without rows that belong to no value, such as people who have nothing to count."""
    if isinstance(query, AggregateQuery):
        if query.idle and each.condition not in query.idle_conditions:
            order = _order_of(binding, query)
            measures = (*query.measures, *order)
            query = replace(query, measures=measures, idle=None, idle_conditions=())
        return replace(query, cut=each.condition)
    if query.section == TARGETS and isinstance(query, RecordsQuery):
        targets = binding.catalogue.targets
        member = exp.column(exp.to_identifier(targets.value), table=exp.to_identifier(targets.entity))
        mine = exp.EQ(this=member, expression=exp.Literal.string(EACH))
        return replace(query, conditions=(*query.conditions, mine))
    return query


def _order_of(binding: Binding, query: AggregateQuery) -> tuple[Measure, ...]:
    """The place of each row in the order of its entity, which rows of that entity would bring; a
    column for each SELECT that there will be."""
    assert query.idle is not None
    tree = binding.entity(query.idle).order
    measures: dict[tuple[str, exp.Expr | None], Measure] = {}
    for measure in query.measures if tree is not None else ():
        try:
            binding.need_tree(measure.entity, tree)
        except Unresolved:
            continue
        order = Measure(Rank(len(measures)), measure.entity, "min", tree, None, measure.anchor, ahead=measure.ahead)
        measures.setdefault((measure.entity, measure.anchor), order)
    return tuple(measures.values())


def targets_query(report: Report) -> RecordsQuery:
    """The rows of the source's table of targets."""
    targets = report.binding.catalogue.targets
    fields = tuple((f"{targets.entity}.{name}", (targets.entity, name)) for name in targets.fields)
    wanted = [name for name, goal in report.goals.items() if goal.table]
    metric = exp.column(exp.to_identifier(targets.metric), table=exp.to_identifier(targets.entity))
    among = exp.In(this=metric, expressions=[exp.Literal.string(name) for name in wanted])
    return RecordsQuery(TARGETS, targets.entity, fields, report.sides[0], (among,), (), MOST_TARGETS)
