"""What a history says of a deal's amount and expected day stays until it says otherwise: a change that says nothing of
them leaves them as they were, and what came later is in no figure of before. Reckoned by hand from the rows."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

STAGES = "stage_id,name,position,is_won,is_lost\nA,Talk,1,false,false\nB,Offer,2,false,false\nL,Lost,3,false,true\n"
# `now` has another amount since November; of `gone` the record has none any more; `first` has none in the history before
# June; `pound` changed its currency with its amount, and its stage without either.
# The records of `late` and `early` have their closing, with all that it brought, months after the history and before it.
DEALS = """deal_id,stage_id,status,amount,currency,created_at,closed_at,expected_close_date
now,B,open,58,EUR,2026-01-01 09:00:00,,2026-12-20
gone,L,lost,,EUR,2026-01-01 09:00:00,2026-09-29 09:00:00,
first,B,open,7,EUR,2026-01-01 09:00:00,,2026-12-01
pound,B,open,500,USD,2026-01-01 09:00:00,,
late,L,lost,900,EUR,2026-01-01 09:00:00,2026-06-20 09:00:00,
early,L,lost,900,EUR,2026-01-01 09:00:00,2026-03-20 09:00:00,
"""
CHANGES = """deal_id,stage_id,entered_at,amount,currency,expected_close_date
now,A,2026-01-02 09:00:00,69,EUR,2026-10-31
now,B,2026-03-02 09:00:00,,,
now,B,2026-05-02 09:00:00,,,2026-11-30
now,B,2026-10-20 09:00:00,58,EUR,2026-12-20
gone,A,2026-01-02 09:00:00,891,EUR,
gone,B,2026-03-02 09:00:00,,,
gone,L,2026-09-29 09:00:00,891,EUR,
first,A,2026-01-02 09:00:00,,,
first,B,2026-06-02 09:00:00,3,EUR,2026-12-01
pound,A,2026-01-02 09:00:00,400,EUR,
pound,A,2026-03-02 09:00:00,500,USD,
pound,B,2026-04-02 09:00:00,,,
late,A,2026-01-02 09:00:00,800,EUR,
late,L,2026-03-10 09:00:00,850,EUR,
early,A,2026-01-02 09:00:00,800,EUR,
early,B,2026-04-02 09:00:00,820,EUR,
early,L,2026-07-10 09:00:00,850,EUR,
"""
WANTED = {
    "2026-02": {"now": (69, "EUR", "2026-10-31"), "gone": (891, "EUR", None), "first": (7, "EUR", "2026-12-01"), "pound": (400, "EUR", None), "late": (800, "EUR", None), "early": (800, "EUR", None)},
    "2026-03": {"now": (69, "EUR", "2026-10-31"), "gone": (891, "EUR", None), "first": (7, "EUR", "2026-12-01"), "pound": (500, "USD", None), "late": (800, "EUR", None), "early": (900, "EUR", None)},
    "2026-05": {"now": (69, "EUR", "2026-11-30"), "gone": (891, "EUR", None), "first": (7, "EUR", "2026-12-01"), "pound": (500, "USD", None), "late": (800, "EUR", None)},
    "2026-07": {"now": (69, "EUR", "2026-11-30"), "gone": (891, "EUR", None), "first": (7, "EUR", "2026-12-01"), "pound": (500, "USD", None)},
    "2026-10": {"now": (58, "EUR", "2026-12-20"), "first": (7, "EUR", "2026-12-01"), "pound": (500, "USD", None)},
}  # fmt: skip
FIELDS = ["deal.deal_id", "deal.amount", "deal.currency", "deal.expected_close_date"]
LIST: dict[str, Any] = {"id": "list", "records": {"entity": "deal", "fields": FIELDS, "limit": 500}}


def listed(folder: Path, period: str) -> dict[str, tuple[Any, ...]]:
    found = rows(figures(folder, {"report": "custom", "period": period, "sections": [LIST]}), "list")
    return {row["deal.deal_id"]: tuple(_plain(row[name]) for name in FIELDS[1:]) for row in found}


def _plain(value: Any) -> Any:
    return f"{value:%Y-%m-%d}" if isinstance(value, date) else value


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_what_was_known_stays(engine: str, tmp_path: Path) -> None:
    folder = project_of(tmp_path, {"stage": STAGES, "deal": DEALS, "deal_stage_history": CHANGES}, engine)
    for period, wanted in WANTED.items():
        assert listed(folder, period) == wanted, period


def test_a_history_with_gaps_is_as_one_that_repeats_itself(tmp_path: Path) -> None:
    """Rows that leave out what has not changed say the same as rows that say it again."""
    r = Random(7)
    deals, gaps, full = [], [], []
    for number in range(60):
        day, amount, expected = 1, "", ""
        for step in range(r.randint(1, 6)):
            day += r.randint(1, 25)
            at = f"{datetime(2026, 1 + day // 28, 1 + day % 28, 9):%Y-%m-%d %H:%M:%S}"
            told = step == 0 or r.random() < 0.3, step == 0 or r.random() < 0.3
            amount = str(r.randint(1, 900)) if told[0] else amount
            expected = f"2026-{r.randint(6, 12):02}-{r.randint(1, 28):02}" if told[1] else expected
            start = f"d{number},{r.choice('AB')},{at}"
            gaps.append(f"{start},{amount if told[0] else ''},{'EUR' if told[0] else ''},{expected if told[1] else ''}")
            full.append(f"{start},{amount},EUR,{expected}")
        deals.append(f"d{number},{start.split(',')[1]},open,1000,EUR,2026-01-01 09:00:00,,2026-12-31")
    head, top = CHANGES.splitlines()[0], DEALS.splitlines()[0]
    found = []
    for name, changes in (("gaps", gaps), ("full", full)):
        (tmp_path / name).mkdir()
        tables = {"stage": STAGES, "deal": "\n".join([top, *deals]), "deal_stage_history": "\n".join([head, *changes])}
        folder = project_of(tmp_path / name, tables)
        found.append([listed(folder, f"2026-0{month}") for month in range(1, 7)])
    assert found[0] == found[1]
    assert len({value[0] for month in found[0] for value in month.values()}) > 50
