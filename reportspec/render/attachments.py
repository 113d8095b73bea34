"""The full tables as CSV files, to travel inside the PDF."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from reportspec.diagnostics import harmless, one_line
from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Cell, Figures, Section
from reportspec.render.locale import Formats, with_unit

# East Asian spreadsheets take the wide ones for the others.
_FORMULA_START = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class CsvFile:
    """One attachment: UTF-8 text with a byte order mark, which spreadsheets look for."""

    name: str
    description: str  # one line
    text: str


def csv_files(figures: Figures, formats: Formats) -> dict[str, CsvFile]:
    """The CSV file of each section that has a table, by the section's place (`0`, `1`, …)."""
    files: dict[str, CsvFile] = {}
    for place, section in enumerate(figures.sections):
        if section.kpis or section.rows:
            text = _kpi_csv(section, formats) if section.kpis else _table_csv(section, formats)
            files[str(place)] = CsvFile(f"{place + 1:02d}-{slug_of(section.id)}.csv", one_line(section.title), text)
    return files


def slug_of(section: str) -> str:
    """What of a section's id is in the name of its file."""
    return re.sub(r"[^a-z0-9]+", "-", section.lower()).strip("-")[:60] or "section"


def notes_file(figures: Figures, formats: Formats) -> tuple[CsvFile, ...]:
    """What is to be known of the report as a whole, as a table before all others, if there is any."""
    if not figures.notices:
        return ()
    heading = formats.word("notice")
    text = _csv([[heading], *([text] for text in figures.notices)])
    return (CsvFile("00-notes.csv", heading, text),)


def _table_csv(section: Section, formats: Formats) -> str:
    labels = [with_unit(formats, column.label, column.unit) for column in section.columns]
    if any(count > 1 for count in Counter(labels).values()):
        labels = [column.name for column in section.columns]
    rows: list[Sequence[Cell]] = [labels]
    for index, row in enumerate(section.rows):
        named = index < len(section.row_labels)
        rows.append(
            [
                section.row_labels[index] if named and column.role == "period" else value
                for value, column in zip(row, section.columns, strict=True)
            ]
        )
    return _csv(rows)


def _kpi_csv(section: Section, formats: Formats) -> str:
    heads = ("figure", "value", "previous", "change", "target", "attainment", "difference", "state")
    two = [column.against for column in section.columns if column.role == "second"]
    besides_heads = [two[0], f"{formats.word('change')} {two[0]}"] if two else []
    rows: list[Sequence[Cell]] = [[*map(formats.word, heads), *besides_heads]]
    for kpi in section.kpis:
        goal = kpi.goal
        of_goal: tuple[Cell, ...] = (None, None, None, None)
        if goal is not None:
            state = str(formats.words["states"][goal.state])
            of_goal = (goal.target, goal.attainment, goal.difference, state)
        label = with_unit(formats, kpi.column.label, kpi.column.unit)
        besides = [kpi.second, kpi.second_change] if two else []
        rows.append([label, kpi.value, kpi.previous, kpi.change, *of_goal, *besides])
    return _csv(rows)


def _csv(rows: Sequence[Sequence[Cell]]) -> str:
    stream = io.StringIO()
    stream.write("\ufeff")
    csv.writer(stream, lineterminator="\r\n").writerows([_csv_cell(c) for c in row] for row in rows)
    return stream.getvalue()


def _csv_cell(value: Cell) -> str:
    """A text that a spreadsheet would run as a formula gets an apostrophe; numbers stay."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return str(value)
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return marked(harmless(value))


def marked(text: str) -> str:
    """A text with an apostrophe where a spreadsheet would run it as a formula."""
    return f"'{text}" if text.startswith(_FORMULA_START) else text
