"""The rows of a statement."""

from __future__ import annotations

from typing import Any

from reportspec.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a statement, with its column names."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def dicts(self) -> list[dict[str, Any]]:
        """The rows by column name."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]
