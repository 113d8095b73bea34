"""ClickHouse without a server: chdb, its engine in this process, over a folder."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any

from reportspec.databases import Database
from reportspec.databases.clickhouse import CLICKHOUSE, COLUMNS, columns_of, explained, settings_for, settings_of
from reportspec.model.rows import Table
from reportspec.model.settings import SourceSpec
from reportspec.run.connection import Loose, Secrets, Wanted, missing_driver, no_connection
from reportspec.sql.materialize import Temporary


class EmbeddedClickHouse:
    """A session over a folder, by chdb."""

    dialect = CLICKHOUSE

    def __init__(self, raw: Any, source: SourceSpec, wanted: Wanted) -> None:
        self._raw, self._source, self._wanted = raw, source, wanted
        self._lock = threading.Lock()

    def run(self, sql: str) -> Table:
        """Run one SELECT. Raises SourceError."""
        found = json.loads(self._sent(sql, "JSONCompact"))
        # Decimals, days and times come as texts; `values.canonical` knows what they are.
        columns = tuple(column["name"] for column in found["meta"])
        return Table(columns, tuple(tuple(row) for row in found["data"]))

    def _sent(self, sql: str, form: str) -> str:
        settings = settings_of(self._wanted) | settings_for(sql)
        options = ", ".join(f"{name} = {value!r}" for name, value in settings.items())
        joined = f"{sql}, {options}" if " SETTINGS " in sql else f"{sql} SETTINGS {options}"
        try:
            with self._lock:
                return str(self._raw.query(joined, form).bytes().decode("utf-8"))
        except RuntimeError as error:
            raise explained(error, self._source, self._wanted, Secrets("")) from None

    def temporary(self) -> Temporary | None:
        """Tables in memory, of this session alone."""
        return Temporary()

    def keep(self, name: str, sql: str, keys: Sequence[Sequence[str]]) -> None:
        """Have the rows of a SELECT as a table. Raises SourceError."""
        self._sent(f"CREATE TEMPORARY TABLE {name} ENGINE = Memory AS {sql}", "CSV")

    def cancel(self) -> None:
        """chdb has no way to end a statement; its limit of time ends it."""

    def close(self) -> None:
        """Give the session back."""
        self._raw.close()

    def beside(self) -> EmbeddedClickHouse | None:
        """None: a process has one chdb."""
        return None

    def loose(self) -> Loose:
        """None: texts are bytes there."""
        return frozenset()

    def columns(self) -> dict[str, dict[str, str]]:
        """The columns of each table and view."""
        return columns_of(self.run(COLUMNS))


def open_chdb(source: SourceSpec, wanted: Wanted) -> EmbeddedClickHouse:
    """A session over a folder of chdb. Raises SourceError."""
    try:
        from chdb import session as chdb
    except ImportError:
        raise missing_driver(DATABASE.label, DATABASE.extra) from None
    raw: Any = None
    try:
        opened: Any = chdb.Session  # without types of its own; where it is not installed it has none at all
        raw = opened(source.path)
        raw.query("SELECT 1", "CSV")
        return EmbeddedClickHouse(raw, source, wanted)
    except BaseException as error:
        if raw is not None:
            raw.close()
        if not isinstance(error, Exception):
            raise
        raise no_connection(source.label, Secrets("").why(error)) from None


DATABASE = Database(
    "chdb",
    "ClickHouse (embedded)",
    ("chdb",),
    "chdb",
    "chdb:///data/clickhouse",
    CLICKHOUSE,
    open_chdb,
    local="folder",
    schemas_are_databases=True,
)
