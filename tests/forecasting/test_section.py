"""What a section with a forecast shows: the amount that the windows make, its parts, why there is none, in every language."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from reportspec.building import Order, build
from reportspec.calendar import Fiscal
from reportspec.forecasting import tested_forecast
from reportspec.forecasting.rest import Changes, changed
from reportspec.forecasting.tested_forecast import forecast
from reportspec.forecasting.winning import chances
from reportspec.formats.markdown import as_markdown
from reportspec.languages import languages, vocabulary
from tests.figures.asking import codes, figures, rows, total
from tests.forecasting.asked import facts_in
from tests.forecasting.freezing import frozen
from tests.forecasting.simulated import simulated
from tests.forecasting.test_no_hindsight import project

NOW = datetime(2026, 10, 20, 9, tzinfo=UTC)
ROME = ZoneInfo("Europe/Rome")
SECTIONS = [
    {"id": "summary", "forecast": {"show": "summary"}},
    {"id": "tests", "forecast": {"show": "tests"}},
    {"id": "by", "forecast": {"by": ["deal.source"]}},
]
DATA = simulated(11, uneven=0.6)
PLACES = {row["stage_id"]: (row["position"], row["is_won"], row["is_lost"]) for row in DATA[2]}
AS_OF_NOW, _ = frozen(DATA[0], DATA[1], PLACES, NOW.replace(tzinfo=None))
SPEC: dict[str, Any] = {"report": "custom", "period": "2026-Q4", "sections": SECTIONS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(tmp_path_factory.mktemp("section") / "crm", *DATA)


def text_of(folder: Path, spec: dict[str, Any], now: datetime = NOW) -> str:
    return as_markdown(figures(folder, spec, now))


def test_the_amounts(folder: Path) -> None:
    """The summary is the forecast of the windows, the tests are its tests, and what each source brings adds up to it."""
    found = figures(folder, {**SPEC, "goals": {"won_amount": 500_000}}, NOW)
    report, facts = facts_in(folder, {"period": "2026-Q4"}, NOW)
    made = forecast(facts.windows)
    assert made is not None
    assert made.refusal is None
    [row] = rows(found, "summary")
    assert (row["forecast"], row["low"], row["high"]) == pytest.approx((made.point, made.low, made.high))
    assert row["chance"] == pytest.approx(made.chance_of(500_000))
    assert row["held"] == sum(test.low <= test.result <= test.high for test in made.tests)
    # Both errors are of the same tests: those that the rule has something to say of, which are the last ones.
    both = made.tests[-row["compared"] :]
    errors = [abs(test.point - test.result) for test in both]
    assert row["compared_error"] == pytest.approx(sum(errors) / sum(test.result for test in both))
    assert row["compared_error"] / row["rule_error"] == pytest.approx(made.rivals[0].ratio)
    whole = [abs(test.point - test.result) for test in made.tests]
    assert row["mean_error"] == pytest.approx(sum(whole) / sum(test.result for test in made.tests))
    assert made.rivals[0].ratio <= 0.9
    tests = rows(found, "tests")
    assert [one["result"] for one in tests[:-1]] == pytest.approx([test.result for test in made.tests])
    assert tests[-1]["forecast"] == pytest.approx(made.point)
    parts, whole = rows(found, "by"), total(found, "by")
    for name in ("forecast", "won", "open", "created", "open_count", "open_amount"):
        assert sum(part[name] for part in parts) == pytest.approx(whole[name])
    assert whole["forecast"] == pytest.approx(made.point)
    assert whole["won"] == pytest.approx(made.won)
    assert report.reached == NOW
    before = [d for d in AS_OF_NOW if d["status"] == "won" and d["closed_at"] >= datetime(2026, 9, 30, 22)]
    assert made.won == pytest.approx(float(sum(d["amount"] for d in before)))


def test_parts_say_the_usual_rest_where_that_is_the_forecast(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a rest that is the usual one nobody knows how much of it is open now: it is one column, which adds up, and it is
    said how it is dealt out. The choice is pushed to it, which these deals would not be forecast by."""
    for name, value in {"BETTER_BY": 0.0, "TESTS_OF_CHOICE": 1, "NEARER_BY": 1e9, "HELD": 0.0}.items():
        monkeypatch.setattr(tested_forecast, name, value)
    found = figures(folder, SPEC, NOW)
    [row] = rows(found, "summary")
    parts, whole = rows(found, "by"), total(found, "by")
    assert not {"open", "created"} & set(parts[0])
    assert whole["usual_rest"] == pytest.approx(row["usual_rest"])
    assert sum(part["usual_rest"] for part in parts) == pytest.approx(row["usual_rest"])
    assert sum(part["forecast"] for part in parts) == pytest.approx(row["forecast"])
    assert vocabulary("en")["forecast"]["dealt_out"] in text_of(folder, SPEC)


@pytest.mark.parametrize("language", languages())
def test_every_language(folder: Path, language: str) -> None:
    """All sentences have the same gaps in every language, and nothing of another one stands in a report."""
    ours, english = (vocabulary(code)["report"]["highlights"] for code in (language, "en"))
    kinds = [kind for kind in english if kind.startswith("forecast_")]
    assert len(kinds) > 20
    for kind in kinds:
        assert sorted(re.findall(r"{(\w+)}", ours[kind])) == sorted(re.findall(r"{(\w+)}", english[kind])), kind
        assert language == "en" or ours[kind] != english[kind]
    spec = {**SPEC, "language": language, "goals": {"won_amount": 400_000}}
    text = text_of(folder, spec)
    assert "{" not in text
    assert vocabulary(language)["forecast"]["columns"]["created"] in text
    if language != "en":
        assert "Forecast" not in text


@pytest.mark.parametrize(
    ("spec", "now", "sentence"),
    [
        ({"period": "2026-Q3"}, NOW, "The period is over"),
        ({"period": "2027-Q2"}, NOW, "The period is too far ahead"),
        ({"period": "2024-Q4"}, datetime(2024, 11, 10, tzinfo=UTC), "A forecast needs 13 completed months (now"),
        ({"period": "2024-06"}, datetime(2024, 6, 10, tzinfo=UTC), "A forecast needs 9 completed months (now"),
        (
            {"period": "2026-10", "filters": [{"field": "deal.amount", "gte": 8600}]},
            NOW,
            "Too few deals are won to forecast from",
        ),
    ],
)
def test_why_there_is_none(folder: Path, spec: dict[str, Any], now: datetime, sentence: str) -> None:
    found = figures(folder, {**SPEC, **spec}, now)
    text = as_markdown(found)
    assert sentence in text
    summary, _, by = found.sections
    assert not summary.kpis
    assert not summary.rows
    assert not by.rows


def test_short_histories(tmp_path: Path) -> None:
    """Of 20 months there are 6 quarters, and enough that begin with every month: a forecast is shown."""
    deals, history, stages = DATA
    begins = datetime(2025, 1, 20)
    kept = {deal["deal_id"] for deal in deals if deal["created_at"] >= begins}
    folder = project(
        tmp_path / "short",
        [deal for deal in deals if deal["deal_id"] in kept],
        [row for row in history if row["deal_id"] in kept],
        stages,
    )
    report, facts = facts_in(folder, {"period": "2026-Q4"}, NOW)
    assert facts.within
    assert facts.windows.apart == 3
    assert facts.stretches[0][0].isoformat() == "2025-02-01"
    assert report.project.fiscal == Fiscal()
    assert "begin with every month" in text_of(folder, SPEC)


def test_a_rush_at_the_end_of_quarters(tmp_path: Path) -> None:
    """Of the same 20 months, with wins put off to the last ten days of quarters: those that begin with every month are no
    guide, and that is said with the share that was won there."""
    deals, history, stages = DATA
    begins = datetime(2025, 1, 20)
    kept = {deal["deal_id"]: dict(deal) for deal in deals if deal["created_at"] >= begins}
    rows_of = [dict(row) for row in history if row["deal_id"] in kept]
    for number, deal in enumerate(kept.values()):
        at = deal["closed_at"]
        if deal["status"] != "won" or number % 3 == 0:
            continue
        end = datetime(at.year, 3 * ((at.month + 2) // 3), 28)
        deal["closed_at"] = end if end >= at else at
        [*_, last] = [row for row in rows_of if row["deal_id"] == deal["deal_id"]]
        last["entered_at"] = deal["closed_at"]
    folder = project(tmp_path / "rush", list(kept.values()), rows_of, stages)
    _, facts = facts_in(folder, {"period": "2026-Q4"}, NOW)
    assert not facts.within
    assert facts.rush is not None
    assert facts.rush > 0.25
    assert f"{100 * facts.rush:.1f}% of what a quarter brings was won in its last two weeks" in text_of(folder, SPEC)


def test_without_a_history(tmp_path: Path) -> None:
    """Deals are told apart by their age alone, and that is said."""
    folder = project(tmp_path / "plain", *DATA)
    mapping = yaml.safe_load((folder / "m.yaml").read_text())
    del mapping["entities"]["deal_stage_history"]
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping))
    _, facts = facts_in(folder, {"period": "2026-Q4"}, NOW)
    assert {stage for window in facts.windows.all for stage, _ in window.open} == {None}
    assert max(band for window in facts.windows.all for _, band in window.open) > 3
    assert "told apart by their age alone" in text_of(folder, SPEC)
    # What people had said is known of deals alone that are still open, of which none was won: 0 % says nothing of them.
    calibration = {**SPEC, "sections": [{"id": "c", "forecast": {"show": "calibration"}}]}
    judged = rows(figures(folder, calibration, NOW), "c")
    assert sum(row["rated"] for row in judged) > 0
    assert {row[f"typed_{what}"] for row in judged for what in ("count", "said", "happened")} == {None}
    assert "What the CRM said of them then is not known" in text_of(folder, calibration)


def test_chances(folder: Path, tmp_path: Path) -> None:
    """Each deal's chance is the product of its factors and the rate of its cell; of stages it is held against what
    happened in the windows of the tests. Where deals are won from any stage alike, there are none."""
    alone = {"sections": [{"id": "d", "forecast": {"show": "deals"}}]}
    assert "the stage told too little" in text_of(folder, {**SPEC, **alone})
    # The largest deals stand there all the same, as they do where the period is too far ahead; once it is over, none.
    largest = sorted((float(d["amount"]) for d in frozen(*DATA[:2], PLACES, NOW.replace(tzinfo=None))[0]
                      if d["status"] == "open"), reverse=True)[:7]  # fmt: skip
    for period in (SPEC["period"], "2027-Q4"):
        without = rows(figures(folder, {**SPEC, **alone, "period": period}, NOW), "d")
        assert [row["amount"] for row in without] == largest
        assert "win_chance" not in without[0]
    assert rows(figures(folder, {**SPEC, **alone, "period": "2026-Q2"}, NOW), "d") == []
    deals, history, stages = simulated(5, telling=True)
    folder = project(tmp_path / "telling", deals, history, stages)
    as_of_now, _ = frozen(deals, history, PLACES, NOW.replace(tzinfo=None))
    spec = {
        **SPEC,
        "sections": [{"id": "d", "forecast": {"show": "deals"}}, {"id": "s", "forecast": {"show": "stages"}}],
    }
    found = figures(folder, spec, NOW)
    _, facts = facts_in(folder, {"period": "2026-Q4"}, NOW)
    judged, made = chances(facts.windows), forecast(facts.windows)
    assert judged.shown
    assert made is not None
    listed = rows(found, "d")
    amounts = sorted((float(d["amount"]) for d in as_of_now if d["status"] == "open"), reverse=True)
    assert [row["amount"] for row in listed] == amounts[:7]
    for row in listed:
        chance = row["base_rate"] * row["stage_factor"] * row["days_factor"]
        assert row["expected"] == pytest.approx(row["amount"] * chance * made.pipeline.kept)
        assert row["win_chance"] == pytest.approx(chance, abs=0.0251)
        assert row["base_rate"] == judged.rates.base
        # Beside the stage and the days in it stand the factors that they are, as they are read: to two digits or so.
        for name in ("stage", "days"):
            text = row[{"stage": "stage.name", "days": "deal.days_in_stage"}[name] + "__factor"]
            said, factor = text.split(" × ")
            assert float(factor) == pytest.approx(row[f"{name}_factor"], abs=0.05)
            assert said == (row["stage.name"] if name == "stage" else f"{row['deal.days_in_stage']:,.0f}")
        assert 0 <= row["won_like"] <= row["deals_like"]
    assert any(row["deals_like"] for row in listed)
    tested = [facts.windows.all[test.place] for test in made.tests]
    for row, stage in zip(rows(found, "s"), "abc", strict=True):
        cells = [cell for window in tested for key, cell in window.open.items() if key[0] == stage]
        there, won = sum(cell.deals.count for cell in cells), sum(cell.won.count for cell in cells)
        assert row["deals_tested"] == there
        assert row["happened"] == pytest.approx(won / there)
        assert row["typed"] is None
    whole = total(found, "s")
    assert whole["by_rates"] == pytest.approx(judged.expected / whole["deals_tested"])
    assert whole["happened"] == pytest.approx(judged.were / whole["deals_tested"])


def test_each_value_has_its_own(folder: Path) -> None:
    """With `for_each` a value's forecast is that of a report that is filtered to it: all kinds of these sections pass."""
    more = [{"id": "d", "forecast": {"show": "deals"}}, {"id": "s", "forecast": {"show": "stages"}}]
    spec = {**SPEC, "version": 1, "sections": [*SECTIONS, *more]}
    path = folder / "each.yaml"
    path.write_text(yaml.safe_dump({**spec, "for_each": "deal.source"}))
    built = build(path, Order(NOW, {}))
    assert built.made is not None, [one.message for one in built.diagnostics]
    made = {value.value: figures for value, figures in built.made.figures}
    assert sorted(made) == ["fair", "web"]
    alone = figures(folder, {**spec, "filters": [{"field": "deal.source", "eq": "web"}]}, NOW)
    for ours, theirs in zip(made["web"].sections, alone.sections, strict=True):
        assert [row[1:] for row in ours.rows] == [
            tuple(pytest.approx(cell) if isinstance(cell, float) else cell for cell in row[1:]) for row in theirs.rows
        ]
    assert alone.sections[1].rows


def test_what_if(folder: Path) -> None:
    """A tenth more of what is open and to be created, as long as no chance is above 1: they are far below here."""
    _, facts = facts_in(folder, {"period": "2026-Q4"}, NOW)
    made = forecast(facts.windows)
    assert made is not None
    now = facts.windows.all[-1]
    assert max(made.pipeline.rates.of(key) for key in now.open) < 0.8
    rest = made.pipeline.rest
    assert changed(made.pipeline, now, Changes(0.1)) == pytest.approx(1.1 * rest.mean)
    assert changed(made.pipeline, now, Changes(inflow=0.5)) == pytest.approx(rest.open + 1.5 * rest.created)
    assert changed(made.pipeline, now, Changes(9.0)) < 10 * rest.mean
    assert changed(made.pipeline, now, Changes()) == pytest.approx(rest.mean)
    spec = {**SPEC, "sections": [{"forecast": {"what_if": {"close_rate": 0.1, "amount": -0.05}}}]}
    text = text_of(folder, spec)
    assert "If otherwise (deals won +10%, amounts −5%)" in text
    assert "no forecast" in text
    percent = {**SPEC, "sections": [{"forecast": {"what_if": {"close_rate": "+10%", "amount": "-5 %"}}}]}
    assert text_of(folder, percent) == text
    for wrong in ("+950%", "-95%"):
        assert codes(folder, {**SPEC, "sections": [{"forecast": {"what_if": {"inflow": wrong}}}]}) == ["bad-value"]
    assert codes(folder, {**SPEC, "sections": [{"forecast": {"show": "tests", "what_if": {"inflow": 1}}}]}) == [
        "bad-value"
    ]


def test_accuracy(folder: Path) -> None:
    """When a quarter of the period is over, the row of today is that of a quarter over, which is asked for by other
    windows. Errors of simple rules are those of the deals as they were known. Of a period that is over there is none of
    today."""
    now = datetime(2026, 10, 23, 22, tzinfo=UTC)  # the 24th begins: 23 days of 92
    spec = {**SPEC, "sections": [{"id": "a", "forecast": {"show": "accuracy"}}, *SECTIONS[:2]]}
    found = figures(folder, spec, now)
    listed = rows(found, "a")
    assert [row["elapsed"] for row in listed] == [0.0, 0.25, 0.25, 0.5, 0.75]
    assert listed[1] == listed[2]
    tests = [test for test in rows(found, "tests") if test["result"] is not None]
    errors, came = [test["forecast"] - test["result"] for test in tests], sum(test["result"] for test in tests)
    point = listed[1]
    assert (point["tested"], point["held"]) == (len(tests), sum(test["held"] for test in tests))
    assert point["mean_error"] == pytest.approx(sum(map(abs, errors)) / came)
    assert point["bias"] == pytest.approx(sum(errors) / came)
    assert point["width"] == pytest.approx(sum(test["high"] - test["low"] for test in tests) / came)
    as_of_then, _ = frozen(DATA[0], DATA[1], PLACES, now.replace(tzinfo=None))
    starts = [datetime(year, month, 1, tzinfo=ROME) for year in (2024, 2025, 2026) for month in (1, 4, 7, 10)]
    won = [(d["closed_at"].replace(tzinfo=UTC), float(d["amount"])) for d in as_of_then if d["status"] == "won"]
    amounts = [sum(a for at, a in won if start <= at < end) for start, end in pairwise(starts)]
    last = [abs(before - came) for before, came in pairwise(amounts)][-listed[0]["tested"] :]
    came = sum(amounts[-listed[0]["tested"] :])
    assert listed[0]["mean_error"] / listed[0]["times_last"] == pytest.approx(sum(last) / came)
    assert [row["shown"] for row in listed] == [
        row["held"] >= 0.7 * row["tested"]
        and max(row[f"times_{rule}"] for rule in ("last", "mean_of_four", "last_year")) <= 0.9
        for row in listed
    ]
    over = rows(figures(folder, {**spec, "period": "2026-Q3", "sections": spec["sections"][:1]}, now), "a")
    assert [row["elapsed"] for row in over] == [0.0, 0.25, 0.5, 0.75]
    assert {row["tested"] for row in over} == {listed[0]["tested"] - 1}


def test_mistakes(folder: Path) -> None:
    both = {**SPEC, "sections": [{"forecast": {"show": "tests", "by": ["deal.source"]}}]}
    assert codes(folder, both) == ["bad-value"]
    assert codes(folder, {**SPEC, "sections": [{"forecast": {"by": ["deal.sauce"]}}]}) == ["unknown-field"]


def test_fiscal_years_and_zones(folder: Path) -> None:
    """Fiscal quarters are windows of the fiscal year, and days are those of the report's zone."""
    settings = yaml.safe_load((folder / "reportspec.yaml").read_text())
    for zone, month, period in (("Pacific/Auckland", 2, "FY2027-Q3"), ("America/Los_Angeles", 7, "FY2027-Q2")):
        (folder / "reportspec.yaml").write_text(
            yaml.safe_dump({**settings, "timezone": zone, "fiscal_year_start": month})
        )
        report, facts = facts_in(folder, {"period": period}, NOW)
        start = facts.stretches[-1][0]
        assert (start.month - month) % 3 == 0
        begins = datetime(start.year, start.month, 1, tzinfo=report.binding.zone).astimezone(UTC).replace(tzinfo=None)
        won = [d for d in AS_OF_NOW if d["status"] == "won" and d["closed_at"] >= begins]
        assert facts.windows.all[-1].won_before.count == len(won)
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(settings))


def test_a_day_that_the_data_do_not_reach(tmp_path: Path) -> None:
    """Of a day that is named weeks after the last change it is told, once, that nothing of what came in between is
    known: it would pass for nothing having come. A quiet week is no gap; the clock is moved to where the data end."""
    deals, history, stages = DATA
    then = datetime(2026, 9, 30, 18)
    folder = project(tmp_path / "crm", *frozen(deals, history, PLACES, then), stages)
    last = max(row["entered_at"] for row in history if row["entered_at"] < then)
    sections = [*SECTIONS[1:2], SECTIONS[0], {"id": "deals", "forecast": {"show": "deals"}}]

    def told(now: datetime, *, clock: bool = False) -> list[tuple[str, str]]:
        found = figures(folder, {**SPEC, "sections": sections}, now, clock=clock)
        return [(one.id, note) for one in found.sections for note in one.notes if "newest change" in note]

    assert last.date() == then.date()
    wanted = "The newest change in the data is of Sep 30, 2026, the forecast of Oct 20, 2026: "
    assert told(NOW) == [("summary", wanted + "what happened in between is not in it.")]
    assert told(datetime(2026, 10, 6, tzinfo=UTC)) == []
    assert told(NOW, clock=True) == []
