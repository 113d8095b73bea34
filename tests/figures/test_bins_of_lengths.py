"""What ends before it begins took no short time: it stands in no bin of lengths, but by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.figures.asking import figures, rows, total
from tests.figures.from_tables import project_of

# From creation to closing 3, 20 and 40 days, none at all, and twice less than none: of Ada's -5, of Bo's -1 day.
TABLES = {
    "deal": """deal_id,name,owner_id,status,amount,created_at,closed_at
1,A,ada,won,1,2026-07-10 10:00:00,2026-07-13 10:00:00
2,B,ada,won,2,2026-07-10 10:00:00,2026-07-30 10:00:00
3,C,bo,won,4,2026-07-10 10:00:00,2026-08-19 10:00:00
4,D,bo,won,8,2026-07-10 10:00:00,2026-07-10 10:00:00
5,E,ada,won,16,2026-07-10 10:00:00,2026-07-05 10:00:00
6,F,bo,won,32,2026-07-10 10:00:00,2026-07-09 10:00:00
""",
    "user": "user_id,name\nada,Ada\nbo,Bo\n",
}
APART = "under 0 days, dates to be checked"


def _by(folder: Path, bins: list[float], *more: Any, **changed: str) -> Any:
    for name, text in changed.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    by = [*more, {"field": "deal.cycle_days", "bins": bins}]
    body = {"metrics": ["won_deals_count", "won_amount"], "by": by}
    return figures(folder, {"report": "custom", "period": "2026-Q3", "sections": [{"id": "b", "breakdown": body}]})


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
@pytest.mark.parametrize(
    ("bins", "wanted"),
    [
        (
            [15, 30],
            {APART: (2, 48), "under 15 days": (2, 9), "15 to under 30 days": (1, 2), "30 days and more": (1, 4)},
        ),
        # Bounds of one's own below nothing, or at it, say themselves what stands where.
        ([0, 15], {"under 0 days": (2, 48), "0 to under 15 days": (2, 9), "15 days and more": (2, 6)}),
        ([-3, 15], {"under -3 days": (1, 16), "-3 to under 15 days": (3, 41), "15 days and more": (2, 6)}),
    ],
)
def test_what_ends_before_it_begins_is_not_short(
    engine: str, bins: list[float], wanted: dict[str, tuple[int, int]], tmp_path: Path
) -> None:
    found = _by(project_of(tmp_path, TABLES, engine), bins)
    got = {row["deal.cycle_days"]: (row["won_deals_count"], row["won_amount"]) for row in rows(found, "b")}
    assert list(got.items()) == list(wanted.items())
    assert total(found, "b")["won_deals_count"] == 6


def test_beside_another_field_too(tmp_path: Path) -> None:
    found = _by(project_of(tmp_path, TABLES), [15], "user.name")
    assert {(row["user.name"], row["deal.cycle_days"]): row["won_amount"] for row in rows(found, "b")} == {
        ("Ada", APART): 16, ("Ada", "under 15 days"): 1, ("Ada", "15 days and more"): 2,
        ("Bo", APART): 32, ("Bo", "under 15 days"): 8, ("Bo", "15 days and more"): 4,
    }  # fmt: skip


def test_where_nothing_does_there_is_no_such_row(tmp_path: Path) -> None:
    """Nor where what does is of another period, so that the source has it and it does not count."""
    folder = project_of(tmp_path, TABLES)
    other = TABLES["deal"].replace("2026-07-05 10", "2025-07-05 10").replace("2026-07-09 10", "2025-07-09 10")
    assert [row["deal.cycle_days"] for row in rows(_by(folder, [15], deal=other), "b")] == [
        "under 15 days",
        "15 days and more",
    ]
