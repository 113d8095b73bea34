"""Charts in a section's own Vega-Lite: what they draw, what they may not do, and their limits.

Slow: a chart must first fill the memory that it is given."""

from __future__ import annotations

import pickle
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from reportspec import vega_lite
from reportspec.errors import FormatError
from reportspec.formats.html import as_html
from reportspec.model.figures import Chart, Column, Figures, Section, Theme
from reportspec.render import RenderError, limited, render_html, render_pdf
from tests.reading_pdf import page_texts
from tests.render import sample

COLUMNS = (
    Column("user.name", "Owner", "text", role="dimension"),
    Column("won_amount", "Won amount", "number", "currency", "metric", "won_amount", currency="EUR"),
)
ROWS = (("Anna", 1200.0), ("Ciro", 800.0), (None, 10.0))
BARS = {
    "mark": "bar",
    "encoding": {
        "x": {"field": "won_amount", "type": "quantitative"},
        "y": {"field": "user.name", "type": "nominal"},
    },
}


def drawn(own: dict[str, object], **more: object) -> Figures:
    chart = Chart("own", "", (), vega_lite=own)
    section = Section("s", "breakdown", "Sales", COLUMNS, ROWS, None, 3, chart=chart)
    return sample.figures("en", (section,), **more)


def text_of(content: bytes) -> str:
    return "\n".join(page_texts(content))


def test_it_draws_the_section_s_rows_by_their_names_and_labels() -> None:
    text = text_of(render_pdf(drawn(BARS)))
    chart = text[: text.index("Owner\nWon" if "Owner\nWon" in text else "Total")] if "Total" in text else text
    for word in ("Anna", "Ciro", "n/a", "Owner", "Won amount"):
        assert word in chart
    html = render_html(drawn(BARS))
    marks = re.findall(r'aria-roledescription="bar"|<path[^>]*class="[^"]*"', html)
    assert 'class="mark-rect' in html or marks
    assert "<title>Chart of Sales" in html


def test_its_description_is_what_those_who_cannot_see_it_get() -> None:
    assert "<title>Anna leads</title>" in render_html(drawn({**BARS, "description": "Anna leads"}))


def test_numbers_are_written_as_in_the_report_s_language() -> None:
    big = {
        **BARS,
        "encoding": {
            **BARS["encoding"],
            "x": {"field": "won_amount", "type": "quantitative", "axis": {"format": ",.1f"}},
        },
    }  # type: ignore[dict-item]
    made = drawn(big)
    assert "1.000,0" in render_html(replace(made, language="de", locale="de_DE"))
    assert "1,000.0" in render_html(made)


def test_a_narrow_drawing_stays_narrow() -> None:
    html = render_html(drawn({**BARS, "width": 200, "autosize": "none", "padding": 0}))
    assert 'style="width:30.' in html  # 200 of 656 pixels


@pytest.mark.parametrize(
    "own",
    [
        {"layer": [{**BARS, "data": {"url": "http://example.com/x.csv"}}]},
        {"mark": {"type": "image", "url": "http://example.com/x.png"}},
        {"layer": [{**BARS, "data": {"url": "file:///etc/passwd"}}]},
    ],
)
def test_nothing_is_loaded(own: dict[str, object]) -> None:
    try:
        content = render_pdf(drawn(own))
    except RenderError as error:
        assert "chart" in str(error) or "load" in str(error)  # noqa: PT017
    else:
        assert b"/Image" not in content
        assert "root:" not in text_of(content)


@pytest.mark.skipif(sys.platform == "win32", reason="limits are the system's")
def test_an_endless_chart_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "SECONDS", 4)
    endless = {
        **BARS,
        "transform": [{"calculate": "length(sequence(0, 100000000))", "as": "n"}] * 200,
    }
    with pytest.raises(RenderError, match=r"took more than|too much memory"):
        render_pdf(drawn(endless))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts what a process has of data")
@pytest.mark.slow
def test_a_chart_that_fills_the_memory_is_stopped() -> None:
    greedy = {
        "layer": [
            {
                "data": {"sequence": {"start": 0, "stop": 400_000_000}},
                "mark": "point",
                "encoding": {"x": {"field": "data", "type": "quantitative"}},
            }
        ]
    }
    with pytest.raises(RenderError, match=r"too much memory|took more than"):
        render_pdf(drawn(greedy))


SPEC = """
version: 1
period: 2026-Q3
sections:
  - breakdown: {metrics: [won_amount], by: [user.name]}
    vega_lite: {mark: bar, encoding: {x: {field: won_amount, type: quantitative}}}
"""


def test_where_the_library_is_missing_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_cli: Callable[..., CompletedProcess[str]]
) -> None:
    monkeypatch.setattr(vega_lite, "is_there", lambda: False)
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\n", "utf-8")
    (tmp_path / "s.yaml").write_text(SPEC, "utf-8")
    told = "charts in Vega-Lite need vl-convert, which is not installed"
    done = run_cli(["validate", "s.yaml"], cwd=tmp_path)
    assert done.returncode == 0
    assert f"warning[missing-library]: {told}" in done.stderr
    assert 'pip install "reportspec[vega-lite]"' in done.stderr
    # What has no charts is made all the same.
    assert run_cli(["build", "--format", "csv", "s.yaml"], cwd=tmp_path).returncode == 0


def test_without_its_library_it_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vega_lite, "is_there", lambda: False)
    with pytest.raises(FormatError, match="vl-convert") as told:
        render_html(drawn(BARS))
    assert told.value.help == 'pip install "reportspec[vega-lite]"'


def test_the_other_process_tells_of_the_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = pickle.dumps(FormatError("charts need it", "install it"))

    class Dead:
        class process:
            returncode = 0

            @staticmethod
            def communicate(asked: bytes, timeout: float) -> tuple[bytes, bytes]:
                return answer, b""

        def __init__(self, module: str) -> None:
            pass

        def kill(self) -> None:
            pass

    monkeypatch.setattr(limited, "Worker", Dead)
    with pytest.raises(FormatError, match="charts need it") as told:
        render_pdf(drawn(BARS))
    assert told.value.help == "install it"


def test_only_what_has_no_bounds_is_rendered_apart() -> None:
    assert limited.wanted(drawn(BARS))
    assert limited.wanted(sample.figures("en", (), theme=Theme(logo=b"<svg/>", logo_type="image/svg+xml")))
    assert not limited.wanted(sample.pipeline())
    assert not limited.wanted(sample.figures("en", (), theme=Theme(logo=b"x", logo_type="image/png")))


def test_apart_gives_what_rendering_here_gives() -> None:
    figures = sample.one_page()
    assert limited.rendered("pdf", figures, "version: 1") == render_pdf(figures, "version: 1")
    assert limited.rendered("html", figures, None).decode() == as_html(figures)
    with pytest.raises(RenderError, match="accent"):
        limited.rendered("pdf", replace(figures, theme=Theme(accent="red")), None)
