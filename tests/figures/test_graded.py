"""Customers at risk are those of a habit that they have left; and where rows are by what is itself good or bad, more of one
is neither. Reckoned by hand."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from reportspec.catalogue.load import packaged
from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

# Days before 1 October on which each account bought. `twice` has one gap of 24 days and 53 since; `left` gaps of 30 and
# 100 since; `late` gaps of 30 and 60 since, which is twice; `once` and `same` (all on one day) have no usual gap.
BOUGHT = {
    "twice": [77, 53],
    "left": [160, 130, 100],
    "late": [120, 90, 60],
    "once": [300],
    "same": [200, 200, 200],
}


def _project(folder: Path, engine: str = "duckdb") -> Path:
    deals = ["deal_id,status,account_id,amount,currency,created_at,closed_at"]
    for account, days in BOUGHT.items():
        for number, before in enumerate(days):
            day = date(2026, 10, 1) - timedelta(days=before)
            deals.append(f"{account}{number},won,{account},10,EUR,2025-01-01 00:00:00,{day} 00:00:00")
    accounts = "account_id,name\n" + "".join(f"{name},{name}\n" for name in BOUGHT)
    return project_of(folder, {"account": accounts, "deal": "\n".join(deals) + "\n"}, engine)


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_one_gap_is_no_habit(engine: str, tmp_path: Path) -> None:
    project = _project(tmp_path, engine)
    found = figures(project, {"period": "2026-09", "sections": [{"id": "x", "kpis": ["customers_count.at_risk"]}]})
    assert found.sections[0].kpis[0].value == 1
    report = figures(project, {"report": "profitability", "period": "2026-09"})
    assert [row["account.name"] for row in rows(report, "at_risk")] == ["left"]


def test_the_list_and_the_figure_have_one_condition() -> None:
    known = packaged()
    condition = known.metrics["customers_count.at_risk"].where
    assert condition is not None
    listed = next(one for one in known.reports["profitability"].preset["sections"] if one["id"] == "at_risk")
    assert listed["records"]["where"].replace(" ", "") == condition.sql("duckdb").replace(" ", "").lower()


@pytest.mark.parametrize("by", ["customer_segment.name", "deal.status"])
def test_more_of_what_is_graded_is_neither_better_nor_worse(by: str, tmp_path: Path) -> None:
    metric = "customers_count" if by.startswith("customer") else "deals_created_count"
    sections = [{"id": "x", "breakdown": {"metrics": [metric], "by": [by]}}, {"id": "y", "kpis": [metric]}]
    spec = {"period": "2026-09", "compare": "previous_period", "sections": sections}
    found = figures(_project(tmp_path), spec)
    assert {c.direction for c in found.sections[0].columns if c.role in ("metric", "previous")} == {"neutral"}
    assert found.sections[1].kpis[0].column.direction == "up"
