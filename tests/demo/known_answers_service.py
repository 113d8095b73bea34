"""Known answers of the customer service over the demo, in plain Python over its rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from tests.demo.known_answers import Row
from tests.demo.known_answers_more import Number, Period, left, local, middle, monthly, ratio


def cases(p: Period) -> list[Row]:
    """Those that count at all: neither merged into another nor spam."""
    return [c for c in p.rows("case_") if c["merged_into_id"] is None and not c["is_spam"]]


def resolved(p: Period) -> list[Row]:
    return [c for c in cases(p) if p.inside(c["resolved_at"])]


def _minutes(earlier: datetime, later: datetime) -> float:
    return (later - earlier).total_seconds() / 60


def in_business_hours(p: Period, case: Row) -> float:
    """Minutes of business hours between the opening and the resolution."""
    found = 0.0
    for day in p.rows("business_calendar"):
        if day["is_business"]:
            start = max(case["created_at"], day["opens_at"])
            end = min(case["resolved_at"], day["closes_at"])
            found += max(0.0, _minutes(start, end))
    return found


def calls(p: Period, direction: str = "inbound", outcome: str | None = None) -> list[Row]:
    return [
        c
        for c in p.rows("service_call")
        if c["direction"] == direction and p.inside(c["queued_at"]) and (outcome is None or c["outcome"] == outcome)
    ]


def handled(p: Period) -> list[Row]:
    return [
        c
        for c in p.rows("service_call")
        if c["direction"] == "inbound" and c["outcome"] == "answered" and p.inside(c["ended_at"])
    ]


def handle_time(p: Period) -> Number:
    seconds = (c["talk_s"] + (c["hold_s"] or 0) + (c["wrap_s"] or 0) for c in handled(p))
    return middle(seconds)


def agent_days(p: Period) -> int:
    return len({(c["agent_id"], local(c["answered_at"] or c["queued_at"])) for c in calls(p, outcome="answered")})


def promises(p: Period) -> tuple[int, int]:
    """Targets met, and targets decided, in the period."""
    counted = {c["case_id"] for c in cases(p) if c["created_at"] < p.end}
    met = decided = 0
    for event in p.rows("sla_event"):
        kept = event["fulfilled_at"] is not None and event["fulfilled_at"] <= event["due_at"]
        at = event["fulfilled_at"] if kept else event["due_at"]
        if event["case_id"] in counted and p.inside(at):
            decided += 1
            met += kept
    return met, decided


def _cases_of(p: Period, found: list[Row]) -> int:
    """How many different cases calls are about; one that was merged into another is that one."""
    merged = left(p, "case_", "case_id")
    return len({merged.get(c["case_id"], c["case_id"]) for c in found})


def business_days(p: Period) -> int:
    return sum(d["is_business"] and p.first <= d["day"] < p.after for d in p.rows("business_calendar"))


def opened(p: Period) -> list[Row]:
    return [c for c in cases(p) if p.inside(c["created_at"])]


def same_day(p: Period) -> int:
    return sum(local(c["created_at"]) == local(c["resolved_at"]) for c in resolved(p))


def abandoned(p: Period, shortest: int = 0) -> int:
    return sum(c["wait_s"] >= shortest for c in calls(p, outcome="abandoned"))


METRICS: dict[str, Callable[[Period], Number]] = {
    "cases_handled_count": lambda p: len(opened(p)),
    "cases_handled_count.resolved": lambda p: len(resolved(p)),
    "same_day_resolved_count": same_day,
    "same_day_resolved_count.within_24h": lambda p: sum(
        c["resolved_at"] - c["created_at"] <= timedelta(days=1) for c in resolved(p)
    ),
    "same_day_resolved_rate": lambda p: ratio(same_day(p), len(resolved(p))),
    "avg_resolution_time": lambda p: middle(_minutes(c["created_at"], c["resolved_at"]) for c in resolved(p)),
    "avg_resolution_time.first": lambda p: middle(
        _minutes(c["created_at"], c["first_resolved_at"]) for c in cases(p) if p.inside(c["first_resolved_at"])
    ),
    "avg_resolution_time.business_hours": lambda p: middle(in_business_hours(p, c) for c in resolved(p)),
    "complaint_resolution_time": lambda p: middle(
        _minutes(c["created_at"], c["resolved_at"]) for c in resolved(p) if c["type"] == "complaint"
    ),
    "open_cases_count": lambda p: sum(
        c["created_at"] < p.end and (c["resolved_at"] is None or c["resolved_at"] >= p.end) for c in cases(p)
    ),
    "service_calls_daily_avg": lambda p: ratio(len(calls(p)), (p.after - p.first).days),
    "service_calls_daily_avg.business_days": lambda p: ratio(len(calls(p)), business_days(p)),
    "calls_per_agent_day": lambda p: ratio(len(calls(p, outcome="answered")), agent_days(p)),
    "customer_callbacks_count": lambda p: sum(c["is_callback"] for c in calls(p, "outbound")),
    "callbacks_per_case": lambda p: ratio(len(calls(p, "outbound")), _cases_of(p, calls(p, "outbound"))),
    "service_cost_per_interaction": lambda p: ratio(
        monthly(p, "service_cost"), len(calls(p, outcome="answered")) + len(opened(p))
    ),
    "sla_compliance_rate": lambda p: ratio(*promises(p)),
    "abandoned_calls_count": abandoned,
    "abandoned_calls_count(shortest_wait=5)": lambda p: abandoned(p, 5),
    "abandonment_rate": lambda p: ratio(abandoned(p), len(calls(p))),
    "avg_handle_time": handle_time,
}
