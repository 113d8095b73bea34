"""A figure that hangs on a field which nothing gives is not available, instead of a 0 nobody counted."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec.expression.sandbox import parse
from reportspec.resolve.nothing import never_so
from tests.figures.asking import codes, figures, rows
from tests.loading import load_report

NOW = datetime(2026, 10, 1, tzinfo=UTC)
CALLS = "direction: dir, queued_at: at, talk_s: sec, outcome: kind"
MEMBERS = "campaign_id: campaign, lead_id: lead, sent_at: sent, responded_at: responded"


def project(folder: Path, kind: str = "files", calls: str = CALLS, members: str = MEMBERS) -> Path:
    tables = {
        "calls": (
            "dir,at,sec,kind,again,agent",
            "outbound,2026-01-05 09:00:00,60,answered,true,a",
            "outbound,2026-01-05 10:00:00,60,answered,false,a",
        ),
        "members": ("campaign,lead,person,sent,responded", "m,l,c,2026-01-02 08:00:00,2026-01-03 08:00:00"),
        "contacts": ("id,account", "c,a"),
    }
    if kind == "files":
        for name, lines in tables.items():
            (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        source = "{files: {calls: calls.csv, members: members.csv, contacts: contacts.csv}}"
    else:
        with sqlite3.connect(folder / "crm.sqlite") as raw:
            for name, (header, *lines) in tables.items():
                raw.execute(f"create table {name} ({header})")
                for line in lines:
                    values = line.replace("true", "1").replace("false", "0").split(",")
                    raw.execute(f"insert into {name} values ({','.join('?' * len(values))})", values)
        raw.close()
        source = "sqlite:///crm.sqlite"
    (folder / "m.yaml").write_text(
        "entities:\n"
        f"  service_call: {{table: calls, fields: {{{calls}}}}}\n"
        f"  campaign_member: {{table: members, fields: {{{members}}}}}\n"
        "  contact: {table: contacts, fields: {contact_id: id, account_id: account}}\n",
        encoding="utf-8",
    )
    (folder / "reportspec.yaml").write_text(
        f"version: 1\nsource: {source}\nmapping: m.yaml\ncurrency: EUR\n", encoding="utf-8"
    )
    return folder


def spec(**section: Any) -> dict[str, Any]:
    return {"report": "custom", "period": "2026-01", "sections": [{"id": "a", **section}]}


def told(folder: Path, section: str) -> list[tuple[str, str, str | None]]:
    path = folder / "s.yaml"
    path.write_text(f"version: 1\nperiod: 2026-01\nsections:\n  - {section}\n", encoding="utf-8")
    checked = load_report(path, NOW, {})
    return [(d.code, d.message, d.help) for d in checked.diagnostics if d.severity == "error"]


@pytest.mark.parametrize("kind", ["files", "sqlite"])
@pytest.mark.parametrize(
    ("metric", "field"),
    [
        ("customer_callbacks_count", "is_callback"),  # in `where`
        ("called_back_cases_count", "case_id"),
        ("agent_days_count", "agent_id"),  # in `of`
        ("calls_per_agent_day", "agent_id"),  # in the divisor
    ],
)
def test_a_metric_of_a_field_that_nothing_gives(kind: str, metric: str, field: str, tmp_path: Path) -> None:
    found = told(project(tmp_path, kind), f"kpis: [{metric}]")
    [(code, message, help)] = found
    assert code == "unmapped-field"
    assert message.endswith(f"the mapping `m.yaml` does not give `service_call.{field}`")
    assert help == f"map it under `entities: service_call: fields: {field}:`"


@pytest.mark.parametrize("kind", ["files", "sqlite"])
def test_with_the_field_there_is_a_figure(kind: str, tmp_path: Path) -> None:
    folder = project(tmp_path, kind, f"{CALLS}, is_callback: again, agent_id: agent")
    found = figures(folder, spec(kpis=["customer_callbacks_count"]))
    assert rows(found, "a") == [{"customer_callbacks_count": 1}]


def test_filters_and_groups(tmp_path: Path) -> None:
    folder = project(tmp_path)
    wanted = "does not give `service_call.is_callback`"
    for section in (
        "{kpis: [inbound_calls_count], where: service_call.is_callback}",
        "{kpis: [inbound_calls_count], where: service_call.is_callback = true}",
        "{breakdown: {metrics: [inbound_calls_count], by: [service_call.is_callback]}}",
    ):
        [(code, message, _)] = told(folder, section)
        assert (code, wanted in message) == ("unmapped-field", True), message
    # What is not said is no: the opposite holds for every row.
    for where in ("not service_call.is_callback", "service_call.is_callback = false"):
        assert codes(folder, spec(kpis=["inbound_calls_count"], where=where)) == []


def test_what_is_made_of_rows_that_cannot_be(tmp_path: Path) -> None:
    """Touches are of contacts: of members who are only known as leads there are none."""
    (tmp_path / "s.yaml").write_text("version: 1\nsections:\n  - text: nothing\n", encoding="utf-8")
    for members, cause in ((MEMBERS, "campaign_member.contact_id"), (f"{MEMBERS}, contact_id: person", None)):
        report = load_report(project(tmp_path, members=members) / "s.yaml", NOW, {}).report
        assert report is not None
        touch = report.binding.entity("touch").derived
        assert touch is not None
        assert touch.where is not None
        assert never_so(report.binding, touch.source, touch.where) == cause


OPTIONAL = {  # conditions and values of calls; `is_callback`, `agent_id` and `wait_s` are not given
    "service_call.is_callback": True,
    "not service_call.is_callback": False,
    "not (service_call.is_callback or service_call.outcome = 'answered')": False,
    "not (service_call.is_callback and service_call.outcome = 'answered')": False,
    "service_call.is_callback or service_call.outcome = 'answered'": False,
    "service_call.is_callback <> true": False,
    "true = service_call.is_callback": True,
    "service_call.wait_s > 20": True,
    "not service_call.wait_s > 20": True,
    "service_call.wait_s between 1 and 2": True,
    "service_call.wait_s in (1, 2)": True,
    "service_call.wait_s is null": False,
    "service_call.wait_s is not null": True,
    "coalesce(service_call.wait_s, 0) = 0": False,
    "coalesce(service_call.wait_s, service_call.hold_s) = 0": True,
    "service_call.agent_id is distinct from 'a'": False,
    "service_call.talk_s + service_call.wait_s": True,
    "case when service_call.is_callback then 1 end": True,
    "case when service_call.is_callback then 1 else 0 end": False,
    "case when service_call.outcome = 'answered' then service_call.wait_s end": True,
    "service_call.agent.team": True,
}


@pytest.mark.parametrize("text", OPTIONAL)
def test_what_can_never_be(text: str, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("version: 1\nsections:\n  - text: nothing\n", encoding="utf-8")
    report = load_report(project(tmp_path) / "s.yaml", NOW, {}).report
    assert report is not None
    assert (never_so(report.binding, "service_call", parse(text)) is not None) is OPTIONAL[text]


def test_rows_that_the_where_of_the_mapping_leaves_out(tmp_path: Path) -> None:
    """It is told at its line; of a table without any there is nothing to look at in the mapping."""
    for name, rows_there, line in (("some", "1,won,5\n2,won,6\n", 4), ("none", "", 6)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "d.csv").write_text(f"id,state,amount\n{rows_there}", encoding="utf-8")
        (folder / "m.yaml").write_text(
            "entities:\n  deal:\n    table: d\n    where: \"state = 'Won'\"\n    key: id\n"
            "    fields: {status: state, amount: amount, closed_at: \"date '2026-01-05'\"}\n",
            encoding="utf-8",
        )
        (folder / "reportspec.yaml").write_text(
            "version: 1\nsource: {files: {d: d.csv}}\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n", "utf-8"
        )
        found = figures(folder, {"report": "custom", "period": "2026-01", **spec(kpis=["won_amount"])})
        [warning] = [one for one in found.warnings if one.code == "no-rows"]
        said = "has 2 rows, and the mapping's `where` leaves none of them" if rows_there else "has no rows"
        assert warning.message.endswith(said)
        assert warning.span is not None
        assert warning.span.line == line
