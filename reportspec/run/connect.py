"""Which connection a source is read by."""

from __future__ import annotations

from reportspec.errors import SourceError
from reportspec.model.settings import SourceSpec
from reportspec.run.connection import Connection, Wanted


def connect(source: SourceSpec, wanted: Wanted) -> Connection:
    """A session over a source. Raises SourceError."""
    if source.database is None:
        raise SourceError("unsupported-source", f"`{source.label}` cannot be read")
    return source.database.open(source, wanted)
