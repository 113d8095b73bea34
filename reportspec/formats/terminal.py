"""Figures as tables for the terminal."""

from __future__ import annotations

import unicodedata

from reportspec.diagnostics import shortened
from reportspec.model.figures import Cell, Column, Figures, Section
from reportspec.render.locale import formats_for, is_number
from reportspec.render.sentences import sentences
from reportspec.rounding import half_up

_LONGEST = 500  # letters of a text in a line of the terminal


def as_table(figures: Figures) -> str:
    """For the terminal: each section under its title. Of long texts there is the beginning."""
    lines = [f"{shortened(figures.title, _LONGEST)} · {figures.period.label}"]
    if figures.compare:
        lines[0] += f" (previous: {figures.compare.label})"
    lines += [f"  {shortened(text, _LONGEST)}" for text in (*figures.notices, *figures.filters)]
    for section in figures.sections:
        if section.shape != "text":
            lines += ["", section.title or section.id, *_lines(figures, section)]
    lines += (
        [""] + [f"({n}) {shortened(text, _LONGEST)}" for n, text in enumerate(figures.footnotes, 1)]
        if figures.footnotes
        else []
    )
    return "\n".join(lines)


def _lines(figures: Figures, section: Section) -> list[str]:
    if section.shape == "sentences":
        prose = sentences(figures, section, formats_for(figures))
        return [f"  {shortened(text, _LONGEST)}" for text in (*prose, *section.notes)]
    if section.shape == "tiles":
        rows = [[k.column.label, _said(k.value, k.column.unit), _said(k.previous, k.column.unit)] for k in section.kpis]
        return _aligned(
            [["", "", "previous"], *rows]
            if any(k.previous is not None for k in section.kpis)
            else [r[:2] for r in rows]
        )
    rows = [[c.label for c in section.columns]]
    subtotals = dict(section.subtotals)  # by how many rows stand above
    for at, row in enumerate(section.rows):
        label = section.row_labels[at] if at < len(section.row_labels) else None
        rows.append([_in_row(v, c, label) for c, v in zip(section.columns, row, strict=True)])
        if at + 1 in subtotals:
            group = subtotals[at + 1]
            rows.append(_sum(f"Total {_said(group[0], section.columns[0].unit)}", section, group))
    if section.total:
        rows.append(_sum("Total", section, section.total))
    return _aligned(rows)


def _sum(name: str, section: Section, row: tuple[Cell, ...]) -> list[str]:
    """The line of a total under its name."""
    return [name, *(_said(v, c.unit) for c, v in zip(section.columns[1:], row[1:], strict=True))]


def _in_row(value: Cell, column: Column, label: str | None) -> str:
    """A cell; a period is called as the report's other forms call it."""
    return label if label is not None and column.role == "period" else _said(value, column.unit)


def _said(value: Cell, unit: str | None) -> str:
    if value is None:
        return "-"
    if not is_number(value):
        return str(value)
    if unit == "percent":
        return f"{half_up(value, 3) * 100:.1f} %"
    return f"{value:,}" if isinstance(value, int) else f"{half_up(value, 2):,.2f}"


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [min(40, max(_width(row[i]) for row in rows)) for i in range(len(rows[0]))]
    numeric = [all(r[i][:1].isdigit() or r[i][:1] in "-" for r in rows[1:] if r[i]) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = []
        for text, width, right in zip(row, widths, numeric, strict=True):
            shown = text if _width(text) <= width else text[: width - 1] + "…"
            gap = " " * max(0, width - _width(shown))
            cells.append(gap + shown if right else shown + gap)
        lines.append("  " + "  ".join(cells).rstrip())
    return lines


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
