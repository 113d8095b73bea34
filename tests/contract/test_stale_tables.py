"""One live table does not hide that another one has ended: told at the figures that are made of it.

Slow: servers of databases are started and filled."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reportspec.errors import Broken
from reportspec.model.figures import Figures
from tests.contract.projects import write_project
from tests.engines.servers import Given, engine
from tests.figures.asking import figures

CLOCK = datetime(2026, 11, 27, 9, tzinfo=UTC)
STOPPED, LIVE = date(2026, 10, 30), date(2026, 11, 26)


def days(last: date, every: int = 1) -> list[date]:
    """The days up to one, from January on."""
    first = date(2026, 1, 5)
    return [last - timedelta(days=n) for n in range(0, (last - first).days, every)]


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12)


def asked(
    folder: Path, deals: list[date], calls: list[date], metrics: list[str], kind: str = "sqlite", clock: bool = True,
    period: str = "2026-Q4", **more: Any,
) -> Figures:  # fmt: skip
    """Deals of 10 that were won on days, and calls that were made on others."""
    made = datetime(2026, 1, 2, 8)
    given = [
        Given("deals", (("id", "VARCHAR"), ("amount", "INTEGER"), ("made", "TIMESTAMP"), ("closed", "TIMESTAMP")),
              [(str(n), 10, made, noon(day)) for n, day in enumerate(deals)]),
        Given("calls", (("id", "VARCHAR"), ("done", "TIMESTAMP")), [(str(n), noon(day)) for n, day in enumerate(calls)]),
    ]  # fmt: skip
    with engine(kind, given, folder) as found:
        entities = {
            "deal": {"table": f'{found.prefix}"deals"', "key": "id", "fields": {
                "amount": "amount", "created_at": "made", "closed_at": "closed", "status": "'won'",
                "account_id": "'a'"}},
            "activity": {"table": f'{found.prefix}"calls"', "key": "id", "fields": {
                "done_at": "done", "created_at": "done", "type": "'call'", "status": "'done'"}},
        }  # fmt: skip
        write_project(folder, found.url, entities, locale="en_GB", **more)
        sections = [{"id": one, "kpis": [one]} for one in metrics]
        return figures(folder, {"report": "custom", "period": period, "sections": sections}, CLOCK, clock=clock)


def told(found: Figures) -> list[str]:
    return [one.message for one in found.warnings if one.code == "stale-table"]


BOTH = ["won_amount", "activities_done_count"]
ENGINES = ["sqlite", *(pytest.param(name, marks=pytest.mark.slow) for name in ("postgres", "mariadb", "clickhouse"))]


@pytest.mark.parametrize("kind", ENGINES)
def test_a_table_that_has_ended(kind: str, tmp_path: Path) -> None:
    found = asked(tmp_path, days(STOPPED), days(LIVE), BOTH, kind)
    assert found.as_of == CLOCK  # the source goes on
    assert [section.kpis[0].value for section in found.sections] == [300, 57]  # 30 days of October; 31 and 26 days
    [one] = told(found)
    assert "deals`" in one
    assert "since 2026-10-30, which is longer than usual, while the source has changes up to 2026-11-26" in one
    notes = [[found.footnotes[n - 1] for n in section.footnotes] for section in found.sections]
    said = "Deals: nothing has changed since 30 Oct 2026, which is longer than usual; other data go up to 26 Nov 2026."
    assert (notes[0], notes[1]) == ([said], [])


@pytest.mark.parametrize(("deals", "calls", "metrics", "more"), [
    (days(LIVE), days(LIVE), BOTH, {}),  # both go on
    (days(LIVE, 21), days(LIVE), BOTH, {}),  # too seldom to know
    (days(date(2026, 11, 9), 7), days(LIVE), BOTH, {}),  # a gap of 18 days in a table of one a week
    (days(date(2026, 11, 20)), days(LIVE), BOTH, {}),  # not a week ago
    (days(STOPPED), days(LIVE), BOTH, {"period": "2026-Q3"}),  # it has all of the period
    (days(STOPPED), days(LIVE), BOTH, {"clock": False}),  # somebody named the day
    (days(STOPPED), days(LIVE), BOTH, {"stale_after": "40 days"}),
    (days(STOPPED), days(LIVE), BOTH[1:], {}),  # no figure is made of it
    (days(STOPPED), days(STOPPED), BOTH, {}),  # all has ended: the report is as of then
])  # fmt: skip
def test_where_nothing_is_to_be_told(
    deals: list[date], calls: list[date], metrics: list[str], more: dict[str, Any], tmp_path: Path
) -> None:
    assert told(asked(tmp_path, deals, calls, metrics, **more)) == []


def test_longer_than_three_times_its_gaps(tmp_path: Path) -> None:
    """Of one deal a week, none for three: from noon of 6 November 20 days and 21 hours have gone, from that of the 5th one more."""
    assert len(told(asked(tmp_path, days(date(2026, 11, 6), 7), days(LIVE), BOTH))) == 0
    (other := tmp_path / "other").mkdir()
    assert len(told(asked(other, days(date(2026, 11, 5), 7), days(LIVE), BOTH))) == 1


def test_what_is_made_of_it_is_told_too(tmp_path: Path) -> None:
    """Purchases are deals that were won."""
    assert len(told(asked(tmp_path, days(STOPPED), days(LIVE), ["activities_done_count", "purchases_amount"]))) == 1


def test_strict_and_known(tmp_path: Path) -> None:
    (first := tmp_path / "first").mkdir()
    with pytest.raises(Broken) as refused:
        asked(first, days(STOPPED), days(LIVE), BOTH, checks={"strict": True})
    assert [one.code for one in refused.value.diagnostics] == ["stale-table"]
    known = {"check": "stale-table", "of": "deal", "reason": "Nothing is sold in November."}
    found = asked(tmp_path, days(STOPPED), days(LIVE), BOTH, checks={"ignore": [known]})
    assert told(found) == []
    assert found.not_told[0].endswith("Nothing is sold in November.")


# Deals ended in October, and calls went on: of November nothing is known of deals, and no nought is told of it.
SECTIONS: list[dict[str, Any]] = [
    {"id": "tiles", "kpis": [*BOTH, "close_rate", "open_opportunities_count"]},
    {"id": "weeks", "trend": {"metrics": BOTH, "grain": "week"}},
    {"id": "by", "breakdown": {"metrics": BOTH[:1], "by": ["deal.status"]}},
    {"id": "drivers", "drivers": {"metric": "won_amount", "by": ["deal.status"]}},
    {"id": "steps", "funnel": {"steps": ["deals_created_count", "won_deals_count"]}},
]
AHEAD = {
    "en": "Deals: the data end on 30 Oct 2026, before the period begins: nothing of it is known yet.",
    "de": "Deals: Die Daten enden am 30. Okt. 2026, bevor der Zeitraum beginnt: Noch ist nichts davon bekannt.",
    "fr": "Affaires : les données s’arrêtent au 30 oct. 2026, avant le début de la période : rien n’en est encore connu.",
}


def _of_november(folder: Path, period: str, language: str = "en", stopped: date = STOPPED, **more: Any) -> Figures:
    asked(folder, days(stopped), days(LIVE), BOTH, period=period)
    spec = {"report": "custom", "period": period, "compare": "previous_period", "sections": SECTIONS, **more}
    return figures(folder, {**spec, "language": language}, CLOCK, clock=True)


@pytest.mark.parametrize("language", AHEAD)
def test_of_a_period_after_its_end_nothing_is_known(language: str, tmp_path: Path) -> None:
    found = _of_november(tmp_path, "2026-11", language, goals={"won_amount": 500})
    tiles, weeks, by, drivers, steps = found.sections
    assert [(kpi.value, kpi.previous, kpi.change) for kpi in tiles.kpis if kpi.column.name != BOTH[1]] == [
        (None, None, None)
    ] * 3
    calls = tiles.kpis[1]
    assert (calls.value, calls.previous) == (26, 26)  # of as many days of October
    assert tiles.kpis[0].goal is not None
    assert tiles.kpis[0].goal.state == "unknown"
    assert [found.footnotes[n - 1] for n in tiles.kpis[0].column.footnotes].count(AHEAD[language]) == 1
    assert not any(AHEAD[language] == found.footnotes[n - 1] for n in calls.column.footnotes)
    by_name = [{c.name: v for c, v in zip(weeks.columns, row, strict=True)} for row in weeks.rows]
    assert {row["won_amount"] for row in by_name} == {None}
    assert sum(row["activities_done_count"] or 0 for row in by_name) == 26  # nobody knows of the days to come
    assert not by.rows or {row[1] for row in by.rows} == {None}
    assert by.total is None or by.total[1] is None
    assert not any("100" in text for text in drivers.notes)
    assert {row[1] for row in steps.rows} == {None}


def test_of_a_period_in_which_it_ended_no_comparison_is_made(tmp_path: Path) -> None:
    found = _of_november(tmp_path, "2026-10", stopped=date(2026, 10, 14))
    won, calls = found.sections[0].kpis[:2]
    assert (won.value, won.previous, won.change) == (140, None, None)
    assert (calls.value, calls.previous) == (31, 30)
    [said] = [found.footnotes[n - 1] for n in won.column.footnotes if "data end" in found.footnotes[n - 1]]
    assert said == "Deals: the data end on 14 Oct 2026, within the period: it is not compared."


@pytest.mark.parametrize(("report", "metric"), [("pipeline", "new_revenue_amount"), ("lost_deals", "lost_deals_count")])
def test_a_title_tells_nothing_of_what_is_not_known(report: str, metric: str, tmp_path: Path) -> None:
    asked(tmp_path, days(STOPPED), days(LIVE), BOTH)
    for period, title in (("2026-10", [metric]), ("2026-11", [])):
        spec = {"report": report, "period": period, "sections": [{"id": "x", "kpis": [metric, BOTH[1]]}]}
        found = figures(tmp_path, spec, CLOCK, clock=True)
        assert [one.metric for one in found.headline.title] == title
