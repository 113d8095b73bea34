"""The form `csv`: a folder with a file for each table, and one for what is to be known of the report as a whole."""

from __future__ import annotations

from reportspec.formats.form_kind import FormKind
from reportspec.model.figures import Figures


def _files(figures: Figures, name: str, spec_text: str | None) -> dict[str, bytes]:
    from reportspec.render.attachments import csv_files, notes_file
    from reportspec.render.locale import formats_for

    formats = formats_for(figures)
    tables = (*notes_file(figures, formats), *csv_files(figures, formats).values())
    return {f"{name}/{table.name}": table.text.encode() for table in tables}


KIND = FormKind("text/csv", _files)
