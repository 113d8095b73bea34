"""Tiles of sections with a `where` are of a part of the report's rows: neither its texts nor its goals mean them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reportspec.building import run_report
from reportspec.compile import compile_report
from reportspec.render.filled import filled
from tests.figures.asking import NOW, codes, figures
from tests.figures.from_tables import project_of
from tests.loading import load_report

# Won in September: 100 and 900, one of which is above 500.
DEALS = """deal_id,status,amount,created_at,closed_at
a,won,100,2026-01-01 09:00:00,2026-09-01 09:00:00
b,won,900,2026-01-01 09:00:00,2026-09-01 09:00:00
"""
BIG = {"id": "big", "kpis": ["won_amount"], "where": "deal.amount > 500"}
SMALL = {"id": "small", "kpis": ["won_amount"], "where": "deal.amount <= 500"}
ALL = {"id": "all", "kpis": ["won_amount"]}
TITLE = "Won {{ metrics.won_amount.value }}"


def spec(*sections: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"period": "2026-09", "sections": list(sections), **more}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project_of(tmp_path_factory.mktemp("parts"), {"deal": DEALS})


@pytest.mark.parametrize(("sections", "said"), [((BIG, ALL), "1000"), ((ALL, BIG), "1000"), ((BIG,), "900")])
def test_a_text_means_the_tile_of_all_rows(folder: Path, sections: tuple[dict[str, Any], ...], said: str) -> None:
    whole = spec(*sections, title=TITLE)
    assert codes(folder, whole) == []
    report = load_report(folder / "asked.yaml", NOW, {}).report
    assert report is not None
    assert filled(report, run_report(compile_report(report))).title == f"Won {said}"


@pytest.mark.parametrize(
    "more",
    [
        {"title": TITLE},
        {"deliver": {"to": "a@example.com", "subject": TITLE}},
        {"deliver": {"to": "a@example.com", "when": "won_amount > 5"}},
    ],
)
def test_what_may_mean_several_parts_is_refused(folder: Path, more: dict[str, Any]) -> None:
    code = "ambiguous-figure"
    assert codes(folder, spec(BIG, SMALL, **more)).count(code) == 1
    assert code not in codes(folder, spec(BIG, SMALL, ALL, **more))


def test_a_goal_is_held_against_all_rows_alone(folder: Path) -> None:
    found = figures(folder, spec(BIG, ALL, goals={"won_amount": 950}))
    part, whole = (section.kpis[0] for section in found.sections)
    assert part.goal is None
    assert whole.goal is not None
    assert whole.goal.state == "met"  # 1,000 of 950; the part's 900 would have missed it
    assert codes(folder, spec(BIG, goals={"won_amount": 950})) == ["unshown-goal"]
