"""Bursting: one report for each value of a field, of the same statements with another literal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from reportspec.check.model import EACH, GoalSpec, Report
from reportspec.figures import Figures
from reportspec.plan.queries import Query
from reportspec.run.connection import SourceError, Table
from reportspec.sql.guard import unguarded
from reportspec.sql.values import values_statement


@dataclass(frozen=True, slots=True)
class Value:
    """One value of the field, with what texts may say of it (`each.email`). `several` names what
    its rows disagree in: two people of one name, whose reports could not be told apart."""

    value: str
    more: Mapping[str, str]
    several: tuple[str, ...] = ()


def listing(report: Report) -> exp.Expr:
    """The statement that finds the values."""
    each = report.each
    assert each is not None
    field = each.dimension.field
    names = (field.name, *(path[-1] for _, path in each.fields))
    return values_statement(report.binding, field.entity, names, report.sides[0], each.conditions)


def values_of(report: Report, table: Table) -> tuple[Value, ...]:
    """The values in order, of those that have a row in the project's own file if there is one."""
    each = report.each
    assert each is not None
    rows: dict[str, list[tuple[str, ...]]] = {}
    for value, *more in table.rows:
        if value is not None and str(value) != "":
            told = tuple("" if one is None else str(one) for one in more)
            rows.setdefault(str(value), []).append(told)
    names = [name for name, _ in each.fields]
    found = []
    for value in sorted(rows):
        own = (each.table or {}).get(value)
        if each.table is not None and own is None:
            continue
        distinct = list(dict.fromkeys(rows[value]))
        several = tuple(
            name for at, name in enumerate(names) if len({row[at] for row in distinct}) > 1
        )
        known: dict[str, str] = dict(zip(names, distinct[0], strict=True))
        known |= own or {}
        found.append(Value(value, {**known, "value": value}, several))
    return tuple(found)


def put(tree: exp.Expr, value: str) -> exp.Expr:
    """The statement for one value."""
    made = tree.copy()
    for one in made.find_all(exp.Literal):
        if one.is_string and one.this == EACH:
            one.set("this", value)
    return made


def report_for(report: Report, value: str) -> Report:
    """The report as it is evaluated for one value: its filter in words, and its goals only."""
    each = report.each
    assert each is not None
    goals = {
        name: _goal_for(goal, each.dimension.name, value) for name, goal in report.goals.items()
    }
    return replace(
        report,
        goals=goals,
        filter_texts=tuple(text.replace(EACH, value) for text in report.filter_texts),
        conditions=tuple(put(tree, value) for tree in report.conditions),
    )


def _goal_for(goal: GoalSpec, name: str, value: str) -> GoalSpec:
    """Of targets by the same field the value's own, for its tile too; of those by another one none
    whose row the value does not have."""
    if goal.by is None:
        return goal
    if goal.by.name == name:
        own = goal.targets.get(value)
        return replace(goal, target=own, targets={value: own} if own is not None else {})
    return replace(goal, targets={})


def check_filter(queries: Sequence[Query], trees: Sequence[exp.Expr], value: str) -> None:
    """That each statement can return rows of the value only. Raises SourceError, which stops the
    report: it would be a mistake of the program, and is looked for before anything is sent."""
    for query, tree in zip(queries, trees, strict=True):
        why = unguarded(tree, value)
        if why is not None:
            raise SourceError(
                "unfiltered", f"a statement of the section `{query.section}` is not cut to one value: {why}",
                "leave the section out, or build the report for all",
            )  # fmt: skip


def check_figures(figures: Figures) -> None:
    """That no row of the figures names another value. Raises SourceError."""
    if figures.each is None:
        return
    name, value = figures.each
    for section in figures.sections:
        for place, column in enumerate(section.columns):
            if column.name != name:
                continue
            for row in section.rows:
                if row[place] is not None and str(row[place]) != value:
                    raise SourceError(
                        "unfiltered", f"the section `{section.id}` has a row of another `{name}`",
                        "leave the section out, or build the report for all",
                    )  # fmt: skip


def chosen(values: Sequence[Value], only: Collection[str]) -> tuple[Value, ...]:
    """The values that were asked for by name; all if none was."""
    return tuple(one for one in values if not only or one.value in only)
