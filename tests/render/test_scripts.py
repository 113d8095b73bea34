"""Names in other scripts: joined and in order in drawings, and told where no font has them."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from reportspec import fontfile
from reportspec.formats.html import as_html
from reportspec.model.figures import Chart, Column, Section, Theme
from reportspec.render import fonts, render_html
from reportspec.render.rightward import drawn, in_order_of_sight
from tests.render import sample

ARABIC, HEBREW = "محمد علي", "דוד כהן"


def section(*names: str) -> Section:
    columns = (Column("n", "Name", "text", role="dimension"), sample.metric("v", "V", "count"))
    rows = tuple((name, at + 1) for at, name in enumerate(names))
    return Section("s", "breakdown", "S", columns, rows, None, len(rows), chart=Chart("hbar", "n", ("v",)))


def test_letters_stand_as_they_are_seen_from_the_left() -> None:
    assert in_order_of_sight(HEBREW) == "ןהכ דוד"
    seen = in_order_of_sight(ARABIC)
    # Yeh in its last form comes first, then lam within the word and ain at its start.
    assert [ord(letter) for letter in seen[:3]] == [0xFEF2, 0xFEE0, 0xFECB]
    assert in_order_of_sight("Müller 山田") == "Müller 山田"
    assert in_order_of_sight("Acme דוד 12") == "Acme 12 דוד" or "דוד"[::-1] in in_order_of_sight("Acme דוד 12")


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("Acme דוד (ש)", "Acme (ש) דוד"),
        ("(דוד)", "(דוד)"),  # the name is the same from both ends
        ("דוד (Acme) כהן", "ןהכ (Acme) דוד"),
        ("a (b) ש", "a (b) ש"),
        ("דוד [א (ב)]", "[(ב) א] דוד"),
        ("a < b", "a < b"),
    ],
)
def test_brackets_look_at_each_other(written: str, seen: str) -> None:
    assert in_order_of_sight(written) == seen


def test_only_texts_of_drawings_are_turned_and_stay_escaped() -> None:
    svg = f'<svg><title>{HEBREW}</title><text x="1">&lt;{HEBREW}&amp;</text><text>a</text></svg>'
    made = drawn(svg)
    assert f"<title>{HEBREW}</title>" in made
    inside = re.findall(r"<text[^>]*>([^<]*)</text>", made)
    assert sorted(unescape(inside[0])) == sorted(f"<{HEBREW}&")
    assert "דוד"[::-1] in inside[0]
    assert inside[1] == "a"
    assert drawn("<svg><text>abc</text></svg>") == "<svg><text>abc</text></svg>"


def test_browsers_get_names_as_they_are_written() -> None:
    figures = sample.figures("en", (section(HEBREW),))
    assert f">{HEBREW}</text>" in as_html(figures)
    assert f">{HEBREW}</text>" not in render_html(figures)
    assert f">{HEBREW}</td>" in render_html(figures)


def test_letters_without_a_font_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(*texts: str) -> str:
        fonts._host_fonts.cache_clear()
        fontfile.letters.cache_clear()
        return fonts.letters_without_font(texts, Theme())

    monkeypatch.setattr(fonts, "_HOST_FONT_DIRS", (str(tmp_path), str(tmp_path / "none")))
    assert found("plain", "Łódź — Ωmega Япония €1 000") == ""
    assert found("山田 and 山本") == "山本田"
    assert found("a\u200db\u0301") == ""  # joiners and accents have no shape of their own
    (tmp_path / "broken.ttf").write_bytes(b"x")
    assert found("山") == "山"
    from fontTools.ttLib import TTFont

    with TTFont(fonts.font_directory() / "OpenSans-Regular.ttf") as font:
        for table in font["cmap"].tables:
            if table.isUnicode():
                table.cmap[ord("山")] = "a"
        font.save(tmp_path / "han.ttf")
    assert found("山田") == "田"
    fonts._host_fonts.cache_clear()


def test_build_tells_of_letters_without_a_font(tmp_path: Path, run_cli: Callable[..., CompletedProcess[str]]) -> None:
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\n", "utf-8")
    (tmp_path / "s.yaml").write_text('version: 1\ntitle: "Report \\U00013080"\nsections: [{text: "Plain"}]\n', "utf-8")
    done = run_cli(["build", "s.yaml"], cwd=tmp_path)
    assert done.returncode == 0
    assert "warning[missing-font]: s.yaml: no font has these letters" in done.stderr
    assert "fonts-noto" in done.stderr
    assert (tmp_path / "out" / "s.pdf").is_file()
