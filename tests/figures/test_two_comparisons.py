"""Reports that are compared with two periods at once: each of the two is told as a report with it alone tells it, and
both are held against values counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec.catalogue.load import packaged
from reportspec.formats.json_text import as_data
from reportspec.formats.markdown import as_markdown
from reportspec.formats.terminal import as_table
from reportspec.model.figures import Figures
from reportspec.render import render_html
from tests.figures.asking import codes, figures, rows, total
from tests.figures.from_tables import project_of
from tests.figures.test_begun_within import _tables
from tests.figures.two_periods import held_to_each_alone

STANDARD = sorted(name for name in packaged().reports if name not in ("custom", "data_quality"))
DEALS = """id,owner,status,amount,created,closed
1,ada,won,100,2025-02-05,2025-02-20
2,bo,won,60,2025-02-05,2025-02-20
3,eve,won,10,2025-02-05,2025-02-20
4,ada,won,50,2026-01-05,2026-01-20
5,bo,lost,70,2026-01-08,2026-01-24
6,ada,won,120,2026-02-05,2026-02-20
7,ada,lost,100,2026-02-06,2026-02-21
8,cy,won,30,2026-02-07,2026-02-22
"""
MAPPING = """entities:
  deal:
    table: deals
    fields: {id: id, owner_id: owner, status: status, amount: amount, created_at: created, closed_at: closed}
"""
PROJECT = """version: 1
source: {files: {deals: deals.csv}}
mapping: mapping.yaml
timezone: UTC
currency: EUR
"""
BOTH = ["previous_period", "previous_year"]
SPEC: dict[str, Any] = {
    "report": "custom",
    "period": "2026-02",
    "compare": BOTH,
    "goals": {"won_amount": {"by": "deal.owner_id", "target": 140, "targets": {"ada": 100, "cy": 40}}},
    "sections": [
        {"id": "tiles", "kpis": ["won_amount", "close_rate"]},
        {"id": "by", "breakdown": {"metrics": ["won_amount", "close_rate"], "by": ["deal.owner_id"]}},
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deals.csv").write_text(DEALS, "utf-8")
    (tmp_path / "mapping.yaml").write_text(MAPPING, "utf-8")
    (tmp_path / "reportspec.yaml").write_text(PROJECT, "utf-8")
    return tmp_path


def test_both_are_counted(folder: Path) -> None:
    """February 2026 150, January 50, February 2025 170. Whoever won in one of them has a row."""
    found = figures(folder, SPEC)
    by = {row["deal.owner_id"]: row for row in rows(found, "by")}
    amounts = {
        name: tuple(row[f"won_amount{side}"] for side in ("", "__previous", "__second")) for name, row in by.items()
    }
    assert amounts == {"ada": (120, 50, 100), "cy": (30, 0, 0), "bo": (0, 0, 60), "eve": (0, 0, 10)}
    rates = {
        name: tuple(row[f"close_rate{side}"] for side in ("", "__previous", "__second")) for name, row in by.items()
    }
    assert rates == {"ada": (0.5, 1, 1), "cy": (1, None, None), "bo": (None, 0, 1), "eve": (None, None, 1)}
    of_all = total(found, "by")
    assert [of_all[f"won_amount{side}"] for side in ("", "__previous", "__second")] == [150, 50, 170]
    assert [of_all[f"close_rate{side}"] for side in ("", "__previous", "__second")] == [
        pytest.approx(2 / 3),
        0.5,
        1,
    ]
    [won, rate] = next(section.kpis for section in found.sections if section.id == "tiles")
    assert (won.value, won.previous, won.change, won.second) == (150, 50, 2.0, 170)
    assert won.second_change == pytest.approx(-20 / 170)
    assert rate.second_change == pytest.approx(2 / 3 - 1)


def test_the_goal_stands_beside_both(folder: Path) -> None:
    """Ada 120 of 100, Cy 30 of 40, all 150 of 140; who has no goal has none."""
    found = figures(folder, SPEC)
    by = {row["deal.owner_id"]: row for row in rows(found, "by")}
    assert {name: (row["won_amount__target"], row["won_amount__attainment"]) for name, row in by.items()} == {
        "ada": (100, 1.2),
        "cy": (40, 0.75),
        "bo": (None, None),
        "eve": (None, None),
    }
    of_all = total(found, "by")
    assert (of_all["won_amount__target"], of_all["won_amount__attainment"]) == (140, pytest.approx(150 / 140))
    alone = figures(folder, {**SPEC, "compare": "previous_period"})
    assert "won_amount__target" not in rows(alone, "by")[0]


def test_every_form_has_both(folder: Path) -> None:
    found = figures(folder, SPEC)
    page, text, terminal, data = render_html(found), as_markdown(found), as_table(found), as_data(found)
    assert "Compared with Jan 2026" in page.replace("January", "Jan")
    for told in (page, text, terminal):
        assert "Feb" in told
        assert "Δ %" in told
        for change in ("200.0%", "11.8%"):  # +100 of 50, -20 of 170
            assert change in told
    assert data["second"] == {"from": "2025-02-01", "to": "2025-03-01"}
    assert data["compare"] == {"from": "2026-01-01", "to": "2026-02-01"}


def test_half_the_width_has_both_changes_whole(folder: Path) -> None:
    """Beside each other stand tables with Δ and Δ % against each, though the bars may have to give way."""
    by = {"half": True, "breakdown": {"metrics": ["won_amount"], "by": ["deal.owner_id"]}}
    plain = {key: value for key, value in SPEC.items() if key != "goals"}
    spec = {**plain, "sections": [{**by, "id": "one"}, {**by, "id": "two"}]}
    page = render_html(figures(folder, spec))
    assert '<div class="halves">' in page
    assert page.count("Δ %</th>") == 4


@pytest.mark.parametrize(
    ("compare", "code"),
    [
        (["previous_period", "2026-01"], "bad-period"),  # the same days
        (["previous_period", "none"], "bad-period"),
        (["previous_year", "yesterday_or_so"], "bad-period"),
        (["last_year", "next_year"], "bad-period"),
        (["year_ago", "previous_period"], "bad-period"),
        ([], "empty-value"),
        (["previous_period", "previous_year", "2024"], "too-long"),
        ([["previous_period"], "previous_year"], "wrong-type"),
    ],
)
def test_what_cannot_be_compared_is_refused(compare: list[Any], code: str, folder: Path) -> None:
    assert code in codes(folder, {**SPEC, "compare": compare})


def test_a_list_of_one_is_that_one(folder: Path) -> None:
    alone, listed = (figures(folder, {**SPEC, "compare": one}) for one in ("previous_year", ["previous_year"]))
    assert alone.sections == listed.sections
    assert listed.second is None


@pytest.mark.by_day(report=("pipeline", "leads", "sales_forecast"))
@pytest.mark.parametrize("report", STANDARD)
def test_standard_reports_say_of_each_what_they_say_of_it_alone(report: str, demo: Path) -> None:
    """Slow: each report is made three times."""
    spec = {"report": report, "period": "2026-Q3", **({"metrics": ["won_amount"]} if report == "custom" else {})}
    both = held_to_each_alone(lambda asked: figures(demo, asked), spec, *BOTH)
    assert any(column.role == "second" for section in both.sections for column in section.columns)


SHAPES: list[dict[str, Any]] = [
    {"trend": {"metrics": ["won_amount", "open_opportunities_count"], "grain": "week"}},
    {"trend": {"metrics": ["close_rate"], "by": "user.team", "grain": "month"}},
    {"breakdown": {"metrics": ["won_amount", "avg_won_amount"], "by": ["user.team", "user.name"], "subtotals": True}},
    {"breakdown": {"metrics": ["deals_created_count"], "by": ["deal.source"], "top": 2, "others": True}},
    {"breakdown": {"metrics": ["sales_cycle_days.median"], "by": ["account.industry"]}},
    {"breakdown": {"metrics": ["won_amount"], "by": ["user.name"], "chart": "waterfall"}},
    {"funnel": {"steps": ["leads_created_count", "leads_converted_count"]}},
    {"drivers": {"metric": "won_amount", "by": ["deal.source"]}},
]
PAIRS: list[tuple[str, Any, Any]] = [
    ("2026-Q3", "previous_year", "previous_period"),
    ("2026-08", {"period": "previous_period", "align": "weekday"}, "previous_year"),
    ("2026-Q4", "previous_period", "previous_year"),  # of which one month is over
    ("2026-08", "2026-02", {"from": "2025-08-01", "to": "2025-08-20"}),
]


@pytest.mark.parametrize(("period", "first", "second"), PAIRS)
def test_sections_of_all_shapes_do(period: str, first: Any, second: Any, demo: Path) -> None:
    """Slow: each report is made three times."""
    sections = [{"id": f"s{at}", **shape} for at, shape in enumerate(SHAPES)]
    spec = {"report": "custom", "period": period, "sections": sections}
    if period != "2026-08":
        spec["filters"] = [{"field": "deal.amount", "gte": 900}]
        spec["sections"] = [one for one in sections if "funnel" not in one]  # leads have no amount
    now = datetime(2026, 10, 31, 12, tzinfo=UTC)
    both = held_to_each_alone(lambda asked: figures(demo, asked, now), spec, first, second)
    assert both.second is not None


def test_data_that_begin_within_one_of_the_periods_are_compared_with_the_other(tmp_path: Path) -> None:
    """From July 2024 on: 2024 is known in part, and not compared with; the second half of it is."""
    folder = project_of(tmp_path, _tables(datetime(2024, 7, 2, 9)))
    spec = {"report": "pipeline", "period": "2025"}
    now = datetime(2026, 2, 1, tzinfo=UTC)

    def ask(asked: dict[str, Any]) -> Figures:
        return figures(folder, asked, now)

    both = held_to_each_alone(ask, spec, {"from": "2024-10-01", "to": "2024-12-31"}, "previous_year")
    [tiles] = rows(both, "headline")
    assert tiles["new_revenue_amount__previous"] is not None
    assert tiles["new_revenue_amount__second"] is None
    assert any("the data begin on Jul 2, 2024" in note for note in both.footnotes)
