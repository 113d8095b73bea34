"""Where no cost is booked, what is made of one has no figure: 0 would say that leads cost nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.catalogue.load import packaged
from reportspec.measures.arithmetic import metric_value
from reportspec.model.column_ids import Aggregated, ColumnId
from reportspec.model.figures import Figures
from reportspec.resolve.binding import metrics_needed, parts
from tests.figures.asking import figures, rows, total
from tests.figures.from_tables import project_of

# Spring's campaign was launched and paid in the quarter before the one reported, the summer's in it; the free one cost
# nothing. All three bring leads in the third quarter, spring's two.
TABLES = {
    "campaign": """campaign_id,name,status,started_at,actual_cost
K0,Winter,sent,2026-01-08,100
K1,Spring,sent,2026-05-04,900
K2,Summer,sent,2026-07-06,600
K3,Free,sent,2026-07-07,0
""",
    "lead": """lead_id,campaign_id,status,created_at
L0,K0,new,2026-01-09
L1,K1,new,2026-07-01
L2,K1,new,2026-08-02
L3,K2,new,2026-07-10
L4,K3,new,2026-09-03
L5,K1,new,2026-05-20
""",
    "service_cost": """month,amount
2026-07-01,310
2026-08-01,
""",
}
NOW = datetime(2026, 11, 1, tzinfo=UTC)
OWN = [
    {"metric": "cost_and_more", "kind": "derived", "formula": "campaign_cost_amount + service_cost_amount", "unit": "currency"},
    {"metric": "each_cost", "kind": "ratio", "numerator": "cost_and_more", "denominator": "leads_created_count", "unit": "currency"},
    {"metric": "each_service", "kind": "ratio", "numerator": "service_cost_amount", "denominator": "leads_created_count", "unit": "currency"},
    {"metric": "leads_less_cost", "kind": "derived", "formula": "10 * leads_created_count - campaign_cost_amount"},
]  # fmt: skip
WANTED = ["leads_created_count", "campaign_cost_amount", "cost_per_lead", "leads_less_cost"]


def asked(folder: Path, engine: str, **more: Any) -> Figures:
    project_of(folder, TABLES, engine)
    (folder / "metrics").mkdir()
    (folder / "metrics" / "own.yaml").write_text(yaml.safe_dump({"metrics": OWN}), encoding="utf-8")
    return figures(folder, {"report": "custom", **more}, NOW)


def notes(found: Figures, section: str, metric: str) -> list[str]:
    [one] = [s for s in found.sections if s.id == section]
    [column] = [c for c in one.columns if c.name == metric]
    return [found.footnotes[at - 1] for at in column.footnotes]


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_by_campaign(engine: str, tmp_path: Path) -> None:
    section = {"id": "b", "breakdown": {"metrics": WANTED, "by": ["campaign.name"]}}
    found = asked(tmp_path, engine, period="2026-Q3", compare="previous_period", sections=[section])
    cells = {row["campaign.name"]: [row[name] for name in WANTED] for row in rows(found, "b")}
    # Spring's 900 were spent before; what the free one cost is known to be nothing.
    assert cells == {"Spring": [2, 0, None, None], "Summer": [1, 600, 600, -590], "Free": [1, 0, 0, 10]}
    assert {row["campaign.name"]: row["cost_per_lead__previous"] for row in rows(found, "b")} == {
        "Spring": 900,
        "Summer": None,
        "Free": None,
    }
    # The quarter's cost over all of its leads.
    assert [total(found, "b")[name] for name in WANTED] == [4, 600, 150, -560]
    assert any("Campaign cost" in one and "no figure where" in one for one in notes(found, "b", "cost_per_lead"))
    assert not any("booked" in one for one in notes(found, "b", "campaign_cost_amount"))


def test_by_month_and_alone(tmp_path: Path) -> None:
    """August and September have leads and no campaign that was launched in them."""
    found = asked(
        tmp_path,
        "duckdb",
        period="2026-Q3",
        sections=[
            {"id": "t", "trend": {"metrics": ["cost_per_lead", "each_service"], "grain": "month"}},
            {"id": "k", "kpis": ["cost_per_lead", "each_cost"]},
        ],
    )
    assert [[row["cost_per_lead"], row["each_service"]] for row in rows(found, "t")] == [
        [300, 155],
        [None, None],
        [None, None],
    ]
    assert rows(found, "k") == [{"cost_per_lead": 150, "each_cost": (600 + 310) / 4}]


def test_a_period_without_any(tmp_path: Path) -> None:
    found = asked(
        tmp_path, "duckdb", period="2026-08", sections=[{"id": "k", "kpis": ["cost_per_lead", "campaign_cost_amount"]}]
    )
    assert rows(found, "k") == [{"cost_per_lead": None, "campaign_cost_amount": 0}]
    assert any("nothing of “Campaign cost” is booked" in one for one in notes(found, "k", "cost_per_lead"))


CATALOGUE = packaged()
NAMES = [
    *CATALOGUE.metrics,
    *(f"{name}.{variant}" for name in CATALOGUE.metrics for variant in CATALOGUE.metrics.variants(name)),
]


def test_no_metric_takes_a_cost_that_nobody_booked_for_nothing() -> None:
    """Of all metrics of the catalogue that are made of a cost: with all else counted and the cost not there, none has a
    figure. Costs themselves are sums of what is booked, and 0."""
    made = {name: CATALOGUE.metrics[name] for name in NAMES}
    of_costs = {name for name, one in made.items() if one.aggregate == "sum" and one.entity != "purchase_line" and "cost" in name}  # fmt: skip
    assert {name for name, one in made.items() if one.booked} == of_costs
    seen = set()
    for name, metric in made.items():
        needed = metrics_needed(CATALOGUE, metric)
        if not any(part.booked for part in needed):
            continue
        row: dict[ColumnId, Any] = {}
        for part in needed:
            if not part.booked:
                row |= {Aggregated(part.id, one): 7 for one in ("value", "n", "sum")}
        said = metric_value(CATALOGUE, metric, row, "current", row)
        assert said is None if parts(metric) else said == 0, name
        seen.add(name)
    assert {"cost_per_lead", "customer_acquisition_cost", "service_cost_per_interaction", "campaign_roi"} <= seen
