"""Small lines show no step that is cut, titles call no rise what chance moves, a lead hides no part that is larger, and
what a figure leaves out is told by the field that lacks."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from reportspec.render.headlines import heading, lead
from reportspec.render.locale import formats_for
from tests.figures.asking import figures
from tests.figures.from_tables import project_of

HEAD = "deal_id,name,status,amount,currency,source,deal_type,account_id,created_at,closed_at"
Deal = tuple[str, int, date, int]  # source, amount, closed, days


def deals(*rows: Deal) -> str:
    lines = [
        f"D{n},x,won,{amount},EUR,{source},new_business,A1,{closed - timedelta(days=days)} 10:00,{closed} 10:00"
        for n, (source, amount, closed, days) in enumerate(rows)
    ]
    return "\n".join([HEAD, *lines]) + "\n"


def test_a_line_of_what_comes_has_whole_steps_only(tmp_path: Path) -> None:
    # One deal each day: 7 in each whole week, fewer in the weeks of 1 July (Wednesday) and 30 September.
    project_of(tmp_path, {"deal": deals(*(("Web", 10, date(2026, 7, 1) + timedelta(days=n), 5) for n in range(92)))})
    made = figures(tmp_path, {"report": "custom", "period": "2026-Q3", "metrics": ["won_deals_count"]})
    (tile,) = made.sections[0].kpis
    assert tile.step == "week"
    assert tile.spark == (7.0,) * 12


@pytest.mark.parametrize(("days", "rises"), [(101, False), (130, True)])
def test_a_mean_that_hardly_changed_is_no_rise(days: int, rises: bool, tmp_path: Path) -> None:
    before = [("Web", 10, date(2026, 5, 1 + n), 100) for n in range(12)]
    after = [("Web", 10, date(2026, 8, 1 + n), days) for n in range(12)]
    project_of(tmp_path, {"deal": deals(*before, *after)})
    made = figures(tmp_path, {"report": "sales_cycle", "period": "2026-Q3", "compare": "previous_period"})
    assert ("rose 30.0%" in heading(made, formats_for(made)).replace("\N{NO-BREAK SPACE}", " ")) == rises
    assert rises == ("rose" in heading(made, formats_for(made)))


def test_a_lead_names_rows_without_a_name_where_they_moved_most(tmp_path: Path) -> None:
    # New revenue 12 x 100 and 12 x 100 before; then 12 x 900 without a source and 12 x 110 by Web.
    before = [(source, 100, date(2026, 5, 1 + n), 9) for n in range(12) for source in ("", "Web")]
    after = [(source, 110 if source else 900, date(2026, 8, 1 + n), 9) for n in range(12) for source in ("", "Web")]
    first = ("Web", 100, date(2026, 1, 20), 9)  # the source has the whole of the period before
    project_of(tmp_path, {"deal": deals(first, *before, *after)})
    made = figures(
        tmp_path, {"report": "pipeline", "period": "2026-Q3", "compare": "previous_period", "currency": "EUR"}
    )
    said = lead(made, formats_for(made)).replace("\N{NO-BREAK SPACE}", " ")
    assert "largest rise without a name" in said  # 9,600, beside 120 of Web
    assert "Web" not in said


def test_a_margin_names_what_lacks_and_adds_up(tmp_path: Path) -> None:
    lines = "deal_id,product_id,quantity,amount,currency\nD0,P1,2,100,EUR\nD1,P2,1,900,EUR\n"
    products = "product_id,name,family,unit_cost\nP1,Saw,Tools,30\nP2,Axe,Tools,\n"
    sold = deals(*(("Web", 1000, date(2026, 8, 1 + n), 9) for n in range(2)))
    accounts = "account_id,name\nA1,Acme\n"
    project_of(tmp_path, {"deal": sold, "deal_product": lines, "product": products, "account": accounts})
    made = figures(tmp_path, {"report": "profitability", "period": "2026-Q3", "currency": "EUR"})
    (section,) = (one for one in made.sections if one.id == "margin")
    total = dict(zip([column.name for column in section.columns], section.total or (), strict=True))
    # Of P1 alone both are known: 100 for 2 x 30.
    assert (total["product_revenue_amount.with_cost"], total["product_cost_amount"]) == (100, 60)
    assert total["product_margin_amount"] == 40
    told = [text for text in made.footnotes if "Margin: 1" in text]
    assert told == ["Margin: 1 purchased product left out, for want of one of these: Quantity, Unit cost."]
