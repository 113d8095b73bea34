"""Long tables, of which most pages are written by `render/long_tables.py`: held against the same report that
WeasyPrint lays out as a whole, page for page: pictures, texts, places, structure.

Slow: reports of many pages are laid out twice."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject

from reportspec.model.figures import Column, Figures, Section
from reportspec.render import pdf, render_pdf, tables
from reportspec.render.fonts import font_directory
from tests.reading_pdf import page_texts
from tests.render import sample

pytestmark = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="needs poppler's pdftoppm")
T = sample.TEXTS["en"]
SCRIPTS = (
    "שלום עולם שלום עולם שלום עולם שלום עולם",
    "مرحبا بالعالم",
    "e\u0301te\u0301",
    "日本語の会社",
    "two\nlines  and\ttabs",
    "Ελλάδα АВТО",
    "no\u00a0break",
)
NAME = "Grüne Wärmetechnik, Söhne & Partner <Holding> 37 Aufzüge Donaudampfschifffahrtsgesellschaft Wien AV To fi"
WORDS = NAME.split()


def records(count: int, **more: Any) -> Section:
    """Records with all that a list of them may have: names of one line and of several, words that fit into no
    column, and values that are missing, first where they are not looked for any more."""
    plain = sample.stalled(T, count, count)
    rows = []
    for at, row in enumerate(plain.rows):
        name = " ".join(WORDS[(at * 7 + n) % len(WORDS)] for n in range(1 + at % 23 * (at % 5 == 0)))
        amount = None if at > 150 and at % 41 == 0 else -row[3] if at % 9 == 0 else row[3]  # type: ignore[operator]
        rows.append((name, *row[1:3], amount, None if at > 70 and at % 37 == 0 else row[4], at))
    return replace(plain, rows=tuple(rows), whole=True, **more)


def in_scripts(count: int) -> Section:
    """Names in other scripts, and with blanks of all kinds."""
    section = records(count)
    rows = tuple((f"{SCRIPTS[at % len(SCRIPTS)]} {at}", *row[1:]) for at, row in enumerate(section.rows))
    return replace(section, rows=rows)


def wide(count: int) -> Section:
    """A table that needs a page that lies, with changes for better and for worse, and a total."""
    won, rate = sample.metric("won", "Won amount", "currency"), sample.metric("rate", "Win rate", "percent")
    columns = (
        Column("owner", "Owner of the account", "text", role="dimension"),
        *(won, *sample.beside(won), rate, *sample.beside(rate)),
        *(Column(f"f{n}", f"Column {n}", "text", role="field") for n in range(5)),
    )
    rows = tuple(
        (
            *(f"Owner {at}", at * 1e3, 9e5 - at, at % 7 / 10 - 0.3, at % 11 / 11, 0.5, at % 11 / 11 - 0.5),
            *(f"value {at * n}" for n in range(5)),
        )
        for at in range(count)
    )
    made = Section("wide", "breakdown", "Wide", columns, rows, rows[0], count, whole=True)
    return replace(made, columns=(replace(columns[0], footnotes=(1,)), *columns[1:]))


def own_fonts() -> tuple[bytes, bytes]:
    return tuple((font_directory() / f"OpenSans-{name}.ttf").read_bytes() for name in ("Regular", "SemiBold"))  # type: ignore[return-value]


def report(*sections: Section, **theme: Any) -> Figures:
    made = sample.figures("en", sections)
    return replace(made, theme=replace(made.theme, **theme))


REPORTS: dict[str, Callable[[], Figures]] = {
    "records": lambda: report(records(240)),
    "turned": lambda: report(sample.by_owner(T), wide(210), sample.by_owner(T)),
    "several": lambda: report(
        Section("a", "text", "Before", text="Some words.\n\n" * 9),
        records(330),
        records(230, title="Again", notes=("A note below.",)),
        sample.stalled(T, 20, 20),
        contents=True,
        cover=True,
        pdf="a-3a",
    ),
    "scripts": lambda: report(in_scripts(230)),
    "fonts": lambda: report(records(210), fonts=own_fonts(), paper="Letter", landscape=True),
}


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Which pages of the last report were written apart, of tables of 200 rows or more."""
    monkeypatch.setattr(tables, "LONG", 200)
    places: list[int] = []
    real = pdf._in_parts

    def noting(*args: Any) -> Any:
        document, placed = real(*args)
        places[:] = [place for place, _, _ in placed]
        return document, placed

    monkeypatch.setattr(pdf, "_in_parts", noting)
    return places


# Those of `records` are in `several`, too.
@pytest.mark.by_day(name=("several", "scripts"))
@pytest.mark.parametrize("name", REPORTS)
def test_pages_are_what_they_would_be_as_a_whole(
    name: str, written: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    figures = REPORTS[name]()
    apart = render_pdf(figures)
    assert written
    monkeypatch.setattr(tables, "LONG", 10**9)
    whole = render_pdf(figures)
    assert written == []
    assert pictures(apart, tmp_path / "apart") == pictures(whole, tmp_path / "whole")
    assert page_texts(apart) == page_texts(whole)
    assert structure(apart) == structure(whole)
    assert outline(apart) == outline(whole)


def pictures(content: bytes, folder: Path) -> list[bytes]:
    folder.mkdir()
    (folder / "x.pdf").write_bytes(content)
    subprocess.run(["pdftoppm", "-r", "50", str(folder / "x.pdf"), str(folder / "page")], check=True)
    return [path.read_bytes() for path in sorted(folder.glob("page*.ppm"))]


def structure(content: bytes) -> Any:
    """The tree of the structure with the page and the marks of each element, and the elements that each page's
    marks lead back to; the names of headings are told apart by what they are names of."""
    reader = PdfReader(io.BytesIO(content))
    pages = {page.indirect_reference.idnum: place for place, page in enumerate(reader.pages)}  # type: ignore[union-attr]
    root = reader.trailer["/Root"]["/StructTreeRoot"]
    names: dict[str, Any] = {}
    told: dict[int, Any] = {}

    def walk(reference: Any) -> Any:
        item = reference.get_object()
        if not isinstance(item, DictionaryObject):
            return int(item)
        kids = item.get("/K", [])
        page = pages.get(item.raw_get("/Pg").idnum) if "/Pg" in item else None
        asked = item.get("/A", {})
        heads = [names[str(one)] for one in asked.get("/Headers", ())]
        at = (str(item.get("/S", item.get("/Type"))), page, str(asked.get("/Scope")), heads)
        made = (*at, [walk(kid) for kid in (kids if isinstance(kids, list) else [kids])])
        if "/ID" in item:
            assert str(item["/ID"]) not in names, "a name of two headings"
            names[str(item["/ID"])] = (page, made[-1])
        if "/P" in item:
            told[reference.idnum] = made
        return made

    tree = walk(root["/K"][0])
    numbers = root["/ParentTree"]["/Nums"]
    leads = [
        [told.get(one.idnum) if hasattr(one, "idnum") else None for one in numbers[at + 1]]
        for at in range(0, len(numbers), 2)
        if isinstance(numbers[at + 1], ArrayObject)
    ]
    return tree, leads


def outline(content: bytes) -> list[tuple[str, int]]:
    reader = PdfReader(io.BytesIO(content))
    return [(one.title, reader.get_destination_page_number(one)) for one in reader.outline]  # type: ignore[union-attr,misc]


def test_a_validator_finds_nothing_in_pages_that_were_written(written: list[int], tmp_path: Path) -> None:
    import pdfua

    path = tmp_path / "report.pdf"
    path.write_bytes(render_pdf(report(records(230), wide(210))))
    assert written
    assert [str(one) for one in pdfua.validate(str(path)).findings] == []


@pytest.mark.parametrize("text", ["a\u00adb", "a\u200db", "\u202eab"])
def test_letters_that_are_not_seen_are_left_to_weasyprint(text: str, written: list[int]) -> None:
    section = records(210)
    rows = ((text, *section.rows[0][1:]), *section.rows[1:])
    made = render_pdf(report(replace(section, rows=rows)))
    assert len(PdfReader(io.BytesIO(made)).pages) > 4
    assert written == []


def test_all_rows_are_printed_where_all_are_asked_for(written: list[int]) -> None:
    section = replace(sample.stalled(T, 700, 700), whole=True)
    pages = page_texts(render_pdf(report(section)))
    text = "\n".join(pages)
    assert [at for at in range(1, 701) if f"#{at:04d}" not in text] == []
    assert "of 700 rows" not in text
    assert f"Page {len(pages)} of {len(pages)}" in text
    assert len(written) > 7
    cut = "\n".join(page_texts(render_pdf(report(replace(section, whole=False)))))
    assert "#0500" in cut
    assert "#0501" not in cut
    assert "500 of 700 rows" in cut


def test_a_row_of_each_date_is_in_order() -> None:
    """The rows on the pages are in the order of the figures: none twice, none left out."""
    rows = tuple((f"Row{at:05d}", date(2026, 1, 1), at) for at in range(700))
    columns = (Column("n", "Name", "text"), Column("d", "Day", "date"), Column("c", "Count", "integer", "count"))
    made = render_pdf(report(Section("s", "records", "List", columns, rows, available_rows=700, whole=True)))
    words = " ".join(page_texts(made)).split()
    assert [word for word in words if word.startswith("Row0")] == [row[0] for row in rows]
