"""Amounts that a history may have changed since say whose they are, of then or of today; so do categories."""

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


CLOSED = {
    "en": "that of a deal reopened since is the one with which it had closed",
    "it": "di una trattativa poi riaperta",
    "de": "eines seitdem wieder geöffneten Deals",
    "fr": "d’une affaire rouverte depuis",
    "es": "de una oportunidad reabierta desde entonces",
}
BOUGHT = {"purchase", "purchase_touch", "customer_purchase", "customer", "lead_deal"}


def _of_the_closing(reference: str) -> bool:
    """Whether a metric adds up amounts of deals that were closed, which a reopened one had at its closing."""
    metric = METRICS[reference]
    if metric.kind != "aggregate" or metric.aggregate not in ("sum", "average") or metric.of is None:
        return False
    paths = {path_of(node) for node in column_nodes(metric.of)}
    if {(entity, name) for entity in BOUGHT for name in ("amount", "revenue")} & paths:
        return True
    return ("deal", "amount") in paths and metric.where is not None and "'open'" not in metric.where.sql()


@pytest.mark.parametrize("reference", [one for one in REFERENCES if _of_the_closing(one)])
def test_amounts_of_closed_deals_say_of_when_they_are(reference: str) -> None:
    said = METRICS[reference].description
    assert {language: words in said.get(language) for language, words in CLOSED.items()} == dict.fromkeys(CLOSED, True)


def test_that_sweep_finds_those_that_are_known() -> None:
    assert {"won_amount", "new_revenue_amount", "purchases_amount", "customer_revenue_amount"} <= {
        one for one in REFERENCES if _of_the_closing(one)
    }


CATEGORY = {
    "en": ("has that stage's category", "from 60% Commit, from 40% Best case"),
    "it": ("ha la categoria di quella fase", "dal 60% Impegnato, dal 40% Caso migliore"),
    "de": ("hat die Kategorie dieser Phase", "ab 60 % „Zugesagt“, ab 40 % „Bestfall“"),
    "fr": ("a la catégorie de cette étape", "dès 60 % « Engagé », dès 40 % « Meilleur cas »"),
    "es": ("tiene la categoría de esa etapa", "desde el 60 % «Comprometido», desde el 40 % «Mejor caso»"),
}


@pytest.mark.parametrize(
    "reference", [one for one in REFERENCES if "deal_snapshot.category" in str(METRICS[one].where)]
)
def test_metrics_by_category_say_what_a_deal_s_is_at_a_past_date(reference: str) -> None:
    said = METRICS[reference].description
    told = {language: any(words in said.get(language) for words in ways) for language, ways in CATEGORY.items()}
    assert told == dict.fromkeys(CATEGORY, True)
