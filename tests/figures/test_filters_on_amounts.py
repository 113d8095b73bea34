"""A filter on an amount leaves rows without a rate out of counts as well, which stands at the figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.figures.asking import figures
from tests.figures.from_tables import project_of

DEALS = """deal_id,status,amount,currency,created_at,closed_at
a,won,100,EUR,2026-01-01 09:00:00,2026-09-01 09:00:00
b,won,900,EUR,2026-01-01 09:00:00,2026-09-01 09:00:00
c,won,900,CHF,2026-01-01 09:00:00,2026-09-01 09:00:00
"""


@pytest.mark.parametrize(
    ("filters", "count", "told"),
    [([{"field": "deal.amount", "gte": 500}], 1, True), ([{"field": "deal.status", "eq": "won"}], 3, False)],
)
def test_rows_without_a_rate_are_in_no_count(filters: list[Any], count: int, told: bool, tmp_path: Path) -> None:
    spec = {"period": "2026-09", "filters": filters, "sections": [{"id": "x", "kpis": ["won_deals_count"]}]}
    found = figures(project_of(tmp_path, {"deal": DEALS}), spec)
    assert found.sections[0].kpis[0].value == count
    assert any("leave these rows out of counts" in text for text in found.footnotes) is told
