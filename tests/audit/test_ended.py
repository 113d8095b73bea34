"""What an audit holds dates against where the data end before it, and what it does not ask of a table that has ended while
others go on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from reportspec.audit.project_audit import AuditOrder, audit_project
from reportspec.building import make
from reportspec.model.audits import Audit, Outcome
from tests.figures.from_tables import project_of
from tests.loading import load_report

NOW = datetime(2026, 10, 20, 9, tzinfo=UTC)
FIRST = date(2026, 1, 5)
DEALS = "deal_id,name,status,amount,currency,created_at,closed_at,expected_close_date\n"
CALLS = "activity_id,deal_id,type,status,created_at,due_at,done_at\n"


def days(last: date) -> list[date]:
    """Every other day from January up to one."""
    return [last - timedelta(days=n) for n in range(0, (last - FIRST).days, 2)]


def project(folder: Path, deals: list[date], calls: list[date], open_since: list[date], more: str = "") -> Path:
    """Won deals and calls of days, and open deals without a call that were created on others; they are due a week
    later."""
    won = [f"w{n},W{n},won,10,EUR,{day} 08:00:00,{day} 12:00:00,{day}\n" for n, day in enumerate(deals)]
    still = [f"o{n},O{n},open,10,EUR,{day} 08:00:00,,{day + timedelta(days=7)}\n" for n, day in enumerate(open_since)]
    done = [f"c{n},w0,call,done,{day} 10:00:00,,{day} 10:00:00\n" for n, day in enumerate(calls)]
    tables = {"deal": DEALS + "".join(won + still), "activity": CALLS + "".join(done) + more}
    return project_of(folder, tables) / "reportspec.yaml"


def audit(place: Path, clock: bool = True, now: datetime = NOW) -> Audit:
    made = audit_project(place, AuditOrder(now, {}, clock=clock))
    assert made.audit is not None, made.diagnostics
    return made.audit


def of(found: Audit, check: str) -> Outcome:
    [one] = [outcome for outcome in found.outcomes if outcome.check.id == check]
    return one


@pytest.mark.parametrize("clock", [True, False])
def test_deals_are_not_asked_for_activities_that_have_ended(tmp_path: Path, clock: bool) -> None:
    """Calls end in May, deals go on; a call that was due on 1 June is not late on the last day of calls, 30 May, and one
    of 20 May is."""
    late = "x1,w0,call,open,2026-05-01 10:00:00,2026-05-20 10:00:00,\n"
    late += "x2,w0,call,open,2026-05-01 10:00:00,2026-06-01 10:00:00,\n"
    place = project(tmp_path, days(date(2026, 10, 19)), days(date(2026, 5, 30)), [date(2026, 8, 1)], late)
    found = audit(place, clock)
    assert found.ended is None
    stalled = of(found, "deal_stalled")
    assert (stalled.level, stalled.lacks, stalled.why) == ("not_applicable", "activity", "stale")
    told = of(found, "stale-table")
    assert (told.check.entity, told.level, told.check.contract and told.check.contract.value) == (
        "activity",
        "warning",
        "2026-05-30",
    )
    assert {one.key for one in of(found, "activity_overdue").examples} == {"x1"}
    assert of(found, "deal_close_date_past").broken == 1  # deals go on: against today


def test_what_others_tell_is_held_against_their_end(tmp_path: Path) -> None:
    """Deals end in May, and calls go on: a deal that was called two days ago is neither quiet nor without a call, and one
    that was due after the last day of deals is not late."""
    end = date(2026, 5, 30)
    calls = "".join(f"y{n},o{n},call,done,2026-10-18 10:00:00,,2026-10-18 10:00:00\n" for n in range(2))
    still = [end - timedelta(days=60), end - timedelta(days=3), end - timedelta(days=50)]
    place = project(tmp_path, days(end), days(date(2026, 10, 19)), still, calls)
    found = audit(place)
    assert of(found, "stale-table").check.entity == "deal"
    assert {one.key for one in of(found, "deal_stalled").examples} == {"o2"}
    assert {one.key for one in of(found, "deal_without_activity").examples} == {"o2"}
    assert {one.key for one in of(found, "deal_close_date_past").examples} == {"o0", "o2"}


def test_where_all_data_end_dates_are_held_against_their_end(tmp_path: Path) -> None:
    """All end on 30 May, when one open deal is 40 days old and the other 20."""
    end = date(2026, 5, 30)
    still = [end - timedelta(days=40), end - timedelta(days=20)]
    place = project(tmp_path, days(end), days(end), still)
    found = audit(place)
    assert found.ended is not None
    assert found.ended == datetime(2026, 5, 30, 22, tzinfo=UTC)  # the end of that day in Rome
    assert {one.key for one in of(found, "deal_stalled").examples} == {"o0"}
    assert not [one for one in found.outcomes if one.check.id == "stale-table"]
    # Who says the day means it.
    said = audit(place, clock=False)
    assert said.ended is None
    assert {one.key for one in of(said, "deal_stalled").examples} == {"o0", "o1"}


def test_how_fresh_data_are_is_a_question_of_the_clock(tmp_path: Path) -> None:
    end = date(2026, 5, 30)
    place = project(tmp_path, days(end), days(end), [])
    (tmp_path / "audits").mkdir()
    own = "audits:\n  - {audit: our_fresh, fresh_within: {field: deal.created_at, days: 30}}\n"
    (tmp_path / "audits" / "ours.yaml").write_text(own, encoding="utf-8")
    found = audit(place)
    assert found.ended is not None
    assert of(found, "our_fresh").broken == 1


def test_a_slip_far_behind_all_others_is_no_going_on(tmp_path: Path) -> None:
    """All end on 30 May, but for a call that was entered for September."""
    end = date(2026, 5, 30)
    place = project(tmp_path, days(end), [*days(end), date(2026, 9, 1)], [end - timedelta(days=20)])
    found = audit(place)
    assert found.ended == datetime(2026, 5, 30, 22, tzinfo=UTC)
    assert of(found, "deal_stalled").broken == 0
    assert not [one for one in found.outcomes if one.check.id == "stale-table"]
    # It is told as what it is, done after all else had ended.
    assert of(found, "activity_done_in_future").broken == 1


def test_a_table_of_few_days_is_never_taken_for_one_that_has_ended(tmp_path: Path) -> None:
    place = project(tmp_path, days(date(2026, 10, 19)), days(date(2026, 5, 30))[:10], [date(2026, 8, 1)])
    assert of(audit(place), "deal_stalled").broken == 1


def test_the_report_says_it_too(tmp_path: Path) -> None:
    end = date(2026, 5, 30)
    project(tmp_path, days(end), days(end), [])
    path = tmp_path / "dq.yaml"
    path.write_text("version: 1\nreport: data_quality\nperiod: 2026-Q3\nlocale: en_GB\n", encoding="utf-8")
    for clock in (True, False):
        checked = load_report(path, NOW, {}, clock=clock)
        assert checked.report is not None
        [(_, found)] = make(path, checked.report).figures
        [summary] = [one for one in found.sections if one.id == "headline"]
        told = "The data end on 30 May 2026: dates are held against the end of that day."
        assert (told in summary.notes) is clock
