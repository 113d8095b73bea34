"""Lists of forecasts call stages and people of one name by what tells them apart, as every other list does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

NOW = datetime(2026, 11, 10, tzinfo=UTC)
STAGES = """stage_id,name,position,is_won,is_lost,pipeline_id
a,Proposal,1,false,false,new
b,Proposal,2,false,false,old
w,Won,3,true,false,new
l,Lost,4,false,true,new
"""
PIPELINES = "pipeline_id,name\nnew,New sales\nold,Renewals\n"
USERS = "user_id,name,email\n1,Sam Lee,sam1@x.example\n2,Sam Lee,sam2@x.example\n3,Ada Bo,ada@x.example\n"


def project(folder: Path, stages: str = STAGES, through: str = "ab") -> Path:
    """Three years of deals, a third of them won after some weeks, and four that are open."""
    r, at = Random(3), datetime(2023, 10, 2, 9)
    deals, changes = [], []
    for number in range(700):
        at += timedelta(days=1.6)
        closed, stage = at + timedelta(days=r.randint(10, 80)), r.choice(through)
        end = r.choice("wll")
        if closed > datetime(2026, 11, 1):
            continue
        status = "won" if end == "w" else "lost"
        deals.append(f"d{number},D{number},{end},{status},{r.randint(1, 9) * 100},EUR,{at},{closed},{r.choice('123')}")
        changes += [f"d{number},{stage},{at}", f"d{number},{end},{closed}"]
    for key, stage, user, amount in (("x1", "a", "1", 4000), ("x2", "b", "2", 3000), ("x3", "b", "3", 2000)):
        deals.append(f"{key},{key},{stage},open,{amount},EUR,2026-10-20 09:00:00,,{user}")
        changes.append(f"{key},{stage},2026-10-20 09:00:00")
    tables = {
        "stage": stages,
        "pipeline": PIPELINES,
        "user": USERS,
        "deal": "deal_id,name,stage_id,status,amount,currency,created_at,closed_at,owner_id\n" + "\n".join(deals),
        "deal_stage_history": "deal_id,stage_id,entered_at\n" + "\n".join(changes),
    }
    return project_of(folder, tables)


def test_stages_and_people_of_one_name(tmp_path: Path) -> None:
    sections = [{"id": one, "forecast": {"show": one}} for one in ("deals", "stages")]
    found = figures(project(tmp_path), {"report": "custom", "period": "this_quarter", "sections": sections}, NOW)
    listed = {row["deal.name"]: (row["user.name"], row["stage.name"]) for row in rows(found, "deals")}
    assert listed == {
        "x1": ("Sam Lee (sam1@x.example)", "Proposal (New sales)"),
        "x2": ("Sam Lee (sam2@x.example)", "Proposal (Renewals)"),
        "x3": ("Ada Bo", "Proposal (Renewals)"),
    }
    stages = [row["stage_name"] for row in rows(found, "stages")]
    assert stages == ["Proposal (New sales)", "Proposal (Renewals)"]


TWO_OF_EACH = (
    STAGES.replace("b,Proposal,2", "b,Proposal,1") + "c,Contract,2,false,false,new\nd,Contract,2,false,false,old\n"
)


def test_stages_of_pipelines_stand_apart(tmp_path: Path) -> None:
    """Those of one pipeline after those of the other, though their places are the same; a pipeline's line has the
    deals of its stages, and its shares are of these."""
    section = {"id": "stages", "forecast": {"show": "stages"}}
    folder = project(tmp_path, TWO_OF_EACH, "abcd")
    found = figures(folder, {"report": "custom", "period": "this_quarter", "sections": [section]}, NOW)
    stages = rows(found, "stages")
    assert [str(row["stage_name"]).split(" (")[0] for row in stages] == ["Proposal", "Contract"] * 2
    assert [str(row["stage_name"]).split(" (")[1] for row in stages] == ["New sales)"] * 2 + ["Renewals)"] * 2
    (first, above), (second, below) = found.sections[0].subtotals
    assert (first, second) == (2, 4)
    for name, cells, some in (("New sales", above, stages[:2]), ("Renewals", below, stages[2:])):
        deals = sum(row["deals_tested"] for row in some)
        won = sum(row["deals_tested"] * row["happened"] for row in some)
        assert cells[:2] == (name, deals)
        assert cells[2] == pytest.approx(won / deals)
