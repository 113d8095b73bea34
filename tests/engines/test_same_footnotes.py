"""Footnotes, and the counts that they and means rest on, are the same on every engine, of whichever types numbers are: a
row's amount may be a decimal, a float or a whole number, and its probability another one.

Slow: servers are started."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engines.servers import Given
from tests.engines.shapes import EVERYWHERE, landed
from tests.figures.asking import figures, rows

pytestmark = pytest.mark.slow
NUMBERS = ("DECIMAL(14,2)", "DOUBLE", "BIGINT")
KINDS = list(product(NUMBERS, NUMBERS[:2]))
MADE = "2026-05-01 10:00:00"
# Of a stage with a probability and of one without; a currency without a rate, and none.
DEALS: list[tuple[Any, ...]] = [
    (1, 100, "EUR", "s", "open", MADE, None),
    (2, None, "EUR", "s", "open", MADE, None),
    (3, 100, "XTS", "s", "open", MADE, None),
    (4, 100, None, "s", "open", MADE, None),
    (5, 300, "EUR", "t", "open", MADE, None),
    (6, 50, "EUR", "s", "won", MADE, "2026-06-10 10:00:00"),
]
OWN = {
    "mean_weighted": ("average", "deal.amount * coalesce(deal.probability, deal.stage.probability)"),
    "different_chances": ("count_distinct", "coalesce(deal.probability, deal.stage.probability)"),
    "known_chances": ("count", "coalesce(deal.probability, deal.stage.probability)"),
}
RIGHT = {
    "deals_amount": 100 + 300 + 50,
    "open_weighted_amount": 50,  # 100 at 50 %
    "mean_weighted": 50,  # of one deal
    "different_chances": 1,
    "known_chances": 4,  # all open ones but the fifth
}
TOLD = [
    "Deal amount: 1 deal without an amount left out.",
    "Deal amount: 2 deals without a currency, or in another than EUR without a rate, left out.",
    "Weighted pipeline: 1 deal without an amount left out.",
    "Weighted pipeline: 2 deals without a currency, or in another than EUR without a rate, left out.",
]


@pytest.mark.parametrize("engine", EVERYWHERE)
def test_what_is_left_out_is_told_on_every_engine(engine: str, tmp_path: Path) -> None:
    tables = []
    for place, (amount, chance) in enumerate(KINDS):
        deal = (("id", "BIGINT"), ("amount", amount), ("currency", "VARCHAR"), ("stage", "VARCHAR"),
                ("status", "VARCHAR"), ("made", "TIMESTAMP"), ("closed", "TIMESTAMP"))  # fmt: skip
        stage = (("id", "VARCHAR"), ("name", "VARCHAR"), ("chance", chance))
        tables += [
            Given(f"deals{place}", deal, DEALS),
            Given(f"stages{place}", stage, [("s", "Some", 0.5), ("t", "Told", None)]),
        ]
    own = [
        {"metric": name, "kind": "aggregate", "label": name.replace("_", " ").capitalize(), "entity": "deal",
         "aggregate": how, "of": of, "where": "deal.status = 'open'", "unit": "currency" if how == "average" else "count",
         "stock": True}
        for name, (how, of) in OWN.items()
    ]  # fmt: skip
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "own.yaml").write_text(yaml.safe_dump({"metrics": own}), encoding="utf-8")
    with landed(engine, tables, lambda *_: None, tmp_path / "db") as found:
        for place, kinds in enumerate(KINDS):
            fields = {"amount": "amount", "currency": "currency", "stage_id": "stage", "status": "status",
                      "created_at": "made", "closed_at": "closed"}  # fmt: skip
            entities = {
                "deal": {"table": f"{found.prefix}deals{place}", "key": "id", "fields": fields},
                "stage": {
                    "table": f"{found.prefix}stages{place}",
                    "key": "id",
                    "fields": {"name": "name", "probability": "chance"},
                },
            }
            (tmp_path / "m.yaml").write_text(
                yaml.safe_dump({"timezone": "UTC", "entities": entities}), encoding="utf-8"
            )
            about = {"version": 1, "source": found.url, "mapping": "m.yaml", "timezone": "UTC", "currency": "EUR"}
            (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
            made = figures(
                tmp_path, {"report": "custom", "period": "2026-Q2", "sections": [{"id": "k", "kpis": list(RIGHT)}]}
            )
            [row] = rows(made, "k")
            assert {name: float(row[name]) for name in RIGHT} == RIGHT, kinds
            assert [note for note in made.footnotes if "left out" in note and "Mean" not in note][:4] == TOLD, kinds
