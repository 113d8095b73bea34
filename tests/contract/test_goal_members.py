"""Goals are for those whom the source has and the report is about: nobody else stands there."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.burst.burst import run_each
from reportspec.compile import compile_report
from reportspec.errors import Broken
from reportspec.formats.json_text import as_json
from reportspec.timings import Timings
from tests.figures.asking import figures, rows
from tests.loading import load_report

NOW = datetime(2026, 6, 1, tzinfo=UTC)  # April is over
USERS = "id,name,team\na,Ada,North\nb,Bo,North\nc,Cem,South\nd,Dora,South\n"
DEALS = """id,owner,source,amount,closed,status
1,a,Web,100,2026-04-02 10:00:00,won
2,b,Fair,60,2026-04-10 10:00:00,won
3,c,Web,40,2026-04-11 10:00:00,won
"""
GOAL = {"metric": "won_amount", "dimension": "user.name", "starts_on": "2026-04-01", "ends_on": "2026-04-30"}


def project(folder: Path, targets: dict[str, float] | None = None, **more: Any) -> Path:
    (folder / "deals.csv").write_text(DEALS, encoding="utf-8")
    (folder / "users.csv").write_text(USERS, encoding="utf-8")
    about = {
        "version": 1,
        "source": {"files": {"deals": "deals.csv", "users": "users.csv"}},
        "mapping": "m.yaml",
        "timezone": "UTC",
        "currency": "EUR",
        **more,
    }
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
    fields = {
        "owner_id": "owner",
        "source": "source",
        "amount": "amount",
        "closed_at": "closed",
        "status": "status",
        "created_at": "cast('2026-03-01' as timestamp)",
    }
    entities: dict[str, Any] = {
        "user": {"table": "users", "key": "id", "fields": {"name": "name", "team": "team"}},
        "deal": {"table": "deals", "key": "id", "fields": fields},
    }
    if targets is not None:
        listed = [{**GOAL, "value": name, "target": target} for name, target in targets.items()]
        entities["goal"] = {"rows": listed}
    (folder / "m.yaml").write_text(yaml.safe_dump({"entities": entities}), encoding="utf-8")
    return folder


def spec(goal: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    goal = goal or {"target": "table"}
    return {
        "report": "custom",
        "period": "2026-04",
        "metrics": ["won_amount"],
        "goals": {"won_amount": {"by": "user.name", **goal}},
        **more,
    }


def goals(found: Any) -> list[dict[str, Any]]:
    """The rows of the section of goals; none where it is left out, since nobody of the report has one."""
    there = any(section.id == "goal_won_amount" for section in found.sections)
    return rows(found, "goal_won_amount") if there else []


def named(found: Any) -> dict[Any, Any]:
    return {row["user.name"]: row["target"] for row in goals(found)}


@pytest.mark.parametrize("kept", ["spec", "table"])
def test_a_target_for_nobody(kept: str, tmp_path: Path) -> None:
    targets = {"Ada": 90, "Bo": 60, "Cem": 50, "Doora": 70}
    folder = project(tmp_path, targets)
    found = figures(folder, spec({"targets": targets} if kept == "spec" else None), NOW)
    assert named(found) == {"Ada": 90, "Bo": 60, "Cem": 50}
    [told] = found.warnings
    assert told.code == "unknown-target"
    assert "`user.name` is never `Doora`" in told.message
    assert told.help == "did you mean `Dora`?"
    [section] = [one for one in found.sections if one.kind == "goals"]
    assert [found.footnotes[n - 1] for n in section.footnotes] == [
        "Won amount: targets for names that the source does not have under “Owner”, left out: 1."
    ]
    data = json.loads(as_json(found))
    assert [one["check"] for one in data["warnings"]] == ["unknown-target"]
    assert data["footnotes"] == list(found.footnotes)
    # The sum is that of those whom the source has: 90 + 60 + 50.
    if kept == "table":
        assert found.sections[0].kpis[0].goal.target == 200  # type: ignore[union-attr]


def test_strict_and_known(tmp_path: Path) -> None:
    targets = {"Ada": 90, "Bo": 60, "Cem": 50, "Zoe": 70}
    with pytest.raises(Broken) as refused:
        figures(project(tmp_path, targets, checks={"strict": True}), spec(), NOW)
    assert [one.code for one in refused.value.diagnostics] == ["unknown-target"]
    known = {"check": "unknown-target", "of": "user.name", "reason": "Zoe begins in May."}
    found = figures(project(tmp_path, targets, checks={"strict": True, "ignore": [known]}), spec(), NOW)
    assert not found.warnings
    assert named(found) == {"Ada": 90, "Bo": 60, "Cem": 50}
    assert found.not_told[0].endswith("Zoe begins in May.")


FILTERS: list[tuple[dict[str, Any], dict[str, float]]] = [
    ({"filters": [{"field": "user.team", "eq": "North"}]}, {"Ada": 90, "Bo": 60}),
    ({"where": "user.team = 'South'"}, {"Cem": 50, "Dora": 70}),
    ({"filters": [{"field": "user.name", "eq": "Bo"}]}, {"Bo": 60}),
    ({"where": "deal.owner.team = 'North'"}, {"Ada": 90, "Bo": 60}),
    # What says nothing of people leaves all of them there.
    ({"where": "deal.source = 'Web'"}, {"Ada": 90, "Bo": 60, "Cem": 50, "Dora": 70}),
    # What is not known of people alone leaves those of whom something is counted.
    ({"where": "deal.owner_id = 'a'"}, {"Ada": 90}),
    ({"where": "user.team = 'South' or deal.amount > 90"}, {"Ada": 90, "Cem": 50}),
]


@pytest.mark.parametrize(("cut", "there"), FILTERS)
@pytest.mark.parametrize("kept", ["spec", "table"])
def test_those_whom_the_filter_leaves_out(
    kept: str, cut: dict[str, Any], there: dict[str, float], tmp_path: Path
) -> None:
    targets = {"Ada": 90, "Bo": 60, "Cem": 50, "Dora": 70}
    goal = {"targets": targets} if kept == "spec" else None
    found = figures(project(tmp_path, targets), spec(goal, **cut), NOW)
    assert named(found) == there


def test_the_sum_of_those_whom_the_filter_keeps(tmp_path: Path) -> None:
    folder = project(tmp_path, {"Ada": 90, "Bo": 60, "Cem": 50, "Dora": 70})
    found = figures(folder, spec(filters=[{"field": "user.team", "eq": "North"}]), NOW)
    goal = found.sections[0].kpis[0].goal
    assert goal is not None
    assert (goal.target, goal.attainment) == (150, pytest.approx(160 / 150))


def test_targets_for_some_only(tmp_path: Path) -> None:
    """200 of all would be held against the 150 of two."""
    found = figures(project(tmp_path, {"Ada": 90, "Bo": 60}), spec(), NOW)
    assert found.sections[0].kpis[0].goal is None
    assert named(found) == {"Ada": 90, "Bo": 60, "Cem": None}
    [told] = found.warnings
    assert told.code == "some-targets"
    assert "2 of 3 have a target by `user.name`" in told.message
    said = "Won amount: 2 of 3 have a target (Owner); the figure of all is not held against the sum of some."
    marked = [[found.footnotes[n - 1] for n in one.footnotes] for one in found.sections]
    assert marked == [[said], [said]]  # at the tile, and at those who have one
    # A target of all is one, whoever else has some.
    found = figures(tmp_path, spec({"target": 300, "targets": {"Ada": 90}}), NOW)
    assert found.sections[0].kpis[0].goal.target == 300  # type: ignore[union-attr]
    assert not found.warnings
    with pytest.raises(Broken):
        figures(project(tmp_path, {"Ada": 90}, checks={"strict": True}), spec(), NOW)


def test_names_of_no_field(tmp_path: Path) -> None:
    """Quotas by name say nothing of all until it is said whose names they are."""
    asked = spec() | {"goals": {"won_amount": {"target": "table"}}}
    found = figures(project(tmp_path, {"Ada": 90, "Bo": 60}), asked, NOW)
    assert found.sections[0].kpis[0].goal is None
    assert [one.code for one in found.warnings] == ["some-targets"]


@pytest.mark.parametrize(
    ("each", "code"),
    [({"where": "user.team = 'Nrth'"}, "unknown-value"), ({"recipients": "people.csv"}, "unknown-recipient")],
)
def test_reports_for_nobody(each: dict[str, Any], code: str, tmp_path: Path) -> None:
    folder = project(tmp_path, {"Ada": 90, "Bo": 60, "Zoe": 1})
    (folder / "people.csv").write_text("value,email\nAda,a@x.it\nBoo,b@x.it\n", encoding="utf-8")
    asked = {"version": 1, **spec(), "for_each": {"field": "user.name", **each}}
    (folder / "s.yaml").write_text(yaml.safe_dump(asked), encoding="utf-8")
    checked = load_report(folder / "s.yaml", NOW, {})
    assert checked.report is not None, checked.diagnostics
    made = run_each(compile_report(checked.report), Timings())
    assert code in [one.code for one in made.warnings]
    for value, own in made:  # Ada's own goal is hers alone
        assert named(own) == {value.value: 90}
        assert own.sections[0].kpis[0].goal.target == 90  # type: ignore[union-attr]


@pytest.mark.parametrize("kept", ["table", "spec"])
@pytest.mark.parametrize("field", ["user.team", "user.name", "deal.source"])
def test_goals_of_each_are_those_of_its_filter(field: str, kept: str, tmp_path: Path) -> None:
    """By a field of the members, a value's report has the goals that the filter in its place gives; Dora, who has
    sold nothing, among them. By another field it has nobody's: they are not of the value."""
    targets = {"Ada": 90.0, "Bo": 60.0, "Cem": 80.0, "Dora": 25.0}
    folder = project(tmp_path, targets if kept == "table" else None)
    goal = {"target": "table"} if kept == "table" else {"targets": targets}
    asked = {"version": 1, **spec(goal), "for_each": field}
    (folder / "s.yaml").write_text(yaml.safe_dump(asked), encoding="utf-8")
    checked = load_report(folder / "s.yaml", NOW, {})
    assert checked.report is not None, checked.diagnostics
    made = {value.value: own for value, own in run_each(compile_report(checked.report), Timings())}
    by_hand: dict[str, Any] = {  # of each value the targets by name, and what the tile is held against
        "user.team": {"North": ({"Ada": 90, "Bo": 60}, 150), "South": ({"Cem": 80, "Dora": 25}, 105)},
        "user.name": {name: ({name: target}, target) for name, target in targets.items()},
        "deal.source": {"Web": ({}, None), "Fair": ({}, None)},
    }
    assert set(made) == set(by_hand[field])
    for value, own in made.items():
        named_targets, total = by_hand[field][value]
        assert {name: target for name, target in named(own).items() if target is not None} == named_targets
        tile = own.sections[0].kpis[0].goal
        if field != "user.team" or kept == "table":  # targets of the spec are not added up
            assert (tile.target if tile is not None else None) == total
        others = set(targets) - set(named_targets) if total is not None else set()
        assert not [name for name in others if name in as_json(own)]
        if field != "deal.source":
            same = figures(folder, spec(goal, filters=[{"field": field, "eq": value}]), NOW)
            assert rows(own, "goal_won_amount") == rows(same, "goal_won_amount")
            if field == "user.team":
                assert own.sections[0].kpis[0].goal == same.sections[0].kpis[0].goal


def test_a_team_goal_is_not_one_persons(tmp_path: Path) -> None:
    """What Ada has sold is not held against what her team is to sell; nor is she shown that."""
    goal = {"by": "user.team", "targets": {"North": 150, "South": 105}}
    asked = {"version": 1, **spec(goal), "for_each": "user.name"}
    (project(tmp_path) / "s.yaml").write_text(yaml.safe_dump(asked), encoding="utf-8")
    checked = load_report(tmp_path / "s.yaml", NOW, {})
    assert checked.report is not None, checked.diagnostics
    for _, own in run_each(compile_report(checked.report), Timings()):
        assert not [row for row in goals(own) if row["target"] is not None]
