"""Two sections of half the width stand beside each other where both fit, and below each other where not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from reportspec.languages import languages
from reportspec.render import render_html
from tests.figures.asking import codes, figures
from tests.pictures.test_page_economy import below, content, inked, laid_out, wrong

DEALS = "id,owner,status,amount,created,closed\n" + "".join(
    f"{at},owner {at % 40:02},{('won', 'lost', 'open')[at % 3]},{1000 + at},2026-07-01,{'' if at % 3 == 2 else '2026-08-10'}\n"
    for at in range(240)
)
MAPPING = """entities:
  deal:
    table: deals
    key: id
    fields: {name: id, source: owner, status: status, amount: amount, created_at: created, closed_at: closed}
"""
PROJECT = "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: mapping.yaml\ntimezone: UTC\ncurrency: EUR\n"
SHORT: dict[str, Any] = {"breakdown": {"metrics": ["won_amount"], "by": ["deal.status"]}}
LONG: dict[str, Any] = {"breakdown": {"metrics": ["won_amount"], "by": ["deal.source"]}}
WIDE: dict[str, Any] = {
    "records": {"entity": "deal", "fields": ["deal.name", "deal.source", "deal.status", "deal.amount", "deal.created_at",
                                             "deal.closed_at", "deal.deal_id", "deal.age_days"], "limit": 5}
}  # fmt: skip
TILES: dict[str, Any] = {"kpis": ["won_amount", "won_deals_count", "lost_deals_count", "close_rate"]}
TEXT: dict[str, Any] = {"text": "Some words on all of this."}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"deals.csv": DEALS, "mapping.yaml": MAPPING, "reportspec.yaml": PROJECT}.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def spec(*sections: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"report": "custom", "period": "2026-Q3", "compare": "previous_period", "sections": list(sections), **more}


def half(section: dict[str, Any]) -> dict[str, Any]:
    return {**section, "half": True}


@pytest.mark.parametrize(
    ("sections", "paired"),
    [
        ([half(SHORT), half(TILES)], [2]),
        ([half(SHORT), half(SHORT), half(TEXT), half(TILES)], [2, 2]),
        ([half(SHORT), SHORT, half(SHORT)], []),
        ([half(SHORT), half(SHORT), half(SHORT)], [2]),
        ([half(SHORT), half(LONG)], []),
        ([half(SHORT), half(WIDE)], []),
        ([half(SHORT), half({**SHORT, "where": "deal.amount < 0"})], []),  # of which there is nothing but a sentence
        ([half(SHORT), {**half(SHORT), "break": "before"}], []),
        ([half(SHORT), half({"breakdown": {**SHORT["breakdown"], "chart": "pareto"}})], []),
    ],
)
def test_which_stand_beside_each_other(folder: Path, sections: list[dict[str, Any]], paired: list[int]) -> None:
    html = render_html(figures(folder, spec(*sections)))
    blocks = re.findall(r'<div class="halves">(.*?</section>)\s*</div>', html, re.S)
    assert [block.count("<section") for block in blocks] == paired
    assert html.count("<section") - html.count('class="closing"') >= len(sections)


@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("language", languages())
def test_they_have_half_the_page_each(language: str, paper: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = spec(half(SHORT), half(TILES), locale=language, theme={"paper": paper})
    pages = laid_out(folder, json.dumps({"version": 1, **text}), monkeypatch)
    assert wrong(pages) == []
    page = pages[0]
    first, second = (
        box for box in below(content(page)) if box.element_tag == "section" and box.element.get("id") in ("s1", "s2")
    )
    assert first.position_y == second.position_y
    middle = page.content_box_x() + page.width / 2
    left = [box for box in inked(page) if box.position_y >= first.position_y and box.position_x < middle]
    assert all(box.position_x + box.width < middle for box in left if box.position_y < first.position_y + first.height)
    assert second.position_x + second.border_width() <= page.content_box_x() + page.width + 1


def test_standard_sections_can_be_left_out(folder: Path) -> None:
    whole = {one.id for one in figures(folder, {"report": "lost_deals", "period": "2026-Q3"}).sections}
    made = figures(folder, {"report": "lost_deals", "period": "2026-Q3", "omit": ["headline", "by_size"]})
    assert {one.id for one in made.sections} == whole - {"headline", "by_size"}
    own = {"report": "lost_deals", "period": "2026-Q3", "omit": ["headline"], "metrics": ["lost_deals_count"]}
    assert "headline" not in {one.id for one in figures(folder, own).sections}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"omit": ["by_sizes"]}, "unknown-section"),
        ({"omit": ["by_size"], "sections": [{"id": "by_size", **SHORT}]}, "bad-omit"),
        ({"omit": ["by_size"], "report": "custom", "sections": [SHORT]}, "bad-omit"),
    ],
)
def test_what_cannot_be_left_out(folder: Path, more: dict[str, Any], code: str) -> None:
    assert codes(folder, {"report": "lost_deals", "period": "2026-Q3", **more}) == [code]
