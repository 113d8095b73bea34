"""What is over by its status counts as over, though it has no time of it, and the reader is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec.model.figures import Figures
from tests.figures.asking import figures, rows

FILES = {
    "acts": "id,type,status,created,due,done\n"
    "a,call,Done,2026-09-01 09:00:00,2026-10-05 09:00:00,\n"
    "b,call,completed,2026-09-01 09:00:00,2026-11-14 09:00:00,\n"
    "c,call,cancelled,2026-09-01 09:00:00,2026-10-05 09:00:00,\n"
    "d,call,done,2026-09-01 09:00:00,2026-10-05 09:00:00,2026-10-20 08:00:00\n"
    "e,call,,2026-09-01 09:00:00,2026-10-05 09:00:00,\n"
    "f,call,planned,2026-09-01 09:00:00,2026-11-14 09:00:00,\n",
    "cases": "id,status,opened,resolved\n"
    "a,solved,2026-10-01 09:00:00,\nb,Closed,2026-10-01 09:00:00,\nc,open,2026-10-01 09:00:00,\n"
    "d,solved,2026-10-01 09:00:00,2026-10-20 09:00:00\ne,,2026-10-01 09:00:00,\n",
    "lists": "list,contact,status,since,until\n"
    "w,a,unsubscribed,2026-09-01,\nw,b,subscribed,2026-09-01,\nw,c,unsubscribed,2026-09-01,2026-10-20\n"
    "w,d,,2026-09-01,\nw,e,Cleaned,2026-09-01,\n",
    "members": "campaign,lead,status,sent,responded\nx,1,responded,2026-10-02,\nx,2,responded,2026-10-02,2026-10-03\n",
    "campaigns": "id,status,started\nx,sent,2026-10-01\n",
}
MAPPING: dict[str, Any] = {
    "activity": (
        "acts",
        {"type": "type", "status": "status", "created_at": "created", "due_at": "due", "done_at": "done"},
    ),
    "case_": ("cases", {"status": "status", "created_at": "opened", "resolved_at": "resolved"}),
    "list_membership": (
        "lists",
        {
            "list_id": "list",
            "contact_id": "contact",
            "status": "status",
            "subscribed_at": "since",
            "unsubscribed_at": "until",
        },
    ),
    "campaign_member": (
        "members",
        {
            "campaign_id": "campaign",
            "lead_id": "lead",
            "status": "status",
            "sent_at": "sent",
            "responded_at": "responded",
        },
    ),
    "campaign": ("campaigns", {"name": "id", "status": "status", "started_at": "started"}),
}
NO_KEY = ("list_membership", "campaign_member")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("over")
    for name, text in FILES.items():
        (home / f"{name}.csv").write_text(text, encoding="utf-8")
    files = ", ".join(f"{name}: {name}.csv" for name in FILES)
    (home / "reportspec.yaml").write_text(
        f"version: 1\nsource: {{files: {{{files}}}}}\nmapping: map.yaml\ntimezone: UTC\ncurrency: EUR\n"
    )
    entities = {
        name: {"table": table, **({} if name in NO_KEY else {"key": "id"}), "fields": fields}
        for name, (table, fields) in MAPPING.items()
    }
    (home / "map.yaml").write_text(json.dumps({"entities": entities}))
    return home


def asked(folder: Path, *names: str, day: int = 12, month: int = 11) -> tuple[list[Any], Figures]:
    spec = {"report": "custom", "period": "2026-Q4", "sections": [{"id": "k", "kpis": list(names)}]}
    found = figures(folder, spec, datetime(2026, month, day, tzinfo=UTC))
    return [kpi.value for kpi in found.sections[0].kpis], found


@pytest.mark.parametrize(
    ("names", "values"),
    [
        # Overdue is e, planned f; a and b are done, though nobody knows when; d is done at a time.
        (["activities_overdue_count", "activities_planned_count", "activities_done_count"], [1, 1, 1]),
        # Open are c and e; d was resolved at a time.
        (["open_cases_count", "cases_handled_count.resolved"], [2, 1]),
        # On the list are b and d; of a and e nobody knows since when they are not.
        (["mailing_active_count", "mailing_active_count.at_start", "mailing_left_count"], [2, 3, 1]),
    ],
)
def test_a_status_that_says_so_ends_it(names: list[str], values: list[int], folder: Path) -> None:
    assert asked(folder, *names)[0] == values


def test_what_is_over_now_was_not_so_before_its_time(folder: Path) -> None:
    # The end of 14 October: d was not done, not resolved, and still on the list, whatever they are today.
    names = ["activities_overdue_count", "open_cases_count", "mailing_active_count"]
    assert asked(folder, *names, day=15, month=10)[0] == [2, 3, 3]


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("activities_done_count", "Done activities without a time of it: 2 of 6 activities. They are in no period."),
        ("activities_overdue_count", "Done activities without a time of it: 2 of 6 activities. They are in no period."),
        ("cases_handled_count.resolved", "Resolved cases without a time of it: 2 of 5 cases. They are in no period."),
        ("open_cases_count", "Resolved cases without a time of it: 2 of 5 cases. They are in no period."),
        (
            "mailing_left_count",
            "Memberships that ended without a time of it: 2 of 5 list memberships."
            " They are in no figure of those who left.",
        ),
        (
            "campaign_responses_count",
            "Members who responded without a time of it: 1 of 2 campaign members. Their responses are in no figure.",
        ),
    ],
)
def test_it_is_told(name: str, note: str, folder: Path) -> None:
    _, found = asked(folder, name)
    assert note in found.footnotes
    assert [warning.code for warning in found.warnings] == ["unlikely-rows"]


def test_a_list_has_none_of_them(folder: Path) -> None:
    spec = {
        "report": "custom",
        "period": "2026-Q4",
        "sections": [{"id": "r", "records": {"entity": "activity", "fields": ["activity.activity_id"]}}],
    }
    found = figures(folder, spec, datetime(2026, 11, 12, tzinfo=UTC))
    assert sorted(row["activity.activity_id"] for row in rows(found, "r")) == ["d", "e", "f"]


def test_a_source_without_a_status_needs_none(tmp_path: Path, folder: Path) -> None:
    for one in folder.iterdir():
        (tmp_path / one.name).write_bytes(one.read_bytes())
    mapping = json.loads((folder / "map.yaml").read_text())
    for name in ("activity", "case_", "list_membership"):
        del mapping["entities"][name]["fields"]["status"]
    (tmp_path / "map.yaml").write_text(json.dumps(mapping))
    # Overdue then are a, c and e; open are all but d; on the list all but c.
    names = ["activities_overdue_count", "open_cases_count", "mailing_active_count"]
    assert asked(tmp_path, *names)[0] == [3, 4, 4]


def test_stages_that_are_left_before_they_are_entered_are_told_of(tmp_path: Path) -> None:
    # As where the mapping has the two times the wrong way round: of three visits, those that are over.
    (tmp_path / "deals.csv").write_text(
        "id,stage,status,amount,opened\na,2,open,10,2026-09-01 09:00:00\nb,2,open,10,2026-09-01 09:00:00\n"
    )
    (tmp_path / "history.csv").write_text(
        "deal,stage,since,until\na,1,2026-09-01 09:00:00,2026-09-05 09:00:00\n"
        "b,1,2026-09-01 09:00:00,2026-09-07 09:00:00\na,2,2026-09-05 09:00:00,\n"
    )
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv, history: history.csv}}\nmapping: map.yaml\ntimezone: UTC\n"
        "currency: EUR\n"
    )
    stages = [{"stage_id": str(n), "name": str(n), "position": n, "is_won": False, "is_lost": False} for n in (1, 2)]
    fields = {"stage_id": "stage", "status": "status", "amount": "amount", "created_at": "opened"}
    told = []
    for entered, exited in (("since", "until"), ("until", "since")):
        history = {"deal_id": "deal", "stage_id": "stage", "entered_at": entered, "exited_at": exited}
        entities = {
            "deal": {"table": "deals", "key": "id", "fields": {**fields, "closed_at": "cast(null as timestamp)"}},
            "deal_stage_history": {"table": "history", "fields": history},
            "stage": {"rows": stages},
        }
        (tmp_path / "map.yaml").write_text(json.dumps({"entities": entities}))
        found = figures(
            tmp_path,
            {"report": "custom", "period": "2026-09", "sections": [{"kpis": ["stage_exits_count"]}]},
            datetime(2026, 10, 1, tzinfo=UTC),
        )
        told.append(
            [note for note in found.footnotes if note.startswith("Stage changes that end before they begin: 2 of 3")]
        )
    assert [len(notes) for notes in told] == [0, 1]
