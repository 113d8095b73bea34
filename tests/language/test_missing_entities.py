"""Where a source lacks an entity, the message names that one, and never one that it has."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from datetime import UTC

import pytest

from reportspec.catalogue.load import packaged
from reportspec.check.mapping import demo_map
from reportspec.model.domain import Metric
from reportspec.resolve.binding import Binding, Missing, Unresolved, need_metric

CATALOGUE = packaged()
DEMO = demo_map(CATALOGUE)


def without(*names: str) -> Binding:
    left = {name: one for name, one in DEMO.entities.items() if name not in names}
    return Binding(CATALOGUE, replace(DEMO, entities=left), UTC, UTC, "EUR")


@pytest.mark.parametrize("absent", sorted(DEMO.entities))
def test_the_one_that_is_missing_is_named(absent: str) -> None:
    binding = without(absent)
    named = {metric.id: _named(binding, metric) for metric in CATALOGUE.metrics.values()}
    assert {said for said in named.values() if said} <= {absent}, named


def _named(binding: Binding, metric: Metric) -> str:
    """The entity that the message on a metric names; nothing where it names a field, or none is missing."""
    with suppress(Unresolved):
        need_metric(binding, metric)
        return ""
    with pytest.raises(Unresolved) as told:
        need_metric(binding, metric)
    found = re.search(r"gives no `(\w+)`", told.value.message)
    return found[1] if found else ""


def test_first_closings_without_a_history() -> None:
    metric = CATALOGUE.metrics["won_deals_count.first_close"]
    with pytest.raises(Missing, match="gives no `deal_stage_history`"):
        need_metric(without("deal_stage_history"), metric)
