"""What every database connection offers, and what it says when something goes wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a statement, with its column names."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def dicts(self) -> list[dict[str, Any]]:
        """The rows by column name."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class SourceError(Exception):
    """The source cannot be read: what is wrong, and the way out. No secret is in it."""

    def __init__(
        self, code: str, message: str, help: str | None = None, notes: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.help, self.notes = code, message, help, notes


class Connection(Protocol):
    """A session that reads."""

    dialect: str

    def run(self, sql: str) -> Table:
        """Run one SELECT. Raises SourceError."""

    def cancel(self) -> None:
        """End the statement that is running, from another thread."""

    def close(self) -> None:
        """Give the session back."""
