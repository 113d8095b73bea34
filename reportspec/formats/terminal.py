"""Figures as tables for the terminal."""

from __future__ import annotations

import re
import unicodedata

from reportspec.diagnostics import shortened
from reportspec.model.figures import Cell, Column, Figures, Section
from reportspec.render.locale import formats_for, is_number
from reportspec.render.sentences import sentences
from reportspec.rounding import half_up

_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
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
        return _aligned(_tiles(figures, section), formats_for(figures).word("not_available"))
    nothing = formats_for(figures).word("not_available")
    rows = [[c.label for c in section.columns]]
    for at, row in enumerate(section.rows):
        label = section.row_labels[at] if at < len(section.row_labels) else None
        rows.append([_in_row(v, c, label, nothing) for c, v in zip(section.columns, row, strict=True)])
    if section.total:
        rows.append(
            [
                "Total",
                *(_said(v, c.unit, nothing) for c, v in zip(section.columns[1:], section.total[1:], strict=True)),
            ]
        )
    return _aligned(rows, nothing)


def _tiles(figures: Figures, section: Section) -> list[list[str]]:
    """A line for each tile, with what it is compared with and its goal, where any has one; a heading for these."""
    formats = formats_for(figures)
    nothing = formats.word("not_available")
    rows = [["", ""], *([k.column.label, _said(k.value, k.column.unit, nothing)] for k in section.kpis)]
    if any(k.previous is not None for k in section.kpis):
        rows[0].append("previous")
        for row, kpi in zip(rows[1:], section.kpis, strict=True):
            row.append(_said(kpi.previous, kpi.column.unit, nothing))
    if any(k.goal is not None for k in section.kpis):
        rows[0] += [formats.word("goal"), ""]
        for row, kpi in zip(rows[1:], section.kpis, strict=True):
            target = _said(kpi.goal.target, kpi.column.unit, nothing) if kpi.goal is not None else ""
            row += [target, str(formats.words["states"][kpi.goal.state]) if kpi.goal is not None else ""]
    return rows if len(rows[0]) > 2 else rows[1:]


def _in_row(value: Cell, column: Column, label: str | None, nothing: str) -> str:
    """A cell; a period is called as the report's other forms call it."""
    return label if label is not None and column.role == "period" else _said(value, column.unit, nothing)


def _said(value: Cell, unit: str | None, nothing: str) -> str:
    """A value; where there is none, what footnotes call that."""
    if value is None:
        return nothing
    if not is_number(value):
        # A name with a line end or a tab would break the table.
        return _BREAKS.sub("\ufffd", str(value))
    if unit == "percent":
        return f"{half_up(value, 3) * 100:.1f} %"
    return f"{value:,}" if isinstance(value, int) else f"{half_up(value, 2):,.2f}"


def _aligned(rows: list[list[str]], nothing: str) -> list[str]:
    widths = [min(40, max(_width(row[i]) for row in rows)) for i in range(len(rows[0]))]
    numeric = [
        all(r[i][:1].isdigit() or r[i][:1] == "-" or r[i] == nothing for r in rows[1:] if r[i])
        for i in range(len(rows[0]))
    ]
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
