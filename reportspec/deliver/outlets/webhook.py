"""What a webhook is given."""

from __future__ import annotations

from typing import Any

from reportspec.deliver.outlets.parcel import Parcel
from reportspec.model.figures import PeriodFigures
from reportspec.render.locale import formats_for
from reportspec.render.tile_texts import kpis, of_kpi


def webhook_figures(parcel: Parcel) -> dict[str, Any]:
    """The figures of the tiles for programs: numbers as they are, and as text."""
    figures, formats = parcel.figures, formats_for(parcel.figures)
    return {
        "report": figures.report,
        "title": figures.title,
        "period": _stretch(figures.period),
        "compare": _stretch(figures.compare) if figures.compare else None,
        "notices": list(figures.notices),
        "as_of": figures.as_of.isoformat(),
        "data_as_of": figures.data_as_of.isoformat() if figures.data_as_of else None,
        "for_each": list(figures.each) if figures.each else None,
        "filters": list(figures.filters),
        "metrics": {
            name: {
                "label": kpi.column.label,
                "value": float(kpi.value) if isinstance(kpi.value, (int, float)) else None,
                "text": of_kpi(kpi, "text", formats),
                "change": kpi.change,
                "goal": kpi.goal.target if kpi.goal else None,
                "state": kpi.goal.state if kpi.goal else None,
            }
            for name, kpi in kpis(figures).items()
        },
        "files": dict(parcel.links),
    }


def _stretch(period: PeriodFigures) -> dict[str, str]:
    return {
        "label": period.label,
        "start": period.start.isoformat(),
        "end": period.end.isoformat(),
    }
