"""What is read and written of a ledger, in SQL that all stores take, and what holds of all of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import fields
from typing import Any, Protocol, get_args

from reportspec.deliver.ledger import waiting
from reportspec.deliver.ledger.entry import Entry, State
from reportspec.errors import LedgerError

TABLE = "reportspec_deliveries"
VERSION = 1

_NAMES = tuple(field.name for field in fields(Entry))
_LIST = ", ".join(_NAMES)
_BRIEF = ", ".join("''" if name == "message" else name for name in _NAMES)
_KEY = ("report", "period", "recipient")
_OF_KEY = " AND ".join(f"{name} = ?" for name in _KEY)
_STEPS = ("state", "digest", "copies", "attempts", "said", "at")
_NUMBERS = ("copies", "attempts")
_PAUSE = 0.5  # seconds between two tries to note what was handed over


class Store(Protocol):
    """A database with the table of a ledger. It keeps rows and has no rules. What it raises is LedgerError."""

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def alone(self) -> bool:
        """Whether no other run can have begun to send since `sender` was entered."""

    @property
    def outlived(self) -> bool:
        """Whether a run can be at work still though `sender` lets another one in."""

    def sender(self, report: str) -> AbstractContextManager[bool]:
        """While inside, whether this process alone sends the report."""

    def keep_room(self) -> None:
        """See that what comes of a message can be written. Raises LedgerError."""

    def recover(self) -> None:
        """Connect anew where the connection is gone, and give away room that was kept."""

    def rows(self, sql: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a query, whose values stand where it has `?`."""

    def changed(self, sql: str, values: Sequence[Any]) -> int:
        """How many rows a statement has written, which are on disk when it returns, or `together` ends."""

    def together(self) -> AbstractContextManager[None]:
        """While inside, what is written need not be on disk before it ends."""

    def close(self) -> None:
        """Let go of it."""


class Ledger:
    """Entries in a store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def sender(self, report: str) -> AbstractContextManager[bool]:
        """While inside, whether this process alone sends the report."""
        return self.store.sender(report)

    def find(self, report: str, period: str, recipient: str) -> Entry | None:
        """The entry of a key, with its message."""
        rows = self.store.rows(f"SELECT {_LIST} FROM {TABLE} WHERE {_OF_KEY}", (report, period, recipient))
        return _entry(rows[0]) if rows else None

    def put(self, entry: Entry) -> None:
        """Write an entry, durably before it returns. Raises LedgerError."""
        self._check_alone()
        marks = ", ".join("?" for _ in _NAMES)
        sets = ", ".join(f"{name} = EXCLUDED.{name}" for name in _NAMES)
        self._write(
            f"INSERT INTO {TABLE} ({_LIST}) VALUES ({marks}) ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET {sets}",
            [getattr(entry, name) for name in _NAMES],
        )

    def together(self) -> AbstractContextManager[None]:
        """While inside, what is written need not be on disk before it ends."""
        return self.store.together()

    def step(self, entry: Entry) -> None:
        """Write all of an entry but its message, which stays; none is kept of what was sent. Raises
        LedgerError also where the entry is gone."""
        self._check_alone()
        self.store.keep_room()
        self._step(entry)

    def note(self, entry: Entry) -> None:
        """The same of what came of something that was handed over, which is worth more than one try: for as long as
        another program is waited for, and over a new connection where the old one is gone. Raises LedgerError."""
        until = time.monotonic() + waiting.PATIENCE
        while True:
            try:
                return self._step(entry)
            except LedgerError:
                if time.monotonic() >= until:
                    raise
            time.sleep(min(_PAUSE, waiting.PATIENCE))
            with suppress(LedgerError):
                self.store.recover()

    def _check_alone(self) -> None:
        if not self.store.alone:
            raise LedgerError(
                f"the connection to the ledger {self.store.name} was lost, and without it nothing is sent: meanwhile"
                " another run may have begun to",
                "send again for the rest",
                temporary=True,
            )

    def _step(self, entry: Entry) -> None:
        written = {name: getattr(entry, name) for name in _STEPS} | ({"message": b""} if entry.state == "sent" else {})
        sets = ", ".join(f"{name} = ?" for name in written)
        self._write(f"UPDATE {TABLE} SET {sets} WHERE {_OF_KEY}", [*written.values(), *entry.key])

    def last(self, report: str, recipient: str, period: str) -> Entry | None:
        """What a recipient was sent last of a report, of another period than this one."""
        where = "WHERE report = ? AND recipient = ? AND period <> ? AND state = 'sent'"
        order = "ORDER BY at DESC, period DESC LIMIT 1"
        rows = self.store.rows(f"SELECT {_BRIEF} FROM {TABLE} {where} {order}", (report, recipient, period))
        return _entry(rows[0]) if rows else None

    def entries(self, report: str | None = None, period: str | None = None) -> list[Entry]:
        """All entries, newest first, without their messages."""
        wanted = {name: value for name, value in (("report", report), ("period", period)) if value is not None}
        where = f"WHERE {' AND '.join(f'{name} = ?' for name in wanted)} " if wanted else ""
        order = "ORDER BY at DESC, report, recipient"
        rows = self.store.rows(f"SELECT {_BRIEF} FROM {TABLE} {where}{order}", tuple(wanted.values()))
        return [_entry(row) for row in rows]

    def close(self) -> None:
        """Let go of it."""
        self.store.close()

    def _write(self, sql: str, values: Sequence[Any]) -> None:
        if self.store.changed(sql, values) != 1:
            raise LedgerError(
                f"the ledger {self.store.name} cannot be used, and without it nothing is sent: what was written into"
                " it is gone",
                "was it replaced, or emptied, while this run sent? see what is in it with `reportspec status`",
            )


def table_sql(binary: str, *, unless_there: bool = False) -> str:
    """The statement that makes the table, in a store whose type of bytes is `binary`."""
    types = {"message": binary} | dict.fromkeys(_NUMBERS, "INTEGER")
    columns = ", ".join(f"{name} {types.get(name, 'TEXT')} NOT NULL" for name in _NAMES)
    there = "IF NOT EXISTS " if unless_there else ""
    return f"CREATE TABLE {there}{TABLE} ({columns}, PRIMARY KEY ({', '.join(_KEY)}))"


def check_version(found: int, name: str) -> None:
    """That a ledger was not written by another version. Raises LedgerError."""
    if found not in (0, VERSION):
        raise LedgerError(
            f"the ledger {name} was written by another version of reportspec",
            "use that version, or name another ledger",
        )


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
