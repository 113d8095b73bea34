"""The demo's marketing and service: the edges that metrics must get right are there."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from reportspec.demo import tables

Row = dict[str, Any]
ROME = ZoneInfo("Europe/Rome")


@cache
def rows(name: str) -> list[Row]:
    table = tables([name])[name]
    names = [column for column, _ in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def local(moment: datetime) -> date:
    return moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(ROME).date()


def test_cases_at_the_edges() -> None:
    cases = rows("case_")
    over_midnight = [
        c
        for c in cases
        if c["resolved_at"]
        and c["resolved_at"] - c["created_at"] < timedelta(hours=1)
        and local(c["created_at"]) != local(c["resolved_at"])
    ]
    assert over_midnight
    assert any(c["reopen_count"] and c["first_resolved_at"] < c["resolved_at"] for c in cases)
    assert any(c["resolved_at"] is None for c in cases)
    assert any(c["merged_into_id"] for c in cases)
    assert any(c["is_spam"] for c in cases)
    assert {c["type"] for c in cases} == {"question", "incident", "complaint", None}
    assert all(c["resolved_at"] is None or c["resolved_at"] >= c["created_at"] for c in cases)


def test_promises_are_met_missed_and_pending() -> None:
    events = rows("sla_event")
    assert {e["metric"] for e in events} == {"first_response", "resolution"}
    met = [e for e in events if e["fulfilled_at"] and e["fulfilled_at"] <= e["due_at"]]
    late = [e for e in events if e["fulfilled_at"] and e["fulfilled_at"] > e["due_at"]]
    never = [e for e in events if e["fulfilled_at"] is None]
    assert len(met) > len(late) > 100
    assert any(e["due_at"] > datetime(2026, 10, 31, 23) for e in never)
    assert any(e["due_at"] < datetime(2026, 10, 1) for e in never)


def test_calls_have_every_outcome() -> None:
    calls = rows("service_call")
    counts = Counter((c["direction"], c["outcome"]) for c in calls)
    for outcome in ("answered", "abandoned", "voicemail", "outside_hours"):
        assert counts["inbound", outcome] > 20
    assert all((c["talk_s"] is not None) == (c["outcome"] == "answered") for c in calls)
    assert any(c["talk_s"] and c["wrap_s"] is None for c in calls)
    assert any(c["outcome"] == "abandoned" and c["wait_s"] < 5 for c in calls)
    assert all(c["is_callback"] == (c["direction"] == "outbound") for c in calls)


def test_contracts_are_renewed_in_time_late_and_not() -> None:
    contracts = {c["contract_id"]: c for c in rows("contract")}
    gaps = [
        (contracts[c["renewed_by_contract_id"]]["starts_at"] - c["ends_at"]).days
        for c in contracts.values()
        if c["renewed_by_contract_id"]
    ]
    assert 0 in gaps
    assert any(0 < gap <= 30 for gap in gaps)
    assert any(gap > 30 for gap in gaps)
    assert any(c["cancelled_at"] for c in contracts.values())


def test_one_campaign_got_no_answer() -> None:
    answers: Counter[str] = Counter()
    for member in rows("campaign_member"):
        answers[member["campaign_id"]] += member["responded_at"] is not None
    assert 0 in answers.values()
    assert max(answers.values()) > 5


def test_referrals_repeat_and_refer_to_oneself() -> None:
    pairs = Counter((r["referrer_contact_id"], r["referred_lead_id"]) for r in rows("referral"))
    assert max(pairs.values()) == 2
    assert any(r["referred_contact_id"] == r["referrer_contact_id"] for r in rows("referral"))


def test_somebody_came_back_to_the_list() -> None:
    stays = Counter((m["list_id"], m["contact_id"]) for m in rows("list_membership"))
    assert max(stays.values()) >= 2
    assert {m["status"] for m in rows("list_membership")} == {
        "subscribed",
        "unsubscribed",
        "cleaned",
    }


def test_visits_bounce_cross_midnight_and_complete_goals_twice() -> None:
    visits = rows("web_session")
    assert any(v["is_bot"] for v in visits)
    assert any(v["started_at"] == v["ended_at"] for v in visits)
    assert any(local(v["started_at"]) != local(v["ended_at"]) for v in visits)
    done = Counter(c["session_id"] for c in rows("goal_completion"))
    assert max(done.values()) >= 2


def test_business_hours_are_nine_to_six_in_rome() -> None:
    for day in rows("business_calendar"):
        if day["is_business"]:
            hours = [day[name].replace(tzinfo=ZoneInfo("UTC")).astimezone(ROME) for name in ("opens_at", "closes_at")]
            assert [h.hour for h in hours] == [9, 18]
            assert {h.date() for h in hours} == {day["day"]}
            assert day["day"].weekday() < 5
    closed = {d["day"] for d in rows("business_calendar") if not d["is_business"]}
    assert {date(2026, 4, 6), date(2026, 6, 2), date(2026, 8, 15)} <= closed
