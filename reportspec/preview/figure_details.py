"""What a figure of a page is made of: what `explain` says of it, in its section, and the rows behind it."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from reportspec.lazy_dataclass import dataclass
from reportspec.model.spec import Report
from reportspec.reference.explanation import Explanation, explained
from reportspec.render.figure_marks import Marked
from reportspec.review.figure_rows import (
    CountedPart,
    CountedRow,
    FigureRows,
    SideAsked,
    figure_rows,
    metric_of,
    spec_of,
)
from reportspec.review.row_forms import figure, shown

_LACKS = {
    "missing": "left out: it has no value",
    "other_currency": "left out: there is no exchange rate for its currency at that time",
    "incomplete": "left out: it lacks what its amount is multiplied by",
}


@dataclass(frozen=True, slots=True)
class FigureDetails:
    """A figure: where it stands (`row` names it, as its table does), what it means and is made of, the rows behind it,
    and whether there is a figure of the other period beside it (`compared`)."""

    section: str
    row: tuple[str, ...]
    explanation: Explanation | None
    rows: FigureRows
    currency: str | None
    compared: bool


def details_of(report: Report, found: Marked, side: SideAsked) -> FigureDetails:
    """What a figure of a settled report is made of. Raises SourceError."""
    spec, metric = spec_of(report, found), metric_of(report, found)
    explanation = None
    if metric is not None and spec is not None and metric.id in {one.id for one in spec.metrics}:
        explanation = explained(replace(report, sections=(spec,)), metric)
    names = tuple(
        str(cell) for column, cell in found.row if column.role in ("dimension", "group", "period") and cell is not None
    )
    return FigureDetails(
        found.section.title or found.section.id,
        () if found.kind == "total" else names,
        explanation,
        figure_rows(report, found, side),
        report.binding.currency,
        report.compare is not None and len(report.sides) > 1,
    )


def as_data(details: FigureDetails, personal: bool) -> dict[str, Any]:
    """The details as plain data, all values as people read them; personal ones covered unless they are asked for."""
    rows = details.rows
    start, end = rows.period
    return {
        "section": details.section,
        "row": list(details.row),
        "explanation": asdict(details.explanation) if details.explanation is not None else None,
        "side": rows.side,
        "compared": details.compared,
        "period": f"{start.isoformat()} to before {end.isoformat()}",
        "as_of": rows.as_of[:16].replace("T", " "),
        "why": rows.why,
        "masked": not personal,
        "parts": [_part(part, details.currency, personal) for part in rows.parts],
    }


def _part(part: CountedPart, currency: str | None, personal: bool) -> dict[str, Any]:
    return {
        "metric": part.metric,
        "label": part.label,
        "entity": part.entity,
        "fields": list(part.fields),
        "more": part.more,
        "named": part.named,
        "rows": [_row(row, part, currency, personal) for row in part.rows],
    }


def _row(row: CountedRow, part: CountedPart, currency: str | None, personal: bool) -> dict[str, Any]:
    adds = "; ".join(_LACKS[why] for why in row.lacks)
    if row.adds is not None:
        adds = figure(row.adds, part.unit, currency) if not isinstance(row.adds, str) else "1 value"
    return {"adds": adds, "values": [shown(value, personal) for value in row.values]}
