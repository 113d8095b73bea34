"""Figures as data: JSON, CSV and a table for the terminal."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from reportspec.diagnostics import shortened
from reportspec.model.figures import Cell, Figures, PeriodFigures, Section
from reportspec.render.attachments import marked


def plain(value: Cell) -> Any:
    """A cell as JSON has it: plain numbers, ISO dates, null."""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value


def as_json(figures: Figures) -> str:
    """All sections with rows, as one JSON object."""
    return json.dumps(as_data(figures), ensure_ascii=False, indent=2)


def as_json_of_each(made: Sequence[Figures]) -> str:
    """The same for all values of `for_each`, as one JSON array."""
    return json.dumps([as_data(figures) for figures in made], ensure_ascii=False, indent=2)


def as_data(figures: Figures) -> dict[str, Any]:
    """What `as_json` prints, as plain data."""
    return {
        **({"each": dict(zip(("field", "value"), figures.each, strict=True))} if figures.each is not None else {}),
        "report": figures.report,
        "title": figures.title,
        "period": _stretch(figures.period),
        "compare": _stretch(figures.compare) if figures.compare else None,
        "notices": list(figures.notices),
        "goals": [
            {
                "metric": kpi.column.metric,
                "value": plain(kpi.value),
                "target": kpi.goal.target,
                "attainment": kpi.goal.attainment,
                "difference": kpi.goal.difference,
                "pace": kpi.goal.pace,
                "landing": kpi.goal.landing,
                "state": kpi.goal.state,
            }
            for section in figures.sections
            for kpi in section.kpis
            if kpi.goal is not None
        ],
        "sections": [
            {
                "id": section.id,
                "columns": [{"name": c.name, "type": c.type, "unit": c.unit} for c in section.columns],
                "rows": [{c.name: plain(v) for c, v in zip(section.columns, row, strict=True)} for row in section.rows],
            }
            for section in figures.sections
            if section.shape != "text"
        ],
        "footnotes": list(figures.footnotes),
        # What the source lacks is not one person's affair.
        "warnings": [
            {"check": one.code, "message": one.message, "help": one.help}
            for one in figures.warnings
            if figures.each is None
        ],
    }


def _stretch(period: PeriodFigures) -> dict[str, str]:
    return {"from": period.start.isoformat(), "to": period.end.isoformat()}


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
        writer.writerows([marked(v) if isinstance(v, str) else plain(v) for v in row] for row in section.rows)
        parts.append(f"# {section.id}\n{buffer.getvalue()}")
    return "\n".join(parts).rstrip("\n")


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
        from reportspec.render.locale import formats_for
        from reportspec.render.sentences import sentences

        told = sentences(figures, section, formats_for(figures))
        return [f"  {shortened(text, _LONGEST)}" for text in (*told, *section.notes)]
    if section.shape == "tiles":
        rows = [[k.column.label, _said(k.value, k.column.unit), _said(k.previous, k.column.unit)] for k in section.kpis]
        return _aligned(
            [["", "", "previous"], *rows]
            if any(k.previous is not None for k in section.kpis)
            else [r[:2] for r in rows]
        )
    rows = [[c.label for c in section.columns]]
    rows += [[_said(v, c.unit) for c, v in zip(section.columns, row, strict=True)] for row in section.rows]
    if section.total:
        rows.append(
            [
                "Total",
                *(_said(v, c.unit) for c, v in zip(section.columns[1:], section.total[1:], strict=True)),
            ]
        )
    return _aligned(rows)


def _said(value: Cell, unit: str | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return str(value)
    if unit == "percent":
        return f"{value * 100:.1f} %"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


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
