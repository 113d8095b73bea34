"""On every engine: the forecast of a past day, and from data as they were on that day. Both are what DuckDB says."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from reportspec.forecasting import winning
from reportspec.formats.json_text import as_json
from tests.engines.conftest import THEN
from tests.engines.test_same_figures import same
from tests.figures.asking import figures

SPEC: dict[str, Any] = {
    "report": "custom",
    "sections": [
        {"id": "summary", "forecast": {"show": "summary"}},
        {"id": "tests", "forecast": {"show": "tests"}},
        {"id": "by", "forecast": {"by": ["user.name"]}},
        {"id": "deals", "forecast": {"show": "deals"}},
        {"id": "calibration", "forecast": {"show": "calibration"}},
        {"id": "list", "records": {"entity": "deal", "fields": ["deal.deal_id", "deal.win_chance"], "limit": 500}},
        {"id": "leads", "forecast": {"metric": "leads_created_count"}},
    ],
}


def sections(folder: Path, period: str) -> Any:
    """The sections, and what is told below them of the data."""
    found = json.loads(as_json(figures(folder, {**SPEC, "period": period}, THEN.replace(tzinfo=UTC))))
    return [*found["sections"], {"footnotes": found["footnotes"]}]


# By day ClickHouse has a report with a forecast in `test_same_figures`, PostgreSQL in `test_temporary_tables`.
@pytest.mark.by_day(engine_name=("sqlite", "mariadb"), period=("2026-Q1",))
@pytest.mark.parametrize("period", ["2026-Q1", "2026-03"])
def test_the_past_as_it_was(
    period: str, engine_name: str, project: Path, then: Path, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("FEWEST_WINS", 1), ("SKILL", -9.0), ("RIGHT_ON_THE_WHOLE", (0.0, 99.0))):
        monkeypatch.setattr(winning, name, value)  # few rows by day bear no chances out
    wanted = sections(reference, period)
    assert any(section.get("rows") for section in wanted)
    assert wanted[-1]["footnotes"]
    assert any(row["deal.win_chance"] for row in wanted[5]["rows"])
    same(sections(project, period), wanted, "whole")
    same(sections(then, period), wanted, "then")
