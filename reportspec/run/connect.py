"""Which connection a source is read by."""

from __future__ import annotations

from reportspec.check.model import SourceSpec
from reportspec.run.connection import Connection


def connect(
    source: SourceSpec, tables: frozenset[str], text_columns: bool, zone: str
) -> Connection:
    """A session over a source, for statements that read `tables`; times without zone are in
    `zone`. Raises SourceError."""
    if source.kind == "postgres":
        from reportspec.run.postgres import connect_postgres

        return connect_postgres(source, zone)
    from reportspec.run.embedded import connect as connect_embedded

    return connect_embedded(source, tables, text_columns, zone)
