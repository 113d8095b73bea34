"""What a PDF says of itself: where its figures come from, and digests of its pages and attachments,
by which `reportspec verify` finds out whether anything was changed since.

A seal is no signature: whoever makes a whole new file can seal that as well.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from reportspec.model.figures import Figures
from reportspec.version import __version__

KEY = "Reportspec"  # in the document information of the PDF


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
        }
        pdf.info[KEY] = pydyf.String(sealed(facts))

    return finish


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
