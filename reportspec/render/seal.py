"""What a PDF says of itself: where its figures come from, and digests by which `reportspec verify` finds out whether
anything was changed since: one of all of its bytes, and those of the pages' texts and of the attachments, to say what.

What a viewer shows and runs comes from everything in a file (fonts, pictures, annotations, boxes, scripts, and which of
several objects of one number is taken), and viewers read files differently. So only the bytes tell that nothing
changed.

A seal is no signature: whoever makes a whole new file can seal that as well.
"""

from __future__ import annotations

import hashlib
import json
import re
from itertools import islice
from typing import Any

from reportspec.model.figures import Figures
from reportspec.version import __version__

KEY = "Reportspec"  # in the document information of the PDF
WHOLE = "file"  # what the digests cover; seals without this word cover the pages' texts and the attachments

# The digest of the file stands in a comment before the file's last lines: nothing may follow `%%EOF`, and no object
# moves. Where it must stand is part of what is looked for, so that all other bytes are digested at their places.
_BEFORE = b"%Reportspec-SHA-256 "
_LINE = re.compile(re.escape(_BEFORE) + rb"([0-9a-f]{64})\n(?=startxref\n[0-9]+\n%%EOF\n?)")
_MOST = 20  # such lines that are looked at: each costs a digest of all before it


def sealing(figures: Figures, attached: dict[str, str]) -> Any:
    """A finisher for WeasyPrint that adds the seal. `attached` are the texts of the attachments
    by name."""

    def finish(_document: Any, pdf: Any) -> None:
        import pydyf

        objects = {pdf_object.number: pdf_object for pdf_object in pdf.objects}
        pages = []
        for number in pdf.pages["Kids"][::3]:
            contents = str(objects[int(number)]["Contents"], "ascii").split()
            pages.append(digest(b"\n".join(map(_bytes, objects[int(contents[0])].stream))))
        facts = _told(figures) | {
            "attachments": {name: digest(text.encode()) for name, text in attached.items()},
            "pages": pages,
            "headed": getattr(pdf.info.get("Title"), "string", ""),
            "covers": WHOLE,
        }
        pdf.info[KEY] = pydyf.String(sealed(facts))

    return finish


def sealed_whole(pdf: bytes) -> bytes:
    """The finished file with the digest of all of its bytes."""
    at = pdf.rindex(b"startxref\n")
    return b"".join((pdf[:at], _BEFORE, digest(pdf).encode(), b"\n", pdf[at:]))


def added_after(pdf: bytes) -> int | None:
    """How many bytes stand behind the file that was built: 0 where it has every byte as it was built, None where what
    was built is not at its beginning."""
    for line in islice(_LINE.finditer(pdf), _MOST):
        end = pdf.index(b"%%EOF", line.end()) + len(b"%%EOF")
        end += pdf[end : end + 1] == b"\n"
        built = hashlib.sha256(pdf[: line.start()])
        built.update(pdf[line.end() : end])
        if built.hexdigest().encode() == line[1]:
            return len(pdf) - end
    return None


def sealed(told: dict[str, Any]) -> str:
    """What is told as one line of JSON, with a digest of itself."""
    own_digest = digest(json.dumps(told, sort_keys=True).encode())
    return json.dumps({**told, "seal": own_digest}, sort_keys=True)


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def _bytes(item: Any) -> bytes:
    data = getattr(item, "data", item)
    return data if isinstance(data, bytes) else str(data).encode()


def _told(figures: Figures) -> dict[str, Any]:
    period = figures.period
    return {
        "made_by": f"reportspec {__version__}",
        "report": figures.report,
        "title": figures.title,
        "period": [period.start.isoformat(), period.end.isoformat()],
        "as_of": figures.as_of.isoformat(),
        "data_as_of": figures.data_as_of.isoformat() if figures.data_as_of else None,
        "source": figures.source_label,
        "filters": list(figures.filters),
        **({"for_each": list(figures.each)} if figures.each else {}),
        "statements": [[statement.section, statement.sql_hash, statement.rows] for statement in figures.statements],
    }
