"""Report types over periods in which there is nothing, or nothing yet: they still come out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec.formats.csv_text import as_csv
from reportspec.formats.json_text import as_json
from reportspec.formats.terminal import as_table
from tests.conftest import Draw
from tests.figures.asking import figures

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
REPORTS = (
    "conversions",
    "leads",
    "lost_deals",
    "pipeline",
    "profitability",
    "sales_activity",
    "sales_cycle",
    "sales_forecast",
)
WHEN: dict[str, dict[str, Any]] = {
    "before all records": {"period": "1999"},
    "a leap day": {"period": "2024-02-29"},
    "not begun": {"period": "2027-Q1"},
    "next year": {"period": "2027", "compare": "previous_year"},
    "as of a day before": {"period": "2026-Q3", "as_of": "2026-06-30"},
    "as of a day to come": {"period": "2026-Q3", "as_of": "2030-01-01"},
}


@pytest.mark.parametrize("when", WHEN)
def test_it_comes_out(when: str, tmp_path: Path, draw: Draw) -> None:
    """By day every third report, the next ones at the next such time; by night all."""
    text = "version: 1\nsource: demo\ntimezone: Europe/Rome\ncurrency: EUR\nlocale: en_GB\n"
    (tmp_path / "reportspec.yaml").write_text(text, encoding="utf-8")
    every = draw.rounds(3, 1)
    for report in REPORTS[[*WHEN].index(when) % every :: every]:
        found = figures(tmp_path, {"report": report, **WHEN[when]}, NOW)
        assert found.sections, report
        assert all(write(found) for write in (as_json, as_csv, as_table)), report
