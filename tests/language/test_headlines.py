"""Titles and leads say what the figures say: the expected sentences are worked out by hand from rows written here."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec.formats.json_text import as_data
from reportspec.languages import languages
from reportspec.model.figures import Figures
from reportspec.render import render_html
from tests.figures.asking import codes, figures

MAPPING = """entities:
  deal:
    table: deals
    fields: {id: id, owner_id: owner, name: id, source: source, status: status, amount: amount, created_at: created,
      closed_at: closed, loss_reason: reason, deal_type: "'new_business'"}
"""
PROJECT = """version: 1
source: {files: {deals: deals.csv}}
mapping: mapping.yaml
timezone: UTC
currency: EUR
"""
QUARTERS = {"before": ("2026-04-10", "2026-05-10"), "now": ("2026-07-10", "2026-08-09")}  # created, closed: 30 days


def project(folder: Path, *deals: tuple[str, str, int, float, str, str]) -> Path:
    """Deals as (quarter, status, how many, amount of each, source, reason)."""
    rows = ["id,owner,source,status,amount,created,closed,reason"]
    for quarter, status, count, amount, source, reason in deals:
        created, closed = QUARTERS[quarter]
        for _ in range(count):
            rows.append(f"D{len(rows)},ada,{source},{status},{amount},{created},{closed},{reason}")
    (folder / "deals.csv").write_text("\n".join(rows), "utf-8")
    (folder / "mapping.yaml").write_text(MAPPING, "utf-8")
    (folder / "reportspec.yaml").write_text(PROJECT, "utf-8")
    return folder


def asked(folder: Path, report: str, **more: Any) -> tuple[str, str]:
    """The title and the lead."""
    spec = {"report": report, "period": "2026-Q3", "compare": "previous_period", "locale": "en_GB", **more}
    return told(figures(folder, spec))


def told(found: Figures) -> tuple[str, str]:
    said = as_data(found)["headline"]
    return said["title"].replace("\u00a0", " "), said["opening"].replace("\u00a0", " ")


def lost(now: int, before: int) -> list[tuple[str, str, int, float, str, str]]:
    return [("now", "lost", now, 10, "web", "Price"), ("before", "lost", before, 10, "web", "Price")]


@pytest.mark.parametrize(
    ("now", "before", "title"),
    [
        (30, 20, "Lost deals rose 50.0% to 30"),
        (20, 30, "Lost deals fell 33.3% to 20"),
        (20, 20, "Lost deals unchanged at 20"),
        (9, 3, "Lost deals: 9 (Q2 2026: 3)"),  # too few to call it a rise
        (20, 9, "Lost deals: 20 (Q2 2026: 9)"),
        (20, 0, "Lost deals: 20"),  # the first period that there is
        (0, 20, "Lost deals: 0 (Q2 2026: 20)"),
    ],
)
def test_what_moved_is_the_title(tmp_path: Path, now: int, before: int, title: str) -> None:
    project(tmp_path, *lost(now, before), ("now", "won", 1, 5, "web", ""))
    assert asked(tmp_path, "lost_deals")[0] == title
    assert asked(tmp_path, "lost_deals", compare="none")[0] == f"Lost deals: {now}"


def test_every_language_fills_its_sentences(tmp_path: Path) -> None:
    """Slow: four reports in each language."""
    project(
        tmp_path,
        *lost(30, 20),
        ("now", "won", 20, 100, "web", ""),
        ("now", "won", 10, 50, "fair", ""),
        ("before", "won", 10, 100, "web", ""),
        ("before", "won", 10, 70, "fair", ""),
    )
    for language in languages():
        for metrics in (["new_revenue_amount", "lost_deals_count"], ["new_revenue_amount"]):
            for goals in ({}, {"goals": {"new_revenue_amount": 2000}}):
                title, lead = asked(tmp_path, "pipeline", locale=language, metrics=metrics, **goals)
                assert not re.search(r"[{}]", title + lead)
                # 2,500 for 1,700: 800 more of 1,700.
                assert re.search(r"2.?500", title)
                assert re.search(r"47[.,]1", title)
                assert ("125" in title) == bool(goals)  # % of the goal
                assert (re.search(r"50[.,]0 ?%", title + lead) is not None) == (len(metrics) == 2)  # lost: 30 for 20
                # 10 more at 85 each before; the rest by size. Of web 1,000 more, of the fair 200 less.
                assert re.search(r"\+\D{0,2}850", lead)
                assert re.search(r"[−-]\D{0,2}50\b", lead)
                assert re.search(r"\+\D{0,2}1.?000", lead)
                assert re.search(r"[−-]\D{0,2}200", lead)


def test_good_news_has_its_price(tmp_path: Path) -> None:
    won = [("now", "won", 20, 100.0, "web", ""), ("before", "won", 10, 100.0, "web", "")]
    project(tmp_path, *won, *lost(30, 20))
    metrics = ["new_revenue_amount", "lost_deals_count"]
    assert asked(tmp_path, "pipeline", metrics=metrics)[0] == (
        "New revenue rose 100.0% to €2,000; lost deals rose 50.0% to 30"
    )
    project(tmp_path, *won, *lost(9, 3))  # too few
    assert asked(tmp_path, "pipeline", metrics=metrics)[0] == "New revenue rose 100.0% to €2,000"
    project(tmp_path, *won, *lost(20, 30))  # that is good, too
    assert asked(tmp_path, "pipeline", metrics=metrics)[0] == "New revenue rose 100.0% to €2,000"
    turned = [("before", *row[1:]) if row[0] == "now" else ("now", *row[1:]) for row in won]
    project(tmp_path, *turned, *lost(30, 20))
    assert asked(tmp_path, "pipeline", metrics=metrics)[0] == "New revenue fell 50.0% to €1,000"


@pytest.mark.parametrize(("amount", "told_of"), [(100.0, False), (100.01, False), (125.0, True)])
def test_no_part_of_a_change_is_nothing(amount: float, told_of: bool, tmp_path: Path) -> None:
    """Ten more at 100 each are 1,000; the size of 20 makes nothing, 20 cents, or 500."""
    project(tmp_path, ("now", "won", 20, amount, "web", ""), ("before", "won", 10, 100.0, "web", ""))
    lead = asked(tmp_path, "pipeline", metrics=["new_revenue_amount"])[1]
    assert ("by number and" in lead) == told_of


def test_a_goal_stands_beside_the_figure(tmp_path: Path) -> None:
    project(tmp_path, *lost(30, 20), ("now", "won", 20, 100, "web", ""), ("before", "won", 20, 50, "web", ""))
    of = {"metrics": ["new_revenue_amount"], "goals": {"new_revenue_amount": 2500}}
    assert asked(tmp_path, "pipeline", **of)[0] == "New revenue rose 100.0% to €2,000, 80% of the goal of €2,500"
    # Where less is better there is no share of it.
    goals = {"lost_deals_count": 25}
    assert asked(tmp_path, "lost_deals", goals=goals)[0] == "Lost deals rose 50.0% to 30, 5 above the goal of 25"
    running = datetime(2026, 8, 15, tzinfo=UTC)  # after 45 of 92 days
    spec = {"report": "pipeline", "period": "2026-Q3", "locale": "en_GB", **of}
    assert told(figures(tmp_path, spec, running))[0] == "New revenue: €2,000, on track for the goal of €2,500"
    of["goals"] = {"new_revenue_amount": 9000}
    assert told(figures(tmp_path, {**spec, **of}, running))[0] == "New revenue: €2,000, the goal of €9,000 at risk"


def test_what_may_be_chance_is_no_rise(tmp_path: Path) -> None:
    """Of 40 closed deals 20 won for 18 of 40 is chance, for 4 of 40 it is not."""
    type_of_rate = "report_type: rates\nmetrics: [close_rate]\nsections: [{id: one, text: x}]\n"
    (tmp_path / "report_types").mkdir()
    (tmp_path / "report_types" / "rates.yaml").write_text(type_of_rate + "headline: {title: [close_rate]}\n", "utf-8")
    for before, title in ((18, "Close rate: 50.0% (Q2 2026: 45.0%)"), (4, "Close rate rose 40.0 pp to 50.0%")):
        deals = [("now", "won", 20), ("now", "lost", 20), ("before", "won", before), ("before", "lost", 40 - before)]
        project(tmp_path, *((quarter, status, count, 10, "web", "") for quarter, status, count in deals))
        assert asked(tmp_path, "rates")[0] == title


def test_what_has_no_figure_says_nothing(tmp_path: Path) -> None:
    """Without a deal won there is no length of a cycle: the title is about what there is."""
    project(tmp_path, *lost(12, 12))
    assert asked(tmp_path, "sales_cycle") == ("Won deals: 0", "")
    spec = {"report": "lost_deals", "period": "2027-Q1", "compare": "previous_period"}
    assert told(figures(tmp_path, spec)) == ("Lost deals", "")  # has not begun


def test_a_row_that_stands_out(tmp_path: Path) -> None:
    def reasons(*counts: int) -> str:
        named = zip(counts, ("Price", "Budget", ""), strict=False)
        project(tmp_path, *(("now", "lost", count, 10, "web", reason) for count, reason in named))
        return asked(tmp_path, "lost_deals")[1]

    assert reasons(14, 11) == "Reason named most: Price, 14 of 25."
    assert reasons(12, 11, 30) == "Reason named most: Price, 12 of 53."  # none named is no reason
    assert reasons(12, 12) == ""  # several stand out, so none does
    assert reasons(9, 3) == ""  # too few


def test_an_own_title_stands_and_off_is_off(tmp_path: Path) -> None:
    project(tmp_path, *lost(30, 20))
    own = {"title": "What we lost", "filters": [{"field": "deal.amount", "gte": 1}]}
    assert asked(tmp_path, "lost_deals", **own) == ("What we lost", "Lost deals rose 50.0% to 30.")
    for off in ("off", False):
        assert asked(tmp_path, "lost_deals", headline=off) == ("Lost deals", "")
        assert asked(tmp_path, "lost_deals", headline=off, **own) == ("What we lost", "")
    found = figures(tmp_path, {"report": "lost_deals", "period": "2026-Q3", "compare": "previous_period"})
    html = render_html(found)
    assert "<h1>Lost deals rose 50.0% to 30</h1>" in html
    assert "<title>Lost deals · Q3 2026</title>" in html


def test_rules_are_held_against_their_type(tmp_path: Path) -> None:
    project(tmp_path, *lost(3, 2))
    rules = (
        "{sentences: [{section: resons}]}",
        "{sentences: [{tile: lost_deals_count, say: 'Lost: {valeu}'}]}",
        "{sentences: [{section: reasons, row: largest}]}",
    )
    for rule, code in zip(rules, ("unknown-section", "unknown-value", "missing-key"), strict=True):
        (tmp_path / "report_types").mkdir(exist_ok=True)
        text = "report_type: own\nmetrics: [lost_deals_count]\nsections:\n  - {id: reasons, text: x}\n"
        (tmp_path / "report_types" / "own.yaml").write_text(f"{text}headline: {rule}\n", "utf-8")
        assert code in codes(tmp_path, {"report": "own", "period": "2026-Q3"})
