"""Goals by a dimension (quotas), and targets that the source keeps in a table."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from reportspec.calendar import months_between
from reportspec.contract.members import Members
from reportspec.contract.verdict import short
from reportspec.errors import SourceError
from reportspec.measures.answers import Answers
from reportspec.measures.arithmetic import counted
from reportspec.measures.attainment import adds_up
from reportspec.measures.dimensions import shown_value
from reportspec.measures.metric_columns import additivity
from reportspec.model.column_ids import Member
from reportspec.model.findings import Check, Finding
from reportspec.model.spec import GoalSpec, PartTarget, Report
from reportspec.plan import TARGETS
from reportspec.sql.record_rows import AVAILABLE


def with_targets(
    report: Report, answers: Answers, members: Mapping[str, Members], surveyed: Sequence[Mapping[str, Any]]
) -> Report:
    """The report with the targets of its goals, as far as the source's table gives them: those of
    the members whom the report's filters let pass, and the sum of these where none is without. Where members
    are those of a value of `for_each`, they are chosen from the whole table, as it was `surveyed`."""
    table = answers.table(TARGETS)
    rows = table.dicts() if table is not None else []
    for some in (rows, surveyed):
        _refuse_cut(some, report.binding.catalogue.targets.entity)
    goals = {}
    for name, goal in report.goals.items():
        whose = members.get(name)
        listed = surveyed if whose is not None and whose.of is not None else rows
        goals[name] = _of_members(report, name, goal, listed, answers, whose)
    return replace(report, goals=goals)


def _refuse_cut(rows: Sequence[Mapping[str, Any]], entity: str) -> None:
    """Raise SourceError where the table has more targets of the report's goals than are read: goals would be made
    of some of them."""
    there = int(rows[0][AVAILABLE]) if rows else 0
    if there > len(rows):
        raise SourceError(
            "too-many-targets",
            f"the table of targets has {there:,} for the goals of the report, of which {len(rows):,} can be read",
            f"leave out those of other years, by `where` under `entities: {entity}:` of the mapping",
        )


def _of_members(
    report: Report,
    name: str,
    goal: GoalSpec,
    rows: Sequence[Mapping[str, Any]],
    answers: Answers,
    members: Members | None,
) -> GoalSpec:
    """A goal with its targets, as far as they concern the report."""
    overall, targets, parts = _of_table(report, name, goal, rows) if goal.table else (None, {}, ())
    by, target = goal.by, goal.target if goal.target is not None else overall
    whole = tuple(part for part in parts if not part.name)
    if by is None:  # quotas by name, which nobody has said whom they cover
        few = (len(targets), 0) if target is None and targets else None
        if goal.table and target is None and not whole and few is None:
            whole = (PartTarget("", "none"),)
        return replace(goal, target=target, covers=few, parts=whole if target is None else ())
    # A target may name a value as the source has it, or as the report calls it.
    called = {str(shown_value(report, by, value)): value for value in (members.kept if members else ())}
    aims = {**targets, **goal.targets}
    kept = {
        shown: aims.get(shown, aims.get(value)) for shown, value in called.items() if shown in aims or value in aims
    }
    aimed = {shown: target for shown, target in kept.items() if target is not None}
    cut = members is not None and (members.kept != members.there or not members.sure)
    lone = {part.name: part for part in parts if part.name}
    shown_parts = [(shown, lone.get(shown, lone.get(value))) for shown, value in called.items()]
    some = tuple(replace(part, name=shown) for shown, part in shown_parts if part and shown not in aimed)
    goal = replace(goal, targets=aimed, sure=members is not None and members.sure, parts=some)
    if goal.target is not None or (overall is not None and not cut):
        return replace(goal, target=target)
    if not goal.table or not aimed or not adds_up(report, report.binding.catalogue.metrics[name]):
        return replace(goal, target=None, parts=(*whole, *some))
    concerned = _counted_in(report, name, answers) | set(aimed)
    if concerned != set(aimed):
        return replace(goal, target=None, covers=(len(aimed), len(concerned)), parts=(*whole, *some))
    return replace(goal, target=sum(aimed.values()))


def _counted_in(report: Report, name: str, answers: Answers) -> set[str]:
    """For whom a goal's section has something counted."""
    values: set[str] = set()
    for spec in report.sections:
        if spec.judged == name and (spec.id, "figures") in answers:
            adds = additivity(answers.aggregate(spec.id))
            rows = [row for row in answers.rows(spec.id) if counted(row, adds)]
            values |= {str(shown_value(report, spec.dimensions[0], row[Member(0)])) for row in rows}
    return values


def doubts_of(report: Report) -> list[Finding]:
    """That targets are set for some only, where a figure of all would be held against them."""
    targets = report.binding.catalogue.targets
    value = report.binding.field(targets.entity, targets.value)
    findings = []
    for name, goal in report.goals.items():
        field = goal.by.field if goal.by is not None else value
        if goal.covers is not None and field is not None:
            check = Check("some-targets", field.entity, field, goal=name)
            findings.append(Finding(check, *goal.covers))
        findings += _of_parts(report, name, goal)
    return findings


def _said(part: PartTarget) -> str:
    """What somebody's targets are of, for the terminal."""
    others = {"overlap": "several for the same days", "rate": "of parts of it"}
    return f"`{short(part.name)}` ({others.get(part.why, f'{part.count} of {part.of} {part.why}')})"


def _of_parts(report: Report, name: str, goal: GoalSpec) -> list[Finding]:
    """That the table's targets make none of the period: of all, and of how many by name."""
    targets, findings = report.binding.catalogue.targets, []
    target = report.binding.field(targets.entity, targets.target)
    assert target is not None or not goal.parts
    for part in goal.parts:
        if not part.name:
            check = Check("part-target", targets.entity, target, goal=name, value=part.why)
            findings.append(Finding(check, part.count, part.of))
    named = sorted((part for part in goal.parts if part.name), key=lambda part: part.name)
    if named:
        names = tuple(part.name for part in named)
        check = Check("part-target", targets.entity, target, goal=name, names=names)
        findings.append(Finding(check, len(named), 0, tuple((_said(part), 0) for part in named)))
    return findings


Stretch = tuple[date, date, float]  # its first day, the day after its last one, and its target


def _of_table(
    report: Report, name: str, goal: GoalSpec, rows: Sequence[Mapping[str, Any]]
) -> tuple[float | None, dict[str, float], tuple[PartTarget, ...]]:
    """Targets of the report's period, of all and by name: those of stretches within it added up where
    the metric adds up, else the part of a longer stretch's that falls on the period; and why there is
    none where the period has some of a part of it."""
    stretches_of: dict[str | None, list[Stretch]] = {}
    for row in rows:
        metric, dimension, value, start, end, target = (row[f"f{i}"] for i in range(6))
        if metric != name or None in (target, start, end) or (dimension and goal.by and dimension != goal.by.name):
            continue
        key = str(value) if dimension and value is not None else None
        stretches_of.setdefault(key, []).append((_day(start), _day(end) + timedelta(days=1), float(target)))
    for key, stretches in stretches_of.items():
        _one_each(report, name, key, stretches)
    adds = adds_up(report, report.binding.catalogue.metrics[name])
    targets_of = {key: _of_period(report, stretches, adds) for key, stretches in stretches_of.items()}
    targets = {key: value for key, value in targets_of.items() if value is not None}
    parts = [_part(report, key or "", stretches_of[key], adds) for key in stretches_of if key not in targets]
    named = {key: value for key, value in targets.items() if key is not None}
    return targets.get(None), named, tuple(target for target in parts if target is not None)


def _day(value: Any) -> date:
    return value.date() if isinstance(value, datetime) else value


def _one_each(report: Report, name: str, key: str | None, stretches: list[Stretch]) -> None:
    """Nothing, unless two targets are set for the same days of the period. Raises SourceError."""
    known: dict[tuple[date, date], float] = {}
    for first, last, target in stretches:
        if last <= report.period.start or first >= report.period.end:
            continue
        if known.setdefault((first, last), target) != target:
            days = f"{first.isoformat()} to {(last - timedelta(days=1)).isoformat()}"
            whom = f" of `{key}`" if key is not None else ""
            both = sorted((known[first, last], target))
            raise SourceError(
                "two-targets",
                f"the table of targets has two for `{name}`{whom} from {days}: {both[0]:,.15g} and {both[1]:,.15g}",
                f"leave one of them, by `where` under `entities: {report.binding.catalogue.targets.entity}:` of the"
                " mapping or in the table",
            )


def _of_period(report: Report, stretches: list[Stretch], additive: bool) -> float | None:
    start, end = report.period.start, report.period.end
    stretches = list(dict.fromkeys(stretches))
    exact = [target for first, last, target in stretches if (first, last) == (start, end)]
    if exact:
        return exact[0]
    if not additive:
        around = [target for first, last, target in stretches if first <= start and last >= end]
        return around[0] if around else None
    # A year's target stands beside those of its months: the shorter ones are the period's own.
    for some in (_within(stretches, start, end), stretches):
        if (added := _added(some, start, end)) is not None:
            return added
    return None


def _within(stretches: list[Stretch], start: date, end: date) -> list[Stretch]:
    return [stretch for stretch in stretches if stretch[0] >= start and stretch[1] <= end]


def _cut(stretches: list[Stretch], start: date, end: date) -> list[tuple[date, date]]:
    """The parts of stretches that lie within the days, in order."""
    cut = [(max(first, start), min(last, end)) for first, last, _ in stretches]
    return sorted((first, last) for first, last in cut if first < last)


def _added(stretches: list[Stretch], start: date, end: date) -> float | None:
    """The targets of stretches that cover the days once, added up by the part that lies within."""
    at = start
    for first, last in _cut(stretches, start, end):
        if first != at:
            return None  # a gap, or days that have two targets
        at = last
    if at != end:
        return None
    return sum(
        target * max((min(last, end) - max(first, start)).days, 0) / (last - first).days
        for first, last, target in stretches
    )


def _part(report: Report, name: str, stretches: list[Stretch], additive: bool) -> PartTarget | None:
    """Why stretches make no target of the period; None where they are not about it."""
    start, end = report.period.start, report.period.end
    stretches = list(dict.fromkeys(stretches))
    cut = _cut(_within(stretches, start, end) or stretches, start, end)
    if not cut:
        return None
    if not additive:
        return PartTarget(name, "rate")
    days = {first + timedelta(days=n) for first, last in cut for n in range((last - first).days)}
    if len(days) < sum((last - first).days for first, last in cut) or len(days) == (end - start).days:
        return PartTarget(name, "overlap")
    months: dict[tuple[int, int], int] = {}
    for day in days:
        months[day.year, day.month] = months.get((day.year, day.month), 0) + 1
    if start.day == end.day == 1 and all(n == monthrange(*month)[1] for month, n in months.items()):
        return PartTarget(name, "months", len(months), months_between(start, end))
    return PartTarget(name, "days", len(days), (end - start).days)
