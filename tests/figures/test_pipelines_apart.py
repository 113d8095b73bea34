"""Stages stand under their pipeline, each pipeline with its subtotal: what a report of it alone says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reportspec.model.figures import Figures
from tests.figures.asking import figures

METRICS = ["open_amount", "open_opportunities_count", "open_weighted_amount"]
CONVERSION = ["stage_conversion_rate", "stage_exits_count", "stage_duration_days.median"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("apart")
    (folder / "reportspec.yaml").write_text(
        "version: 1\nsource: demo\ntimezone: Europe/Rome\nlocale: en_GB\ncurrency: EUR\n", "utf-8"
    )
    return folder


def asked(folder: Path, *filters: dict[str, Any], **more: Any) -> Figures:
    sections = [
        {"id": "open", "breakdown": {"metrics": METRICS, "by": ["stage.name"], **more}},
        {"id": "moved", "breakdown": {"metrics": CONVERSION, "by": ["stage.name"], **more}},
    ]
    spec = {"report": "custom", "period": "2026-Q3", "compare": "previous_period", "sections": sections}
    return figures(folder, spec | ({"filters": list(filters)} if filters else {}))


def test_each_stands_whole_in_its_order_with_the_figures_of_a_report_of_it_alone(folder: Path) -> None:
    made = asked(folder)
    for at, section in enumerate(made.sections):
        assert [cells[0] for _, cells in section.subtotals] == ["New business", "Renewals"]
        above = 0
        for count, cells in section.subtotals:
            alone = asked(folder, {"field": "stage.pipeline.name", "eq": cells[0]}).sections[at]
            assert not alone.subtotals  # it is the whole
            assert alone.total is not None
            # Of one deal the history does not have the stage of then: too much of a few, which have no figure alone.
            few = at == 0 and cells[0] == "Renewals"
            assert [value is None for value in alone.total[1:]] == [few] * len(alone.total[1:])
            assert few or cells[1:] == pytest.approx(alone.total[1:], rel=1e-9)
            # A stage of which nothing is counted stands in the report of all, but not in one with a filter on deals.
            stages = [row[0] for row in section.rows[above:count]]
            named = [row for row in alone.rows if row[0] is not None]
            assert [name for name in stages if name in {row[0] for row in named}] == [row[0] for row in named]
            # Deals of which the history does not have the stage of then may be in it, and stand by themselves.
            assert all(row[1] is None for row in alone.rows if row[0] is None)
            above = count
        assert all(row[0] is None for row in section.rows[above:])


def test_an_order_that_is_asked_for_and_charts_of_parts_are_kept(folder: Path) -> None:
    by_stage = {"metrics": METRICS[:1], "by": ["stage.name"]}
    sections = [
        {"id": "sorted", "breakdown": {**by_stage, "sort": f"-{METRICS[0]}"}},
        {"id": "steps", "breakdown": {**by_stage, "chart": "waterfall"}},
    ]
    made = figures(folder, {"report": "custom", "period": "2026-Q3", "sections": sections})
    values = [row[1] for row in made.sections[0].rows if row[0] is not None]
    assert values == sorted(values, key=lambda value: -float(value or 0))  # type: ignore[arg-type]
    assert not any(section.subtotals for section in made.sections)
