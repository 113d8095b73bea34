"""What is wrong with the very rows that a report's figures are made of, counted within its filters and its periods.

A check of an audit says which metrics it endangers. One query asks, for all figures of a report, how many rows fail the
checks of severity error that endanger them. Where rows without an amount are left out of a sum, it asks by what their
amounts go (`estimate_by` of the check), so that it can be said what they would add at the mean of those like them. The
same query asks what figures take from a history (`stand_ins.py`), and which rows what they are made of leaves out
(`left_out.py`). A section with conditions of its own has a query of its own for the figures that stand in no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import TypeVar

from sqlglot import exp

from reportspec.expression.sandbox import WRITTEN, column_nodes, path_of
from reportspec.expression.trees import all_of, copied
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.answers import Answers
from reportspec.measures.asked import measures_of
from reportspec.measures.known import reason_known
from reportspec.measures.left_out import AskedOut, LeftOut, asked_left_out, left_out_of
from reportspec.measures.stand_ins import Asked, StandIn, asked_stand_ins, asked_states, stand_ins_of
from reportspec.model.audits import AuditCheck
from reportspec.model.column_ids import Aggregated, Row, SideName, Tally, on_side
from reportspec.model.domain import Metric
from reportspec.model.query import AggregateQuery, Dimension, Measure, Query
from reportspec.model.spec import Report
from reportspec.resolve.anchors import over_a_period
from reportspec.resolve.audit_conditions import asked_of, need_check
from reportspec.resolve.binding import INSTANTS, Binding, Unresolved, metrics_needed
from reportspec.resolve.currencies import mixes_currencies

T = TypeVar("T", Asked, AskedOut)
Failed = tuple[tuple[AuditCheck, SideName, int], ...]  # checks that rows of a figure fail on a side, and how many do

CAVEATS = "caveats of figures"  # the section that their query belongs to
_WITHIN = "caveats"  # what the query of a section with conditions of its own is for
# Checks of other kinds ask more of a database than conditions, or look at rows beyond the report's.
_OF_ROWS = ("broken", "not_null", "accepted_values", "range")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the rows that a sum leaves out for want of an amount would add: `missing` of them, at the mean of those with
    the same in `by`, or of all others where there is none such."""

    missing: int
    amount: float
    by: str


@dataclass(frozen=True, slots=True)
class Caveats:
    """How many rows fail a check that endangers a figure, by metric and the side on which they do (what fails on the
    report's own is not told of others as well), and the same `within` sections with conditions of their own; estimates
    by the aggregate that leaves rows out, and the side; and what the history stands in for, and rows that are left out,
    by metric."""

    failed: Mapping[str, Failed] = field(default_factory=dict)
    within: Mapping[str, Mapping[str, Failed]] = field(default_factory=dict)
    estimates: Mapping[tuple[str, SideName], Estimate] = field(default_factory=dict)
    stand_ins: Mapping[str, tuple[StandIn, ...]] = field(default_factory=dict)
    left_out: Mapping[str, tuple[LeftOut, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Rows that fail a check, of those that a metric shown is made of; `part` is the aggregate that they belong to,
    where it is one that leaves them out of a sum."""

    metric: str
    check: AuditCheck
    measure: Measure
    part: Metric | None = None


def caveats_query(report: Report) -> AggregateQuery | None:
    """The query of a report's caveats; None where no check endangers its figures, and no history stands in. It asks of
    the period that the report is compared with as well, since a change is no better than what it is a change from."""
    doubts = _doubts(report)
    by = _estimate_by(report.binding, doubts)
    stand_ins = _grouped(report.binding, by, _of_history(report))
    out = _grouped(report.binding, by, asked_left_out(report))
    if not doubts and not stand_ins and not out:
        return None
    summed = [doubt.part for doubt in doubts if doubt.part is not None]
    measures = {doubt.measure.column: doubt.measure for doubt in doubts if doubt.part is None}
    for part in summed:
        wanted = ("value", "n", "missing")
        own = (one for one in measures_of(report.binding, part) if one.column.part in wanted)  # type: ignore[union-attr]
        measures |= {one.column: one for one in own}
    measures |= {measure.column: measure for asked in stand_ins for measure in asked.measures}
    measures |= {measure.column: measure for asked in out for measure in asked.measures}
    dimensions = (_dimension(report.binding, by),) if by else ()
    return AggregateQuery(CAVEATS, "figures", dimensions, tuple(measures.values()), report.sides, report.conditions)


def _of_history(report: Report) -> tuple[Asked, ...]:
    """What is asked of histories for the report's own period: states of then, if it is one of the past."""
    states = asked_states(report) if report.reached < report.known else ()
    return (*asked_stand_ins(report), *states)


def before_query(report: Report) -> AggregateQuery | None:
    """The query of what a history does not have of the states of the period that the report is compared with; None
    where no figure goes by them."""
    asked = asked_states(report) if len(report.sides) > 1 else ()
    if not asked:
        return None
    measures = {measure.column: measure for one in asked for measure in one.measures}
    return AggregateQuery(CAVEATS, "before", (), tuple(measures.values()), report.sides[1:2], report.conditions)


def within_queries(report: Report, queries: Iterable[Query]) -> tuple[AggregateQuery, ...]:
    """The queries of what is wrong with the rows of sections with conditions of their own: of those figures which stand
    in no section that shows all rows of the report. `queries` are those of the sections."""
    asked = {one.section: one for one in queries if isinstance(one, AggregateQuery) and one.purpose == "figures"}
    own = {spec.id: asked[spec.id] for spec in report.sections if spec.id in asked}
    found = []
    for name, metrics in _told_within(report, own).items():
        conditions = own[name].conditions
        doubts = [
            one for one in _counted_of(report, metrics) if _serves(report.binding, one.measure.entity, conditions)
        ]
        if doubts:
            measures = {doubt.measure.column: doubt.measure for doubt in doubts}
            found.append(AggregateQuery(name, _WITHIN, (), tuple(measures.values()), report.sides, conditions))
    return tuple(found)


def _serves(binding: Binding, entity: str, conditions: Iterable[exp.Expr]) -> bool:
    """Whether what conditions ask for is known of an entity's rows: those of a section are of what it shows alone."""
    try:
        for tree in conditions:
            binding.need_tree(entity, tree)
    except Unresolved:
        return False
    return True


def shows_all(report: Report, query: AggregateQuery) -> bool:
    """Whether a section's query is of all rows of the report's period."""
    return query.sides[:1] == report.sides[:1] and query.conditions == report.conditions


def _told_within(report: Report, asked: Mapping[str, AggregateQuery]) -> Mapping[str, tuple[Metric, ...]]:
    """The metrics of each section with conditions of its own that no section shows of all rows."""
    specs = [spec for spec in report.sections if spec.id in asked and asked[spec.id].sides[:1] == report.sides[:1]]
    all_rows = {spec.id for spec in specs if shows_all(report, asked[spec.id])}
    whole = {metric.id for spec in specs if spec.id in all_rows for metric in spec.metrics}
    return {
        spec.id: tuple(metric for metric in spec.metrics if metric.id not in whole)
        for spec in specs
        if spec.id not in all_rows
    }


def _counted_of(report: Report, metrics: Iterable[Metric]) -> tuple[_Doubt, ...]:
    return tuple(doubt for doubt in _doubts(report, metrics) if doubt.part is None)


def _failed_within(report: Report, answers: Answers) -> Mapping[str, Mapping[str, Failed]]:
    asked = {spec.id: answers.aggregate(spec.id) for spec in report.sections}
    own = {name: query for name, query in asked.items() if query is not None}
    sides = [side.name for side in report.all_sides]
    return {
        name: _told(_failed(_counted_of(report, metrics), answers.rows(name, _WITHIN), sides))
        for name, metrics in _told_within(report, own).items()
        if (name, _WITHIN) in answers
    }


def _told_before(report: Report, answers: Answers) -> Mapping[str, tuple[StandIn, ...]]:
    if (CAVEATS, "before") not in answers:
        return {}
    return stand_ins_of(asked_states(report), answers.rows(CAVEATS, "before"), report.sides[1].name)


def caveats_of(report: Report, answers: Answers) -> Caveats:
    """What the query gave."""
    before, within = _told_before(report, answers), _failed_within(report, answers)
    if (CAVEATS, "figures") not in answers:
        return Caveats(within=within, stand_ins=before)
    rows = answers.rows(CAVEATS)
    estimates: dict[tuple[str, SideName], Estimate] = {}
    doubts, sides = _doubts(report), [side.name for side in report.all_sides]
    by = _estimate_by(report.binding, doubts)
    for doubt in doubts:
        if doubt.part is not None:
            for side in sides:
                estimate = _estimated(doubt.part, rows, by, side)
                if estimate is not None:
                    estimates[doubt.part.id, side] = estimate
    told = _told(_failed((doubt for doubt in doubts if doubt.part is None), rows, sides))
    stand_ins = stand_ins_of(_grouped(report.binding, by, _of_history(report)), rows)
    out = left_out_of(_grouped(report.binding, by, asked_left_out(report)), rows, sides)
    both = {name: (*stand_ins.get(name, ()), *before.get(name, ())) for name in (*stand_ins, *before)}
    return Caveats(told, within, estimates, both, out)


def _failed(
    doubts: Iterable[_Doubt], rows: Sequence[Row], sides: Iterable[SideName]
) -> dict[tuple[str, SideName], dict[str, tuple[AuditCheck, SideName, int]]]:
    """By metric and side the checks that rows fail, with how many do."""
    failed: dict[tuple[str, SideName], dict[str, tuple[AuditCheck, SideName, int]]] = {}
    sides = tuple(sides)
    for doubt in doubts:
        for side in sides:
            count = int(_added(rows, doubt.measure, side))
            known = failed.setdefault((doubt.metric, side), {})
            if count > (known[doubt.check.id][2] if doubt.check.id in known else 0):
                known[doubt.check.id] = (doubt.check, side, count)
    return failed


def _added(rows: Iterable[Row], measure: Measure, side: SideName) -> float:
    column = on_side(measure.column, side)
    return sum(float(row.get(column) or 0) for row in rows)


def _told(
    failed: Mapping[tuple[str, SideName], Mapping[str, tuple[AuditCheck, SideName, int]]],
) -> Mapping[str, Failed]:
    """By metric, what fails in the report's own period, and what does in one that it is compared with alone."""
    found: dict[str, list[tuple[AuditCheck, SideName, int]]] = {}
    for (metric, side), checks in failed.items():
        own = failed.get((metric, "current"), {}) if side != "current" else {}
        found.setdefault(metric, []).extend(one for name, one in checks.items() if name not in own)
    return {metric: tuple(ones) for metric, ones in found.items() if ones}


def _grouped(binding: Binding, by: str, asked: Iterable[T]) -> tuple[T, ...]:
    """Of what is asked of rows, that of entities that have the field by which amounts are estimated, if one is."""
    return tuple(one for one in asked if not by or binding.serves(one.count.entity, tuple(by.split("."))))


def _estimated(part: Metric, rows: Iterable[Row], by: str, side: SideName) -> Estimate | None:
    """What the amounts that are missing on a side would add, each at the mean of the rows of its own group, or of all
    where that has none."""
    groups = [
        tuple(float(row.get(Aggregated(part.id, name, side)) or 0) for name in ("missing", "value", "n"))
        for row in rows
    ]
    missing, total, count = (sum(group[at] for group in groups) for at in range(3))
    if not missing or not count:
        return None
    means = (lost * (value / n if n else total / count) for lost, value, n in groups)
    return Estimate(int(missing), sum(means), by)


def _doubts(report: Report, metrics: Iterable[Metric] | None = None) -> tuple[_Doubt, ...]:
    """The rows to be counted, of each metric that the report shows, or of those given."""
    binding, found = report.binding, dict[tuple[str, str, str], _Doubt]()
    settings = report.project.checks
    shown = metrics if metrics is not None else (metric for spec in report.sections for metric in spec.metrics)
    for metric in {metric.id: metric for metric in shown}.values():
        parts = metrics_needed(binding.catalogue, metric)
        names = dict.fromkeys(known for one in (metric, *parts) for known in (one.id, one.family))
        for name in dict.fromkeys(check for one in names for check in binding.catalogue.endangering(one)):
            check = binding.catalogue.audits[name]
            if reason_known(settings, check) or not _can_be_counted(binding, check):
                continue
            for doubt in _of_check(binding, metric, parts, check):
                found.setdefault((metric.id, name, str(doubt.measure.column)), doubt)
    return tuple(found.values())


def _can_be_counted(binding: Binding, check: AuditCheck) -> bool:
    """Whether a check is of severity error, and a plain condition on a row's own fields that the source gives."""
    trees = [tree for tree in (check.when, check.broken, *check.of) if tree is not None]
    if check.severity != "error" or check.kind not in _OF_ROWS:
        return False
    if any(tree.find(exp.Window, exp.RegexpLike) is not None for tree in trees):
        return False
    if any(len(path_of(node)) > 2 for tree in trees for node in column_nodes(tree)):
        return False
    try:
        need_check(binding, check)
    except Unresolved:
        return False
    # What people compare with amounts of several currencies is to be converted, which a condition here is not.
    asked = asked_of(binding, check) if any(WRITTEN in tree.meta for tree in trees) else None
    compared = [tree for tree in (asked.when, asked.broken) if tree is not None] if asked is not None else []
    return not any(mixes_currencies(binding, check.entity, tree) for tree in compared)


def _of_check(binding: Binding, metric: Metric, parts: tuple[Metric, ...], check: AuditCheck) -> Iterator[_Doubt]:
    asked = asked_of(binding, check)
    condition = all_of([copied(tree) for tree in (asked.looked, asked.broken) if tree is not None])
    assert condition is not None
    wrong = frozenset(_names(asked.broken))
    own = [part for part in parts if part.entity == check.entity and _endangered(part, check)]
    direct = _endangered(metric, check)
    for part in own or [part for part in parts if direct and part.entity == check.entity]:
        if check.kind == "not_null" and part.aggregate == "sum" and check.of == (part.of,) and part.unit == "currency":
            [lost] = (one for one in measures_of(binding, part) if one.keep == "missing")
            yield _Doubt(metric.id, check, lost, part)
            continue
        where = all_of([*_apart_from(part.where, wrong), copied(condition)])
        yield _Doubt(metric.id, check, _counted(check, f"{part.id}__{check.id}", where, part.time))
    # Which of these rows have the time by which a figure counts what is made of them is not known here.
    others = [part for part in parts if part.entity != check.entity]
    if direct and not own and any(part.ahead or not over_a_period(part) for part in others):
        yield _Doubt(metric.id, check, _counted(check, f"{check.entity}__{check.id}", condition, None))


def _endangered(metric: Metric, check: AuditCheck) -> bool:
    return metric.id in check.endangers or metric.family in check.endangers


def _counted(check: AuditCheck, name: str, where: exp.Expr | None, anchor: exp.Expr | None) -> Measure:
    column = Tally("".join(sign if sign.isalnum() else "_" for sign in name))
    return Measure(column, check.entity, "count", None, where, anchor)


def _apart_from(where: exp.Expr | None, wrong: frozenset[str]) -> Iterator[exp.Expr]:
    """What a metric asks of its rows, but for what it asks of the very fields that are wrong: it would leave out the
    rows that are to be counted."""
    for part in where.flatten() if isinstance(where, exp.And) else [where] if where is not None else []:
        part = part.unnest()
        if isinstance(part, exp.And):
            yield from _apart_from(part, wrong)
        elif not set(_names(part)) <= wrong:
            yield copied(part)


def _names(tree: exp.Expr | None) -> Iterator[str]:
    paths = (path_of(node) for node in column_nodes(tree)) if tree is not None else iter(())
    return (".".join(path) for path in paths if not (len(path) == 1 and path[0] in INSTANTS))


def _estimate_by(binding: Binding, doubts: Iterable[_Doubt]) -> str:
    """The field by which missing amounts are estimated; none where the source has it not, or checks name several."""
    named = {doubt.check.estimate_by for doubt in doubts if doubt.part is not None}
    [name] = named if len(named) == 1 else [""]
    entity, _, own = name.partition(".")
    parts = {doubt.measure.entity for doubt in doubts}
    return name if name and parts == {entity} and binding.gives(entity, own) else ""


def _dimension(binding: Binding, name: str) -> Dimension:
    path = tuple(name.split("."))
    return Dimension(name, path, binding.resolve(path[0], path).field)
