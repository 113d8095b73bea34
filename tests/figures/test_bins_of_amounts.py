"""What stands in a bin of amounts lies within its bounds, and what passes a condition on amounts fulfils it, whichever day's
rate a metric converts by."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp

from reportspec.catalogue.load import packaged
from tests.figures.asking import codes, figures, rows
from tests.figures.from_tables import project_of

NOW = datetime(2026, 9, 20, 12, tzinfo=UTC)
# One deal of 100,000 JPY: 600 EUR when its lead came and when it was created, 1,400 when it was won, 800 on the day on
# which it was to close if it is still open, 1,200 on the report's date.
TABLES = {
    "stage": "stage_id,name,position,probability,is_won,is_lost\ns,First,1,0.5,false,false\n",
    "account": "account_id,name\nc,Acme\n",
    "lead": "lead_id,created_at,status,converted_deal_id\nl,2026-07-02 09:00:00,converted,a\n",
    "fx_rate": "rate_id,day,from_currency,to_currency,rate\n"
    "1,2026-01-01,JPY,EUR,0.006\n2,2026-08-01,JPY,EUR,0.014\n3,2026-08-15,JPY,EUR,0.008\n4,2026-09-01,JPY,EUR,0.012\n",
}
DEAL = (
    "deal_id,lead_id,account_id,stage_id,status,amount,currency,created_at,closed_at,expected_close_date\na,l,c,s,{}\n"
)
BY_STATUS = {
    "won": DEAL.format("won,100000,JPY,2026-07-02 09:00:00,2026-08-05 09:00:00,2026-08-20"),
    "open": DEAL.format("open,100000,JPY,2026-07-02 09:00:00,,2026-08-20"),
}
# What the amount is worth, by the rates above and the definitions: of what is open on the report's date.
WORTH = {
    "won": {"won_amount": 1400, "lead_purchase_amount": 1400},
    "open": {"open_amount": 1200, "forecast_open_amount": 1200},
}


def spec(**section: Any) -> dict[str, Any]:
    return {"period": "2026-Q3", "sections": [{"id": "x", **section}]}


def plain_amounts(folder: Path, by: list[Any]) -> list[str]:
    """The metrics that add up amounts as they are and can be told apart by those of deals."""
    known = packaged().metrics.values()
    plain = [
        one.id
        for one in known
        if one.kind == "aggregate" and one.unit == "currency" and isinstance(one.of, (exp.Column, exp.Dot))
    ]
    return [name for name in plain if not codes(folder, spec(breakdown={"metrics": [name], "by": by}))]


@pytest.mark.parametrize("status", BY_STATUS)
def test_what_stands_in_a_bin_lies_within_its_bounds(status: str, tmp_path: Path) -> None:
    folder = project_of(tmp_path, {**TABLES, "deal": BY_STATUS[status]})
    edges = [700, 1000, 1300]
    by = [{"field": "deal.amount", "bins": edges}]
    names = plain_amounts(folder, by)
    assert set(WORTH[status]) <= set(names)
    found = rows(figures(folder, spec(breakdown={"metrics": names, "by": by}), NOW), "x")
    within = {
        "under €700": (1, 700),
        "€700 to under €1,000": (700, 1000),
        "€1,000 to under €1,300": (1000, 1300),
    }
    counted = set()
    for row in found:
        least, most = within.get(str(row["deal.amount"]), (1300, 10000))
        for name in names:
            if row[name]:
                assert least <= row[name] < most, (name, row)
                assert name not in counted, f"{name}: one deal in two bins"
                counted.add(name)
                assert row[name] == pytest.approx(WORTH[status].get(name, row[name]))
    assert set(WORTH[status]) <= counted


@pytest.mark.parametrize("status", BY_STATUS)
def test_a_condition_lets_pass_what_fulfils_it(status: str, tmp_path: Path) -> None:
    folder = project_of(tmp_path, {**TABLES, "deal": BY_STATUS[status]})
    for name, worth in WORTH[status].items():
        bound = {"gte": worth - 1, "lt": worth + 1}
        for sign, value in bound.items():
            whole = {**spec(kpis=[name]), "filters": [{"field": "deal.amount", sign: value}]}
            assert figures(folder, whole, NOW).sections[0].kpis[0].value == worth, (name, sign)
