"""An option that a metric takes changes what it is; where a variant does not read it, it is refused."""

from __future__ import annotations

import re

import pytest

from reportspec.catalogue.library import UnknownMetric
from reportspec.catalogue.load import packaged
from reportspec.model.domain import Metric

CATALOGUE = packaged()
WITH_OPTIONS = [name for name, data in CATALOGUE.metrics.data.items() if data.get("options")]
REFERENCES = [
    (f"{name}{variant}", option)
    for name in WITH_OPTIONS
    for variant in ("", *(f".{one}" for one in CATALOGUE.metrics.variants(name)))
    for option in CATALOGUE.metrics.data[name]["options"]
]
# What hangs on one stretch of days, or on none, is of that alone.
REFUSED = {"campaign_new_customers_count.new_contacts", "campaign_new_customers_count.primary"} | {
    f"{name}.{variant}"
    for name in ("purchases_per_campaign", "campaign_revenue")
    for variant in ("first_touch", "linear", "primary")
}


def written(metric: Metric) -> str:
    """All that a metric counts, down to its aggregates."""
    parts = [metric.numerator, metric.denominator, metric.base]
    parts += re.findall(r"[a-z][a-z0-9_.]*(?:\([^()]*\))?", metric.formula_text) if metric.kind == "derived" else []
    own = [str(tree) for tree in (metric.of, metric.where, metric.time, metric.rate_before)]
    return "; ".join([*own, *(written(CATALOGUE.metrics[part]) for part in parts if part)])


def test_there_are_some() -> None:
    assert len(WITH_OPTIONS) >= 10
    assert {name for name, _ in REFERENCES} >= REFUSED


@pytest.mark.parametrize(("name", "option"), REFERENCES)
def test_an_option_changes_what_is_counted_or_is_refused(name: str, option: str) -> None:
    plain, asked = CATALOGUE.metrics[name], f"{name}({option}=77)"
    if name in REFUSED:
        with pytest.raises(UnknownMetric, match=option):
            CATALOGUE.metrics[asked]
    else:
        other = written(CATALOGUE.metrics[asked])
        assert other != written(plain)
        assert "77" in other
