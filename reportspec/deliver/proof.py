"""The last look before anything leaves: is this file made for this value, and of nothing else?"""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from hashlib import sha256

from reportspec.deliver.message import MARK, mark_of
from reportspec.deliver.outlets import Parcel
from reportspec.deliver.sealed import seal_of
from reportspec.errors import SourceError
from reportspec.formats.pool import Made


def check_parcel(value: str, parcel: Parcel, statements: tuple[str, ...]) -> None:
    """That each of the files was made for the value, of the statements that were run for it, and is
    unchanged since; of a PDF, that it says so itself. Raises SourceError, before anything is sent."""
    each = parcel.figures.each
    if (each[1] if each else "") != value:
        raise mixed_up(value)
    for name, data in parcel.files:
        if not isinstance(data, Made) or data.digest != sha256(data).hexdigest():
            raise mixed_up(value)
        if data.each != each or data.statements != statements:
            raise mixed_up(value)
        if name.endswith(".pdf"):
            seal = seal_of(data)
            if seal is None:
                raise mixed_up(value)
            sealed_value = seal.get("for_each")
            made_of = tuple(statement[1] for statement in seal.get("statements", ()))
            if (sealed_value[1] if sealed_value else "") != value or made_of != statements:
                raise mixed_up(value)


def check_message(value: str, message_id: str, message: bytes, parcel: Parcel, *, stored: bool = False) -> None:
    """Just before a mail is handed over: that it is the one meant, that its text and the PDF in it
    were made for the value, and that what is attached are the parcel's files. Of a `stored` mail the
    files are those of an earlier run. Raises SourceError."""
    read = message_from_bytes(message, policy=default)
    if str(read["Message-ID"]) != message_id:
        raise mixed_up(value)
    mark = mark_of(parcel.figures)
    if str(read[MARK] or "") != mark:
        raise mixed_up(value)
    known = {sha256(data).hexdigest() for _, data in parcel.files}
    for part in read.iter_attachments() if isinstance(read, EmailMessage) and not stored else ():
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes) or sha256(content).hexdigest() not in known:
            raise mixed_up(value)
    for part in read.walk():
        if part.get_content_type() == "application/pdf":
            content = part.get_payload(decode=True)
            seal = seal_of(content) if isinstance(content, bytes) else None
            sealed_value = seal.get("for_each") if seal else None
            if seal is None or (sealed_value[1] if sealed_value else "") != value:
                raise mixed_up(value)


def mixed_up(value: str) -> SourceError:
    """What is told of a file or a mail that is not what was built."""
    return SourceError(
        "mixed-up",
        f"a file for `{value or 'all'}` is not what was built for it, so nothing is sent",
        "send again; if it comes back, please report it",
    )
