"""Specs that nobody thought of give on every engine what they give on DuckDB."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from reportspec.catalogue.load import packaged
from tests.conftest import Draw
from tests.engines.test_same_figures import OPERATORS, compare
from tests.figures.asking import codes

PERIODS = (
    "2025",
    "2026-Q1",
    "2026-Q3",
    "2026-03",
    "2026-10",
    "2026-W14",
    "2026-03-29",
    "last_30_days",
)
GROUPS = (
    "deal.owner.name",
    "user.team",
    "account.industry",
    "lead.source",
    "deal.loss_reason",
    "stage.name",
    "account.customer.segment.name",
)
METRICS = sorted(packaged().metrics)
FIELDS = {
    "deal": ("deal.name", "deal.amount", "deal.created_at", "deal.closed_at", "deal.account.name"),
    "lead": ("lead.created_at", "lead.source", "lead.owner.name"),
    "case_": ("case_.opened_at", "case_.owner.name"),
}


def section(random: Random, name: str, metrics: list[str]) -> dict[str, Any]:
    """A section of any kind; not all are valid."""
    some = random.sample(metrics, random.randint(1, 3))
    entity = random.choice(sorted(FIELDS))
    fields = random.sample(FIELDS[entity], 2)
    steps = random.sample(["leads_created_count", "deals_created_count", "won_deals_count"], 2)
    trend = {"metrics": some[:1], "grain": random.choice(("day", "week", "month", "quarter"))}
    bodies: list[dict[str, Any]] = [
        {"kpis": some},
        {"breakdown": {"metrics": some, "by": [random.choice(GROUPS)]}},
        {"trend": trend},
        {"trend": {**trend, "by": random.choice(GROUPS)}},
        {"funnel": {"steps": steps}},
        {"records": {"entity": entity, "fields": fields, "sort": random.choice(("", "-")) + fields[0], "limit": 20}},
        {"kpis": some, "goals": {some[0]: random.randint(1, 1000)}},
    ]
    found = {"id": name, **random.choice(bodies)}
    if random.random() < 0.5:
        found["filters"] = [random.choice(list(OPERATORS.values()))]
    return found


def spec(random: Random, folder: Path, metrics: list[str] = METRICS) -> dict[str, Any]:
    """A valid spec with two sections."""
    while True:
        found = {
            "report": "custom",
            "period": random.choice(PERIODS),
            "sections": [section(random, "a", metrics), section(random, "b", metrics)],
        }
        if random.random() < 0.6:
            found["compare"] = random.choice(("previous_period", "previous_year"))
        if not codes(folder, found):
            return found


@pytest.mark.by_day("spark", engine_name=())  # by day the same is drawn each time
def test_random_specs(engine_name: str, project: Path, reference: Path, draw: Draw) -> None:
    random = Random(draw.seed)
    for _ in range(draw.rounds(2, 60)):
        one = spec(random, reference)
        print(one)
        compare(project, reference, one)
