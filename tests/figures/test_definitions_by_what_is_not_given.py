"""Definitions that hang on a field which the source need not give: no figure, or a word at it. And what an activity
that was called off is before the time that it has. All is counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.figures.asking import codes, figures, rows
from tests.figures.from_tables import project_of

NOW = datetime(2026, 10, 1, tzinfo=UTC)
# Hung up after 10 seconds, after 40, and at once; one was answered.
CALLS = (
    "call_id,direction,queued_at,outcome,talk_s{}\n"
    "1,inbound,2026-07-01 08:00:00,abandoned,0{}\n"
    "2,inbound,2026-07-02 08:00:00,abandoned,0{}\n"
    "3,inbound,2026-07-03 08:00:00,abandoned,0{}\n"
    "4,inbound,2026-07-04 08:00:00,answered,60{}\n"
)
WAITS = CALLS.format(",wait_s", ",10", ",40", ",0", ",90")
ENDS = CALLS.format(
    ",ended_at", ",2026-07-01 08:00:10", ",2026-07-02 08:00:40", ",2026-07-03 08:00:00", ",2026-07-04 08:02:30"
)
BOTH = CALLS.format(",wait_s,ended_at", ",10,2026-07-01 08:00:10", ",,2026-07-02 08:00:40", ",0,", ",90,")


def _asked(*metrics: str, **more: Any) -> dict[str, Any]:
    return {"report": "custom", "period": "2026-Q3", "sections": [{"id": "x", "kpis": list(metrics)}], **more}


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
@pytest.mark.parametrize("calls", [WAITS, ENDS, BOTH])
@pytest.mark.parametrize(("seconds", "right"), [(0, 3), (10, 2), (11, 1), (41, 0)])
def test_calls_abandoned_after_a_while(engine: str, calls: str, seconds: int, right: int, tmp_path: Path) -> None:
    metric = f"abandoned_calls_count(shortest_wait={seconds})" if seconds else "abandoned_calls_count"
    [tile] = rows(figures(project_of(tmp_path, {"service_call": calls}, engine), _asked(metric), NOW), "x")
    assert tile[metric] == right


def test_of_calls_of_which_nobody_knows_how_long_they_waited_only_all_are_counted(tmp_path: Path) -> None:
    project_of(tmp_path, {"service_call": CALLS.format("", "", "", "", "")})
    assert codes(tmp_path, _asked("abandoned_calls_count(shortest_wait=10)")) == ["unmapped-field"]
    assert codes(tmp_path, _asked("abandonment_rate(shortest_wait=10)")) == ["unmapped-field"]
    [tile] = rows(figures(tmp_path, _asked("abandoned_calls_count", "abandonment_rate"), NOW), "x")
    assert tile == {"abandoned_calls_count": 3, "abandonment_rate": 0.75}


DEALS = (
    "deal_id,status,amount,created_at,closed_at{}\n1,won,10,2026-07-01,2026-07-02{}\n2,won,20,2026-07-01,2026-07-02{}\n"
)


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "it"])
def test_of_renewals_that_the_source_does_not_tell_it_is_said_that_they_are_in(language: str, tmp_path: Path) -> None:
    project_of(tmp_path, {"deal": DEALS.format("", "", "")})
    found = figures(tmp_path, _asked("new_revenue_amount", "won_amount", language=language), NOW)
    [tiles] = rows(found, "x")
    assert tiles == {"new_revenue_amount": 30, "won_amount": 30}
    assert len(found.footnotes) == 1
    assert "{" not in found.footnotes[0]
    if language == "en":
        assert found.footnotes == ("New revenue: the source does not give “Deal type”, so nothing is left out by it.",)


def test_of_those_that_it_tells_nothing_is_said(tmp_path: Path) -> None:
    project_of(tmp_path, {"deal": DEALS.format(",deal_type", ",renewal", ",upsell")})
    found = figures(tmp_path, _asked("new_revenue_amount", "won_amount"), NOW)
    assert rows(found, "x") == [{"new_revenue_amount": 20, "won_amount": 30}]
    assert found.footnotes == ()


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_what_was_called_off_was_never_to_be_done(engine: str, tmp_path: Path) -> None:
    """At the end of March one of four is late, and one of four is planned: the others were called off, with a time
    after it, or done before."""
    activities = (
        "activity_id,type,status,due_at,done_at,created_at\n"
        "1,call,Cancelled,2026-03-10 08:00:00,2026-04-20 08:00:00,2026-03-01 08:00:00\n"
        "2,call,done,2026-03-10 08:00:00,2026-04-20 08:00:00,2026-03-01 08:00:00\n"
        "3,call,deleted,2026-04-02 08:00:00,2026-04-20 08:00:00,2026-03-01 08:00:00\n"
        "4,call,done,2026-04-02 08:00:00,2026-04-20 08:00:00,2026-03-01 08:00:00\n"
        "5,call,done,2026-03-11 08:00:00,2026-03-20 08:00:00,2026-03-01 08:00:00\n"
    )
    project_of(tmp_path, {"activity": activities}, engine)
    asked = {**_asked("activities_overdue_count", "activities_planned_count"), "period": "2026-03"}
    assert rows(figures(tmp_path, asked, NOW), "x") == [{"activities_overdue_count": 1, "activities_planned_count": 1}]
