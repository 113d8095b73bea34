"""Figures that texts of a spec name: filled in every form as tiles write them, refused where there are none, and nothing
but figures."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from reportspec.building import Order, build
from reportspec.deliver.body import as_html, as_text
from reportspec.formats.markdown import as_markdown
from reportspec.formats.terminal import as_table
from reportspec.formats.xlsx import as_workbook
from reportspec.languages import languages
from reportspec.render import render_html
from tests.figures.asking import NOW, figures
from tests.loading import load_report

DEALS = """id,owner,status,amount,created,closed
1,ada,won,1000,2026-07-01,2026-07-11
2,{{ metrics.won_amount }},won,500,2026-07-01,2026-07-12
3,bo,lost,100,2026-07-01,2026-07-11
4,bo,won,1200,2026-04-01,2026-05-11
5,bo,lost,1200,2026-04-01,2026-05-11
"""
MAPPING = """entities:
  deal:
    table: deals
    key: id
    fields: {name: id, source: owner, status: status, amount: amount, created_at: created, closed_at: closed}
"""
PROJECT = "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: mapping.yaml\ntimezone: UTC\ncurrency: EUR\n"
TILES = {"id": "tiles", "kpis": ["won_amount", "close_rate", "sales_cycle_days.median", "lost_amount"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"deals.csv": DEALS, "mapping.yaml": MAPPING, "reportspec.yaml": PROJECT}.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def spec(*sections: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "report": "custom",
        "period": "2026-Q3",
        "compare": "previous_period",
        "goals": {"won_amount": 1000},
        "sections": [TILES, *sections],
        **more,
    }


def test_every_text_in_every_form(folder: Path) -> None:
    """Won 1,500 of 1,200 before: 25 % more. Won of closed: 2 of 3, before 1 of 2."""
    made = figures(
        folder,
        spec(
            {"text": "Rate **{{metrics.close_rate}}** ({{ metrics.close_rate.change }})"},
            {"title": "{{ metrics.won_amount.previous }} then", "note": "Goal: {{ metrics.won_amount.goal }}, {{ metrics.won_amount.state }}",
             "breakdown": {"metrics": ["won_amount"], "by": ["deal.source"]}},
            title="Won {{ metrics.won_amount }} ({{ metrics.won_amount.change }})",
        ),
    )  # fmt: skip
    assert made.title == "Won €1,500 (+25.0%)"
    text, table = made.sections[1], made.sections[2]
    assert text.text.replace("\\", "") == "Rate **66.7%** (+16.7\u00a0pp)"
    assert table.title == "€1,200 then"
    assert table.notes == ("Goal: €1,000, Met",)
    html, markdown, plain = render_html(made), as_markdown(made), as_table(made)
    assert "<strong>66.7%</strong> (+16.7\u00a0pp)" in html
    book = openpyxl.load_workbook(io.BytesIO(as_workbook(made)))
    cells = " ".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)
    for form in (html, markdown, plain, cells):
        assert "Won €1,500 (+25.0%)" in form
        assert "€1,200 then" in form
        assert "Goal: €1,000, Met" in form
    for mail in (as_text(made, "", [], []), as_html(made, "", [], [])):
        assert "Won €1,500 (+25.0%)" in mail


@pytest.mark.parametrize("language", languages())
def test_in_the_language_s_way_of_writing(language: str, folder: Path) -> None:
    made = figures(
        folder,
        spec(
            {"text": {"en": "{{ metrics.close_rate }}", language: "{{ metrics.close_rate }}"}},
            title="{{ metrics.won_amount }}",
            locale=language,
        ),
    )
    tile = made.sections[0].kpis[0]
    assert tile.value == 1500
    digits = [letter for letter in made.title if letter.isdigit()]
    assert "".join(digits) == "1500"
    assert made.title in render_html(made).replace("&nbsp;", "\u00a0")
    assert ("66,7" if language != "en" else "66.7") in made.sections[1].text


def test_what_is_not_known_is_said_so(folder: Path) -> None:
    made = figures(
        folder, spec(title="{{ metrics.close_rate.goal }} and {{ metrics.lost_amount.change }}", compare="none")
    )
    assert made.title == "n/a and n/a"


def test_data_and_params_bring_no_figures(folder: Path) -> None:
    """A name in the data, and one that a param brings and no text of the spec has, stay what they are."""
    made = figures(
        folder,
        spec(
            {"breakdown": {"metrics": ["won_amount"], "by": ["deal.source"]}, "title": "{{ params.x }} {{ metrics.won_amount }}"},
            params={"x": {"type": "string", "default": "{{ metrics.close_rate }}"}},
        ),
    )  # fmt: skip
    assert made.sections[1].title == "{{ metrics.close_rate }} €1,500"
    assert "{{ metrics.won_amount }}" in {row[0] for row in made.sections[1].rows}
    assert "{{ metrics.won_amount }}" in render_html(made)


def test_everyone_reads_their_own(folder: Path) -> None:
    path = folder / "each.yaml"
    path.write_text(
        json.dumps({"version": 1, **spec(title="{{ metrics.won_amount }}", for_each="deal.source")}), "utf-8"
    )
    built = build(path, Order(NOW, {}))
    assert built.made is not None, [one.message for one in built.diagnostics]
    assert {value.value: made.title for value, made in built.made.figures} == {
        "ada": "€1,000",
        "bo": "€0.00",
        "{{ metrics.won_amount }}": "€500.00",
    }


YAML = """version: 1
report: custom
period: 2026-Q3
title: Won {{ metrics.won_amout }} of all
sections:
  - kpis: [won_amount, close_rate]
  - title: "A {{ metrics.close_rate.chnge }}"
    note: {en: "{{ metrics.lost_amount }}"}
    text: |
      First line.
      Second, {{ metrics.close_rat.change }}.
"""


def test_mistakes_have_their_place_and_a_way_out(folder: Path) -> None:
    path = folder / "wrong.yaml"
    path.write_text(YAML, "utf-8")
    found = load_report(path, NOW, {}).diagnostics
    told = {(one.span.line, one.span.column): (one.code, one.help) for one in found if one.span is not None}
    assert told == {
        (4, 15): ("unknown-metric", "did you mean `won_amount`?"),
        (7, 18): ("unknown-metric", "did you mean `change`?"),
        (8, 20): (
            "unknown-metric",
            "only figures that are shown can be named: add it to `metrics`, or a section `kpis: [lost_amount]`",
        ),
        (11, 18): ("unknown-metric", "did you mean `close_rate.change`?"),
    }
    for line, column in told:
        assert YAML.splitlines()[line - 1][column - 1 :].startswith("metrics.")


def test_nowhere_else_and_nothing_but_figures(folder: Path) -> None:
    for more in (
        {"filters": [{"field": "deal.source", "eq": "{{ metrics.won_amount }}"}]},
        {"title": "{{ metrics.won_amount + 1 }}"},
        {"title": "{{ metrics.won_amount.__class__ }}"},
        {"title": "{{ metrics.__init__ }}"},
    ):
        path = folder / "wrong.yaml"
        path.write_text(json.dumps({"version": 1, **spec(**more)}), "utf-8")
        assert load_report(path, NOW, {}).broken, more


def test_of_two_comparisons_each_can_be_named(folder: Path) -> None:
    """Won 1,500; 1,200 in the quarter before, 600 a year before. That has no cents beside an amount that has none."""
    with (folder / "deals.csv").open("a", encoding="utf-8") as file:
        file.write("6,bo,won,600,2025-07-01,2025-07-11\n")
    names = ("", ".previous", ".change", ".second", ".second_change")
    text = " | ".join(f"{{{{ metrics.won_amount{name} }}}}" for name in names)
    both = ["previous_period", "previous_year"]
    found = figures(folder, spec({"id": "told", "text": text}, compare=both))
    html = render_html(found)
    assert "€1,500 | €1,200 | +25.0% | €600 | +150.0%" in html
    assert "€600.00" not in html
