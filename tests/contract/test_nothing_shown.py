"""A report of which the source serves no figure is no success, and the goal of all is not that of each."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from reportspec.catalogue.load import packaged
from tests.conftest import RunCli
from tests.figures.asking import codes, figures
from tests.figures.from_tables import project_of

DEALS = "deal_id,name,status,amount,currency,created_at,closed_at,owner_id\n1,a,won,10,EUR,2026-07-01,2026-07-02,u\n"
USERS = "user_id,name,email\nu,Una,una@example.com\n"
LEADS = "lead_id,created_at,status,is_converted,converted_at\n1,2026-07-01,new,false,\n"


@pytest.mark.parametrize("report", sorted(packaged().reports))
def test_a_type_without_its_records_is_told(report: str, tmp_path: Path) -> None:
    """Of users alone no type has a figure but the one on the data themselves, which looks at whatever there is."""
    project_of(tmp_path, {"user": USERS})
    spec = {"report": report, "period": "2026-Q3"}
    assert codes(tmp_path, spec).count("nothing-shown") == (0 if report == "data_quality" else 1)


def test_of_deals_without_leads(tmp_path: Path) -> None:
    project_of(tmp_path, {"deal": DEALS, "user": USERS})
    told = {one: "nothing-shown" in codes(tmp_path, {"report": one, "period": "2026-Q3"}) for one in packaged().reports}
    assert {one for one, nothing in told.items() if nothing} == {"leads", "conversions", "profitability"}  # no accounts
    (tmp_path / "leads").mkdir()
    project_of(tmp_path / "leads", {"deal": DEALS, "user": USERS, "lead": LEADS})
    assert "nothing-shown" not in codes(tmp_path / "leads", {"report": "leads", "period": "2026-Q3"})


def test_it_is_a_warning_and_strictly_a_mistake(tmp_path: Path, run_cli: RunCli) -> None:
    project_of(tmp_path, {"deal": DEALS, "user": USERS})
    (tmp_path / "leads.yaml").write_text("version: 1\nreport: leads\nperiod: 2026-Q3\n", encoding="utf-8")
    out = ("--format", "md", "-o", str(tmp_path / "out"))
    said = "no figure of the report can be shown: the source gives no `lead`, `campaign`"
    for arguments, right in ((("validate",), 0), (("build",), 0), (("build", "--strict"), 1)):
        more = out if arguments[0] == "build" else ()
        done = run_cli([*arguments, tmp_path / "leads.yaml", *more])
        assert done.returncode == right, done.stderr
        assert f"{'error' if right else 'warning'}[nothing-shown]: {said}" in done.stderr
    project = tmp_path / "reportspec.yaml"
    project.write_text(project.read_text(encoding="utf-8") + "checks: {strict: true}\n", encoding="utf-8")
    assert run_cli(["validate", tmp_path / "leads.yaml"]).returncode == 1


@pytest.mark.parametrize(
    ("goals", "each", "told"),
    [
        ({"won_amount": 600_000}, "user.name", ["shared-goal"]),
        ({"won_deals_count": {"target": 60}}, "user.name", ["shared-goal"]),
        ({"close_rate": 0.35}, "user.name", []),
        ({"won_amount": {"by": "user.name", "targets": {"Una": 100}}}, "user.name", []),
        ({"won_amount": 600_000}, None, []),
    ],
)
def test_the_goal_of_all_in_a_report_for_each(
    goals: dict[str, Any], each: str | None, told: list[str], tmp_path: Path
) -> None:
    project_of(tmp_path, {"deal": DEALS, "user": USERS})
    spec = {"metrics": list(goals), "period": "2026-Q3", "goals": goals, **({"for_each": each} if each else {})}
    assert codes(tmp_path, json.loads(json.dumps(spec))) == told


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "it"])
def test_what_is_needed_is_named_once_and_as_records(language: str, tmp_path: Path) -> None:
    """Not “needs: Leads, Lead”, of which the one is the key that leads to the other."""
    project_of(tmp_path, {"deal": DEALS, "user": USERS})
    found = figures(tmp_path, {"report": "conversions", "period": "2026-Q3", "language": language})
    [note] = [note for section in found.sections for note in section.notes if section.id == "not_served"]
    needs = re.findall(r"\(([^()]*)\)", note)
    assert len(needs) == 5
    assert len(set(needs)) == 1
    assert "," not in needs[0]
