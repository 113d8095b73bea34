"""Bursting: one report for each value of a field. Of few values each has its own statements, which
are the same with another literal; of many one statement serves all where its rows can be told
apart by the value that they were computed for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from reportspec.burst.mark import put
from reportspec.burst.proofs import check_figures, check_filter, check_results
from reportspec.burst.shared import nobody, parted, shared_statement
from reportspec.burst.unowned import Unowned, of_nobody, unowned
from reportspec.burst.values import Value, alike, check_apart, chosen, taken_for, values_of, without_row
from reportspec.compile import Program, compile_report, listing
from reportspec.contract.chances import learned
from reportspec.contract.emptied import needs_rows, over_empty
from reportspec.contract.ends import contradictions, ended
from reportspec.contract.fit import fitted
from reportspec.contract.namesakes import grouped_by_name, kept_apart, members_statement
from reportspec.contract.refusals import further
from reportspec.contract.survey import Answered, Surveyed, answered_together, ask, ends_statement
from reportspec.contract.verdict import settled, warnings
from reportspec.diagnostics import Diagnostic
from reportspec.errors import SourceError
from reportspec.evaluate.report_figures import figures_with_doubts
from reportspec.evaluate.unrated import unrated
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.answers import Answers
from reportspec.model.figures import Figures
from reportspec.model.findings import Finding
from reportspec.model.rows import Table
from reportspec.model.spec import EACH, GoalSpec, Report
from reportspec.sql.survey_sql import fields_read
from reportspec.timings import Timings

if TYPE_CHECKING:
    from reportspec.run.execute import Result

SHARED_FROM = 8  # values from which on a statement for all of them is worth what it takes


def report_for(report: Report, value: str) -> Report:
    """The report as it is evaluated for one value: its filter in words, and its goals only."""
    each = report.each
    assert each is not None
    goals = {name: _goal_for(goal, each.dimension.name, value) for name, goal in report.goals.items()}
    return replace(
        report,
        goals=goals,
        filter_texts=tuple(text.replace(EACH, value) for text in report.filter_texts),
        conditions=tuple(put(tree, value) for tree in report.conditions),
        audits={"": report.audits[value]} if value in report.audits else {},
    )


def _goal_for(goal: GoalSpec, name: str, value: str) -> GoalSpec:
    """Of targets by the same field the value's own, for its tile too; of those by another one
    whatever there is: they are cut to the value's members when they are evaluated."""
    if goal.by is None:
        return goal
    if goal.by.name == name:
        target = goal.targets.get(value)
        return replace(goal, target=target, targets={value: target} if target is not None else {})
    return goal


@dataclass(frozen=True, slots=True)
class Burst:
    """The figures of each value, what they leave out of the whole, and what is told of the source,
    which is that of all; the report of all as they were made, and all values that there are."""

    made: tuple[tuple[Value, Figures], ...]
    unowned: tuple[Unowned, ...]
    warnings: tuple[Diagnostic, ...]
    report: Report
    values: tuple[str, ...]

    def __iter__(self) -> Iterator[tuple[Value, Figures]]:
        return iter(self.made)

    def __len__(self) -> int:
        return len(self.made)


def run_each(program: Program, timings: Timings, only: Collection[str] = ()) -> Burst:
    """The figures for each value of `for_each` (or for those that are named), all of one state of
    the data, and what no value gets of it. Every statement is checked to be cut to its value. Raises
    SourceError, and NoReport where there is none for a value."""
    with timings.of("query"):
        program = fitted(program)
    try:
        return _run_fitted(program, timings, only)
    except SourceError as error:
        raise further(program, error) from None


def _run_fitted(program: Program, timings: Timings, only: Collection[str]) -> Burst:
    """The same of a program that is fitted to its source. Raises SourceError and NoReport."""
    with timings.of("query"):
        program, listed = _settled(program)
        report = program.report
        recipients = settled(report.binding, without_row(report, listed), report.project.checks)
        every = values_of(report, listed)
        values = chosen(report, listed, every, only)
        _check_alike(report, listed, [one.value for one in values])
        results_of, rest, surveyed = _of_each(program, [one.value for one in values], whole=not only)
        for result in {id(result.tree): result for results in results_of for result in results}.values():
            timings.asked += result.asked
    with timings.of("evaluate"):
        answers = [Answers.of(program.queries, [result.table for result in own]) for own in results_of]
        late = settled(report.binding, unrated(report, answers, surveyed), report.project.checks)
        reports = [
            (one, *_figures(program, one.value, [named.value for named in every], results, surveyed))
            for one, results in zip(values, results_of, strict=True)
        ]
    of_goals = _by_name(doubt for _, _, doubts in reports for doubt in doubts)
    warned = warnings(report.binding, (*recipients, *surveyed.findings, *of_goals, *late))
    figures = tuple((value, figures) for value, figures, _ in reports)
    told = (*warned, *contradictions(report, surveyed.rows))
    return Burst(figures, rest, told, report, tuple(one.value for one in every))


def _by_name(doubts: Iterable[Finding]) -> list[Finding]:
    """What is told of the values' own targets, of each goal and kind once with all the names. What one value's
    report lacks of all is none of it: the table may have it, and each reads what is its own."""
    together: dict[tuple[str, str], list[Finding]] = {}
    for doubt in doubts:
        if doubt.check.names:
            together.setdefault((doubt.check.kind, doubt.check.goal), []).append(doubt)
    return [_joined(several) for several in together.values()]


def _joined(several: Sequence[Finding]) -> Finding:
    names = tuple(sorted({name for doubt in several for name in doubt.check.names}))
    examples = tuple(sorted({example for doubt in several for example in doubt.examples}))
    return replace(several[0], check=replace(several[0].check, names=names), count=len(names), examples=examples)


def _settled(program: Program) -> tuple[Program, Table]:
    """The program as of where its data end, with members of one name apart, and the list of its values."""
    report = program.report
    check_filter(program.queries, program.trees, EACH, report)
    by_name = grouped_by_name(report)
    read = fields_read(program.trees, report.binding)
    ends = [ends_statement(report, read)] if read and (report.movable or needs_rows(report.binding, read)) else []
    listed, *members = ask(report, [listing(report), *ends, *(members_statement(report, name) for name in by_name)])
    apart = report
    if ends:
        found = members.pop(0).dicts()
        apart = ended(over_empty(report, found), found, lambda tree: ask(report, [tree])[0], read)
    apart = kept_apart(apart, dict(zip(by_name, members, strict=True)))
    apart = learned(apart, program.queries, lambda trees, _: ask(apart, trees))
    if apart is not report:
        program = compile_report(apart)
        check_filter(program.queries, program.trees, EACH, apart)
    return program, listed


def _figures(
    program: Program, value: str, every: Collection[str], results: Sequence[Result], surveyed: Surveyed
) -> tuple[Figures, tuple[Finding, ...]]:
    """The figures of one value, none of which names another one, and what is told of its goals. Raises
    SourceError."""
    report = program.report
    assert report.each is not None
    program_for_value = replace(program, report=report_for(report, value))
    answered = Answered(program_for_value, results, surveyed)
    figures, doubts = figures_with_doubts(answered, (report.each.dimension.name, value))
    check_figures(figures, every)
    return figures, doubts


def _check_alike(report: Report, listed: Table, wanted: Collection[str]) -> None:
    """That the database tells values apart which look alike. Raises SourceError."""
    near = [value for value in alike(str(row[0]) for row in listed.rows) if value in wanted]
    statements = [taken_for(report, value) for value in near]
    for value, table in zip(near, ask(report, statements) if statements else [], strict=True):
        check_apart(report, value, table)


def _of_each(
    program: Program, values: list[str], *, whole: bool
) -> tuple[list[list[Result]], tuple[Unowned, ...], Surveyed]:
    """For each value what its statements give; where the `whole` is wanted, also what belongs to no
    value. Statements that are not shared are asked for each value, all others once."""
    report, queries, trees = program.report, program.queries, program.trees
    many = len(values) >= SHARED_FROM
    shared = {
        at: shared_query
        for at, query in enumerate(queries)
        if many and (shared_query := shared_statement(report, query))
    }
    lone = [at for at in range(len(trees)) if at not in shared]
    trees_of_values = {(value, at): put(trees[at], value) for value in values for at in lone}
    for value in values:
        check_filter([queries[at] for at in lone], [trees_of_values[value, at] for at in lone], value, report)
    none = nobody(values)
    of_nothing = {at: put(trees[at], none) for at, shared_query in shared.items() if shared_query.always}
    ownerless = of_nobody(report, queries) if whole else []
    statements = [*trees_of_values.values(), *(one.tree for one in shared.values()), *of_nothing.values()]
    statements += [tree for _, tree in ownerless]
    answers, surveyed = answered_together(report, statements, trees)
    check_results(statements, answers)
    answered = iter(answers)
    results = {key: next(answered) for key in trees_of_values}
    together = {at: next(answered) for at in shared}
    nothing = {at: next(answered).table for at in of_nothing}
    for at, shared_query in shared.items():
        tables, empty = parted(shared_query, together[at].table, nothing.get(at))
        results |= {(value, at): replace(together[at], table=tables.get(value, empty)) for value in values}
    rest = unowned(report, [(query, next(answered).table) for query, _ in ownerless])
    return [[results[value, at] for at in range(len(trees))] for value in values], rest, surveyed
