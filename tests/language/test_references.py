"""A metric's variants and options, by reference."""

from __future__ import annotations

import pytest

from reportspec.catalogue.library import Library, UnknownMetric, reference
from reportspec.catalogue.load import documents, packaged

METRICS = packaged().metrics


def test_a_reference_has_one_normal_form() -> None:
    assert METRICS["renewal_rate( grace_days = 45 )"].id == "renewal_rate(grace_days=45)"
    assert METRICS["renewal_rate.by_value(grace_days=45.0)"].id == "renewal_rate.by_value(grace_days=45)"
    assert reference("close_rate.by_value").variants == ("by_value",)


def test_options_are_handed_on() -> None:
    metric = METRICS["renewal_rate(grace_days=45)"]
    assert metric.numerator == "contracts_renewed_count(grace_days=45)"
    assert "45" in METRICS[metric.numerator].where.sql()  # type: ignore[union-attr]
    assert METRICS["renewal_rate"].numerator == "contracts_renewed_count"
    assert "30" in METRICS["contracts_renewed_count"].where.sql()  # type: ignore[union-attr]


def test_every_mean_has_statistics() -> None:
    median = METRICS["avg_resolution_time.first.median"]
    assert (median.aggregate, median.percentile) == ("median", 0.5)
    assert (median.label.get("en"), median.label.get("it"), median.label.get("de")) == (
        "Time to the first resolution (median)",
        "Tempo alla prima risoluzione (mediana)",
        "Zeit bis zur ersten Lösung (Median)",
    )
    assert METRICS["sales_cycle_days.n"].unit == "count"


def test_a_stock_variant_has_no_time() -> None:
    assert METRICS["prospects_count"].time is not None
    assert METRICS["prospects_count.stock"].time is None


@pytest.mark.parametrize(
    ("text", "what", "part"),
    [
        ("close_rat", "metric", "close_rat"),
        ("close_rate.by_valeu", "variant", "by_valeu"),
        ("won_deals_count.median", "variant", "median"),
        ("renewal_rate(days=3)", "option", "days"),
        ("renewal_rate(grace_days=x)", "number", "grace_days=x"),
        ("close_rate(", "metric", "close_rate("),
        ("Close Rate", "metric", "Close Rate"),
        ("", "metric", ""),
    ],
)
def test_what_is_wrong_is_named(text: str, what: str, part: str) -> None:
    with pytest.raises(UnknownMetric) as wrong:
        METRICS[text]
    assert (wrong.value.what, wrong.value.part) == (what, part)


def test_a_metric_read_by_itself_is_that_of_its_file() -> None:
    """Of a file only the entries that are asked for are read."""
    in_files = {spec["metric"]: spec for _, data in documents("metrics") for spec in data["metrics"]}
    metrics = packaged().metrics
    assert isinstance(metrics, Library)
    assert {name: metrics.data[name] for name in metrics} == in_files
