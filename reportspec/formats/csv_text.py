"""Figures as one text of CSV tables, which `query` prints."""

from __future__ import annotations

import csv
import io

from reportspec.formats.json_text import plain_cell
from reportspec.model.figures import Figures
from reportspec.render.attachments import marked


class _Lines:
    """Rows of CSV with plain line ends. The writer would leave a lone `\\r` of the data unquoted if it
    were told of these, and it would end the row."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    def write(self, row: str) -> int:
        """One whole row, as the writer hands it over."""
        return self._stream.write(row.removesuffix("\r\n") + "\n")


def as_csv(figures: Figures) -> str:
    """A CSV table for each section, its id on a line before it, and first of all what is to be known
    of the report as a whole. Text that a spreadsheet would take for a formula is marked as text."""
    parts = ["\n".join(f"# {text}" for text in figures.notices) + "\n"] if figures.notices else []
    for section in figures.sections:
        if section.shape == "text":
            continue
        buffer = io.StringIO()
        writer = csv.writer(_Lines(buffer), lineterminator="\r\n")
        writer.writerow(c.name for c in section.columns)
        writer.writerows([marked(v) if isinstance(v, str) else plain_cell(v) for v in row] for row in section.rows)
        parts.append(f"# {section.id}\n{buffer.getvalue()}")
    return "\n".join(parts).rstrip("\n")
