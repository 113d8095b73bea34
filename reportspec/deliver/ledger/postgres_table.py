"""A ledger in PostgreSQL, for several machines; an advisory lock says who sends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from reportspec.confidential import is_certain
from reportspec.deliver.ledger import waiting
from reportspec.deliver.ledger.rules import TABLE, VERSION, check_version, table_sql
from reportspec.deliver.ledger.waiting import Tell, silent
from reportspec.errors import LedgerError

if TYPE_CHECKING:
    import psycopg

_LOCKED = "55P03"  # what PostgreSQL says after `lock_timeout`
_PASSING = ("08", "53", "57")  # no connection, no room for one, and a server that is stopped or starts
_MADE_BY = "reportspec ledger, version "  # the comment of the table, before the number


class PostgresTable:
    """A table in PostgreSQL. Its locks are the session's, which may be lost while its run goes on."""

    name = "in PostgreSQL"
    outlived = True

    def __init__(self, url: str, *, reading: bool = False, tell: Tell = silent) -> None:
        from reportspec.run.connection import Secrets

        self._tell = tell
        self.alone = True
        self._url = url
        self._secrets = Secrets(url)
        try:
            import psycopg
        except ImportError:
            raise LedgerError(
                "the ledger is in PostgreSQL, whose driver is not there", 'pip install "reportspec[postgres]"'
            ) from None
        self._error: type[Exception] = psycopg.Error
        self._lost: type[Exception] = psycopg.OperationalError
        unread = LedgerError(
            "the URL of the ledger cannot be read",
            "write it as postgresql://user:${PASSWORD}@host:5432/database, odd characters of the password as %-codes",
        )
        # Of an odd URL the driver takes a part of the password for the host, and says so.
        if not is_certain(url):
            raise unread
        try:
            self._raw = self._connected()
        except psycopg.ProgrammingError:
            raise unread from None
        except psycopg.Error as error:
            raise self._broken(error) from None
        try:
            self._prepare(reading)
        except BaseException as error:
            self._raw.close()
            if isinstance(error, psycopg.Error):
                raise self._broken(error) from None
            raise

    def _connected(self) -> psycopg.Connection[Any]:
        import psycopg

        made = psycopg.connect(self._url, autocommit=True, connect_timeout=20)
        made.execute("SET synchronous_commit = on")
        made.execute(f"SET lock_timeout = {waiting.first_wait()}")
        return made

    def keep_room(self) -> None:
        """Nothing: the server's disk is the server's."""

    def recover(self) -> None:
        """Connect anew where the connection is gone, and with it the lock. Raises LedgerError."""
        if not (self._raw.closed or self._raw.broken):
            return
        self.alone = False
        try:
            self._raw = self._connected()
        except self._error as error:
            raise self._broken(error) from None

    def _prepare(self, reading: bool) -> None:
        if reading and self._made():
            return
        # Two that make the table at once would both find it missing.
        self._execute("SELECT pg_advisory_lock(7277, 0)", ())
        if not self._made():  # who may not make tables may use one that was made for them
            with self._raw.transaction():
                self._raw.execute(table_sql("BYTEA"))
                self._raw.execute(f"COMMENT ON TABLE {TABLE} IS '{_MADE_BY}{VERSION}'")
        self._raw.execute("SELECT pg_advisory_unlock(7277, 0)")

    def _made(self) -> bool:
        """Whether the table is there; of this version, or of people's own making."""
        there, reason = self._execute(
            "SELECT one, obj_description(one, 'pg_class') FROM to_regclass(%s) AS one", (TABLE,)
        )[0]
        if (reason or "").startswith(_MADE_BY):
            number = reason.removeprefix(_MADE_BY)
            check_version(int(number) if number.isdecimal() else -1, self.name)
        return there is not None

    def _execute(self, sql: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a statement. Where another program holds what it needs, that is told after a
        moment, and it is waited for on."""
        try:
            return self._raw.execute(sql, values).fetchall()
        except self._error as error:
            if getattr(error, "sqlstate", None) != _LOCKED or not waiting.second_wait():
                raise
        self._tell(waiting.waiting(self.name))
        self._raw.execute(f"SET lock_timeout = {waiting.second_wait()}")
        try:
            return self._raw.execute(sql, values).fetchall()
        finally:
            self._raw.execute(f"SET lock_timeout = {waiting.first_wait()}")

    @contextmanager
    def sender(self, report: str) -> Iterator[bool]:
        """While inside, whether this process alone sends the report."""
        # Locks are the database's, and another schema may hold another ledger: so the table's number
        # is a part of them.
        lock = f"('{TABLE}'::regclass::oid::int4, %s)"
        number = int.from_bytes(sha256(report.encode()).digest()[:4], "big", signed=True)
        mine = bool(self._run(f"SELECT pg_try_advisory_lock{lock}", (number,))[0][0])
        try:
            yield mine
        finally:
            if mine and self.alone:
                with contextlib.suppress(LedgerError):
                    self._run(f"SELECT pg_advisory_unlock{lock}", (number,))

    def rows(self, sql: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a query."""
        return self._run(sql.replace("?", "%s"), values)

    def changed(self, sql: str, values: Sequence[Any]) -> int:
        """How many rows a statement has written."""
        return len(self._run(f"{sql.replace('?', '%s')} RETURNING 1", values))

    @contextmanager
    def together(self) -> Iterator[None]:
        """Nothing: here each statement is quickly on disk, and one that waited in vain for a lock can be tried again,
        which it cannot within a transaction."""
        yield

    def close(self) -> None:
        """Let go of it."""
        self._raw.close()

    def _run(self, sql: str, values: Sequence[Any]) -> list[Any]:
        try:
            return self._execute(sql, values)
        except self._error as error:
            raise self._broken(error) from None

    def _broken(self, error: Exception) -> LedgerError:
        state = getattr(error, "sqlstate", None) or ""
        # Of a connection that was not made, or is gone, there may be words only.
        lost = not state and isinstance(error, self._lost) and "FATAL" not in str(error)
        return LedgerError(
            f"the ledger in PostgreSQL cannot be used, and without it nothing is sent: {self._secrets.why(error)}",
            waiting.HELD
            if state == _LOCKED
            else "look at `deliver.ledger` in the project file, and whether the server answers",
            temporary=lost or state == _LOCKED or state[:2] in _PASSING,
        )
