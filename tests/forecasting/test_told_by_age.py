"""Where no past states are known, forecasts speak of no stage that they had told anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from reportspec.languages import languages, vocabulary
from tests.figures.asking import figures
from tests.figures.from_tables import project_of

STAGES = {"en": "stage", "de": "phase", "es": "etapa", "fr": "étape", "it": "fase"}


@pytest.mark.parametrize("language", languages())
def test_words_by_age_name_no_stage(language: str) -> None:
    texts = list(_by_age(vocabulary(language)))
    assert len(texts) == 5
    assert not [text for text in texts if STAGES[language] in text.lower()]


def _by_age(node: object) -> Iterator[str]:
    for key, value in node.items() if isinstance(node, Mapping) else ():
        if str(key).endswith("_by_age"):
            yield str(value)
        yield from _by_age(value)


def test_a_period_to_come_has_no_rows_and_that_is_no_warning(tmp_path: Path) -> None:
    deals = "deal_id,name,status,amount,currency,created_at,closed_at\n1,a,won,10,EUR,2026-07-01,2026-07-03\n"
    project_of(tmp_path, {"deal": deals})
    for period, told in (("2027-Q1", False), ("2019-Q1", True)):
        found = figures(tmp_path, {"period": period, "sections": [{"id": "x", "kpis": ["won_amount"]}]})
        assert ("no-rows" in [one.code for one in found.warnings]) is told
