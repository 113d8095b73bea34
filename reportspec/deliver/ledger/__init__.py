"""The ledger: who was sent what, durably, and one sender at a time.

An entry goes from `claimed` (made and stored, not handed over) to `data` (the server has begun to
receive it) to `sent`. What breaks off while in `data` may have arrived or not: nobody can know (RFC
1047). `refused` is for good, until it is asked for again.

`entry.py` has what is kept, `rules.py` what is read and written of it, in one SQL; the stores only
store: a SQLite file (`sqlite_file.py`), or PostgreSQL where several machines send
(`postgres_table.py`). Each step is committed and on disk before the next one is taken, so that a
crash finds the entry at the step that was begun.
"""

from __future__ import annotations

from pathlib import Path

from reportspec.deliver.ledger.entry import Entry, State, stamped
from reportspec.deliver.ledger.postgres_table import PostgresTable
from reportspec.deliver.ledger.rules import Ledger
from reportspec.deliver.ledger.sqlite_file import SqliteFile
from reportspec.deliver.ledger.waiting import Tell, silent
from reportspec.errors import LedgerError


def open_ledger(place: str, root: Path, *, reading: bool = False, tell: Tell = silent) -> Ledger:
    """The ledger at a path relative to the project, or at a PostgreSQL URL; to look into only, if it is
    for `reading`, which needs nobody else's leave. `tell` is given a line where another program has to be
    waited for. Raises LedgerError."""
    if place.startswith(("postgres://", "postgresql://")):
        return Ledger(PostgresTable(place, reading=reading, tell=tell))
    if "://" in place:
        raise LedgerError("a ledger is a file or a PostgreSQL database", "write a path, or postgresql://…")
    return Ledger(SqliteFile(root / place, reading=reading, tell=tell))


__all__ = ["Entry", "Ledger", "State", "Tell", "open_ledger", "silent", "stamped"]
