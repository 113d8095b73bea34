"""A condition on a goal of which no target is there is no condition that does not hold: it is told, and fails."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from reportspec.deliver import send as sending
from reportspec.deliver.send import SendOptions
from tests.loading import load_report

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
FIELDS = {"status": "status", "amount": "amount", "created_at": "day", "closed_at": "day", "owner_id": "owner"}
GOALS = {"metric": "metric", "dimension": "dim", "value": "val", "starts_on": "s", "ends_on": "e", "target": "target"}
MAPPING = {
    "entities": {
        "deal": {"table": "deals", "key": "id", "fields": FIELDS},
        "user": {"table": "users", "key": "id", "fields": {"name": "name"}},
        "goal": {"table": "goals", "fields": GOALS},
    }
}
DEALS = "id,status,amount,day,owner\n1,won,280,2026-02-10,1\n2,won,90,2026-02-10,2\n"
HEAD = "metric,dim,val,s,e,target\n"
QUARTER = "2026-01-01,2026-03-31"


def sent(
    folder: Path, goals: str, when: str, each: bool = False, goal: object = "table", more: str = "{}"
) -> list[tuple[str, str]]:
    (folder / "m.yaml").write_text(yaml.safe_dump(MAPPING), encoding="utf-8")
    files = {"deals": DEALS, "users": "id,name\n1,Anna\n2,Bo\n", "goals": HEAD + goals}
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    own = {"version": 1, "source": {"files": {name: f"{name}.csv" for name in files}}, "mapping": "m.yaml"}
    own |= {"timezone": "UTC", "currency": "EUR", "deliver": {"from": "r@example.com", "allow": ["@example.com"]}}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    spec = {
        "version": 1,
        "period": "2026-Q1",
        "metrics": ["won_amount"],
        "goals": {"won_amount": {"target": goal}} | yaml.safe_load(more),
        "deliver": {"to": "anna@example.com", "attach": [], "when": when},
    } | ({"for_each": "user.name"} if each else {})
    (folder / "s.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    checked = load_report(folder / "s.yaml", NOW, {})
    assert checked.report is not None, checked.diagnostics
    outcome = sending.send(checked.report, checked.spec_text, SendOptions(dry_run=folder / "out"), wait=lambda _: None)
    return [(one.result, one.said) for one in outcome.sent]


@pytest.mark.parametrize("when", ["goal_missed", "goal_at_risk"])
@pytest.mark.parametrize(
    "goals",
    [
        f"Won_Amount,,,{QUARTER},1000\n",  # another word
        "won_amount,,,2026-01-01,2026-02-28,700\n",  # March is missing
        "won_amount,,,2025-01-01,2025-03-31,700\n",  # another year
        "",
    ],
)
def test_no_target_of_the_period(goals: str, when: str, tmp_path: Path) -> None:
    [(result, said)] = sent(tmp_path, goals, when)
    assert (result, said) == ("failed", "`won_amount` has no target of this period to be held against")


def test_a_target_that_is_missed_or_met(tmp_path: Path) -> None:
    """370 are won."""
    assert [one for one, _ in sent(tmp_path, f"won_amount,,,{QUARTER},1000\n", "goal_missed")] == ["written"]
    met = sent(tmp_path, f"won_amount,,,{QUARTER},370\n", "goal_missed")
    assert met == [("skipped", "its condition does not hold")]
    assert sent(tmp_path, "", "goal_missed", goal=370) == met
    assert [one for one, _ in sent(tmp_path, "", "goal_missed", goal=371)] == ["written"]


def test_other_conditions_ask_no_target(tmp_path: Path) -> None:
    assert [one for one, _ in sent(tmp_path, "", "won_amount < 1000")] == ["written"]
    assert sent(tmp_path, "", "won_amount > 1000") == [("skipped", "its condition does not hold")]


def test_a_goal_that_no_tile_shows_makes_up_for_none(tmp_path: Path) -> None:
    other = "{won_deals_count: {target: 5}}"
    found = [one for one, _ in sent(tmp_path, "", "goal_missed", more=other)]
    assert found == ["failed"], "no tile shows the other goal"


def test_of_several_reports_some_may_have_no_goal(tmp_path: Path) -> None:
    """Without any target all of them fail."""
    assert {one for one, _ in sent(tmp_path, "", "goal_missed", each=True)} == {"failed"}
