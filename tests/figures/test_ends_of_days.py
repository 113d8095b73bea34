"""The end of a day is the first instant of the next one, whoever names it; and a day by which something
is due is past when it is over."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunCli
from tests.figures.asking import figures, rows

FILES = {
    # Of the 12th, in Rome: the last second, and the last instant.
    "deals": "id,status,amount,created,expected,closed\n"
    "a,won,100,2026-11-01 10:00:00,2026-11-30,2026-11-12 23:59:59\n"
    "b,won,10,2026-11-01 10:00:00,2026-11-30,2026-11-12 23:59:59.999999\n"
    "c,won,1,2026-11-01 10:00:00,2026-11-30,2026-11-13 00:00:00\n"
    "d,open,1000,2026-11-01 10:00:00,2026-11-11,\n"
    "e,open,2000,2026-11-01 10:00:00,2026-11-12,\n"
    "f,open,4000,2026-11-01 10:00:00,2026-11-13,\n",
    # The 30th day after 13 October is 12 November.
    "contracts": "id,account,starts,ends,value,next\n"
    "k,x,2025-10-13,2026-10-13,1000,\nl,x,2025-10-12,2026-10-12,1000,m\nm,x,2026-10-13,2027-10-12,1000,\n",
    "tasks": "id,type,due,done,created\n"
    "1,task,2026-11-12 23:59:59,,2026-11-01 09:00:00\n2,call,2026-11-13 00:00:00,,2026-11-01 09:00:00\n"
    "3,call,,2026-11-12 23:59:59.999999,2026-11-01 09:00:00\n",
    "todos": "id,type,due,done,created\n1,task,2026-11-11,,2026-11-01 09:00:00\n2,task,2026-11-12,,2026-11-01 09:00:00\n"
    "3,task,2026-11-18,,2026-11-01 09:00:00\n4,task,2026-11-19,,2026-11-01 09:00:00\n"
    "5,task,2026-11-10,2026-11-10 10:00:00,2026-11-01 09:00:00\n",
}
MAPPING: dict[str, Any] = {
    "deal": {
        "table": "deals",
        "key": "id",
        "fields": {
            "name": "id",
            "status": "status",
            "amount": "amount",
            "created_at": "created",
            "expected_close_date": "expected",
            "closed_at": "closed",
        },
    },
    "contract": {
        "table": "contracts",
        "key": "id",
        "fields": {
            "account_id": "account",
            "starts_at": "starts",
            "ends_at": "ends",
            "value": "value",
            "renewed_by_contract_id": "next",
        },
    },
    "account": {"rows": [{"account_id": "x", "name": "X"}]},
    "activity": {
        "table": "tasks",
        "key": "id",
        "fields": {"type": "type", "due_at": "due", "done_at": "done", "created_at": "created"},
    },
}
TODOS = {**MAPPING["activity"], "table": "todos"}
KPIS = ["won_amount", "open_opportunities_count", "overdue_deals_count", "contracts_due_count"]
KPIS += ["contracts_pending_count", "activities_overdue_count", "activities_planned_count", "activities_done_count"]


def project(folder: Path, zone: str = "Europe/Rome", source_zone: str | None = None, **other: Any) -> Path:
    for name, text in FILES.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    files = ", ".join(f"{name}: {name}.csv" for name in FILES)
    (folder / "reportspec.yaml").write_text(
        f"version: 1\nsource: {{files: {{{files}}}}}\nmapping: map.yaml\ntimezone: {zone}\ncurrency: EUR\n"
        f"source_timezone: {source_zone or zone}\n"
    )
    (folder / "map.yaml").write_text(json.dumps({"entities": {**MAPPING, **other}}))
    return folder


def told(run_cli: RunCli, folder: Path, spec: dict[str, Any], *more: str) -> dict[str, Any]:
    (folder / "s.yaml").write_text(json.dumps({"version": 1, "report": "custom", **spec}))
    ran = run_cli(["query", "s.yaml", "--format", "json", *more], cwd=folder)
    assert ran.returncode == 0, ran.stderr
    [section] = json.loads(ran.stdout)["sections"]
    [row] = section["rows"]
    return dict(row)


@pytest.mark.parametrize("zone", ["Europe/Rome", "America/New_York", "UTC"])
def test_a_day_that_is_named_is_told_to_its_end_however_it_is_named(zone: str, tmp_path: Path, run_cli: RunCli) -> None:
    folder = project(tmp_path, zone)
    spec = {"period": "2026-Q4", "sections": [{"kpis": KPIS}]}
    ways = [
        told(run_cli, folder, spec, "--today", "2026-11-12"),
        told(run_cli, folder, {**spec, "as_of": "2026-11-12"}, "--today", "2026-12-31"),
        told(run_cli, folder, {**spec, "period": {"from": "2026-10-01", "to": "2026-11-12"}}, "--today", "2026-11-12"),
    ]
    # Won are a and b; open still c, d, e, f; past their date d and e. K's last day of grace is over.
    assert ways == [dict(zip(KPIS, (110, 4, 2, 2, 0, 1, 1, 1), strict=True))] * 3


def test_an_audit_of_a_day_stands_where_the_report_of_that_day_stands(tmp_path: Path, run_cli: RunCli) -> None:
    """Past their date are d of the 11th and e of the 12th, which is over; to-dos of the 11th and the 12th are late."""
    folder = project(tmp_path, activity=TODOS)
    done = run_cli(["audit", "--today", "2026-11-12", "--format", "json", "--fail-on", "never"], cwd=folder)
    found = {one["check"]: one["broken"] for entity in json.loads(done.stdout)["entities"] for one in entity["checks"]}
    assert (found["deal_close_date_past"], found["activity_overdue"]) == (2, 2)
    asked = {"period": "2026-Q4", "sections": [{"kpis": ["overdue_deals_count", "activities_overdue_count"]}]}
    assert list(told(run_cli, folder, asked, "--today", "2026-11-12").values()) == [2, 2]


def test_the_last_day_of_a_period_ends_it(tmp_path: Path) -> None:
    # As `--today 2026-11-12` is in Rome; the report of that day is whole, and no notice says otherwise.
    night = datetime(2026, 11, 12, 22, 59, 59, 999_999, tzinfo=UTC)
    found = figures(project(tmp_path), {"period": "today", "sections": [{"kpis": ["won_amount"]}]}, night)
    assert not found.notices
    assert [kpi.value for kpi in found.sections[0].kpis] == [110]


@pytest.mark.parametrize("zones", [("Europe/Rome", None), ("Europe/Rome", "America/New_York"), ("UTC", "Asia/Tokyo")])
@pytest.mark.parametrize(
    ("now", "past", "late", "planned"),
    [
        # By the report's clock the 12th has begun: what is due on it may still come. Of the to-dos, those of the
        # 12th and the 18th are within seven days, today being the first of them.
        ("2026-11-12T12:00", 1, 1, 2),
        # The 13th: the days until the 19th.
        ("2026-11-13T12:00", 2, 2, 2),
        ("2026-11-14T12:00", 3, 2, 2),
    ],
)
def test_a_day_is_past_when_it_is_over(
    zones: tuple[str, str | None], now: str, past: int, late: int, planned: int, tmp_path: Path
) -> None:
    folder = project(tmp_path, *zones, activity=TODOS)
    moment = datetime.fromisoformat(f"{now}+00:00")
    listed = {
        "entity": "deal",
        "fields": ["deal.name"],
        "where": "deal.status = 'open' and deal.expected_close_date < as_of",
    }
    asked = {
        "report": "custom",
        "period": "2026-Q4",
        "sections": [
            {"id": "k", "kpis": ["overdue_deals_count", "activities_overdue_count", "activities_planned_count"]},
            {"id": "l", "records": listed},
        ],
    }
    found = figures(folder, asked, moment)
    assert [kpi.value for kpi in found.sections[0].kpis] == [past, late, planned]
    assert sorted(row["deal.name"] for row in rows(found, "l")) == ["d", "e", "f"][:past]


def test_an_agent_s_day_is_that_of_the_answer(tmp_path: Path) -> None:
    # Both calls came on the 5th; the second was answered five seconds into the 6th. Two agent days, unless
    # the source has no time of answering.
    (tmp_path / "calls.csv").write_text(
        "id,agent,direction,queued,answered,ended,outcome,talk\n"
        "1,u,inbound,2026-10-05 10:00:00,2026-10-05 10:00:05,2026-10-05 10:05:00,answered,60\n"
        "2,u,inbound,2026-10-05 23:59:55,2026-10-06 00:00:05,2026-10-06 00:05:00,answered,60\n"
    )
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {calls: calls.csv}}\nmapping: map.yaml\ntimezone: UTC\ncurrency: EUR\n"
    )
    fields = {"agent_id": "agent", "direction": "direction", "queued_at": "queued", "answered_at": "answered"}
    fields |= {"ended_at": "ended", "outcome": "outcome", "talk_s": "talk"}
    asked = {
        "report": "custom",
        "period": "2026-10",
        "sections": [{"kpis": ["agent_days_count", "calls_per_agent_day"]}],
    }
    for given, values in ((fields, [2, 1.0]), ({k: v for k, v in fields.items() if k != "answered_at"}, [1, 2.0])):
        (tmp_path / "map.yaml").write_text(
            json.dumps(
                {
                    "entities": {
                        "service_call": {"table": "calls", "fields": given},
                        "user": {"rows": [{"user_id": "u"}]},
                    }
                }
            )
        )
        found = figures(tmp_path, asked, datetime(2026, 12, 1, tzinfo=UTC))
        assert [kpi.value for kpi in found.sections[0].kpis] == values


def test_calls_of_nothing_that_is_counted_below_the_line_do_not_count_above_it(tmp_path: Path) -> None:
    """Three callbacks on two cases, three on none: 1.5 a case. Two calls that an agent answered on one day, two of nobody."""
    lines = [f"b{at},{case},,outbound,answered,true" for at, case in enumerate(("A", "A", "B", "", "", ""))]
    lines += [f"a{at},,{agent},inbound,answered,false" for at, agent in enumerate(("u", "u", "", ""))]
    calls = "".join(f"{line},2026-10-05 10:00:00\n" for line in lines)
    (tmp_path / "calls.csv").write_text("id,case_id,agent_id,direction,outcome,is_callback,queued_at\n" + calls)
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {calls: calls.csv}}\nmapping: map.yaml\ntimezone: UTC\ncurrency: EUR\n"
    )
    fields = {name: name for name in ("case_id", "agent_id", "direction", "outcome", "is_callback", "queued_at")}
    (tmp_path / "map.yaml").write_text(
        json.dumps(
            {
                "entities": {
                    "service_call": {"table": "calls", "fields": fields},
                    "case_": {"rows": [{"case_id": "A"}, {"case_id": "B"}]},
                    "user": {"rows": [{"user_id": "u"}]},
                }
            }
        )
    )
    kpis = ["customer_callbacks_count", "callbacks_per_case", "answered_calls_count", "calls_per_agent_day"]
    asked = {"report": "custom", "period": "2026-10", "sections": [{"kpis": kpis}]}
    found = figures(tmp_path, asked, datetime(2026, 12, 1, tzinfo=UTC))
    assert [kpi.value for kpi in found.sections[0].kpis] == [6, 1.5, 4, 2]
