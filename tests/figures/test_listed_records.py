"""Lists of records take the report's period by the entity's own time, and say so."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec.model.figures import Section
from tests.figures.asking import figures

DEALS = """id,name,amount,status,created,closed
d1,won before,1,won,2026-05-01 10:00:00,2026-06-30 23:59:59
d2,won first,2,won,2026-05-01 10:00:00,2026-07-01 00:00:00
d3,won last,4,won,2026-08-01 10:00:00,2026-09-30 23:59:59
d4,won after,8,won,2026-08-01 10:00:00,2026-10-01 00:00:00
d5,lost within,16,lost,2026-01-01 10:00:00,2026-08-15 10:00:00
d6,open for long,32,open,2025-01-01 10:00:00,
d7,open since,64,open,2026-10-02 10:00:00,
d8,won undated,128,won,2026-08-01 10:00:00,
"""
LEADS = """id,email,created
l1,before@x.example,2026-06-30 10:00:00
l2,within@x.example,2026-07-01 00:00:00
l3,after@x.example,2026-10-01 00:00:00
"""
ACTIVITIES = """id,subject,created,due,done
a1,done within,2026-06-01 10:00:00,2026-06-02 10:00:00,2026-07-02 10:00:00
a2,done after,2026-06-01 10:00:00,2026-08-02 10:00:00,2026-10-05 10:00:00
a3,due after,2026-08-01 10:00:00,2026-10-02 10:00:00,
a4,due within,2026-08-01 10:00:00,2026-09-02 10:00:00,
a5,done before,2026-06-01 10:00:00,2026-08-02 10:00:00,2026-06-05 10:00:00
"""
MAPPING = """
entities:
  user: {table: users, key: id, fields: {name: name}}
  deal: {table: deals, key: id, fields: {name: name, amount: amount, status: status, created_at: created, closed_at: closed}}
  lead: {table: leads, key: id, fields: {email: email, created_at: created}}
  activity: {table: activities, key: id, fields: {subject: subject, created_at: created, due_at: due, done_at: done}}
"""
Spec = dict[str, Any]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project over four files."""
    tables = {"deals": DEALS, "leads": LEADS, "activities": ACTIVITIES, "users": "id,name\nu,Ann\nv,Ben\n"}
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    (tmp_path / "mapping.yaml").write_text(MAPPING, "utf-8")
    files = ", ".join(f"{name}: {name}.csv" for name in tables)
    (tmp_path / "reportspec.yaml").write_text(
        f"version: 1\nsource: {{files: {{{files}}}}}\nmapping: mapping.yaml\ntimezone: UTC\ncurrency: EUR\n"
    )
    return tmp_path


def listed(project: Path, records: Spec, now: datetime | None = None, **more: Any) -> Section:
    spec = {"period": "2026-Q3", "sections": [{"id": "one", "records": records}], **more}
    moment = now or datetime(2026, 11, 1, 12, tzinfo=UTC)
    (one,) = figures(project, spec, moment).sections
    return one


DEAL: Spec = {"entity": "deal", "fields": ["deal.name"]}


@pytest.mark.parametrize(
    ("records", "names", "caption"),
    [
        (
            DEAL,
            ["won first", "won last", "won after", "lost within", "open for long"],
            "Q3 2026, by “Closed”, and what is still open.",
        ),
        ({**DEAL, "where": "deal.status = 'won'"}, ["won first", "won last"], "Q3 2026, by “Closed”."),
        ({**DEAL, "where": "deal.amount > 1 and (deal.status = 'lost')"}, ["lost within"], "Q3 2026, by “Closed”."),
        ({**DEAL, "where": "deal.status = 'open'"}, ["won after", "open for long"], "Open at the report’s date."),
        (
            {**DEAL, "where": "deal.status = 'won'", "period": "all"},
            ["won before", "won first", "won last", "won undated"],
            "All, whatever the period.",
        ),
        (  # which are not all, and the spec says of when they are
            {**DEAL, "where": "deal.status = 'won' and deal.closed_at < period_start", "period": "all"},
            ["won before"],
            None,
        ),
        ({"entity": "lead", "fields": ["lead.email"]}, ["within@x.example"], "Q3 2026, by “Created”."),
        (
            {"entity": "activity", "fields": ["activity.subject"]},
            ["done within", "done after", "due within"],
            "Q3 2026, by “Done”, and what is still open.",
        ),
        ({"entity": "user", "fields": ["user.name"]}, ["Ann", "Ben"], None),
    ],
)
def test_which_records_are_listed(project: Path, records: Spec, names: list[str], caption: str | None) -> None:
    """As of the quarter's end: what closed later was open then, and what was created later was not there."""
    one = listed(project, records)
    assert [row[0] for row in one.rows] == names
    assert one.available_rows == len(names)
    assert one.notes == ((caption,) if caption else ())


def test_all_are_listed_and_printed_where_all_are_asked_for(project: Path) -> None:
    assert len(listed(project, {**DEAL, "limit": 2}).rows) == 2
    assert not listed(project, {**DEAL, "limit": 2}).whole
    # By hand: nobody asked for more than there are.
    assert len(listed(project, {**DEAL, "limit": "all"}).rows) == 5
    assert listed(project, {**DEAL, "limit": "all"}).whole


def test_filters_of_the_report_count_as_conditions(project: Path) -> None:
    one = listed(project, DEAL, filters=[{"field": "deal.status", "eq": "won"}])
    assert [row[0] for row in one.rows] == ["won first", "won last"]
    assert one.notes == ("Q3 2026, by “Closed”.",)


def test_without_the_time_all_are_listed_and_said_to_be(project: Path) -> None:
    text = MAPPING.replace(", closed_at: closed", "").replace(", done_at: done", "")
    (project / "mapping.yaml").write_text(text, "utf-8")
    one = listed(project, {"entity": "activity", "fields": ["activity.subject"]})
    assert len(one.rows) == 5
    assert one.notes == ("All, whatever the period.",)


@pytest.mark.parametrize("language", ["it", "de", "fr", "es"])
def test_captions_are_in_every_language(project: Path, language: str) -> None:
    said = set()
    for more in ({}, {"where": "deal.status = 'won'"}, {"where": "deal.status = 'open'"}, {"period": "all"}):
        (note,) = listed(project, {**DEAL, **more}, locale=language).notes
        assert "Closed" not in note
        assert "open" not in note
        assert "whatever" not in note
        said.add(note)
    assert len(said) == 4
