"""From a spec to its figures: the whole way, in order. The file to read first.

    load     a spec with its project and mapping, read and checked        check/
    plan     what is asked of the source, section by section              plan.py
    compile  each query as a statement                                    compile.py, sql/
    fit      to the tables and types that the source turns out to have    contract/fit.py
    gate     `require: audit` stops a report of records that fail         audit/gate.py
    run      the survey of the source, then the statements                contract/survey.py, run/
    evaluate the rows become figures                                      evaluate/

With `for_each` the last three are done for all values together (`burst/`). The command line, the
functions for programs and delivery all come this way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from reportspec.check.report import Checked, check_document, check_file
from reportspec.check.shown import NOTHING_SHOWN
from reportspec.diagnostics import Diagnostic, in_order
from reportspec.errors import NoReport, ReportspecError, SourceError
from reportspec.lazy_dataclass import dataclass
from reportspec.resolve.document import Place, written_document
from reportspec.timings import Timings

if TYPE_CHECKING:  # what comes after the check is imported when a report is made
    from reportspec.burst.values import Value
    from reportspec.compile import Program
    from reportspec.model.figures import Figures
    from reportspec.model.spec import Report

Auditing = Callable[["Report"], "Report"]  # a report → the same with what it shows of an audit
Tell = Callable[[Sequence[Diagnostic], Mapping[str, str]], None]  # diagnostics, and the texts of their files


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of a run: `now`, the environment, values for params, a period in place of the spec's
    own, whether what is told of the source is an error (`strict`), and the values of `for_each` (`only`;
    all if none is named). Where `now` is only the `clock`'s, the end of the data may stand in for it."""

    now: datetime
    environment: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)
    period: str | None = None
    strict: bool = False
    clock: bool = False
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """The figures of a report: of each value of `for_each`, or its only ones, under the value `""`; and
    the values that the project's file of recipients names and that have no report, with why (`absent`). `settled` is
    the report as its figures were made: over the types of its source, and as of where the data end; `values` are all
    of `for_each`, whichever were asked for."""

    figures: tuple[tuple[Value, Figures], ...]
    warnings: tuple[Diagnostic, ...]
    absent: tuple[tuple[str, str], ...] = ()
    settled: Report | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Built:
    """What became of a spec: all that is to be told of it, and its figures, if there is no mistake."""

    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]  # of the files that diagnostics point into
    spec_text: str
    report: Report | None = None
    made: Made | None = None
    temporary: bool = False  # whether another try may do


def build(path: Path, order: Order, timings: Timings | None = None, tell: Tell = lambda findings, texts: None) -> Built:
    """The figures of a spec. Mistakes are diagnostics, also those of the source; `tell` hears of them as
    they are found."""
    timings = timings or Timings()
    with timings.of("check"):
        checked = load(path, order)
    return built_of(path, checked, order, timings, tell)


def build_written(
    text: str,
    name: str,
    project: Path | None,
    order: Order,
    tell: Tell = lambda findings, texts: None,
    options: Mapping[Place, tuple[str, str]] = MappingProxyType({}),
) -> Built:
    """The figures of a spec that stands in no file, by a name, of the project whose file is named. `options` are those
    that its values come from, by their places, with what they say."""
    document = written_document(text, "report", name)
    document.options.update(options)
    checked = check_document(document, project, order.now, order.environment, period=order.period, clock=order.clock)
    return built_of(Path(name), checked, order, Timings(), tell)


def built_of(
    path: Path, checked: Checked, order: Order, timings: Timings, tell: Tell, audit: Auditing | None = None
) -> Built:
    """The figures of a spec that has been checked; `audit` puts to a report what it shows of an audit."""
    from reportspec.burst.values import no_values
    from reportspec.problems import problems_of, without_report

    stopped = Built(in_order(checked.diagnostics), checked.texts, checked.spec_text, checked.report)
    tell(stopped.diagnostics, stopped.texts)
    if checked.broken or checked.report is None:
        return stopped
    try:
        reports = make(path, checked.report, order.only, timings, audit)
    except ReportspecError as error:
        problems = problems_of(path, error, checked.report)
        tell(problems, stopped.texts)
        return replace(stopped, diagnostics=(*stopped.diagnostics, *problems), temporary=error.temporary)
    warnings = (*reports.warnings, *without_report(path, reports.absent))
    if not reports.figures:
        warnings += tuple(problems_of(path, no_values(checked.report)))
    tell(warnings, stopped.texts)
    return replace(stopped, diagnostics=(*stopped.diagnostics, *warnings), made=reports if reports.figures else None)


def load(path: Path, order: Order, name: str | None = None) -> Checked:
    """A spec with its project and mapping, read and checked."""
    checked = check_file(
        path,
        order.now,
        order.environment,
        settings=order.settings,
        period=order.period,
        name=name,
        clock=order.clock,
    )
    if order.strict and checked.report is not None:
        project = checked.report.project
        project = replace(project, checks=replace(project.checks, strict=True))
        checked.report = replace(checked.report, project=project)
        checked.diagnostics = tuple(
            replace(one, severity="error") if one.code == NOTHING_SHOWN else one for one in checked.diagnostics
        )
    return checked


def absent_columns(path: Path, checked: Checked) -> list[Diagnostic]:
    """What a project's own mapping names and its source does not have, as far as that is known without asking a server:
    mistakes where the report reads it, else warnings."""
    report = checked.report
    if report is None or not report.binding.source.wrong:
        return []
    from reportspec.compile import compile_report
    from reportspec.contract.refusals import absent_columns_of, fields_of
    from reportspec.problems import problems_of

    read = fields_of(compile_report(report))
    mapped = {name: frozenset(entity.fields) for name, entity in report.binding.source.entities.items()}
    needed, every = (absent_columns_of(report.project, report.binding, names) for names in (read, mapped))
    mistakes = [problem for error in needed for problem in problems_of(path, error, report)]
    places = {problem.span for problem in mistakes}
    others = [problem for error in every for problem in problems_of(path, error, report) if problem.span not in places]
    unneeded = "no figure of the spec needs it"
    return [*mistakes, *(replace(one, severity="warning", notes=(*one.notes, unneeded)) for one in others)]


def make(
    path: Path,
    report: Report,
    only: tuple[str, ...] = (),
    timings: Timings | None = None,
    audit: Auditing | None = None,
) -> Made:
    """The figures of a report that is sound. Raises ReportspecError."""
    from reportspec.burst.values import Value, unknown_recipients
    from reportspec.compile import compile_report

    timings = timings or Timings()
    if only and report.each is None:
        message = f"there is no report for `{only[0][:60]}`: the spec has no `for_each`"
        raise NoReport(message, "add for example `for_each: user.name`")
    if any(section.audited for section in report.sections):
        from reportspec.audit.of_report import with_audit

        with timings.of("query"):
            report = (audit or with_audit)(report)
    with timings.of("compile"):
        program = compile_report(report)
    if report.required is not None:
        from reportspec.audit.gate import require_audit

        with timings.of("query"):
            require_audit(program)
    if report.each is None:
        figures, settled = run_settled(program, timings)
        return Made(((Value("", {}, ""), figures),), figures.warnings, settled=settled)
    from reportspec.burst.burst import run_each
    from reportspec.problems import without_value
    from reportspec.render.filled import filled

    burst = run_each(program, timings, only)
    there = [value.value for value, _ in burst.made]
    absent = tuple(unknown_recipients(report, only, there))
    made = tuple((value, filled(report, figures)) for value, figures in burst.made)
    warned = (*burst.warnings, *without_value(path, report, burst.unowned))
    return Made(made, warned, absent, burst.report, burst.values)


def run_report(program: Program) -> Figures:
    """The figures of a report that is one for all. Raises SourceError."""
    figures, _ = run_settled(program)
    return figures


def run_settled(program: Program, timings: Timings | None = None) -> tuple[Figures, Report]:
    """The same, and the report as they were made. Raises SourceError."""
    from reportspec.contract.fit import fitted
    from reportspec.contract.refusals import further
    from reportspec.contract.survey import answered
    from reportspec.evaluate.report_figures import figures_of
    from reportspec.render.filled import filled

    timings = timings or Timings()
    with timings.of("query"):
        program = fitted(program)
        try:
            answers = answered(program)
        except SourceError as error:
            raise further(program, error) from None
        for result in answers.results:
            timings.asked += result.asked
    with timings.of("evaluate"):
        return filled(program.report, figures_of(answers)), answers.program.report
