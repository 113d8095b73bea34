"""The chance of a deal to be won, as a field of lists, and what such chances were worth: against plain Python, deal by deal."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
import yaml

from reportspec.building import Order, build
from reportspec.formats.markdown import as_markdown
from reportspec.languages import languages, vocabulary
from tests.figures.asking import codes, figures, rows, total
from tests.forecasting.by_hand import Known, open_at, rates
from tests.forecasting.freezing import frozen
from tests.forecasting.simulated import simulated
from tests.forecasting.test_no_hindsight import in_demo, project, same

ROME = ZoneInfo("Europe/Rome")
NOW = datetime(2026, 10, 20, 9, tzinfo=UTC)
LATER = datetime(2026, 10, 31, 23, tzinfo=UTC)  # the first of November begins in Rome
QUARTERS = [date(year, month, 1) for year in (2023, 2024, 2025, 2026) for month in (1, 4, 7, 10)] + [date(2027, 1, 1)]
FIELDS = ["deal.deal_id", "deal.source", "deal.amount", "deal.win_chance"]
OPEN = {"entity": "deal", "fields": FIELDS, "limit": "all"}
SPEC: dict[str, Any] = {"report": "custom", "period": "2026-Q4"}
Tables = tuple[list[dict[str, Any]], ...]


def by_utc(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ROME).astimezone(UTC).replace(tzinfo=None)


def windows_of(tables: Tables, now: datetime = NOW) -> dict[date, dict[str, Known]]:
    """What was open in each quarter at the same point as in that of `now`, by the quarter's first day."""
    deals, history, stages = tables
    places = {row["stage_id"]: (row["position"], row["is_won"], row["is_lost"]) for row in stages}
    known = frozen(deals, history, places, now.replace(tzinfo=None))
    [(first, last)] = [(s, e) for s, e in pairwise(QUARTERS) if by_utc(s) < now.replace(tzinfo=None) <= by_utc(e)]
    elapsed = (now.replace(tzinfo=None) - by_utc(first)) / timedelta(days=(last - first).days)
    found = {}
    for start, end in pairwise(QUARTERS):
        if start > first:
            break
        origin = by_utc(start + timedelta(days=round(elapsed * (end - start).days)))
        at = now.replace(tzinfo=None) if start == first else origin
        there = open_at(*known, places, at, by_utc(start), by_utc(end))
        if found or there:  # the first one with something open, of which some is older than it
            found[start] = there
    return found


def cells_of(windows: list[dict[str, Known]]) -> dict[tuple[Any, int], tuple[int, int]]:
    there = Counter((deal.stage, deal.band) for window in windows for deal in window.values())
    won = Counter((deal.stage, deal.band) for window in windows for deal in window.values() if deal.won)
    return {key: (count, won[key]) for key, count in there.items()}


@pytest.fixture(scope="module")
def telling() -> Tables:
    return simulated(5, telling=True)


@pytest.fixture(scope="module")
def folder(telling: Tables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(tmp_path_factory.mktemp("chances") / "crm", *telling)


def listed(folder: Path, records: dict[str, Any], now: datetime = NOW, **section: Any) -> Any:
    spec = {**SPEC, "sections": [{"id": "r", "records": {**OPEN, **records}, **section}]}
    return figures(folder, spec, now)


def test_chances_alone_read_what_they_are_learned_from(folder: Path, tmp_path: Path) -> None:
    """A list of chances without an amount, or cut by them, needs rates all the same: past amounts are converted."""
    tables = {"deal": "deal", "deal_stage_history": "deal_stage_history", "stage": "stage"}
    with duckdb.connect(str(folder / "crm.duckdb"), read_only=True) as raw:
        for name in tables:
            raw.execute(f"copy {name} to '{tmp_path / name}.csv'")
    (tmp_path / "fx.csv").write_text("day,a,b,rate\n2020-01-01,USD,EUR,0.9\n", encoding="utf-8")
    mapping = yaml.safe_load((folder / "m.yaml").read_text("utf-8"))
    mapping["entities"]["deal"]["fields"]["currency"] = "'EUR'"
    rates = {"day": "day", "from_currency": "a", "to_currency": "b", "rate": "rate"}
    mapping["entities"]["fx_rate"] = {"table": "fx", "fields": rates}
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    own = yaml.safe_load((folder / "reportspec.yaml").read_text("utf-8"))
    own["source"] = {"files": {name: f"{name}.csv" for name in (*tables, "fx")}}
    (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    alone: dict[str, Any] = {"fields": ["deal.deal_id", "deal.win_chance"]}
    wanted = {row["deal.deal_id"]: row["deal.win_chance"] for row in rows(listed(folder, alone), "r")}
    found = {row["deal.deal_id"]: row["deal.win_chance"] for row in rows(listed(tmp_path, alone), "r")}
    assert found == wanted
    likely = rows(listed(tmp_path, {"fields": ["deal.deal_id"]}, where="deal.win_chance >= 0.4"), "r")
    assert {row["deal.deal_id"] for row in likely} == {key for key, value in wanted.items() if (value or 0) >= 0.4}


def test_the_field(folder: Path, telling: Tables) -> None:
    """Each open deal has the rate of those that had been in its stage for as long, to the nearest 5 %; others have
    none. Filters and orders go by it."""
    windows = windows_of(telling)
    *_, before, present = windows.values()
    chance = rates(cells_of(list(windows.values())[:-1][-12:]))
    wanted = {key: chance(deal.stage, deal.band) for key, deal in present.items()}
    assert len(before) > 20
    found = {row["deal.deal_id"]: row["deal.win_chance"] for row in rows(listed(folder, {}), "r")}
    assert {key for key, value in found.items() if value is not None} == wanted.keys()
    assert len(found) > len(wanted)
    for key, exact in wanted.items():
        assert found[key] == pytest.approx(exact, abs=0.0251)
        assert exact < 0.05 or exact > 0.95 or found[key] == pytest.approx(0.05 * round(found[key] / 0.05))
    sure = listed(folder, {"sort": "-deal.win_chance"}, where="deal.win_chance >= 0.4")
    values = [row["deal.win_chance"] for row in rows(sure, "r")]
    assert values == sorted(values, reverse=True)
    assert len(values) == sum(value is not None and value >= 0.4 for value in found.values()) > 5
    in_forecast = figures(folder, {**SPEC, "sections": [{"id": "d", "forecast": {"show": "deals"}}]}, NOW)
    by_amount = sorted(rows(listed(folder, {}), "r"), key=lambda row: -row["deal.amount"])
    largest = [row["deal.win_chance"] for row in by_amount if row["deal.win_chance"] is not None]
    assert [row["win_chance"] for row in rows(in_forecast, "d")] == largest[:7]


def test_where_the_gate_is_shut(tmp_path: Path) -> None:
    """Where the past says that chances are worth nothing, and of periods that no forecast is made of, none is shown,
    and the list says why; a list of those of some chance is no list of nothing."""
    folder = project(tmp_path / "dull", *simulated(11, uneven=0.6))
    for period, kind in (("2026-Q4", "past"), ("2026-Q3", "over"), ("2027-Q3", "far_ahead")):
        words = vocabulary("en")["forecast"]["chances"][kind]
        for section in ({}, {"where": "deal.win_chance > 0.5"}):
            spec = {**SPEC, "period": period, "sections": [{"id": "r", "records": OPEN, **section}]}
            found = figures(folder, spec, NOW)
            assert words in as_markdown(found)
            assert {row["deal.win_chance"] for row in rows(found, "r")} <= {None}
            assert bool(found.sections[0].columns) != bool(section)


def test_no_hindsight(folder: Path, telling: Tables, tmp_path: Path) -> None:
    """The list of a past day is that of the data of that day."""
    deals, history, stages = telling
    places = {row["stage_id"]: (row["position"], row["is_won"], row["is_lost"]) for row in stages}
    now = datetime(2026, 5, 20, 8, tzinfo=UTC)
    then = project(tmp_path / "then", *frozen(deals, history, places, now.replace(tzinfo=None)), stages)
    spec = {"period": "2026-Q2", "report": "custom", "sections": [{"id": "r", "records": OPEN}]}
    of_whole, of_then = (rows(figures(one, spec, now), "r") for one in (folder, then))
    same(of_whole, of_then)
    assert sum(row["deal.win_chance"] is not None for row in of_whole) > 20


def test_what_needs_attention(folder: Path, telling: Tables, tmp_path: Path) -> None:
    """Records that need attention have their chances, and are told apart by them; where there are none, it is said."""
    reasons: list[Any] = [{"where": "deal.status = 'open' and deal.win_chance >= 0.3", "say": "likely"}]
    body = {"entity": "deal", "fields": ["deal.deal_id", "deal.win_chance"], "amount": "deal.amount", "limit": 50}
    section: dict[str, Any] = {"id": "a", "attention": {**body, "reasons": reasons}, "where": "deal.amount > 3000"}
    found = rows(figures(folder, {**SPEC, "sections": [section]}, NOW), "a")
    large = [row for row in rows(listed(folder, {}), "r") if row["deal.amount"] > 3000 and row["deal.win_chance"]]
    wanted = {row["deal.deal_id"]: row["deal.win_chance"] for row in large if row["deal.win_chance"] >= 0.3}
    assert {row["deal.deal_id"]: row["deal.win_chance"] for row in found} == wanted
    assert len(wanted) > 3
    dull = project(tmp_path / "dull", *simulated(11, uneven=0.6))
    said = as_markdown(figures(dull, {**SPEC, "sections": [section]}, NOW))
    assert vocabulary("en")["forecast"]["chances"]["past"] in said
    assert "likely" not in said


def test_figures_have_none(folder: Path) -> None:
    """What is compared over time would know its future: only lists have it, and it is said where to find it."""
    for section in (
        {"kpis": ["open_amount"], "where": "deal.win_chance > 0.5"},
        {"breakdown": {"metrics": ["open_amount"], "by": [{"field": "deal.win_chance", "bins": [0.5]}]}},
        {"forecast": {"show": "summary"}, "where": "deal.win_chance > 0.5"},
    ):
        assert codes(folder, {**SPEC, "sections": [section]}) == ["lists-only"], section


def test_each_value(folder: Path) -> None:
    """Of a report for each value the chances are learned from all deals, and said to be."""
    path = folder / "each.yaml"
    spec = {"version": 1, **SPEC, "for_each": "deal.source", "sections": [{"id": "r", "records": OPEN}]}
    path.write_text(yaml.safe_dump(spec), encoding="utf-8")
    built = build(path, Order(NOW, {}))
    assert built.made is not None, [one.message for one in built.diagnostics]
    alone = {row["deal.deal_id"]: row["deal.win_chance"] for row in rows(listed(folder, {}), "r")}
    for value, made in built.made.figures:
        own = {row["deal.deal_id"]: row["deal.win_chance"] for row in rows(made, "r")}
        assert own == {key: alone[key] for key in own}, value
        assert vocabulary("en")["forecast"]["chances"]["of_all"] in as_markdown(made)


@pytest.mark.parametrize("language", languages())
def test_every_language(folder: Path, language: str) -> None:
    section = {"id": "c", "forecast": {"show": "calibration"}}
    spec = {**SPEC, "language": language, "sections": [{"id": "r", "records": {**OPEN, "limit": 3}}, section]}
    text = as_markdown(figures(folder, spec, NOW))
    words = vocabulary(language)["forecast"]
    assert words["chances"]["shown"] in text
    assert words["columns"]["said_between"] in text
    assert language == "en" or "hance of being won" not in text


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("demo")
    own = {"version": 1, "source": "demo", "currency": "EUR", "timezone": "Europe/Rome"}
    (found / "reportspec.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    return found


def test_what_they_were_worth(demo: Path) -> None:
    """By stages and by tenths of what was said, deals and wins of the demo's tests are those that are counted one by
    one, and so are the probabilities of the deals' stages."""
    tables = in_demo()
    sections = [{"id": show, "forecast": {"show": show}} for show in ("stages", "calibration", "tests")]
    found = figures(demo, {**SPEC, "sections": sections}, LATER)
    windows = windows_of(tables, LATER)
    names = {row["stage_id"]: row["name"] for row in tables[2]}
    typed = {row["stage_id"]: float(row["probability"]) for row in tables[2]}
    periods = [row["period"] for row in rows(found, "tests") if row["result"] is not None]
    starts = [start for start in windows if f"Q{(start.month + 2) // 3} {start.year}" in periods]
    assert len(starts) == len(periods) >= 6
    tested = [deal for start in starts for deal in windows[start].values()]
    for row in rows(found, "stages"):
        there = [deal for deal in tested if (names[deal.stage] if deal.stage else None) == row["stage_name"]]
        assert row["deals_tested"] == len(there)
        assert row["happened"] == pytest.approx(sum(deal.won for deal in there) / len(there))
    whole = total(found, "stages")
    assert (whole["deals_tested"], round(whole["happened"] * 711)) == (711, 181)

    said: dict[int, list[tuple[float, bool]]] = {}
    for start in starts:
        before = [window for first, window in windows.items() if first < start and first >= date(2024, 4, 1)][-12:]
        chance = rates(cells_of(before))
        for deal in windows[start].values():
            p = chance(deal.stage, deal.band)
            said.setdefault(int(p * 10), []).append((p, deal.won))
    calibration = rows(found, "calibration")
    ours = {int(row["said_between"].partition("–")[0]) // 10: row for row in calibration}
    assert {tenth: row["rated"] for tenth, row in ours.items() if row["rated"]} == {t: len(s) for t, s in said.items()}
    for tenth, of_tenth in said.items():
        assert ours[tenth]["rates_said"] == pytest.approx(sum(p for p, _ in of_tenth) / len(of_tenth))
        assert ours[tenth]["rates_happened"] == pytest.approx(sum(won for _, won in of_tenth) / len(of_tenth))
    for tenth, row in ours.items():
        known = [deal for deal in tested if deal.stage and int(typed[deal.stage] * 10 + 1e-9) == tenth]
        if known:  # deals of no known stage have that of the record
            assert abs(row["typed_count"] - len(known)) <= 1
            assert row["typed_said"] == pytest.approx(sum(typed[deal.stage] for deal in known) / len(known), abs=0.01)
    assert "Chances by past rates were off by 5.2%" in as_markdown(found)
