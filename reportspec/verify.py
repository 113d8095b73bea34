"""What a report's PDF says of itself, and whether it is still as it was built."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from reportspec.lazy_dataclass import dataclass
from reportspec.render.seal import KEY, digest, sealed


@dataclass(frozen=True, slots=True)
class Verified:
    """`told` is what the seal says (report, title, period, source, statements and digests);
    `problems` are what is wrong, in words for people."""

    file: str
    told: dict[str, Any]
    problems: tuple[str, ...]

    @property
    def intact(self) -> bool:
        """Whether all is as it was built."""
        return not self.problems


def verified(path: Path) -> Verified:
    """Read a PDF and compare it with its seal. Whatever is wrong with the file is a problem of the
    answer, not an error."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        with path.open("rb") as file:
            if file.read(5) != b"%PDF-":
                return Verified(str(path), {}, ("it is no PDF",))
            file.seek(0)
            return _compared(path, PdfReader(file))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        return Verified(str(path), {}, (f"it cannot be read: {why}",))
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        # A damaged file breaks the reader in many ways.
        return Verified(str(path), {}, (f"it is damaged: {str(error)[:120] or 'unreadable'}",))


def _compared(path: Path, reader: Any) -> Verified:
    try:
        seal = json.loads(str((reader.metadata or {}).get(f"/{KEY}", "")))
        sealed_digest = seal.pop("seal")
        wanted, pages = dict(seal["attachments"]), list(seal["pages"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return Verified(str(path), {}, ("it has no seal: reportspec did not build it",))
    problems = []
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
    problems += [f"the attachment {name} was added" for name in attached if name not in wanted]
    return Verified(str(path), seal, tuple(problems))


def _contents(page: Any) -> bytes:
    contents = page["/Contents"].get_object()
    if isinstance(contents, list):  # as other programs leave it that write on a page
        return b"\n".join(part.get_object().get_data() for part in contents)
    data: bytes = contents.get_data()
    return data


def as_text(found: Verified) -> str:
    """The answer for people."""
    lines = [f"{found.file}: {'as it was built' if found.intact else 'NOT as it was built'}"]
    lines += [f"  ! {problem}" for problem in found.problems]
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
