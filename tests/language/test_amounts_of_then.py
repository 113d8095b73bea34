"""Amounts that a history may have changed since say whose they are: of then, or of today."""

from __future__ import annotations

import pytest

from reportspec.catalogue.load import packaged
from reportspec.expression.sandbox import column_nodes, path_of

METRICS = packaged().metrics
REFERENCES = [ref for name in METRICS for ref in (name, *(f"{name}.{one}" for one in METRICS.variants(name)))]
LANGUAGES = {
    "en": "of then where the history has them",
    "it": "quelli di allora dove la storia li ha",
    "de": "von damals, wo die Historie sie hat",
    "fr": "ceux d’alors",
    "es": "los de entonces donde el historial los tiene",
}


def _of_then(reference: str) -> bool:
    """Whether a metric adds up amounts of deals that may be open, as their history has them."""
    metric = METRICS[reference]
    if metric.kind != "aggregate" or metric.aggregate != "sum" or metric.of is None:
        return False
    paths = {path_of(node) for node in column_nodes(metric.of)}
    closed = metric.where is not None and any(word in metric.where.sql() for word in ("'won'", "'lost'"))
    return bool(paths & {("deal", "amount"), ("deal_snapshot", "amount")}) and not closed


@pytest.mark.parametrize("reference", [one for one in REFERENCES if _of_then(one)])
def test_amounts_of_deals_that_may_be_open_say_of_when_they_are(reference: str) -> None:
    said = METRICS[reference].description
    assert {language: words in said.get(language) for language, words in LANGUAGES.items()} == dict.fromkeys(
        LANGUAGES, True
    )


def test_the_sweep_finds_those_that_are_known() -> None:
    assert {"deals_amount", "deals_created_amount", "open_amount", "forecast_weighted_amount.by_stage"} <= {
        one for one in REFERENCES if _of_then(one)
    }
