"""What new customers bought and what those bought who came back is all that was bought, whatever the period."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reportspec.catalogue.load import packaged
from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

NEW, RETURNING = "new_customers_count.all_revenue", "returning_customers_count.by_revenue"
# Ada buys for the first time in July, and again in August and in October; Bo has bought in May, and does so again.
DEALS = """deal_id,account_id,status,amount,currency,created_at,closed_at
1,ada,won,100,EUR,2026-06-01 09:00:00,2026-07-05 09:00:00
2,ada,won,50,EUR,2026-06-01 09:00:00,2026-08-01 09:00:00
3,bo,won,30,EUR,2026-04-01 09:00:00,2026-05-01 09:00:00
4,bo,won,70,EUR,2026-06-01 09:00:00,2026-08-02 09:00:00
5,ada,won,7,EUR,2026-09-01 09:00:00,2026-10-02 09:00:00
6,bo,lost,900,EUR,2026-06-01 09:00:00,2026-08-02 09:00:00
"""
ACCOUNTS = "account_id,name\nada,Ada\nbo,Bo\n"


def asked(folder: Path, period: str, **more: Any) -> dict[str, Any]:
    section = {"id": "all", "kpis": [NEW, RETURNING, "purchases_amount", "new_customers_count.by_revenue"]}
    [row] = rows(figures(folder, {"report": "custom", "period": period, "sections": [section], **more}), "all")
    return row


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_a_second_purchase_of_a_new_customer_is_theirs(tmp_path: Path, engine: str) -> None:
    row = asked(
        project_of(tmp_path, {"deal": DEALS, "account": ACCOUNTS}, engine), "2026-Q3", compare="previous_period"
    )
    assert [row[NEW], row[RETURNING], row["purchases_amount"]] == [150, 70, 220]
    assert row["new_customers_count.by_revenue"] == 100
    before = [row[f"{name}__previous"] for name in (NEW, RETURNING, "purchases_amount")]
    assert before == [30, 0, 30]


@pytest.mark.parametrize("period", ["2025", "2026-Q3", "2026-09", "2026-W38"])
def test_new_and_returning_are_the_whole(demo: Path, period: str) -> None:
    row = asked(demo, period)
    assert row[NEW] + row[RETURNING] == pytest.approx(row["purchases_amount"], abs=0.01)


def test_the_standard_report_shows_parts_of_one_whole() -> None:
    """Beside each other stand the two that make the whole, not the first purchases of the one."""
    sections = packaged().reports["profitability"].preset["sections"]
    [section] = [one for one in sections if one["id"] == "new_and_returning"]
    assert [name for name in section["kpis"] if "revenue" in name] == [NEW, RETURNING]
