"""What is far off the mean of all others is found among ten at least, of which none is impossible."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audit.finding import audit_of
from tests.figures.from_tables import project_of

HEAD = "deal_id,status,amount,currency,created_at,closed_at\n"


def _found(tmp_path: Path, engine: str, deals: list[tuple[int, str, int]]) -> list[int]:
    """Of deals with their amounts, currencies and days from creation to closing."""
    rows = "".join(
        f"{n},won,{amount},{currency},2026-01-10 09:00:00,{_day(days)} 09:00:00\n"
        for n, (amount, currency, days) in enumerate(deals)
    )
    folder = project_of(tmp_path, {"deal": HEAD + rows}, engine)
    found = {one.check.id: one.broken for one in audit_of(folder / "reportspec.yaml", entity="deal").outcomes}
    return [found["deal_amount_far_off"], found["deal_cycle_far_off"]]


def _day(days: int) -> str:
    return {-9: "2026-01-01", 1: "2026-01-11", 100: "2026-04-20"}[days]


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
@pytest.mark.parametrize(
    ("deals", "wanted"),
    [
        # 9 × 100,000 > 200 × 900; the mean of nine times one day and a hundred days is 10.9 days.
        ([(100, "EUR", 1)] * 9 + [(100_000, "EUR", 100)], [1, 1]),
        ([(100, "EUR", 1)] * 8 + [(100_000, "EUR", 100)], [0, 0]),  # nine are too few
        ([(100, "EUR", 1)] * 9 + [(100_000, "USD", 1)], [0, 0]),  # the only one in its currency
        ([(1000, "EUR", 1), (-5, "EUR", -9)], [0, 0]),
        # Negative amounts and times do not make the mean of the others small: 10 × 15,000 < 200 × 1,000.
        ([(100, "EUR", 1)] * 10 + [(15_000, "EUR", 1)] + [(-200, "EUR", -9)] * 4, [0, 0]),
    ],
)
def test_among_ten_at_least(engine: str, deals: list[tuple[int, str, int]], wanted: list[int], tmp_path: Path) -> None:
    assert _found(tmp_path, engine, deals) == wanted
