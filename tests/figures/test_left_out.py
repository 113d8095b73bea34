"""What a figure leaves out since nobody is known to have bought it stands at the figure, with its amount: reckoned by
hand from the rows below."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.figures.asking import figures
from tests.figures.from_tables import project_of

# Won in September: 100 of a, and without an account 900 (Ada's), 40 USD (€80) and one without an amount (both Bo's).
# Won before: 7 without an account. Open, lost, and one without a day: none of them is left out of a purchase.
DEALS = """deal_id,owner_id,account_id,status,amount,currency,created_at,closed_at
1,1,a,won,100,EUR,2026-08-01 09:00:00,2026-09-05 09:00:00
2,1,,won,900,EUR,2026-08-01 09:00:00,2026-09-06 09:00:00
3,2,,won,40,USD,2026-08-01 09:00:00,2026-09-07 09:00:00
4,2,,won,,EUR,2026-08-01 09:00:00,2026-09-08 09:00:00
5,2,,won,7,EUR,2026-07-01 09:00:00,2026-08-08 09:00:00
6,2,,open,500,EUR,2026-08-01 09:00:00,
7,2,,lost,600,EUR,2026-08-01 09:00:00,2026-09-08 09:00:00
8,2,,won,800,EUR,2026-08-01 09:00:00,
"""
TABLES = {
    "deal": DEALS,
    "account": "account_id,name\na,Alfa\n",
    "user": "user_id,name\n1,Ada\n2,Bo\n",
    "fx_rate": "day,from_currency,to_currency,rate\n2026-01-01,USD,EUR,2.0\n",
}
WHOLE = "Left out: 3 deals of the period without “Account in the source” (€980)."


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_sales_to_nobody_are_told_at_what_customers_bought(tmp_path: Path, engine: str) -> None:
    """900 and 80 of September; so far with the one of August, and the one that has no day is of no time at all."""
    folder = project_of(tmp_path, TABLES, engine)
    asked = {"period": "2026-09", "metrics": ["purchases_amount", "purchases_count", "won_amount", "customers_count"]}
    found = figures(folder, asked)
    marks = {
        kpi.column.name: [found.footnotes[n - 1] for n in kpi.column.footnotes]
        for section in found.sections
        for kpi in section.kpis
    }
    assert {name: [text for text in texts if text.startswith("Left out")] for name, texts in marks.items()} == {
        "purchases_amount": [WHOLE],
        "purchases_count": [WHOLE],
        "won_amount": [],
        "customers_count": ["Left out: 4 deals so far without “Account in the source”."],
    }


def test_what_is_left_out_is_within_the_filters(tmp_path: Path) -> None:
    """Ada's are 900. Of a customer's name nothing can be without a customer."""
    folder = project_of(tmp_path, TABLES)
    for field, value, told in (("user.name", "Ada", ["900"]), ("account.name", "Alfa", [])):
        spec = {"period": "2026-09", "metrics": ["purchases_amount"], "filters": [{"field": field, "eq": value}]}
        texts = [text for text in figures(folder, spec).footnotes if text.startswith("Left out")]
        assert texts == [
            f"Left out: 1 deal of the period without “Account in the source” (€{amount})." for amount in told
        ]


def test_part_of_an_amount_is_not_told_as_all_of_it(tmp_path: Path) -> None:
    """Without the rate of the dollar the three are worth more than 900, nobody knows how much."""
    tables = {name: text for name, text in TABLES.items() if name != "fx_rate"}
    found = figures(project_of(tmp_path, tables), {"period": "2026-09", "metrics": ["purchases_amount"]})
    assert "Left out: 3 deals of the period without “Account in the source”." in found.footnotes


def test_what_was_left_out_before_is_told_beside(tmp_path: Path) -> None:
    """Of August the 7 EUR alone, which are also all that had been sold to nobody as it ended."""
    asked = {"period": "2026-09", "compare": "previous_period", "metrics": ["purchases_amount", "customers_count"]}
    texts = [text for text in figures(project_of(tmp_path, TABLES), asked).footnotes if text.startswith("Left out")]
    assert texts == [
        f"{WHOLE} Left out of August 2026: 1 deal without “Account in the source” (€7).",
        "Left out: 4 deals so far without “Account in the source”."
        " Left out as August 2026 ended: 1 deal without “Account in the source”.",
    ]
