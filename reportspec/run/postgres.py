"""PostgreSQL, by psycopg: read-only sessions in the source's time zone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from reportspec.check.model import SourceSpec
from reportspec.run.connection import SourceError, Table

if TYPE_CHECKING:
    import psycopg

CONNECT_SECONDS = 15
STATEMENT_SECONDS = 600


class PostgresConnection:
    """A PostgreSQL session that can only read."""

    dialect = "postgres"

    def __init__(self, raw: psycopg.Connection[Any], secrets: tuple[str, ...]) -> None:
        self._raw, self._secrets = raw, secrets

    def run(self, sql: str) -> Table:
        """Run one SELECT. Raises SourceError."""
        import psycopg

        try:
            # Bytes, and no parameters: nothing in the text is taken for a placeholder.
            cursor = self._raw.execute(sql.encode())
            names = tuple(column.name for column in cursor.description or ())
            return Table(names, tuple(cursor.fetchall()))
        except psycopg.Error as error:
            raise _explained(error, self._secrets) from None

    def cancel(self) -> None:
        """End the statement that is running."""
        self._raw.cancel()

    def close(self) -> None:
        """Give the session back."""
        self._raw.close()


def connect_postgres(source: SourceSpec, zone: str) -> PostgresConnection:
    """A session over a `postgresql://` URL. Raises SourceError."""
    try:
        import psycopg
    except ImportError:
        raise SourceError("missing-driver", "PostgreSQL cannot be read without its driver",
                          'pip install "reportspec[postgres]"') from None  # fmt: skip
    secrets = _secrets(source.path)
    url = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", source.path)
    options = " ".join(
        f"-c {name}={value}"
        for name, value in (
            ("default_transaction_read_only", "on"),
            ("statement_timeout", f"{STATEMENT_SECONDS}s"),
            ("jit", "off"),  # on statements with many CASE aggregates it costs more than they do
            ("timezone", zone if re.fullmatch(r"[\w/+\-]+", zone) else "UTC"),
        )
    )
    try:
        raw = psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_SECONDS, options=options)  # fmt: skip
    except psycopg.Error as error:
        why = _masked(_first(error), secrets)
        raise SourceError("no-connection", f"`{source.label}` cannot be reached: {why}",
                          "check the address, the user and the password in the source's URL") from None  # fmt: skip
    return PostgresConnection(raw, secrets)


def _secrets(url: str) -> tuple[str, ...]:
    """What must never be shown: the password, as written and as meant."""
    password = urlsplit(url).password
    return tuple({password, unquote(password)}) if password else ()


def _masked(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        text = text.replace(secret, "***")
    return text


def _first(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else "unknown reason")[:300]


def _explained(error: psycopg.Error, secrets: tuple[str, ...]) -> SourceError:
    from psycopg import errors

    why = _masked(_first(error), secrets)
    if isinstance(error, errors.UndefinedTable):
        name = re.search(r'"([^"]+)"', why)
        return SourceError("unknown-table", f"the source has no table `{name[1] if name else why}`",
                           "check the mapping, the schema, and the rights of the user")  # fmt: skip
    if isinstance(error, errors.UndefinedColumn):
        name = re.search(r'column "?([^"\s]+)"?', why)
        return SourceError("unknown-column", f"the source has no column `{name[1] if name else why}`",
                           "check the mapping")  # fmt: skip
    if isinstance(error, errors.InsufficientPrivilege):
        return SourceError("not-allowed", f"the database refuses to be read: {why}",
                           "give the user the right to SELECT")  # fmt: skip
    if isinstance(error, errors.QueryCanceled):
        return SourceError("cancelled", f"the query was cancelled: {why}")
    if isinstance(error, errors.DataError):
        return SourceError("unreadable-value", f"a value of the source cannot be read: {why}",
                           "mend the value, or the mapping's expression for it")  # fmt: skip
    return SourceError("query-failed", f"the database refused the query: {why}")
