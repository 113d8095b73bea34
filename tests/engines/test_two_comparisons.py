"""Two comparisons at once, on every engine: each of them is told as a report with it alone tells it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.figures.asking import figures
from tests.figures.two_periods import held_to_each_alone

# By night over all rows of the demo.
SECTIONS: list[dict[str, Any]] = [
    {"id": "tiles", "kpis": ["won_amount", "close_rate", "open_amount", "sales_cycle_days.median"]},
    {"id": "by", "breakdown": {"metrics": ["won_amount", "close_rate", "open_amount"], "by": ["user.name"]}},
    {"id": "steps", "trend": {"metrics": ["won_amount", "open_opportunities_count"], "grain": "month"}},
    {"id": "stages", "breakdown": {"metrics": ["open_amount", "stage_conversion_rate"], "by": ["stage.name"]}},
]


def test_each_is_told_as_alone(engine_name: str, project: Path) -> None:
    """Sums, rates, medians and stocks, by people and stages and over time; of the stocks the past states."""
    spec = {"report": "custom", "period": "2026-Q2", "sections": SECTIONS if engine_name != "spark" else SECTIONS[:2]}
    both = held_to_each_alone(lambda asked: figures(project, asked), spec, "previous_period", "previous_year")
    [tiles] = [section for section in both.sections if section.id == "tiles"]
    assert all(kpi.second is not None for kpi in tiles.kpis)
