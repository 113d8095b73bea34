"""From a spec to a PDF: every stage, in order. The file to read first."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from reportspec.check.lacking import There, served
from reportspec.check.mapping import with_types
from reportspec.check.report import Checked, check_file
from reportspec.contract.checks import checks_of
from reportspec.contract.ends import contradictions, ended, loaded, newest, stale_tables
from reportspec.contract.members import Members, members_of, strangers
from reportspec.contract.namesakes import expected, grouped_by_name, kept_apart, members_statement
from reportspec.contract.unread import (
    UNREAD,
    of_section,
    refuse_unfit,
    unreadable_fields,
    wrong_conditions,
)
from reportspec.contract.verdict import findings_of, settled, warnings
from reportspec.databases import TYPED_BEFORE
from reportspec.each import (
    SHARED_FROM,
    Burst,
    Shared,
    Unowned,
    alike,
    check_apart,
    check_figures,
    check_filter,
    check_results,
    chosen,
    listing,
    nobody,
    of_nobody,
    parted,
    put,
    report_for,
    shared_statement,
    taken_for,
    unowned,
    values_of,
    without_row,
)
from reportspec.errors import Broken, SourceError
from reportspec.evaluate.evaluate import evaluate
from reportspec.evaluate.quotas import doubts_of, with_targets
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.model.figures import Figures, Statement
from reportspec.model.findings import CURRENCIES, Check, Finding
from reportspec.model.mapped import LOAD, LOADED, SourceMap
from reportspec.model.query import AggregateQuery, Query
from reportspec.model.spec import EACH, Report, SectionSpec
from reportspec.plan import plan
from reportspec.resolve.currencies import money_currencies
from reportspec.sql.aggregate import aggregate_statement
from reportspec.sql.dialect import source_tables, sql_hash
from reportspec.sql.dialects import dialect_named
from reportspec.sql.records import records_statement
from reportspec.sql.survey import fields_read, survey_statement

if TYPE_CHECKING:
    from reportspec.model.rows import Table
    from reportspec.run.connection import Wanted
    from reportspec.run.execute import Result


@dataclass(slots=True)
class Timings:
    """How long each stage took, in seconds."""

    stages: dict[str, float] = field(default_factory=dict)

    def measure(self, stage: str, since: float) -> None:
        """Add the time since a moment to a stage."""
        self.stages[stage] = self.stages.get(stage, 0.0) + time.perf_counter() - since


@dataclass(frozen=True, slots=True)
class Compiled:
    """A query and its statement."""

    query: Query
    purpose: str
    tree: exp.Expr


def load_report(
    path: Path,
    now: datetime,
    environment: Mapping[str, str],
    *,
    settings: Mapping[str, str] | None = None,
    period: str | None = None,
    name: str | None = None,
    strict: bool = False,
    clock: bool = False,
) -> Checked:
    """Read and check a spec with its project and mapping. If `strict`, no report is made where there
    is something to tell of the source. Where `now` is only the `clock`'s, the end of the data may
    stand in for it."""
    found = check_file(path, now, environment, settings=settings or {}, period=period, name=name, clock=clock)
    if not strict or found.report is None:
        return found
    project = found.report.project
    project = replace(project, checks=replace(project.checks, strict=True))
    found.report = replace(found.report, project=project)
    return found


def compile_report(report: Report) -> tuple[Compiled, ...]:
    """The statements of a report, in the order of its sections."""
    return tuple(
        Compiled(q, q.purpose, aggregate_statement(report.binding, q))
        if isinstance(q, AggregateQuery)
        else Compiled(q, "figures", records_statement(report.binding, q))
        for q in plan(report)
    )


def run_report(report: Report, compiled: tuple[Compiled, ...], timings: Timings) -> Figures:
    """Ask the source and compute the figures. Raises SourceError."""
    since = time.perf_counter()
    report, compiled = _as_held(report, compiled)
    trees = [one.tree for one in compiled]
    surveyed = Surveyed()
    found = _asked(report, trees, surveyed=surveyed, compiled=compiled)
    timings.measure("query", since)
    since = time.perf_counter()
    if surveyed.report is not None:
        report, compiled = surveyed.report, surveyed.compiled
    figures = _evaluated(report, compiled, found, surveyed)
    timings.measure("evaluate", since)
    return figures


def run_each(report: Report, compiled: tuple[Compiled, ...], timings: Timings, only: Collection[str] = ()) -> Burst:
    """The figures for each value of `for_each` (or for those that are named), all of one state of
    the data, and what no value gets of it. Every statement is checked to be cut to its value. Raises
    SourceError."""
    since = time.perf_counter()
    report, compiled = _as_held(report, compiled)
    assert report.each is not None
    name = report.each.dimension.name
    queries, trees = [one.query for one in compiled], [one.tree for one in compiled]
    check_filter(report, queries, trees, EACH)
    by_name = grouped_by_name(report)
    read = fields_read(trees, report.binding)
    ends = [_ends_statement(report, read)] if report.movable and read else []
    first = [listing(report), *ends, *(members_statement(report, one) for one in by_name)]
    listed, *members = (result.table for result in _asked(report, first))
    apart = report
    if ends:
        rows = members.pop(0).dicts()
        apart = ended(report, rows, lambda tree: _asked(report, [tree])[0].table, read)
    apart = kept_apart(apart, dict(zip(by_name, members, strict=True)))
    if apart is not report:
        report, compiled = apart, compile_report(apart)
        queries, trees = [one.query for one in compiled], [one.tree for one in compiled]
        check_filter(report, queries, trees, EACH)
    recipients = settled(report.binding, without_row(report, listed), report.project.checks)
    values = chosen(values_of(report, listed), only)
    names = [one.value for one in values]
    _check_alike(report, listed, names)
    shared = [shared_statement(report, query) if len(values) >= SHARED_FROM else None for query in queries]
    surveyed = Surveyed()
    found, rest = _of_each(report, queries, trees, shared, names, whole=not only, surveyed=surveyed)
    timings.measure("query", since)
    since = time.perf_counter()
    made = []
    for one, own in zip(values, found, strict=True):
        each = (name, one.value)
        figures = _evaluated(report_for(report, one.value), compiled, own, surveyed, each)
        check_figures(figures)
        made.append((one, figures))
    timings.measure("evaluate", since)
    told = warnings(report.binding, (*recipients, *surveyed.findings))
    return Burst(made, rest, (*told, *contradictions(report, surveyed.rows)))


def _check_alike(report: Report, listed: Table, wanted: Collection[str]) -> None:
    """That the database tells values apart which look alike. Raises SourceError."""
    near = [one for one in alike(str(row[0]) for row in listed.rows) if one in wanted]
    asked = [taken_for(report, value) for value in near]
    for value, found in zip(near, _asked(report, asked) if asked else [], strict=False):
        check_apart(report, value, found.table)


def _of_each(
    report: Report,
    queries: list[Query],
    trees: list[exp.Expr],
    shared: list[Shared | None],
    values: list[str],
    *,
    whole: bool,
    surveyed: Surveyed,
) -> tuple[list[list[Result]], tuple[Unowned, ...]]:
    """For each value what its statements give; where the `whole` is wanted, also what belongs to no
    value."""
    apart = [at for at, one in enumerate(shared) if one is None]
    wanted: list[exp.Expr] = []
    for value in values:
        own = [put(trees[at], value) for at in apart]
        check_filter(report, [queries[at] for at in apart], own, value)
        wanted += own
    none = nobody(values)
    together = [(at, one) for at, one in enumerate(shared) if one is not None]
    of_nothing = [put(trees[at], none) for at, one in together if one.always]
    ownerless = of_nobody(report, queries) if whole else []
    asked = [*wanted, *(one.tree for _, one in together), *of_nothing]
    first = len(asked)
    asked += [tree for _, tree in ownerless]
    found = _asked(report, asked, read=trees, surveyed=surveyed)
    check_results(asked, found)
    many = found[len(wanted) : len(wanted) + len(together)]
    of_none = iter(found[len(wanted) + len(together) : first])
    tables = [
        (at, result, *parted(one, result.table, next(of_none).table if one.always else None))
        for (at, one), result in zip(together, many, strict=True)
    ]
    made = []
    for number, value in enumerate(values):
        lone = found[number * len(apart) : (number + 1) * len(apart)]
        results = dict(zip(apart, lone, strict=True))
        for at, result, of, nothing in tables:
            results[at] = replace(result, table=of.get(value, nothing))
        made.append([results[at] for at in range(len(trees))])
    rest = [(query, result.table) for (query, _), result in zip(ownerless, found[first:], strict=True)]
    return made, unowned(report, rest)


@dataclass(slots=True)
class Surveyed:
    """What the survey of a source found: a row for each entity, what is told of it, and whom goals
    are for."""

    rows: tuple[Mapping[str, Any], ...] = ()
    findings: tuple[Finding, ...] = ()
    members: dict[str, Members] = field(default_factory=dict)
    report: Report | None = None  # in which members of one name stand apart, where some are
    compiled: tuple[Compiled, ...] = ()

    def settle(
        self,
        report: Report,
        read: Mapping[str, frozenset[str]],
        shared: Iterable[str],
        ask: Callable[[exp.Expr], Table],
    ) -> list[exp.Expr] | None:
        """The statements to ask in place of the report's, if it is as of where its data end, or keeps
        members of one name apart, of entities in which some share theirs."""
        ending = ended(report, self.rows, ask, read)
        made = kept_apart(ending, {one: ask(members_statement(ending, one)) for one in shared})
        if made is report:
            self.report = None
            return None
        self.report, self.compiled = made, compile_report(made)
        return [one.tree for one in self.compiled]


def survey_of(report: Report, trees: Iterable[exp.Expr]) -> tuple[tuple[Check, ...], exp.Expr] | None:
    """What there is to check of the tables that statements read, and the statement that asks it; None
    where they read none."""
    binding = report.binding
    fields = fields_read(trees, binding)
    if not fields:
        return None
    conditions = [*report.conditions, *(c for s in report.sections for c in s.conditions)]
    for tree in report.each.conditions if report.each is not None else ():
        conditions.append(tree)  # which values have a report; no statement of theirs reads that
        for path in map(path_of, column_nodes(tree)):
            if len(path) == 2 and path[0] in binding.source.entities:
                fields[path[0]] = fields.get(path[0], frozenset()) | {path[1]}
    metrics = [metric for section in report.sections for metric in section.metrics]
    names = grouped_by_name(report)
    checks = checks_of(binding, fields, conditions, metrics, report.sides, names, report.now.date())
    return checks, survey_statement(binding, _with_load(report, fields), checks, report.now)


def _ends_statement(report: Report, fields: Mapping[str, frozenset[str]]) -> exp.Expr:
    """The statement that finds where the data end, in what is read of each entity."""
    return survey_statement(report.binding, _with_load(report, fields), (), report.now)


def _with_load(report: Report, fields: Mapping[str, frozenset[str]]) -> Mapping[str, frozenset[str]]:
    """What is read of each entity, and of the source's loads, where it tells of them."""
    if LOAD not in report.binding.source.entities or report.project.loaded_at is not None:
        return fields
    return {**fields, LOAD: frozenset((LOADED,))}


def _asked(
    report: Report,
    trees: list[exp.Expr],
    *,
    read: list[exp.Expr] | None = None,
    surveyed: Surveyed | None = None,
    compiled: tuple[Compiled, ...] = (),
) -> list[Result]:
    """What statements give. Whether the source keeps its contract is put into `surveyed`, if that is
    asked for, by statements that read the same fields: `read`, where there are many of a kind."""
    from reportspec.run.execute import run_statements

    binding, project = report.binding, report.project
    survey, asked = None, list(trees)
    if surveyed is not None:
        found = survey_of(report, trees if read is None else read)
        if found is not None:
            checks, tree = found
            asked.append(tree)
            asked += [members_statement(report, name) for name in grouped_by_name(report)]

            def judge(survey: Table, ask: Callable[[exp.Expr], Table]) -> Sequence[exp.Expr] | None:
                surveyed.rows = tuple(survey.dicts())
                found = findings_of(binding, checks, survey, ask)
                settled(binding, [one for one in found if one.check.refuses], project.checks)
                shared = [f.check.entity for f in found if f.check.kind == "shared-name"]
                instead = None
                if read is None:
                    instead = surveyed.settle(report, fields_read(trees, binding), shared, ask)
                asking = surveyed.report or report
                surveyed.members = members_of(asking, ask)
                found += strangers(asking, surveyed.members, ask)
                found += stale_tables(asking, surveyed.rows, ask, fields_read(trees if read is None else read, binding))
                told = [one for one in found if not expected(asking, one.check)]
                surveyed.findings = settled(binding, told, project.checks)
                return instead

            survey = (tree, judge)
    wanted = _wanted(report, asked)
    try:
        return run_statements(project.source, wanted, trees, project.parallel, survey)
    except SourceError as error:
        if error.code in UNREAD and error.tree is not None:
            _blame(report, asked if read is None else [*read, *asked], wanted, error, compiled)
        raise


def _blame(
    report: Report,
    trees: list[exp.Expr],
    wanted: Wanted,
    error: SourceError,
    compiled: tuple[Compiled, ...],
) -> None:
    """Say what it is that a database cannot do: read a field, compute a condition of the spec, or else the
    section whose statement it refused. Raises Broken."""
    from reportspec.run.execute import asking

    binding = report.binding
    with asking(report.project.source, wanted) as ask:
        try:
            found = unreadable_fields(binding, fields_read(trees, binding), ask)
            conditions = {id(c): c for c in (*report.conditions, *(c for s in report.sections for c in s.conditions))}
            found = found or wrong_conditions(binding, report.sides[0], conditions.values(), ask)
        except SourceError:
            return
    failed = next((one.query.section for one in compiled if one.tree is error.tree), None)
    section = next((one for one in report.sections if one.id == failed), None)
    if not found and section is not None:
        found = [of_section(section.id, section.span, error)]
    if found:
        raise Broken(found) from None


def _wanted(report: Report, trees: Iterable[exp.Expr]) -> Wanted:
    from reportspec.run.connection import Wanted

    binding, project = report.binding, report.project
    return Wanted(
        frozenset(name for tree in trees for name in source_tables(tree)),
        binding.source.csv_columns == "text",
        str(binding.source_zone),
        project.timeout,
        project.memory,
        project.disk,
        reads=binding.source.reads,
    )


def _as_held(report: Report, compiled: tuple[Compiled, ...]) -> tuple[Report, tuple[Compiled, ...]]:
    """The report and its statements for what a source has, which of a server is known once it is asked:
    columns that are not there, days that the mapping reads as times, texts that are to be times or
    booleans. Raises SourceError."""
    source = report.project.source
    if source.kind not in TYPED_BEFORE and dialect_named(source.dialect).reading is not None:
        from reportspec.run.execute import column_types

        binding = report.binding
        types = column_types(source, _wanted(report, [one.tree for one in compiled]))
        there = There(types, types, source.dialect, all_tables=False)
        mapping = served(binding.source, there)
        seen = with_types(mapping, binding.catalogue, types, source.dialect)
        if seen.lacks:
            report = _checked_over(report, seen)
        elif seen != binding.source:
            report = replace(report, binding=binding.over(seen))
        if report.binding is not binding:
            compiled = compile_report(report)
    _refuse_absent(report, compiled)
    return report, compiled


def _checked_over(report: Report, source: SourceMap) -> Report:
    """A report's spec, checked again for a source that lacks some of what its mapping reads. Raises
    SourceError for what cannot be told without it."""
    assert report.over is not None
    found = report.over(source)
    problems = [one for one in found.diagnostics if one.severity == "error"]
    if found.report is None or problems:
        raise Broken(problems)
    return replace(found.report, project=report.project, over=report.over)


def _refuse_absent(report: Report, compiled: tuple[Compiled, ...]) -> None:
    """Raise SourceError for what one's own mapping reads for a report, and the source does not have
    (SQLite would take the name of such a column for a text), or has as something else."""
    from reportspec.run.connection import no_column, no_table

    wrong, binding = report.binding.source.wrong, report.binding
    if (load := binding.source.lacks.get(LOAD)) is not None:
        raise no_table(load.table)
    trees = [one.tree for one in compiled] + ([listing(report)] if report.each else [])
    surveyed = survey_of(report, trees)  # which reads more of them, such as keys
    read = fields_read([*trees, surveyed[1]] if surveyed else trees, binding)
    refuse_unfit(binding, read)
    read = {**read, LOAD: frozenset((LOADED,))}  # what `loaded_at` names has to be there
    names = [name for entity in read for name in (entity, *(f"{entity}.{f}" for f in read[entity]))]
    lacks = dict.fromkeys(wrong[name] for name in sorted(names) if name in wrong)
    found = [no_column(f"{lack.table}.{lack.column}", lack.help) for lack in lacks]
    for error, lack in zip(found, lacks, strict=True):
        error.span = lack.span
    if found:
        first, *rest = found
        first.also = tuple(rest)
        raise first


def _evaluated(
    report: Report,
    compiled: tuple[Compiled, ...],
    found: list[Result],
    surveyed: Surveyed,
    each: tuple[str, str] | None = None,
) -> Figures:
    results, statements = {}, []
    for item, result in zip(compiled, found, strict=True):
        section, rows = item.query.section, len(result.table.rows)
        results[section, item.purpose] = result.table
        statements.append(Statement(section, result.sql, sql_hash(result.sql), rows, result.seconds))
    binding = report.binding
    tables = {name for name, mapped in binding.source.entities.items() if mapped.parts} - {LOAD}
    rows_of = [row for row in surveyed.rows if row["entity"] in tables]
    # How many rows the company has, and what is wrong with them, is not one person's figure.
    counts = (
        ()
        if each
        else tuple(
            (of.plural.get(report.language) or of.plural["en"], row["rows"])
            for row in sorted(rows_of, key=lambda row: str(row["entity"]))
            if (of := binding.entity(str(row["entity"])))
        )
    )
    moment = loaded(report, surveyed.rows) or newest(report, surveyed.rows)
    data_as_of = moment.at if moment is not None else None
    report = with_targets(report, results, _members_for(report, surveyed.members, each))
    doubts = settled(binding, doubts_of(report), report.project.checks)
    findings = () if each else (*surveyed.findings, *doubts)
    told = _told(report, compiled, findings)
    known = tuple(one for one in findings if one.reason)
    unnamed = {f.check.entity for f in surveyed.findings if f.check.kind == "no-currency"}
    figures = evaluate(report, results, tuple(statements), counts, data_as_of, each, told, known, unnamed)
    said = warnings(binding, (*surveyed.findings, *doubts))
    return replace(figures, warnings=(*said, *contradictions(report, surveyed.rows)))


def _members_for(report: Report, members: Mapping[str, Members], each: tuple[str, str] | None) -> Mapping[str, Members]:
    """Whom goals are for in the report of one value: by the same field that value alone, by another
    one nobody, since the rest are others'."""
    if each is None:
        return members
    name, value = each
    return {
        metric: one.only(value if goal.by is not None and goal.by.name == name else "")
        for metric, one in members.items()
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


def _told(report: Report, compiled: tuple[Compiled, ...], findings: tuple[Finding, ...]) -> dict[str, list[Finding]]:
    """What is told of the source, by the first section that reads what it is about."""
    found: dict[str, list[Finding]] = {}
    trees: dict[str, list[exp.Expr]] = {}
    for item in compiled if findings else ():
        trees.setdefault(item.query.section, []).append(item.tree)
    read = {section: fields_read(own, report.binding) for section, own in trees.items()}
    lists = [
        spec.id
        for spec in report.sections
        if spec.id in read and (spec.kind == "records" or _asks_of_amounts(report, spec))
    ]
    for finding in findings:
        if finding.reason:
            continue
        if goal := finding.check.goal:
            for spec in report.sections:
                tile = spec.kind == "kpis" and any(metric.id == goal for metric in spec.metrics)
                if spec.goal == goal or (tile and finding.check.kind in OF_TILES):
                    found.setdefault(spec.id, []).append(finding)
            continue
        # What is left out of an amount stands at the amount; lists, filters and bins have no other
        # place for it.
        shown = lists if finding.check.kind in CURRENCIES else read
        section = next((s for s in shown if finding.check.concerns(read[s])), None)
        if section is not None:
            found.setdefault(section, []).append(finding)
    return found
