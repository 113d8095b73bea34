"""Where a source lacks an entity, the message names that one, and never one that it has."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC

import pytest

from reportspec.binding import Binding, Missing, Unresolved, need_metric
from reportspec.catalogue.load import packaged
from reportspec.check.mapping import demo_map

CATALOGUE = packaged()
DEMO = demo_map(CATALOGUE)


def without(*names: str) -> Binding:
    left = {name: one for name, one in DEMO.entities.items() if name not in names}
    return Binding(CATALOGUE, replace(DEMO, entities=left), UTC, UTC, "EUR")


@pytest.mark.parametrize("absent", sorted(DEMO.entities))
def test_the_one_that_is_missing_is_named(absent: str) -> None:
    binding = without(absent)
    for metric in CATALOGUE.metrics.values():
        try:
            need_metric(binding, metric)
        except Missing as missing:
            named = re.search(r"gives no `(\w+)`", missing.message)
            if named is not None:
                assert named[1] == absent, (metric.id, missing.message)
        except Unresolved:
            pass


def test_first_closings_without_a_history() -> None:
    metric = CATALOGUE.metrics["won_deals_count.first_close"]
    with pytest.raises(Missing, match="gives no `deal_stage_history`"):
        need_metric(without("deal_stage_history"), metric)
