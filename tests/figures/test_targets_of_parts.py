"""Targets of a table that cover the period in part, twice or not at all: told, and no figure is held against them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.building import Order, build
from reportspec.errors import SourceError
from reportspec.model.figures import Figures
from tests.figures.asking import figures, rows

OVER = datetime(2026, 11, 1, 12, tzinfo=UTC)
USERS = "id,name\na,Ada\nb,Bo\n"
# In the third quarter Ada won 100 and lost one, Bo won 60.
DEALS = """id,owner,amount,closed,status
1,a,100,2026-07-02 10:00:00,won
2,b,60,2026-08-10 10:00:00,won
3,a,40,2026-09-11 10:00:00,lost
"""
JULY, AUGUST, SEPTEMBER = (
    ("2026-07-01", "2026-07-31"),
    ("2026-08-01", "2026-08-31"),
    ("2026-09-01", "2026-09-30"),
)
QUARTER, HALF, YEAR = (
    ("2026-07-01", "2026-09-30"),
    ("2026-07-01", "2026-12-31"),
    ("2026-01-01", "2026-12-31"),
)


def asked(
    folder: Path,
    targets: list[tuple[str, tuple[str, str], float]],
    goals: dict[str, Any],
    period: Any = "2026-Q3",
    **more: Any,
) -> Figures:
    """`targets` are whom they are for (nothing: all), their days and what they are."""
    (folder / "deals.csv").write_text(DEALS, encoding="utf-8")
    (folder / "users.csv").write_text(USERS, encoding="utf-8")
    about = {"version": 1, "source": {"files": {"deals": "deals.csv", "users": "users.csv"}}, "mapping": "m.yaml",
             "timezone": "UTC", "currency": "EUR", "locale": "en_GB"}  # fmt: skip
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
    [metric] = goals
    listed = [
        {"metric": metric, "dimension": "user.name" if whom else None, "value": whom or None,
         "starts_on": first, "ends_on": last, "target": target}
        for whom, (first, last), target in targets
    ]  # fmt: skip
    entities = {
        "user": {"table": "users", "key": "id", "fields": {"name": "name"}},
        "deal": {"table": "deals", "key": "id", "fields": {
            "owner_id": "owner", "amount": "amount", "closed_at": "closed", "status": "status",
            "created_at": "cast('2026-03-01' as timestamp)"}},
        "goal": {"rows": listed or [{"metric": "open_amount", "dimension": None, "value": None, "starts_on": "2026-07-01",
                                     "ends_on": "2026-07-31", "target": 1}]},
    }  # fmt: skip
    (folder / "m.yaml").write_text(yaml.safe_dump({"entities": entities}), encoding="utf-8")
    return figures(
        folder,
        {"report": "custom", "period": period, "metrics": [metric], "goals": goals, **more},
        OVER,
    )


def of_all(found: Figures) -> float | None:
    goal = found.sections[0].kpis[0].goal
    return goal.target if goal is not None else None


def told(found: Figures) -> list[str]:
    """What is told of the goal, on the terminal and at its tile."""
    warned = [one.message for one in found.warnings if one.code == "part-target"]
    return [*warned, *(found.footnotes[n - 1] for n in found.sections[0].footnotes)]


WON: dict[str, Any] = {"won_amount": {"target": "table"}}
NONE = "the figure is held against none"
TWICE = ("has several targets for the same days", "several targets for the same days")
NOT_WHOLE: list[tuple[list[tuple[tuple[str, str], float]], Any, str, str]] = [
    ([(JULY, 100), (AUGUST, 100)], "2026-Q3", "has targets for 2 of 3 months of the period", "targets for 2 of 3 months only"),
    # The year's is left out by the two of months, and these are not the quarter's.
    ([(JULY, 100), (AUGUST, 100), (YEAR, 1200)], "2026-Q3", "has targets for 2 of 3 months of the period", "targets for 2 of 3 months only"),
    ([(JULY, 100), (SEPTEMBER, 100)], "2026-Q3", "has targets for 2 of 3 months of the period", "targets for 2 of 3 months only"),
    # July's 31 days and 14 of August.
    ([(JULY, 100), (("2026-08-01", "2026-08-14"), 50)], "2026-Q3", "has targets for 45 of 92 days of the period", "targets for 45 of 92 days only"),
    # 10 July to 10 August are 32 days, of which July covers 22.
    ([(JULY, 100)], {"from": "2026-07-10", "to": "2026-08-10"}, "has targets for 22 of 32 days of the period", "targets for 22 of 32 days only"),
    # Days of August twice and September's not at all: 31 + 31 + 30 = 92 days, which is not the quarter.
    ([(JULY, 100), (AUGUST, 100), (("2026-08-02", "2026-08-31"), 100)], "2026-Q3", *TWICE),
    ([(("2026-07-01", "2026-08-31"), 100), (("2026-08-01", "2026-09-30"), 100)], "2026-Q3", *TWICE),
    ([((("2026-10-01"), "2026-10-31"), 100)], "2026-Q3", "has no target of the period", "no target for this period"),
    ([], "2026-Q3", "has no target of the period", "no target for this period"),
]  # fmt: skip


@pytest.mark.parametrize(("targets", "period", "terminal", "footnote"), NOT_WHOLE)
def test_targets_that_are_not_the_periods(
    targets: list[tuple[tuple[str, str], float]],
    period: Any,
    terminal: str,
    footnote: str,
    tmp_path: Path,
) -> None:
    found = asked(tmp_path, [("", days, target) for days, target in targets], WON, period)
    assert of_all(found) is None
    said = told(found)
    assert said[0] == f"`won_amount`: the table of targets {terminal}: {NONE}"
    assert said[1].startswith(f"Won amount: {footnote}")
    assert len(said) == 2


@pytest.mark.parametrize(("targets", "expected"), [
    ([(JULY, 100), (AUGUST, 50), (SEPTEMBER, 10)], 160),
    ([(SEPTEMBER, 10), (JULY, 100), (AUGUST, 50), (YEAR, 1200)], 160),
    ([(QUARTER, 200), (JULY, 1)], 200),  # the quarter's own
    ([(HALF, 184)], 92),  # 184 days, of which the quarter has 92
    ([(JULY, 0), (AUGUST, 0), (SEPTEMBER, 0), (YEAR, 365)], 0),  # nothing is asked of these months
    # A stretch that begins before the period: 10 days of 20 are July's.
    ([(("2026-06-21", "2026-07-10"), 20), (("2026-07-11", "2026-09-30"), 5)], 15),
])  # fmt: skip
def test_targets_that_are(targets: list[tuple[tuple[str, str], float]], expected: float, tmp_path: Path) -> None:
    found = asked(tmp_path, [("", days, target) for days, target in targets], WON)
    assert of_all(found) == pytest.approx(expected)
    assert told(found) == []


def test_a_rate_has_that_of_the_whole_period(tmp_path: Path) -> None:
    rate: dict[str, Any] = {"close_rate": {"target": "table"}}
    months = [("", JULY, 0.5), ("", AUGUST, 0.5), ("", SEPTEMBER, 0.5)]
    found = asked(tmp_path, months, rate)
    assert of_all(found) is None
    assert told(found) == [
        f"`close_rate`: the table of targets has targets of parts of the period only, which do not add up: {NONE}",
        f"Close rate: targets of parts of the period only, which do not add up; {NONE}.",
    ]
    whole = asked(tmp_path, [*months, ("", YEAR, 0.4)], rate)
    assert (of_all(whole), told(whole)) == (0.4, [])


def test_by_name(tmp_path: Path) -> None:
    """Ada's is whole, Bo's is not: he has none, and all have none."""
    goals = {"won_amount": {"target": "table", "by": "user.name"}}
    found = asked(tmp_path, [("Ada", QUARTER, 200), ("Bo", JULY, 50), ("Bo", AUGUST, 50)], goals)
    [section] = [one for one in found.sections if one.kind == "goals"]
    seen = {row["user.name"]: (row["target"], row["attainment"]) for row in rows(found, section.id)}
    assert seen == {"Ada": (200, 0.5), "Bo": (None, None)}
    assert of_all(found) is None
    said = [one.message for one in found.warnings if one.code == "part-target"]
    assert said == ["`won_amount`: the table of targets has some that make none of the period: `Bo` (2 of 3 months)"]
    notes = [found.footnotes[n - 1] for n in section.footnotes]
    assert "Won amount: targets by name that are not of the whole period, and count for nothing here: 1." in notes


def test_a_target_of_the_spec_stands(tmp_path: Path) -> None:
    """And one of all in the table beside names whose targets are not whole."""
    found = asked(
        tmp_path,
        [("", QUARTER, 300), ("Bo", JULY, 50)],
        {"won_amount": {"target": "table", "by": "user.name"}},
    )
    assert of_all(found) == 300
    assert len(told(found)) == 2  # Bo's


def told_of_each(folder: Path, targets: list[tuple[str, tuple[str, str], float]], goals: dict[str, Any]) -> list[str]:
    """What the terminal says of targets where everybody has a report."""
    asked(folder, targets, goals)
    spec = {"version": 1, "report": "custom", "period": "2026-Q3", "metrics": [*goals], "goals": goals}
    (folder / "each.yaml").write_text(yaml.safe_dump({**spec, "for_each": "user.name"}), encoding="utf-8")
    built = build(folder / "each.yaml", Order(OVER, {}))
    assert built.made is not None, built.diagnostics
    assert [value.value for value, _ in built.made.figures] == ["Ada", "Bo"]
    return [one.message for one in built.diagnostics if one.code in ("part-target", "some-targets")]


def test_with_for_each_it_is_told_once(tmp_path: Path) -> None:
    """With all the names: nobody's report is the place for it."""
    by_name = {"won_amount": {"target": "table", "by": "user.name"}}
    targets = [("Ada", JULY, 50.0), ("Bo", JULY, 50.0), ("Bo", AUGUST, 50.0)]
    assert told_of_each(tmp_path, targets, by_name) == [
        "`won_amount`: the table of targets has some that make none of the period: `Ada` (1 of 3 months), `Bo` (2 of 3 months)"
    ]
    assert told_of_each(tmp_path, [("Ada", QUARTER, 50.0), targets[1]], by_name) == [
        "`won_amount`: the table of targets has some that make none of the period: `Bo` (1 of 3 months)"
    ]
    # Of a target of all nobody's report knows whether it is there.
    assert told_of_each(tmp_path, [("", QUARTER, 100.0), targets[1]], WON) == []
    assert told_of_each(tmp_path, [("Ada", QUARTER, 50.0), ("Bo", QUARTER, 50.0)], by_name) == []


@pytest.mark.parametrize("language", ["en", "it", "de", "es", "fr"])
def test_in_all_languages(language: str, tmp_path: Path) -> None:
    found = asked(
        tmp_path,
        [("", JULY, 100), ("", AUGUST, 100)],
        WON,
        locale=f"{language}_{language.upper()}".replace("en_EN", "en_GB"),
    )
    [footnote] = [found.footnotes[n - 1] for n in found.sections[0].footnotes]
    assert "2" in footnote
    assert "3" in footnote


@pytest.mark.parametrize("most", [2, 3])
def test_targets_that_are_too_many_to_read(most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are refused, and not cut."""
    monkeypatch.setattr("reportspec.plan.MOST_TARGETS", most)
    targets = [("", JULY, 100.0), ("", AUGUST, 50.0), ("", SEPTEMBER, 10.0)]
    if most == 3:
        assert of_all(asked(tmp_path, targets, WON)) == 160
        return
    with pytest.raises(SourceError, match="has 3 for the goals of the report, of which 2 can be read"):
        asked(tmp_path, targets, WON)
