"""Goals by a dimension (quotas), and targets that the source keeps in a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from reportspec.check.model import GoalSpec, Report, SectionSpec
from reportspec.evaluate.goals import adds_up, goal_state
from reportspec.evaluate.sections import (
    Footnotes,
    Tables,
    additivity,
    all_lengths,
    dimension_column,
    metric_column,
    shown_value,
)
from reportspec.evaluate.values import counted, metric_value
from reportspec.evaluate.words import word
from reportspec.figures import Cell, Chart, Column, Section
from reportspec.languages import alphabetical
from reportspec.plan.plan import TARGETS

STATES = ("met", "on_track", "at_risk", "missed", "unknown")


def with_targets(report: Report, tables: Tables) -> Report:
    """The report with the targets of its goals, as far as the source's table gives them."""
    table = tables.get((TARGETS, "figures"))
    if table is None:
        return report
    rows = table.dicts()
    goals = {
        name: _targeted(report, name, goal, rows) if goal.table else goal
        for name, goal in report.goals.items()
    }
    return replace(report, goals=goals)


def _targeted(report: Report, name: str, goal: GoalSpec, rows: list[dict[str, Any]]) -> GoalSpec:
    """Targets of the report's period: those of stretches within it added up where the metric adds
    up, else the part of a longer stretch's that falls on the period."""
    found: dict[str | None, list[tuple[date, date, float]]] = {}
    for row in rows:
        metric, dimension, value, start, end, target = (row[f"f{i}"] for i in range(6))
        if (
            metric != name
            or target is None
            or (dimension and goal.by and dimension != goal.by.name)
        ):
            continue
        key = str(value) if dimension and value is not None else None
        found.setdefault(key, []).append(
            (_day(start), _day(end) + timedelta(days=1), float(target))
        )
    metric_ = report.binding.catalogue.metrics[name]
    targets = {
        key: value
        for key, stretches in found.items()
        if (value := _of_period(report, stretches, adds_up(report, metric_))) is not None
    }
    by_value = {key: value for key, value in targets.items() if key is not None}
    overall = goal.target if goal.target is not None else targets.get(None)
    if overall is None and by_value and adds_up(report, metric_):
        overall = sum(by_value.values())
    return replace(goal, target=overall, targets={**by_value, **goal.targets})


def _day(value: Any) -> date:
    return value.date() if isinstance(value, datetime) else value


def _of_period(
    report: Report, stretches: list[tuple[date, date, float]], additive: bool
) -> float | None:
    start, end = report.period.start, report.period.end
    exact = [target for first, last, target in stretches if (first, last) == (start, end)]
    if exact:
        return exact[0]
    if not additive:
        around = [target for first, last, target in stretches if first <= start and last >= end]
        return around[0] if around else None
    total, covered = 0.0, 0
    for first, last, target in stretches:
        days = (min(last, end) - max(first, start)).days
        if days > 0:
            total += target * days / (last - first).days
            covered += days
    return total if covered == (end - start).days else None


def goals_section(
    report: Report, spec: SectionSpec, tables: Tables, footnotes: Footnotes
) -> Section:
    """A row for each value of the goal's dimension: figure, target, attainment, pace, where it
    will land, and its state."""
    goal, metric = report.goals[spec.goal], spec.metrics[0]
    dimension = spec.dimensions[0]
    catalogue, language = report.binding.catalogue, report.language
    rows = [{**row, **all_lengths(report)} for row in tables[spec.id, "figures"].dicts()]
    names = {shown_value(report, dimension, row["d0"]): row for row in rows}
    for someone in goal.targets:
        names.setdefault(someone, {"d0": someone, **all_lengths(report)})
    own = metric_column(report, metric, footnotes, None)
    adds = additivity(report, spec)
    body = []
    for name, row in names.items():
        value = metric_value(catalogue, metric, row)
        target = goal.targets.get(str(name)) if name is not None else None
        if target is None and not counted(row, adds):
            continue
        state = goal_state(report, metric, replace(goal, target=target), value)
        body.append(_row(report, name, value, target, state))
    body.sort(key=lambda row: (row[3] is None, -(row[3] or 0) if isinstance(row[3], float) else 0, alphabetical(language, str(row[0]))))  # fmt: skip
    columns = _columns(own, dimension_column(report, dimension), language)
    notes = tuple(n for n in (spec.note, *spec.omitted) if n)
    if not goal.targets:
        notes = (*notes, word(language, "no_targets"))
    chart = Chart("bullet", dimension.name, (own.name,)) if goal.targets else None
    return Section(spec.id, "goals", spec.title, columns, tuple(body), None, len(body), chart=chart, notes=notes,
                   break_before=spec.break_before)  # fmt: skip


def _row(
    report: Report, name: Cell, value: Cell, target: float | None, state: Any
) -> tuple[Cell, ...]:
    if state is None:
        return (name, value, None, None, None, None, word(report.language, "state_none"))
    said = word(report.language, f"state_{state.state}")
    return (name, value, target, state.attainment, state.pace, state.landing, said)


def _columns(own: Column, by: Column, language: str) -> tuple[Column, ...]:
    def column(name: str, like: Column, **more: Any) -> Column:
        return replace(like, name=name, label=word(language, name), footnotes=(), **more)

    share: Mapping[str, Any] = {
        "unit": "percent",
        "currency": None,
        "type": "number",
        "decimals": None,
    }
    return (
        by,
        own,
        column("target", own, role="target"),
        column("attainment", own, role="field", **share),
        column("pace", own, role="field", **share),
        column("landing", own, role="field", type="number"),
        Column("state", word(language, "state"), "text", role="field"),
    )
