"""A report fitted to what its source turns out to have, before anything is asked of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reportspec.check.lacking import There, served
from reportspec.check.mapping import with_types
from reportspec.compile import Program, compile_report, listing
from reportspec.contract.chances import learned_from
from reportspec.contract.emptied import checked_over
from reportspec.contract.survey import survey_of, survey_of_program, wanted_of
from reportspec.contract.unread import (
    refuse_unfit,
)
from reportspec.databases import dialect_named
from reportspec.model.mapped import SourceMap
from reportspec.model.settings import Project
from reportspec.model.spec import Report
from reportspec.resolve.binding import Binding
from reportspec.sql.survey_sql import fields_read

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
    """Raise SourceError for what one's own mapping reads for a report, and the source does not have
    (SQLite would take the name of such a column for a text), or has as something else."""
    from reportspec.run.connection import no_column, no_right, no_table
    from reportspec.run.execute import forbidden_columns

    report, binding = program.report, program.report.binding
    wrong = binding.source.wrong
    loads = binding.catalogue.loads
    if (load := binding.source.lacks.get(loads.entity)) is not None:
        raise no_table(load.table)
    trees = program.trees + ([listing(report)] if report.each else [])
    # It reads more of them, such as keys.
    surveyed = survey_of(report, trees) if report.each else survey_of_program(program)
    read = fields_read([*trees, surveyed[1]] if surveyed else trees, binding)
    refuse_unfit(binding, read)
    read = {**read, loads.entity: frozenset((loads.at,))}  # what `loaded_at` names has to be there
    names = [name for entity in read for name in (entity, *(f"{entity}.{f}" for f in read[entity]))]
    lacks = dict.fromkeys(wrong[name] for name in sorted(names) if name in wrong)
    source = report.project.source
    forbidden = forbidden_columns(source, wanted_of(report, trees)) if lacks and not source.typed_before else {}
    found = [
        no_right(lack.table, lack.column)
        if lack.column in forbidden.get(lack.table, ())
        else no_column(f"{lack.table}.{lack.column}", _with_rights(lack.help, source.typed_before))
        if lack.column
        else no_table(lack.table, *filter(None, (lack.help,)))
        for lack in lacks
    ]
    for error, lack in zip(found, lacks, strict=True):
        error.span = lack.span
    if found:
        first, *rest = found
        first.also = tuple(rest)
        raise first


def _with_rights(help: str, local: bool) -> str:
    """What to do about a column that is not there; some servers tell nothing of one that may not be read."""
    return help if local else f"{help.removesuffix('?')}, or has the user no right to it?"
