"""PostgreSQL, by psycopg: transactions that only read, in the source's time zone, all of one report
over the same state of the data.

Every setting is one of the transaction (`SET LOCAL`), none of the session: behind a pooler the session
is somebody else's as soon as the transaction ends.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

from reportspec.errors import SourceError
from reportspec.model.rows import Table
from reportspec.model.settings import SourceSpec
from reportspec.run.connection import (
    CONNECT_SECONDS,
    Loose,
    Secrets,
    Wanted,
    cancelled,
    loose_columns,
    lost_connection,
    missing_driver,
    no_column,
    no_table,
    not_allowed,
    not_let_in,
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

_MAY_BE_UNKNOWN = (
    "jit = off",  # on statements with many CASE aggregates it costs more than they do
    # Whoever is killed tells nobody: the server looks itself whether anybody waits for its answer.
    "client_connection_check_interval = '2s'",  # PostgreSQL 14 and newer, on Linux
)


# Domains over citext count as well. Servers before 12 have only collations that tell texts apart.
_LOOSE = """
SELECT name, a.attname FROM unnest(%s::text[], %s::text[]) AS asked(quoted, name)
JOIN pg_attribute a ON a.attrelid = to_regclass(quoted)
JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type base ON base.oid = t.typbasetype
LEFT JOIN pg_collation co ON co.oid = a.attcollation
WHERE a.attnum > 0 AND NOT a.attisdropped AND ('citext' IN (t.typname, base.typname)
  OR to_jsonb(co) ->> 'collisdeterministic' = 'false')
"""


_TEXTS = ("text", "citext", "character", "varchar", "bpchar", "name")


class PostgresConnection:
    """A PostgreSQL session that can only read."""

    dialect = "postgres"

    def __init__(self, raw: psycopg.Connection[Any], source: SourceSpec, wanted: Wanted, secrets: Secrets) -> None:
        self._raw, self._source, self._wanted, self._secrets = raw, source, wanted, secrets
        self._snapshot = wanted.snapshot
        self._turn = threading.RLock()  # no statement falls into a transaction that begins anew

    def run(self, sql: str) -> Table:
        """Run one SELECT. Raises SourceError."""
        import psycopg

        try:
            with self._turn:
                # Bytes, and no parameters: nothing in the text is taken for a placeholder.
                cursor = self._raw.execute(sql.encode())
                names = tuple(column.name for column in cursor.description or ())
                return Table(names, tuple(cursor.fetchall()))
        except psycopg.Error as error:
            raise self.explained(error) from None
        except UnicodeDecodeError:
            raise _no_utf8() from None

    def cancel(self) -> None:
        """End the statement that is running."""
        if not self._raw.closed:
            self._raw.cancel_safe(timeout=2)

    def close(self) -> None:
        """Give the session back."""
        self._raw.close()

    def beside(self) -> PostgresConnection | None:
        """Another session that sees what this one sees. A server that exports no snapshots (some
        poolers and replicas do not) gets no second session."""
        from dataclasses import replace

        with self._turn:
            if self._snapshot is None:
                try:
                    self._snapshot = str(self.run("SELECT pg_export_snapshot()").rows[0][0])
                except SourceError as error:
                    if error.lost or error.code == "cancelled":
                        return None
                    self._raw.rollback()
                    self.begin()
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
        names, _ = self._quoted()
        sql = """SELECT name FROM unnest(%s::text[]) AS name JOIN pg_class c ON c.oid = to_regclass(name)
                 WHERE c.relkind IN ('r', 'm') AND (c.reltuples < 0 OR (c.reltuples = 0 AND c.relpages = 0
                 AND pg_relation_size(c.oid) > 0))"""
        return [str(row[0]) for row in self._raw.execute(sql, (names,)).fetchall()]

    def loose(self) -> Loose:
        """Columns of type citext or of a nondeterministic collation; of tables that cannot be told
        from others all texts."""
        names, others = self._quoted()
        plain = [name for name in sorted(self._wanted.tables) if name not in others]
        found = [(t, c) for t, c in self._raw.execute(_LOOSE, (names, plain)).fetchall()]
        known = self.columns() if others else {}
        for table in others:
            kinds = known.get(table, {})
            found += [(table, c) for c, kind in kinds.items() if kind.startswith(_TEXTS)]
        return loose_columns(found)

    def _quoted(self) -> tuple[list[str], list[str]]:
        """The names of the tables to be read, quoted, and those that cannot be told from others
        because a name has a dot in it."""
        tables = sorted(self._wanted.tables)
        others = [name for name in tables if not all(name.split(".")) or name.count(".") > 2]
        return [
            ".".join('"' + part.replace('"', '""') + '"' for part in table.split("."))
            for table in tables
            if table not in others
        ], others

    def begin(self) -> None:
        """Begin the transaction in which all is read, with its settings. Raises psycopg.Error."""
        wanted = self._wanted
        zone = wanted.zone if re.fullmatch(r"[\w/+\-]+", wanted.zone) else "UTC"
        parts = ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"]
        if wanted.snapshot is not None:
            parts.append(f"SET TRANSACTION SNAPSHOT '{wanted.snapshot}'")
        # Where a server has it off, a backslash in a text would take the quote after it along.
        parts.append("SET LOCAL standard_conforming_strings = on")
        parts += [f"SET LOCAL statement_timeout = '{wanted.timeout}s'", f"SET LOCAL TimeZone = '{zone}'"]
        self._raw.execute("; ".join(parts).encode())
        for setting in _MAY_BE_UNKNOWN:
            self._set(setting)
        if self.never_analyzed():
            # Without statistics the planner expects a row or two from everything, and loops within
            # loops over all of them.
            self._raw.execute("SET LOCAL enable_nestloop = off")

    def _set(self, setting: str) -> None:
        """A setting of the transaction, where the server knows it."""
        import psycopg

        text = f"SAVEPOINT s; SET LOCAL {setting}; RELEASE SAVEPOINT s"
        try:
            self._raw.execute(text.encode())
        except psycopg.Error:
            if self._raw.closed:
                raise
            self._raw.execute("ROLLBACK TO SAVEPOINT s")

    def explained(self, error: psycopg.Error) -> SourceError:
        """What an error of a statement means."""
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
        if isinstance(error, errors.CharacterNotInRepertoire):
            return _no_utf8()
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
    raw: psycopg.Connection[Any] | None = None
    try:
        raw = psycopg.connect(
            url,
            autocommit=True,
            # A pooler gives the next transaction another session, which knows no statement by name.
            prepare_threshold=None,
            **_arguments(url),
        )
        session = PostgresConnection(raw, source, wanted, secrets)
        session.begin()
        return session
    except BaseException as error:
        gone = raw is None or raw.closed  # a pooler lets one in before the database has
        if raw is not None:
            raw.close()
        if not isinstance(error, psycopg.Error):
            raise
        if gone:
            raise not_let_in(source.label, secrets.why(error)) from None
        raise session.explained(error) from None


def _arguments(url: str) -> dict[str, Any]:
    """What the URL does not say itself. A server in SQL_ASCII would give bytes for texts."""
    from psycopg import conninfo

    given = conninfo.conninfo_to_dict(url)
    own = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "reportspec",
        "client_encoding": "utf8",
    }
    return {name: value for name, value in own.items() if name not in given}


def _no_utf8() -> SourceError:
    return SourceError(
        "unreadable-value",
        "a text of the source is not in UTF-8",
        "say what its texts are written in: `?client_encoding=latin1` at the end of the URL",
    )
