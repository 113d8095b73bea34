"""Sending a report: all is built, then all is checked, then it is handed over, and each step is in
the ledger before the next one is taken."""

from __future__ import annotations

import random
import re
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from email.utils import getaddresses
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Literal

from reportspec import building
from reportspec.addresses import allowed, ascii_address, bare, folded, split
from reportspec.burst.values import no_values
from reportspec.check.delivery import TEMPLATE
from reportspec.deliver.ledger import Entry, Ledger, Tell, open_ledger, silent, stamped
from reportspec.deliver.message import Head, mail, message_id
from reportspec.deliver.outlets import OutletError, Parcel, links, way
from reportspec.deliver.policy import digest_of, empty, holds, too_old, unaimed
from reportspec.deliver.proof import check_message, check_parcel, mixed_up
from reportspec.deliver.smtp import Answer, Mailer
from reportspec.deliver.spelling import spelled
from reportspec.deliver.template import Words
from reportspec.diagnostics import Diagnostic
from reportspec.errors import FormatError, LedgerError, MailError, NotSent, RenderError, SourceError
from reportspec.formats.pool import makers
from reportspec.model.figures import Figures
from reportspec.model.mail import Delivery, Form, Mail, Outlet
from reportspec.model.spec import Report
from reportspec.naming import known_as, slug
from reportspec.resolve.params import in_one_spelling
from reportspec.stopping import undisturbed

ATTEMPTS = 5  # for what a server does not take now


FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds; each wait is three times the one before


MOST_COPIES = 2  # of a mail of which nobody knows whether it arrived


MOST_SILENCES = 2  # one after the other, before a mail server is left alone for this run


Result = Literal["sent", "already", "skipped", "pending", "refused", "doubt", "failed", "written", "busy"]


OUTLET = "outlet:"  # recipients that are ways out


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one mail: the report's value (of bursting), the recipient, and why."""

    value: str
    recipient: str
    result: Result
    said: str = ""


@dataclass(slots=True)
class Outcome:
    """What became of a report. `busy` says that another process sends it; `warnings` are those of its
    spec, and of what could not be told to those who look after it."""

    file: str
    period: str
    sent: list[Sent] = field(default_factory=list)
    warnings: tuple[Diagnostic, ...] = ()

    def add(self, value: str, recipient: str, result: Result, said: str = "") -> None:
        self.sent.append(Sent(value, recipient, result, said))

    def count(self, *results: Result) -> int:
        """How many ended in one of those ways."""
        return sum(one.result in results for one in self.sent)


@dataclass(frozen=True, slots=True)
class SendOptions:
    """What was asked of a run: a folder for `.eml` files instead of sending, an address for a
    rehearsal, and whether to send again."""

    dry_run: Path | None = None
    rehearsal: str = ""
    resend: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One mail that was built: for whom, of which figures, its bytes. `meant` are those in whose stead
    a rehearsal goes to somebody else."""

    value: str
    recipient: str  # as it is written to
    head: Head
    message: bytes
    parcel: Parcel
    figures: str  # their digest
    statements: tuple[str, ...]
    meant: tuple[str, ...] = ()
    within: Callable[[float], bytes | None] = lambda most: None  # the mail in so many bytes
    wish: str = ""  # a digest of what was asked: what is refused for good is not asked again


Wait = Callable[[float], None]


def send(
    report: Report,
    spec_text: str,
    options: SendOptions,
    only: tuple[str, ...] = (),
    *,
    wait: Wait = time.sleep,
    tell: Tell = silent,
) -> Outcome:
    """Build a report (of `for_each` the values in `only`, if any) and hand it over to all who get it; `tell`
    is given a line where a ledger has to be waited for. Raises ReportspecError; what concerns single
    recipients is in the outcome."""
    delivery = report.delivery
    if delivery is None or not (delivery.to or delivery.cc or delivery.bcc or delivery.also):
        raise NotSent("the spec names nobody who gets the report", "add for example `deliver: {to: anna@example.com}`")
    _check_project(report, delivery, options)
    outcome = Outcome(report.file, _period(report))
    if options.dry_run is not None:
        items = _built(report, delivery, spec_text, options, only, outcome, None)
        for item in items:
            _write(options.dry_run, item, outcome)
        _left_alone(delivery, items, "a dry run hands nothing over", outcome)
        return outcome
    ledger = open_ledger(report.project.mail.ledger, report.project.root, tell=tell)
    try:
        with ledger.sender(key_of(report)) as mine:
            if not mine:
                outcome.add("", "", "busy", "another process is sending this report")
                return outcome
            file = known_as(report.file, report.project.root, {})
            ledger = spelled(ledger, file, key_of(report), report.declared)
            items = _built(report, delivery, spec_text, options, only, outcome, ledger)
            _check_items(report, items, options, ledger)
            _hand_over(report, delivery, items, options, outcome, ledger, wait)
            return outcome
    finally:
        ledger.close()


def _check_items(report: Report, items: Sequence[Item], options: SendOptions, ledger: Ledger) -> None:
    """That all was made for whom it goes to. Raises SourceError, before anything is sent."""
    for item in items:
        check_parcel(item.value, item.parcel, item.statements)
        told = (item.head.message_id, item.head.refers)
        if item.recipient and told != _identity(report, item.value, item.recipient, options, ledger):
            raise mixed_up(item.value)


def _identity(report: Report, value: str, address: str, options: SendOptions, ledger: Ledger | None) -> tuple[str, str]:
    """A mail's Message-ID, and that of the first one where it corrects it. What is sent again on
    request is another message; what may not have arrived is the same one once more."""
    first = _message_id(report, value, address)
    if ledger is None or options.rehearsal:
        return first, ""
    there = ledger.find(_key(report, value), _period(report), folded(address))
    if there is None or not there.message_id:
        return first, ""
    if options.resend and there.state in ("sent", "data"):
        return message_id(report.project.mail.sender, first, there.message_id), first
    same = there.message_id.partition("@")[0] == first.partition("@")[0]
    return (first, "") if same else (there.message_id, first)


def _message_id(report: Report, value: str, address: str) -> str:
    sender = report.project.mail.sender
    return message_id(sender, _key(report, value), _period(report), folded(address))


def key_of(report: Report) -> str:
    """What a report is known by in the ledger."""
    return known_as(report.file, report.project.root, in_one_spelling(report.declared, report.settings))


def _period(report: Report) -> str:
    return f"{report.period.start.isoformat()}/{report.period.end.isoformat()}"


def _check_project(report: Report, delivery: Delivery, options: SendOptions) -> None:
    mailed = delivery.to or delivery.cc or delivery.bcc
    settings = report.project.mail
    if options.rehearsal:
        if split(options.rehearsal) is None:
            raise NotSent(f"`{options.rehearsal[:80]}` is no address", "write `--to anna@example.com`")
        if not _may_get(bare(options.rehearsal), settings, options):
            raise NotSent(f"`{options.rehearsal}` may not be sent a report", _ALLOW)
    if not mailed:
        return
    if not settings.sender:
        raise NotSent(
            "a mail needs a sender, and the project names none",
            "add for example `from: Reports <reports@example.com>` to `deliver` in the project file",
        )
    if options.dry_run is None and not settings.allow:
        raise NotSent("the project allows nobody to be sent a report", _ALLOW)
    if options.dry_run is None and not settings.smtp:
        raise NotSent(
            "the project names no mail server",
            "add `smtp:` to `deliver` in the project file (is its variable set?), or use --dry-run",
        )


_ALLOW = "add the address, or `@` and its domain, to `deliver: {allow: […]}` in the project file"


def _may_get(address: str, settings: Mail, options: SendOptions) -> bool:
    """Whether an address is allowed. Of a dry run nothing leaves, so that it does without a list."""
    return (options.dry_run is not None and not settings.allow) or allowed(address, settings.allow)


def _built(
    report: Report,
    delivery: Delivery,
    spec_text: str,
    options: SendOptions,
    only: tuple[str, ...],
    outcome: Outcome,
    ledger: Ledger | None,
) -> list[Item]:
    """All mails that are to be sent, built. Nothing is built again that was stored and not sent."""
    found = building.make(Path(report.file), report, only)
    outcome.warnings = found.warnings
    if not found.figures and not found.absent:  # of a file of recipients each value is told
        raise no_values(report)
    for value, said in found.absent:
        outcome.add(value, "", "failed", said)
    wanted: list[tuple[str, Mapping[str, str], Figures]] = []
    some_aimed = any(unaimed(delivery.when, report, figures) is None for _, figures in found.figures)
    for one, figures in found.figures:
        value, more = one.value, one.more
        if one.several:
            differ = ", ".join(one.several)
            said = f"several rows have this name and differ in {differ}, so it is not clear whose report it is"
            outcome.add(value, "", "failed", said)
            continue
        if _all_sent(report, delivery, value, Words(figures, more, report.params), ledger, options, outcome):
            continue
        why = _held_back(report, delivery, figures, value, ledger, options, some_aimed)
        if why is not None:
            outcome.add(value, "", *why)
            continue
        wanted.append((value, more, figures))
    parts = {one.value: one.part for one, _ in found.figures}
    names = [_name(report, parts[value]) for value, _, _ in wanted]
    forms: tuple[Form, ...] = delivery.attach or (("pdf",) if delivery.also else ())
    items: list[Item] = []
    with makers(len(wanted) if forms else 0) as make:
        asked_for = [(figures, forms, name, spec_text) for (_, _, figures), name in zip(wanted, names, strict=True)]
        for (value, more, figures), files in zip(wanted, make(asked_for), strict=True):
            items += _mails(
                report,
                delivery,
                options,
                value,
                more,
                figures,
                parts[value],
                files,
                outcome,
                ledger,
                spec_text,
            )
    return items


def _all_sent(
    report: Report,
    delivery: Delivery,
    value: str,
    words: Words,
    ledger: Ledger | None,
    options: SendOptions,
    outcome: Outcome,
) -> bool:
    """Whether everybody has the report of a value already: then it need not be built."""
    if ledger is None or options.resend or options.rehearsal:
        return False
    trial = Outcome("", "")
    addresses = [
        bare(one)
        for texts in (delivery.to, delivery.cc, delivery.bcc)
        for one in _addresses(words, texts, _lists(report), value, trial)
    ]
    if trial.sent or not (addresses or delivery.also):
        return False
    recipients = [folded(one) for one in addresses] + [f"{OUTLET}{name}" for name in delivery.also]
    entries = [ledger.find(_key(report, value), _period(report), one) for one in recipients]
    if not all(entry is not None and entry.state == "sent" for entry in entries):
        return False
    for name, entry in zip([*addresses, *delivery.also], entries, strict=True):
        outcome.add(value, name, "already", f"sent {entry.at}" if entry else "")
    return True


def _held_back(
    report: Report,
    delivery: Delivery,
    figures: Figures,
    value: str,
    ledger: Ledger | None,
    options: SendOptions,
    some_aimed: bool,
) -> tuple[Result, str] | None:
    """Why a report is not sent, if it is not: skipped by its author's wish, or failed."""
    old = too_old(figures, delivery.fresh_within, report.now)
    if old is not None:
        return "failed", old
    if delivery.empty != "send" and empty(figures):
        return ("skipped" if delivery.empty == "skip" else "failed"), "the report is empty"
    changed = True
    if delivery.when.word == "changed" and ledger is not None:
        # Not those of this period: who is left of it still gets what the others were sent.
        last = ledger.last(_key(report, value), _LAST, _period(report))
        changed = last is None or last.figures != digest_of(figures)
    if not options.rehearsal and not holds(delivery.when, figures, changed):
        why = unaimed(delivery.when, report, figures)
        if why is not None:
            # Of many some may well have no goal; that none has one is a mistake.
            return ("skipped" if some_aimed else "failed"), why
        return "skipped", "its condition does not hold"
    return None


_LAST = "*"  # the recipient that stands for all, of which the figures last sent are kept


def _key(report: Report, value: str) -> str:
    return f"{key_of(report)}[{value}]" if value else key_of(report)


def _name(report: Report, part: str) -> str:
    period = f"{report.period.start.isoformat()}"
    stem = slug(Path(report.file).stem)
    return "-".join(one for one in (stem, period, part) if one)


def _mails(
    report: Report,
    delivery: Delivery,
    options: SendOptions,
    value: str,
    more: Mapping[str, str],
    figures: Figures,
    part: str,
    files: Mapping[str, bytes],
    outcome: Outcome,
    ledger: Ledger | None,
    spec_text: str,
) -> list[Item]:
    """A mail for each recipient of a value, and the parcel for other ways out."""
    settings = report.project.mail
    words = Words(figures, more, report.params)
    places = {
        "report": slug(Path(report.file).stem),
        "period": f"{report.period.start.isoformat()}",
        "each": part or "all",
    }
    flat = tuple((path.replace("/", "-"), data) for path, data in files.items())
    statements = tuple(one.sql_hash for one in figures.statements)
    parcel = Parcel(places, flat, figures)
    linked = tuple(link for one in delivery.also for link in links(settings.outlets[one], parcel))
    parcel = Parcel(places, flat, figures, linked)
    to, cc, bcc = (
        _addresses(words, texts, _lists(report), value, outcome) for texts in (delivery.to, delivery.cc, delivery.bcc)
    )
    if delivery.to and not to:
        if not any(one.value == value for one in outcome.sent):
            outcome.add(value, "", "failed", "it has no recipient: the address is empty")
        return []
    if not (delivery.to or delivery.cc or delivery.bcc):
        head = Head("", (), (), "", "", "", "", report.now)
        return [Item(value, "", head, b"", parcel, digest_of(figures), statements)]
    attached = tuple(one for one in flat if one[0].rpartition(".")[2] in delivery.attach)
    recipients = list({folded(bare(one)): one for one in (*to, *cc, *bcc)}.values())
    meant: tuple[str, ...] = ()
    if options.rehearsal:
        meant = tuple(map(bare, recipients))
        recipients = [*(one for one in recipients if not _may_get(bare(one), settings, options)), options.rehearsal]
    reply_to = words.fill(delivery.reply_to).strip(" ")
    if reply_to and _address(reply_to) is None:
        said = f"`{_shown(reply_to)}` is no address to reply to"
        outcome.add(value, "", "failed", said)
        return []
    subject = words.fill(delivery.subject) if delivery.subject else f"{figures.title} · {figures.period.label}"
    made = []
    for recipient in recipients:
        address = bare(recipient)
        if not _may_get(address, settings, options):
            outcome.add(value, address, "failed", f"the address is not allowed: {_ALLOW}")
            continue
        shown_to = (options.rehearsal,) if options.rehearsal else to or (recipient,)
        own_id, refers = _identity(report, value, address, options, ledger)
        head = Head(
            settings.sender,
            shown_to,
            () if options.rehearsal else cc,
            reply_to,
            f"[{', '.join(map(bare, to))}] {subject}" if options.rehearsal else subject,
            own_id,
            slug(Path(report.file).stem),
            report.now,
            refers,
        )
        within = partial(_fitting, head, figures, words.fill(delivery.body), attached, linked)
        message = within(settings.max_size * 1_000_000)
        if message is None:
            outcome.add(
                value,
                address,
                "failed",
                f"the mail would be larger than {settings.max_size:g} MB without any attachment",
            )
            continue
        made.append(
            Item(
                value,
                address,
                head,
                message,
                parcel,
                digest_of(figures),
                statements,
                meant,
                within,
                _wish(report, spec_text, address),
            )
        )
    return made


_BETWEEN = re.compile(r"[\s,;]+")


_PIECE = re.compile(r"(?:\{\{[^{}]*\}\}|[^\s,;])+")  # of a list of addresses in a spec


def _addresses(
    words: Words, texts: Sequence[str], lists: Collection[str], value: str, outcome: Outcome
) -> tuple[str, ...]:
    """The addresses that texts stand for; one that is none is told and left out. A value of the data
    is one address; those named in `lists` may hold several, with blanks, commas or semicolons
    between them, of which none is written to where one is no address: it may be a name's."""
    found: dict[str, str] = {}
    for text in texts:
        for one in _filled(words, text, lists):
            named = _address(one)
            if named is None:
                outcome.add(value, _shown(one), "failed", _no_address(one))
                continue
            found.setdefault(folded(named), one.strip())
    return tuple(found.values())


def _filled(words: Words, text: str, lists: Collection[str]) -> list[str]:
    """What is to be one address each. A text is parted where the spec's author parts it, and never
    where a value of the data would."""
    filled = words.fill(text)
    if not filled.strip(" "):
        return []
    if split(filled) is not None:
        return [filled]
    own = TEMPLATE.fullmatch(text.strip())
    if own is not None and own[1] in lists:
        parts = [one for one in _BETWEEN.split(filled) if one]
        return parts if all(split(one) is not None for one in parts) else [filled]
    pieces = _PIECE.findall(text)
    if "<" in text or len(pieces) < 2:  # a name of the data would be an address of its own
        return [filled]
    return [one for piece in pieces if (one := words.fill(piece)).strip(" ")]


def _address(text: str) -> str | None:
    """The one address that a text is, if mail can be handed over to it."""
    named = split(text)
    return named[1] if named is not None and _writable(named[1]) else None


def _shown(text: str) -> str:
    """What is no address, as it may be shown: without what a terminal would obey or hide."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:80]


def _no_address(text: str) -> str:
    said = "this is no address that can be written to"
    if text.count("@") > 1:
        said += ": one value is one address; name several in the spec, or in `recipients`"
    return said


def _lists(report: Report) -> frozenset[str]:
    """The names that stand for cells of the project's own file, which may hold several addresses."""
    each = report.each
    columns = {key for row in (each.table or {}).values() for key in row} if each else set()
    return frozenset(f"each.{key}" for key in columns - {"value"})


def _wish(report: Report, spec_text: str, address: str) -> str:
    """A digest of who is to be sent what, by whom and through which server."""
    settings = report.project.mail
    server = settings.smtp.rpartition("@")[2]
    parts = (spec_text, settings.sender, server, folded(address))
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _writable(address: str) -> bool:
    try:
        ascii_address(address)
    except ValueError:
        return False
    return len(address) <= 254 and getaddresses([address]) == [("", address)]


def _fitting(
    head: Head,
    figures: Figures,
    body: str,
    files: tuple[tuple[str, bytes], ...],
    linked: tuple[tuple[str, str], ...],
    most: float,
) -> bytes | None:
    """The mail with the files that fit, the first ones first; what does not is told, and linked
    where it can be. Sizes are those of the encoded mail, in bytes; `most` is the mail's."""
    kept: list[tuple[str, bytes]] = []
    left: list[str] = []
    room = most - len(mail(head, figures, body, (), linked, [name for name, _ in files]))
    if room < 0:
        return None
    for name, data in files:
        # base64 in lines of 76 letters, and the part's own headers.
        size = len(data) * 4 / 3 * 78 / 76 + 600
        if size <= room:
            kept.append((name, data))
            room -= size
        else:
            left.append(name)
    return mail(head, figures, body, kept, linked, left)


def _write(folder: Path, item: Item, outcome: Outcome) -> None:
    from reportspec.files import write_whole

    if not item.recipient:
        return
    stem = item.parcel.names
    parts = (
        stem["report"],
        stem["period"],
        *([stem["each"]] if item.value else []),
        slug(item.recipient),
    )
    path = folder / f"{'-'.join(parts)}.eml"
    write_whole(path, item.message)
    outcome.add(item.value, item.recipient, "written", str(path))


def _left_alone(delivery: Delivery, items: Sequence[Item], why: str, outcome: Outcome) -> None:
    """Tell of the ways out that a trial does not use."""
    for value in dict.fromkeys(item.value for item in items):
        for name in delivery.also:
            outcome.add(value, name, "skipped", why)


def _hand_over(
    report: Report,
    delivery: Delivery,
    items: Sequence[Item],
    options: SendOptions,
    outcome: Outcome,
    ledger: Ledger,
    wait: Wait,
) -> None:
    """Every mail once over, then every other way out; then again what was not taken, after growing
    waits. What is not taken by all that stays for the next run."""
    if options.rehearsal:
        _left_alone(delivery, items, "a rehearsal hands nothing over", outcome)
    mails = _Mails(report, delivery, options, outcome, ledger)
    mails.claim([item for item in items if item.recipient])
    ways = [] if options.rehearsal else list(delivery.also)
    turns = [_turn(report, name, items, options, outcome, ledger) for name in ways]
    patience, spent = report.project.mail.try_for, 0.0
    for attempt in range(ATTEMPTS):
        if attempt:
            pause = min(FIRST_WAIT * 3 ** (attempt - 1), LONGEST_WAIT)
            spent += pause
            if spent > patience:
                break
            wait(pause * random.uniform(0.8, 1.2))
        mails.round(patience - spent)
        for turn in turns:
            _round_of(turn, report.project.root, patience - spent, outcome, ledger)
        if not mails.more() and not any(turn.coming and not turn.over for turn in turns):
            break
    for turn in turns:
        _put_off(turn, outcome, ledger)
    mails.end(alone=not turns)


def _remember(report: Report, mails: Sequence[Item], outcome: Outcome, ledger: Ledger) -> None:
    """Keep of which figures a report was sent, so that a change can be told."""
    for value in dict.fromkeys(item.value for item in mails):
        own = [one for one in outcome.sent if one.value == value]
        if any(one.result == "sent" for one in own):
            figures = next(item.figures for item in mails if item.value == value)
            ledger.put(stamped(Entry(_key(report, value), _period(report), _LAST, "sent", figures=figures)))


def _claim(report: Report, item: Item, period: str, options: SendOptions, ledger: Ledger) -> Entry:
    """The mail's entry in the ledger. What was begun and may have arrived keeps its bytes, so that a
    second copy is the same; what was not is made anew. A rehearsal has none."""
    key = _key(report, item.value)
    fresh = stamped(
        Entry(
            key,
            period,
            folded(item.recipient),
            "claimed",
            item.head.message_id,
            item.head.subject,
            sha256(item.message).hexdigest(),
            item.figures,
            item.message,
        )
    )
    if options.rehearsal:
        return fresh
    there = ledger.find(*fresh.key)
    if there is not None and not options.resend:
        for_good = there.state == "refused" and there.digest == item.wish
        if there.state in ("sent", "data") or for_good:
            return there
    ledger.put(fresh)
    return fresh


def _standing(entry: Entry, delivery: Delivery, options: SendOptions) -> tuple[Result, str] | None:
    """Why an entry's mail is not handed over again, if it is not."""
    if entry.state == "sent":
        return "already", f"sent {entry.at}"
    if entry.state == "refused":
        return (
            "refused",
            f"{entry.said} (on {entry.at[:10]}; it is tried again "
            "when the address or the spec changes, or by --resend)",
        )
    if entry.state == "data":
        if delivery.in_doubt == "hold":
            return (
                "doubt",
                "an earlier run broke off while it was handed over; --resend sends it again",
            )
        if entry.copies >= MOST_COPIES:
            return (
                "doubt",
                "nobody knows whether it arrived, and it is not sent once more by itself; --resend sends it again",
            )
    return None


@dataclass(slots=True)
class _Mails:
    """The mails of a run: all of them, and those that were not taken yet."""

    report: Report
    delivery: Delivery
    options: SendOptions
    outcome: Outcome
    ledger: Ledger
    items: Sequence[Item] = ()
    coming: list[tuple[Item, Entry]] = field(default_factory=list)
    last: dict[str, str] = field(default_factory=dict)  # what was said of each, by Message-ID
    error: MailError | None = None  # why none can be sent
    begun: bool = False
    waited: float = 0.0  # seconds in vain, for a server that did not answer
    over: bool = False  # the server is not tried again in this run

    def claim(self, items: Sequence[Item]) -> None:
        """Note all that are to be sent, and tell of the others why they are not."""
        self.items = items
        period = _period(self.report)
        entries = [_claim(self.report, one, period, self.options, self.ledger) for one in items]
        for item, entry in zip(items, entries, strict=True):
            result = _standing(entry, self.delivery, self.options)
            if result is None:
                self.coming.append((item, entry))
            else:
                self.outcome.add(item.value, item.recipient, *result)

    def more(self) -> bool:
        """Whether another attempt may do."""
        if not self.coming or self.over:
            return False
        return self.error is None or self.error.temporary

    def round(self, left: float) -> None:
        """One attempt for each that is left, in a run that goes on trying for so many seconds; none
        where the server cannot be used as it is. What is waited for in vain is a part of them."""
        if not self.more():
            return
        before = len(self.outcome.sent)
        try:
            self.coming = _round(self, left)
            self.error = None
        except MailError as error:
            self.error = error
        self.over = self.over or (self.waited > 0 and self.waited >= left)
        self.begun = self.begun or self.error is None or len(self.outcome.sent) > before

    def end(self, *, alone: bool) -> None:
        """Tell of those that were not taken, and keep of which figures the others are. Raises
        MailError where none was tried and there is no other way out of which to tell."""
        error = self.error
        if error is not None and self.coming and not self.begun and alone:
            raise error
        for item, _ in self.coming:
            said = error.message if error else self.last.get(item.head.message_id, "")
            if not said and self.over:
                said = "the mail server did not answer, so it was left alone"
            later = error is None or error.temporary
            help = f" ({error.help})" if error and error.help and not later else ""
            result: Result = "pending" if later else "failed"
            self.outcome.add(item.value, item.recipient, result, said + help)
        if not self.options.rehearsal:
            _remember(self.report, self.items, self.outcome, self.ledger)


def _round(mails: _Mails, left: float) -> list[tuple[Item, Entry]]:
    """One attempt for each; those that were not taken now."""
    delivery, outcome, settings = mails.delivery, mails.outcome, mails.report.project.mail
    again: list[tuple[Item, Entry]] = []
    mailer: Mailer | None = None
    carried = lost_in_a_row = silences = 0
    coming = deque(mails.coming)
    try:
        while coming:
            since = time.monotonic()
            if mailer is None:
                try:
                    mailer, carried = Mailer(settings.smtp, last=left - mails.waited), 0
                except MailError as error:
                    mails.waited += time.monotonic() - since if error.temporary else 0
                    # If it was there a moment ago, the rest comes next time.
                    if len(coming) < len(mails.coming):
                        return [*again, *coming]
                    raise
            item, entry = _fitted(mailer, *coming.popleft(), mails.ledger, mails.options)
            try:
                entry, answer = _one(mailer, item, entry, mails.ledger, mails.options, settings.allow)
            except MailError as error:
                if len(coming) + 1 == len(mails.coming):
                    raise
                for other, _ in ((item, entry), *coming):
                    outcome.add(other.value, other.recipient, "failed", error.message)
                return again
            mails.last[item.head.message_id] = answer.said
            if answer.lost:
                mailer.close()
                mailer = None
                if carried and answer.outcome == "later" and not answer.silent:
                    # Many servers take so many mails over a connection: on over a new one.
                    coming.appendleft((item, entry))
                    continue
                lost_in_a_row += 1
            else:
                lost_in_a_row = 0
                carried += 1
            silences = silences + 1 if answer.silent else 0
            if answer.silent:
                mails.waited += time.monotonic() - since
            match answer.outcome:
                case "sent":
                    said = f"instead of {', '.join(item.meant)}" if item.meant else answer.said
                    outcome.add(item.value, item.recipient, "sent", said)
                case "refused":
                    outcome.add(item.value, item.recipient, "refused", answer.said)
                case "doubt" if answer.silent:  # it may only be slow: a second one would be one too many
                    said = f"{answer.said}; --resend sends it again"
                    outcome.add(item.value, item.recipient, "doubt", said)
                case "doubt" if delivery.in_doubt == "hold" or entry.copies >= MOST_COPIES:
                    outcome.add(item.value, item.recipient, "doubt", answer.said)
                case _:
                    again.append((item, entry))
            if silences >= MOST_SILENCES:
                mails.over = True
            if mails.over or lost_in_a_row >= 3:
                return [*again, *coming]
        return again
    finally:
        if mailer is not None:
            mailer.close()


def _fitted(mailer: Mailer, item: Item, entry: Entry, ledger: Ledger, options: SendOptions) -> tuple[Item, Entry]:
    """A mail as large as the server says that it takes. What may have arrived keeps its bytes."""
    most = mailer.largest
    if most is None or entry.copies or len(entry.message or item.message) <= most:
        return item, entry
    message = item.within(most)
    if message is None:
        return item, entry
    item = replace(item, message=message)
    entry = stamped(entry, message=message, digest=sha256(message).hexdigest())
    if not options.rehearsal:
        ledger.put(entry)
    return item, entry


def _one(
    mailer: Mailer, item: Item, entry: Entry, ledger: Ledger, options: SendOptions, allow: Sequence[str]
) -> tuple[Entry, Answer]:
    message = entry.message or item.message
    if mailer.largest is not None and len(message) > mailer.largest:
        answer = Answer(
            "refused",
            f"the mail has {len(message):,} bytes without any attachment, the server takes {mailer.largest:,} at most",
        )
        return _kept(entry, answer, ledger, options, entry.copies), answer
    if sha256(message).hexdigest() != entry.digest:
        raise LedgerError("a stored mail is not what was stored, so it is not sent", "send it again with --resend")
    copies = entry.copies
    step = ExitStack()

    def begin() -> None:
        nonlocal entry
        step.enter_context(undisturbed())  # until it is known, and kept, whether it was taken
        entry = stamped(entry, state="data", copies=copies + 1, attempts=entry.attempts + 1)
        if not options.rehearsal:
            ledger.step(entry)

    sender = bare(item.head.sender)
    stored = message != item.message
    check_message(item.value, entry.message_id, message, item.parcel, stored=stored)
    if not allowed(item.recipient, allow):
        raise LedgerError(f"`{item.recipient}` is not on the list of those who may be sent reports")
    with step:
        answer = mailer.send(ascii_address(sender), ascii_address(item.recipient), message, begin)
        if answer.outcome == "refused" and not copies:
            entry = replace(entry, digest=item.wish)
        return _kept(entry, answer, ledger, options, copies), answer


def _kept(entry: Entry, answer: Answer, ledger: Ledger, options: SendOptions, copies: int) -> Entry:
    """The entry after an answer, in the ledger. What the server did not take was no copy; if one
    before it may have arrived, it stays in doubt."""
    match answer.outcome:
        case "sent":
            entry = stamped(entry, state="sent", said=answer.said)
        case "doubt":
            # Of one that the server is silent about there is no other copy by itself.
            known = MOST_COPIES if answer.silent else entry.copies
            entry = stamped(entry, state="data", copies=known, said=answer.said)
        case "refused":
            entry = stamped(entry, state="refused" if not copies else "data", copies=copies, said=answer.said)
        case _:
            entry = stamped(entry, state="claimed" if not copies else "data", copies=copies, said=answer.said)
    if not options.rehearsal:
        ledger.step(entry)
    return entry


@dataclass(slots=True)
class _Turn:
    """What one way out is to get. `over` says that it is not tried again in this run."""

    outlet: Outlet
    coming: deque[tuple[Item, Entry]] = field(default_factory=deque)
    said: dict[str, str] = field(default_factory=dict)  # why each value's was not taken
    of_all: str = ""  # what of it concerns those who had no turn
    spent: float = 0.0  # seconds in which it did not answer
    over: bool = False


def _turn(
    report: Report, name: str, items: Sequence[Item], options: SendOptions, outcome: Outcome, ledger: Ledger
) -> _Turn:
    """The parcels of a way out, one for each value; of those that it has, or may have, it is told."""
    turn = _Turn(report.project.mail.outlets[name])
    period, recipient = _period(report), f"{OUTLET}{name}"
    for item in {item.value: item for item in reversed(items)}.values():
        there = ledger.find(_key(report, item.value), period, recipient)
        if there is not None and not options.resend:
            if there.state == "sent":
                outcome.add(item.value, name, "already", f"sent {there.at}")
                continue
            if there.state == "data" and turn.outlet.kind in ("webhook", "slack"):
                said = "an earlier run broke off here; --resend sends it again"
                outcome.add(item.value, name, "doubt", said)
                continue
        entry = Entry(_key(report, item.value), period, recipient, "data", figures=item.figures)
        turn.coming.appendleft((item, entry))
    return turn


def _round_of(turn: _Turn, root: Path, left: float, outcome: Outcome, ledger: Ledger) -> None:
    """Hand over to a way out until it does not take one: then the others wait with it."""
    while turn.coming and not turn.over:
        with undisturbed():
            if not _next_taken(turn, root, left, outcome, ledger):
                return


def _next_taken(turn: _Turn, root: Path, left: float, outcome: Outcome, ledger: Ledger) -> bool:
    """Hand the next one over to a way out; whether another may follow."""
    name = turn.outlet.name
    item, entry = turn.coming[0]
    entry = stamped(entry)
    ledger.put(entry)
    since = time.monotonic()
    try:
        said = way(turn.outlet, root, left - turn.spent).take(item.parcel)
    except OutletError as error:
        turn.spent += time.monotonic() - since
        turn.said[item.value], turn.of_all = error.message, error.of_all
        if error.doubt:  # a second message would be one too many
            ledger.step(stamped(entry, said=error.message))
            outcome.add(item.value, name, "doubt", f"{error.message}; --resend sends it again")
            turn.coming.popleft()
            turn.over = True
            return False
        ledger.step(stamped(entry, state="claimed", said=error.message))
        if error.temporary:
            turn.coming.rotate(-1)  # it may be this one that it does not take
            turn.over = turn.spent >= left
            return False
        outcome.add(item.value, name, "failed", error.message)
    else:
        ledger.step(stamped(entry, state="sent", said=said))
        outcome.add(item.value, name, "sent", said)
    turn.coming.popleft()
    return True


def _put_off(turn: _Turn, outcome: Outcome, ledger: Ledger) -> None:
    """Leave to the next run what a way out was not given."""
    for item, entry in turn.coming:
        said = turn.said.get(item.value, turn.of_all)
        ledger.put(stamped(entry, state="claimed", said=said))
        outcome.add(item.value, turn.outlet.name, "pending", said)


__all__ = [
    "FormatError",
    "NotSent",
    "Outcome",
    "RenderError",
    "SendOptions",
    "Sent",
    "SourceError",
    "key_of",
    "send",
]
