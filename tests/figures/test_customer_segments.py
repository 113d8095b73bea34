"""Customers are put into fifths, and so into segments, from 20 of them on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

HEAD = "deal_id,account_id,status,amount,currency,created_at,closed_at\n"
SEGMENTS = {"id": "x", "breakdown": {"metrics": ["customers_count"], "by": ["customer_segment.name"]}}


def _project(folder: Path, customers: int, engine: str) -> Path:
    """A project of customers who bought once, each a day after the one before."""
    days = [f"2026-{1 + n // 28:02}-{1 + n % 28:02} 09:00:00" for n in range(customers)]
    deals = "".join(f"{n},{n},won,100,EUR,2025-12-01 09:00:00,{day}\n" for n, day in enumerate(days))
    accounts = "account_id,name\n" + "".join(f"{n},Account {n}\n" for n in range(customers))
    return project_of(folder, {"account": accounts, "deal": HEAD + deals}, engine)


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
@pytest.mark.parametrize(
    ("customers", "expected"),
    [
        # Who bought once stands with frequency where the day of it is: 4 in each fifth, the upper two are champions.
        (20, {"Champions": 8, "Loyal": 4, "Lost": 8}),
        (19, {None: 19}),
    ],
)
def test_few_customers_have_no_segment(
    engine: str, customers: int, expected: dict[str | None, int], tmp_path: Path
) -> None:
    found = rows(figures(_project(tmp_path, customers, engine), {"period": "2026-03", "sections": [SEGMENTS]}), "x")
    counts = {row["customer_segment.name"]: row["customers_count"] for row in found if row["customers_count"]}
    assert counts == expected


def test_the_report_says_nothing_of_few(tmp_path: Path) -> None:
    found = figures(_project(tmp_path, 19, "duckdb"), {"report": "profitability", "period": "2026-03"})
    [section] = [one for one in found.sections if one.id == "segments"]
    assert not section.rows
    assert section.notes[0] == "There are no records for this."
    assert "from 20 on" in section.notes[1]
