"""An account that is deleted, or that is in no table, is no customer: what was sold to it stays won, and is told at what
customers bought. Where a source has no accounts at all nobody is gone. Reckoned by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

ACCOUNTS = "account_id,name,is_deleted,merged_into_id\nA1,Acme,false,\nA2,Gone,true,\nA3,Twin,false,A1\n"
CONTACTS = "contact_id,account_id,is_deleted\nC1,,false\nC2,,true\n"
DEALS = """deal_id,account_id,deal_type,status,amount,created_at,closed_at
D1,A1,,won,100,2026-07-01,2026-07-20
D2,A2,upsell,won,200,2026-07-01,2026-07-21
D3,A9,,won,400,2026-07-01,2026-07-22
D4,,,won,800,2026-07-01,2026-07-22
D5,A3,,won,1600,2026-07-01,2026-07-23
"""
ORDERS = """order_id,account_id,contact_id,status,amount,ordered_at
O1,A1,,paid,100,2026-07-01
O2,A2,,paid,200,2026-07-01
O3,,C1,paid,400,2026-07-01
O4,,C2,paid,800,2026-07-01
O5,,,paid,1600,2026-07-01
O6,A3,,paid,3200,2026-07-01
"""
WANTED = ["customers_count", "new_customers_count", "purchases_count", "customer_revenue_amount"]
CASES = {
    # Acme bought D1 and, as what its twin was merged into, D5.
    "deals": ({"account": ACCOUNTS, "deal": DEALS}, [1, 1, 2, 1700], "3 deals so far"),
    "deals without accounts": ({"deal": DEALS}, [4, 4, 4, 2300], "1 deal so far"),
    "orders": ({"account": ACCOUNTS, "contact": CONTACTS, "order_": ORDERS}, [2, 2, 3, 3700], "3 orders so far"),
    "orders without accounts": ({"contact": CONTACTS, "order_": ORDERS}, [4, 4, 4, 3900], "2 orders so far"),
}


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
@pytest.mark.parametrize("case", CASES)
def test_who_is_gone_is_no_customer(case: str, engine: str, tmp_path: Path) -> None:
    tables, right, told = CASES[case]
    found = figures(
        project_of(tmp_path, tables, engine),
        {"report": "custom", "period": "2026-Q3", "sections": [{"id": "k", "kpis": WANTED}]},
    )
    assert [rows(found, "k")[0][name] for name in WANTED] == right
    [column] = [tile.column for tile in found.sections[0].kpis if tile.column.name == "customers_count"]
    assert any(told in found.footnotes[at - 1] for at in column.footnotes), found.footnotes


def test_the_deal_itself_stays_won(tmp_path: Path) -> None:
    project = project_of(tmp_path, {"account": ACCOUNTS, "deal": DEALS})
    by = {"breakdown": {"metrics": ["won_amount", "purchases_count"], "by": ["account.name"]}}
    found = figures(project, {"report": "custom", "period": "2026-Q3", "sections": [{"id": "b", **by}]})
    assert [list(row.values()) for row in rows(found, "b")] == [["Acme", 1700, 2], [None, 1400, 0]]
