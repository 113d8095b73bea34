"""The form `xlsx`."""

from __future__ import annotations

from reportspec.formats.form_kind import FormKind
from reportspec.model.figures import Figures


def _files(figures: Figures, name: str, spec_text: str | None) -> dict[str, bytes]:
    from reportspec.formats.xlsx import as_workbook

    return {f"{name}.xlsx": as_workbook(figures)}


KIND = FormKind("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _files)
