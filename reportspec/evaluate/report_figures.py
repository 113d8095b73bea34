"""The rows that a source gave become figures, with what is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from reportspec.compile import Compiled, Program
from reportspec.contract.ends import behind, contradictions, loaded, newest
from reportspec.contract.members import Members
from reportspec.contract.survey import Answered, Surveyed
from reportspec.contract.verdict import settled, warnings
from reportspec.evaluate.evaluate import evaluate
from reportspec.evaluate.odd_letters import odd_letters
from reportspec.evaluate.targets import doubts_of, with_targets
from reportspec.evaluate.unrated import unrated
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.measures.answers import Answers
from reportspec.measures.stopped import begun_tables, stopped_tables
from reportspec.model.figures import Figures, Statement
from reportspec.model.findings import CURRENCIES, Finding
from reportspec.model.spec import Report, SectionSpec
from reportspec.resolve.currencies import money_currencies
from reportspec.resolve.emptiness import told_by
from reportspec.sections.kpis import KpisSection
from reportspec.sql.dialect import sql_hash
from reportspec.sql.survey_sql import fields_read

if TYPE_CHECKING:
    from reportspec.run.execute import Result


def figures_of(found: Answered) -> Figures:
    """The figures of a program from what its statements gave. Raises SourceError."""
    return figures_with_doubts(found, None)[0]


def figures_with_doubts(found: Answered, each: tuple[str, str] | None) -> tuple[Figures, tuple[Finding, ...]]:
    """The figures of a program from what its statements gave, and what is told of their goals; `each` is the
    field and the value of `for_each` that they are cut to. Raises SourceError."""
    surveyed = found.surveyed
    of = surveyed.findings
    report = replace(
        found.program.report,
        stopped=stopped_tables(of),
        begun_within=begun_tables(of),
        behind=behind(found.program.report, surveyed.rows),
    )
    answers = Answers.of(found.program.queries, [result.table for result in found.results])
    report = with_targets(report, answers, _members_for(report, surveyed.members, each), surveyed.targets)
    # Of the values of `for_each` it is told together.
    late = [] if each else [*unrated(report, [answers], surveyed), *odd_letters(report.binding, [answers])]
    doubts = settled(report.binding, [*doubts_of(report), *late], report.project.checks)
    # What is wrong with the company's rows, and how many they are, is not one person's figure.
    findings = () if each else (*surveyed.findings, *doubts)
    moment = loaded(report, surveyed.rows) or newest(report, surveyed.rows)
    figures = evaluate(
        report,
        answers,
        tuple(_statement(item, result) for item, result in zip(found.program, found.results, strict=True)),
        () if each else _row_counts(report, surveyed),
        moment.at if moment is not None else None,
        each,
        _told(found.program, report, findings),
        tuple(finding for finding in findings if finding.reason),
        {f.check.entity for f in surveyed.findings if f.check.kind == "no-currency"},
    )
    warned = warnings(report.binding, (*surveyed.findings, *doubts))
    return replace(figures, warnings=(*warned, *contradictions(report, surveyed.rows))), doubts


def _statement(item: Compiled, result: Result) -> Statement:
    rows = len(result.table.rows)
    return Statement(item.query.section, result.sql, sql_hash(result.sql), rows, result.seconds)


def _row_counts(report: Report, surveyed: Surveyed) -> tuple[tuple[str, int], ...]:
    """How many rows of each entity there are, by its label."""
    binding = report.binding
    loads = binding.catalogue.loads.entity
    tables = {name for name, mapped in binding.source.entities.items() if mapped.parts} - {loads}
    rows = [row for row in surveyed.rows if row["entity"] in tables]
    return tuple(
        (of.plural.get(report.language) or of.plural["en"], row["rows"])
        for row in sorted(rows, key=lambda row: str(row["entity"]))
        if (of := binding.entity(str(row["entity"])))
    )


def _members_for(report: Report, members: Mapping[str, Members], each: tuple[str, str] | None) -> Mapping[str, Members]:
    """Whom goals are for in the report of one value: by the same field that value alone, by another
    one those who are of the value, since the rest are others'."""
    if each is None:
        return members
    name, value = each
    return {
        metric: measured.only(value) if goal.by is not None and goal.by.name == name else measured.within(value)
        for metric, measured in members.items()
        if (goal := report.goals.get(metric)) is not None
    }


def _asks_of_amounts(report: Report, spec: SectionSpec) -> bool:
    """Whether it depends on an amount which rows a section has, or where they stand."""
    trees = (*report.conditions, *spec.conditions)
    if any(dimension.field.type == "money" for dimension in spec.dimensions):
        return True
    return any(
        money_currencies(report.binding, path_of(node)[0], node)
        for tree in trees
        for node in column_nodes(tree)
        if len(path_of(node)) > 1
    )


# What is told of a goal where the figure of all stands, besides its section.
OF_TILES = ("some-targets", "part-target", "unknown-goal", "suspicious-goal")


def _told(program: Program, report: Report, findings: tuple[Finding, ...]) -> dict[str, list[Finding]]:
    """What is told of the source, by the first section that reads what it is about."""
    by_section: dict[str, list[Finding]] = {}
    trees: dict[str, list[exp.Expr]] = {}
    for item in program if findings else ():
        trees.setdefault(item.query.section, []).append(item.tree)
    read = {section: fields_read(section_trees, report.binding) for section, section_trees in trees.items()}
    lists = [spec.id for spec in report.sections if spec.id in read and (spec.paths or _asks_of_amounts(report, spec))]
    for finding in findings:
        if finding.reason or (finding.check.kind == "no-rate" and finding.check.metric):
            continue  # at its figure stands how many it leaves out
        if goal := finding.check.goal:
            for spec in report.sections:
                tile = isinstance(spec, KpisSection) and any(metric.id == goal for metric in spec.metrics)
                if spec.judged == goal or (tile and finding.check.kind in OF_TILES):
                    by_section.setdefault(spec.id, []).append(finding)
            continue
        # What is left out of an amount stands at the amount; lists, filters and bins have no other
        # place for it.
        shown = lists if finding.check.kind in CURRENCIES else read
        empty = finding.check.kind == "no-rows" and finding.check.side is None
        of = told_by(report.binding.catalogue, finding.check.entity) if empty else frozenset()
        section = next((s for s in shown if finding.check.concerns(read[s]) or of & read[s].keys()), None)
        if section is not None:
            by_section.setdefault(section, []).append(finding)
    return by_section
