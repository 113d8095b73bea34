"""The connection of a project, what the mapping expects of it, and whether the rows keep to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sqlglot import exp

from reportspec.check.lacking import There, served
from reportspec.check.mapping import with_types
from reportspec.databases import database
from reportspec.doctor.finding import Finding
from reportspec.doctor.mapped_names import costs, lacking_entities, tables_and_columns, tables_of
from reportspec.doctor.mapped_rows import rows
from reportspec.doctor.mapped_types import keys, times
from reportspec.doctor.probes import probes
from reportspec.doctor.server import (
    collation,
    declared_files,
    rights,
    row_security,
    server_version,
    statistics,
    temporary_tables,
)
from reportspec.errors import SourceError
from reportspec.model.mapped import MappedPart, SourceMap
from reportspec.model.settings import Project, SourceSpec
from reportspec.resolve.binding import Binding
from reportspec.resolve.mapped_columns import columns_named, written_expressions
from reportspec.run.connection import Connection, Wanted
from reportspec.sql.dialect import sql_text


def source(project: Project, mapping: SourceMap, binding: Binding | None = None) -> Iterator[Finding]:
    """The connection of a project, what the mapping expects of it, and, with a `binding`, whether the
    rows keep to it."""
    from reportspec.run.connect import connect

    wanted = Wanted(
        frozenset(name for part in _parts(mapping) for name in tables_of(part)),
        mapping.csv_columns == "text",
        mapping.timezone or project.source_timezone or project.timezone,
        project.timeout,
        project.memory,
        project.disk,
        reads=binding.source.reads if binding else (),
        whole=True,
        columns=columns_named(mapping),
        written=written_expressions(binding.source) if binding else (),
    )
    try:
        session = connect(project.source, wanted)
    except SourceError as error:
        for failure in (error, *error.also):
            what = "files" if failure.table else "connection"
            yield Finding("error", what, "; ".join((failure.message, *failure.notes)), failure.help)
        return
    try:
        yield from _of_session(session, project.source, wanted, mapping, binding)
    finally:
        session.close()


def _of_session(
    session: Connection, source: SourceSpec, wanted: Wanted, mapping: SourceMap, binding: Binding | None
) -> Iterator[Finding]:
    read_by = source.database
    assert read_by is not None  # it has been opened
    spoken, checkup = session.dialect.name, database(session.dialect.name).checkup
    yield Finding("ok", "connection", f"{read_by.label}, {source.label}")
    yield from declared_files(session)
    yield from server_version(session, checkup)
    yield from rights(session, checkup)
    yield from temporary_tables(session, checkup)
    yield from collation(session, checkup)
    yield from row_security(session)
    yield from statistics(session)
    yield Finding("ok", "clock", f"times without a zone are read as those of {wanted.zone}")
    yield from probes(session)
    try:
        columns = session.columns()
    except Exception as error:
        # What a user may see of the catalog differs; the statements themselves may still run.
        yield Finding("note", "tables", f"the database does not list them: {str(error)[:200]}")
        return
    yield from _unreadable(session, mapping, columns)
    there = There(columns, columns, spoken, all_tables=read_by.kind == "duckdb")
    seen = served(mapping, there)
    yield from tables_and_columns(mapping, seen, columns, spoken)
    if binding is not None:
        served_part = served(binding.source, there)
        if session.dialect.reading is not None:
            served_part = with_types(served_part, binding.catalogue, columns, spoken)
        binding = binding.over(replace(served_part, lacks={**binding.source.lacks, **served_part.lacks}))
        yield from costs(binding)
    yield from times(mapping, columns, spoken, wanted.zone)
    yield from keys(mapping, columns, spoken)
    if binding is not None:
        lacking = lacking_entities(binding.source, columns, spoken)
        yield from rows(session, source, wanted, binding, lacking)


def _unreadable(session: Connection, mapping: SourceMap, columns: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    """Tables and views that the mapping names and whose columns the database cannot say: why not."""
    tables = {".".join(name.name for name in part.table.parts): part.table for part in _parts(mapping)}
    for name, table in sorted(tables.items()):
        if columns.get(name) != {}:
            continue
        try:
            session.run(sql_text(exp.select("1").from_(table).limit(1), session.dialect))
        except SourceError as error:
            yield Finding("error", "tables", error.message, error.help)


def _parts(mapping: SourceMap) -> Iterator[MappedPart]:
    for entity in mapping.entities.values():
        yield from entity.parts
