"""Which connection a source is read by."""

from __future__ import annotations

from collections.abc import Iterable

from reportspec.errors import SourceError
from reportspec.model.settings import Project, SourceSpec
from reportspec.resolve.binding import Binding
from reportspec.resolve.mapped_columns import columns_named, written_expressions
from reportspec.run.connection import Connection, Wanted
from reportspec.run.url_options import unknown_option


def wanted_for(project: Project, binding: Binding, tables: Iterable[str]) -> Wanted:
    """What a session is opened for that reads tables of a project's source."""
    return Wanted(
        frozenset(tables),
        binding.source.csv_columns == "text",
        str(binding.source_zone),
        project.timeout,
        project.memory,
        project.disk,
        reads=binding.source.reads,
        columns=columns_named(binding.source),
        written=written_expressions(binding.source),
    )


def connect(source: SourceSpec, wanted: Wanted) -> Connection:
    """A session over a source. Raises SourceError."""
    if source.database is None:
        raise SourceError("unsupported-source", f"`{source.label}` cannot be read")
    wrong = None if source.database.local else unknown_option(source.path, source.database.options)
    if wrong is not None:
        raise SourceError("unknown-option", *wrong)
    return source.database.open(source, wanted)
