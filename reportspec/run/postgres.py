"""PostgreSQL, by psycopg: read-only sessions in the source's time zone, all of one report over the
same state of the data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from reportspec.check.model import SourceSpec
from reportspec.run.connection import (
    CONNECT_SECONDS,
    Secrets,
    SourceError,
    Table,
    Wanted,
    cancelled,
    lost_connection,
    missing_driver,
    no_column,
    no_connection,
    no_table,
    not_allowed,
    refused,
    timed_out,
    unreadable,
)

if TYPE_CHECKING:
    import psycopg

_COLUMNS = """
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
       n.nspname = ANY (current_schemas(false))
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%'
  AND has_column_privilege(c.oid, a.attnum, 'SELECT')
ORDER BY 1, 2, a.attnum
"""


# Domains over citext count as well. Servers before 12 have only collations that tell texts apart.
_LOOSE = """
SELECT 1 FROM unnest(%s::text[]) AS name JOIN pg_attribute a ON a.attrelid = to_regclass(name)
JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type base ON base.oid = t.typbasetype
LEFT JOIN pg_collation co ON co.oid = a.attcollation
WHERE a.attnum > 0 AND NOT a.attisdropped AND ('citext' IN (t.typname, base.typname)
  OR to_jsonb(co) ->> 'collisdeterministic' = 'false')
LIMIT 1
"""


class PostgresConnection:
    """A PostgreSQL session that can only read."""

    dialect = "postgres"

    def __init__(
        self, raw: psycopg.Connection[Any], source: SourceSpec, wanted: Wanted, secrets: Secrets
    ) -> None:
        self._raw, self._source, self._wanted, self._secrets = raw, source, wanted, secrets
        self._snapshot = wanted.snapshot

    def run(self, sql: str) -> Table:
        """Run one SELECT. Raises SourceError."""
        import psycopg

        try:
            # Bytes, and no parameters: nothing in the text is taken for a placeholder.
            cursor = self._raw.execute(sql.encode())
            names = tuple(column.name for column in cursor.description or ())
            return Table(names, tuple(cursor.fetchall()))
        except psycopg.Error as error:
            raise self._explained(error) from None

    def cancel(self) -> None:
        """End the statement that is running."""
        self._raw.cancel_safe(timeout=5)

    def close(self) -> None:
        """Give the session back."""
        self._raw.close()

    def beside(self) -> PostgresConnection | None:
        """Another session that sees what this one sees. A server that exports no snapshots (some
        poolers and replicas do not) gets no second session."""
        from dataclasses import replace

        if self._snapshot is None:
            try:
                self._snapshot = str(self.run("SELECT pg_export_snapshot()").rows[0][0])
            except SourceError:
                self._raw.rollback()
                self._begin()
                return None
        return open_postgres(self._source, replace(self._wanted, snapshot=self._snapshot))

    def columns(self) -> dict[str, dict[str, str]]:
        """The columns that the user may read; tables on the search path also by their bare name."""
        found: dict[str, dict[str, str]] = {}
        for schema, table, name, kind, bare in self.run(_COLUMNS).rows:
            found.setdefault(f"{schema}.{table}", {})[name] = kind
            if bare:
                found.setdefault(table, {})[name] = kind
        return found

    def never_analyzed(self) -> list[str]:
        """Those of the tables to be read of which the database has no statistics."""
        names = [
            ".".join('"' + part.replace('"', '""') + '"' for part in table.split("."))
            for table in sorted(self._wanted.tables)
        ]
        sql = """SELECT name FROM unnest(%s::text[]) AS name JOIN pg_class c ON c.oid = to_regclass(name)
                 WHERE c.relkind IN ('r', 'm') AND (c.reltuples < 0 OR (c.reltuples = 0 AND c.relpages = 0
                 AND pg_relation_size(c.oid) > 0))"""
        return [str(row[0]) for row in self._raw.execute(sql, (names,)).fetchall()]

    def loose(self) -> bool:
        """Whether a table to be read has a column of type citext or of a nondeterministic
        collation."""
        names = [
            ".".join('"' + part.replace('"', '""') + '"' for part in table.split("."))
            for table in sorted(self._wanted.tables)
        ]
        return bool(self._raw.execute(_LOOSE, (names,)).fetchall())

    def _begin(self) -> None:
        self._raw.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        if self._wanted.snapshot is not None:
            self._raw.execute(f"SET TRANSACTION SNAPSHOT '{self._wanted.snapshot}'".encode())

    def _explained(self, error: psycopg.Error) -> SourceError:
        from psycopg import errors

        why = self._secrets.why(error)
        if self._raw.closed or isinstance(error, (errors.AdminShutdown, errors.CrashShutdown)):
            return lost_connection(self._source.label, why)
        if isinstance(error, errors.UndefinedTable):
            name = re.search(r'"([^"]+)"', why)
            return no_table(name[1] if name else why)
        if isinstance(error, errors.UndefinedColumn):
            name = re.search(r'column "?([^"\s]+)"?', why)
            return no_column(name[1] if name else why)
        if isinstance(error, errors.InsufficientPrivilege):
            return not_allowed(why)
        if isinstance(error, errors.QueryCanceled):
            return timed_out(self._wanted.timeout) if "timeout" in why else cancelled()
        if isinstance(error, errors.DataError):
            return unreadable(why)
        return refused(why)


def open_postgres(source: SourceSpec, wanted: Wanted) -> PostgresConnection:
    """A session over a `postgresql://` URL. Raises SourceError."""
    try:
        import psycopg
    except ImportError:
        raise missing_driver("PostgreSQL", "postgres") from None
    secrets = Secrets(source.path)
    url = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", source.path)
    zone = wanted.zone if re.fullmatch(r"[\w/+\-]+", wanted.zone) else "UTC"
    settings = (
        ("default_transaction_read_only", "on"),
        ("statement_timeout", f"{wanted.timeout}s"),
        ("jit", "off"),  # on statements with many CASE aggregates it costs more than they do
        ("timezone", zone),
    )
    try:
        raw = psycopg.connect(
            url, autocommit=True, connect_timeout=CONNECT_SECONDS, application_name="reportspec"
        )
    except psycopg.Error as error:
        raise no_connection(source.label, secrets.why(error)) from None
    session = PostgresConnection(raw, source, wanted, secrets)
    try:
        # As statements, since poolers refuse settings at the start.
        for name, value in settings:
            try:
                raw.execute("SELECT set_config(%s, %s, false)", (name, value))
            except psycopg.Error:
                if name != "jit":  # some forks have none
                    raise
        if session.never_analyzed():
            # Without statistics the planner expects a row or two from everything, and loops within
            # loops over all of them.
            raw.execute("SET enable_nestloop = off")
        session._begin()
    except psycopg.Error as error:
        raw.close()
        raise session._explained(error) from None
    return session
