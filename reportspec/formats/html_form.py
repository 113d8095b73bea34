"""The form `html`."""

from __future__ import annotations

from reportspec.formats.form_kind import FormKind
from reportspec.model.figures import Figures


def _files(figures: Figures, name: str, spec_text: str | None) -> dict[str, bytes]:
    from reportspec.formats.html import as_html

    return {f"{name}.html": as_html(figures, spec_text).encode()}


def _laid_out(figures: Figures, spec_text: str | None) -> bytes:
    from reportspec.formats.html import html_here

    return html_here(figures, spec_text).encode()


KIND = FormKind("text/html", _files, _laid_out)
