"""A report fitted to what its source turns out to have, before anything is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
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
from reportspec.diagnostics import Span
from reportspec.errors import SourceError
from reportspec.model.mapped import Lack, SourceMap
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
    from reportspec.run.connection import no_table

    report, binding = program.report, program.report.binding
    if (load := binding.source.lacks.get(binding.catalogue.loads.entity)) is not None:
        raise no_table(load.table)
    read = fields_of(program)
    refuse_unfit(binding, read)
    refuse(absent_columns_of(report.project, binding, read, lambda: wanted_of(report, program.trees)))


def fields_of(program: Program) -> dict[str, frozenset[str]]:
    """The fields that a report reads of each entity, with those that its survey reads besides, such as keys."""
    report = program.report
    trees = program.trees + ([listing(report)] if report.each else [])
    surveyed = survey_of(report, trees) if report.each else survey_of_program(program)
    return fields_read([*trees, surveyed[1]] if surveyed else trees, report.binding)


def absent_columns_of(
    project: Project,
    binding: Binding,
    read: Mapping[str, frozenset[str]],
    wanted: Callable[[], Wanted] | None = None,
) -> list[SourceError]:
    """An error for each column of what is read that one's own mapping names and the source does not have; of a server,
    which is `wanted`, those that the user may not read are told as such."""
    from reportspec.run.connection import no_column, no_right
    from reportspec.run.execute import forbidden_columns

    source = project.source
    lacks = absent_of(binding, read)
    forbidden: Mapping[str, Collection[str]] = {}
    if lacks and wanted is not None and not source.typed_before:
        forbidden = forbidden_columns(source, wanted())
    found = []
    for lack, names in lacks.items():
        if lack.column in forbidden.get(lack.table, ()):
            error = no_right(lack.table, lack.column)
        else:
            error = no_column(f"{lack.table}.{lack.column}", _with_rights(lack.help, source.typed_before))
        spans = [span for name in names if (span := _place_of(binding, name)) is not None]
        error.span = lack.span or next(iter(spans), None)
        if fields := [name for name in names if "." in name]:
            error.notes = ("the mapping takes " + ", ".join(f"`{name}`" for name in fields[:5]) + " from it",)
        found.append(error)
    return found


def absent_tables_of(binding: Binding, wanted: Callable[[str], bool]) -> list[SourceError]:
    """An error for each table of `wanted` entities that one's own mapping names and the source does not have."""
    from reportspec.run.connection import no_table

    found = []
    for name, lack in binding.source.lacks.items():
        if lack.own and not lack.column and "." not in name and wanted(name):
            error = no_table(lack.table, lack.help or "name the table in the source, or leave the entity out")
            error.span = lack.span
            found.append(error)
    return found


def refuse(errors: Sequence[SourceError]) -> None:
    """Raise the first of several errors with the others, if there are any."""
    if errors:
        first, *rest = errors
        first.also = tuple(rest)
        raise first


def absent_of(binding: Binding, read: Mapping[str, frozenset[str]]) -> dict[Lack, list[str]]:
    """What the source lacks of columns that one's own mapping names for what is read, each with what it names it for:
    fields, or an entity whose rows it decides on."""
    wrong = binding.source.wrong
    loads = binding.catalogue.loads
    read = {**read, loads.entity: frozenset((loads.at,))}  # what `loaded_at` names has to be there
    found: dict[Lack, list[str]] = {}
    for name in sorted(name for entity in read for name in (entity, *(f"{entity}.{f}" for f in read[entity]))):
        if name in wrong:
            found.setdefault(wrong[name], []).append(name)
    return found


def _place_of(binding: Binding, name: str) -> Span | None:
    """Where the mapping has a field."""
    entity, _, field = name.partition(".")
    parts = binding.source.entities[entity].parts if entity in binding.source.entities else ()
    return next((part.fields[field].span for part in parts if field in part.fields), None)


def _with_rights(help: str, local: bool) -> str:
    """What to do about a column that is not there; some servers tell nothing of one that may not be read."""
    return help if local else f"{help.removesuffix('?')}, or has the user no right to it?"
