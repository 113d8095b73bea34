"""Two sections of half the width stand beside each other where both fit, and below each other where not."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reportspec.languages import languages
from reportspec.model.figures import Column, Kpi, Section
from reportspec.render import render_html
from tests.figures.asking import codes, figures
from tests.pictures.test_page_economy import below, content, inked, laid_out, wrong
from tests.render import sample

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


def test_several_tiles_of_half_the_width_are_a_list(folder: Path) -> None:
    """80 deals won and 80 lost: the amounts of the won are 1,000 and 0, 3, … 237 more, in all 89,480."""
    html = render_html(figures(folder, {**spec(half(TILES), half(SHORT)), "compare": "none"}))
    [listed] = re.findall(r'<table class="listed">(.*?)</table>', html, re.S)
    rows = [re.sub(r"<sup>.*?</sup>|<.*?>", " ", row).split() for row in re.findall(r"<tr>(.*?)</tr>", listed, re.S)]
    assert [row[-1] for row in rows] == ["2026", "€89,480", "80", "80", "50.0%"]
    assert '<div class="tile">' not in html


def test_a_list_of_tiles_has_what_they_were() -> None:
    kpis = tuple(Kpi(sample.metric(f"m{n}", f"M{n}", "count"), 10 * n, 5 * n, 1.0) for n in range(1, 4))
    tiles = Section("k", "kpis", "K", kpis=kpis, shape="tiles", half=True)
    html = render_html(sample.figures("en", (tiles, replace(tiles, id="l"))))
    [listed, _] = re.findall(r'<table class="listed">(.*?)</table>', html, re.S)
    rows = [re.sub(r"<.*?>", " ", row).split() for row in re.findall(r"<tr>(.*?)</tr>", listed, re.S)]
    assert rows[1:] == [[f"M{n}", str(10 * n), str(5 * n), "+100.0%", "better"] for n in range(1, 4)]


def test_two_tiles_and_those_with_goals_stand_side_by_side(folder: Path) -> None:
    two = {"kpis": ["won_amount", "won_deals_count"]}
    for sections, goals in (((half(two), half(SHORT)), {}), ((half(TILES), half(SHORT)), {"won_amount": 90000})):
        html = render_html(figures(folder, spec(*sections, goals=goals) if goals else spec(*sections)))
        assert 'class="listed"' not in html
        assert '<div class="tile">' in html


def test_a_table_of_noughts_is_a_sentence() -> None:
    """Unless something was there before, or a nought is to be marked."""
    who, won = Column("user.name", "Owner", "text", role="dimension"), sample.metric("won", "Won", "currency")
    was = replace(won, name="won__previous", role="previous")
    none = Section("a", "breakdown", "A", (who, won, was), (("Ada", 0, 0), ("Bo", 0, 0)), bars=True)
    html = render_html(sample.figures("en", (none,)))
    assert '<p class="note">Won: €0 in every row.</p>' in html
    assert "Ada" not in html
    marked = replace(none, columns=(who, replace(won, below=1.0), was))
    for other in (replace(none, rows=(("Ada", 0, 7), ("Bo", 0, 0))), replace(none, rows=none.rows[:1]), marked):
        assert "Ada" in render_html(sample.figures("en", (other,)))


def test_filters_stand_above_the_title_where_they_fit(folder: Path) -> None:
    short = [{"field": "deal.amount", "gte": 1000}]
    long = [{"field": "deal.source", "in": [f"owner {at:02}" for at in range(12)]}]
    above = render_html(figures(folder, spec(SHORT, filters=short)))
    assert '<span class="asked">Amount ≥ €1,000</span>' in above
    assert 'class="filters"' not in above
    below_it = render_html(figures(folder, spec(SHORT, filters=long)))
    assert 'class="asked"' not in below_it
    assert 'class="filters"' in below_it


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
