"""Figures as one text of CSV tables, which `query` prints."""

from __future__ import annotations

import io

from reportspec.csv_lines import csv_writer
from reportspec.formats.json_text import plain_cell
from reportspec.model.figures import Figures
from reportspec.render.attachments import marked


def as_csv(figures: Figures) -> str:
    """A CSV table for each section, its id on a line before it, and first of all what is to be known
    of the report as a whole. Text that a spreadsheet would take for a formula is marked as text."""
    parts = ["\n".join(f"# {text}" for text in figures.notices) + "\n"] if figures.notices else []
    for section in figures.sections:
        if section.shape == "text":
            continue
        buffer = io.StringIO()
        writer = csv_writer(buffer)
        writer.writerow(c.name for c in section.columns)
        writer.writerows([marked(v) if isinstance(v, str) else plain_cell(v) for v in row] for row in section.rows)
        parts.append(f"# {section.id}\n{buffer.getvalue()}")
    return "\n".join(parts).rstrip("\n")
