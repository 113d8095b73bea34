"""Pages are used: held against the boxes that WeasyPrint lays out, for each standard report in a language and on a paper, by
night in all languages on both; and for owners without end, one, none, and with names of 300 letters.

Slow: lays out a report for each case."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from reportspec.building import Order, build
from reportspec.languages import languages
from reportspec.render.pdf import render_pdf
from tests.pictures.test_pictures import BUDGET, FILLED, LONGER, NOW, OTHERS, PROJECT, REPORTS

pytestmark = pytest.mark.slow
PIXEL = 1.0  # of 96 an inch: what rounding may add
BY_DAY = set(zip(REPORTS, (*languages(), *languages()), ("A4", "Letter") * 4, strict=False))
SPEC = "version: 1\nreport: {kind}\nperiod: 2026-Q3\ncompare: previous_period\ntheme: {{paper: {paper}}}\n"


@pytest.mark.by_day(case=BY_DAY)
@pytest.mark.parametrize("case", list(product(REPORTS, languages(), ("A4", "Letter"))), ids="-".join)
def test_no_page_is_wasted(case: tuple[str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, language, paper = case
    (tmp_path / "reportspec.yaml").write_text(PROJECT.format(language=language), "utf-8")
    spec = SPEC.format(kind=REPORTS[name][0], paper=paper)
    pages = laid_out(tmp_path, spec, monkeypatch)
    assert wrong(pages) == []
    if paper == "A4":
        assert len(pages) <= LONGER.get((name, language), BUDGET.get(name, OTHERS))
        assert [page for page in pages[:-1] if filled(page) < FILLED] == []


LONG = "Consolidated International Holdings and Subsidiaries " * 6
OWNERS = {
    "forty": [f"Owner {number:02}" for number in range(40)],
    "one": ["Ada"],
    "none": [],
    "long": [LONG[:300], "X" * 300, "Bo"],
}
MAPPING = """entities:
  deal:
    table: deals
    fields: {id: id, name: name, owner_id: owner, stage_id: stage, source: source, status: status, amount: amount,
      created_at: created, closed_at: closed, expected_close_date: expected, loss_reason: reason}
  user: {table: users, fields: {user_id: id, name: name}}
  stage: {table: stages, fields: {stage_id: id, name: name, position: id}}
"""


@pytest.mark.parametrize("owners", OWNERS)
@pytest.mark.by_day(name=("pipeline",))
@pytest.mark.parametrize("name", ["pipeline", "lost_deals"])
def test_owners_without_end_and_without_measure(
    owners: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = OWNERS[owners]
    users, deals = ["id,name"], ["id,name,owner,stage,source,status,amount,created,closed,expected,reason"]
    for key, owner in enumerate(names):
        users.append(f"{key},{owner}")
        for number in range(6):
            status = ("won", "lost", "open")[number % 3]
            closed = "" if status == "open" else f"2026-0{5 + number % 4}-10"
            deals.append(
                f"{key}-{number},{owner} {number},{key},{number % 3},{owner},{status},{1000 + 37 * key * number},"
                f"2026-04-0{number + 1},{closed},2026-07-15,{owner if status == 'lost' else ''}"
            )
    tables = {"users": users, "deals": deals, "stages": ["id,name", "0,New", f"1,{LONG[:300]}", "2,Offer"]}
    for table, lines in tables.items():
        (tmp_path / f"{table}.csv").write_text("\n".join(lines), "utf-8")
    (tmp_path / "mapping.yaml").write_text(MAPPING, "utf-8")
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {users: users.csv, deals: deals.csv, stages: stages.csv}}\n"
        "mapping: mapping.yaml\ntimezone: UTC\ncurrency: EUR\nlocale: de_DE\n",
        "utf-8",
    )
    spec = SPEC.format(kind=REPORTS[name][0], paper="A4") + "group_by: [user.name]\n"
    assert wrong(laid_out(tmp_path, spec, monkeypatch)) == []


def laid_out(folder: Path, spec: str, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The boxes of each page of a report, as they stand in its PDF."""
    import weasyprint

    (folder / "asked.yaml").write_text(spec, "utf-8")
    built = build(folder / "asked.yaml", Order(datetime.fromisoformat(NOW), {}))
    assert built.made is not None, [one.message for one in built.diagnostics]
    documents: list[Any] = []
    render = weasyprint.HTML.render

    def kept(self: Any, *args: Any, **options: Any) -> Any:
        documents.append(render(self, *args, **options))
        return documents[-1]

    monkeypatch.setattr(weasyprint.HTML, "render", kept)
    render_pdf(built.made.figures[0][1])
    return [page._page_box for page in documents[-1].pages]


def below(box: Any) -> Iterator[Any]:
    """All boxes of the page's content within a box."""
    for child in getattr(box, "children", ()):
        if child.element_tag and child.element_tag.startswith("@"):
            continue  # of the margins
        yield child
        yield from below(child)


def content(page: Any) -> Any:
    return next(child for child in page.children if child.element_tag == "html")


def inked(page: Any) -> list[Any]:
    return [box for box in below(content(page)) if type(box).__name__ == "TextBox" and box.text.strip()]


def filled(page: Any) -> float:
    """How far down a page has text."""
    return max((box.position_y + box.height - page.content_box_y() for box in inked(page)), default=0) / page.height


def wrong(pages: list[Any]) -> list[str]:
    """What is not as it should be: a text beyond its cell or the page, a heading or a total alone."""
    found = []
    for number, page in enumerate(pages, 1):
        texts = inked(page)
        right = page.content_box_x() + page.width
        found += [f"{number}: {box.text[:40]} leaves the page" for box in texts if end(box) > right + PIXEL]
        for cell in (box for box in below(content(page)) if box.element_tag in ("td", "th")):
            low, high = cell.position_x - PIXEL, cell.position_x + cell.border_width() + PIXEL
            for box in below(cell):
                if type(box).__name__ == "TextBox" and box.text.strip() and (box.position_x < low or end(box) > high):
                    found.append(f"{number}: {box.text[:40]} leaves its cell")
        last = max((box.position_y for box in texts), default=0)
        for box in below(content(page)):
            if box.element_tag == "h2" and type(box).__name__ == "BlockBox" and box.position_y + box.height >= last:
                found.append(f"{number}: a heading alone")
        for table in (box for box in below(content(page)) if type(box).__name__ == "TableBox"):
            rows = [box for box in below(table) if type(box).__name__ == "TableRowBox"]
            bodies = [row for row in rows if not any(cell.element_tag == "th" for cell in row.children)]
            if bodies and len(bodies) == 1 and bodies[0].element.get("class") == "total":
                found.append(f"{number}: a total alone")
    return found


def end(box: Any) -> float:
    return float(box.position_x + box.width)
