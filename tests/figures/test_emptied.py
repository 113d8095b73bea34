"""A table without rows by which something is told of other records is as if it were not mapped, and told. What is
right is counted by hand from the rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reportspec.errors import SourceError
from reportspec.model.figures import Figures
from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

STAGES = "stage_id,name,position,probability,is_won,is_lost\nA,Talk,1,0.2,false,false\nB,Offer,2,0.5,false,false\nW,Won,3,1,true,false\n"
DEALS = """deal_id,name,stage_id,status,amount,currency,created_at,closed_at,expected_close_date,owner_id
a,a,A,open,1,EUR,2026-02-01 09:00:00,,2026-12-01,u
b,b,B,open,20,EUR,2026-05-01 09:00:00,,2026-12-01,u
won,won,W,won,300,EUR,2026-05-01 09:00:00,2026-08-02 09:00:00,2026-07-01,u
"""
USERS = "user_id,name\nu,Una\n"
LEADS = "lead_id,owner_id,created_at,first_response_at\nl,u,2026-05-01 09:00:00,\n"
HISTORY = "deal_id,stage_id,entered_at\n"
ACTIVITIES = "activity_id,deal_id,lead_id,type,owner_id,created_at,due_at,done_at\n"
CHANGES = (
    HISTORY
    + "a,A,2026-02-01 09:00:00\nb,A,2026-05-01 09:00:00\nb,B,2026-05-20 09:00:00\nwon,B,2026-05-01 09:00:00\nwon,W,2026-08-02 09:00:00\n"
)
DONE = (
    ACTIVITIES
    + "1,a,,call,u,2026-06-20 09:00:00,,2026-06-20 09:00:00\n2,b,,call,u,2026-06-21 09:00:00,,2026-06-21 09:00:00\n3,,l,call,u,2026-06-22 09:00:00,,2026-06-22 09:00:00\n"
)
BASE = {"stage": STAGES, "deal": DEALS, "user": USERS, "lead": LEADS}
FULL = {**BASE, "deal_stage_history": CHANGES, "activity": DONE}
EMPTY = {"deal_stage_history": HISTORY, "activity": ACTIVITIES}
REPORTS = ("pipeline", "sales_forecast", "sales_cycle", "lost_deals", "leads")


def _shown(found: Figures) -> dict[str, Any]:
    """What stands in a report but for what is told of the source."""
    return {
        one.id: ([column.label for column in one.columns], one.rows, one.total)
        for one in found.sections
        if one.id != "source"
    }


def _told(found: Figures) -> list[str]:
    return [one.message.split("`")[1] for one in found.warnings if one.code == "no-rows" and "as if" in one.message]


@pytest.mark.parametrize("name", EMPTY)
@pytest.mark.parametrize("report", REPORTS)
def test_emptied_is_as_if_not_mapped(report: str, name: str, tmp_path: Path) -> None:
    """Slow: two reports are made of each type and table."""
    spec = {"report": report, "period": "2026-Q2", "compare": "previous_period"}
    without = {one: text for one, text in FULL.items() if one != name}
    for folder in ("empty", "without"):
        (tmp_path / folder).mkdir()
    emptied = figures(project_of(tmp_path / "empty", {**FULL, name: EMPTY[name]}), spec)
    unmapped = figures(project_of(tmp_path / "without", without), spec)
    assert _shown(emptied) == _shown(unmapped)
    assert not _told(unmapped)


def test_an_empty_history_changes_no_figure(tmp_path: Path) -> None:
    """At the end of June 1 is in A (20 %), 20 in B (50 %), and 300, which was won since, in B by the history: 160.2."""
    metrics = ["open_amount", "open_weighted_amount"]
    spec = {"period": "2026-Q2", "sections": [{"id": "x", "kpis": metrics}]}
    for folder in ("full", "empty"):
        (tmp_path / folder).mkdir()
    [right] = rows(figures(project_of(tmp_path / "full", FULL), spec), "x")
    assert [right[one] for one in metrics] == [321, pytest.approx(160.2)]
    found = figures(project_of(tmp_path / "empty", {**FULL, **EMPTY}), spec)
    [row] = rows(found, "x")
    assert [row[one] for one in metrics] == [321, None]  # it was open; of which stage nobody knows
    assert _told(found) == ["deal_stage_history"]
    assert "Stage changes: the source has none." in str(found)


def test_no_activity_is_said_where_there_are_none_at_all(tmp_path: Path) -> None:
    spec = {"report": "pipeline", "period": "2026-Q2"}
    found = figures(project_of(tmp_path, {**FULL, "activity": ACTIVITIES}), spec)
    text = str([(one.columns, one.rows) for one in found.sections])
    assert not [one for one in ("stalled_deals_count", "no_next_step_count", "no activity") if one in text]
    assert _told(found) == ["activity"]


def test_what_is_asked_for_by_name_is_refused(tmp_path: Path) -> None:
    spec = {"period": "2026-Q2", "sections": [{"id": "x", "kpis": ["stalled_deals_count"]}]}
    with pytest.raises(SourceError) as refused:
        figures(project_of(tmp_path, {**FULL, "activity": ACTIVITIES}), spec)
    assert "no rows of `activity`" in str(refused.value.args)


def test_without_records_nothing_is_missed(tmp_path: Path) -> None:
    head = DEALS.splitlines()[0] + "\n"
    spec = {"period": "2026-Q2", "sections": [{"id": "x", "kpis": ["stalled_deals_count", "stage_advances_count"]}]}
    [row] = rows(
        figures(project_of(tmp_path, {**FULL, **EMPTY, "deal": head, "lead": LEADS.splitlines()[0]}), spec), "x"
    )
    assert (row["stalled_deals_count"], row["stage_advances_count"]) == (0, 0)


def test_with_a_report_for_each_value(tmp_path: Path) -> None:
    from reportspec.building import make
    from tests.loading import load_report

    folder = project_of(tmp_path, {**FULL, **EMPTY})
    (folder / "x.yaml").write_text("version: 1\nreport: pipeline\nperiod: 2026-Q2\nfor_each: user.name\n")
    checked = load_report(folder / "x.yaml", datetime(2026, 11, 1, tzinfo=UTC), {})
    assert checked.report is not None
    made = make(folder / "x.yaml", checked.report)
    [(_, found)] = made.figures
    [tiles] = [one for one in found.sections if one.id == "headline"]
    assert dict(zip([c.name for c in tiles.columns], tiles.rows[0], strict=True))["open_weighted_amount"] is None
    assert {one.message.split("`")[1] for one in made.warnings if one.code == "no-rows"} >= set(EMPTY)


def test_a_table_that_has_ended_is_told_where_its_silence_counts(tmp_path: Path) -> None:
    """Of activities there is one each day up to the end of May, of deals up to October."""
    day = datetime(2026, 4, 1, 9)
    lines = [f"{at},a,,call,u,{day + timedelta(at)},,{day + timedelta(at)}\n" for at in range(60)]
    deals = [f"d{at},d,A,open,1,EUR,{day + timedelta(at)},,2026-12-01,u\n" for at in range(200)]
    tables = {**FULL, "activity": ACTIVITIES + "".join(lines), "deal": DEALS + "".join(deals)}
    spec = {"period": "2026-Q3", "sections": [{"id": "x", "kpis": ["stalled_deals_count"]}]}
    found = figures(project_of(tmp_path, tables), spec, datetime(2026, 10, 18, tzinfo=UTC), clock=True)
    assert "stale-table" in {one.code for one in found.warnings}
    assert any("nothing has changed since May 30, 2026" in note for note in found.footnotes)


def test_audits_ask_nothing_of_it(tmp_path: Path) -> None:
    """On `a` and `b` nothing has been done for 30 days; without activities nobody knows."""
    from reportspec.audit.project_audit import AuditOrder, audit_project

    found = {}
    for name, tables in (("full", FULL), ("empty", {**FULL, "activity": ACTIVITIES})):
        (tmp_path / name).mkdir()
        project_of(tmp_path / name, tables)
        audit = audit_project(tmp_path / name / "reportspec.yaml", AuditOrder(datetime(2026, 11, 1, tzinfo=UTC), {}))
        assert audit.audit is not None, audit.diagnostics
        found[name] = {one.check.id: (one.level, one.lacks) for one in audit.audit.outcomes}
    assert found["full"]["deal_stalled"][0] == "warning"
    assert found["empty"]["deal_stalled"] == ("not_applicable", "activity")
