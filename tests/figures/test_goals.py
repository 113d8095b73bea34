"""Goals: where a figure stands, at what pace, and where it will land; quotas by person."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.figures.asking import codes, figures, rows

HALF = datetime(2026, 4, 16, tzinfo=UTC)  # half of April's 30 days are over
DEALS = """id,owner,amount,closed,status
1,a,100,2026-04-02 10:00:00,won
2,a,50,2026-04-10 10:00:00,won
3,b,30,2026-04-11 10:00:00,won
4,b,10,2026-04-12 10:00:00,lost
"""
TARGETS = [
    {"metric": "won_amount", "dimension": "user.name", "value": "Ada", "starts_on": "2026-04-01", "ends_on": "2026-06-30", "target": 910},
    {"metric": "won_amount", "dimension": "user.name", "value": "Bo", "starts_on": "2026-04-01", "ends_on": "2026-04-30", "target": 60},
    {"metric": "close_rate", "starts_on": "2026-01-01", "ends_on": "2026-12-31", "target": 0.5},
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deals.csv").write_text(DEALS, encoding="utf-8")
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n",
        encoding="utf-8",
    )
    people = [{"user_id": "a", "name": "Ada", "is_active": True}, {"user_id": "b", "name": "Bo", "is_active": True},
              {"user_id": "c", "name": "Cem", "is_active": True}]  # fmt: skip
    entities: dict[str, Any] = {
        "user": {"rows": people},
        "goal": {"rows": TARGETS},
        "deal": {"table": "deals", "key": "id",
                 "fields": {"owner_id": "owner", "amount": "amount", "closed_at": "closed", "status": "status",
                            "created_at": "cast('2026-03-01' as timestamp)"}},
    }  # fmt: skip
    (tmp_path / "m.yaml").write_text(yaml.safe_dump({"entities": entities}), encoding="utf-8")
    return tmp_path


def spec(goals: dict[str, Any], period: str = "2026-04") -> dict[str, Any]:
    return {"report": "custom", "period": period, "metrics": ["won_amount", "close_rate"], "goals": goals}  # fmt: skip


def goal(folder: Path, goals: dict[str, Any], now: datetime, metric: int = 0) -> Any:
    return figures(folder, spec(goals), now).sections[0].kpis[metric].goal


@pytest.mark.parametrize(
    ("target", "state", "landing"),
    [(180, "met", 360), (360, "on_track", 360), (400, "at_risk", 360)],
)
def test_within_the_period_the_pace_counts(
    target: float, state: str, landing: float, folder: Path
) -> None:
    found = goal(folder, {"won_amount": target}, HALF)
    assert (found.state, found.landing) == (state, pytest.approx(landing))
    assert found.attainment == pytest.approx(180 / target)


@pytest.mark.parametrize(("target", "state"), [(180, "met"), (190, "at_risk"), (300, "missed")])
def test_afterwards_the_figure_counts(target: float, state: str, folder: Path) -> None:
    assert goal(folder, {"won_amount": target}, datetime(2026, 6, 1, tzinfo=UTC)).state == state


def test_a_rate_does_not_grow_with_time(folder: Path) -> None:
    found = goal(folder, {"close_rate": 0.7}, HALF, 1)
    assert (found.state, found.landing) == ("on_track", pytest.approx(0.75))
    assert goal(folder, {"close_rate": 0.8}, HALF, 1).state == "at_risk"


def test_less_may_be_better(folder: Path) -> None:
    found = goal(folder, {"won_amount": {"target": 200, "direction": "down"}}, HALF)
    assert found.attainment == pytest.approx(200 / 180)
    assert found.state == "at_risk"  # it is heading for 360


def test_quotas_by_person(folder: Path) -> None:
    targets = {"Ada": 200, "Cem": 50}
    found = figures(folder, spec({"won_amount": {"by": "user.name", "targets": targets}}), HALF)
    said = {row["user.name"]: row for row in rows(found, "goal_won_amount")}
    assert said["Ada"]["won_amount"] == 150
    assert said["Ada"]["attainment"] == pytest.approx(0.75)
    assert said["Ada"]["landing"] == pytest.approx(300)
    assert said["Ada"]["state"] == "on track"
    assert (said["Cem"]["won_amount"], said["Cem"]["state"]) == (0, "at risk")
    assert (said["Bo"]["target"], said["Bo"]["state"]) == (None, "no target")


def test_targets_from_the_source(folder: Path) -> None:
    goals = {
        "won_amount": {"target": "table", "by": "user.name"},
        "close_rate": {"target": "table"},
    }
    found = figures(folder, spec(goals), HALF)
    said = {row["user.name"]: row["target"] for row in rows(found, "goal_won_amount")}
    # Ada's 910 of a quarter's 91 days: April has 30 of them. Bo's is April's own.
    assert said == {"Ada": pytest.approx(300), "Bo": 60}
    assert found.sections[0].kpis[0].goal.target == pytest.approx(360)  # type: ignore[union-attr]
    assert found.sections[0].kpis[1].goal.target == 0.5  # type: ignore[union-attr]


def test_a_goal_needs_a_target_and_targets_a_field(folder: Path) -> None:
    assert "missing-key" in codes(folder, spec({"won_amount": {"warn_at": 0.5}}))
    assert "missing-key" in codes(folder, spec({"won_amount": {"targets": {"Ada": 1}}}))
    assert "unknown-metric" in codes(folder, spec({"won_amunt": 5}))
