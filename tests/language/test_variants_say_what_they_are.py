"""A metric that is counted in another way says so: it does not have the words of the one that it is a
variant of."""

from __future__ import annotations

import pytest

from reportspec.catalogue.load import packaged
from reportspec.languages import languages

METRICS = packaged().metrics
VARIANTS = [f"{name}.{variant}" for name in METRICS for variant in METRICS.variants(name)]


@pytest.mark.parametrize("language", languages())
def test_variants_have_words_of_their_own(language: str) -> None:
    same = [
        name
        for name in VARIANTS
        if METRICS[name].description.get(language) == METRICS[name.partition(".")[0]].description.get(language)
    ]
    assert not same
    assert len(VARIANTS) > 30
