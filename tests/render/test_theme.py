"""Themes and the order of pages: what a project or a spec asks for is on the pages, as text."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from pypdf import PdfReader

from reportspec.figures import Column, Figures, Section, Theme
from reportspec.render import render_pdf
from reportspec.render.page import LONG
from tests.render import sample

T = sample.TEXTS["en"]


def pages(figures: Figures) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(render_pdf(figures))).pages]


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
    assert "How these figures were computed" in listed


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
        return [
            any(f"{n}-row-0." in page and f"{n}-row-27." in page for page in found)
            for n in range(3)
        ]

    assert whole(pages(made(True))) == [True, True, True]
    assert not all(whole(pages(made(False))))


def test_no_row_stands_alone_under_its_heading() -> None:
    columns = (Column("n", "Name", "text"), Column("v", "V", "integer", "count", "metric"))
    for fill in range(20, 44):
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
    found = {name: PdfReader(tmp_path / "out" / f"{name}.pdf") for name in "ab"}
    text = {name: reader.pages[1].extract_text() for name, reader in found.items()}
    assert "The project's" in text["a"]
    assert "The report's" in text["b"]
    assert all("Acme" in one for one in text.values())
    widths = {name: round(reader.pages[0].mediabox.width) for name, reader in found.items()}
    assert widths == {"a": 612, "b": 792}
