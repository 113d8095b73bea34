"""What people call metrics elsewhere is answered with what they are called here."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from reportspec.api import validate
from reportspec.catalogue.load import packaged


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("win_rate", "close_rate"),
        ("Win-Rate", "close_rate"),
        ("average_deal_size", "avg_won_amount"),
        ("pipeline", "open_amount"),
        ("cac", "customer_acquisition_cost"),
        ("revenue", "purchases_amount"),  # which is labelled so
        ("Total Revenue", "purchases_amount"),
        ("Forecast", "forecast_amount"),
        ("lead_count", "leads_created_count"),
        ("leads", "leads_created_count"),
        ("number_of_deals", "deals_count"),
        ("deal_count", "deals_count"),
        ("deal_amount", "deals_amount"),
        ("won_deal_count", "won_deals_count"),
        ("new_customer_count", "new_customers_count"),
        ("customer_count", "customers_count"),
        ("case_count", "cases_handled_count"),
        ("activity_count", "activities_done_count"),
        ("purchase_count", "purchases_count"),
        ("campaign_cost", "campaign_cost_amount"),
        ("average_resolution_time", "avg_resolution_time"),
        ("lead_response", "lead_response_time"),
        ("churn", "churn_rate"),
        ("clv", "customer_lifetime_value"),
        ("roi", "campaign_roi"),
        ("sla", "sla_compliance_rate"),
        ("aht", "avg_handle_time"),
        ("quota", ""),
        ("won_amuont", "won_amount"),
    ],
)
def test_metrics(word: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\n", "utf-8")
    (tmp_path / "s.yaml").write_text(f"version: 1\nreport: custom\nperiod: 2026-10\nmetrics: ['{word}']\n", "utf-8")
    [told] = validate(tmp_path / "s.yaml")
    help = f"did you mean `{name}`?" if name else "`reportspec catalog metrics` lists them"
    assert (told.code, told.help) == ("unknown-metric", help)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("previous_quarter", "previous_period"),
        ("previous_month", "previous_period"),
        ("prior_week", "previous_period"),
        ("last_period", "previous_period"),
        ("prior_year", "previous_year"),
        ("previous_yaer", "previous_year"),
    ],
)
def test_comparisons(word: str, meant: str, tmp_path: Path) -> None:
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\n", "utf-8")
    spec = f"version: 1\nreport: custom\nperiod: 2026-Q3\ncompare: {word}\nmetrics: [won_amount]\n"
    (tmp_path / "s.yaml").write_text(spec, "utf-8")
    [told] = validate(tmp_path / "s.yaml")
    assert told.help == f"did you mean `{meant}`?"


def test_a_word_means_one_metric_and_is_none_itself() -> None:
    metrics = packaged().metrics
    words = Counter(word for name in metrics for word in metrics[name].also)
    assert not [word for word, times in words.items() if times > 1]
    assert not set(words) & set(metrics)
