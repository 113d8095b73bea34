"""Whether a source has closings in a period is asked of what figures count: also of those of deals that were reopened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.figures.asking import figures
from tests.figures.from_tables import project_of

# Crates were won on 15 May, reopened in July and won again on 2 September; Bins were lost on 10 June.
TABLES = {
    "stage": (
        "id,name,position,probability,is_won,is_lost\n"
        "1,New,1,0.1,false,false\n4,Won,2,1.0,true,false\n5,Lost,3,0.0,false,true\n"
    ),
    "deal": (
        "id,name,status,stage_id,amount,currency,created_at,closed_at\n"
        "3,Bins,lost,5,70,EUR,2026-04-01 09:00:00,2026-06-10 09:00:00\n"
        "4,Crates,won,4,900,EUR,2026-04-02 09:00:00,2026-09-02 09:00:00\n"
    ),
    "deal_stage_history": (
        "deal_id,stage_id,entered_at\n"
        "3,1,2026-04-01 09:00:00\n3,5,2026-06-10 09:00:00\n"
        "4,1,2026-04-02 09:00:00\n4,4,2026-05-15 09:00:00\n4,1,2026-07-15 09:00:00\n4,4,2026-09-02 09:00:00\n"
    ),
}
NONE = "Deals, Closed: the source has none in {}; those that it has lie between {} and Sep 2, 2026."


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
@pytest.mark.parametrize(
    ("asked", "told", "won"),
    [
        ({"period": "2026-05"}, [], 900),
        ({"period": "2026-06", "compare": "previous_period"}, [], 0),
        ({"period": "2026-07"}, [NONE.format("July 2026", "May 15, 2026")], 0),
        ({"period": "2026-09"}, [], 900),
    ],
)
def test_a_closing_that_was_undone_was_one(
    asked: dict[str, Any], told: list[str], won: int, engine: str, tmp_path: Path
) -> None:
    """As May ended 900 had been won in it; in July nothing was closed, between the first closing and the last."""
    spec = {**asked, "sections": [{"id": "k", "kpis": ["won_amount"]}]}
    found = figures(project_of(tmp_path, TABLES, engine), spec)
    assert [text for text in found.footnotes if "has none" in text] == told
    assert found.sections[0].kpis[0].value == won


def test_the_data_begin_with_the_first_closing(tmp_path: Path) -> None:
    """The first closing of the records is that of 10 June, but the data begin with that of 15 May."""
    spec = {"period": "2026-06", "compare": "previous_period", "metrics": ["won_amount"]}
    texts = figures(project_of(tmp_path, TABLES), spec).footnotes
    assert [text for text in texts if "begins on" in text] == [
        "Deals, Closed: the source begins on May 15, 2026; the comparison with May 2026 is with a part of it."
    ]
