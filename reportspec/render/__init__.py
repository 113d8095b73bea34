"""Figures → HTML, charts and PDF.

`render_pdf` and `render_html` import their heavy libraries when first called; `warm_up` starts
that in the background.
"""

from __future__ import annotations

from reportspec.errors import RenderError
from reportspec.render.page import render_html
from reportspec.render.pdf import render_pdf, warm_up

__all__ = ["RenderError", "render_html", "render_pdf", "warm_up"]
