"""A check finds as many records as the metric of the same meaning counts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reportspec.audit.project_audit import AuditOrder, audit_project
from tests.figures.asking import figures, rows

# The last instant of a day: what was due on it is late.
NOW = datetime(2026, 10, 31, 22, 59, 59, 999999, tzinfo=UTC)
SAME = {
    "deal_close_date_past": "overdue_deals_count",
    "deal_stalled": "stalled_deals_count",
    "deal_long_in_stage": "slow_deals_count",
    "activity_overdue": "activities_overdue_count",
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("as_metrics")
    (folder / "reportspec.yaml").write_text("version: 1\nsource: demo\ntimezone: Europe/Rome\ncurrency: EUR\n", "utf-8")
    return folder


def test_a_check_and_its_metric_count_the_same(demo: Path) -> None:
    made = audit_project(demo / "reportspec.yaml", AuditOrder(NOW, {}, examples=0))
    assert made.audit is not None, made.diagnostics
    found = {one.check.id: one.broken for one in made.audit.outcomes}
    asked = list(SAME.values())
    period = {"from": "2020-01-01", "to": "2026-10-31"}
    [row] = rows(figures(demo, {"period": period, "sections": [{"id": "x", "kpis": asked}]}, NOW), "x")
    assert {name: row[name] for name in asked} == {name: found[check] for check, name in SAME.items()}
    assert min(row[name] for name in asked) > 0
