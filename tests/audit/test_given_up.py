"""Nobody is asked to answer, or to look after, leads that were given up; where a source does not tell of any, all that
were not converted are looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audit.finding import audit_of
from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

LEADS = """lead_id,owner_id,email,status,created_at,first_response_at,converted_at
new,,a@x.com,New,2026-01-01 10:00:00,,
none,,b@x.com,,2026-01-01 10:00:00,,
junk,,c@x.com,junk,2026-01-01 10:00:00,,
lost,,d@x.com,Lost Lead,2026-01-01 10:00:00,,
refused,,e@x.com,UNQUALIFIED ,2026-01-01 10:00:00,,
done,,f@x.com,New,2026-01-01 10:00:00,,2026-01-05 10:00:00
"""
CHECKS = ("lead_no_owner", "lead_no_followup")
ACTIVITIES = "activity_id,lead_id,owner_id,type,done_at\n1,done,u,call,2026-01-02 10:00:00\n"
TABLES = {"lead": LEADS, "user": "user_id,name\nu,Uma\n", "activity": ACTIVITIES}


def _found(place: Path) -> dict[str, set[str]]:
    """The keys of the leads that fail each of the checks."""
    outcomes = [one for one in audit_of(place / "reportspec.yaml", entity="lead").outcomes if one.check.id in CHECKS]
    assert {one.check.id for one in outcomes if one.level != "not_applicable"} == set(CHECKS)
    return {one.check.id: {example.key for example in one.examples} for one in outcomes}


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_leads_that_were_given_up_wait_for_nobody(engine: str, tmp_path: Path) -> None:
    assert _found(project_of(tmp_path, TABLES, engine)) == {key: {"new", "none"} for key in CHECKS}


def test_the_metric_counts_the_same(tmp_path: Path) -> None:
    folder = project_of(tmp_path, TABLES)
    spec = {"period": "2026-Q1", "sections": [{"id": "x", "kpis": ["leads_without_followup_count"]}]}
    [row] = rows(figures(folder, spec), "x")
    assert row["leads_without_followup_count"] == len({"new", "none"})


def test_a_source_without_a_status_has_given_up_none(tmp_path: Path) -> None:
    folder = project_of(tmp_path, TABLES)
    mapping = folder / "mapping.yaml"
    mapping.write_text(mapping.read_text("utf-8").replace("      status: status\n", ""), "utf-8")
    assert _found(folder) == {key: {"new", "none", "junk", "lost", "refused"} for key in CHECKS}


def test_a_mapping_may_say_itself_what_was_given_up(tmp_path: Path) -> None:
    folder = project_of(tmp_path, TABLES)
    mapping = folder / "mapping.yaml"
    own = "      status: status\n      is_ended: status = 'New'\n"
    mapping.write_text(mapping.read_text("utf-8").replace("      status: status\n", own), "utf-8")
    assert _found(folder) == {key: {"none", "junk", "lost", "refused"} for key in CHECKS}
