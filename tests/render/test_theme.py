"""Themes and the order of pages: what a project or a spec asks for is on the pages, as text."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from pypdf import PdfReader

from reportspec.fontfile import unfit
from reportspec.model.figures import Column, Figures, Section, Theme
from reportspec.render import RenderError, render_html, render_pdf
from reportspec.render.fonts import font_directory, text_width
from reportspec.render.page import LONG
from tests.conftest import Draw
from tests.reading_pdf import page_texts
from tests.render import sample

T = sample.TEXTS["en"]


def pages(figures: Figures) -> list[str]:
    return page_texts(render_pdf(figures))


def sizes(figures: Figures) -> list[tuple[int, int]]:
    found = PdfReader(io.BytesIO(render_pdf(figures))).pages
    return [(round(page.mediabox.width), round(page.mediabox.height)) for page in found]


def themed(**theme: object) -> Figures:
    return replace(sample.pipeline("en", rows=60), theme=Theme(**theme))  # type: ignore[arg-type]


def many(count: int, **more: object) -> tuple[Section, ...]:
    columns = (Column("n", "N", "integer", "count", "metric"),)
    return tuple(
        Section(f"s{n}", "breakdown", f"Section {n}.", columns, ((n,),), None, 1, **more)  # type: ignore[arg-type]
        for n in range(1, count + 1)
    )


def test_header_and_footer_are_on_the_pages_as_text() -> None:
    found = pages(themed(header="Acme <b>&", footer='"; } * { color: red'))
    assert all("Acme <b>&" in page for page in found[1:])
    assert "Acme <b>&" not in found[0]
    assert all('"; } * { color: red · Data as of' in page for page in found)


def test_a_cover_has_the_title_alone() -> None:
    first, second, *_ = pages(themed(cover=True))
    assert T["title"] in first
    assert T["filters"][0] in first
    assert T["headline"] not in first
    assert T["headline"] in second


def test_contents_have_page_numbers() -> None:
    made = themed(contents=True)
    found = pages(made)
    listed = found[0][found[0].index("Contents") :]
    for section in made.sections:
        line = next(line for line in listed.splitlines() if line.startswith(section.title))
        number = int(line.rsplit(" ", 1)[1])
        assert section.title in found[number - 1]
    assert "What the words mean, and where it comes from" in listed


def test_long_reports_have_contents_by_themselves() -> None:
    assert "Contents" not in pages(sample.figures("en", many(LONG - 1)))[0]
    assert "Contents" in pages(sample.figures("en", many(LONG)))[0]
    off = sample.figures("en", many(LONG), theme=Theme(contents=False))
    assert "Contents" not in pages(off)[0]


@pytest.mark.parametrize(("paper", "size"), [("A4", (842, 595)), ("Letter", (792, 612))])
def test_pages_may_lie(paper: str, size: tuple[int, int]) -> None:
    assert set(sizes(themed(paper=paper, landscape=True))) == {size}


def test_sections_are_kept_together() -> None:
    """Each fills more than half of a page."""
    columns = (Column("n", "N", "text"), Column("v", "V", "integer", "count", "metric"))

    def made(keep: bool) -> Figures:
        sections = tuple(
            Section(
                f"s{n}",
                "records",
                f"Part {n}",
                columns,
                tuple((f"{n}-row-{k}.", k) for k in range(28)),
                None,
                28,
                keep_together=keep,
            )
            for n in range(3)
        )
        bare = sample.figures("en", sections)
        return replace(bare, definitions=(), statements=(), row_counts=())

    def whole(found: list[str]) -> list[bool]:
        return [any(f"{n}-row-0." in page and f"{n}-row-27." in page for page in found) for n in range(3)]

    assert whole(pages(made(True))) == [True, True, True]
    assert not all(whole(pages(made(False))))


def test_no_row_stands_alone_under_its_heading(draw: Draw) -> None:
    """By day where the page ends within the lower table or just before it; by night wherever."""
    columns = (Column("n", "Name", "text"), Column("v", "V", "integer", "count", "metric"))
    begun = set()
    for fill in range(20, 44) if draw.night else range(33, 42):
        rows = tuple((f"above {n}", n) for n in range(fill))
        below = tuple((f"below {n}", n) for n in range(20))
        sections = (
            Section("a", "records", "Above", columns, rows, None, fill),
            Section("b", "records", "Below", columns, below, None, 20),
        )
        bare = sample.figures("en", sections)
        found = pages(replace(bare, definitions=(), statements=(), row_counts=()))
        counts = [page.count("below ") for page in found if "below " in page]
        assert sum(counts) == 20
        assert min(counts) > 1, fill
        begun.add(counts[0])
    # The table stood on one page, and on two with few of its rows and with many on the first.
    assert 20 in begun
    assert {one for one in begun if one < 5}
    assert {one for one in begun if 5 <= one < 20}


def test_the_theme_of_a_spec_goes_before_the_project_s(
    run_cli: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: demo\ntheme: {paper: Letter, footer: The project's, header: Acme}\n",
        encoding="utf-8",
    )
    spec = "version: 1\nreport: pipeline\nperiod: 2026-Q3\n"
    (tmp_path / "a.yaml").write_text(spec, encoding="utf-8")
    theme = "theme: {footer: The report's, orientation: landscape}\n"
    (tmp_path / "b.yaml").write_text(spec + theme, encoding="utf-8")
    done = run_cli(["build", "a.yaml", "b.yaml"], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    made = {name: (tmp_path / "out" / f"{name}.pdf").read_bytes() for name in "ab"}
    text = {name: page_texts(content)[1] for name, content in made.items()}
    assert "The project's" in text["a"]
    assert "The report's" in text["b"]
    assert all("Acme" in one for one in text.values())
    widths = {name: round(PdfReader(io.BytesIO(data)).pages[0].mediabox.width) for name, data in made.items()}
    assert widths == {"a": 612, "b": 792}


def faces(content: bytes) -> set[str]:
    found: set[str] = set()
    for page in PdfReader(io.BytesIO(content)).pages:
        for font in page["/Resources"].get("/Font", {}).values():
            found.add(str(font.get_object()["/BaseFont"]).partition("+")[2])
    return found


@functools.cache
def own_fonts() -> tuple[bytes, bytes]:
    """Two faces that are told from the packaged ones by their widths."""
    return wider("Regular"), wider("Bold")


def wider(name: str) -> bytes:
    """A packaged face whose letters take a little more room."""
    from fontTools.ttLib import TTFont

    made = io.BytesIO()
    with TTFont(font_directory() / f"OpenSans-{name}.ttf") as font:
        metrics = font["hmtx"].metrics
        font["hmtx"].metrics = {glyph: (width + 60, side) for glyph, (width, side) in metrics.items()}
        font.save(made)
    return made.getvalue()


def test_a_report_is_set_in_fonts_of_its_own() -> None:
    made = replace(sample.one_page(), theme=Theme(fonts=own_fonts()))
    content = render_pdf(made)
    assert {"Report-Face", "Report-Face-Semi-Bold"} <= faces(content)
    assert "Open-Sans-Semi-Bold" not in faces(content)
    plain = page_texts(render_pdf(sample.one_page()))[0].split()
    there = " ".join(page_texts(content)).split()
    assert set(plain) <= {*there, "1"}  # wider letters may take another page
    assert render_pdf(made) == content
    # What is measured with them ends with them.
    assert text_width("Report") == pytest.approx(text_width("Repo") + text_width("rt"))
    assert render_pdf(sample.one_page()) == render_pdf(sample.one_page())


def test_letters_that_they_lack_are_in_the_packaged_font() -> None:
    from fontTools.ttLib import TTFont

    cut = []
    for data in own_fonts():
        stream = io.BytesIO()
        with TTFont(io.BytesIO(data)) as font:
            for table in font["cmap"].tables:
                table.cmap = {code: name for code, name in table.cmap.items() if code < 0x100}
            font.save(stream)
        cut.append(stream.getvalue())
    section = Section("s", "text", "Łódź", text="Łódź, Ωmega")
    made = sample.figures("en", (section,), theme=Theme(fonts=(cut[0], cut[1])))
    content = render_pdf(made)
    assert "Łódź, Ωmega" in page_texts(content)[0]
    assert {"Report-Face", "Open-Sans"} <= faces(content)


@pytest.mark.parametrize("kind", ["torn", "text", "variable", "restricted", "lacking"])
def test_fonts_that_cannot_be_used_are_refused(kind: str) -> None:
    from fontTools.ttLib import TTFont, newTable

    stream = io.BytesIO()
    with TTFont(io.BytesIO(own_fonts()[0])) as font:
        if kind == "variable":
            font["fvar"] = newTable("fvar")
            font["fvar"].axes, font["fvar"].instances = [], []
        if kind == "restricted":
            font["OS/2"].fsType = 2
        if kind == "lacking":
            for table in font["cmap"].tables:
                table.cmap = {code: name for code, name in table.cmap.items() if code != ord("7")}
        font.save(stream)
    data = {"torn": stream.getvalue()[:5000], "text": b"not a font"}.get(kind, stream.getvalue())
    said = {"variable": "is variable", "restricted": "may not be embedded", "lacking": "lacks `7`"}
    assert said.get(kind, "cannot be read") in str(unfit(data))
    with pytest.raises(RenderError, match="theme: a font"):
        render_pdf(replace(sample.one_page(), theme=Theme(fonts=(data, data))))


def test_fonts_of_a_project_are_looked_at_when_it_is_checked(
    tmp_path: Path, run_cli: Callable[..., CompletedProcess[str]]
) -> None:
    (tmp_path / "brand.ttf").write_bytes(b"no font")
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: demo\ntheme: {fonts: {regular: brand.ttf, bold: brandd.ttf}}\n",
        "utf-8",
    )
    (tmp_path / "s.yaml").write_text("version: 1\nreport: leads\n", "utf-8")
    done = run_cli(["validate", "s.yaml"], cwd=tmp_path)
    assert done.returncode == 1
    assert "the font `brand.ttf` cannot be read" in done.stderr
    assert "there is no font `brandd.ttf`" in done.stderr
    assert "did you mean `brand.ttf`?" in done.stderr


def test_negatives_and_cents_are_written_as_the_theme_has_them() -> None:
    columns = (
        Column("c", "C", "text", role="dimension"),
        Column("m", "M", "number", "currency", "metric", "m", currency="EUR"),
        Column("y", "Y", "number", "currency", "metric", "y", currency="JPY"),
        Column("n", "N", "integer", "count", "metric", "n"),
    )
    rows = (("a", -1234.5, 12.0, -3), ("b", 7.25, 1.0, 4))
    section = Section("s", "breakdown", "S", columns, rows, None, 2)

    def text(**theme: object) -> str:
        figures = sample.figures("en", (section,), theme=Theme(**theme))  # type: ignore[arg-type]
        return render_html(figures)

    plain = text()
    assert ">−€1,235<" in plain
    assert ">¥12<" in plain
    brackets = text(negatives="parentheses", cents="always")
    for written in (">(€1,234.50)<", ">€7.25<", ">(3)<", ">¥12<"):
        assert written in brackets
    assert ">−€1,235<" in text(cents="never")
    assert ">€7<" in text(cents="never")


def test_differences_have_a_sign_whatever_negatives_have() -> None:
    off = Column("e", "Error", "number", "currency", "difference", "e", currency="EUR")
    first = Column("c", "C", "text", role="dimension")
    section = Section("s", "backtest", "S", (first, off), (("a", -64_369), ("b", 246_185)), None, 2)
    html = render_html(sample.figures("en", (section,), theme=Theme(negatives="parentheses")))
    assert ">−€64,369<" in html
    assert ">+€246,185<" in html


def test_the_last_part_may_be_left_out_and_formulas_printed() -> None:
    def anchors(**theme: Any) -> set[str]:
        body = render_html(replace(sample.pipeline(), theme=Theme(contents=True, **theme))).partition("<body")[2]
        held = {name for name in ("last-part", "appendix") if f'id="{name}"' in body}
        assert held == {name for name in ("last-part", "appendix") if f'href="#{name}"' in body}
        return held

    assert anchors() == {"last-part"}
    assert anchors(appendix="full") == {"last-part", "appendix"}
    assert anchors(appendix="off") == set()
