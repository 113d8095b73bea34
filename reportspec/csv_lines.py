"""Rows of CSV with plain line ends, as every reader finds them again."""

from __future__ import annotations

import csv
from typing import Any, Protocol


class Stream(Protocol):
    """What rows are written into."""

    def write(self, text: str, /) -> int:
        """Write a text."""


class _Lines:
    """The writer of Python 3.11 leaves a lone `\\r` of the data unquoted if it is told of plain line ends, and most
    readers take that for the end of the row."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def write(self, row: str) -> int:
        """One whole row, as the writer hands it over."""
        return self._stream.write(row.removesuffix("\r\n") + "\n")


def csv_writer(stream: Stream) -> Any:
    """A writer of rows that end with `\\n`, in which whatever ends a row elsewhere is quoted."""
    return csv.writer(_Lines(stream), lineterminator="\r\n")
