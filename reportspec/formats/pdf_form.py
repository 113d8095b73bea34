"""The form `pdf`."""

from __future__ import annotations

from reportspec.formats.form_kind import FormKind
from reportspec.model.figures import Figures


def _files(figures: Figures, name: str, spec_text: str | None) -> dict[str, bytes]:
    from reportspec.render import render_pdf

    return {f"{name}.pdf": render_pdf(figures, spec_text)}


def _laid_out(figures: Figures, spec_text: str | None) -> bytes:
    from reportspec.render.pdf import pdf_here

    return pdf_here(figures, spec_text)


KIND = FormKind("application/pdf", _files, _laid_out, boxed=True)
