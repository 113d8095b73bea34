"""Sections of audits, worked out by hand from a few rows: of all, of a filter, and of each owner by itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec.audit.project_audit import AuditOrder, audit_project
from reportspec.building import make
from reportspec.formats.markdown import as_markdown
from reportspec.model.figures import Figures
from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of
from tests.loading import load_report

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
USERS = "user_id,name,is_active\n1,Ada,true\n2,Bo,true\n"
# 11 and 12 share an address, of two owners; that of 13 has a sign too much; 14 has none.
CONTACTS = """contact_id,owner_id,last_name,email
11,1,Neri,neri@fern-paper.com
12,2,Neri,neri@fern-paper.com
13,1,Blu,blu@@mill.it
14,2,Roth,
15,2,Verdi,verdi@mill.it
"""
DEALS = """deal_id,owner_id,name,status,amount,created_at,expected_close_date
D1,1,Racks,open,,2026-11-01 09:00:00,2026-12-20
D2,2,Ladders,open,9000,2026-11-01 09:00:00,2026-10-31
D3,2,Bins,open,500,2026-11-01 09:00:00,2026-12-31
"""
SHOWS = ("summary", "entities", "findings", "coverage", "records")
SECTIONS = [{"id": show, "quality": {"show": show}} for show in SHOWS]
ASKED: dict[str, Any] = {"period": "2026-11", "sections": SECTIONS}


@pytest.fixture(params=["duckdb", "sqlite"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return project_of(tmp_path, {"user": USERS, "contact": CONTACTS, "deal": DEALS}, request.param)


def made(folder: Path, spec: dict[str, Any]) -> dict[str, Figures]:
    (folder / "asked.yaml").write_text(json.dumps({"version": 1, **spec}), encoding="utf-8")
    report = load_report(folder / "asked.yaml", NOW, {}).report
    assert report is not None
    return {value.value: found for value, found in make(folder / "asked.yaml", report).figures}


def tiles(found: Figures) -> dict[str, Any]:
    return {kpi.column.name: kpi.value for kpi in found.sections[0].kpis}


def findings(found: Figures) -> set[tuple[Any, ...]]:
    return {(row["check"], row["broken"], row["looked"], row["examples"]) for row in rows(found, "findings")}


def test_of_all(folder: Path) -> None:
    """Of ten records 11, 12, 13, D1 and D2 have an error, 14 a warning; D1 and D2 are open, D2 is worth 9,000."""
    found = made(folder, ASKED)[""]
    assert tiles(found) == {
        "rows": 10,
        "without_error": 5,
        "share": 0.5,
        "mend": 6,
        "open_wrong": 2,
        "worth": 9000.0,
    }
    assert [tuple(row.values())[:4] for row in rows(found, "entities")] == [
        ("Contacts", 5, 2, 0.4),
        ("Deals", 3, 1, pytest.approx(1 / 3)),
        ("All others (1), without any", 2, 2, 1.0),
    ]
    assert findings(found) == {
        ("Contacts that share their email", 2, 3, "11, 12"),
        ("Contacts: Email malformed", 1, 4, "13"),
        ("Contacts: Email missing", 1, 5, "14"),
        ("Open and won deals without an amount", 1, 3, "D1"),
        ("Open deals whose expected closing date is over", 1, 3, "D2"),
    }
    names = ("lacking", "looked", "filled", "filled_share")
    missing = {(row["entity"], row["field"]): tuple(row[name] for name in names) for row in rows(found, "coverage")}
    assert missing == {("Contacts", "Email"): (1, 5, 4, 0.8), ("Deals", "Amount"): (1, 3, 2, pytest.approx(2 / 3))}
    assert "Of 6 records to mend 5 have an error, 1 only a warning, which no share counts." in found.sections[0].notes
    assert not [text for section in found.sections for text in section.notes if "`" in text]
    # One row for each record: who mends them has a report of their own.
    listed = {(row["record"], row["whose"], row["check"]) for row in rows(found, "records")}
    assert ("D1 Racks", "Ada", "Open and won deals without an amount") in listed
    assert len(listed) == 4  # of each entity two
    assert "blu@" not in as_markdown(found)


def test_of_each_owner_what_is_theirs(folder: Path) -> None:
    """A duplicate is one though the other record is another owner's; nobody reads what is another's."""
    found = made(folder, {**ASKED, "for_each": "user.name"})
    assert {value: tiles(one)["mend"] for value, one in found.items()} == {"Ada": 3, "Bo": 3}
    assert findings(found["Ada"]) == {
        ("Contacts that share their email", 1, 1, "11"),
        ("Contacts: Email malformed", 1, 2, "13"),
        ("Open and won deals without an amount", 1, 1, "D1"),
    }
    assert {row[3] for row in findings(found["Bo"])} == {"12", "14", "D2"}
    [slip] = [row for row in rows(found["Ada"], "records") if "malformed" in row["check"]]
    assert (slip["record"], slip["value"], slip["proposal"]) == ("13 B…", "b…", "b…@m…")
    for other, theirs in (("Ada", ("12", "14", "Ladders", "Bo")), ("Bo", ("11", "13", "Racks", "Ada"))):
        text = as_markdown(found[other])
        assert not [one for one in theirs if f" {one} " in text or f"| {one}" in text]


def test_of_a_filter(folder: Path) -> None:
    """Only entities that have what is filtered by are shown, and of these only what it leaves."""
    found = made(folder, {**ASKED, "filters": [{"field": "deal.amount", "gte": 1000}]})[""]
    assert findings(found) == {("Open deals whose expected closing date is over", 1, 1, "D2")}
    assert tiles(found)["rows"] == 1


def test_what_got_worse_stands_beside_the_audit_before(folder: Path) -> None:
    """As `reportspec audit` keeps it, which asked the same then: the address of 13 was right, and 14 was not there."""
    audit = audit_project(folder / "reportspec.yaml", AuditOrder(datetime(2026, 11, 20, tzinfo=UTC), {})).audit
    assert audit is not None
    of = {one.entity: one.asked for one in audit.entities}
    history = {
        "at": "2026-11-20T09:00:00+01:00",
        "entities": {"user": [2, 2, of["user"]], "contact": [4, 2, of["contact"]], "deal": [3, 1, of["deal"]]},
        "broken": {"contact_duplicate_email": 3, "contact_email_invalid": 0, "deal_amount_missing": 1},
    }
    (folder / ".reportspec").mkdir(exist_ok=True)
    (folder / ".reportspec" / "audits.jsonl").write_text(json.dumps(history) + "\n", encoding="utf-8")
    found = made(folder, ASKED)[""]
    changes = {row["check"]: row["change"] for row in rows(found, "findings")}
    assert changes["Contacts that share their email"] == "−1"
    assert changes["Contacts: Email malformed"] == "+1"
    assert changes["Open and won deals without an amount"] == "="
    assert changes["Contacts: Email missing"] == "new"
    previous = {kpi.column.name: kpi.previous for kpi in found.sections[0].kpis}
    assert (previous["rows"], previous["without_error"], previous["share"]) == (9, 5, pytest.approx(5 / 9))
    assert "Since Nov 20, 2026: 1 better, 1 worse, 1 the same." in found.sections[0].notes


def test_a_section_of_its_own_has_no_filters(folder: Path) -> None:
    section = {"quality": {"show": "findings"}, "where": "deal.amount > 1"}
    (folder / "asked.yaml").write_text(json.dumps({"version": 1, "period": "2026-11", "sections": [section]}), "utf-8")
    assert [d.code for d in load_report(folder / "asked.yaml", NOW, {}).diagnostics] == ["no-filter"]


def test_beside_other_sections(folder: Path) -> None:
    both = {"period": "2026-11", "sections": [{"kpis": ["open_amount"]}, *SECTIONS[:1]]}
    found = made(folder, both)[""]
    assert found.sections[0].kpis[0].value == 9500
    assert found.sections[1].kpis[0].value == 10
    assert figures(folder, {"report": "data_quality"}).sections  # without an audit there is nothing to show


def test_it_is_as_of_the_day_of_its_records(folder: Path) -> None:
    """Records are those of today: a report on a past quarter that shows them alone is none of its end, and beside no
    other quarter's."""
    past = {"report": "data_quality", "period": "2026-Q1", "compare": "previous_period"}
    found = made(folder, past)[""]
    assert (found.as_of, found.compare) == (NOW, None)
    assert (found.period.label, found.period.start.isoformat()) == ("Nov 28, 2026", "2026-11-28")
    running = made(folder, {**past, "period": "this_month"})[""]
    assert not running.notices  # an audit has no period that could be unfinished
    other = made(folder, {**past, "report": "custom", "sections": [{"kpis": ["open_amount"]}, *SECTIONS[:1]]})[""]
    assert other.as_of < NOW
    assert other.compare is not None
