"""The ledger: who was sent what, durably, and one sender at a time.

An entry goes from `claimed` (made and stored, not handed over) to `data` (the server has begun to
receive it) to `sent`. What breaks off while in `data` may have arrived or not: nobody can know (RFC
1047). `refused` is for good, until it is asked for again.

The database is SQLite, or PostgreSQL where several machines send. Each step is committed and on disk
before the next one is taken, so that a crash finds the entry at the step that was begun.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from reportspec.errors import LedgerError

State = Literal["claimed", "data", "sent", "refused"]
VERSION = 1
PATIENCE = 30.0  # seconds for another program that holds the ledger
QUIET = 1.5  # seconds of them after which it is told that it is waited for
Tell = Callable[[str], None]  # says something to who waits
_TABLE = "reportspec_deliveries"


@dataclass(frozen=True, slots=True)
class Entry:
    """One mail (or file, or message) to one recipient: its key, its state, and the stored message.
    `copies` counts how often handing over was begun without a clear end."""

    report: str
    period: str
    recipient: str
    state: State = "claimed"
    message_id: str = ""
    subject: str = ""
    digest: str = ""  # SHA-256 of the stored message; of what was refused, of what was asked
    figures: str = ""  # a digest of the figures, to tell a change
    message: bytes = b""
    copies: int = 0
    attempts: int = 0
    said: str = ""  # what the server or the outlet answered last
    at: str = ""  # of the last change, UTC

    @property
    def key(self) -> tuple[str, str, str]:
        """What the entry is known by."""
        return self.report, self.period, self.recipient


_NAMES = tuple(one.name for one in fields(Entry))


class Ledger(Protocol):
    """Where entries are kept."""

    def sender(self, report: str) -> contextlib.AbstractContextManager[bool]:
        """While inside, whether this process alone sends the report."""

    def find(self, report: str, period: str, recipient: str) -> Entry | None:
        """The entry of a key, with its message."""

    def put(self, entry: Entry) -> None:
        """Write an entry, durably before it returns. Raises LedgerError."""

    def step(self, entry: Entry) -> None:
        """Write all of an entry but its message, which stays; none is kept of what was sent. Raises
        LedgerError also where the entry is gone."""

    def last(self, report: str, recipient: str, period: str) -> Entry | None:
        """What a recipient was sent last of a report, of another period than this one."""

    def entries(self, report: str | None = None, period: str | None = None) -> list[Entry]:
        """All entries, newest first, without their messages."""

    def close(self) -> None:
        """Let go of it."""


def stamped(entry: Entry, **changes: Any) -> Entry:
    """The entry with changes, as of now."""
    return replace(entry, **changes, at=datetime.now(UTC).isoformat(timespec="seconds"))


def silent(_: str) -> None:
    """Tell nobody."""


def open_ledger(place: str, root: Path, *, reading: bool = False, tell: Tell = silent) -> Ledger:
    """The ledger at a path relative to the project, or at a PostgreSQL URL; to look into only, if it is
    for `reading`, which needs nobody else's leave. `tell` is given a line where another program has to be
    waited for. Raises LedgerError."""
    if place.startswith(("postgres://", "postgresql://")):
        return PostgresLedger(place, reading=reading, tell=tell)
    if "://" in place:
        raise LedgerError("a ledger is a file or a PostgreSQL database", "write a path, or postgresql://…")
    return SqliteLedger(root / place, reading=reading, tell=tell)


_COLUMNS = ", ".join(
    f"{name} {'BLOB' if name == 'message' else 'INTEGER' if name in ('copies', 'attempts') else 'TEXT'} NOT NULL"
    for name in _NAMES
)
_LIST = ", ".join(_NAMES)
_STEPS = ("state", "digest", "copies", "attempts", "said", "at")
_BRIEF = ", ".join("''" if name == "message" else name for name in _NAMES)


def _entry(row: Sequence[Any]) -> Entry:
    values = dict(zip(_NAMES, row, strict=True))
    if values["state"] not in get_args(State):  # taken for one of them, it could be sent again
        raise LedgerError(
            "the ledger is damaged, and without it nothing is sent: an entry has an unknown state",
            "restore it from a backup, or mend the entry",
        )
    message = values["message"]
    values["message"] = bytes(message) if not isinstance(message, str) else b""
    return Entry(**values)


class SqliteLedger:
    """A file; a lock file beside it for each report says who sends."""

    def __init__(self, path: Path, *, reading: bool = False, tell: Tell = silent) -> None:
        self.path = path
        self._tell = tell
        self._lock: tuple[Path, int] | None = None  # of the report that is sent
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # It holds what was sent, so from the first moment it is nobody else's to read.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._raw = sqlite3.connect(path, timeout=min(QUIET, PATIENCE), isolation_level=None)
        except (sqlite3.Error, OSError) as error:
            raise _broken(path, error) from None
        try:
            if not (reading and self._readable()):
                self._prepare()
        except BaseException as error:
            self._raw.close()
            if isinstance(error, sqlite3.Error):
                raise _broken(path, error) from None
            raise

    def _readable(self) -> bool:
        """Whether there is something to look into as it is."""
        version = self._execute("PRAGMA user_version").fetchone()[0]
        _check_version(version, f"`{self.path.name}`")
        return bool(version)

    def _prepare(self) -> None:
        self._execute("PRAGMA synchronous = EXTRA")
        self._execute("PRAGMA fullfsync = ON")  # without it, macOS leaves it to the disk
        self._execute("BEGIN IMMEDIATE")
        version = self._execute("PRAGMA user_version").fetchone()[0]
        _check_version(version, f"`{self.path.name}`")
        self._execute(f"CREATE TABLE IF NOT EXISTS {_TABLE} ({_COLUMNS}, PRIMARY KEY (report, period, recipient))")
        self._execute(f"PRAGMA user_version = {VERSION}")
        self._execute("COMMIT")

    def _execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run a statement. Where another program holds the file that is told after a moment, and it is
        waited for on; a statement that found it busy did nothing."""
        try:
            return self._raw.execute(sql, values)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or PATIENCE <= QUIET:
                raise
        self._tell(_waiting(f"`{self.path.name}`"))
        self._raw.execute(f"PRAGMA busy_timeout = {round((PATIENCE - QUIET) * 1000)}")
        try:
            return self._raw.execute(sql, values)
        finally:
            self._raw.execute(f"PRAGMA busy_timeout = {round(QUIET * 1000)}")

    @contextmanager
    def sender(self, report: str) -> Iterator[bool]:
        name = sha256(report.encode()).hexdigest()[:16]
        path = self.path.with_name(f"{self.path.name}.{name}.lock")
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _broken(path, error) from None
        try:
            try:
                mine = _locked(handle)
            except OSError as error:
                raise _broken(path, error) from None
            self._lock = path, handle
            yield mine and self._holds()
        finally:
            self._lock = None
            os.close(handle)  # which lets go of the lock, as does the end of the process

    def _holds(self) -> bool:
        """Whether the lock file is still the one that is locked: of one that was deleted, another
        run would make and lock a new one."""
        if self._lock is None:
            return True
        path, handle = self._lock
        try:
            return os.path.samestat(path.stat(), os.fstat(handle))
        except OSError:
            return False

    def find(self, report: str, period: str, recipient: str) -> Entry | None:
        where = "WHERE report = ? AND period = ? AND recipient = ?"
        rows = self._run(f"SELECT {_LIST} FROM {_TABLE} {where}", (report, period, recipient))
        return _entry(rows[0]) if rows else None

    def put(self, entry: Entry) -> None:
        marks = ", ".join("?" for _ in _NAMES)
        values = [getattr(entry, name) for name in _NAMES]
        self._write(f"INSERT OR REPLACE INTO {_TABLE} ({_LIST}) VALUES ({marks})", values)

    def step(self, entry: Entry) -> None:
        sets = ", ".join(f"{name} = ?" for name in _STEPS)
        sets += ", message = x''" if entry.state == "sent" else ""
        values = [getattr(entry, name) for name in _STEPS]
        where = "WHERE report = ? AND period = ? AND recipient = ?"
        self._write(f"UPDATE {_TABLE} SET {sets} {where}", [*values, *entry.key])

    def last(self, report: str, recipient: str, period: str) -> Entry | None:
        where = "WHERE report = ? AND recipient = ? AND period <> ? AND state = 'sent'"
        order = "ORDER BY at DESC, period DESC LIMIT 1"
        rows = self._run(f"SELECT {_BRIEF} FROM {_TABLE} {where} {order}", (report, recipient, period))
        return _entry(rows[0]) if rows else None

    def entries(self, report: str | None = None, period: str | None = None) -> list[Entry]:
        where = "WHERE (?1 IS NULL OR report = ?1) AND (?2 IS NULL OR period = ?2)"
        rows = self._run(
            f"SELECT {_BRIEF} FROM {_TABLE} {where} ORDER BY at DESC, report, recipient",
            (report, period),
        )
        return [_entry(row) for row in rows]

    def close(self) -> None:
        self._raw.close()

    def _run(self, sql: str, values: Sequence[Any]) -> list[Any]:
        try:
            return self._execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise _broken(self.path, error) from None

    def _write(self, sql: str, values: Sequence[Any]) -> None:
        if not self._holds():
            raise _broken(self.path, OSError("its lock file was deleted or replaced"))
        try:
            changed = self._execute(sql, values).rowcount
        except sqlite3.Error as error:
            raise _broken(self.path, error) from None
        if changed != 1:
            raise _gone(f"`{self.path.name}`")


def _broken(path: Path, error: Exception) -> LedgerError:
    said = (getattr(error, "strerror", None) or str(error)).lower()
    if "locked" in said:
        help = _HELD
    else:
        help = "without it nobody knows who was sent what: make room or mend the file, or restore it from a backup"
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_DBMOVED:
        said = "the file was deleted, moved or replaced"
    return LedgerError(f"the ledger `{path.name}` cannot be used, and without it nothing is sent: {said}", help)


def _waiting(name: str) -> str:
    return f"the ledger {name} is held by another program, which is waited for ({PATIENCE:g} seconds at most)"


_HELD = "another program holds it: close that, or wait, and send again"


def _gone(name: str) -> LedgerError:
    return LedgerError(
        f"the ledger {name} cannot be used, and without it nothing is sent: what was written into it is gone",
        "was it replaced, or emptied, while this run sent? see what is in it with `reportspec status`",
    )


def _check_version(found: int, name: str) -> None:
    if found not in (0, VERSION):
        raise LedgerError(
            f"the ledger {name} was written by another version of reportspec",
            "use that version, or name another ledger",
        )


def _locked(handle: int) -> bool:
    """Whether the lock is this process's now."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:  # and nothing else: a disk without locks is not "another process"
        return False
    return True


_URL = re.compile(r"postgres(?:ql)?://(?:[^@/?#]*@)?[^@]*")
_LOCKED = "55P03"  # what PostgreSQL says after `lock_timeout`
_MADE_BY = "reportspec ledger, version "  # the comment of the table, before the number


class PostgresLedger:
    """A table in PostgreSQL, for several machines; an advisory lock says who sends."""

    def __init__(self, url: str, *, reading: bool = False, tell: Tell = silent) -> None:
        from reportspec.run.connection import Secrets

        self._tell = tell
        self._secrets = Secrets(url)
        try:
            import psycopg
        except ImportError:
            raise LedgerError(
                "the ledger is in PostgreSQL, whose driver is not there", 'pip install "reportspec[postgres]"'
            ) from None
        self._error: type[Exception] = psycopg.Error
        unread = LedgerError(
            "the URL of the ledger cannot be read",
            "write it as postgresql://user:${PASSWORD}@host:5432/database, odd characters of the password as %-codes",
        )
        # Of an odd URL the driver takes a part of the password for the host, and says so.
        if not _URL.fullmatch(url):
            raise unread
        try:
            self._raw = psycopg.connect(url, autocommit=True, connect_timeout=20)
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

    def _prepare(self, reading: bool) -> None:
        self._raw.execute("SET synchronous_commit = on")
        self._raw.execute(f"SET lock_timeout = {round(min(QUIET, PATIENCE) * 1000)}")
        if reading and self._made():
            return
        # Two that make the table at once would both find it missing.
        self._execute("SELECT pg_advisory_lock(7277, 0)", ())
        if not self._made():  # who may not make tables may use one that was made for them
            types = _COLUMNS.replace("BLOB", "BYTEA")
            with self._raw.transaction():
                self._raw.execute(f"CREATE TABLE {_TABLE} ({types}, PRIMARY KEY (report, period, recipient))")
                self._raw.execute(f"COMMENT ON TABLE {_TABLE} IS '{_MADE_BY}{VERSION}'")
        self._raw.execute("SELECT pg_advisory_unlock(7277, 0)")

    def _made(self) -> bool:
        """Whether the table is there; of this version, or of people's own making."""
        there, said = self._execute(
            "SELECT one, obj_description(one, 'pg_class') FROM to_regclass(%s) AS one", (_TABLE,)
        )[0]
        if (said or "").startswith(_MADE_BY):
            number = said.removeprefix(_MADE_BY)
            _check_version(int(number) if number.isdecimal() else -1, "in PostgreSQL")
        return there is not None

    def _execute(self, sql: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a statement. Where another program holds what it needs, that is told after a
        moment, and it is waited for on."""
        try:
            return self._raw.execute(sql, values).fetchall()
        except self._error as error:
            if getattr(error, "sqlstate", None) != _LOCKED or PATIENCE <= QUIET:
                raise
        self._tell(_waiting("in PostgreSQL"))
        self._raw.execute(f"SET lock_timeout = {round((PATIENCE - QUIET) * 1000)}")
        try:
            return self._raw.execute(sql, values).fetchall()
        finally:
            self._raw.execute(f"SET lock_timeout = {round(QUIET * 1000)}")

    @contextmanager
    def sender(self, report: str) -> Iterator[bool]:
        # Locks are the database's, and another schema may hold another ledger: so the table's number
        # is a part of them.
        lock = f"('{_TABLE}'::regclass::oid::int4, %s)"
        number = int.from_bytes(sha256(report.encode()).digest()[:4], "big", signed=True)
        mine = bool(self._run(f"SELECT pg_try_advisory_lock{lock}", (number,))[0][0])
        try:
            yield mine
        finally:
            if mine:
                with contextlib.suppress(LedgerError):
                    self._run(f"SELECT pg_advisory_unlock{lock}", (number,))

    def find(self, report: str, period: str, recipient: str) -> Entry | None:
        where = "WHERE report = %s AND period = %s AND recipient = %s"
        rows = self._run(f"SELECT {_LIST} FROM {_TABLE} {where}", (report, period, recipient))
        return _entry(rows[0]) if rows else None

    def put(self, entry: Entry) -> None:
        marks = ", ".join("%s" for _ in _NAMES)
        changed = ", ".join(f"{name} = EXCLUDED.{name}" for name in _NAMES)
        values = [getattr(entry, name) for name in _NAMES]
        self._run(
            f"INSERT INTO {_TABLE} ({_LIST}) VALUES ({marks})"
            f" ON CONFLICT (report, period, recipient) DO UPDATE SET {changed} RETURNING 1",
            values,
        )

    def step(self, entry: Entry) -> None:
        sets = ", ".join(f"{name} = %s" for name in _STEPS)
        sets += ", message = ''::bytea" if entry.state == "sent" else ""
        values = [getattr(entry, name) for name in _STEPS]
        where = "WHERE report = %s AND period = %s AND recipient = %s"
        if not self._run(f"UPDATE {_TABLE} SET {sets} {where} RETURNING 1", [*values, *entry.key]):
            raise _gone("in PostgreSQL")

    def last(self, report: str, recipient: str, period: str) -> Entry | None:
        where = "WHERE report = %s AND recipient = %s AND period <> %s AND state = 'sent'"
        order = "ORDER BY at DESC, period DESC LIMIT 1"
        rows = self._run(f"SELECT {_BRIEF} FROM {_TABLE} {where} {order}", (report, recipient, period))
        return _entry(rows[0]) if rows else None

    def entries(self, report: str | None = None, period: str | None = None) -> list[Entry]:
        where = "WHERE (%s::text IS NULL OR report = %s) AND (%s::text IS NULL OR period = %s)"
        rows = self._run(
            f"SELECT {_BRIEF} FROM {_TABLE} {where} ORDER BY at DESC, report, recipient",
            (report, report, period, period),
        )
        return [_entry(row) for row in rows]

    def close(self) -> None:
        self._raw.close()

    def _run(self, sql: str, values: Sequence[Any]) -> list[Any]:
        try:
            return self._execute(sql, values)
        except self._error as error:
            raise self._broken(error) from None

    def _broken(self, error: Exception) -> LedgerError:
        return LedgerError(
            f"the ledger in PostgreSQL cannot be used, and without it nothing is sent: {self._secrets.why(error)}",
            _HELD
            if getattr(error, "sqlstate", None) == _LOCKED
            else "look at `deliver.ledger` in the project file, and whether the server answers",
        )
