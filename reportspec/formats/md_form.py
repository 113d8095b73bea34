"""The form `md`."""

from __future__ import annotations

from reportspec.formats.form_kind import FormKind
from reportspec.model.figures import Figures


def _files(figures: Figures, name: str, spec_text: str | None) -> dict[str, bytes]:
    from reportspec.formats.markdown import as_markdown

    return {f"{name}.md": as_markdown(figures).encode()}


KIND = FormKind("text/markdown", _files)
