"""Amounts that leave out much of their rows say so before they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.figures.asking import figures

KPIS: dict[str, Any] = {"id": "x", "kpis": ["won_amount", "won_deals_count"]}


def _project(folder: Path, deals: int, without: int, foreign: int = 0) -> Path:
    """Deals that were won in the quarter; of some the amount is not there, or in a currency without a rate."""
    lines = ["id,amount,currency"]
    for number in range(deals):
        amount = "" if number < without else "100"
        lines.append(f"{number},{amount},{'USD' if without <= number < without + foreign else 'EUR'}")
    (folder / "deals.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "mapping.yaml").write_text(
        "entities:\n  deal:\n    table: deals\n    key: id\n    fields:\n      name: id\n      status: \"'won'\"\n"
        "      created_at: {sql: \"date '2026-01-05'\", type: date}\n"
        "      closed_at: {sql: \"date '2026-02-05'\", type: date}\n      amount: amount\n      currency: currency\n",
        encoding="utf-8",
    )
    (folder / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: mapping.yaml\ntimezone: Europe/Rome\ncurrency: EUR\n",
        encoding="utf-8",
    )
    return folder


@pytest.mark.parametrize(
    ("deals", "without", "foreign", "said"),
    [
        (12, 2, 0, "2 of 12 deals"),
        (12, 1, 0, ""),  # less than a tenth
        (12, 1, 2, "3 of 12 deals"),
        (10, 0, 1, "1 of 10 deals"),
        (9, 5, 0, ""),  # too few to tell a part of
        (12, 0, 0, ""),
    ],
)
def test_a_tenth_of_the_rows_is_much(deals: int, without: int, foreign: int, said: str, tmp_path: Path) -> None:
    found = figures(_project(tmp_path, deals, without, foreign), {"period": "2026-Q1", "sections": [KPIS]})
    assert [said in text for text in found.notices] == ([True] if said else [])
    assert not said or f"Won amount: {said}." in found.notices[0]


def test_what_a_section_asks_besides_is_not_the_reports(tmp_path: Path) -> None:
    part = {**KPIS, "where": "deal.amount is null"}
    found = figures(_project(tmp_path, 30, 2), {"period": "2026-Q1", "sections": [part, {**KPIS, "id": "y"}]})
    assert not found.notices
