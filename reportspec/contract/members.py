"""Whom goals are for: the values of a goal's field that the source has, and those that the report's
filters let pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from typing import Any

from sqlglot import exp

from reportspec.catalogue.library import Library, UnknownMetric
from reportspec.diagnostics import did_you_mean, folded_name
from reportspec.expression.sandbox import column_nodes, parse, path_of
from reportspec.lazy_dataclass import dataclass
from reportspec.model.findings import Check, Finding
from reportspec.model.query import Dimension
from reportspec.model.rows import Table
from reportspec.model.spec import EACH, GoalSpec, Report
from reportspec.plan import targets_query
from reportspec.resolve.binding import Binding, Unresolved, metrics_needed
from reportspec.sql.distinct import values_statement
from reportspec.sql.examples_sql import examples_statement
from reportspec.sql.record_rows import records_statement

Ask = Callable[[exp.Expr], Table]
MOST_OF_SHARE = 1.5  # a target above it is a percentage that is written as such


@dataclass(frozen=True, slots=True)
class Members:
    """The values of a goal's field: all that the source has, and those that the filters let pass. Where
    a filter does not say of a member alone whether it passes, they are not `sure`. Of a name that several
    `share`: what they are called. `of` has those of each value of `for_each`, where that says it of a member
    alone (the people of a team); None where it does not."""

    there: frozenset[str]
    kept: frozenset[str]
    sure: bool = True
    shared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    of: Mapping[str, frozenset[str]] | None = None

    def only(self, value: str) -> Members:
        """One of them alone."""
        return replace(self, kept=self.kept & {value})

    def within(self, value: str) -> Members:
        """Those of one value of `for_each`: nobody where it does not tell of members."""
        return replace(self, kept=self.kept & (self.of or {}).get(value, frozenset()))


def members_of(report: Report, ask: Ask) -> dict[str, Members]:
    """Whom the goals by a field are for, by the goal's metric."""
    return {name: _members(report, name, goal.by, ask) for name, goal in report.goals.items() if goal.by is not None}


def _members(report: Report, name: str, by: Dimension, ask: Ask) -> Members:
    binding, entity = report.binding, by.field.entity
    deciding, sure = _deciding(report, name, by)
    names = (by.field.name, *by.key[-1:])
    each = _each_of_member(report, name, by)
    asked = (*names, each) if each else names
    found = ask(values_statement(binding, entity, asked, report.sides[0], deciding)).rows
    rows = [(*row[: len(names)], row[-1]) for row in found]
    called = dict(by.called)
    plain = "{0} ({1})" if by.key and not called else "{0}"
    members = [(called.get(str(row[-2]), plain.format(row[0], row[-2])), bool(row[-1])) for row in rows]
    kept = frozenset(value for value, chosen in members if chosen)
    alike: dict[str, list[str]] = {}
    for row, (value, _) in zip(rows, members, strict=True):
        alike.setdefault(str(row[0]), []).append(value)
    shared = {name: tuple(sorted(several)) for name, several in alike.items() if len(set(several)) > 1}
    of = _by_value((row[-2], value) for row, (value, _) in zip(found, members, strict=True)) if each else None
    return Members(frozenset(value for value, _ in members), kept, sure, shared, of)


def _by_value(pairs: Iterable[tuple[Any, str]]) -> dict[str, frozenset[str]]:
    """The members of each value of `for_each`. A member of several belongs to none: a team's target is not that of
    one of its people."""
    values: dict[str, set[Any]] = {}
    for value, member in pairs:
        values.setdefault(member, set()).add(value)
    of: dict[str, set[str]] = {}
    for member, [value, *others] in values.items():
        if value is not None and not others:
            of.setdefault(str(value), set()).add(member)
    return {value: frozenset(some) for value, some in of.items()}


def _each_of_member(report: Report, name: str, by: Dimension) -> str:
    """The field of `for_each` as a member's own entity has it; empty where it is the goal's, or no member's."""
    if report.each is None or report.each.dimension.name == by.name:
        return ""
    binding = report.binding
    base = metrics_needed(binding.catalogue, binding.catalogue.metrics[name])[-1].entity
    way = binding.resolve(base, by.path).steps
    path = report.each.dimension.path
    if not way or _about(binding, base, way, by, path) != "member":
        return ""
    reached = binding.resolve(base, path)
    return ".".join((*reached.steps[len(way) :], reached.field.name))


def _deciding(report: Report, name: str, by: Dimension) -> tuple[tuple[exp.Expr, ...], bool]:
    """The report's filters that say of a member alone whether it passes, over its own entity; and
    whether there is no other that might leave some out."""
    binding = report.binding
    base = metrics_needed(binding.catalogue, binding.catalogue.metrics[name])[-1].entity
    way = binding.resolve(base, by.path).steps
    asks, sure = [], True
    for tree in report.conditions:
        if any(text.this == EACH for text in tree.find_all(exp.Literal)):
            continue  # its goals are cut to the value anyway
        about = [_about(binding, base, way, by, path_of(node)) for node in column_nodes(tree)]
        if about and all(part == "member" for part in about):
            asks.append(_own(binding, base, way, by, tree))
        elif any(about):
            sure = False
    return tuple(asks), sure


def _about(binding: Binding, base: str, way: tuple[str, ...], by: Dimension, path: tuple[str, ...]) -> str:
    """Whether a column belongs to a `member`, is the `key` that leads to it, or neither."""
    if len(path) < 2:
        return ""
    try:
        reached = binding.resolve(base, path)
    except Unresolved:
        return "key"  # of another entity, by which the member may be told all the same
    if way and reached.steps[: len(way)] == way:
        return "member"
    if not way:
        return "member" if not reached.steps and reached.field.name == by.field.name else ""
    relation = binding.entity(binding.entity_at(base, way[:-1])).relations[way[-1]]
    leads = reached.steps == way[:-1] and reached.field.name == relation.by
    return "key" if leads else ""


def _own(binding: Binding, base: str, way: tuple[str, ...], by: Dimension, tree: exp.Expr) -> exp.Expr:
    """A condition as the member's own entity has it."""

    def own(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, (exp.Column, exp.Dot)) or len(path_of(node)) < 2:
            return node
        reached = binding.resolve(base, path_of(node))
        parts = (by.field.entity, *reached.steps[len(way) :], reached.field.name)
        return parse(".".join(parts))

    return tree.copy().transform(own, copy=False)


def strangers(report: Report, members: dict[str, Members], ask: Ask) -> list[Finding]:
    """What is odd of targets: those for names that the source does not have or that several share, be they of the
    spec or of the source's own table and about the report's period; of that table, those of what is no metric,
    and those of percentages that are written as such."""
    findings, rows = [], []
    if any(goal.table for goal in report.goals.values()):
        rows = _rows(report, ask)
        findings += _no_metrics(report, ask) + _no_fractions(report, rows)
    listed = _listed(report, rows)
    for name, goal in report.goals.items():
        if goal.by is None:
            continue
        names = {*goal.targets, *listed.get(name, ())}
        known = _known(report, goal, members[name])
        shared = members[name].shared
        if alike := tuple(sorted((names - known) & set(shared))):
            check = Check("ambiguous-target", goal.by.field.entity, goal.by.field, goal=name, names=alike)
            findings.append(Finding(check, len(alike), len(names), tuple((name, 0) for name in shared[alike[0]])))
        if lone := tuple(sorted(names - known - set(shared))):
            check = Check(
                "unknown-target",
                goal.by.field.entity,
                goal.by.field,
                goal=name,
                names=lone,
                place=goal.places.get(lone[0]),
            )
            near = tuple((name, 0) for name in sorted(known))
            findings.append(Finding(check, len(lone), len(names), near))
    return findings


def _known(report: Report, goal: GoalSpec, members: Members) -> set[str]:
    """The values, and what a report calls them."""
    assert goal.by is not None
    labels = goal.by.field.value_labels
    called = (labels[name].get(report.language, name) for name in members.there if name in labels)
    return {*members.there, *called}


Row = dict[str, Any]


def targets_of_members(report: Report, members: Mapping[str, Members], ask: Ask) -> tuple[Row, ...]:
    """The source's own table of targets, where `for_each` is by a field of those whom a goal is for: the
    statements of one value are cut to targets for that very value."""
    wanted = any(goal.table and name in members and members[name].of is not None for name, goal in report.goals.items())
    return tuple(ask(records_statement(report.binding, targets_query(report))).dicts()) if wanted else ()


def _rows(report: Report, ask: Ask) -> list[Row]:
    """The rows of the source's own table of targets that are about the report's goals and its period."""
    start, end = report.period.start.isoformat(), report.period.end.isoformat()
    rows = ask(records_statement(report.binding, targets_query(report))).dicts()
    return [row for row in rows if str(row["f3"])[:10] < end and str(row["f4"])[:10] >= start]


def _listed(report: Report, rows: list[Row]) -> dict[str, set[str]]:
    """The names in the source's own table of targets, by metric."""
    names: dict[str, set[str]] = {}
    for row in rows:
        metric, dimension, value = (row[f"f{at}"] for at in range(3))
        goal = report.goals.get(metric)
        by = goal.by.name if goal is not None and goal.by is not None and goal.table else None
        if by is not None and dimension == by and value is not None:
            names.setdefault(metric, set()).add(str(value))
    return names


def _no_fractions(report: Report, rows: list[Row]) -> list[Finding]:
    """The targets of percentages that are no fractions: 90 for 90 %."""
    targets, metrics = report.binding.catalogue.targets, report.binding.catalogue.metrics
    field = report.binding.field(targets.entity, targets.target)
    findings = []
    for name in report.goals:
        shares = [row["f5"] for row in rows if row["f0"] == name and row["f5"] is not None]
        large = sorted({float(share) for share in shares if share > MOST_OF_SHARE})
        if large and metrics[name].unit == "percent":
            check = Check("suspicious-goal", targets.entity, field, goal=name)
            examples = tuple((f"{share:g}", 0) for share in large)
            findings.append(Finding(check, sum(share > MOST_OF_SHARE for share in shares), len(shares), examples))
    return findings


def _no_metrics(report: Report, ask: Ask) -> list[Finding]:
    """What the source's own table of targets calls a metric, and is none. One that is nearly a goal's is
    told at it."""
    targets, metrics = report.binding.catalogue.targets, report.binding.catalogue.metrics
    field = report.binding.field(targets.entity, targets.metric)
    rows = ask(examples_statement(report.binding, Check("unknown-value", targets.entity, field))).rows
    findings = []
    for name, count in rows:
        if name is None or _is_metric(metrics, str(name)):
            continue
        near = _meant(metrics, str(name))
        goal = near if near in report.goals and report.goals[near].table else ""
        names = (near,) if near else ()
        check = Check("unknown-goal", targets.entity, field, goal=goal, value=str(name), names=names)
        findings.append(Finding(check, int(count), 0))
    return findings


def _is_metric(metrics: Library, name: str) -> bool:
    try:
        return metrics[name].id == name
    except UnknownMetric:
        return False


def _meant(metrics: Library, name: str) -> str:
    """The metric that a name means: written otherwise, called by another word, or nearly written."""
    plain = folded_name(name)
    for metric in metrics:
        if folded_name(metric) == plain or plain in metrics[metric].also:
            return metric
    return did_you_mean(name, metrics) or ""


__all__ = ["Members", "members_of", "strangers", "targets_of_members"]
