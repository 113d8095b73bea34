"""An amount of money that names no unit is in the report's currency; what is no amount is a number as before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.figures.asking import figures
from tests.figures.from_tables import project_of

DEALS = "deal_id,name,status,amount,currency,created_at,closed_at\n1,a,won,10,EUR,2026-07-01,2026-07-03\n"
AMOUNTS = (
    *("deal.amount", "(deal.amount)", "-deal.amount", "deal.amount * 0.5", "2 * deal.amount", "deal.amount / 2"),
    *("deal.amount - 1", "coalesce(deal.amount, 0)", "case when deal.status = 'won' then deal.amount else 0 end"),
    "deal.record.amount",
)
NUMBERS = ("deal.amount / deal.amount", "days_between(deal.created_at, deal.closed_at)", "deal.amount * deal.amount")


@pytest.mark.parametrize("aggregate", ["sum", "average", "min", "max", "median"])
def test_money_has_its_currency(aggregate: str, tmp_path: Path) -> None:
    project_of(tmp_path, {"deal": DEALS})
    entries = [
        f"  - {{metric: own_{at}, kind: aggregate, label: {{en: Own {at}}}, entity: deal, aggregate: {aggregate},"
        f' of: "{of}", time: deal.closed_at{unit}}}\n'
        for at, (of, unit) in enumerate(
            [*((of, "") for of in (*AMOUNTS, *NUMBERS)), *((of, ", unit: ratio") for of in AMOUNTS[:1])]
        )
    ]
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "own.yaml").write_text("metrics:\n" + "".join(entries), encoding="utf-8")
    names = [f"own_{at}" for at in range(len(entries))]
    found = figures(tmp_path, {"period": "2026-Q3", "sections": [{"id": "x", "kpis": names}]})
    units = [kpi.column.unit for section in found.sections for kpi in section.kpis]
    assert units == ["currency"] * len(AMOUNTS) + ["count"] * len(NUMBERS) + ["ratio"]
    assert {kpi.column.currency for section in found.sections for kpi in section.kpis[: len(AMOUNTS)]} == {"EUR"}
