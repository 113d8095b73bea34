"""Deals whose closing people dated back, or whose creation nobody wrote down: at each instant a deal is there once, in
one state. The states are reckoned here from the rows, by what the entity's description says."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from tests.figures.asking import figures, rows
from tests.figures.dated_deals import DAYS, Deal, closed_in, drawn, status_at, tables, with_days_of_closing
from tests.figures.from_tables import project_of

FIELDS = ["deal.name", "deal.status"]
SEEDS = range(3)


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
@pytest.mark.parametrize("seed", SEEDS)
def test_each_deal_is_there_once(engine: str, seed: int, tmp_path: Path) -> None:
    deals = drawn(seed)
    _compare(project_of(tmp_path, tables(deals), engine), deals)


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
@pytest.mark.parametrize("zone", ["Europe/Rome", "America/New_York", "Asia/Tokyo"])
def test_closings_that_are_days(engine: str, zone: str, tmp_path: Path) -> None:
    """A day is the report's whatever clock the source goes by, and each month has the deals that its days have."""
    deals = with_days_of_closing(7)
    project = project_of(tmp_path, tables(deals, zone), engine)
    mapping, settings = project / "mapping.yaml", project / "reportspec.yaml"
    as_day = "closed_at: {sql: closed_at, type: date}"
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("closed_at: closed_at", as_day), encoding="utf-8")
    settings.write_text(settings.read_text(encoding="utf-8") + f"source_timezone: {zone}\n", encoding="utf-8")
    _compare(project, deals)
    spec = {"report": "custom", "sections": [{"id": "y", "kpis": ["won_deals_count", "lost_deals_count"]}]}
    for month in range(1, 8):
        [row] = rows(figures(project, {**spec, "period": f"2026-{month:02}"}), "y")
        assert row == closed_in(deals, month), month


def _compare(project: Path, deals: list[Deal]) -> None:
    """Who is there at the ends of some days, and in which state, is what the deals say."""
    for day in range(10, DAYS, 38):
        end = date(2026, 1, 1) + timedelta(days=day)
        spec = {
            "period": "2026",
            "as_of": str(end),
            "sections": [
                {"id": "x", "records": {"entity": "deal", "fields": FIELDS, "period": "all", "limit": "all"}},
                {"id": "y", "kpis": ["open_opportunities_count"]},
            ],
        }
        found = figures(project, spec)
        at = datetime(end.year, end.month, end.day) + timedelta(days=1)  # the end of the day
        wanted = {deal["name"]: state for deal in deals if (state := status_at(deal, at)) is not None}
        listed = [(row["deal.name"], str(row["deal.status"]).lower()) for row in rows(found, "x")]
        assert sorted(listed) == sorted(wanted.items()), end
        [row] = rows(found, "y")
        assert row["open_opportunities_count"] == list(wanted.values()).count("open")
