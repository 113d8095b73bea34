"""Figures as JSON, which `query` prints and programs read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from reportspec.model.figures import Cell, Column, Figures, PeriodFigures, Section
from reportspec.render.headlines import heading, heading_line, lead
from reportspec.render.locale import formats_for


def plain_cell(value: Cell) -> Any:
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
    formats = formats_for(figures)
    return {
        **({"each": dict(zip(("field", "value"), figures.each, strict=True))} if figures.each is not None else {}),
        "report": figures.report,
        "title": figures.title,
        "headline": {"title": heading(figures, formats), "opening": lead(figures, formats)},
        "period": _stretch(figures.period),
        "compare": _stretch(figures.compare) if figures.compare else None,
        **({"second": _stretch(figures.second)} if figures.second else {}),
        "notices": list(figures.notices),
        "goals": [
            {
                "metric": kpi.column.metric,
                "value": plain_cell(kpi.value),
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
                "columns": [_column(column) for column in section.columns],
                "rows": [_row(section, row) for row in section.rows],
                "total": _row(section, section.total) if section.total is not None else None,
                "subtotals": [{"rows_above": above, "row": _row(section, row)} for above, row in section.subtotals],
                **_told(figures, section),
            }
            for section in figures.sections
            if section.shape != "text"
        ],
        "footnotes": list(figures.footnotes),
        # What the source lacks is not one person's affair.
        "warnings": [
            {"check": warning.code, "message": warning.message, "help": warning.help}
            for warning in figures.warnings
            if figures.each is None
        ],
    }


def _told(figures: Figures, section: Section) -> dict[str, list[str]]:
    """The sentences and notes of a section, where it has any: they say what its numbers alone do not."""
    from reportspec.render.locale import formats_for
    from reportspec.render.sentences import sentences

    prose = sentences(figures, section, formats_for(figures)) if section.highlights else ()
    said = [heading_line(figures, section, formats_for(figures))] if section.message is not None else []
    told = {"heading": said, "sentences": list(prose), "notes": list(section.notes)}
    return {key: texts for key, texts in told.items() if texts}


def _column(column: Column) -> dict[str, Any]:
    """A column; where its cells have names in the report's language, also of which values these are the names."""
    plain = {"name": column.name, "type": column.type, "unit": column.unit}
    return {**plain, "labels": dict(column.labels)} if column.labels else plain


def _row(section: Section, row: Sequence[Cell]) -> dict[str, Any]:
    return {column.name: plain_cell(value) for column, value in zip(section.columns, row, strict=True)}


def _stretch(period: PeriodFigures) -> dict[str, str]:
    return {"from": period.start.isoformat(), "to": period.end.isoformat()}
