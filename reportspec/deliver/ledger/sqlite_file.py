"""A ledger in a file; a lock file beside it for each report says who sends."""

from __future__ import annotations

import glob
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from reportspec.deliver.ledger import waiting
from reportspec.deliver.ledger.rules import VERSION, check_version, table_sql
from reportspec.deliver.ledger.waiting import Tell, silent
from reportspec.errors import LedgerError
from reportspec.files import try_lock

_ROOM = 65_536  # bytes: of a disk, for what came of messages that were handed over


class SqliteFile:
    """A file of SQLite's. Its locks are the process's, and end with it alone."""

    alone = True
    outlived = False

    def __init__(self, path: Path, *, reading: bool = False, tell: Tell = silent) -> None:
        self.path, self.name = path, f"`{path.name}`"
        self._tell = tell
        self._lock: tuple[Path, int] | None = None  # of the report that is sent
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            made = _made(path)
            if not made and not path.stat().st_size and any(path.parent.glob(f"{glob.escape(path.name)}.*.lock")):
                # SQLite would take it for a new one, and all mails went out once more.
                raise OSError("the file is empty, and the lock files beside it say that it was used: it is no database")
            self._raw = sqlite3.connect(path, timeout=waiting.first_wait() / 1000, isolation_level=None)
        except (sqlite3.Error, OSError) as error:
            raise _broken(path, error) from None
        try:
            if not (reading and self._readable()):
                self._prepare()
        except BaseException as error:
            self._raw.close()
            with suppress(OSError):
                if made and not path.stat().st_size:
                    path.unlink()  # it would pass for one that was emptied
            if isinstance(error, sqlite3.Error):
                raise _broken(path, error) from None
            raise

    def _readable(self) -> bool:
        """Whether there is something to look into as it is."""
        version = self._execute("PRAGMA user_version").fetchone()[0]
        check_version(version, self.name)
        return bool(version)

    def _prepare(self) -> None:
        self._execute("PRAGMA synchronous = EXTRA")
        self._execute("PRAGMA fullfsync = ON")  # without it, macOS leaves it to the disk
        self._execute("BEGIN IMMEDIATE")
        version = self._execute("PRAGMA user_version").fetchone()[0]
        check_version(version, self.name)
        self._execute(table_sql("BLOB", unless_there=True))
        self._execute(f"PRAGMA user_version = {VERSION}")
        self._execute("COMMIT")

    def _execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run a statement. Where another program holds the file that is told after a moment, and it is
        waited for on; a statement that found it busy did nothing."""
        try:
            return self._raw.execute(sql, values)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or not waiting.second_wait():
                raise
        self._tell(waiting.waiting(self.name))
        self._raw.execute(f"PRAGMA busy_timeout = {waiting.second_wait()}")
        try:
            return self._raw.execute(sql, values)
        finally:
            self._raw.execute(f"PRAGMA busy_timeout = {waiting.first_wait()}")

    @contextmanager
    def sender(self, report: str) -> Iterator[bool]:
        """While inside, whether this process alone sends the report."""
        name = sha256(report.encode()).hexdigest()[:16]
        path = self.path.with_name(f"{self.path.name}.{name}.lock")
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _broken(path, error) from None
        mine = False
        try:
            try:
                mine = try_lock(handle)
            except OSError as error:
                raise _broken(path, error) from None
            self._lock = path, handle
            yield mine and self._holds()
        finally:
            if mine:
                self.recover()
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

    def keep_room(self) -> None:
        """Have so much of the disk that what comes of a message can be written even if nothing else is left of it. The
        lock file holds it. Raises LedgerError where there is no such room."""
        if self._lock is None:
            return
        path, handle = self._lock
        try:
            if os.fstat(handle).st_size >= _ROOM:
                return
            os.lseek(handle, 0, os.SEEK_SET)
            left = _ROOM
            while left:
                left -= os.write(handle, bytes(left))
            os.fsync(handle)
        except OSError as error:
            self.recover()
            raise _broken(path, error) from None

    def recover(self) -> None:
        """Give away the room that was kept; a file has no connection that could be lost."""
        if self._lock is not None:
            with suppress(OSError):
                os.ftruncate(self._lock[1], 0)

    def rows(self, sql: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a query."""
        try:
            return self._execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise _broken(self.path, error) from None

    def changed(self, sql: str, values: Sequence[Any]) -> int:
        """How many rows a statement has written; none is where the lock is not this process's any more."""
        if not self._holds():
            raise _broken(self.path, OSError("its lock file was deleted or replaced"))
        try:
            return self._execute(sql, values).rowcount
        except sqlite3.Error as error:
            raise _broken(self.path, error) from None

    @contextmanager
    def together(self) -> Iterator[None]:
        """While inside, statements are one: each by itself is on disk only after some hundredths of a second."""
        try:
            self._execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._raw.rollback()
                raise
            self._execute("COMMIT")
        except sqlite3.Error as error:
            raise _broken(self.path, error) from None

    def close(self) -> None:
        """Let go of it."""
        self._raw.close()


def _made(path: Path) -> bool:
    """Whether the file was not there, and is now. It holds what was sent, so from the first moment it is nobody else's
    to read."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        return False
    return True


def _broken(path: Path, error: Exception) -> LedgerError:
    reason = (getattr(error, "strerror", None) or str(error)).lower()
    if "locked" in reason:
        help = waiting.HELD
    else:
        help = "without it nobody knows who was sent what: make room or mend the file, or restore it from a backup"
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_DBMOVED:
        reason = "the file was deleted, moved or replaced"
    return LedgerError(
        f"the ledger `{path.name}` cannot be used, and without it nothing is sent: {reason}",
        help,
        temporary=help is waiting.HELD,
    )
