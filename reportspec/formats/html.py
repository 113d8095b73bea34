"""A report as one HTML page that needs nothing else: styles, fonts, charts and data are inside."""

from __future__ import annotations

import io
import re
from base64 import b64encode
from functools import lru_cache
from importlib.resources import files

from reportspec.model.figures import Figures
from reportspec.render import limited
from reportspec.render.fonts import FAMILY, font_directory
from reportspec.render.page import page

_WEIGHTS = ((400, "normal", "Regular"), (600, "normal", "SemiBold"), (400, "italic", "Italic"))
# Nothing is fetched and nothing runs, whatever a name in the data says.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
)


def as_html(figures: Figures, spec_text: str | None = None) -> str:
    """The page. The tables as CSV and the spec are links to `data:` addresses in it. Raises
    RenderError for a refused colour, logo or chart."""
    if limited.wanted(figures):
        return limited.rendered("html", figures, spec_text).decode()
    return html_here(figures, spec_text)


def html_here(figures: Figures, spec_text: str | None) -> str:
    """The same within this process, whatever it takes."""
    page_text = page(figures, spec_text is not None, web=True, spec_text=spec_text)
    stylesheet = files("reportspec.formats").joinpath("screen.css").read_text(encoding="utf-8")
    letters = {*re.sub(r"data:[^\"')]*", "", page_text.html)}
    if figures.marked:  # it is made again and again: other letters would have the fonts cut anew
        letters |= _USUAL
    head = (
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_faces(''.join(sorted(letters)))}{page_text.stylesheet}{stylesheet}</style></head>"
    )
    return page_text.html.replace("</head>", head, 1)


_USUAL = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x180))))  # letters of western languages


@lru_cache(maxsize=4)
def _faces(letters: str) -> str:
    return "".join(
        f'@font-face{{font-family:"{FAMILY}";font-weight:{weight};font-style:{style};'
        f'src:url(data:font/woff2;base64,{_subset(name, letters)}) format("woff2")}}'
        for weight, style, name in _WEIGHTS
    )


def _subset(name: str, letters: str) -> str:
    """The letters of a packaged font that the page has, as WOFF2; the same bytes every time."""
    from fontTools import subset  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    options = subset.Options(
        flavor="woff2",
        recalc_timestamp=False,
        notdef_outline=True,
        hinting=False,
        layout_features=["kern", "liga", "mark", "mkmk", "ccmp", "locl", "tnum"],
    )
    with TTFont(font_directory() / f"OpenSans-{name}.ttf", recalcTimestamp=False) as font:
        cutter = subset.Subsetter(options)
        cutter.populate(text=letters + " …−–·")
        cutter.subset(font)
        stream = io.BytesIO()
        font.flavor = "woff2"
        font.save(stream)
    return b64encode(stream.getvalue()).decode()
