"""Currencies are converted by the source's rates at the day that a figure is about, or left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.figures.asking import codes, figures, rows

DEALS = """id,amount,cur,created,closed,status
1,100,EUR,2026-05-01 10:00:00,2026-06-10 10:00:00,won
2,100,USD,2026-05-01 10:00:00,2026-06-14 23:59:59,won
3,100,usd ,2026-05-01 10:00:00,2026-06-15 00:00:00,won
4,100,GBP,2026-05-01 10:00:00,2026-06-20 10:00:00,won
5,,USD,2026-05-01 10:00:00,2026-06-20 10:00:00,won
6,100,USD,2026-05-01 10:00:00,,open
7,100,USD,2026-01-01 10:00:00,2026-01-02 10:00:00,won
"""
RATES = [
    {"day": "2026-02-01", "from_currency": "USD", "to_currency": "EUR", "rate": 0.9},
    {"day": "2026-06-15", "from_currency": "USD", "to_currency": "EUR", "rate": 0.8},
    {"day": "2026-07-01", "from_currency": "USD", "to_currency": "EUR", "rate": 0.5},
]


def project(folder: Path, rates: list[dict[str, Any]] | None, currency: str | None = "EUR") -> Path:
    (folder / "deals.csv").write_text(DEALS, encoding="utf-8")
    text = (
        "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: m.yaml\ntimezone: Europe/Rome\n"
    )
    text += "source_timezone: Europe/Rome\n"
    (folder / "reportspec.yaml").write_text(
        text + (f"currency: {currency}\n" if currency else ""), encoding="utf-8"
    )
    entities: dict[str, Any] = {
        "deal": {
            "table": "deals",
            "key": "id",
            "fields": {"amount": "amount", "currency": "cur", "created_at": "created", "closed_at": "closed",
                       "status": "status", "account_id": "'A' || id", "owner_id": "'x'", "source": "'s'"},
        }
    }  # fmt: skip
    if rates is not None:
        entities["fx_rate"] = {"rows": rates}
    (folder / "m.yaml").write_text(yaml.safe_dump({"entities": entities}), encoding="utf-8")
    return folder


SPEC = {"report": "custom", "period": "2026-06", "metrics": ["won_amount", "open_amount"]}


def test_each_amount_has_the_rate_of_its_day(tmp_path: Path) -> None:
    found = figures(project(tmp_path, RATES), SPEC)
    [row] = rows(found, "headline")
    # 100 EUR, 100 USD the day before the rate changes, 100 USD on the day; pounds have no rate.
    assert row["won_amount"] == pytest.approx(100 + 90 + 80)
    # The open deal as of the end of June, before July's rate.
    assert row["open_amount"] == pytest.approx(80)
    assert any("1 deal in another currency than EUR" in text for text in found.footnotes)
    assert any("1 deal without an amount" in text for text in found.footnotes)


def test_the_opposite_rate_serves_too(tmp_path: Path) -> None:
    opposite = [{"day": "2026-02-01", "from_currency": "EUR", "to_currency": "USD", "rate": 1.25}]
    [row] = rows(figures(project(tmp_path, opposite), SPEC), "headline")
    assert row["won_amount"] == pytest.approx(100 + 80 + 80)


def test_before_the_first_rate_there_is_none(tmp_path: Path) -> None:
    found = figures(project(tmp_path, RATES), {**SPEC, "period": "2026-01"})
    assert rows(found, "headline")[0]["won_amount"] == 0
    assert any("in another currency" in text for text in found.footnotes)


def test_without_rates_other_currencies_stay_out(tmp_path: Path) -> None:
    found = figures(project(tmp_path, None), SPEC)
    assert rows(found, "headline")[0]["won_amount"] == 100
    assert any("3 deals in another currency than EUR" in text for text in found.footnotes)


def test_the_report_may_be_in_dollars(tmp_path: Path) -> None:
    found = figures(project(tmp_path, RATES, "USD"), SPEC)
    assert rows(found, "headline")[0]["won_amount"] == pytest.approx(100 + 100 + 100 / 0.9)


@pytest.mark.parametrize("metric", ["won_amount", "purchases_amount", "customer_lifetime_value"])
def test_without_a_currency_nothing_is_added(metric: str, tmp_path: Path) -> None:
    folder = project(tmp_path, RATES, None)
    assert "no-currency" in codes(folder, {**SPEC, "metrics": [metric]})


def test_purchases_are_converted_on_the_way(tmp_path: Path) -> None:
    spec = {**SPEC, "metrics": ["purchases_amount", "customer_revenue_amount"]}
    [row] = rows(figures(project(tmp_path, RATES), spec), "headline")
    assert row["purchases_amount"] == pytest.approx(270)
    assert row["customer_revenue_amount"] == pytest.approx(270)  # January's has no rate
