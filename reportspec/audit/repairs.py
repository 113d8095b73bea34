"""Repair lists: for each owner a file with the records to mend, and what each field could be. Nothing is written to
the CRM."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from reportspec.audit.earlier import LOCK
from reportspec.csv_lines import csv_writer
from reportspec.errors import FormatError
from reportspec.files import alone, write_whole
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.audit_wording import called, meaning_of, remedy_of, words
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
# By the name of a list the digests of what an audit wrote, or was about to write when it was stopped.
Known = Mapping[str, tuple[str, ...]]


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
    they are: what stands in a list's place and is not as an audit wrote it stays. Audits that write at once do so one
    after the other, and what one that was stopped wrote is known to the next. Raises OSError and FormatError."""
    rows_of: dict[tuple[str, str], list[Row]] = {}  # by name and key
    for entity in audit.entities:
        for record in entity.records:
            whose = (record.owner.name, record.owner.key if record.owner.name else "")
            rows_of.setdefault(whose, []).extend(_rows(entity.entity, record, binding, language))
    written = _csv if form == "csv" else _workbook
    lists = [
        ((slug(owner) if owner else "") or "nobody", written(rows, language))
        for (owner, _), rows in sorted(rows_of.items())
    ]
    with alone(root / LOCK):
        return _written(folder, lists, form, root)


def _written(folder: Path, lists: Sequence[tuple[str, bytes]], form: str, root: Path) -> Lists:
    """Write lists, each under the name that is proposed for it or one like it, and remove those before."""
    every = _remembered(root / REMEMBERED)
    place = _place_of(folder, root)
    before = every.get(place, {})
    written: dict[Path, bytes] = {}
    kept: list[tuple[Path, Path]] = []
    for first, data in lists:
        number, others, path = 2, list[Path](), folder / f"{first}.{form}"
        while path in written or (there := _of_others(path, before)):
            # Others are called alike, but for signs that names of files do not have; or a file is not an audit's own.
            others += [path] if path not in written and there else []
            path, number = folder / f"{first}-{number}.{form}", number + 1
        written[path] = data
        kept += [(other, path) for other in others]
    after: dict[str, tuple[str, ...]] = {path.name: (sha256(data).hexdigest(),) for path, data in written.items()}
    if before or after:
        # Before the first of them is written all are known, as they were and as they will be.
        names = dict.fromkeys((*before, *after))
        _remember(root, every, place, {name: (*before.get(name, ()), *after.get(name, ())) for name in names})
    for path, data in written.items():
        write_whole(path, data)
    removed, changed = [], []
    aside = {path for path, _ in kept}
    for name, digests in before.items():
        path = folder / name
        if name in after or not path.is_file():
            continue
        if path not in aside and _digest(path) in digests:
            path.unlink()
            removed.append(path)
        else:
            changed += [path] if path not in aside else []
            after[name] = digests
    if before or after:
        _remember(root, every, place, after)
    return Lists(tuple(written), tuple(removed), tuple(changed), tuple(kept))


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _of_others(path: Path, before: Known) -> bool:
    """Whether something stands there that is not as an audit wrote it."""
    if not path.is_file() or path.is_symlink():
        return path.exists() or path.is_symlink()
    return _digest(path) not in before.get(path.name, ())


def _place_of(folder: Path, root: Path) -> str:
    """What a folder is remembered by: its way from the project's folder, where it lies within."""
    whole, of = folder.resolve(), root.resolve()
    return whole.relative_to(of).as_posix() if whole.is_relative_to(of) else whole.as_posix()


def _remember(root: Path, every: Mapping[str, Known], place: str, lists: Known) -> None:
    """Keep what is known of the lists of a folder, beside those of others."""
    write_whole(root / REMEMBERED, f"{json.dumps({**every, place: lists}, indent=1)}\n".encode())


def _remembered(path: Path) -> dict[str, Known]:
    """By folder the lists that earlier audits wrote; none where the file does not say so: then no list is removed."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(folder): {str(name): _digests(digests) for name, digests in of.items() if Path(name).name == name}
            for folder, of in known.items()
        }
    except (FileNotFoundError, ValueError, AttributeError, RecursionError):
        return {}


def _digests(kept: object) -> tuple[str, ...]:
    return tuple(map(str, kept)) if isinstance(kept, list) else (str(kept),)


def _rows(entity: str, record: BrokenRecord, binding: Binding, language: str) -> Iterator[Row]:
    pattern = binding.source.entities[entity].link
    link = pattern.replace("{key}", quote(record.key, safe="")) if record.key else ""
    start = (record.owner.called, entity, record.key, record.called, link)
    for check, fields in record.broken:
        what, meaning = called(binding, check, language), meaning_of(check, language)
        kept = record.into.get(check.key)
        into = "" if kept is None else words(language, "keep_this" if kept == record.key else "keep_other", kept)
        told = (f"{what}. {meaning}".strip(), f"{remedy_of(check, language)} {into}".strip())
        for one in fields:
            sure = round(one.confidence, 2) if one.proposed and one.confidence is not None else None
            proposed = (one.proposed, sure)
            yield (*start, one.field, one.value, *proposed, *told)
        if not fields:
            yield (*start, "", "", "", None, *told)


def _csv(rows: list[Row], language: str) -> bytes:
    """Rows with a header in the language. Text that a spreadsheet would take for a formula is marked as text."""
    buffer = io.StringIO()
    writer = csv_writer(buffer)
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
