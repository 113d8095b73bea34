"""A deal keeps the reason of its last loss: of an earlier one the reason is unknown, and not missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

STAGES = """stage_id,name,position,is_won,is_lost
S,Talk,1,false,false
W,Won,2,true,false
L,Lost,3,false,true
M,Buried,4,false,true
"""
# All are lost in January. `plain` has no reason and `said` has one, and nothing came after. `again` was
# reopened in February and lost in March for another reason, `turned` was won in March, `open` is open again.
# `moved` went from one lost stage to the other and keeps its reason; `bare` did too and has none.
DEALS = """deal_id,name,stage_id,status,amount,currency,created_at,closed_at,loss_reason
plain,P,L,lost,1,EUR,2026-01-01 10:00:00,2026-01-10 10:00:00,
said,Q,L,lost,1,EUR,2026-01-01 10:00:00,2026-01-10 10:00:00,price
again,R,L,lost,1,EUR,2026-01-01 10:00:00,2026-03-10 10:00:00,late
turned,T,W,won,1,EUR,2026-01-01 10:00:00,2026-03-10 10:00:00,
open,O,S,open,1,EUR,2026-01-01 10:00:00,,
moved,M,M,lost,1,EUR,2026-01-01 10:00:00,2026-03-10 10:00:00,rival
bare,B,M,lost,1,EUR,2026-01-01 10:00:00,2026-03-10 10:00:00,
"""
CHANGES = """deal_id,stage_id,entered_at
plain,S,2026-01-01 10:00:00
plain,L,2026-01-10 10:00:00
said,S,2026-01-01 10:00:00
said,L,2026-01-10 10:00:00
again,S,2026-01-01 10:00:00
again,L,2026-01-12 10:00:00
again,S,2026-02-12 10:00:00
again,L,2026-03-10 10:00:00
turned,S,2026-01-01 10:00:00
turned,L,2026-01-12 10:00:00
turned,W,2026-03-10 10:00:00
open,S,2026-01-01 10:00:00
open,L,2026-01-12 10:00:00
open,S,2026-02-12 10:00:00
moved,S,2026-01-01 10:00:00
moved,L,2026-01-12 10:00:00
moved,M,2026-03-10 10:00:00
bare,S,2026-01-01 10:00:00
bare,L,2026-01-12 10:00:00
bare,M,2026-03-10 10:00:00
"""
TABLES = {"stage": STAGES, "deal": DEALS, "deal_stage_history": CHANGES}
WANTED = ["lost_deals_count", "lost_deals_count.not_reopened", "loss_reason_missing_count", "loss_reason_missing_rate"]


@pytest.fixture(params=["duckdb", "sqlite"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        # All seven were lost at the end of January. `again`, `turned` and `open` came back: of `plain`, `said`,
        # `moved` and `bare` the reason can be known, and `plain` and `bare` have none.
        ("2026-01", [7, 4, 2, 0.5]),
        # In March `again`, `moved` and `bare` are lost for good.
        ("2026-03", [3, 3, 1, 1 / 3]),
    ],
)
def test_only_the_last_loss_can_lack_its_reason(
    engine: str, tmp_path: Path, period: str, expected: list[float]
) -> None:
    spec = {"period": period, "sections": [{"id": "x", "kpis": WANTED}]}
    [row] = rows(figures(project_of(tmp_path, TABLES, engine), spec), "x")
    assert [row[name] for name in WANTED] == pytest.approx(expected)


def test_the_reason_belongs_to_the_whole_stretch_of_being_lost(engine: str, tmp_path: Path) -> None:
    by = {"metrics": ["lost_deals_count"], "by": ["deal.loss_reason"]}
    spec = {"period": "2026-01", "sections": [{"id": "b", "breakdown": by}]}
    found = rows(figures(project_of(tmp_path, TABLES, engine), spec), "b")
    assert {row["deal.loss_reason"]: row["lost_deals_count"] for row in found} == {"price": 1, "rival": 1, None: 5}


def test_without_a_history_a_loss_is_the_last_one(engine: str, tmp_path: Path) -> None:
    tables = {name: text for name, text in TABLES.items() if name != "deal_stage_history"}
    spec = {"period": "2026-01", "sections": [{"id": "x", "kpis": WANTED}]}
    [row] = rows(figures(project_of(tmp_path, tables, engine), spec), "x")
    # `plain` and `said`: of the others the record says nothing of January.
    assert [row[name] for name in WANTED] == [2, 2, 1, 0.5]
