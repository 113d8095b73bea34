"""The page of the catalogue is what the catalogue is."""

from __future__ import annotations

from pathlib import Path

from reportspec.catalogue.load import packaged
from reportspec.check.mapping import shipped
from reportspec.reference.catalogue_page import catalogue_page
from tests.golden import Golden


def test_the_page_is_up_to_date(checkout: Path, golden: Golden) -> None:
    golden.text(catalogue_page(), checkout / "docs" / "catalogue.md")


def test_all_35_metrics_and_9_report_types_are_there() -> None:
    numbers = sorted(metric.number for metric in packaged().metrics.values() if metric.number)
    assert numbers == list(range(1, 36))
    assert sorted(packaged().reports) == [
        "conversions",
        "data_quality",
        "leads",
        "lost_deals",
        "pipeline",
        "profitability",
        "sales_activity",
        "sales_cycle",
        "sales_forecast",
    ]
    assert shipped() == ("activecampaign", "hubspot", "pipedrive", "salesforce", "zendesk", "zoho")


def test_everything_has_an_english_and_an_italian_name() -> None:
    metrics = packaged().metrics
    names = [v for m in metrics for v in (m, *(f"{m}.{each}" for each in metrics.variants(m)))]
    for name in names:
        metric = metrics[name]
        assert metric.label.get("en"), name
        assert metric.label.get("it"), name
        assert metric.description.get("en"), name
        assert metric.description.get("it"), name
