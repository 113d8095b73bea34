"""From figures to messages: the mail of each recipient, and the parcel for other ways out."""

from __future__ import annotations

from hashlib import sha256

from reportspec.addresses import bare, folded
from reportspec.burst.values import shown
from reportspec.deliver.job import Job, ValueReport
from reportspec.deliver.ledger import Ledger
from reportspec.deliver.message import Head, mail, message_id
from reportspec.deliver.outcome import Outcome
from reportspec.deliver.outlets import Parcel, links
from reportspec.deliver.policy import ALLOW, digest_of, may_get
from reportspec.deliver.recipients import address_of, addresses, lists_of
from reportspec.deliver.template import Words
from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Figures
from reportspec.render import headlines
from reportspec.render.locale import formats_for

Files = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail before it is known how large it may be."""

    head: Head
    figures: Figures
    body: str
    files: Files
    links: tuple[tuple[str, str], ...]

    def within(self, most: float) -> bytes | None:
        """The mail with the files that fit, the first ones first; what does not is told, and linked
        where it can be. Sizes are those of the encoded mail, in bytes; `most` is the mail's."""
        kept: list[tuple[str, bytes]] = []
        left: list[str] = []
        whole = mail(self.head, self.figures, self.body, self.files, self.links)
        if len(whole) <= most:
            return whole
        names = [name for name, _ in self.files]
        room = most - len(mail(self.head, self.figures, self.body, (), self.links, names))
        if room < 0:
            return None
        for name, data in self.files:
            # base64 in lines of 76 letters, and the part's own headers.
            size = len(data) * 4 / 3 * 78 / 76 + 600
            if size <= room:
                kept.append((name, data))
                room -= size
            else:
                left.append(name)
        return mail(self.head, self.figures, self.body, kept, self.links, left)


@dataclass(frozen=True, slots=True)
class Item:
    """One mail that was built: for whom, of which figures, its bytes. `meant` are those in whose stead
    a rehearsal goes to somebody else. Where nobody is mailed there is no recipient, and the parcel alone."""

    value: str
    recipient: str  # as it is written to
    head: Head
    message: bytes
    parcel: Parcel
    figures: str  # their digest
    statements: tuple[str, ...]
    meant: tuple[str, ...] = ()
    draft: Draft | None = None
    wish: str = ""  # a digest of what was asked: what is refused for good is not asked again


@dataclass(frozen=True, slots=True)
class _Letter:
    """What all mails of a value's report have in common."""

    job: Job
    made: ValueReport
    parcel: Parcel
    words: Words
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]

    @property
    def reply_to(self) -> str:
        return self.words.fill(self.job.delivery.reply_to).strip(" ")

    @property
    def subject(self) -> str:
        subject_written, figures = self.job.delivery.subject, self.made.figures
        own = self.words.fill(subject_written) if subject_written else ""
        subject = own if subject_written else headlines.subject(figures, formats_for(figures))
        return f"[{', '.join(map(bare, self.to))}] {subject}" if self.job.options.rehearsal else subject

    def allowed(self, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """Those of them who may get it: the others stand in no header, where they would be answered to."""
        return tuple(address for address in addresses if may_get(self.job, bare(address)))

    @property
    def everybody(self) -> list[str]:
        """All who are named, each once."""
        return list({folded(bare(address)): address for address in (*self.to, *self.cc, *self.bcc)}.values())

    @property
    def recipients(self) -> list[str]:
        """To whom a mail is written; in a rehearsal its one recipient, and those who are to be told of."""
        rehearsal = self.job.options.rehearsal
        if not rehearsal:
            return self.everybody
        return [*(address for address in self.everybody if not may_get(self.job, bare(address))), rehearsal]


def mails_of(job: Job, made: ValueReport, ledger: Ledger | None, outcome: Outcome) -> list[Item]:
    """A mail for each recipient of a value, and the parcel for other ways out. Of whom none can be
    written to is told in the outcome."""
    words = Words(made.figures, made.of.more, job.report.params)
    delivery, lists = job.delivery, lists_of(job.report)
    addressed = [addresses(words, texts, lists) for texts in (delivery.to, delivery.cc, delivery.bcc)]
    for text, why in (unfit for those in addressed for unfit in those.unfit):
        outcome.add(made.value, text, "failed", why)
    to, cc, bcc = (those.named for those in addressed)
    if delivery.to and not to:
        if not outcome.names(made.value):
            outcome.add(made.value, "", "failed", "it has no recipient: the address is empty")
        return []
    parcel = _parcel(job, made)
    if not job.mailed:
        head = Head("", (), (), "", "", "", "", job.report.now)
        return [Item(made.value, "", head, b"", parcel, digest_of(made.figures), made.statements)]
    letter = _Letter(job, made, parcel, words, to, cc, bcc)
    if letter.reply_to and address_of(letter.reply_to) is None:
        outcome.add(made.value, "", "failed", f"`{shown(letter.reply_to)}` is no address to reply to")
        return []
    items = (_item(letter, recipient, ledger, outcome) for recipient in letter.recipients)
    return [item for item in items if item is not None]


def _parcel(job: Job, made: ValueReport) -> Parcel:
    names = {"report": job.stem, "period": job.first_day, "each": made.of.part or "all"}
    files = tuple((path.replace("/", "-"), data) for path, data in made.files.items())
    parcel = Parcel(names, files, made.figures)
    linked = (link for name in job.delivery.also for link in links(job.settings.outlets[name], parcel))
    return Parcel(names, files, made.figures, tuple(linked))


def _item(letter: _Letter, recipient: str, ledger: Ledger | None, outcome: Outcome) -> Item | None:
    """The mail to one recipient, unless there is none."""
    job, value_report, address = letter.job, letter.made, bare(recipient)
    if not may_get(job, address):
        outcome.add(value_report.value, address, "failed", f"the address is not allowed: {ALLOW}")
        return None
    attached = tuple(file for file in letter.parcel.files if file[0].rpartition(".")[2] in job.delivery.attach)
    head = _head(letter, recipient, *identity(job, value_report.value, address, ledger))
    draft = Draft(head, value_report.figures, letter.words.fill(job.delivery.body), attached, letter.parcel.links)
    message = draft.within(job.settings.max_size * 1_000_000)
    if message is None:
        reason = f"the mail would be larger than {job.settings.max_size:g} MB without any attachment"
        outcome.add(value_report.value, address, "failed", reason)
        return None
    return Item(
        value_report.value,
        address,
        head,
        message,
        letter.parcel,
        digest_of(value_report.figures),
        value_report.statements,
        tuple(map(bare, letter.everybody)) if job.options.rehearsal else (),
        draft,
        _wish(job, address),
    )


def _head(letter: _Letter, recipient: str, own_id: str, refers: str) -> Head:
    job, rehearsal = letter.job, letter.job.options.rehearsal
    return Head(
        job.settings.sender,
        (rehearsal,) if rehearsal else letter.allowed(letter.to) or (recipient,),
        () if rehearsal else letter.allowed(letter.cc),
        letter.reply_to,
        letter.subject,
        own_id,
        job.stem,
        job.report.now,
        refers,
    )


def identity(job: Job, value: str, address: str, ledger: Ledger | None) -> tuple[str, str]:
    """A mail's Message-ID, and that of the first one where it corrects it. What is sent again on
    request is another message; what may not have arrived is the same one once more."""
    sender = job.settings.sender
    first = message_id(sender, job.key(value), job.period, folded(address))
    if ledger is None or job.options.rehearsal:
        return first, ""
    there = ledger.find(job.key(value), job.period, folded(address))
    if there is None or not there.message_id:
        return first, ""
    if job.options.resend and there.state in ("sent", "data"):
        return message_id(sender, first, there.message_id), first
    same = there.message_id.partition("@")[0] == first.partition("@")[0]
    return (first, "") if same else (there.message_id, first)


def _wish(job: Job, address: str) -> str:
    """A digest of who is to be sent what, by whom and through which server."""
    server = job.settings.smtp.rpartition("@")[2]
    parts = (job.spec_text, job.settings.sender, server, folded(address))
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
