"""Those who look after a report, and telling them when it fails. Who they are is read from the files
by itself, so that they hear also of a spec, or a part of the project, that is broken."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from reportspec.addresses import allowed, ascii_address, bare, folded, split, unfit
from reportspec.check.mail_settings import mail_of
from reportspec.check.project import find_project, load_project
from reportspec.deliver.ledger import Entry, Ledger, open_ledger, stamped
from reportspec.deliver.message import Head, message_id, notice
from reportspec.deliver.smtp import Mailer
from reportspec.deliver.status import NOTICE
from reportspec.errors import LedgerError, MailError
from reportspec.lazy_dataclass import dataclass
from reportspec.model.mail import Mail
from reportspec.naming import known_as
from reportspec.resolve.document import Document, open_document
from reportspec.resolve.params import in_one_spelling

_LONGEST = 300  # letters of what the ledger keeps of a notice


@dataclass(frozen=True, slots=True)
class Maintainers:
    """Who is told of a report's failures, through which server, and what the report is called."""

    addresses: tuple[str, ...]
    mail: Mail
    root: Path
    report: str  # as the ledger knows it
    title: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, and what makes it the same another time: `reason` is without that which differs
    from run to run, such as an age, or the number that a server gives to each mail."""

    said: str
    reason: str


def failure(said: str, reason: str = "") -> Failure:
    """A failure whose reason, unless it is named, is what is said but for its numbers."""
    return Failure(said, reason or re.sub(r"\b\d+\b", "#", said))


# --- who they are -----------------------------------------------------------------------------


def maintainers(
    path: Path, now: datetime, environment: Mapping[str, str], settings: Mapping[str, str]
) -> Maintainers | None:
    """Who is told when the report of a spec fails, as far as that can be read; None if nobody is."""
    data = open_document(path, "report").data
    delivery = data.get("deliver") if isinstance(data, dict) else None
    named = delivery.get("on_failure") if isinstance(delivery, dict) else None
    listed = named if isinstance(named, list) else [named]
    addresses = tuple(address for address in listed if isinstance(address, str) and _is_address(address))
    place = find_project(path)
    if not addresses or place is None:
        return None
    project, document = load_project(place, environment)
    mail = project.mail if project is not None else readable_mail(document)
    if mail is None:
        return None
    title, declared = str(data.get("title") or ""), data.get("params")
    return Maintainers(
        addresses,
        mail,
        place.parent,
        known_as(str(path), place.parent, in_one_spelling(declared if isinstance(declared, dict) else {}, settings)),
        title if title and "{{" not in title else path.stem,
        now if now.tzinfo else now.replace(tzinfo=UTC),
    )


def readable_mail(document: Document) -> Mail | None:
    """How a project sends, where something else of its file is wrong; None where this cannot be read."""
    data = document.data if isinstance(document.data, dict) else {}
    try:
        return mail_of(Document(document.file, "", None, data), data)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None  # parts of the wrong shape: the schema has said so


def _is_address(text: str) -> bool:
    named = split(text)
    return named is not None and not unfit(named[1])


# --- telling them -----------------------------------------------------------------------------


def tell(who: Maintainers, failures: Sequence[Failure], period: str = "") -> str | None:
    """Mail to all of them what went wrong, once a day for the same reasons. Why that failed, or None."""
    settings = who.mail
    if not settings.smtp or not _is_address(settings.sender):
        return "the project names no mail server or no sender, so nobody was told of it"
    about, text = _about(who, failures), _text(who, failures, period)
    problems = []
    with _Memory(settings.ledger, who.root) as memory, contextlib.ExitStack() as open_until_told:
        mailer: Mailer | None = None
        for recipient in who.addresses:
            address = bare(recipient)
            key = (who.report + NOTICE, about, folded(address))
            if not allowed(address, settings.allow):
                problems.append(f"`{address}` of `on_failure` may not be sent mail")
                continue
            if memory.told(key):
                continue
            entry = _entry(who, recipient, key, text)
            memory.put(entry)
            try:
                if mailer is None:
                    mailer = Mailer(settings.smtp)
                    open_until_told.callback(mailer.close)
            except MailError as error:
                return f"`on_failure` could not be told of it: {error.message}"
            sender = ascii_address(bare(settings.sender))
            answer = mailer.send(sender, ascii_address(address), entry.message, lambda: None)
            if answer.outcome == "sent":
                # What went wrong says more to who looks into the ledger than the server's thanks.
                memory.step(stamped(entry, state="sent", said=failures[0].said[:_LONGEST]))
            else:
                memory.step(stamped(entry, state="claimed", said=answer.said))
                problems.append(f"`{address}` could not be told of it: {answer.said}")
            if answer.silent:  # the others would wait as long
                problems.append("the mail server was left alone")
                break
            if answer.lost:
                mailer = None
    return "; ".join(problems) or None


def _about(who: Maintainers, failures: Sequence[Failure]) -> str:
    """The day and a digest of the reasons: what is told once."""
    day = who.now.astimezone(UTC).date().isoformat()
    reasons = "\n".join(sorted({failure.reason for failure in failures}))
    return f"{day}/{sha256(reasons.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _text(who: Maintainers, failures: Sequence[Failure], period: str) -> str:
    listed = [f"- {' '.join(failure_told.said.split())}" for failure_told in failures]
    about = f"{who.report}, {period}:" if period else f"{who.report}:"
    end = "The same is told once a day. `reportspec status` lists what was sent and what was not."
    return "\n".join([about, "", *listed, "", end, ""])


def _entry(who: Maintainers, recipient: str, key: tuple[str, str, str], text: str) -> Entry:
    sender = who.mail.sender
    head = Head(
        sender, (recipient,), (), "", f"Report not sent: {who.title}", message_id(sender, *key), "failures", who.now
    )
    message = notice(head, text)
    return stamped(Entry(*key, "claimed", head.message_id, head.subject, sha256(message).hexdigest(), "", message))


class _Memory:
    """The ledger, or nothing where it cannot be used: that may be what is to be told."""

    def __init__(self, place: str, root: Path) -> None:
        self._ledger: Ledger | None = None
        with contextlib.suppress(LedgerError):
            self._ledger = open_ledger(place, root)

    def __enter__(self) -> _Memory:
        return self

    def __exit__(self, *_: Any) -> None:
        if self._ledger is not None:
            self._ledger.close()

    def told(self, key: tuple[str, str, str]) -> bool:
        """Whether that was told to them already."""
        entry = None
        with contextlib.suppress(LedgerError):
            entry = self._ledger.find(*key) if self._ledger is not None else None
        return entry is not None and entry.state == "sent"

    def put(self, entry: Entry) -> None:
        """Note what is about to be told."""
        with contextlib.suppress(LedgerError):
            if self._ledger is not None:
                self._ledger.put(entry)

    def step(self, entry: Entry) -> None:
        """Note what came of it."""
        with contextlib.suppress(LedgerError):
            if self._ledger is not None:
                self._ledger.step(entry)
