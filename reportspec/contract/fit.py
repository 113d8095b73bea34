"""A report fitted to what its source turns out to have, before anything is asked of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reportspec.check.lacking import There, served
from reportspec.check.mapping import with_types
from reportspec.compile import Program, compile_report
from reportspec.contract.chances import learned_from
from reportspec.contract.emptied import checked_over
from reportspec.contract.refusals import absent_columns_of, fields_of, further, together
from reportspec.contract.survey import wanted_of
from reportspec.contract.unread import unfit_columns
from reportspec.databases import dialect_named
from reportspec.errors import Broken
from reportspec.model.mapped import SourceMap
from reportspec.model.settings import Project
from reportspec.model.spec import Report
from reportspec.resolve.binding import Binding

if TYPE_CHECKING:
    from reportspec.run.connection import Wanted


def fitted(program: Program) -> Program:
    """The program for what a source has, which of a server is known once it is asked: columns that are not
    there, days that the mapping reads as times, texts that are to be times or booleans. Raises
    SourceError."""
    report, binding = program.report, program.report.binding
    read = [*program.trees, *learned_from(report, program.queries)]
    source = seen(report.project, binding, wanted_of(report, read))
    if source is not binding.source:
        over = _report_over(report, source)
        program = program if over.binding is binding else compile_report(over)
    _refuse_absent(program)
    return program


def seen(project: Project, binding: Binding, wanted: Wanted) -> SourceMap:
    """The mapping as far as a source has what it reads, with the types that are there: of a server they are known once
    it is asked. Raises SourceError."""
    from reportspec.run.execute import column_types

    source = project.source
    if source.typed_before or dialect_named(source.dialect).reading is None:
        return binding.source
    types = column_types(source, wanted)
    there = There(types, types, source.dialect, all_tables=False)
    return with_types(served(binding.source, there), binding.catalogue, types, source.dialect)


def _report_over(report: Report, source: SourceMap) -> Report:
    if source.lacks:
        return checked_over(report, source)
    return report if source == report.binding.source else replace(report, binding=report.binding.over(source))


def _refuse_absent(program: Program) -> None:
    """Raise SourceError for what one's own mapping reads for a report, and the source does not have, or has as
    something else, with what else is wrong with it."""
    from reportspec.run.connection import no_table

    binding = program.report.binding
    if (load := binding.source.lacks.get(binding.catalogue.loads.entity)) is not None:
        raise no_table(load.table)
    read = fields_of(program)
    unfit = unfit_columns(binding, read)
    report = program.report
    lacking = absent_columns_of(report.project, binding, read, lambda: wanted_of(report, program.trees))
    found = [*([Broken(unfit)] if unfit else []), *lacking]
    if found:
        raise further(program, together(found))
