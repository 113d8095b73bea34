"""Databases that are read by SQLAlchemy: MySQL and MariaDB, and those for which the SQL is written
without having been run here.

Each has its own words for a session that only reads, for a limit of time and for ending a
statement; `_Kind` holds them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reportspec.errors import SourceError
from reportspec.model.rows import Table
from reportspec.model.settings import SourceSpec
from reportspec.run import tls
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
    no_connection,
    no_table,
    not_allowed,
    not_let_in,
    refused,
    timed_out,
    unreadable,
)
from reportspec.run.reaper import Guard
from reportspec.sql.dialects.mysql import UNREAD

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Engine

Statements = Callable[[Wanted], tuple[str, ...]]
_MYSQL_COLUMNS = (
    "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, TABLE_SCHEMA = DATABASE()"
    " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA NOT IN"
    " ('information_schema', 'mysql', 'performance_schema', 'sys')"
    " ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION"
)
_NO_TABLE = r"(?:table|object|relation)\W+([\w.$]+)\W+(?:doesn't|does not) exist|invalid object name '([^']+)'"
_NO_COLUMN = (
    r"unknown column '([^']+)'|column\W+([\w.$]+)\W+(?:doesn't|does not) exist"
    r"|invalid column name '([^']+)'|invalid identifier '([^']+)'"
)


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of database: the URL's driver, and the statements that a session begins with."""

    dialect: str
    label: str
    extra: str
    driver: str
    begin: Statements
    arguments: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


_TEXTS = (
    "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, TABLE_SCHEMA = DATABASE() FROM information_schema.COLUMNS"
    " WHERE NOT COLLATION_NAME IS NULL AND NOT COLLATION_NAME IN ('binary', 'utf8mb4_nopad_bin', 'utf8mb4_0900_bin')"
    " AND NOT TABLE_SCHEMA IN ('information_schema', 'mysql', 'performance_schema', 'sys')"
)


# Out of range; an overflow when converting to DECIMAL.
_CUT = frozenset({1264, 1916})


class AlchemyConnection:
    """A session by SQLAlchemy."""

    def __init__(
        self,
        engine: Engine,
        raw: Connection,
        source: SourceSpec,
        wanted: Wanted,
        kind: _Kind,
        dialect: str,
    ) -> None:
        self.dialect = dialect
        self._engine, self._raw = engine, raw
        self._source, self._wanted, self._kind = source, wanted, kind
        self._secrets = Secrets(source.path)
        self._ended = False
        self._guard: Guard | None = None
        self._number = 0  # the session's, where a guard watches it

    def begin(self, guard: Guard | None, options: dict[str, str]) -> None:
        """Prepare the session, watched by a guard that there is, or by one of its own where one is
        needed; `options` are the URL's of TLS. Raises SourceError, and whatever drivers raise."""
        if self._kind.dialect == "mysql":
            version = str(self._raw.exec_driver_sql("SELECT VERSION()").scalar())
            self.dialect = "mariadb" if "mariadb" in version.lower() else "mysql"
            self.watched(guard or Guard(_logging_in(self._engine, options)))
        for statement in self._kind.begin(self._wanted):
            _prepare(self._raw, statement)
        wrong = _clocks(self._raw, self._wanted) if self._kind.dialect == "mysql" else None
        if wrong is not None:
            raise wrong

    def watched(self, guard: Guard) -> None:
        """Let a guard end what runs in this session when the process is killed."""
        self._guard = guard
        self._number = int(self._raw.connection.driver_connection.thread_id())  # type: ignore[union-attr]
        guard.watch(self._number)

    def run(self, sql: str) -> Table:
        """Run one SELECT. Raises SourceError."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            # Without parameters: a `%` in the text is a `%`.
            result = self._raw.execution_options(no_parameters=True).exec_driver_sql(sql)
            warned = getattr(result.cursor, "warning_count", None) != 0
            found = Table(tuple(result.keys()), tuple(tuple(row) for row in result.fetchall()))
            if self._kind.dialect == "mysql" and warned:
                self._nothing_cut()
            return found
        except SQLAlchemyError as error:
            raise self._explained(error) from None

    def _nothing_cut(self) -> None:
        """Nothing, unless the statement met a number that its type has no place for: MySQL and MariaDB
        go on with the largest that there is, and only warn. Raises SourceError."""
        for _, code, text in self._raw.exec_driver_sql("SHOW WARNINGS").fetchall():
            if int(code) in _CUT:
                raise refused(f"a number is too large: {self._secrets.why(Exception(text))}")

    def cancel(self) -> None:
        """End the statement that is running."""
        self._ended = True
        cancel_by = getattr(self, f"_cancel_{self._kind.dialect}", None)
        with suppress(Exception):
            if cancel_by is not None:
                cancel_by()
            else:
                driver = self._raw.connection.driver_connection
                getattr(driver, "cancel", driver.close)()  # type: ignore[union-attr]

    def _cancel_mysql(self) -> None:
        with self._engine.connect() as other:
            other.exec_driver_sql(f"KILL QUERY {self._number}")

    def close(self) -> None:
        """Give the session back."""
        guard, self._guard = self._guard, None
        with ExitStack() as stack:
            if guard is not None:
                stack.callback(guard.leave, self._number)
            stack.callback(self._engine.dispose)
            with suppress(Exception):
                self._raw.close()

    def beside(self) -> AlchemyConnection | None:
        """Another session over the same database."""
        return _open(self._source, self._wanted, self._kind, self._guard)

    def loose(self) -> Loose:
        """In MySQL and MariaDB all texts whose collation is none of bytes."""
        if self._kind.dialect != "mysql":
            return frozenset()
        return loose_columns(
            (name, column)
            for schema, table, column, own in self.run(_TEXTS).rows
            for name in (f"{schema}.{table}", table if own else f"{schema}.{table}")
        )

    def columns(self) -> dict[str, dict[str, str]]:
        """The columns of the tables and views of the session's schema and of those beside it."""
        if self._kind.dialect == "mysql":
            return self._mysql_columns()
        from sqlalchemy import inspect
        from sqlalchemy.exc import NoSuchTableError, OperationalError, ProgrammingError

        look = inspect(self._engine)
        own = look.default_schema_name
        found: dict[str, dict[str, str]] = {}
        for schema in look.get_schema_names():
            if schema.lower() in ("information_schema", "mysql", "performance_schema", "sys"):
                continue
            for table in (*look.get_table_names(schema), *look.get_view_names(schema)):
                # A table may be dropped while we look, and a view may lean on one that was.
                try:
                    columns = {c["name"]: str(c["type"]) for c in look.get_columns(table, schema)}
                except (NoSuchTableError, OperationalError, ProgrammingError):
                    continue
                found[f"{schema}.{table}"] = columns
                if schema == own:
                    found[table] = columns
        return found

    def _mysql_columns(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for schema, table, column, kind, own in self.run(_MYSQL_COLUMNS).rows:
            for name in (f"{schema}.{table}", str(table)) if own else (f"{schema}.{table}",):
                found.setdefault(name, {})[str(column)] = str(kind)
        return found

    def _explained(self, error: Any) -> SourceError:
        why = self._secrets.why(getattr(error, "orig", None) or error)
        if getattr(error, "connection_invalidated", False):
            return cancelled() if self._ended else lost_connection(self._source.label, why)
        low = why.lower()
        unread = re.search(rf"'({UNREAD} in the column .*? is (?:neither yes nor no|no \w+))'", why)
        if unread and "1690" in why:
            return unreadable(unread[1])
        if self._ended or ("interrupted" in low and "max_statement_time" not in low):
            return cancelled()
        if any(
            word in low
            for word in ("max_statement_time", "timeout", "timed out", "time limit", "maximum statement execution time")
        ):
            return timed_out(self._wanted.timeout)
        for pattern, made in ((_NO_TABLE, no_table), (_NO_COLUMN, no_column)):
            found = re.search(pattern, why, re.IGNORECASE)
            if found:
                return made(next(g for g in found.groups() if g))
        if any(word in low for word in ("denied", "permission", "not authorized", "privilege")):
            return not_allowed(why)
        return refused(why)


def _open(source: SourceSpec, wanted: Wanted, kind: _Kind, guard: Guard | None = None) -> AlchemyConnection:
    secrets = Secrets(source.path)
    try:
        from sqlalchemy import create_engine
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError
        from sqlalchemy.pool import NullPool
    except ImportError:
        raise missing_driver(kind.label, kind.extra) from None
    try:
        url, arguments, options = _url(make_url(source.path), kind)
        engine = create_engine(url, poolclass=NullPool, connect_args=arguments)
    except (ImportError, NoSuchModuleError):
        raise missing_driver(kind.label, kind.extra) from None
    except tls.TlsError as error:
        raise SourceError(
            "no-tls", f"the URL of `{source.label}`: {error}", "see *Encrypted connections* in docs/databases.md"
        ) from None
    except (SQLAlchemyError, ValueError, TypeError) as error:
        raise no_connection(source.label, secrets.why(error)) from None
    raw: Connection | None = None
    session: AlchemyConnection | None = None
    try:
        raw = engine.connect()
        session = AlchemyConnection(engine, raw, source, wanted, kind, kind.dialect)
        session.begin(guard, options)
        return session
    except BaseException as error:
        if session is not None:
            session.close()
        elif raw is not None:
            raw.close()
        engine.dispose()
        if isinstance(error, ImportError):
            raise missing_driver(kind.label, kind.extra) from None
        # Drivers raise errors of their own besides SQLAlchemy's.
        if isinstance(error, SourceError) or not isinstance(error, Exception):
            raise
        raise not_let_in(source.label, secrets.why(getattr(error, "orig", None) or error)) from None


def _url(url: URL, kind: _Kind) -> tuple[URL, dict[str, Any], dict[str, str]]:
    """The URL with the driver that the extra brings, unless it names one itself; the driver's arguments
    beside it; and the URL's options of TLS, which are among these."""
    if "+" not in url.drivername:
        url = url.set(drivername=kind.driver)
    arguments = dict(kind.arguments)
    missing = {k: v for k, v in kind.query.items() if k not in url.query}
    url = url.update_query_dict(missing) if missing else url
    if url.drivername != "mysql+pymysql":
        return url, arguments, {}
    options = {k: str(v) for k, v in url.query.items() if k.lower().startswith("ssl")}
    asked = tls.tls_of(options)
    if asked.context is not None:
        arguments["ssl"] = asked.context
    elif asked.off:
        arguments["ssl_disabled"] = True
    return url.difference_update_query(options), arguments, options


def _logging_in(engine: Engine, options: dict[str, str]) -> dict[str, Any]:
    """The arguments of PyMySQL for a session like the engine's, as they can be written down."""
    _, given = engine.dialect.create_connect_args(engine.url)
    return {**given, "connect_timeout": CONNECT_SECONDS, "tls": options}


def _prepare(raw: Connection, statement: str) -> None:
    """A setting of the session. One that begins with `?` may be unknown to the server."""
    if not statement.startswith("?"):
        raw.exec_driver_sql(statement)
        return
    with suppress(Exception):
        raw.exec_driver_sql(statement[1:])


def _named(zone: str) -> bool:
    """Whether a zone goes by a name that can be written out, and is not UTC."""
    return zone not in ("UTC", "Etc/UTC") and re.fullmatch(r"[\w/+\-]+", zone) is not None


def _clocks(raw: Connection, wanted: Wanted) -> SourceError | None:
    """Why a server that does not know the source's zone would show instants by another clock."""
    if wanted.zone in ("UTC", "Etc/UTC"):
        return None
    if str(raw.exec_driver_sql("SELECT @@session.time_zone").scalar()) == wanted.zone:
        return None
    rows = raw.exec_driver_sql(
        "SELECT table_schema, table_name, column_name, table_schema = DATABASE()"
        " FROM information_schema.columns WHERE data_type = 'timestamp'"
    ).fetchall()
    tables = {name.lower() for name in wanted.tables}
    for schema, table, column, own in rows:
        if f"{schema}.{table}".lower() in tables or (own and str(table).lower() in tables):
            return SourceError(
                "unknown-zone",
                f"`{table}.{column}` is a TIMESTAMP, and the server does not know the zone `{wanted.zone}`",
                "load its zones (mariadb-tzinfo-to-sql /usr/share/zoneinfo | mariadb mysql),"
                " or say `source_timezone: UTC` if the other times are UTC's",
            )
    return None


def _mysql(wanted: Wanted) -> tuple[str, ...]:
    return (
        f"?SET SESSION max_statement_time = {wanted.timeout}",  # MariaDB, seconds
        f"?SET SESSION max_execution_time = {wanted.timeout * 1000}",  # MySQL, milliseconds
        # TIMESTAMP columns are instants, shown on the session's clock; `_clocks` looks whether the
        # server knows the source's zone.
        "SET SESSION time_zone = '+00:00'",
        *([f"?SET SESSION time_zone = '{wanted.zone}'"] if _named(wanted.zone) else []),
        "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'",
        "?SET SESSION group_concat_max_len = 1048576",
        # MariaDB joins CTEs by loops within loops unless it is told of hashes.
        "?SET SESSION join_cache_level = 4",
        "?SET SESSION join_buffer_size = 33554432",
        "?SET SESSION join_buffer_space_limit = 134217728",
        # Of the next transaction alone: a proxy may give the session to others.
        "COMMIT",
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    )


def _none(wanted: Wanted) -> tuple[str, ...]:
    return ()


def _snowflake(wanted: Wanted) -> tuple[str, ...]:
    return (
        f"ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = {wanted.timeout}",
        "ALTER SESSION SET TIMEZONE = 'UTC', TIMESTAMP_TYPE_MAPPING = 'TIMESTAMP_NTZ'",
        "ALTER SESSION SET QUERY_TAG = 'reportspec'",
    )


def _redshift(wanted: Wanted) -> tuple[str, ...]:
    return (
        f"SET statement_timeout TO {wanted.timeout * 1000}",
        "SET TIME ZONE 'UTC'",
        "SET readonly TO on",
    )


def _sqlserver(wanted: Wanted) -> tuple[str, ...]:
    return ("SET LOCK_TIMEOUT 60000", "SET DATEFIRST 1", "SET ANSI_WARNINGS ON")


def _oracle(wanted: Wanted) -> tuple[str, ...]:
    return (
        "SET TRANSACTION READ ONLY",
        "ALTER SESSION SET NLS_SORT = 'BINARY' NLS_COMP = 'BINARY'",
    )


_KINDS = {
    "mysql": _Kind(
        "mysql", "MySQL", "mysql", "mysql+pymysql", _mysql, {"connect_timeout": CONNECT_SECONDS}, {"charset": "utf8mb4"}
    ),
    "snowflake": _Kind(
        "snowflake", "Snowflake", "snowflake", "snowflake", _snowflake, {"login_timeout": CONNECT_SECONDS}
    ),
    "bigquery": _Kind("bigquery", "BigQuery", "bigquery", "bigquery", _none),
    "redshift": _Kind("redshift", "Redshift", "redshift", "redshift+redshift_connector", _redshift),
    "databricks": _Kind("databricks", "Databricks", "databricks", "databricks", _none),
    "trino": _Kind("trino", "Trino", "trino", "trino", _none),
    "sqlserver": _Kind(
        "tsql", "SQL Server", "sqlserver", "mssql+pymssql", _sqlserver, {"login_timeout": CONNECT_SECONDS}
    ),
    "oracle": _Kind("oracle", "Oracle", "oracle", "oracle+oracledb", _oracle),
}


def _opener(name: str) -> Callable[[SourceSpec, Wanted], AlchemyConnection]:
    def opened(source: SourceSpec, wanted: Wanted) -> AlchemyConnection:
        """A session over a database's URL. Raises SourceError."""
        return _open(source, wanted, _KINDS[name])

    return opened


open_mysql = _opener("mysql")
open_snowflake = _opener("snowflake")
open_bigquery = _opener("bigquery")
open_redshift = _opener("redshift")
open_databricks = _opener("databricks")
open_trino = _opener("trino")
open_sqlserver = _opener("sqlserver")
open_oracle = _opener("oracle")
