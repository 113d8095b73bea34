"""The PDF itself: its text, fonts, attachments and bytes."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from pypdf import PdfReader

from reportspec.model.figures import Column, Section
from reportspec.render import RenderError, pdf, render_pdf, warm_up
from reportspec.render.fonts import covers
from tests.render import sample

T = sample.TEXTS["en"]
SPEC = "version: 1\nreport: pipeline\n"


def read(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content))


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in read(content).pages)


def fonts_of(content: bytes) -> set[str]:
    names: set[str] = set()
    for page in read(content).pages:
        for font in page["/Resources"].get("/Font", {}).values():
            names.add(str(font.get_object()["/BaseFont"]).split("+")[-1])
    return names


@pytest.fixture(scope="module")
def pipeline() -> bytes:
    return render_pdf(sample.pipeline("en", rows=120), SPEC)


@pytest.mark.xdist_group("pipeline-pdf")
def test_text_can_be_copied_as_it_is(pipeline: bytes) -> None:
    text = text_of(pipeline)
    for name in (
        "<script>alert(1)</script>",
        "{{7*7}}",
        '=HYPERLINK("http://evil.example","x")',
        "</style><style>*{display:none}",
        "Müller & Søn — Ωmega Япония",
        "&lt;b&gt; & \"quotes\" 'single'",
        "€1,074,321",
        "25.4%",
        "At risk",
    ):
        assert name in text


@pytest.mark.xdist_group("pipeline-pdf")
def test_long_tables_repeat_their_heading_and_pages_are_counted(pipeline: bytes) -> None:
    pages = [page.extract_text() for page in read(pipeline).pages]
    with_rows = [page for page in pages if "S.p.A. #" in page]
    assert len(with_rows) >= 3
    assert all("Expected close" in page for page in with_rows)
    assert sum(page.count("S.p.A. #") for page in pages) == 120
    for at, page in enumerate(pages, start=1):
        assert f"Page {at} of {len(pages)}" in page
        assert "Pipeline, Q3 2026" in page


@pytest.mark.xdist_group("pipeline-pdf")
def test_language_title_tags_bookmarks_and_dates(pipeline: bytes) -> None:
    reader = read(pipeline)
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "en-US"
    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712 - a PDF boolean object
    assert reader.metadata is not None
    assert reader.metadata.title == "Pipeline, Q3 2026"
    assert reader.metadata.creation_date == datetime.fromisoformat("2026-09-30T16:42:00+00:00")
    titles = [entry.title for entry in reader.outline if not isinstance(entry, list)]
    assert titles[:3] == ["Headline", "Won revenue by month", "By owner"]


@pytest.mark.xdist_group("pipeline-pdf")
def test_the_spec_and_all_tables_are_attached(pipeline: bytes) -> None:
    attached = read(pipeline).attachments
    assert attached["spec.yaml"] == [SPEC.encode()]
    assert sorted(attached) == [
        "01-headline.csv",
        "02-won-by-month.csv",
        "03-by-owner.csv",
        "04-funnel.csv",
        "06-reasons.csv",
        "07-ages.csv",
        "08-forecast.csv",
        "10-stalled.csv",
        "method.html",
        "spec.yaml",
    ]
    owners = attached["03-by-owner.csv"][0].decode("utf-8-sig")
    assert "'=HYPERLINK" in owners
    assert "&lt;script&gt;" not in attached["method.html"][0].decode()
    assert "How these figures were computed" in attached["method.html"][0].decode()


def test_only_the_packaged_fonts_are_used() -> None:
    assert fonts_of(render_pdf(sample.one_page())) <= {"Open-Sans", "Open-Sans-Semi-Bold"}


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler's pdftotext")
def test_other_scripts_stay_text_whether_or_not_the_host_can_draw_them(tmp_path: Path) -> None:
    columns = (Column("n", "Name", "text", role="dimension"), sample.metric("v", "V", "count"))
    names = ("山田太郎", "Łódź", "यमाडा"[:2])
    section = Section("s", "records", "S", columns, tuple((name, 1) for name in names))
    file = tmp_path / "x.pdf"
    file.write_bytes(render_pdf(sample.figures("en", (section,))))
    done = subprocess.run(["pdftotext", str(file), "-"], capture_output=True, check=True)
    for name in names:
        assert name in done.stdout.decode("utf-8")


def test_other_scripts_are_noticed() -> None:
    assert covers("Łódź — Ωmega Япония €1 000")
    assert not covers("山田")
    assert not covers("محمد")


RENDER = """
import hashlib, sys
from reportspec.render import render_pdf
from tests.render import sample
content = render_pdf(sample.one_page(), "version: 1")
print(hashlib.sha256(content).hexdigest())
"""


def run(code: str, **environment: str) -> str:
    root = Path(__file__).resolve().parents[2]
    settings = {**os.environ, "PYTHONPATH": str(root), **environment}
    done = subprocess.run([sys.executable, "-c", code], env=settings, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_bytes_are_the_same_in_any_process_zone_and_on_a_machine_without_fonts(
    tmp_path: Path,
) -> None:
    no_fonts = tmp_path / "fonts.conf"
    no_fonts.write_text("<fontconfig/>", encoding="utf-8")
    here = run(RENDER, PYTHONHASHSEED="1", TZ="UTC")
    there = run(
        RENDER,
        PYTHONHASHSEED="77",
        TZ="Asia/Tokyo",
        LC_ALL="C",
        FONTCONFIG_FILE=str(no_fonts),
        HOME=str(tmp_path),
    )
    assert here == there


def test_nothing_heavy_is_imported_with_the_package() -> None:
    heavy = "'weasyprint', 'vl_convert', 'babel', 'jinja2', 'yaml', 'markdown_it', 'fontTools'"
    code = f"import sys, reportspec.render; print([m for m in ({heavy}) if m in sys.modules])"
    assert run(code) == "[]"


@pytest.mark.skipif(sys.platform != "linux", reason="libraries have these names on Linux")
def test_no_program_is_asked_where_the_libraries_are() -> None:
    """Neither the linker nor a compiler, and whoever asks later is told as always."""
    code = (
        "import ctypes.util, subprocess, sys; find = ctypes.util.find_library; subprocess.Popen = None\n"
        "from reportspec.render import warm_up; warm_up().join()\n"
        "print('weasyprint.text.ffi' in sys.modules, ctypes.util.find_library is find)"
    )
    assert run(code) == "True True"


def test_a_fetch_is_refused_and_fails_the_report(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("canary", encoding="utf-8")
    for leak in (
        f'<img src="{secret.as_uri()}">',
        f'<link rel="attachment" href="{secret.as_uri()}">',
        '<img src="http://127.0.0.1:9/x.png">',
        '<svg><image href="http://127.0.0.1:9/x.png" width="1" height="1"/></svg>',
    ):
        real = pdf.page

        def leaking(figures, leak=leak, real=real, **asked):  # type: ignore[no-untyped-def]
            made = real(figures, **asked)
            return replace(made, html=made.html.replace("</header>", f"{leak}</header>"))

        with monkeypatch.context() as patch:
            patch.setattr(pdf, "page", leaking)
            with pytest.raises(RenderError, match="refused"):
                render_pdf(sample.figures("en", ()))


def test_markdown_is_laid_out_and_its_images_are_not_fetched() -> None:
    text = "# Big\n\n**bold** [site](https://example.com) ![x](http://127.0.0.1:9/x.png)\n\n1. one"
    content = text_of(render_pdf(sample.figures("en", (Section("t", "text", "T", text=text),))))
    assert "bold site (https://example.com)" in content
    assert "Big" in content


def test_a_name_of_any_length_breaks_within_its_column() -> None:
    columns = (Column("n", "Name", "text", role="dimension"), sample.metric("v", "V", "count"))
    name = "x" * 300
    section = Section("s", "breakdown", "S", columns, ((name, 1), ("y", 2)))
    content = text_of(render_pdf(sample.figures("en", (section,))))
    assert name in content.replace("\n", "").replace(" ", "")


def test_warming_up_changes_nothing() -> None:
    thread = warm_up()
    content = render_pdf(sample.figures("en", (sample.ages(T),)))
    thread.join()
    assert content == render_pdf(sample.figures("en", (sample.ages(T),)))


def test_footnotes_have_the_numbers_of_their_marks() -> None:
    """The second of all that are known is the first that is met on the page."""
    first = sample.kpis(T)[0]
    marked = replace(first, column=replace(first.column, label="Marked", footnotes=(2,)))
    section = Section("b", "kpis", "Later", kpis=(marked,))
    text = text_of(render_pdf(sample.figures("en", (section,))))
    assert re.search(r"Marked\s*1\b", text)
    assert re.search(rf"1\.\s*{re.escape(T['caveat2'][:20])}", text)
