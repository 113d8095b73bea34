"""Without a history of deals their stages of the past are not known: those of today are shown for what they are. Numbers
are counted by hand from the rows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec.model.figures import Section
from tests.figures.asking import codes, figures, rows
from tests.figures.from_tables import project_of

STAGES = "stage_id,name,position,is_won,is_lost\nA,Talk,1,false,false\nB,Offer,2,false,false\nW,Won,3,true,false\nL,Lost,4,false,true\n"
# At the end of June all but `late` are there; `won` and `lost` were closed in August, `old` in June.
DEALS = """deal_id,stage_id,status,amount,currency,created_at,closed_at,account_id
a,A,open,1,EUR,2026-02-01 09:00:00,,k
b,B,open,20,EUR,2026-05-01 09:00:00,,k
won,W,won,300,EUR,2026-05-01 09:00:00,2026-08-02 09:00:00,k
lost,L,lost,4000,EUR,2026-05-01 09:00:00,2026-08-03 09:00:00,k
old,L,lost,50000,EUR,2026-02-01 09:00:00,2026-06-03 09:00:00,k
late,A,open,7,EUR,2026-08-03 09:00:00,,k
"""
TABLES = {"stage": STAGES, "deal": DEALS}
BY_STAGE = {"id": "x", "breakdown": {"metrics": ["open_opportunities_count", "open_amount"], "by": ["stage.name"]}}
SPEC: dict[str, Any] = {"period": "2026-Q2", "compare": "previous_period", "sections": [BY_STAGE]}
NOTE = "Without a name: deals that have been closed since. Their state of today is not that of then."


def test_stages_of_today_are_compared_with_none(tmp_path: Path) -> None:
    found = figures(project_of(tmp_path, TABLES), SPEC)
    [section] = found.sections
    got = {row["stage.name"]: row["open_opportunities_count"] for row in rows(found, "x")}
    assert got == {"Talk": 1, "Offer": 1, None: 2}  # of those closed since nobody knows in which they were
    previous = [at for at, column in enumerate(section.columns) if column.role == "previous"]
    assert {row[at] for row in section.rows for at in previous} == {None}
    assert section.total is not None
    assert [section.total[at] for at in previous] == [2, 50001]  # how many were open is known: `a` and `old`
    assert NOTE in section.notes


def _with_history(folder: Path) -> Section:
    changes = "deal_id,stage_id,entered_at\na,B,2026-02-01 09:00:00\na,A,2026-05-01 09:00:00\nb,A,2026-05-01 09:00:00\nb,B,2026-09-01 09:00:00\n"
    return figures(project_of(folder, {**TABLES, "deal_stage_history": changes}), SPEC).sections[0]


def test_with_a_history_they_are_compared(tmp_path: Path) -> None:
    section = _with_history(tmp_path)
    found = {row[0]: row[1:3] for row in section.rows}
    assert found["Talk"] == (2, 0)  # `a` and `b` as they were in June, none in March
    assert NOTE not in section.notes


def test_as_of_now_a_row_without_a_stage_has_none(tmp_path: Path) -> None:
    deals = DEALS.replace("late,A", "late,")
    now = datetime(2026, 9, 1, tzinfo=UTC)
    found = figures(project_of(tmp_path, {**TABLES, "deal": deals}), {**SPEC, "period": "this_month"}, now)
    assert NOTE not in found.sections[0].notes


@pytest.mark.parametrize("mapped", [False, True])
def test_nobody_knows_from_which_stage_they_were_lost(mapped: bool, tmp_path: Path) -> None:
    deals = DEALS
    if mapped:
        head, *lines = DEALS.splitlines()
        deals = (
            "\n".join([f"{head},lost_stage_id", *(f"{line},{'B' if ',lost,' in line else ''}" for line in lines)])
            + "\n"
        )
    project = project_of(tmp_path, {**TABLES, "deal": deals})
    own = {"id": "x", "breakdown": {"metrics": ["lost_deals_count"], "by": ["deal.lost_stage.name"]}}
    standard = figures(project, {"report": "lost_deals", "period": "2026-Q2"})
    sections = [one for one in standard.sections if one.id == "by_stage"]
    if mapped:
        assert rows(figures(project, {"period": "2026-Q2", "sections": [own]}), "x")[0]["lost_deals_count"] == 1
        assert [row[:2] for row in sections[0].rows] == [("Offer", 1)]
    else:
        assert codes(project, {"period": "2026-Q2", "sections": [own]}) == ["unmapped-field"]
        assert not sections
        said = [note for one in standard.sections for note in one.notes if note.startswith("Not available")]
        assert any("Stage lost from (needs: Stage when lost)" in note for note in said)


@pytest.mark.parametrize(
    ("filters", "named", "told"), [([{"field": "stage.name", "eq": "Talk"}], [1], True), ([], [1, 20], False)]
)
def test_what_needs_attention_says_when_it_goes_by_stages_of_today(
    filters: list[dict[str, Any]], named: list[int], told: bool, tmp_path: Path
) -> None:
    """Open at the end of June, and known to have been so: `a`, in a stage that is today's, and `b`."""
    work = {"entity": "deal", "fields": ["deal.status"], "amount": "deal.amount"}
    work["reasons"] = [{"where": "deal.status = 'open' and deal.amount < 300", "say": "open"}]
    spec = {
        "period": "2026-Q2",
        "sections": [{"id": "n", "attention": work}],
        **({"filters": filters} if filters else {}),
    }
    [section] = figures(project_of(tmp_path, TABLES), spec).sections
    assert sorted(row[-1] for row in section.rows) == sorted(named)
    assert any("goes by their states of today" in note for note in section.notes) is told
