"""Pages are used: held against the boxes that WeasyPrint lays out, for each standard report in a language and on a paper, by
night in all languages on both; and for owners without end, one, none, and with names of 300 letters.

Slow: lays out a report for each case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from reportspec.building import Order, build
from reportspec.languages import languages
from reportspec.render.pdf import render_pdf
from tests.pictures.test_pictures import BUDGET, FILLED, NOW, OTHERS, PROJECT, REPORTS

pytestmark = pytest.mark.slow
MOST_FIGURES = 250  # on a page, on an average
LEAST = 0.25  # of a last page, unless it is the only one
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
    assert len(pages) <= BUDGET.get(name, OTHERS)
    assert sum(map(figures_on, pages)) / len(pages) <= MOST_FIGURES
    if paper == "A4":
        assert [page for page in pages[:-1] if filled(page) < FILLED] == []


def test_the_pipeline_by_owner_has_two_pages(tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "reportspec.yaml").write_text(PROJECT.format(language="en_GB"), "utf-8")
    pages = laid_out(tmp_path, (checkout / "specs" / "q3.yaml").read_text("utf-8"), monkeypatch)
    assert wrong(pages) == []
    assert len(pages) == 2
    assert filled(pages[0]) >= FILLED


# Days at the start, in the middle and at the end of a period that is not over.
DAYS = ("2026-10-02", "2026-10-15", "2026-10-31", "2026-12-28")
RUNNING = list(product(("sales_forecast", "data_quality"), languages(), ("A4", "Letter"), DAYS))
RUNNING_BY_DAY = {
    ("sales_forecast", "de", "A4", "2026-10-15"),
    ("sales_forecast", "fr", "Letter", "2026-10-31"),
    ("sales_forecast", "en", "A4", "2026-12-28"),
    ("data_quality", "es", "A4", "2026-10-15"),
}


@pytest.mark.by_day(case=RUNNING_BY_DAY)
@pytest.mark.parametrize("case", RUNNING, ids="-".join)
def test_nor_while_a_period_runs(
    case: tuple[str, str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two pages at most, none of them nearly empty, and none turned, on whatever day of the period."""
    kind, language, paper, day = case
    (tmp_path / "reportspec.yaml").write_text(PROJECT.format(language=language), "utf-8")
    compare = "" if kind == "data_quality" else "compare: previous_period\n"
    goals = "" if kind == "data_quality" else "goals: {won_amount: 2200000}\n"
    spec = f"version: 1\nreport: {kind}\nperiod: 2026-Q4\n{compare}{goals}theme: {{paper: {paper}}}\n"
    pages = laid_out(tmp_path, spec, monkeypatch, f"{day}T09:00:00+02:00")
    assert wrong(pages) == []
    assert len(pages) <= OTHERS
    assert [page for page in pages if page.width > page.height] == []
    assert [filled(page) for page in pages[:-1] if filled(page) < FILLED] == []
    assert filled(pages[-1]) >= LEAST


def test_a_last_page_with_little_on_it_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that is a row longer than its page is set tighter, in whichever form that takes fewer pages; one that
    would not fit so either stays as it is."""
    rows = [f"{at},deal {at},open,{at + 1},2026-07-01" for at in range(200)]
    (tmp_path / "deals.csv").write_text("\n".join(["id,name,status,amount,created", *rows]), "utf-8")
    (tmp_path / "mapping.yaml").write_text(
        "entities:\n  deal: {table: deals, fields: {id: id, name: name, status: status, amount: amount, "
        "created_at: created}}\n",
        "utf-8",
    )
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: mapping.yaml\ntimezone: UTC\ncurrency: EUR\n",
        "utf-8",
    )
    spec = (
        "version: 1\nreport: custom\nperiod: 2026-Q3\nsections:\n"
        "  - records: {{entity: deal, fields: [deal.name, deal.amount], sort: deal.amount, limit: {limit}}}\n"
    )
    heights = {}
    for limit in range(40, 64, 3):
        with monkeypatch.context() as patch:
            heights[limit] = [filled(page) for page in laid_out(tmp_path, spec.format(limit=limit), patch)]
    counts = [len(pages) for pages in heights.values()]
    assert counts == sorted(counts)
    assert set(counts) == {1, 2}
    # Once it needs two pages, the second has what a page saves by being set tighter.
    first = next(pages for pages in heights.values() if len(pages) == 2)
    assert first[-1] > 0.05


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


def laid_out(folder: Path, spec: str, monkeypatch: pytest.MonkeyPatch, now: str = NOW) -> list[Any]:
    """The boxes of each page of a report, as they stand in its PDF: of two layouts that with fewer pages."""
    import weasyprint

    (folder / "asked.yaml").write_text(spec, "utf-8")
    built = build(folder / "asked.yaml", Order(datetime.fromisoformat(now), {}))
    assert built.made is not None, [one.message for one in built.diagnostics]
    documents: list[Any] = []
    render = weasyprint.HTML.render

    def kept(self: Any, *args: Any, **options: Any) -> Any:
        documents.append(render(self, *args, **options))
        return documents[-1]

    monkeypatch.setattr(weasyprint.HTML, "render", kept)
    render_pdf(built.made.figures[0][1], spec)  # which the last part names
    fewest = min(documents, key=lambda document: len(document.pages))
    return [page._page_box for page in fewest.pages]


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


def figures_on(page: Any) -> int:
    """How many numbers stand on a page."""
    return sum(len(re.findall(r"\d[\d.,\u00a0\u202f]*", box.text)) for box in inked(page))


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
