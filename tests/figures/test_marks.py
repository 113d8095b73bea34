"""Values beyond a bound are marked in every form, by a sign and not by colour alone."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from reportspec.formats.markdown import as_markdown
from reportspec.formats.terminal import as_table
from reportspec.formats.xlsx import as_workbook
from reportspec.languages import languages
from reportspec.model.figures import Figures, Section
from reportspec.render import render_html
from tests.figures.asking import codes, figures

DEALS = """id,owner,status,amount,created,closed
1,ada,won,100,2026-07-01,2026-07-11
2,ada,lost,100,2026-07-01,2026-07-11
3,ada,lost,100,2026-07-01,2026-07-11
4,bo,won,2000,2026-07-01,2026-08-30
5,cy,won,300,2026-07-01,2026-07-21
6,cy,lost,300,2026-07-01,2026-07-21
7,dee,lost,50,2026-07-01,2026-07-21
"""
MAPPING = """entities:
  deal:
    table: deals
    key: id
    fields: {name: id, owner_id: owner, source: owner, status: status, amount: amount, created_at: created, closed_at: closed}
"""
PROJECT = "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: mapping.yaml\ntimezone: UTC\ncurrency: EUR\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"deals.csv": DEALS, "mapping.yaml": MAPPING, "reportspec.yaml": PROJECT}.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def spec(mark: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"metrics": ["won_amount", "close_rate"], "by": ["deal.source"], "sort": "deal.source", **more}
    return {"report": "custom", "period": "2026-Q3", "sections": [{"id": "a", "breakdown": body, "mark": mark}]}


def first(made: Figures) -> Section:
    return made.sections[0]


def signs(html: str) -> list[str]:
    return re.findall(r'<td class="[^"]*marked[^"]*">(?:<div.*?</div>)?([^<]*)</td>', html)


def test_marked_by_hand(folder: Path) -> None:
    """Won of closed: ada 1 of 3, bo 1 of 1, cy 1 of 2, dee 0 of 1. The bound itself is within; the total is none of
    them."""
    made = figures(folder, spec({"close_rate": {"below": 0.5}, "won_amount": {"above": 300}}))
    assert first(made).notes == ("! marks: Won amount above 300 EUR; Close rate below 50%.",)
    html = render_html(made)
    assert signs(html) == ["! 33.3%", "! €2,000", "! 0.0%"]
    assert as_markdown(made).count("| ! ") == 3
    assert [line.split()[-3:] for line in as_table(made).splitlines() if "! " in line and "marks" not in line] == [
        ["!", "33.3", "%"],
        ["2,000", "100.0", "%"],
        ["!", "0.0", "%"],
    ]
    book = openpyxl.load_workbook(io.BytesIO(as_workbook(made)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if '"! "' in str(cell.number_format)]
    assert [cell.value for cell in cells] == pytest.approx([1 / 3, 2000, 0])


def test_what_no_value_breaks_is_not_told(folder: Path) -> None:
    made = figures(folder, spec({"won_amount": {"above": 2000, "below": 0}}))
    assert first(made).notes == ()
    assert signs(render_html(made)) == []


def test_digits_tell_a_marked_value_from_its_bound(folder: Path) -> None:
    made = figures(folder, spec({"close_rate": {"below": 0.33334}}))
    assert signs(render_html(made)) == ["! 33.333%", "! 0.0%"]


def test_others_together_are_no_one_thing(folder: Path) -> None:
    made = figures(folder, spec({"won_amount": {"above": 350}}, top=1, others=True, sort="-won_amount"))
    assert [row[1] for row in first(made).rows] == [2000, 400]
    assert signs(render_html(made)) == ["! €2,000"]


@pytest.mark.parametrize("language", languages())
def test_in_every_language(language: str, folder: Path) -> None:
    made = figures(folder, {**spec({"close_rate": {"below": 0.4, "above": 0.9}}), "locale": language})
    [note] = first(made).notes
    assert note.startswith("! ")
    assert "40" in note
    assert "90" in note
    assert len(signs(render_html(made))) == 3


def test_lists_and_trends(folder: Path) -> None:
    records = {"entity": "deal", "fields": ["deal.name", "deal.amount"], "sort": "deal.name"}
    trend = {"metrics": ["won_amount"], "grain": "month"}
    sections = [
        {"records": records, "mark": {"deal.amount": {"below": 100}}},
        {"trend": trend, "mark": {"won_amount": {"above": 500}}},
    ]
    made = figures(folder, {"report": "custom", "period": "2026-Q3", "sections": sections})
    assert signs(render_html(made)) == ["! €50", "! €2,000"]


@pytest.mark.parametrize(
    ("mark", "code"),
    [
        ({"close_rte": {"below": 1}}, "bad-mark"),
        ({"deal.source": {"below": 1}}, "bad-mark"),
        ({"close_rate": {"below": 0.5, "above": 0.4}}, "bad-mark"),
        ({"close_rate": {}}, "empty-value"),
        ({"close_rate": {"under": 1}}, "unknown-key"),
    ],
)
def test_mistakes(folder: Path, mark: dict[str, Any], code: str) -> None:
    assert codes(folder, spec(mark)) == [code]
    tiles = {
        "report": "custom",
        "period": "2026-Q3",
        "sections": [{"text": "Hello", "mark": {"close_rate": {"below": 1}}}],
    }
    assert codes(folder, tiles) == ["bad-mark"]
