"""A report as one mail: its headers, what it says in two forms (`body.py`), the files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from hashlib import sha256

from reportspec import diagnostics
from reportspec.addresses import ascii_address, split
from reportspec.deliver.body import as_html, as_text
from reportspec.deliver.sealed import pages_of
from reportspec.diagnostics import harmless
from reportspec.formats import kind_of
from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Figures

_POLICY = SMTP.clone(max_line_length=78)
_LONGEST = 200  # letters of a subject


@dataclass(frozen=True, slots=True)
class Head:
    """What stands in the headers. All addresses are checked already."""

    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    reply_to: str
    subject: str
    message_id: str
    list_name: str
    written: datetime
    refers: str = ""  # the message that this one corrects


def one_line(text: str) -> str:
    """A text without anything that could end a header or be read as another text (an encoded word),
    and of bearable length."""
    kept = diagnostics.one_line(text).replace("=?", "= ?")
    return kept if len(kept) <= _LONGEST else kept[: _LONGEST - 1].rstrip() + "…"


def message_id(sender: str, *key: str) -> str:
    """The same for the same report, period and recipient, so that a second copy can be told."""
    named = split(sender)
    domain = ascii_address(named[1]).rpartition("@")[2] if named else "localhost"
    return f"<{sha256(chr(0).join(key).encode()).hexdigest()[:40]}@{domain}>"


MARK = "X-Reportspec-Each"


def mark_of(figures: Figures) -> str:
    """What a mail says of the value that its figures are of, in a form that tells nobody which."""
    value_bytes = "=".join(figures.each).encode("utf-8", "surrogatepass") if figures.each else b""
    return sha256(value_bytes).hexdigest()[:40] if value_bytes else ""


def mail(
    head: Head,
    figures: Figures,
    body: str,
    files: Sequence[tuple[str, bytes]],
    links: Sequence[tuple[str, str]] = (),
    left_out: Sequence[str] = (),
) -> bytes:
    """The message as it is handed over: the same bytes for the same report."""
    mail = EmailMessage(policy=_POLICY)
    mail["Date"] = format_datetime(head.written)
    mail["Message-ID"] = head.message_id
    if head.refers:
        mail["In-Reply-To"] = head.refers
        mail["References"] = head.refers
    mail["Auto-Submitted"] = "auto-generated"
    named = split(head.sender)
    domain = ascii_address(named[1]).rpartition("@")[2] if named else "localhost"
    mail["List-Id"] = f"<{head.list_name}.{domain}>"
    if mark := mark_of(figures):
        mail[MARK] = mark
    attached = [(name, pages_of(data)) for name, data in files]
    mail.set_content(as_text(figures, body, attached, links, left_out), cte="quoted-printable")
    mail.add_alternative(as_html(figures, body, attached, links, left_out), subtype="html", cte="quoted-printable")
    for name, data in files:
        main, _, sub = kind_of(name.rpartition(".")[2]).media_type.partition("/")
        mail.add_attachment(data, maintype=main, subtype=sub, filename=name)
    for place, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=={sha256(f'{head.message_id}{place}'.encode()).hexdigest()[:30]}==")
    return _heading(head) + mail.as_bytes()


def notice(head: Head, text: str) -> bytes:
    """A plain message to those who look after the reports."""
    mail = EmailMessage(policy=_POLICY)
    mail["Date"] = format_datetime(head.written)
    mail["Message-ID"] = head.message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(harmless(text), cte="quoted-printable")
    return _heading(head) + mail.as_bytes()


def _heading(head: Head) -> bytes:
    """The subject, and the headers with addresses, one address a line. The standard library's messages fold them so
    that a blank between two words beyond ASCII is lost, and a long name beyond ASCII swallows the address beside it."""
    fields = (
        ("From", (head.sender,)),
        ("To", head.to),
        ("Cc", head.cc),
        ("Reply-To", (head.reply_to,)),
    )
    lines = [
        f"{name}: " + ",\r\n ".join(map(_address, filter(None, several))) + "\r\n"
        for name, several in fields
        if any(several)
    ]
    return "".join([f"Subject: {_encoded(one_line(head.subject), 'Subject')}\r\n", *lines]).encode("ascii")


def _encoded(text: str, header: str) -> str:
    """A text as a header has it behind its name, in lines of at most 76 letters. Blanks beside letters beyond ASCII are
    encoded with them: those between two encoded words are none."""
    charset = "us-ascii" if text.isascii() else "utf-8"
    return Header(text, charset, maxlinelen=76, header_name=header).encode(linesep="\r\n")


def _address(text: str) -> str:
    named = split(text)
    if named is None:
        raise ValueError("an address was not checked")
    name, address = one_line(named[0]), ascii_address(named[1])
    if name.isascii():
        return formataddr((name, address))
    return f"{_encoded(name, 'Reply-To')}\r\n <{address}>"  # the longest of those that have addresses
