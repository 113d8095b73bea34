"""Amounts whose currency is not said, or from which no rate leads, are counted on every database."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engines.servers import Given, engine
from tests.figures.asking import figures

# In euros 100, 80, 60; in dollars 10 and 20 (a rate of 0.5); in pounds 7 and 8; in nothing 1, 2, 3; no amount.
AMOUNTS = [
    (100, "EUR"),
    (80, "eur"),
    (60, " EUR"),
    (10, "USD"),
    (20, "usd "),
    (7, "GBP"),
    (8, "gbp"),
    (1, None),
    (2, ""),
    (3, "  "),
    (None, "GBP"),
    (None, None),
]
MADE, WON = datetime(2026, 1, 5), datetime(2026, 3, 10)
DEALS = Given(
    "deal",
    (
        ("id", "VARCHAR"),
        ("amount", "DECIMAL(14,2)"),
        ("cur", "VARCHAR"),
        ("made", "TIMESTAMP"),
        ("closed", "TIMESTAMP"),
    ),
    [(str(at), amount, code, MADE, WON) for at, (amount, code) in enumerate(AMOUNTS)],
)
RATES = Given(
    "rate",
    (("day", "DATE"), ("source", "VARCHAR"), ("target", "VARCHAR"), ("worth", "DECIMAL(14,2)")),
    [(date(2026, 1, 1), "USD", "EUR", 0.5), (date(2026, 2, 1), "USD", "EUR", 0.5)],
)


@pytest.mark.parametrize(
    "kind",
    ["sqlite", pytest.param("postgres", marks=pytest.mark.slow), pytest.param("mariadb", marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("rated", [True, False])
def test_currencies(rated: bool, kind: str, tmp_path: Path) -> None:
    with engine(kind, [DEALS, RATES], tmp_path) as found:
        entities: dict[str, Any] = {
            "deal": {
                "table": f'{found.prefix}"deal"',
                "key": "id",
                "fields": {
                    "amount": "amount",
                    "currency": "cur",
                    "created_at": "made",
                    "closed_at": "closed",
                    "status": "'won'",
                },
            },
        }
        if rated:
            entities["fx_rate"] = {
                "table": f'{found.prefix}"rate"',
                "fields": {"day": "day", "from_currency": "source", "to_currency": "target", "rate": "worth"},
            }
        mapping = {"timezone": "UTC", "dialect": "duckdb", "entities": entities}
        (tmp_path / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
        about = {"version": 1, "source": found.url, "mapping": "m.yaml", "timezone": "UTC", "currency": "EUR"}
        (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
        made = figures(tmp_path, {"report": "custom", "period": "2026-03", "metrics": ["won_amount"]})
    assert made.sections[0].kpis[0].value == 240 + (15 if rated else 0)
    told = {one.code: one for one in made.warnings}
    assert "has 3 rows with an amount and without a currency" in told["no-currency"].message
    assert f"has {2 if rated else 4} rows of 12 whose amounts" in told["no-rate"].message
    assert "`GBP` (2 rows)" in told["no-rate"].notes[0]
    assert ("`USD` (2 rows)" in told["no-rate"].notes[0]) is not rated
