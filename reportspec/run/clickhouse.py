"""ClickHouse: a server by clickhouse-connect, or a folder by chdb, the engine in this process."""

from __future__ import annotations

import re
import threading
import uuid
from contextlib import closing, suppress
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from reportspec.errors import SourceError
from reportspec.model.rows import Table
from reportspec.model.settings import SourceSpec
from reportspec.run.connection import (
    CONNECT_SECONDS,
    Loose,
    Secrets,
    Wanted,
    cancelled,
    first_line,
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

_COLUMNS = """
SELECT database, table, name, type, database = currentDatabase() FROM system.columns
WHERE database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA') ORDER BY database, table, position
"""


class ServerConnection:
    """A session with a ClickHouse server."""

    dialect = "clickhouse"

    def __init__(self, client: Any, source: SourceSpec, wanted: Wanted, secrets: Secrets) -> None:
        self._client, self._source, self._wanted, self._secrets = client, source, wanted, secrets
        self._query, self._ended = "", False

    def run(self, sql: str) -> Table:
        """Run one SELECT. Raises SourceError."""
        from clickhouse_connect.driver.exceptions import Error

        self._query = str(uuid.uuid4())
        try:
            found = self._client.query(sql, settings={"query_id": self._query})
            return Table(tuple(found.column_names), tuple(tuple(r) for r in found.result_rows))
        except Error as error:
            if self._ended:
                raise cancelled() from None
            raise _explained(error, self._source, self._wanted, self._secrets) from None
        except OSError as error:
            raise lost_connection(self._source.label, self._secrets.why(error)) from None

    def cancel(self) -> None:
        """End the statement that is running."""
        self._ended = True
        with suppress(Exception), closing(_client(self._source, self._wanted)) as other:
            other.command(f"KILL QUERY WHERE query_id = '{self._query}'")

    def close(self) -> None:
        """Give the session back."""
        self._client.close()

    def beside(self) -> ServerConnection | None:
        """Another session with the same server."""
        return open_clickhouse(self._source, self._wanted)

    def loose(self) -> Loose:
        """None: texts are bytes there."""
        return frozenset()

    def columns(self) -> dict[str, dict[str, str]]:
        """The columns of each table and view."""
        return _columns(self.run(_COLUMNS))


class EmbeddedClickHouse:
    """A session over a folder, by chdb."""

    dialect = "clickhouse"

    def __init__(self, raw: Any, source: SourceSpec, wanted: Wanted) -> None:
        self._raw, self._source, self._wanted = raw, source, wanted
        self._lock = threading.Lock()

    def run(self, sql: str) -> Table:
        """Run one SELECT. Raises SourceError."""
        import json

        settings = _session(self._wanted)
        given = ", ".join(f"{name} = {value!r}" for name, value in settings.items())
        joined = f"{sql}, {given}" if " SETTINGS " in sql else f"{sql} SETTINGS {given}"
        try:
            with self._lock:
                result = self._raw.query(joined, "JSONCompact")
            found = json.loads(result.bytes().decode("utf-8"))
        except RuntimeError as error:
            raise _explained(error, self._source, self._wanted, Secrets("")) from None
        # Decimals, days and times come as texts; `values.canonical` knows what they are.
        columns = tuple(column["name"] for column in found["meta"])
        return Table(columns, tuple(tuple(row) for row in found["data"]))

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
        return _columns(self.run(_COLUMNS))


def _columns(table: Table) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for schema, name, column, kind, own in table.rows:
        found.setdefault(f"{schema}.{name}", {})[column] = kind
        if own:
            found.setdefault(name, {})[column] = kind
    return found


def _session(wanted: Wanted) -> dict[str, Any]:
    return {
        "session_timezone": wanted.zone if wanted.zone != "UTC" else "UTC",
        "max_execution_time": wanted.timeout,
        "output_format_json_quote_64bit_integers": 0,
        "output_format_json_quote_decimals": 1,
        "output_format_json_quote_denormals": 1,
    }


def _client(source: SourceSpec, wanted: Wanted) -> Any:
    import clickhouse_connect

    url = urlsplit(source.path)
    extra = dict(parse_qsl(url.query))
    secure = url.scheme.startswith("clickhouses") or extra.pop("secure", "") in ("1", "true")
    settings = {k: v for k, v in _session(wanted).items() if not k.startswith("output_")}
    return clickhouse_connect.get_client(
        host=url.hostname or "localhost",
        port=url.port or (8443 if secure else 8123),
        username=unquote(url.username or "default"),
        password=unquote(url.password or ""),
        database=unquote(url.path.strip("/")) or "default",
        secure=secure,
        connect_timeout=CONNECT_SECONDS,
        send_receive_timeout=wanted.timeout + 30,
        client_name="reportspec",
        # Whoever is killed tells nobody: the server ends what nobody waits for.
        settings={**settings, "readonly": 2, "cancel_http_readonly_queries_on_client_close": 1},
    )


def open_clickhouse(source: SourceSpec, wanted: Wanted) -> ServerConnection:
    """A session over a `clickhouse://` URL. Raises SourceError."""
    try:
        import clickhouse_connect  # noqa: F401
    except ImportError:
        raise missing_driver("ClickHouse", "clickhouse") from None
    secrets = Secrets(source.path)
    try:
        client = _client(source, wanted)
    except Exception as error:  # the driver lets those of its HTTP library through
        raise not_let_in(source.label, secrets.masked(_said(error))) from None
    return ServerConnection(client, source, wanted, secrets)


def _said(error: Exception) -> str:
    """What the server said; the first line of the driver's own text may say less."""
    whole = str(error)
    code = re.search(r"[Cc]ode:? (\d+)", whole)
    meant = {
        "81": "UNKNOWN_DATABASE: ",
        "192": "no such user: ",
        "193": "wrong password: ",
        "202": "too many connections: ",
        "194": "REQUIRED_PASSWORD: ",
        "516": "authentication failed: ",
    }
    return (meant.get(code[1], "") if code else "") + first_line(error)


def open_chdb(source: SourceSpec, wanted: Wanted) -> EmbeddedClickHouse:
    """A session over a folder of chdb. Raises SourceError."""
    try:
        from chdb import session as chdb
    except ImportError:
        raise missing_driver("ClickHouse (embedded)", "chdb") from None
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


def _explained(error: Exception, source: SourceSpec, wanted: Wanted, secrets: Secrets) -> SourceError:
    why = secrets.why(error)
    code = re.search(r"Code: (\d+)", str(error)) or re.search(r"code:? (\d+)", str(error))
    number = int(code[1]) if code else 0
    if number == 60:
        name = re.search(r"[Tt]able (\S+) does(?:n't| not) exist|identifier '([^']+)'", why)
        return no_table(next((g for g in name.groups() if g), why) if name else why)
    if number == 47:
        name = re.search(r"identifiers? [`']([^`']+)[`']", why)
        return no_column(name[1] if name else why)
    if number in (159, 160):
        return timed_out(wanted.timeout)
    if number in (394,):
        return cancelled()
    if number in (497, 164):
        return not_allowed(why)
    if number in (6, 38, 41, 53, 70, 72, 467):
        return unreadable(why)
    if number in (209, 210, 3) or "Connection" in type(error).__name__:
        return lost_connection(source.label, why)
    return refused(why)
