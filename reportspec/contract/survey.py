"""The survey of a source before a report's statements: what it finds is refused or told, and may change
what is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from reportspec.compile import Compiled, Program, compile_report
from reportspec.contract.chances import AskTogether, learned, learned_from
from reportspec.contract.checks import checks_of
from reportspec.contract.emptied import empty_tables, over_empty
from reportspec.contract.ends import Asked, begun_late, ended, stale_tables
from reportspec.contract.members import Ask, Members, members_of, strangers, targets_of_members
from reportspec.contract.namesakes import expected, grouped_by_name, kept_apart, members_statement
from reportspec.contract.old_rates import old_rates
from reportspec.contract.unread import (
    UNREAD,
    of_section,
    unreadable_fields,
    wrong_conditions,
)
from reportspec.contract.verdict import findings_of, settled
from reportspec.errors import Broken, SourceError
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.lazy_dataclass import dataclass
from reportspec.model.findings import Check, Finding
from reportspec.model.spec import Report
from reportspec.remembered import remembered
from reportspec.sql.dialect import source_tables
from reportspec.sql.known_order import NOTHING_KNOWN, known_by, orders_of
from reportspec.sql.materialize import Script, Temporary, TemporaryTable, rows_before, script
from reportspec.sql.survey_sql import fields_read, survey_statement

if TYPE_CHECKING:
    from reportspec.model.rows import Table
    from reportspec.resolve.binding import Binding
    from reportspec.run.connection import Wanted
    from reportspec.run.execute import Result


Fields = Mapping[str, frozenset[str]]  # what is read of each entity


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What the survey of a source found: a row for each entity, what is told of it, whom goals
    are for, and the table of targets where those of a value's members are chosen from it."""

    rows: tuple[Mapping[str, Any], ...] = ()
    findings: tuple[Finding, ...] = ()
    members: Mapping[str, Members] = field(default_factory=dict)
    targets: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """A program with what each of its statements gave, and what the survey found before. The program is
    another one than was asked for where the survey changed the report."""

    program: Program
    results: Sequence[Result]
    surveyed: Surveyed


def survey_of(report: Report, trees: Iterable[exp.Expr]) -> tuple[tuple[Check, ...], exp.Expr] | None:
    """What there is to check of the tables that statements read, and the statement that asks it; None
    where they read none."""
    binding = report.binding
    fields = fields_read(trees, binding)
    if not fields:
        return None
    orders = orders_of(binding, fields)
    conditions = [*report.conditions, *(c for s in report.sections for c in s.conditions)]
    for tree in report.each.conditions if report.each is not None else ():
        conditions.append(tree)  # which values have a report; no statement of theirs reads that
        for path in map(path_of, column_nodes(tree)):
            if len(path) == 2 and path[0] in binding.source.entities:
                fields[path[0]] = fields.get(path[0], frozenset()) | {path[1]}
    metrics = [metric for section in report.sections for metric in section.metrics]
    names = grouped_by_name(report)
    checks = checks_of(binding, fields, conditions, metrics, report.all_sides, names, report.now.date(), report.reached)
    return checks, survey_statement(binding, _with_load(report, fields), checks, report.now, orders)


@remembered
def survey_of_program(program: Program) -> tuple[tuple[Check, ...], exp.Expr] | None:
    """The same of a program: a source is held against what its survey reads before it is asked."""
    return survey_of(program.report, program.trees)


def ends_statement(asked: Asked, fields: Mapping[str, frozenset[str]]) -> exp.Expr:
    """The statement that finds where the data end, in what is read of each entity."""
    return survey_statement(asked.binding, _with_load(asked, fields), (), asked.now)


def _with_load(asked: Asked, fields: Mapping[str, frozenset[str]]) -> Mapping[str, frozenset[str]]:
    """What is read of each entity, and of the source's loads, where it tells of them."""
    loads = asked.binding.catalogue.loads
    if loads.entity not in asked.binding.source.entities or asked.project.loaded_at is not None:
        return fields
    return {**fields, loads.entity: frozenset((loads.at,))}


def answered(program: Program) -> Answered:
    """What a report's statements give, after the survey of what they read. If that finds that the data
    have ended, or members of one name, the report is made again and its statements with it. Raises
    SourceError."""
    report, made = program.report, program

    def settle(survey: Table, read: Fields, shared: Iterable[str], ask: Ask, together: AskTogether) -> Report:
        nonlocal made
        ending = ended(over_empty(report, survey.dicts()), survey.dicts(), ask, read)
        apart = kept_apart(ending, {name: ask(members_statement(ending, name)) for name in shared})
        apart = learned(apart, program.queries, together, judge.known)
        # All is asked again where a connection is lost: what was settled then may not hold now.
        made = program if apart is report else compile_report(apart)
        return apart

    judge = _Judge(report, program.trees, settle)
    results = _run(report, program.trees, program.trees, judge, program, lambda: made)
    return Answered(made, results, judge.surveyed)


def answered_together(
    report: Report, asked: Sequence[exp.Expr], like: Sequence[exp.Expr]
) -> tuple[Sequence[Result], Surveyed]:
    """What many statements of a kind give, after the survey of what those `like` them read. Raises
    SourceError."""
    judge = _Judge(report, like, lambda survey, read, shared, ask, together: report)
    return _run(report, list(asked), like, judge), judge.surveyed


def ask(report: Report, trees: Sequence[exp.Expr]) -> list[Table]:
    """What statements about a report's source give, without a survey. Raises SourceError."""
    return [result.table for result in _run(report, list(trees), trees, None)]


class _Judge:
    """Hears the survey of a report's source: refuses what figures would be wrong of, lets the report be
    settled, and keeps what is told."""

    def __init__(
        self,
        report: Report,
        read: Sequence[exp.Expr],
        settle: Callable[[Table, Fields, Iterable[str], Ask, AskTogether], Report],
    ) -> None:
        self.report, self.settle, self.surveyed = report, settle, Surveyed()
        self.read, self.known = fields_read(read, report.binding), NOTHING_KNOWN

    def hear(
        self, checks: Sequence[Check], survey: Table, ask: Ask, together: AskTogether, guarded: Sequence[str]
    ) -> None:
        """Judge the survey's rows; `ask` runs one more statement, `together` several, and of the `guarded` tables the
        user may see a part alone. Raises Broken."""
        binding, settings = self.report.binding, self.report.project.checks
        self.known = known_by(orders_of(binding, self.read), survey.dicts())
        findings = findings_of(binding, checks, survey, ask, self.known)
        settled(binding, [finding for finding in findings if finding.check.refuses], settings)
        shared = [f.check.entity for f in findings if f.check.kind == "shared-name"]
        asking = self.settle(survey, self.read, shared, ask, together)
        members = members_of(asking, ask)
        targets = targets_of_members(asking, members, ask)
        findings = begun_late(asking, findings, ask, self.read)
        findings += strangers(asking, members, ask)
        findings += empty_tables(asking, findings)
        findings += old_rates(asking, ask, self.read)
        findings += stale_tables(asking, survey.dicts(), ask, self.read)
        findings += _guarded(binding, self.read, guarded)
        reported = [finding for finding in findings if not expected(asking, finding.check)]
        self.surveyed = Surveyed(tuple(survey.dicts()), settled(binding, reported, settings), members, targets)


def _guarded(binding: Binding, read: Fields, guarded: Sequence[str]) -> list[Finding]:
    """What is read of tables of which the database may show the user a part alone, by entity."""
    found = []
    for name in sorted(read):
        entity = binding.source.entities.get(name)
        parts = entity.parts if entity is not None else ()
        own = [table for part in parts for table in (part.table, *(join.table for join in part.joins))]
        called = {".".join(piece.name for piece in table.parts) for table in own}
        if tables := tuple(table for table in guarded if table in called):
            found.append(Finding(Check("row-security", name, names=tables), 0, 0))
    return found


def _run(
    report: Report,
    trees: list[exp.Expr],
    read: Sequence[exp.Expr],
    judge: _Judge | None,
    program: Program | None = None,
    instead: Callable[[], Program] | None = None,
) -> list[Result]:
    """What statements give, or those that stand `instead` of them after the survey of what is `read`."""
    from reportspec.run.execute import run_statements

    statements, survey = list(trees), None
    found = None
    if judge is not None:  # of a program its own statements are read
        found = survey_of(report, read) if program is None else survey_of_program(program)
    if found is not None and judge is not None:
        checks, tree = found
        statements += [tree, *(members_statement(report, name) for name in grouped_by_name(report))]

        def heard(table: Table, ask: Ask, together: AskTogether, guarded: Sequence[str]) -> Sequence[exp.Expr] | None:
            judge.hear(checks, table, ask, together, guarded)
            return instead().trees if instead is not None else None

        survey = (tree, heard)

    def sharing(asked: Sequence[exp.Expr], place: Temporary) -> Script | None:
        known = judge.known if judge is not None else NOTHING_KNOWN
        return script((instead().report if instead is not None else report).binding, asked, place, known=known)

    def before(place: Temporary) -> Sequence[TemporaryTable]:
        if survey is None or not place.narrower:
            return ()
        return rows_before(report.binding, survey[0], script(report.binding, trees, place))

    more = learned_from(report, program.queries) if program is not None else []  # these may read other tables
    wanted = wanted_of(report, [*statements, *more])
    try:
        return run_statements(report.project.source, wanted, trees, report.project.parallel, survey, sharing, before)
    except SourceError as error:
        if error.code in UNREAD and error.tree is not None:
            _blame(report, [*read, *statements], wanted, error, tuple(program or ()))
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
            problems = unreadable_fields(binding, fields_read(trees, binding), ask, error.tree)
            conditions = {id(c): c for c in (*report.conditions, *(c for s in report.sections for c in s.conditions))}
            problems = problems or wrong_conditions(binding, report.sides[0], conditions.values(), ask)
        except SourceError:
            return
    failed = next(
        (compiled_query.query.section for compiled_query in compiled if compiled_query.tree is error.tree), None
    )
    section = next((section_spec for section_spec in report.sections if section_spec.id == failed), None)
    if not problems and section is not None:
        problems = [of_section(section.id, section.span, error)]
    if problems:
        raise Broken(problems) from None


def wanted_of(report: Report, trees: Iterable[exp.Expr]) -> Wanted:
    """What a session is opened for that runs statements of a report."""
    from reportspec.run.connect import wanted_for

    return wanted_for(report.project, report.binding, (name for tree in trees for name in source_tables(tree)))
