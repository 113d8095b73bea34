"""A text file as the engine reads it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import field

from reportspec.diagnostics import counted
from reportspec.lazy_dataclass import dataclass
from reportspec.run.files.shape import (
    UTF8,
    Row,
    Shape,
    noted,
    rows_of,
)


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file as the engine reads it: `path` is the file itself, or a copy of it in UTF-8. `line_of` has the
    numbers that rows of a sheet have in it, where they are not those of the lines."""

    name: str
    path: str
    shape: Shape
    original: str
    typed: Mapping[str, str] = field(default_factory=dict)  # of a sheet: what cells its columns have
    first_row: int = 0  # of a sheet: the row in which the header stands
    foot: int = 0  # lines below the table that are left out

    @property
    def said(self) -> str:
        """How it is written, for people."""
        foot = f", {counted(self.foot, 'line')} below the table left out" if self.foot else ""
        return f"{self.shape.said}{foot}"

    def lines(self) -> Iterator[str]:
        """Its lines, with their ends."""
        opened = gzip.open if self.path.endswith(".gz") else open
        encoding = "utf-8-sig" if self.shape.encoding in UTF8 else "utf-8"
        with opened(self.path, "rt", encoding=encoding, errors="replace", newline="") as file:
            yield from file

    def rows(self) -> Iterator[Row]:
        """Its rows below the header."""
        return rows_of(self.lines(), self.shape)

    def place(self, row: Row) -> str:
        """Where a row stands, with what it says."""
        if self.first_row:
            cells = self.shape.delimiter.join(row.fields)
            return noted(row.line + self.first_row - 1, cells).replace("line", "row", 1)
        return noted(row.line, row.text)

    @property
    def unit(self) -> str:
        """What its rows are counted by."""
        return "row" if self.first_row else "line"

    def number(self, row: Row) -> int:
        """The number of a row's first line, or of its row in a sheet."""
        return row.line + self.first_row - 1 if self.first_row else row.line


def string(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def quoted(text: str) -> str:
    """A name as SQL."""
    return '"' + text.replace('"', '""') + '"'
