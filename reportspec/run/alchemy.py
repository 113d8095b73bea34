"""Sessions by SQLAlchemy, of the databases that are read so: MySQL and MariaDB, and those for which the SQL is
written without having been run here.

Each has its own words for a session that only reads, for a limit of time and for ending a
statement; a `Driver`, in the database's file, holds them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import field
from typing import TYPE_CHECKING, Any

from reportspec.errors import SourceError
from reportspec.lazy_dataclass import dataclass
from reportspec.model.rows import Table
from reportspec.model.settings import SourceSpec
from reportspec.run import tls
from reportspec.run.connection import (
    KeepsNothing,
    Loose,
    Secrets,
    Wanted,
    cancelled,
    locked_out,
    lost_connection,
    missing_driver,
    no_column,
    no_connection,
    no_table,
    not_allowed,
    not_let_in,
    refused,
    timed_out,
)
from reportspec.sql.dialects.rewrite import Dialect

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, CursorResult, Engine

_NO_TABLE = r"(?:table|object|relation)\W+([\w.$]+)\W+(?:doesn't|does not) exist|invalid object name '([^']+)'"
_NO_COLUMN = (
    r"unknown column '([^']+)'|column\W+([\w.$]+)\W+(?:doesn't|does not) exist"
    r"|invalid column name '([^']+)'|invalid identifier '([^']+)'"
)
_LATE = ("max_statement_time", "timeout", "timed out", "time limit", "maximum statement execution time")
_FORBIDDEN = ("denied", "permission", "not authorized", "privilege")
_SYSTEM = ("information_schema", "mysql", "performance_schema", "sys")  # schemas that are the server's


@dataclass(frozen=True, slots=True)
class Driver:
    """How SQLAlchemy reads a database: its name for the driver, the statements that a session begins with (one
    that begins with `?` may be unknown to the server), the driver's arguments and the URL's options where the
    URL has none of its own. `encrypted` moves the URL's options of TLS to the arguments, for drivers that do
    not know them, and returns them besides. `session` are its sessions, where they are not like others."""

    name: str
    begin: Callable[[Wanted], tuple[str, ...]] = lambda wanted: ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    encrypted: Callable[[URL, dict[str, Any]], tuple[URL, dict[str, str]]] = lambda url, arguments: (url, {})
    session: type[AlchemyConnection] | None = None

    def open(self, source: SourceSpec, wanted: Wanted) -> AlchemyConnection:
        """A session over a database's URL. Raises SourceError."""
        return open_session(source, wanted, self)


class AlchemyConnection(KeepsNothing):
    """A session by SQLAlchemy."""

    def __init__(self, engine: Engine, raw: Connection, source: SourceSpec, wanted: Wanted, driver: Driver) -> None:
        assert source.database is not None
        self.dialect: Dialect = source.database.dialect
        self.engine, self.raw = engine, raw
        self.source, self.wanted, self.driver = source, wanted, driver
        self.secrets = Secrets(source.path)
        self._ended = False

    def begin(self, options: dict[str, str], first: AlchemyConnection | None) -> None:
        """Prepare the session, which is one beside the `first` if there is one; `options` are the URL's of TLS.
        Raises SourceError, and whatever drivers raise."""
        for statement in self.driver.begin(self.wanted):
            _prepare(self.raw, statement)

    def run(self, sql: str) -> Table:
        """Run one SELECT. Raises SourceError."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            # Without parameters: a `%` in the text is a `%`.
            result = self.raw.execution_options(no_parameters=True).exec_driver_sql(sql)
            return self.fetched(result)
        except SQLAlchemyError as error:
            raise self.explained(error) from None

    def fetched(self, result: CursorResult[Any]) -> Table:
        """The rows of a statement. Raises SourceError where they are not to be used, and SQLAlchemyError."""
        return Table(tuple(result.keys()), tuple(tuple(row) for row in result.fetchall()))

    def cancel(self) -> None:
        """End the statement that is running."""
        self._ended = True
        with suppress(Exception):
            self.end_statement()

    def end_statement(self) -> None:
        """End it in the database's own way. Raises whatever drivers raise."""
        driver = self.raw.connection.driver_connection
        getattr(driver, "cancel", driver.close)()  # type: ignore[union-attr]

    def close(self) -> None:
        """Give the session back."""
        try:
            with suppress(Exception):
                self.raw.close()
        finally:
            self.engine.dispose()

    def beside(self) -> AlchemyConnection | None:
        """Another session over the same database."""
        return open_session(self.source, self.wanted, self.driver, self)

    def loose(self) -> Loose:
        """Not known: what a comparison takes for equal is seen where values are listed."""
        return frozenset()

    def columns(self) -> dict[str, dict[str, str]]:
        """The columns of the tables and views of the session's schema and of those beside it."""
        from sqlalchemy import inspect
        from sqlalchemy.exc import NoSuchTableError, OperationalError, ProgrammingError

        look = inspect(self.engine)
        own_schema = look.default_schema_name
        types: dict[str, dict[str, str]] = {}
        for schema in look.get_schema_names():
            if schema.lower() in _SYSTEM:
                continue
            for table in (*look.get_table_names(schema), *look.get_view_names(schema)):
                # A table may be dropped while we look, and a view may lean on one that was.
                try:
                    columns = {c["name"]: str(c["type"]) for c in look.get_columns(table, schema)}
                except (NoSuchTableError, OperationalError, ProgrammingError):
                    continue
                types[f"{schema}.{table}"] = columns
                if schema == own_schema:
                    types[table] = columns
        return types

    def why(self, error: Any) -> str:
        """What a driver says, without secrets."""
        return self.secrets.why(getattr(error, "orig", None) or error)

    def explained(self, error: Any) -> SourceError:
        """What an error of a statement means."""
        why = self.why(error)
        if getattr(error, "connection_invalidated", False):
            return cancelled() if self._ended else lost_connection(self.source.label, why)
        low = why.lower()
        if self._ended or ("interrupted" in low and "max_statement_time" not in low):
            return cancelled()
        if "lock wait timeout" in low:
            return locked_out(max(1, int(self.wanted.timeout * 0.9)))
        if any(word in low for word in _LATE):
            return timed_out(self.wanted.timeout)
        for pattern, error_of in ((_NO_TABLE, no_table), (_NO_COLUMN, no_column)):
            match = re.search(pattern, why, re.IGNORECASE)
            if match:
                return error_of(next(g for g in match.groups() if g))
        return not_allowed(why) if any(word in low for word in _FORBIDDEN) else refused(why)


def open_session(
    source: SourceSpec, wanted: Wanted, driver: Driver, first: AlchemyConnection | None = None
) -> AlchemyConnection:
    """A session over a database's URL, beside a `first` one if there is one. Raises SourceError."""
    secrets = Secrets(source.path)
    engine, options = _engine(source, driver, secrets)
    raw: Connection | None = None
    session: AlchemyConnection | None = None
    try:
        raw = engine.connect()
        session = (driver.session or AlchemyConnection)(engine, raw, source, wanted, driver)
        session.begin(options, first)
        return session
    except BaseException as error:
        if session is not None:
            session.close()
        elif raw is not None:
            raw.close()
        engine.dispose()
        if isinstance(error, ImportError):
            raise _missing(source) from None
        # Drivers raise errors of their own besides SQLAlchemy's.
        if isinstance(error, SourceError) or not isinstance(error, Exception):
            raise
        raise not_let_in(source.label, secrets.why(getattr(error, "orig", None) or error)) from None


def _engine(source: SourceSpec, driver: Driver, secrets: Secrets) -> tuple[Engine, dict[str, str]]:
    """What makes connections, and the URL's options of TLS. Raises SourceError."""
    try:
        from sqlalchemy import create_engine
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError
        from sqlalchemy.pool import NullPool
    except ImportError:
        raise _missing(source) from None
    try:
        url, arguments, options = url_of(make_url(source.path), driver)
        return create_engine(url, poolclass=NullPool, connect_args=arguments), options
    except (ImportError, NoSuchModuleError):
        raise _missing(source) from None
    except tls.TlsError as error:
        raise SourceError(
            "no-tls", f"the URL of `{source.label}`: {error}", "see *Encrypted connections* in docs/databases.md"
        ) from None
    except (SQLAlchemyError, ValueError, TypeError) as error:
        raise no_connection(source.label, secrets.why(error)) from None


def _missing(source: SourceSpec) -> SourceError:
    assert source.database is not None
    return missing_driver(source.database.label, source.database.extra)


def url_of(url: URL, driver: Driver) -> tuple[URL, dict[str, Any], dict[str, str]]:
    """The URL with the driver that the extra brings, unless it names one itself; the driver's arguments
    beside it; and the URL's options of TLS, which are among these."""
    if "+" not in url.drivername:
        url = url.set(drivername=driver.name)
    arguments = dict(driver.arguments)
    missing = {k: v for k, v in driver.query.items() if k not in url.query}
    url = url.update_query_dict(missing) if missing else url
    url, options = driver.encrypted(url, arguments)
    return url, arguments, options


def _prepare(raw: Connection, statement: str) -> None:
    """A setting of the session. One that begins with `?` may be unknown to the server."""
    if not statement.startswith("?"):
        raw.exec_driver_sql(statement)
        return
    with suppress(Exception):
        raw.exec_driver_sql(statement[1:])
