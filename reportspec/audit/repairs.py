"""Repair lists: for each owner a file with the records to mend, and what each field could be. Nothing is written to
the CRM."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from reportspec.errors import FormatError
from reportspec.files import write_whole
from reportspec.languages import vocabulary
from reportspec.measures.audit_wording import called, text_in
from reportspec.model.audits import Audit, BrokenRecord
from reportspec.naming import slug
from reportspec.render.attachments import marked
from reportspec.resolve.binding import Binding

COLUMNS = (
    "whose",
    "entity",
    "key",
    "name",
    "link",
    "field",
    "value",
    "proposal",
    "confidence",
    "reason",
    "remedy",
)
_MOST_ROWS = 1_048_575  # of a sheet, without its header
Row = tuple[str | float | None, ...]


def write_repairs(
    folder: Path, audit: Audit, binding: Binding, language: str, form: Literal["csv", "xlsx"]
) -> list[Path]:
    """Write the lists, one for each owner, and one for what nobody owns; their files in order. Raises OSError and
    FormatError."""
    rows_of: dict[tuple[str, str], list[Row]] = {}  # by name and key
    for entity in audit.entities:
        for record in entity.records:
            whose = (record.owner.name, record.owner.key if record.owner.name else "")
            rows_of.setdefault(whose, []).extend(_rows(entity.entity, record, binding, language))
    written: dict[str, Path] = {}
    for (owner, _), rows in sorted(rows_of.items()):
        stem = slug(owner) if owner else "nobody"
        number = 2
        while stem in written:  # others are called alike, but for signs that names of files do not have
            stem, number = f"{slug(owner) or 'nobody'}-{number}", number + 1
        written[stem] = folder / f"{stem}.{form}"
        data = _csv(rows) if form == "csv" else _workbook(rows, language)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(written[stem], data)
    return list(written.values())


def _rows(entity: str, record: BrokenRecord, binding: Binding, language: str) -> Iterator[Row]:
    pattern = binding.source.entities[entity].link
    link = pattern.replace("{key}", quote(record.key, safe="")) if record.key else ""
    start = (record.owner.called, entity, record.key, record.called, link)
    for check, fields in record.broken:
        what, meaning = called(binding, check, language), text_in(check.meaning, language)
        told = (f"{what}. {meaning}".strip(), text_in(check.remedy, language))
        for one in fields:
            proposed = (one.proposed, one.confidence if one.proposed else None)
            yield (*start, one.field, one.value, *proposed, *told)
        if not fields:
            yield (*start, "", "", "", None, *told)


def _csv(rows: list[Row]) -> bytes:
    """Rows with a header. Text that a spreadsheet would take for a formula is marked as text."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([marked(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return buffer.getvalue().encode("utf-8-sig")  # spreadsheets take what has no mark for another alphabet


def _workbook(rows: list[Row], language: str) -> bytes:
    """The rows as a workbook, its header in the language."""
    try:
        import xlsxwriter
    except ModuleNotFoundError:
        raise FormatError(
            "workbooks need XlsxWriter, which is not installed", 'pip install "reportspec[xlsx]"'
        ) from None
    if len(rows) > _MOST_ROWS:
        raise FormatError(f"a sheet has room for {_MOST_ROWS:,} rows, and there are {len(rows):,}", "write CSV instead")
    words = vocabulary(language)["audit"]
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(stream, options) as book:
        sheet = book.add_worksheet("repairs")
        bold, share = book.add_format({"bold": True}), book.add_format({"num_format": "0%"})
        for place, name in enumerate(COLUMNS):
            sheet.write_string(0, place, str(words[name]), bold)
        for line, row in enumerate(rows, 1):
            for place, cell in enumerate(row):
                if isinstance(cell, float):
                    sheet.write_number(line, place, cell, share)
                elif cell:
                    sheet.write_string(line, place, str(cell)[:32_767])
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(rows), 1), len(COLUMNS) - 1)
    return stream.getvalue()
