"""Repair lists: for each owner a file with the records to mend, and what each field could be. Nothing is written to
the CRM."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from reportspec.errors import FormatError
from reportspec.files import write_whole
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.audit_wording import called, text_in, words
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
REMEMBERED = Path(".reportspec") / "repairs.json"  # in the project's folder: which files are lists that were written
_MOST_ROWS = 1_048_575  # of a sheet, without its header
Row = tuple[str | float | None, ...]


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists that were `written`; of those of earlier audits, which are none of this one's, the ones that were
    `removed`, since they were as they had been written, and the ones that were `changed` since and stay. `kept` are
    files in whose place a list would have come and that no audit wrote as they are, with the list that was written."""

    written: tuple[Path, ...]
    removed: tuple[Path, ...]
    changed: tuple[Path, ...]
    kept: tuple[tuple[Path, Path], ...]


def write_repairs(
    folder: Path, audit: Audit, binding: Binding, language: str, form: Literal["csv", "xlsx"], root: Path
) -> Lists:
    """Write the lists, one for each owner, and one for what nobody owns. The project's folder `root` remembers which
    they are: what stands in a list's place and is not as an audit wrote it stays. Raises OSError and FormatError."""
    every = _remembered(root / REMEMBERED)
    place = _place_of(folder, root)
    before, digests = every.get(place, {}), dict[str, str]()
    rows_of: dict[tuple[str, str], list[Row]] = {}  # by name and key
    for entity in audit.entities:
        for record in entity.records:
            whose = (record.owner.name, record.owner.key if record.owner.name else "")
            rows_of.setdefault(whose, []).extend(_rows(entity.entity, record, binding, language))
    written: dict[str, Path] = {}
    kept: list[tuple[Path, Path]] = []
    for (owner, _), rows in sorted(rows_of.items()):
        first = stem = slug(owner) or "nobody" if owner else "nobody"
        number, others = 2, list[Path]()
        while stem in written or (there := _of_others(folder / f"{stem}.{form}", before)):
            # Others are called alike, but for signs that names of files do not have; or a file is not an audit's own.
            others += [folder / f"{stem}.{form}"] if stem not in written and there else []
            stem, number = f"{first}-{number}", number + 1
        written[stem] = folder / f"{stem}.{form}"
        kept += [(path, written[stem]) for path in others]
        data = _csv(rows, language) if form == "csv" else _workbook(rows, language)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(written[stem], data)
        digests[written[stem].name] = sha256(data).hexdigest()
    removed, changed = [], []
    aside = {path for path, _ in kept}
    for name, digest in before.items():
        path = folder / name
        if name in digests or not path.is_file():
            continue
        if path in aside:
            digests[name] = digest
            continue
        if sha256(path.read_bytes()).hexdigest() == digest:
            path.unlink()
            removed.append(path)
        else:
            changed.append(path)
            digests[name] = digest
    if digests or before:
        (root / REMEMBERED).parent.mkdir(exist_ok=True)
        write_whole(root / REMEMBERED, f"{json.dumps({**every, place: digests}, indent=1)}\n".encode())
    return Lists(tuple(written.values()), tuple(removed), tuple(changed), tuple(kept))


def _of_others(path: Path, before: Mapping[str, str]) -> bool:
    """Whether something stands there that is not as an audit wrote it."""
    if not path.is_file() or path.is_symlink():
        return path.exists() or path.is_symlink()
    return sha256(path.read_bytes()).hexdigest() != before.get(path.name)


def _place_of(folder: Path, root: Path) -> str:
    """What a folder is remembered by: its way from the project's folder, where it lies within."""
    whole, of = folder.resolve(), root.resolve()
    return whole.relative_to(of).as_posix() if whole.is_relative_to(of) else whole.as_posix()


def _remembered(path: Path) -> dict[str, dict[str, str]]:
    """By folder the lists that earlier audits wrote, with the digests of what they wrote; none where the file does not
    say so: then no list is removed."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(folder): {str(name): str(digest) for name, digest in of.items() if Path(name).name == name}
            for folder, of in known.items()
        }
    except (FileNotFoundError, ValueError, AttributeError):
        return {}


def _rows(entity: str, record: BrokenRecord, binding: Binding, language: str) -> Iterator[Row]:
    pattern = binding.source.entities[entity].link
    link = pattern.replace("{key}", quote(record.key, safe="")) if record.key else ""
    start = (record.owner.called, entity, record.key, record.called, link)
    for check, fields in record.broken:
        what, meaning = called(binding, check, language), text_in(check.meaning, language)
        kept = record.into.get(check.key)
        into = "" if kept is None else words(language, "keep_this" if kept == record.key else "keep_other", kept)
        told = (f"{what}. {meaning}".strip(), f"{text_in(check.remedy, language)} {into}".strip())
        for one in fields:
            sure = round(one.confidence, 2) if one.proposed and one.confidence is not None else None
            proposed = (one.proposed, sure)
            yield (*start, one.field, one.value, *proposed, *told)
        if not fields:
            yield (*start, "", "", "", None, *told)


def _csv(rows: list[Row], language: str) -> bytes:
    """Rows with a header in the language. Text that a spreadsheet would take for a formula is marked as text."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([words(language, name) for name in COLUMNS])
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
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(stream, options) as book:
        sheet = book.add_worksheet("repairs")
        bold, share = book.add_format({"bold": True}), book.add_format({"num_format": "0%"})
        for place, name in enumerate(COLUMNS):
            sheet.write_string(0, place, words(language, name), bold)
        for line, row in enumerate(rows, 1):
            for place, cell in enumerate(row):
                if isinstance(cell, float):
                    sheet.write_number(line, place, cell, share)
                elif cell:
                    sheet.write_string(line, place, str(cell)[:32_767])
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(rows), 1), len(COLUMNS) - 1)
    return stream.getvalue()
