"""A report fitted to what its source turns out to have, before anything is asked of it."""

from __future__ import annotations

from dataclasses import replace

from reportspec.check.lacking import There, served
from reportspec.check.mapping import with_types
from reportspec.compile import Program, compile_report, listing
from reportspec.contract.survey import survey_of, survey_of_program, wanted_of
from reportspec.contract.unread import (
    refuse_unfit,
)
from reportspec.databases import dialect_named
from reportspec.errors import Broken
from reportspec.model.mapped import SourceMap
from reportspec.model.spec import Report
from reportspec.sql.survey_sql import fields_read


def fitted(program: Program) -> Program:
    """The program for what a source has, which of a server is known once it is asked: columns that are not
    there, days that the mapping reads as times, texts that are to be times or booleans. Raises
    SourceError."""
    report, source = program.report, program.report.project.source
    if not source.typed_before and dialect_named(source.dialect).reading is not None:
        seen = _report_over(report, _seen(program))
        program = program if seen.binding is report.binding else compile_report(seen)
    _refuse_absent(program)
    return program


def _seen(program: Program) -> SourceMap:
    """The mapping as far as a server has what it reads, with the types that are there."""
    from reportspec.run.execute import column_types

    report, source = program.report, program.report.project.source
    types = column_types(source, wanted_of(report, program.trees))
    there = There(types, types, source.dialect, all_tables=False)
    return with_types(served(report.binding.source, there), report.binding.catalogue, types, source.dialect)


def _report_over(report: Report, seen: SourceMap) -> Report:
    if seen.lacks:
        return _checked_over(report, seen)
    return report if seen == report.binding.source else replace(report, binding=report.binding.over(seen))


def _checked_over(report: Report, source: SourceMap) -> Report:
    """A report's spec, checked again for a source that lacks some of what its mapping reads. Raises
    SourceError for what cannot be told without it."""
    assert report.over is not None
    refitted = report.over(source)
    problems = [diagnostic for diagnostic in refitted.diagnostics if diagnostic.severity == "error"]
    if refitted.report is None or problems:
        raise Broken(problems)
    audits, before = report.audits, report.audited_before
    return replace(refitted.report, project=report.project, over=report.over, audits=audits, audited_before=before)


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
