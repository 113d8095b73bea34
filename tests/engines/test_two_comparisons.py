"""Two comparisons at once, on every engine: the figures are those of DuckDB, where each of the two is told as a report
with it alone tells it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.engines.test_same_figures import compare
from tests.figures.asking import figures
from tests.figures.two_periods import held_to_each_alone

# By night over all rows of the demo.
SECTIONS: list[dict[str, Any]] = [
    {"id": "tiles", "kpis": ["won_amount", "close_rate", "open_amount", "sales_cycle_days.median"]},
    {"id": "by", "breakdown": {"metrics": ["won_amount", "close_rate", "open_amount"], "by": ["user.name"]}},
    {"id": "steps", "trend": {"metrics": ["won_amount", "open_opportunities_count"], "grain": "month"}},
    {"id": "stages", "breakdown": {"metrics": ["open_amount", "stage_conversion_rate"], "by": ["stage.name"]}},
]
PERIODS = ("previous_period", "previous_year")


def of_sections(sections: list[dict[str, Any]]) -> dict[str, Any]:
    """The report of some sections."""
    return {"report": "custom", "period": "2026-Q2", "sections": sections}


def test_they_are_those_of_duckdb(engine_name: str, project: Path, reference: Path) -> None:
    """Sums, rates, medians and stocks, by people and stages and over time; of the stocks the past states."""
    sections = SECTIONS if engine_name != "spark" else SECTIONS[:2]
    found = compare(project, reference, {**of_sections(sections), "compare": [*PERIODS]})
    [tiles] = [section for section in found["sections"] if section["id"] == "tiles"]
    assert all(tiles["rows"][0][f"{name}__second"] is not None for name in SECTIONS[0]["kpis"])


def test_each_is_told_as_alone(reference: Path) -> None:
    """On DuckDB, over the same rows."""
    held_to_each_alone(lambda asked: figures(reference, asked), of_sections(SECTIONS), *PERIODS)
