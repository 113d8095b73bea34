"""Values beyond a bound are marked in every form, by a sign and not by colour alone."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
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
from tests.figures.from_tables import project_of

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
    assert first(made).notes == ("! marks: Won amount above €300; Close rate below 50%.",)
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


def marked_rows(made: Figures) -> list[tuple[str, str]]:
    """The cells with a sign, as the terminal has them: the first cell of their row, and theirs."""
    lines = [re.split(r"\s{2,}", line.strip()) for line in as_table(made).splitlines() if "! " in line]
    return [(cells[0], next(one for one in cells if one.startswith("! "))) for cells in lines if len(cells) > 1]


def test_an_amount_beside_its_currency_is_held_in_the_report_s(tmp_path: Path) -> None:
    """A yen is 0.006 euros, a pound 1.2: 49,000 GBP are 58,800 EUR, beyond the bound; 900,000 JPY are 5,400 EUR."""
    deals = (
        "deal_id,name,status,amount,currency,created_at,closed_at\n"
        "a,Shelves,won,49000,GBP,2026-07-01 09:00:00,2026-07-11 09:00:00\n"
        "b,Ladders,won,900000,JPY,2026-07-01 09:00:00,2026-07-11 09:00:00\n"
        "c,Crates,won,51000,EUR,2026-07-01 09:00:00,2026-07-11 09:00:00\n"
    )
    rates = "rate_id,day,from_currency,to_currency,rate\n1,2026-01-01,JPY,EUR,0.006\n2,2026-01-01,GBP,EUR,1.2\n"
    folder = project_of(tmp_path, {"deal": deals, "fx_rate": rates})
    listed = {"entity": "deal", "fields": ["deal.name", "deal.amount", "deal.currency"]}
    mark = {"deal.amount": {"above": 50000}}
    made = figures(folder, {"period": "2026-Q3", "sections": [{"id": "a", "records": listed, "mark": mark}]})
    assert sorted(marked_rows(made)) == [("Crates", "! 51,000"), ("Shelves", "! 58,800")]
    assert "above €50,000" in first(made).notes[0]


def test_what_is_not_whole_yet_is_not_below(folder: Path) -> None:
    """Won were 400 in July and 2,000 in August, which is running on its last day; the rate is what it is."""
    now = datetime(2026, 8, 30, 12, tzinfo=UTC)
    mark = {"won_amount": {"below": 5000}, "close_rate": {"below": 2}}
    body = {"metrics": ["won_amount", "close_rate"], "grain": "month"}
    asked = {"period": "2026-Q3", "sections": [{"id": "a", "trend": body, "mark": mark}]}
    made = figures(folder, asked, now)
    amount, rate = (next(c for c in first(made).columns if c.name == name) for name in mark)
    signed = {
        (at, column.name)
        for at, row in enumerate(first(made).rows)
        for place, column in enumerate(first(made).columns)
        if column.marks(row[place], cut=at in first(made).cut_rows)
    }
    assert signed == {(0, "won_amount"), (0, "close_rate"), (1, "close_rate")}
    assert (amount.grows, rate.grows) == (True, False)
    weekly = {**asked, "period": "2026-07", "sections": [{"id": "a", "trend": {**body, "grain": "week"}, "mark": mark}]}
    whole = first(figures(folder, weekly))  # July begins on a Wednesday and ends on a Friday
    assert whole.cut_rows == {0, len(whole.rows) - 1}


@pytest.mark.parametrize(
    "kind", [{"kpis": ["won_amount"]}, {"funnel": {"steps": ["won_deals_count", "lost_deals_count"]}}]
)
def test_what_has_no_table_has_no_marks(kind: dict[str, Any], folder: Path) -> None:
    mark = {"won_amount": {"below": 5}}
    assert codes(folder, {"period": "2026-Q3", "sections": [{"id": "a", **kind, "mark": mark}]}) == ["bad-mark"]
