"""What a finished PDF says of itself: for whom it was made, of which statements, and how many pages it has."""

from __future__ import annotations

import io
import json
from hashlib import sha256
from typing import Any

from reportspec.render.seal import KEY, digest


def seal_of(data: bytes) -> dict[str, Any] | None:
    """What a PDF says of itself. Of the same bytes, as they lie in the mail too, it is read once."""
    own = sha256(data).digest()
    if own not in _READ:
        if len(_READ) >= _MOST:
            _READ.clear()
        _READ[own] = _read(data)
    return _READ[own]


_READ: dict[bytes, dict[str, Any] | None] = {}  # by the digest of a PDF
_MOST = 1000


def _read(data: bytes) -> dict[str, Any] | None:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data))
        information: Any = _information(reader) or reader.metadata or {}
        seal: dict[str, Any] = json.loads(str(information.get(f"/{KEY}")))
    except (
        PyPdfError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
    ):  # a damaged file breaks it in many ways
        return None
    sealed_digest = seal.pop("seal", None)
    return seal if sealed_digest == digest(json.dumps(seal, sort_keys=True).encode()) else None


def _information(reader: Any) -> Any:
    """A PDF's document information, where it lies in a stream among thousands of other objects: pypdf would read
    all of them. None where it lies elsewhere."""
    from pypdf.generic import DictionaryObject, IndirectObject, read_object

    info = reader.trailer.raw_get("/Info") if "/Info" in reader.trailer else None
    if not isinstance(info, IndirectObject) or info.idnum not in reader.xref_objStm:
        return None
    among: Any = IndirectObject(reader.xref_objStm[info.idnum][0], 0, reader).get_object()
    content, first = among.get_data(), int(among["/First"])
    places = content[:first].split()
    at = places[::2].index(b"%d" % info.idnum) * 2 + 1
    found = read_object(io.BytesIO(content[first + int(places[at]) :]), reader)
    return found if isinstance(found, DictionaryObject) else None


def pages_of(data: bytes) -> int:
    """How many pages a sealed PDF has; 0 of what is none."""
    seal = seal_of(data) if data.startswith(b"%PDF") else None
    pages = seal.get("pages") if seal is not None else None
    return len(pages) if isinstance(pages, list) else 0
