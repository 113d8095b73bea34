"""What a report's PDF says of itself, and whether it is still as it was built."""

from __future__ import annotations

import io
import json
import logging
from datetime import date, datetime
from pathlib import Path
from typing import Any

from reportspec.calendar import FIRST_YEAR, LAST_YEAR
from reportspec.lazy_dataclass import dataclass
from reportspec.render.seal import KEY, WHOLE, added_after, digest, sealed
from reportspec.source.regular import Unfit, read_regular

MOST = 2**29  # bytes of a PDF that is looked at

MISSING = "there is no such file"


@dataclass(frozen=True, slots=True)
class Verified:
    """`told` is what the seal says (report, title, period, source, statements and digests);
    `problems` are what is wrong, and `unknown` what cannot be told, in words for people."""

    file: str
    told: dict[str, Any]
    problems: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    report: bool = True  # whether it is a PDF that a report was built as

    @property
    def intact(self) -> bool:
        """Whether it is known that all is as it was built."""
        return not self.problems and not self.unknown


def verified(path: Path) -> Verified:
    """Read a PDF and compare it with its seal. Whatever is wrong with the file is a problem of the
    answer, not an error."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        data = read_regular(path, MOST)
        if len(data) > MOST:
            return Verified(str(path), {}, (f"it is larger than {MOST // 2**20:,} MiB",), report=False)
        if not data.startswith(b"%PDF-"):
            return Verified(str(path), {}, ("it is no PDF",), report=False)
        return _compared(path, data, PdfReader(io.BytesIO(data)))
    except FileNotFoundError:
        return Verified(str(path), {}, (MISSING,), report=False)
    except Unfit as error:
        return Verified(str(path), {}, (f"it {error.reason}",), report=False)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        return Verified(str(path), {}, (f"it cannot be read: {why}",), report=False)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        # A damaged file breaks the reader in many ways.
        return Verified(str(path), {}, (f"it is damaged: {str(error)[:120] or 'unreadable'}",))


def _compared(path: Path, data: bytes, reader: Any) -> Verified:
    try:
        seal = json.loads(str((reader.metadata or {}).get(f"/{KEY}", "")))
        sealed_digest = seal.pop("seal")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Verified(str(path), {}, ("it has no seal: reportspec did not build it",), report=False)
    odd = _odd(seal)
    if odd:
        return Verified(str(path), {}, tuple(f"its seal is none that reportspec writes: {what}" for what in odd))
    wanted, pages = seal["attachments"], seal["pages"]
    problems: list[str] = []
    unknown: list[str] = []
    if json.loads(sealed(seal))["seal"] != sealed_digest:
        problems.append("what it says of its origin was changed")
    if len(reader.pages) != len(pages):
        problems.append(f"it has {len(reader.pages)} pages, it was built with {len(pages)}")
    else:
        problems += [
            f"page {number} was changed"
            for number, (page, was) in enumerate(zip(reader.pages, pages, strict=True), 1)
            if digest(_contents(page)) != was
        ]
    attached = reader.attachments
    for name, was in wanted.items():
        texts = attached.get(name, [])
        if not texts:
            problems.append(f"the attachment {name} is missing")
        elif any(digest(text) != was for text in texts):
            problems.append(f"the attachment {name} was changed")
        elif not all(_is_text(text) for text in texts):
            problems.append(f"the attachment {name} is no text in UTF-8")
    problems += [f"the attachment {name} was added" for name in attached if name not in wanted]
    if seal.get("covers") == WHOLE:
        added = added_after(data)
        if added != 0:
            problems += _foreign(reader, seal)
        if added:
            problems.append(f"{added} bytes more stand behind its end, where they can change all that is shown")
        elif added is None and not problems:
            problems.append(
                "its bytes are not those that were built: fonts, pictures, page boxes, links or properties were"
                " changed, or another program wrote it anew"
            )
    else:
        unknown.append(
            "its seal is of an earlier version, which covers the texts of the pages and the attachments alone:"
            " build it again to have all of it compared"
        )
    return Verified(str(path), seal, tuple(problems), tuple(unknown))


def _odd(seal: Any) -> list[str]:
    """What of a seal is not as reports have it: whoever makes a file can seal anything."""
    if not isinstance(seal, dict):
        return ["it is no list of facts"]

    def texts(value: Any) -> bool:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)

    def statement(one: Any) -> bool:
        return isinstance(one, list) and len(one) == 3 and texts(one[:2]) and isinstance(one[2], int)

    period, attachments, statements = (seal.get(name, []) for name in ("period", "attachments", "statements"))
    days = [_day(one) for one in period] if texts(period) and len(period) == 2 else []
    start, end = days if len(days) == 2 else (None, None)
    as_of = _instant(seal.get("as_of"))
    named = isinstance(attachments, dict) and texts([*attachments.values()])
    fit = {
        "report": isinstance(seal.get("report"), str),
        "title": isinstance(seal.get("title"), str),
        "period": start is not None and end is not None and start < end,
        "as_of": as_of is not None and as_of.tzinfo is not None,
        "data_as_of": seal.get("data_as_of") is None or _instant(seal["data_as_of"]) is not None,
        "filters": texts(seal.get("filters", [])),
        "for_each": "for_each" not in seal or (texts(seal["for_each"]) and len(seal["for_each"]) == 2),
        "statements": isinstance(statements, list) and all(map(statement, statements)),
        "attachments": named,
        "pages": texts(seal.get("pages")),
    }
    return [f"it has no `{name}` that a report could have" for name, fits in fit.items() if not fits]


def _day(text: Any) -> date | None:
    """A day of the years that reports may be of."""
    try:
        found = date.fromisoformat(text)
    except (ValueError, TypeError):
        return None
    return found if FIRST_YEAR <= found.year <= LAST_YEAR + 1 else None


def _instant(text: Any) -> datetime | None:
    """An instant of these years."""
    try:
        found = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        return None
    return found if FIRST_YEAR <= found.year <= LAST_YEAR + 1 else None


def _is_text(data: bytes) -> bool:
    """Whether an attachment is what all of them are."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _foreign(reader: Any, seal: dict[str, Any]) -> list[str]:
    """What stands in a changed file that reports never have, to say what was done. Nothing relies on it."""
    found = []
    if (reader.metadata or {}).get("/Title", "") != seal.get("headed"):
        found.append("its title was changed")
    catalog = reader.trailer["/Root"]
    names = catalog.get("/Names", {}).get_object() if "/Names" in catalog else {}
    if "/JavaScript" in names or "/OpenAction" in catalog or "/AA" in catalog:
        found.append("a script or an action was added")
    for number, page in enumerate(reader.pages, 1):
        annotations = page["/Annots"].get_object() if "/Annots" in page else ()
        if any(one.get_object().get("/Subtype") != "/Link" for one in annotations):
            found.append(f"something was laid over page {number}")
        if page.get("/Rotate") or "/CropBox" in page:
            found.append(f"page {number} was cut or turned")
    return found


def _contents(page: Any) -> bytes:
    contents = page["/Contents"].get_object()
    if isinstance(contents, list):  # as other programs leave it that write on a page
        return b"\n".join(part.get_object().get_data() for part in contents)
    data: bytes = contents.get_data()
    return data


def as_text(found: Verified) -> str:
    """The answer for people."""
    verdict = "as it was built" if found.intact else "NOT as it was built"
    verdict = verdict if found.report else "nothing to compare"
    if found.unknown and not found.problems:
        verdict = "it cannot be told whether it is as it was built"
    lines = [f"{found.file}: {verdict}"]
    lines += [f"  ! {problem}" for problem in found.problems]
    lines += [f"  ? {what}" for what in found.unknown]
    seal = found.told
    if not seal:
        return "\n".join(lines)
    start, end = seal.get("period", ["?", "?"])
    facts = [
        ("report", f"{seal.get('title')} ({seal.get('report')})"),
        ("period", f"{start} to before {end}"),
        ("as of", seal.get("as_of")),
        ("data as of", seal.get("data_as_of")),
        ("source", seal.get("source")),
        *(("filter", text) for text in seal.get("filters", ())),
        ("built by", seal.get("made_by")),
        *(("statement", f"{sql}  {rows:>7} rows  {name}") for name, sql, rows in seal["statements"]),
        *(("attached", f"{sha[:12]}  {name}") for name, sha in sorted(seal["attachments"].items())),
    ]
    lines += [f"  {name:<11} {value}" for name, value in facts if value is not None]
    return "\n".join(lines)
