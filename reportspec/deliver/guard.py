"""The last look before anything leaves: is this file made for this value, and of nothing else?"""

from __future__ import annotations

import io
import json
from email import message_from_bytes
from email.policy import default
from typing import Any

from reportspec.deliver.outlets import Parcel
from reportspec.render.seal import KEY, digest
from reportspec.run.connection import SourceError


def check_parcel(value: str, parcel: Parcel, statements: tuple[str, ...]) -> None:
    """That the PDF among the files says of itself that it was made for the value, of the statements
    that were run for it, and is unchanged since. Raises SourceError, before anything is sent."""
    each = parcel.figures.each
    if (each[1] if each else "") != value:
        raise _mixed_up(value)
    for name, data in parcel.files:
        if name.endswith(".pdf"):
            told = _seal(data)
            if told is None:
                raise _mixed_up(value)
            own = told.get("for_each")
            made_of = tuple(one[1] for one in told.get("statements", ()))
            if (own[1] if own else "") != value or made_of != statements:
                raise _mixed_up(value)


def check_message(value: str, message_id: str, message: bytes) -> None:
    """Just before a mail is handed over: that it is the one meant, and that the PDF in it was made for
    the value. Raises SourceError."""
    read = message_from_bytes(message, policy=default)
    if str(read["Message-ID"]) != message_id:
        raise _mixed_up(value)
    for part in read.walk():
        if part.get_content_type() == "application/pdf":
            content = part.get_payload(decode=True)
            told = _seal(content) if isinstance(content, bytes) else None
            own = told.get("for_each") if told else None
            if told is None or (own[1] if own else "") != value:
                raise _mixed_up(value)


def _seal(data: bytes) -> dict[str, Any] | None:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        information: Any = PdfReader(io.BytesIO(data)).metadata or {}
        told: dict[str, Any] = json.loads(str(information.get(f"/{KEY}")))
    except (PyPdfError, ValueError, KeyError):
        return None
    own = told.pop("seal", None)
    return told if own == digest(json.dumps(told, sort_keys=True).encode()) else None


def _mixed_up(value: str) -> SourceError:
    return SourceError("mixed-up", f"a file for `{value or 'all'}` is not what was built for it, so nothing is sent",
                       "send again; if it comes back, please report it")  # fmt: skip
