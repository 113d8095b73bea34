"""Goals of zero and below: met or missed by comparison, told by their distance. Expectations are worked out by hand:
Ada lost 50 in the first half of April, Bo won 30, together -20, which goes on to -40."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.deliver.body import as_text
from reportspec.deliver.outlets.parcel import Parcel
from reportspec.deliver.outlets.webhook import webhook_figures
from reportspec.deliver.policy import holds
from reportspec.formats.html import as_html
from reportspec.formats.json_text import as_json
from reportspec.formats.markdown import as_markdown
from reportspec.model.figures import Figures, Goal
from reportspec.model.mail import Condition
from tests.figures.asking import figures, rows

OVER = datetime(2026, 6, 1, tzinfo=UTC)
HALF = datetime(2026, 4, 16, tzinfo=UTC)  # half of April's 30 days are over
DEALS = """id,owner,amount,closed
1,a,-40,2026-04-02 10:00:00
2,a,-10,2026-04-10 10:00:00
3,b,30,2026-04-11 10:00:00
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deals.csv").write_text(DEALS, encoding="utf-8")
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n",
        encoding="utf-8",
    )
    people = [{"user_id": "a", "name": "Ada", "is_active": True}, {"user_id": "b", "name": "Bo", "is_active": True}]
    fields = {
        "owner_id": "owner",
        "amount": "amount",
        "closed_at": "closed",
        "status": "'won'",
        "created_at": "cast('2026-03-01' as timestamp)",
    }
    entities = {"user": {"rows": people}, "deal": {"table": "deals", "key": "id", "fields": fields}}
    (tmp_path / "m.yaml").write_text(yaml.safe_dump({"entities": entities}), encoding="utf-8")
    return tmp_path


def asked(goals: dict[str, Any], period: str = "2026-04") -> dict[str, Any]:
    metrics = ["won_amount", "lost_deals_count"]
    sections = [{"kpis": metrics}, {"id": "said", "highlights": {"metrics": metrics}}]
    return {"report": "custom", "period": period, "locale": "en_GB", "goals": goals, "sections": sections}


def tile(folder: Path, goal: Any, now: datetime, period: str = "2026-04") -> Goal:
    found = figures(folder, asked({"won_amount": goal}, period), now).sections[0].kpis[0].goal
    assert found is not None
    assert (found.attainment, found.pace) == (None, None)
    return found


@pytest.mark.parametrize(
    ("direction", "target", "state", "difference"),
    [
        ("up", -10, "missed", -10),
        ("up", -20, "met", 0),
        ("up", -30, "met", 10),
        ("up", 0, "missed", -20),
        ("down", -10, "met", -10),
        ("down", -20, "met", 0),
        ("down", -30, "missed", 10),
        ("down", 0, "met", -20),
    ],
)
def test_of_a_period_that_is_over(direction: str, target: float, state: str, difference: float, folder: Path) -> None:
    found = tile(folder, {"target": target, "direction": direction}, OVER)
    assert (found.state, found.difference, found.landing) == (state, difference, None)


@pytest.mark.parametrize(
    ("direction", "target", "warn_at", "state"),
    [
        ("up", -10, 1, "at_risk"),  # it is below already, and may still rise
        ("up", -30, 1, "at_risk"),
        ("up", -40, 1, "on_track"),
        ("up", -50, 1, "on_track"),  # above so far, and not met before the month is over
        ("up", 0, 1, "at_risk"),
        ("up", -20, 0.5, "on_track"),  # to twice as far below zero
        ("up", -19, 0.5, "at_risk"),
        ("up", -1, 0, "on_track"),
        ("down", -10, 1, "on_track"),  # below so far, and may still rise
        ("down", -40, 1, "on_track"),
        ("down", -50, 1, "at_risk"),
        ("down", -50, 0.8, "on_track"),  # to four fifths of it
        ("down", -51, 0.8, "at_risk"),
        ("down", 0, 1, "on_track"),
    ],
)
def test_of_a_period_that_runs(direction: str, target: float, warn_at: float, state: str, folder: Path) -> None:
    found = tile(folder, {"target": target, "direction": direction, "warn_at": warn_at}, HALF)
    assert (found.state, found.landing) == (state, -40)


def test_nothing_is_met_before_anything_has_happened(folder: Path) -> None:
    """Of May nothing is there yet on its first half: 0 is where -5 and 0 are aimed at, or better."""
    for target in (-5, 0):
        found = tile(folder, target, datetime(2026, 5, 16, 12, tzinfo=UTC), "2026-05")
        assert (found.state, found.landing, found.difference) == ("on_track", 0, -target)
        assert tile(folder, target, OVER, "2026-05").state == "met"


def test_a_count_of_nothing_against_a_goal_of_nothing(folder: Path) -> None:
    """Where less is better, 0 of 0 is met; and where more is."""
    for direction in ("up", "down"):
        found = figures(folder, asked({"lost_deals_count": {"target": 0, "direction": direction}}), OVER)
        goal = found.sections[0].kpis[1].goal
        assert goal is not None
        assert (goal.state, goal.difference) == ("met", 0)


def by_owner(folder: Path, targets: dict[str, float], now: datetime, **more: Any) -> list[dict[str, Any]]:
    goal = {"by": "user.name", "targets": targets, **more}
    return rows(figures(folder, asked({"won_amount": goal}), now), "goal_won_amount")


def test_quotas_at_and_below_zero(folder: Path) -> None:
    """No percentage stands in the table; the best is first."""
    bo = {"user.name": "Bo", "won_amount": 30, "target": 0, "difference": 30}
    ada = {"user.name": "Ada", "won_amount": -50, "target": -60, "difference": 10}
    assert by_owner(folder, {"Ada": -60, "Bo": 0}, OVER) == [{**bo, "state": "met"}, {**ada, "state": "met"}]
    assert by_owner(folder, {"Ada": -60, "Bo": 0}, HALF) == [
        {**bo, "landing": 60, "state": "on track"},
        {**ada, "landing": -100, "state": "at risk"},
    ]


def test_quotas_of_either_sign(folder: Path) -> None:
    """Who has a share of a target has it told, and the others the distance."""
    bo = {"user.name": "Bo", "won_amount": 30, "target": 60, "attainment": 0.5, "difference": -30, "state": "missed"}
    ada = {"user.name": "Ada", "won_amount": -50, "target": -40, "attainment": None, "difference": -10}
    assert by_owner(folder, {"Ada": -40, "Bo": 60}, OVER) == [bo, {**ada, "state": "missed"}]
    running = by_owner(folder, {"Ada": -40, "Bo": 60}, HALF)
    assert running == [
        {**bo, "pace": 1.0, "landing": 60, "state": "on track"},
        {**ada, "pace": None, "landing": -100, "state": "at risk"},
    ]


def texts(found: Figures) -> list[str]:
    made = (as_markdown(found), as_html(found), as_text(found, "", (), ()))
    plain = str.maketrans({"\u00a0": " ", "−": "-", "\u2060": None})
    return [text.replace("&nbsp;", " ").translate(plain) for text in made]


@pytest.mark.parametrize(
    ("target", "state", "said"),
    [
        (-10, "missed", "€10.00 below the goal of -€10.00"),
        (-30, "met", "€10.00 above the goal of -€30.00"),
        (-20, "met", "exactly the goal of -€20.00"),
        (0, "missed", "€20.00 below the goal of €0.00"),
    ],
)
def test_every_form_says_the_same(target: float, state: str, said: str, folder: Path) -> None:
    found = figures(folder, asked({"won_amount": target}), OVER)
    page, markdown, mail = texts(found)
    assert said in page
    assert said in markdown
    assert f": {state.title()}\n" in mail
    for text in (page, markdown, mail):
        assert "% of goal" not in text
    told = " ".join(one.kind for section in found.sections for one in section.highlights)
    assert f"goal_{state}" in told
    goal = json.loads(as_json(found))["goals"][0]
    assert (goal["state"], goal["difference"]) == (state, -20 - target)
    assert (goal["attainment"], goal["pace"]) == (None, None)
    outside = webhook_figures(Parcel({}, (), found))["metrics"]["won_amount"]
    assert (outside["goal"], outside["state"]) == (target, state)
    assert holds(Condition("goal_missed"), found, changed=False) == (state == "missed")
    assert holds(Condition("goal_at_risk"), found, changed=False) == (state == "missed")


def test_a_missed_quota_is_sent(folder: Path) -> None:
    for target, missed in ((-40, True), (-50, False)):
        goals = {"won_amount": {"by": "user.name", "targets": {"Ada": target}}}
        found = figures(folder, asked(goals), OVER)
        assert holds(Condition("goal_missed"), found, changed=False) == missed
