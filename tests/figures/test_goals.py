"""Goals: where a figure stands, at what pace, and where it will land; quotas by person."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.deliver.body import as_text
from reportspec.errors import SourceError
from reportspec.formats.html import as_html
from reportspec.formats.markdown import as_markdown
from tests.figures.asking import codes, figures, rows

OVER = datetime(2026, 6, 1, tzinfo=UTC)
HALF = datetime(2026, 4, 16, tzinfo=UTC)  # half of April's 30 days are over
DEALS = """id,owner,amount,closed,status
1,a,100,2026-04-02 10:00:00,won
2,a,50,2026-04-10 10:00:00,won
3,b,30,2026-04-11 10:00:00,won
4,b,10,2026-04-12 10:00:00,lost
"""
TARGETS = [
    {
        "metric": "won_amount",
        "dimension": "user.name",
        "value": "Ada",
        "starts_on": "2026-04-01",
        "ends_on": "2026-06-30",
        "target": 910,
    },
    {
        "metric": "won_amount",
        "dimension": "user.name",
        "value": "Bo",
        "starts_on": "2026-04-01",
        "ends_on": "2026-04-30",
        "target": 60,
    },
    {"metric": "close_rate", "starts_on": "2026-01-01", "ends_on": "2026-12-31", "target": 0.5},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deals.csv").write_text(DEALS, encoding="utf-8")
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n",
        encoding="utf-8",
    )
    people = [
        {"user_id": "a", "name": "Ada", "is_active": True},
        {"user_id": "b", "name": "Bo", "is_active": True},
        {"user_id": "c", "name": "Cem", "is_active": True},
    ]
    entities: dict[str, Any] = {
        "user": {"rows": people},
        "goal": {"rows": TARGETS},
        "deal": {
            "table": "deals",
            "key": "id",
            "fields": {
                "owner_id": "owner",
                "amount": "amount",
                "closed_at": "closed",
                "status": "status",
                "created_at": "cast('2026-03-01' as timestamp)",
            },
        },
    }
    (tmp_path / "m.yaml").write_text(yaml.safe_dump({"entities": entities}), encoding="utf-8")
    return tmp_path


def spec(goals: dict[str, Any], period: str = "2026-04") -> dict[str, Any]:
    return {"report": "custom", "period": period, "metrics": ["won_amount", "close_rate"], "goals": goals}


def goal(folder: Path, goals: dict[str, Any], now: datetime, metric: int = 0) -> Any:
    return figures(folder, spec(goals), now).sections[0].kpis[metric].goal


@pytest.mark.parametrize(
    ("target", "state", "landing"),
    [(180, "met", 360), (360, "on_track", 360), (400, "at_risk", 360)],
)
def test_within_the_period_the_pace_counts(target: float, state: str, landing: float, folder: Path) -> None:
    found = goal(folder, {"won_amount": target}, HALF)
    assert (found.state, found.landing) == (state, pytest.approx(landing))
    assert found.attainment == pytest.approx(180 / target)


@pytest.mark.parametrize(("target", "state"), [(180, "met"), (180.01, "missed"), (190, "missed"), (300, "missed")])
def test_afterwards_the_figure_counts(target: float, state: str, folder: Path) -> None:
    found = goal(folder, {"won_amount": {"target": target, "warn_at": 0.5}}, OVER)
    assert (found.state, found.pace, found.landing) == (state, None, None)


def test_how_far_off_a_goal_may_be(folder: Path) -> None:
    """The pace leads to 360 of 400, nine tenths."""
    for warn_at, state in ((0.9, "on_track"), (0.91, "at_risk")):
        found = goal(folder, {"won_amount": {"target": 400, "warn_at": warn_at}}, HALF)
        assert found.state == state


def test_quotas_of_a_period_that_is_over(folder: Path) -> None:
    found = figures(folder, spec({"won_amount": {"by": "user.name", "targets": {"Ada": 150, "Bo": 31}}}), OVER)
    assert rows(found, "goal_won_amount") == [
        {"user.name": "Ada", "won_amount": 150, "target": 150, "attainment": 1, "state": "met"},
        {"user.name": "Bo", "won_amount": 30, "target": 31, "attainment": pytest.approx(30 / 31), "state": "missed"},
    ]


@pytest.mark.parametrize("locale", ["en_GB", "it_IT", "de_DE", "fr_FR", "es_ES"])
def test_figures_near_their_goal(locale: str, folder: Path) -> None:
    """0.75 of 0.7501 is 99.99 %, and not 100 %: in tiles, sentences, tables, mails."""
    goals: dict[str, Any] = {
        "close_rate": {"target": 0.7501, "by": "user.name", "targets": {"Ada": 1.0, "Bo": 0.50001}}
    }
    asked = spec(goals) | {"locale": locale, "sections": [{"id": "said", "highlights": {"metrics": ["close_rate"]}}]}
    found = figures(folder, asked, OVER)
    texts = [as_markdown(found), as_html(found), as_text(found, "", (), ())]
    point = "." if locale == "en_GB" else ","
    for text in texts:
        plain = text.replace("\u00a0", "").replace("\u202f", "").replace("&nbsp;", "").replace(" %", "%")
        assert f"75{point}01%" in plain
        assert f"75{point}00%" in plain
    for text in texts[:2]:  # Bo has half, and was to have a little more
        plain = text.replace("\u00a0", "").replace("\u202f", "").replace("&nbsp;", "").replace(" %", "%")
        assert f"99{point}99%" in plain  # 0.75 / 0.7501
        assert f"50{point}001%" in plain


@pytest.mark.parametrize("chart", ["line", "none"])
def test_months_that_have_not_begun(chart: str, folder: Path) -> None:
    asked = {
        "report": "custom",
        "period": "2026-Q2",
        "locale": "en_GB",
        "sections": [{"id": "t", "trend": {"metrics": ["won_amount"], "grain": "month", "chart": chart}}],
    }
    text = as_markdown(figures(folder, asked, HALF))
    assert "Apr (in progress)" in text
    assert "May (not begun)" in text
    assert "Jun (not begun)" in text


def test_a_rate_does_not_grow_with_time(folder: Path) -> None:
    found = goal(folder, {"close_rate": 0.7}, HALF, 1)
    assert (found.state, found.pace, found.landing) == ("on_track", None, None)  # 0.75, and judged as that
    assert goal(folder, {"close_rate": 0.8}, HALF, 1).state == "at_risk"


def test_less_may_be_better(folder: Path) -> None:
    found = goal(folder, {"won_amount": {"target": 200, "direction": "down"}}, HALF)
    assert (found.attainment, found.pace, found.difference) == (None, None, -20)
    assert found.state == "at_risk"  # it is heading for 360
    # What is counted does not get less: 180 will never be 170.
    assert goal(folder, {"won_amount": {"target": 170, "direction": "down"}}, HALF).state == "missed"
    # A rate may: 0.75 is still to become 0.7.
    assert goal(folder, {"close_rate": {"target": 0.7, "direction": "down"}}, HALF, 1).state == "at_risk"


BELOW = {
    "en": "{} below the goal of {}",
    "it": "{} sotto l’obiettivo di {}",
    "de": "{} unter dem Ziel ({})",
    "fr": "{} en dessous de l’objectif de {}",
    "es": "{} por debajo del objetivo de {}",
}


@pytest.mark.parametrize("locale", ["en_GB", "it_IT", "de_DE", "fr_FR", "es_ES"])
def test_no_share_is_told_of_a_goal_where_less_is_better(locale: str, folder: Path) -> None:
    """0.75 are 5 points below 0.8, and 2.0001 above 0.729999: neither is a percentage of the goal."""
    for target, points, way in ((0.8, "5.0", -0.05), (0.729999, "2.0", 0.020001)):
        goals = {"close_rate": {"target": target, "direction": "down"}}
        asked = spec(goals) | {
            "locale": locale,
            "sections": [{"id": "said", "highlights": {"metrics": ["close_rate"]}}],
        }
        found = figures(folder, asked, OVER)
        [tile] = [kpi for one in found.sections for kpi in one.kpis if kpi.goal is not None]
        assert tile.goal is not None
        assert tile.goal.difference == pytest.approx(way)
        assert tile.goal.state == ("met" if way < 0 else "missed")
        for text in (as_markdown(found), as_html(found)):
            plain = text.replace("\u00a0", " ").replace("\u202f", " ").replace("&nbsp;", " ")
            points = points if locale == "en_GB" else points.replace(".", ",")
            assert plain.lower().count(f"{points} p") >= 2, plain  # at the tile and in the sentence
            for share in ("107", "97"):  # 0.8 / 0.75, 0.729999 / 0.75
                assert not re.search(rf"\b{share}[.,\d]* ?%", plain)
            if way < 0:
                said = BELOW[locale[:2]].format("X", "Y").split("X")[1].split("Y")[0]
                assert said in plain


def test_quotas_where_less_is_better_say_the_difference(folder: Path) -> None:
    goals = {"won_amount": {"by": "user.name", "direction": "down", "targets": {"Ada": 160, "Bo": 20}}}
    found = rows(figures(folder, spec(goals), OVER), "goal_won_amount")
    assert found == [
        {"user.name": "Ada", "won_amount": 150, "target": 160, "difference": -10, "state": "met"},
        {"user.name": "Bo", "won_amount": 30, "target": 20, "difference": 10, "state": "missed"},
    ]


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


def targets(folder: Path, *rows_: dict[str, Any]) -> None:
    """Other targets in the source's own table."""
    mapping = yaml.safe_load((folder / "m.yaml").read_text(encoding="utf-8"))
    ada = {"metric": "won_amount", "dimension": "user.name", "value": "Ada"}
    mapping["entities"]["goal"] = {"rows": [{**ada, **row} for row in rows_]}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")


BY_OWNER = {"won_amount": {"target": "table", "by": "user.name"}}


def of_ada(folder: Path, period: str = "2026-04") -> Any:
    found = figures(folder, spec(BY_OWNER, period), OVER)
    [section] = [s for s in found.sections if s.kind == "goals"]
    return next(row["target"] for row in rows(found, section.id) if row[section.columns[0].name] == "Ada")


APRIL = {"starts_on": "2026-04-01", "ends_on": "2026-04-30"}
YEAR = {"starts_on": "2026-01-01", "ends_on": "2026-12-31"}


@pytest.mark.parametrize("both", [(100, 200), (200, 100)])
def test_two_targets_for_the_same_days_are_refused(both: tuple[int, int], folder: Path) -> None:
    targets(folder, *({**APRIL, "target": target} for target in both))
    with pytest.raises(
        SourceError,
        match="two for `won_amount` of `Ada` from 2026-04-01 to 2026-04-30: 100 and 200",
    ):
        of_ada(folder)


def test_targets_twice_of_other_days_stop_no_report(folder: Path) -> None:
    targets(
        folder,
        {**APRIL, "target": 100},
        {**APRIL, "target": 200},
        {"starts_on": "2026-05-01", "ends_on": "2026-05-31", "target": 7},
    )
    assert of_ada(folder, "2026-05") == 7


def test_a_target_that_stands_twice_is_one(folder: Path) -> None:
    targets(folder, {**APRIL, "target": 100}, {**APRIL, "target": 100})
    assert of_ada(folder) == 100


def test_months_beside_their_year(folder: Path) -> None:
    """A quarter has the targets of its months, not a part of the year's."""
    months = [("04", 30, 10), ("05", 31, 20), ("06", 30, 40)]
    targets(
        folder,
        {**YEAR, "target": 3650},
        *({"starts_on": f"2026-{m}-01", "ends_on": f"2026-{m}-{last}", "target": target} for m, last, target in months),
    )
    assert of_ada(folder, "2026-Q2") == 70
    assert of_ada(folder) == 10
    assert of_ada(folder, "2026-03") == pytest.approx(3650 * 31 / 365)


@pytest.mark.parametrize("missing", ["starts_on", "ends_on", "target"])
def test_what_a_target_lacks_is_told(missing: str, folder: Path) -> None:
    """It counts for nobody, and nothing breaks."""
    (folder / "goals.csv").write_text(
        "metric,value,starts_on,ends_on,target\n"
        + ",".join(
            "" if name == missing else value
            for name, value in {
                "metric": "won_amount",
                "value": "Ada",
                "starts_on": "2026-04-01",
                "ends_on": "2026-04-30",
                "target": "100",
            }.items()
        )
        + "\nwon_amount,Bo,2026-04-01,2026-04-30,60\n",
        encoding="utf-8",
    )
    mapping = yaml.safe_load((folder / "m.yaml").read_text(encoding="utf-8"))
    names = ("metric", "value", "starts_on", "ends_on", "target")
    mapping["entities"]["goal"] = {
        "table": "goals",
        "fields": {"dimension": "'user.name'", **{n: n for n in names}},
    }
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    project = (folder / "reportspec.yaml").read_text(encoding="utf-8")
    (folder / "reportspec.yaml").write_text(
        project.replace("deals.csv}", "deals.csv, goals: goals.csv}"), encoding="utf-8"
    )
    assert of_ada(folder) is None
    found = figures(folder, spec(BY_OWNER), OVER)
    assert any(one.message.startswith("Targets without a ") and "1 of 2 rows" in one.message for one in found.warnings)


@pytest.mark.parametrize(
    ("section", "metric", "shown"),
    [
        ({"kpis": ["close_rate"]}, "close_rate", True),
        ({"highlights": {"metrics": ["close_rate"]}}, "close_rate", True),
        ({"trend": {"metrics": ["close_rate"]}}, "close_rate", True),  # a line of the chart
        ({"trend": {"metrics": ["won_amount"]}}, "won_amount", False),  # no step has the whole target
        ({"breakdown": {"metrics": ["won_amount"], "by": ["user.name"]}}, "won_amount", False),
        ({"kpis": ["short"]}, "won_amount", True),  # by its formula
        ({"kpis": ["close_rate.by_value"]}, "close_rate", False),
    ],
)
def test_a_goal_that_nothing_shows_is_told(folder: Path, section: dict[str, Any], metric: str, shown: bool) -> None:
    with_short(folder)
    spec = {"report": "custom", "period": "2026-04", "goals": {metric: 0.5}, "sections": [section]}
    assert codes(folder, spec) == ([] if shown else ["unshown-goal"])


def with_short(folder: Path) -> None:
    """A metric of one's own, what is short of the goal, and one made of it."""
    own = {"metric": "short", "kind": "derived", "formula": "goal(won_amount) - won_amount", "unit": "currency"}
    twice = {"metric": "twice_short", "kind": "derived", "formula": "2 * short", "unit": "currency"}
    (folder / "metrics").mkdir()
    (folder / "metrics" / "own.yaml").write_text(yaml.safe_dump({"metrics": [own, twice]}), encoding="utf-8")


@pytest.mark.parametrize("metric", ["short", "twice_short"])
@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"kpis": ["{}"]}, []),
        ({"kpis": ["{}"], "where": "deal.amount > 1"}, ["whole-goal"]),
        ({"kpis": ["{}"], "filters": [{"field": "user.name", "eq": "Ada"}]}, ["whole-goal"]),
        ({"breakdown": {"metrics": ["{}"], "by": ["user.name"]}}, ["whole-goal"]),
        ({"trend": {"metrics": ["{}"], "grain": "week"}}, ["whole-goal"]),
        ({"highlights": {"metrics": ["{}"]}, "where": "deal.amount > 1"}, ["whole-goal"]),
        ({"highlights": {"compare": [{"metric": "{}", "by": "user.name"}]}}, ["whole-goal"]),
    ],
)
def test_a_goal_of_all_is_no_goal_of_a_part(
    folder: Path, section: dict[str, Any], told: list[str], metric: str
) -> None:
    """Of won deals of 160 in all, a part of which is short of no goal of all."""
    with_short(folder)
    asked = yaml.safe_load(yaml.safe_dump(section).replace("{}", metric))
    spec = {"report": "custom", "period": "2026-04", "goals": {"won_amount": 1000}, "sections": [asked]}
    assert codes(folder, spec) == told
    spec.pop("goals")
    assert "whole-goal" not in codes(folder, spec)  # nothing is divided by what is not there


def test_a_report_of_a_part_has_its_goal(folder: Path) -> None:
    """Filters of the whole report are of all its rows: what is written there is their goal."""
    with_short(folder)
    one = {"report": "custom", "period": "2026-04", "goals": {"won_amount": 1000}, "metrics": ["won_amount", "short"]}
    found = figures(folder, {**one, "filters": [{"field": "user.name", "eq": "Ada"}]}, OVER)
    [row] = rows(found, "headline")
    assert row["short"] == 1000 - row["won_amount"] != 1000


@pytest.mark.parametrize("language", ["de", "en", "es", "fr", "it"])
def test_the_heading_says_how_many_met_their_goal(language: str, folder: Path) -> None:
    """Of a report that says what it found; who has no goal is none of them."""
    by = {"by": "user.name", "targets": {"Ada": 1, "Bo": 10_000_000}}

    def title(**more: Any) -> str:
        spec = {"report": "pipeline", "period": "2026-04", "goals": {"won_amount": by}, "locale": language, **more}
        return next(one.title for one in figures(folder, spec, OVER).sections if one.kind == "goals")

    assert "1" in title()
    assert "2" in title()
    assert title(headline="off") != title()
    assert "1" not in title(headline="off")
