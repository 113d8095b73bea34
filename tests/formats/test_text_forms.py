"""HTML and Markdown: they say what the PDF says, need nothing from elsewhere, and data stays text."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from fontTools.ttLib import TTFont
from markdown_it import MarkdownIt

from reportspec.formats.html import as_html
from reportspec.formats.markdown import as_markdown, escaped
from reportspec.model.figures import Column, Figures, Section
from reportspec.render.attachments import csv_files
from reportspec.render.locale import formats_for
from reportspec.render.page import page as page_of
from reportspec.render.page import render_html
from tests.render import sample

T = sample.TEXTS["en"]
SPEC = "version: 1\nreport: pipeline\n"


class Cells(HTMLParser):
    """The texts of all table cells, without marks of footnotes."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._inside = self._mark = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self._inside = True
        elif tag == "sup":
            self._mark = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._inside = False
        elif tag == "sup":
            self._mark = False

    def handle_data(self, data: str) -> None:
        if self._inside and not self._mark:
            self.rows[-1][-1] += data


def cells_of(html: str) -> list[list[str]]:
    parser = Cells()
    parser.feed(html)
    return parser.rows


def only_tables(figures: Figures) -> Figures:
    sections = tuple(s for s in figures.sections if not s.kpis and s.kind != "text")
    return replace(figures, sections=sections, definitions=(), statements=(), row_counts=())


@pytest.mark.parametrize("language", ["en", "it"])
def test_markdown_has_the_cells_of_the_pages(language: str) -> None:
    made = only_tables(sample.pipeline(language, rows=40))
    as_read = MarkdownIt("commonmark", {"html": True}).enable("table").render(as_markdown(made))
    # Blanks at the ends of a name are Markdown's own.
    told = [[cell.strip() for cell in row] for row in cells_of(render_html(made))]
    assert cells_of(as_read) == told


def test_markdown_of_hostile_names_shows_them_as_they_are() -> None:
    names = (
        *sample.HOSTILE,
        "a|b",
        "*a* _b_ `c`",
        "# x",
        "[x](http://evil.example)",
        "1. x",
        "line\nbreak\r\n\r\nagain",
        "![x](y)",
        "\\|",
        "~~gone~~",
    )
    columns = (Column("n", "Na|me", "text"), Column("v", "V", "integer", "count", "metric"))
    rows = tuple((name, at) for at, name in enumerate(names))
    section = Section("h", "records", "T <b>", columns, rows, None, len(rows), notes=names)
    text = as_markdown(sample.figures("en", (section,), title=sample.HOSTILE[0], filters=names))
    read = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    found = cells_of(read)
    assert found[0] == ["Na|me", "V"]
    assert [row[0] for row in found[1:]] == [re.sub(r"\s*[\r\n]+\s*", " ", name) for name in names]
    for tag in ("<script", "<img", "<style", "<a ", "<code", "<s>", "<b>"):
        assert tag not in read


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("https://evil.example/login", "https:\\//evil.example/login"),
        ("see WWW.evil.example", "see WWW\\.evil.example"),
        ("@octocat", "@<!-- -->octocat"),
        ("anna@example.com", "anna@<!-- -->example.com"),
        ("3 @ 5, a: b, wwwx.", "3 @ 5, a: b, wwwx."),
    ],
)
def test_markdown_makes_no_links_of_data(given: str, made: str) -> None:
    """And whoever reads it sees what was given."""
    assert escaped(given) == made
    shown = MarkdownIt("commonmark", {"html": True}).renderInline(escaped(given))
    assert shown.replace("<!-- -->", "") == given


def test_markdown_tiles_goals_and_cuts() -> None:
    text = as_markdown(sample.pipeline("en", rows=700))
    assert text.startswith(f"# {T['title']}\n\n{T['report']} · **Q3 2026** · ")
    assert "| Figure | Value | Change | Q2 2026 | Goal | State |" in text
    assert "500 of 700 rows, all of them in the attached" in text
    assert T["caveat1"] in text.replace("\\", "")


def test_markdown_of_nothing_says_so() -> None:
    section = Section("n", "breakdown", "Nothing", (Column("n", "N", "integer"),), (), None, 0)
    text = as_markdown(sample.figures("en", (section,)))
    assert "_No data for this period and these filters._" in text


def test_escaped_text_is_itself() -> None:
    for text in ("a & b", "&lt;", "x < y > z", "50% *of* it"):
        read = MarkdownIt("commonmark").render(f"x{escaped(text)}")
        assert cells_of(f"<table><tr><td>{read}</td></tr></table>")[0][0].strip() == f"x{text}"


# HTML


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = as_html(sample.pipeline("en", rows=40), SPEC)
    addresses = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)""", page)
    fetched = [a for a in addresses if not a.startswith(("data:", "#", "https://example.com/h"))]
    assert fetched == []
    assert "<script" not in page
    assert "@import" not in page
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'")
    assert 'name="viewport"' in page


def test_the_page_says_what_the_pdf_says() -> None:
    made = sample.pipeline("en", rows=40)
    assert cells_of(as_html(made)) == cells_of(render_html(made))


def test_tables_and_spec_can_be_taken_from_the_page() -> None:
    made = sample.pipeline("en", rows=700)
    page = as_html(made, SPEC)
    found = {
        name: base64.b64decode(data).decode()
        for name, data in re.findall(r'download="([^"]+)" href="data:[^,]+;base64,([^"]+)"', page)
    }
    wanted = {one.name: one.text for one in csv_files(made, formats_for(made)).values()}
    assert found == {**wanted, "spec.yaml": SPEC, "method.html": page_of(made).method}


def test_fonts_have_the_letters_of_the_page() -> None:
    section = Section("t", "text", "Übersicht Łódź Ωmega Япония 0123456789", text="*kursiv*")
    page = as_html(sample.figures("en", (section,)))
    faces = re.findall(r"url\(data:font/woff2;base64,([^)]+)\)", page)
    assert len(faces) == 3
    for face in faces:
        known = TTFont(io.BytesIO(base64.b64decode(face))).getBestCmap()
        assert set(map(ord, "ÜŁódźΩЯ€0123456789")) - {ord("€")} <= set(known)
    assert len(page) < 400_000


def test_hostile_names_are_text_on_the_page() -> None:
    columns = (Column("n", "N", "text"),)
    rows = tuple((name,) for name in sample.HOSTILE)
    section = Section("h", "records", sample.HOSTILE[0], columns, rows, None, len(rows))
    page = as_html(sample.figures("en", (section,), title=sample.HOSTILE[3]), SPEC)
    body = page[page.index("<body") :]
    assert "<script" not in body
    assert "<style" not in body
    assert [row[0] for row in cells_of(body)[1 : len(rows) + 1]] == list(sample.HOSTILE)


def test_the_same_figures_give_the_same_page() -> None:
    assert as_html(sample.pipeline("it", 20)) == as_html(sample.pipeline("it", 20))
