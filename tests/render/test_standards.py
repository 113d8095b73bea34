"""What PDF/UA-1 and PDF/A-3a ask for, as far as a program can check it: on a report that has
everything, and in the words of the standards (ISO 14289-1, ISO 19005-3)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from reportspec.model.figures import Section
from reportspec.render import render_pdf
from tests.render import sample

T = sample.TEXTS["en"]
CHILDREN = {
    "L": {"LI", "Caption"},
    "LI": {"Lbl", "LBody"},
    "Table": {"TR", "THead", "TBody", "TFoot", "Caption"},
    "THead": {"TR"},
    "TBody": {"TR"},
    "TR": {"TH", "TD"},
}


def everything(standard: str) -> bytes:
    """A report with all that reports have, as PDF."""
    base = sample.pipeline("en", rows=60)
    text = Section("t", "text", "Notes", text="One [link](https://example.com).\n\n- a\n- b\n\n1. c")
    theme = replace(base.theme, pdf=standard, contents=True, footer="Internal")
    figures = replace(base, sections=(*base.sections, text), theme=theme)
    return render_pdf(figures, "version: 1\n")


@pytest.fixture(scope="module", params=["ua-1", "a-3a"])
def made(request: pytest.FixtureRequest) -> tuple[str, PdfReader]:
    return request.param, PdfReader(io.BytesIO(everything(request.param)))


@pytest.mark.parametrize("standard", ["ua-1", "a-3a"])
def test_a_validator_finds_nothing(standard: str, tmp_path: Path) -> None:
    import pdfua

    path = tmp_path / "report.pdf"
    path.write_bytes(everything(standard))
    # That it does not call itself PDF/UA is no fault of a PDF/A.
    passed_over = {"UA-28-004"} if standard == "a-3a" else set()
    found = [one for one in pdfua.validate(str(path)).findings if one.rule_id not in passed_over]
    assert [str(one) for one in found] == []


def test_lines_in_the_margins_are_artifacts_of_pagination(made: tuple[str, PdfReader]) -> None:
    reader = made[1]
    numbers = reader.trailer["/Root"]["/StructTreeRoot"]["/ParentTree"].get_object()["/Nums"]
    assert len(reader.pages) > 3
    for place, page in enumerate(reader.pages):
        contents = page.get_contents()
        assert contents is not None
        text = contents.get_data().decode("latin-1")
        at_top, at_bottom = (text.count(f"/Subtype /{end}") for end in ("Header", "Footer"))
        assert (at_top, at_bottom) == (0 if place == 0 else 1, 2)
        # What is no text of the structure has no place in it.
        marks = {int(mark) for mark in re.findall(r"/MCID (\d+)", text)}
        known = numbers[2 * place + 1].get_object()
        assert marks == {
            mark for mark, element in enumerate(known) if element is not None and str(element) != "NullObject"
        }


def test_all_that_is_painted_is_text_or_ornament(made: tuple[str, PdfReader]) -> None:
    for page in made[1].pages:
        contents = page.get_contents()
        assert contents is not None
        depth = 0
        for operands, operator in contents.operations:
            if operator in (b"BDC", b"BMC"):
                depth += 1
            elif operator == b"EMC":
                depth -= 1
            elif operator in (b"f", b"f*", b"S", b"B", b"Do", b"sh", b"Tj", b"TJ"):
                assert depth, (operator, operands)


def elements(reader: PdfReader) -> Iterator[tuple[str, Any, str]]:
    """Every structure element: its type, itself, its parent's type."""

    def walk(item: Any, parent: str) -> Iterator[tuple[str, Any, str]]:
        item = item.get_object()
        if not isinstance(item, dict) or "/S" not in item:
            return
        kind = str(item["/S"])[1:]
        yield kind, item, parent
        children = item.get("/K", [])
        for child in children if isinstance(children, list) else [children]:
            yield from walk(child, kind)

    yield from walk(reader.trailer["/Root"]["/StructTreeRoot"]["/K"][0], "")


def test_it_is_tagged_titled_and_in_a_language(made: tuple[str, PdfReader]) -> None:
    _, reader = made
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-US"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None
    assert T["title"] in str(reader.metadata.title)
    assert "/Encrypt" not in reader.trailer


def test_metadata_name_the_standard_and_agree_with_the_document(
    made: tuple[str, PdfReader],
) -> None:
    kind, reader = made
    xmp = reader.trailer["/Root"]["/Metadata"].get_object().get_data().decode()
    if kind == "ua-1":
        assert re.search(r'pdfuaid:part(="|>)1', xmp)
    else:
        assert re.search(r'pdfaid:part(="|>)3', xmp)
        assert re.search(r'pdfaid:conformance(="|>)A', xmp)
        intents = reader.trailer["/Root"]["/OutputIntents"]
        assert intents[0].get_object()["/S"] == "/GTS_PDFA1"
        assert "/ID" in reader.trailer
    assert T["title"] in xmp


def test_every_font_is_embedded_and_has_its_letters(made: tuple[str, PdfReader]) -> None:
    found = 0
    for page in made[1].pages:
        for font in page["/Resources"].get("/Font", {}).values():
            font = font.get_object()
            assert "/ToUnicode" in font
            inner = font["/DescendantFonts"][0].get_object()
            assert "/FontFile2" in inner["/FontDescriptor"].get_object()
            found += 1
    assert found


def test_headings_of_tables_have_a_scope(made: tuple[str, PdfReader]) -> None:
    heads = [item for kind, item, _ in elements(made[1]) if kind == "TH"]
    assert len(heads) > 10
    assert all(item["/A"]["/Scope"] == "/Column" for item in heads)


def test_figures_have_alternative_texts(made: tuple[str, PdfReader]) -> None:
    drawings = [item for kind, item, _ in elements(made[1]) if kind == "Figure"]
    assert len(drawings) > 5
    assert all(str(item.get("/Alt", "")).strip() for item in drawings)


def test_lists_and_tables_have_the_parts_that_they_may_have(made: tuple[str, PdfReader]) -> None:
    seen = set()
    for kind, _, parent in elements(made[1]):
        seen.add(kind)
        if parent in CHILDREN:
            assert kind in CHILDREN[parent], (parent, kind)
        if kind in ("LI", "TR", "TH", "TD", "LBody"):
            assert any(kind in allowed for allowed in CHILDREN.values())
    assert {"L", "LI", "Table", "TR", "H1", "H2", "P", "Figure", "Link"} <= seen


def test_headings_go_down_one_level_at_a_time(made: tuple[str, PdfReader]) -> None:
    levels = [int(kind[1]) for kind, _, _ in elements(made[1]) if re.fullmatch(r"H\d", kind)]
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_links_are_annotated_printed_and_tagged(made: tuple[str, PdfReader]) -> None:
    kind, reader = made
    links = [a.get_object() for page in reader.pages for a in page.get("/Annots", [])]
    assert links
    for link in links:
        assert "/StructParent" in link
        if kind == "a-3a":
            assert int(link["/F"]) & 4
            assert "/URI" not in str(link.get("/A", "")) or link["/A"]["/S"] == "/URI"


def test_attachments_are_named_once_with_their_relation(made: tuple[str, PdfReader]) -> None:
    kind, reader = made
    names = reader.trailer["/Root"]["/Names"]["/EmbeddedFiles"].get_object()["/Names"]
    assert len(names) // 2 == 10
    if kind == "a-3a":
        related = reader.trailer["/Root"]["/AF"]
        assert len(related) == 10
        assert {str(one.get_object()["/AFRelationship"]) for one in related} == {"/Source", "/Data", "/Supplement"}
        assert all("/Subtype" in one.get_object()["/EF"]["/F"].get_object() for one in related)


def test_nothing_runs(made: tuple[str, PdfReader]) -> None:
    root = made[1].trailer["/Root"]
    assert "/OpenAction" not in root
    assert "/JavaScript" not in root.get("/Names", {})
    assert "/AcroForm" not in root


def test_pages_are_in_the_order_of_the_structure(made: tuple[str, PdfReader]) -> None:
    for page in made[1].pages:
        assert "/StructParents" in page
        if "/Annots" in page:
            assert page.get("/Tabs") == "/S"
