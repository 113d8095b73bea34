"""Deals that are closed and have no closing date: the history says when, or they are told of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.audit.finding import audit_of
from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

STAGES = "stage_id,name,position,is_won,is_lost\nS,Talk,1,false,false\nW,Won,2,true,false\nL,Lost,3,false,true\n"
DEALS = """deal_id,name,stage_id,status,amount,currency,created_at,closed_at
own,Own,W,won,7,EUR,2026-01-01 10:00:00,2026-01-20 10:00:00
both,Both,W,won,20,EUR,2026-01-01 10:00:00,2026-02-03 10:00:00
history,History,W,won,100,EUR,2026-01-01 10:00:00,
lost,Lost,L,lost,50,EUR,2026-01-01 10:00:00,
unknown,Unknown,W,won,3,EUR,2026-01-01 10:00:00,
"""
CHANGES = """deal_id,stage_id,entered_at
own,S,2026-01-01 10:00:00
own,W,2026-01-20 10:00:00
both,S,2026-01-01 10:00:00
both,W,2026-01-15 10:00:00
history,S,2026-01-01 10:00:00
history,W,2026-01-10 10:00:00
lost,S,2026-01-01 10:00:00
lost,L,2026-01-12 10:00:00
unknown,S,2026-01-01 10:00:00
"""
TABLES = {"stage": STAGES, "deal": DEALS, "deal_stage_history": CHANGES}
WANTED = ["won_deals_count", "won_amount", "lost_deals_count", "open_opportunities_count"]


@pytest.fixture(params=["duckdb", "sqlite"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return project_of(tmp_path, TABLES, request.param)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        # By the end of January `own` and `history` are won; `both` was closed in February by its own date.
        ({"period": "2026-01"}, [2, 107, 1, 1]),
        # On the evening of the 11th the one closing that the history knows has happened, and no other.
        ({"period": "2026-01", "as_of": "2026-01-11"}, [1, 100, 0, 3]),
        ({"period": "2026-02"}, [1, 20, 0, 0]),
    ],
)
def test_the_history_says_when(project: Path, spec: dict[str, Any], expected: list[float]) -> None:
    found = figures(project, {**spec, "sections": [{"id": "x", "kpis": WANTED}]})
    [row] = rows(found, "x")
    # `unknown` is won, nobody knows since when: it is open at no date, and told of.
    assert [row[name] for name in WANTED] == expected
    assert "Won deals without a closing date: 1 of 5 deals. They are in no period." in found.footnotes
    assert not [one for one in found.footnotes if one.startswith("Lost deals without")]


def test_an_audit_names_the_deals_that_the_footnote_counts(project: Path) -> None:
    """`history` and `lost` have the day of their closing stage: only `unknown` is in no period, and is to be mended."""
    made = audit_of(project / "reportspec.yaml")
    undated = [one for one in made.outcomes if one.check.label.get("en", "").endswith("without a closing date")]
    assert {one.check.label["en"]: one.broken for one in undated} == {
        "Won deals without a closing date": 1,
        "Lost deals without a closing date": 0,
    }
    assert [example.key for one in undated for example in one.examples] == ["unknown"]
    mend = [record for entity in made.entities for record in entity.records]
    assert {record.key for record in mend if any(check.contract in {one.check.contract for one in undated}
            for check, _ in record.broken)} == {"unknown"}  # fmt: skip
