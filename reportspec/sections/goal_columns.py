"""The goals of rows in a table that has two comparisons: beside what figures were stands what they were to be."""

from __future__ import annotations

from dataclasses import replace

from reportspec.measures.attainment import attainment, goal_for
from reportspec.measures.words import word
from reportspec.model.figures import Cell, Column, Section
from reportspec.model.spec import GroupedSection, Report


def with_goals(report: Report, spec: GroupedSection, section: Section) -> Section:
    """A breakdown of a report with two comparisons, with the goal of each row and how much of it is reached, after all
    of the first metric, where that has goals by the field whose values the rows are. The row over all has the goal of
    all, if there is one."""
    metric = spec.metrics[0]
    goal = goal_for(report, spec, metric)
    if report.second is None or goal is None or not goal.targets or (goal.by,) != spec.dimensions:
        return section
    place = next(at for at, column in enumerate(section.columns) if column.name == metric.id)
    after = place + len(report.side_names)
    direction, own = goal.direction, section.columns[place]
    aim = replace(
        own,
        name=f"{metric.id}__target",
        label=word(report.language, "target"),
        role="target",
        footnotes=(),
        below=None,
        above=None,
    )
    share = Column(f"{metric.id}__attainment", word(report.language, "attainment"), "number", "percent")

    def filled(row: tuple[Cell, ...], target: float | None) -> tuple[Cell, ...]:
        value = row[place]
        known = target is not None and isinstance(value, (int, float))
        reached = attainment(value, target, direction) if known else None  # type: ignore[arg-type]
        return (*row[:after], target, *((reached,) if direction != "down" else ()), *row[after:])

    last = len(section.rows) - 1
    return replace(
        section,
        columns=(*section.columns[:after], aim, *((share,) if direction != "down" else ()), *section.columns[after:]),
        rows=tuple(
            filled(row, None if section.others and at == last else goal.targets.get(str(row[0])))
            for at, row in enumerate(section.rows)
        ),
        total=filled(section.total, goal.target) if section.total else None,
        subtotals=tuple((above, filled(row, None)) for above, row in section.subtotals),
    )
