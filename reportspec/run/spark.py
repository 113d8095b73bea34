"""Spark, by Spark Connect: a session with a server that does the work."""

from __future__ import annotations

import re
import uuid
import warnings
from contextlib import suppress
from typing import Any

from reportspec.errors import SourceError
from reportspec.model.rows import Table
from reportspec.model.settings import SourceSpec
from reportspec.run.connection import (
    Loose,
    Secrets,
    Wanted,
    cancelled,
    first_line,
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

_SETTINGS = {
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",
}


class SparkConnection:
    """A session with a Spark Connect server."""

    dialect = "spark"

    def __init__(self, session: Any, source: SourceSpec, wanted: Wanted, secrets: Secrets) -> None:
        self._session, self._source, self._wanted, self._secrets = session, source, wanted, secrets
        self._tag = f"reportspec-{uuid.uuid4()}"
        self._ended = self._late = False

    def run(self, sql: str) -> Table:
        """Run one SELECT. Raises SourceError."""
        import threading

        late = threading.Timer(self._wanted.timeout, self._time_is_up)
        late.daemon = True
        late.start()
        try:
            self._session.addTag(self._tag)
            found = self._session.sql(sql)
            return Table(tuple(found.columns), tuple(tuple(row) for row in found.collect()))
        except Exception as error:  # of the client, of gRPC and of Java
            raise self._explained(error) from None
        finally:
            late.cancel()

    def cancel(self) -> None:
        """End the statement that is running."""
        self._ended = True
        with suppress(Exception):
            self._session.interruptTag(self._tag)

    def _time_is_up(self) -> None:
        self._late = True
        with suppress(Exception):
            self._session.interruptTag(self._tag)

    def close(self) -> None:
        """Give the session back."""
        with suppress(Exception):
            self._session.stop()

    def beside(self) -> SparkConnection | None:
        """Another session with the same server."""
        return open_spark(self._source, self._wanted)

    def loose(self) -> Loose:
        """Not known: what a comparison takes for equal is seen where values are listed."""
        return frozenset()

    def columns(self) -> dict[str, dict[str, str]]:
        """The columns of the tables of the session's catalog."""
        found: dict[str, dict[str, str]] = {}
        catalog = self._session.catalog
        own = catalog.currentDatabase()
        for database in catalog.listDatabases():
            for table in catalog.listTables(database.name):
                name = f"{database.name}.{table.name}"
                columns = {c.name: c.dataType for c in catalog.listColumns(name)}
                found[name] = columns
                if database.name == own:
                    found[table.name] = columns
        return found

    def _explained(self, error: Exception) -> SourceError:
        why = self._secrets.masked(first_line(error))
        if self._ended:
            return cancelled()
        if self._late:
            return timed_out(self._wanted.timeout)
        if "TABLE_OR_VIEW_NOT_FOUND" in why:
            name = re.search(r"view `([^ ]+)` cannot be found", why)
            return no_table(name[1].replace("`", "") if name else why)
        if "UNRESOLVED_COLUMN" in why:
            name = re.search(r"name `([^ ]+)` cannot", why)
            return no_column(name[1].replace("`", "") if name else why)
        if "CAST_INVALID_INPUT" in why or "CANNOT_PARSE" in why:
            return unreadable(why)
        if "PERMISSION" in why.upper() or "ACCESS_DENIED" in why.upper():
            return not_allowed(why)
        if "UNAVAILABLE" in str(error) or "SESSION_CLOSED" in why or "INVALID_HANDLE" in why:
            return lost_connection(self._source.label, why)
        return refused(why)


def open_spark(source: SourceSpec, wanted: Wanted) -> SparkConnection:
    """A session over a `sc://` URL. Raises SourceError."""
    import os

    secrets = Secrets(re.sub(r";", "&", source.path.replace("/;", "/?")))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pyspark.sql import SparkSession
            from pyspark.sql.connect.session import SparkSession as Remote  # noqa: F401
    except ImportError:
        raise missing_driver("Spark", "spark") from None
    # Retries of its own would keep an unreachable server's user waiting for minutes.
    os.environ.setdefault("SPARK_CONNECT_MODE_ENABLED", "1")
    session: Any = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            session = SparkSession.builder.remote(source.path).create()
            for name, value in {**_SETTINGS, "spark.sql.session.timeZone": wanted.zone}.items():
                session.conf.set(name, value)
        return SparkConnection(session, source, wanted, secrets)
    except BaseException as error:
        if session is not None:
            with suppress(Exception):
                session.stop()
        if not isinstance(error, Exception):
            raise
        raise not_let_in(source.label, secrets.why(error)) from None
