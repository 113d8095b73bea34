"""Which of several rows of one record `init` proposes to count."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec.onboarding.cures import decides
from tests.figures.asking import figures, rows
from tests.onboarding.test_newcomer import begun, mapping_of

JAN, FEB = "2026-01-05", "2026-02-05"


@pytest.mark.parametrize(
    ("rows", "right"),
    [
        ([("a", "x", JAN), ("a", "x", JAN), ("b", "y", FEB)], "id"),  # the same twice
        ([("a", "x", JAN), ("a", "y", FEB), ("b", "y", FEB)], '-"changed on"'),
        ([("a", "x", JAN), ("a", "y", JAN)], ""),  # nothing tells which came last
        ([("a", "x", JAN), ("a", "y", "")], ""),
        ([("a", "x", "05.01.2026"), ("a", "y", "04.02.2026")], ""),  # as texts they stand in another order
        ([("a", "x", datetime(2026, 1, 5)), ("a", "y", datetime(2026, 2, 5))], '-"changed on"'),
        ([("", "x", JAN), ("", "y", JAN)], "id"),  # rows without a key are no rows of one record
    ],
)
def test_an_order_that_decides_is_proposed(rows: list[tuple[Any, ...]], right: str) -> None:
    assert decides(["id", "name", "changed on"], rows, ["changed on"]) == right


HEAD = ("Deal ID", "Deal Name", "Stage", "Status", "Amount", "Created At", "Updated At")


def export(changed: bool) -> dict[str, list[tuple[str, ...]]]:
    """Deals, one of them with a row of before it was lost."""
    deals = []
    for at in range(1, 61):
        status = ("won", "lost", "open")[at % 3]
        made, last = f"2026-01-{at % 28 + 1:02} 09:00:00", f"2026-02-{at % 28 + 1:02} 10:00:00"
        row = (f"D{at:04}", f"Deal {at}", "Offer", status, str(at * 100), made, last)
        deals.append(row)
        if at == 40:
            deals.append((*row[:3], "open", "90", made, made if changed else last))
    return {"deals": [HEAD, *deals]}


@pytest.mark.parametrize("changed", [True, False])
def test_versions_of_a_record_count_once_or_are_told(tmp_path: Path, changed: bool) -> None:
    made = begun(tmp_path, export(changed))
    deal = mapping_of(tmp_path)["deal"]
    spec = {
        "report": "custom",
        "period": "2026-Q1",
        "sections": [{"id": "a", "kpis": ["open_opportunities_count", "open_amount"]}],
    }
    found = figures(tmp_path / "p", spec, datetime.fromisoformat("2026-03-31T20:00:00+00:00"))
    [row] = rows(found, "a")
    told = {one.code for one in found.warnings}
    still = [at for at in range(1, 61) if at % 3 == 2]
    if changed:
        assert deal["latest"] == {"by": '"Deal ID"', "order": '-"Updated At"'}
        assert any("deal: latest" in one for one in made.confirm)
        assert (row["open_opportunities_count"], row["open_amount"]) == (len(still), sum(at * 100 for at in still))
        assert "without-key" not in told
    else:
        assert "key" not in deal
        assert "without-key" in told
