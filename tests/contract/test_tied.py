"""Which entities may have ties is found without reading them all."""

from __future__ import annotations

from reportspec.catalogue.load import packaged


def test_every_packaged_entity_with_ties_is_among_those_that_may_have_some() -> None:
    catalogue = packaged()
    ways = {name: (one.derived, *one.otherwise) for name, one in catalogue.entities.items()}
    tied = {name for name, each in ways.items() if any(way is not None and way.ties for way in each)}
    assert tied == {"stage_change"}
    assert tied <= set(catalogue.tied())
