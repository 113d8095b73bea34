"""What figures take from the history for want of it in the records stands at the figure, with how many rows and what they
add: reckoned by hand from the rows below."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reportspec.model.figures import Figures
from tests.figures.asking import figures
from tests.figures.from_tables import project_of

STAGES = (
    "stage_id,name,position,is_won,is_lost,probability\n"
    "S,Talk,1,false,false,0.1\nW,Won,2,true,false,1\nL,Lost,3,false,true,0\n"
)
# In September three are won, of which the records of two have no amount: the history has 70 and 1,200 of them. One was
# won in August. Of the two that are open one has its amount, chance and expected day from the history alone; the lost
# one has no closing day of its own.
DEALS = """deal_id,stage_id,status,account_id,deal_type,amount,currency,created_at,closed_at,expected_close_date,probability
w1,W,won,a,new_business,500,EUR,2026-05-01 09:00:00,2026-09-02 09:00:00,2026-09-01,1
w2,W,won,a,new_business,,EUR,2026-05-01 09:00:00,2026-09-03 09:00:00,2026-09-01,1
w3,W,won,b,renewal,,EUR,2026-05-01 09:00:00,2026-09-04 09:00:00,2026-09-01,1
w4,W,won,b,renewal,,EUR,2026-05-01 09:00:00,2026-08-04 09:00:00,2026-08-01,1
o1,S,open,a,new_business,40,EUR,2026-05-01 09:00:00,,2026-09-20,0.5
o2,S,open,a,new_business,,EUR,2026-05-01 09:00:00,,,
l1,L,lost,a,new_business,10,EUR,2026-05-01 09:00:00,,2026-09-01,0
"""
CHANGES = """deal_id,stage_id,entered_at,amount,currency,probability,expected_close_date
w1,S,2026-05-01 09:00:00,444,EUR,0.2,2026-09-01
w1,W,2026-09-02 09:00:00,444,EUR,1,2026-09-01
w2,S,2026-05-01 09:00:00,60,EUR,0.2,2026-09-01
w2,S,2026-06-01 09:00:00,70,EUR,0.2,2026-09-01
w2,W,2026-09-03 09:00:00,70,EUR,1,2026-09-01
w3,S,2026-05-01 09:00:00,1200,EUR,0.2,2026-09-01
w3,W,2026-09-04 09:00:00,1200,EUR,1,2026-09-01
w4,S,2026-05-01 09:00:00,9000,EUR,0.2,2026-08-01
w4,W,2026-08-04 09:00:00,9000,EUR,1,2026-08-01
o1,S,2026-05-01 09:00:00,40,EUR,0.5,2026-09-20
o2,S,2026-05-01 09:00:00,800,EUR,0.25,2026-09-25
l1,S,2026-05-01 09:00:00,10,EUR,0.2,2026-09-01
l1,L,2026-09-09 09:00:00,10,EUR,0,2026-09-01
"""
TABLES = {"stage": STAGES, "deal": DEALS, "deal_stage_history": CHANGES}


def _told(metric: str, count: int, of: str, field: str, amount: str = "") -> str:
    added = f" (€{amount})" if amount else ""
    return f"{metric}: in {count} of {of} “{field}” is the last that the history has, since the record has none{added}."


WANTED = {
    "won_amount": [_told("Won amount", 2, "3 deals", "Amount", "1,270")],
    "new_revenue_amount": [_told("New revenue", 1, "2 deals", "Amount", "70")],
    "purchases_amount": [_told("Revenue", 2, "3 purchases", "Amount", "1,270")],
    "won_deals_count": [],
    "lost_deals_count": [_told("Lost deals", 1, "1 deal", "Closed")],
    "open_amount": [_told("Open pipeline", 1, "2 deals", "Amount", "800")],
    # Whether it is one that is expected at all is told by its category, and that by its chance.
    "forecast_open_count": [
        _told("Deals expected to close", 1, "2 deals", "Probability"),
        _told("Deals expected to close", 1, "2 deals", "Expected close"),
    ],
}
FIGURES = {"won_amount": 1770, "new_revenue_amount": 570, "lost_deals_count": 1, "open_amount": 840}


def _said(found: Figures, metric: str) -> list[str]:
    [column] = [kpi.column for section in found.sections for kpi in section.kpis if kpi.column.name == metric]
    return [text for n in column.footnotes if "the record has none" in (text := found.footnotes[n - 1])]


def _asked(folder: Path, **more: Any) -> Figures:
    return figures(folder, {"period": "2026-09", "sections": [{"id": "x", "kpis": list(WANTED)}], **more})


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_what_the_history_stands_in_for_is_told(engine: str, tmp_path: Path) -> None:
    found = _asked(project_of(tmp_path, TABLES, engine))
    values = {kpi.column.name: kpi.value for kpi in found.sections[0].kpis}
    assert {name: values[name] for name in FIGURES} == FIGURES
    assert {name: _said(found, name) for name in WANTED} == WANTED


def test_a_filter_holds_for_it_as_well(tmp_path: Path) -> None:
    found = _asked(project_of(tmp_path, TABLES), filters=[{"field": "deal.deal_type", "eq": "renewal"}])
    assert _said(found, "won_amount") == [_told("Won amount", 1, "1 deal", "Amount", "1,200")]


def test_chances_too(tmp_path: Path) -> None:
    project = project_of(tmp_path, TABLES)
    found = figures(project, {"period": "2026-09", "sections": [{"id": "x", "kpis": ["open_weighted_amount"]}]})
    assert found.sections[0].kpis[0].value == pytest.approx(40 * 0.5 + 800 * 0.25)
    assert _said(found, "open_weighted_amount") == [
        _told("Weighted pipeline", 1, "2 deals", name, "200") for name in ("Amount", "Probability")
    ]


def test_nothing_is_told_where_records_have_all(tmp_path: Path) -> None:
    deals = (
        DEALS.replace("new_business,,", "new_business,5,")
        .replace("renewal,,", "renewal,5,")
        .replace("00,,,\n", "00,,2026-09-25,0.3\n")
    )
    deals = deals.replace("10,EUR,2026-05-01 09:00:00,,", "10,EUR,2026-05-01 09:00:00,2026-09-09 09:00:00,")
    found = _asked(project_of(tmp_path, {**TABLES, "deal": deals}))
    assert not [text for text in found.footnotes if "the record has none" in text]
