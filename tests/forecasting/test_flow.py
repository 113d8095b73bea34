"""Forecasts of what adds up over time by simple rules: against the demo's rows and a second reckoning of the rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import mean
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
import yaml

from reportspec.demo import load
from reportspec.forecasting.flow import Stretch, flow_forecast
from reportspec.formats.markdown import as_markdown
from reportspec.languages import languages, vocabulary
from tests.figures.asking import codes, figures, rows

ROME = ZoneInfo("Europe/Rome")
NOW = datetime(2026, 10, 20, 22, tzinfo=UTC)  # 20 of 31 days are over in Rome
LEADS = """
select created_at from demo.lead
where (is_deleted is null or not is_deleted) and merged_into_id is null and (status is null or status <> 'junk')
"""
SECTIONS = [
    {"id": "s", "forecast": {"metric": "leads_created_count"}},
    {"id": "t", "forecast": {"metric": "leads_created_count", "show": "tests"}},
]
SPEC: dict[str, Any] = {"report": "custom", "period": "2026-10", "sections": SECTIONS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("flow")
    own = {"version": 1, "source": "demo", "currency": "EUR", "timezone": "Europe/Rome"}
    (found / "reportspec.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    return found


def leads_of_months() -> list[tuple[int, int]]:
    """Of each month of the demo's leads how many there were within the first 20/31 of its days, and later."""
    with duckdb.connect() as raw:
        load(raw)
        times = raw.execute(LEADS).fetchall()
    found: dict[date, list[int]] = {}
    for (time,) in times:
        local = time.replace(tzinfo=UTC).astimezone(ROME)
        if time.replace(tzinfo=UTC) >= NOW:
            continue
        first = local.date().replace(day=1)
        length = ((first + timedelta(days=32)).replace(day=1) - first).days
        found.setdefault(first, [0, 0])[(local.date() - first).days >= round(20 / 31 * length)] += 1
    return [(early, late) for _, (early, late) in sorted(found.items())]


def by_rules(rests: list[float], place: int) -> dict[str, float]:
    said = {"last": rests[place - 1]} if place else {}
    if place >= 4:
        said["mean_of_four"] = mean(rests[place - 4 : place])
    if place >= 3:
        said["last_quarter"] = rests[place - 3]
    if place >= 12:
        said["last_year"] = rests[place - 12]
    return said


def chosen(rests: list[float], place: int) -> str:
    """The rule whose mean error in the (at most 12) periods before was the smallest, of those with four of them."""
    errors: dict[str, list[float]] = {}
    for at in range(place):
        for rule, value in by_rules(rests, at).items():
            errors.setdefault(rule, []).append(abs(value - rests[at]))
    able = {rule: mean(errors.get(rule, [])[-12:]) for rule in by_rules(rests, place) if len(errors.get(rule, [])) >= 4}
    return min(able, key=lambda rule: able[rule]) if able else ("mean_of_four" if place >= 4 else "last")


def test_leads(folder: Path) -> None:
    """So far, what each rule gives, and the errors, from the rows; the point is what there is plus what the rule says."""
    months = leads_of_months()[-31:]
    rests = [float(late) for _, late in months]
    found = figures(folder, SPEC, NOW)
    [row], tests = rows(found, "s"), rows(found, "t")
    last = len(months) - 1
    rule = chosen(rests, last)
    assert row["so_far"] == months[last][0]
    assert row["rest"] == pytest.approx(by_rules(rests, last)[rule])
    assert row["forecast"] == pytest.approx(row["so_far"] + row["rest"])
    assert row["so_far"] <= row["low"] <= row["forecast"] <= row["high"]
    places = range(last - 12, last)
    points = [months[at][0] + by_rules(rests, at)[chosen(rests, at)] for at in places]
    results = [sum(months[at]) for at in places]
    assert [one["forecast"] for one in tests[:-1]] == pytest.approx(points)
    assert [one["result"] for one in tests[:-1]] == results
    errors = [abs(point - result) for point, result in zip(points, results, strict=True)]
    assert row["mean_error"] == pytest.approx(sum(errors) / sum(results))
    naive = [abs(max(sum(months[at - 1]), months[at][0]) - sum(months[at])) for at in places]
    assert row["rule_error"] == pytest.approx(sum(naive) / sum(results))
    assert row["held"] == sum(one["low"] <= one["result"] <= one["high"] for one in tests[:-1]) >= 9
    assert row["tested"] == 12
    same_rule = vocabulary("en")["forecast"]["rules"][rule]["month"]
    assert same_rule in as_markdown(found)


def test_amounts_and_goals(folder: Path) -> None:
    """An amount stands in the report's currency, and its goal has a chance."""
    sections = [{"id": "s", "forecast": {"metric": "purchases_amount"}}]
    spec = {**SPEC, "sections": sections, "goals": {"purchases_amount": 1}}
    found = figures(folder, spec, NOW)
    [row] = rows(found, "s")
    assert row["chance"] == 1
    assert found.sections[0].columns[0].currency == "EUR"
    assert "is reached already" in as_markdown(found)


def test_why_there_is_none(folder: Path) -> None:
    def text(**spec: Any) -> str:
        return as_markdown(figures(folder, {**SPEC, **spec}, NOW))

    assert "A forecast needs 9 completed years" in text(period="2026")
    assert "The period is over" in text(period="2026-09")
    assert "The period has not begun" in text(period="2026-11")
    few = [{"field": "lead.lead_id", "in": ["L00001", "L00900"]}]
    assert "forecast for October 2026" not in text(filters=few)


def test_the_gate() -> None:
    """A rhythm of the year is learned from the year before; noise is no better than the last period; too few cases and
    periods are said."""
    year = [30.0, 5, 80, 40, 10, 60, 90, 20, 50, 70, 15, 35]
    rhythm = [Stretch(0, rest, 20) for rest in year * 3]
    found = flow_forecast([*rhythm, Stretch(0, 0)], 12)
    assert found is not None
    assert (found.forecast.rule, found.forecast.point, found.refusal) == ("last_year", 30.0, None)
    assert found.error == 0 < found.naive
    few = flow_forecast([Stretch(0, each.rest, 1) for each in rhythm] + [Stretch(0, 0)], 12)
    assert few is not None
    assert few.refusal == "cases"
    short = flow_forecast(rhythm[:9], 12)
    assert short is not None
    assert short.refusal == "periods"
    assert flow_forecast(rhythm[:3], 12) is None
    steps = [Stretch(0, 10.0 * at * (-1) ** (at // 2 % 2) + 500, 20) for at in range(14)]
    walk = flow_forecast([*steps, Stretch(0, 0)], None)
    assert walk is not None
    assert (walk.refusal == "last") == (walk.error > walk.naive)


def test_mistakes(folder: Path) -> None:
    def of(**forecast: Any) -> list[str]:
        return codes(folder, {**SPEC, "sections": [{"forecast": forecast}]})

    assert of(metric="leads_created_count") == []
    assert of(metric="won_amount", show="accuracy") == []  # it is what the open deals bring
    assert of(metric="close_rate") == ["bad-value"]
    assert of(metric="open_amount") == ["bad-value"]
    assert of(metric="leads_createt_count") == ["unknown-metric"]
    assert of(metric="leads_created_count", by=["user.name"]) == ["bad-value"]
    assert of(metric="leads_created_count", show="deals") == ["bad-value"]
    assert of(metric="leads_created_count", what_if={"inflow": 0.1}) == ["bad-value"]


@pytest.mark.parametrize("language", languages())
def test_every_language(folder: Path, language: str) -> None:
    text = as_markdown(figures(folder, {**SPEC, "language": language}, NOW))
    assert vocabulary(language)["forecast"]["by_rules"] in text
    assert "{" not in text
    assert language == "en" or "forecast" not in text.lower()


def test_no_hindsight(folder: Path) -> None:
    """As of an earlier day the tests are those that were made up to then."""
    earlier = rows(figures(folder, {**SPEC, "period": "2026-08"}, datetime(2026, 8, 20, 22, tzinfo=UTC)), "t")
    now = {row["period"]: row for row in rows(figures(folder, SPEC, NOW), "t")}
    assert sum(row["period"] in now for row in earlier[:-1]) >= 9
    for row in earlier[:-1]:
        assert row["period"] not in now or now[row["period"]]["result"] == row["result"]
