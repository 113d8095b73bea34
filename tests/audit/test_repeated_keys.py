"""Where keys are repeated, audits count each row once: what would join by them is not asked."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from reportspec.audit.project_audit import AuditOrder, audit_project
from tests.figures.from_tables import project_of

USERS = "user_id,name,is_active\nU1,Ada,true\n"
STAGES = "stage_id,name,position,is_won,is_lost\nS1,New,1,false,false\nS2,Won,2,true,false\n"
DEALS = """deal_id,owner_id,status,stage_id,amount,created_at,closed_at,expected_close_date
D1,U1,open,S1,1000,2026-11-01 09:00:00,,2026-12-10
D2,U1,open,S1,2000,2026-11-01 09:00:00,,2026-11-10
"""
HISTORY = """deal_id,stage_id,entered_at
D1,S1,2026-11-01 09:00:00
D2,S1,2026-11-01 09:00:00
D2,S1,2026-11-02 09:00:00
"""
AGAIN = "D2,U1,open,S1,2000,2026-11-03 09:00:00,,2026-12-10\n"


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
@pytest.mark.parametrize(
    ("deals", "stages", "rows", "clean", "wrong", "worth"),
    [
        # Both rows of D2 share their key, and one of them is late.
        (DEALS + AGAIN, STAGES, 3, 1, 2, 4000),
        (DEALS, STAGES + "S1,New too,3,false,false\n", 2, 1, 1, 2000),
    ],
)
def test_each_row_is_counted_once(
    deals: str, stages: str, rows: int, clean: int, wrong: int, worth: int, engine: str, tmp_path: Path
) -> None:
    tables = {"user": USERS, "stage": stages, "deal": deals, "deal_stage_history": HISTORY}
    place = project_of(tmp_path, tables, engine) / "reportspec.yaml"
    made = audit_project(place, AuditOrder(datetime(2026, 11, 30, tzinfo=UTC), {}, entity="deal"))
    assert made.audit is not None, made.diagnostics
    [deal] = made.audit.entities
    assert (deal.rows, deal.clean, deal.open, deal.amount) == (rows, clean, wrong, Decimal(worth))
    [late] = [one for one in deal.outcomes if one.check.id == "deal_close_date_past"]
    assert (late.broken, late.open) == (1, 1)
