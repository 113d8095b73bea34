"""The forms that a report comes in, all made from the same figures: PDF, HTML, a workbook, CSV and
Markdown.

`files_of` gives the files of one form by their names within the output folder. Heavy libraries are
imported by the form that needs them.
"""

from __future__ import annotations

from reportspec.model.figures import Figures
from reportspec.model.mail import Form
from reportspec.spec_copy import spec_copy


def files_of(figures: Figures, form: Form, name: str, spec_text: str | None) -> dict[str, bytes]:
    """The files of a report in one form, by path relative to the output folder: `name.pdf`, or for
    `csv` a folder `name` with a file for each table, and one for what is to be known of the report as
    a whole. Raises RenderError and FormatError."""
    spec_text = spec_copy(spec_text, figures.each) if spec_text else None
    match form:
        case "pdf":
            from reportspec.render import render_pdf

            return {f"{name}.pdf": render_pdf(figures, spec_text)}
        case "html":
            from reportspec.formats.html import as_html

            return {f"{name}.html": as_html(figures, spec_text).encode()}
        case "xlsx":
            from reportspec.formats.xlsx import as_workbook

            return {f"{name}.xlsx": as_workbook(figures)}
        case "csv":
            from reportspec.render.attachments import csv_files, notes_file
            from reportspec.render.locale import formats_for

            formats = formats_for(figures)
            tables = (*notes_file(figures, formats), *csv_files(figures, formats).values())
            return {f"{name}/{one.name}": one.text.encode() for one in tables}
        case "md":
            from reportspec.formats.markdown import as_markdown

            return {f"{name}.md": as_markdown(figures).encode()}
