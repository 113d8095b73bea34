"""Sending a report: all is built, then all is checked, then it is handed over, and each step is in
the ledger before the next one is taken."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import getaddresses
from hashlib import sha256
from pathlib import Path
from typing import Literal

from reportspec.addresses import allowed, ascii_address, bare, folded, split
from reportspec.check.model import Delivery, Mail, Report
from reportspec.deliver.conditions import digest_of, empty, holds, too_old
from reportspec.deliver.guard import check_message, check_parcel, mixed_up
from reportspec.deliver.ledger import Entry, Ledger, LedgerError, open_ledger, stamped
from reportspec.deliver.message import Head, mail, message_id
from reportspec.deliver.outlets import OutletError, Parcel, links, way
from reportspec.deliver.smtp import Answer, Mailer, MailError
from reportspec.deliver.words import Words
from reportspec.diagnostics import Diagnostic
from reportspec.figures import Figures
from reportspec.formats import Form, FormatError
from reportspec.formats.pool import makers
from reportspec.naming import known_as, slug
from reportspec.render.errors import RenderError
from reportspec.run.connection import SourceError
from reportspec.stages import Compiled, Timings, compile_report, run_each, run_report

ATTEMPTS = 5  # for what a server does not take now
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds; each wait is three times the one before
MOST_COPIES = 2  # of a mail of which nobody knows whether it arrived

Result = Literal[
    "sent", "already", "skipped", "pending", "refused", "doubt", "failed", "written", "busy"
]
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
class Asked:
    """What was asked of a run: a folder for `.eml` files instead of sending, an address for a
    rehearsal, whether to send again, and the values of `for_each` (all if none is named)."""

    dry_run: Path | None = None
    rehearsal: str = ""
    resend: bool = False
    only: tuple[str, ...] = ()


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


Wait = Callable[[float], None]


class Refused(Exception):
    """Nothing of a report is sent: why, and the way out."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.message, self.help = message, help


def send(report: Report, spec_text: str, asked: Asked, wait: Wait = time.sleep) -> Outcome:
    """Build a report and hand it over to all who get it. Raises Refused, SourceError, LedgerError,
    MailError, RenderError, FormatError; what concerns single recipients is in the outcome."""
    delivery = report.delivery
    if delivery is None or not (delivery.to or delivery.cc or delivery.bcc or delivery.also):
        raise Refused("the spec names nobody who gets the report", "add for example `deliver: {to: anna@example.com}`")  # fmt: skip
    _check_project(report, delivery, asked)
    outcome = Outcome(report.file, _period(report))
    if asked.dry_run is not None:
        items = _built(report, delivery, spec_text, asked, outcome, None)
        for item in items:
            _write(asked.dry_run, item, outcome)
        _left_alone(delivery, items, "a dry run hands nothing over", outcome)
        return outcome
    ledger = open_ledger(report.project.mail.ledger, report.project.root)
    try:
        with ledger.sender(key_of(report)) as mine:
            if not mine:
                outcome.add("", "", "busy", "another process is sending this report")
                return outcome
            items = _built(report, delivery, spec_text, asked, outcome, ledger)
            _check_items(report, items)
            _hand_over(report, delivery, items, asked, outcome, ledger, wait)
            return outcome
    finally:
        ledger.close()


def _check_items(report: Report, items: Sequence[Item]) -> None:
    """That all was made for whom it goes to. Raises SourceError, before anything is sent."""
    for item in items:
        check_parcel(item.value, item.parcel, item.statements)
        if item.recipient and item.head.message_id != _message_id(
            report, item.value, item.recipient
        ):
            raise mixed_up(item.value)


def _message_id(report: Report, value: str, address: str) -> str:
    sender = report.project.mail.sender
    return message_id(sender, _key(report, value), _period(report), folded(address))


def key_of(report: Report) -> str:
    """What a report is known by in the ledger."""
    return known_as(report.file, report.project.root, report.settings)


def _period(report: Report) -> str:
    return f"{report.period.start.isoformat()}/{report.period.end.isoformat()}"


def _check_project(report: Report, delivery: Delivery, asked: Asked) -> None:
    mailed = delivery.to or delivery.cc or delivery.bcc
    settings = report.project.mail
    if asked.rehearsal:
        if split(asked.rehearsal) is None:
            raise Refused(f"`{asked.rehearsal[:80]}` is no address", "write `--to anna@example.com`")  # fmt: skip
        if not _may_get(bare(asked.rehearsal), settings, asked):
            raise Refused(f"`{asked.rehearsal}` may not be sent a report", _ALLOW)
    if not mailed:
        return
    if not settings.sender:
        raise Refused(
            "a mail needs a sender, and the project names none",
            "add for example `from: Reports <reports@example.com>` to `deliver` in the project file",
        )
    if asked.dry_run is None and not settings.allow:
        raise Refused("the project allows nobody to be sent a report", _ALLOW)
    if asked.dry_run is None and not settings.smtp:
        raise Refused(
            "the project names no mail server",
            "add `smtp:` to `deliver` in the project file (is its variable set?), or use --dry-run",
        )


_ALLOW = "add the address, or `@` and its domain, to `deliver: {allow: […]}` in the project file"


def _may_get(address: str, settings: Mail, asked: Asked) -> bool:
    """Whether an address is allowed. Of a dry run nothing leaves, so that it does without a list."""
    return (asked.dry_run is not None and not settings.allow) or allowed(address, settings.allow)


# --- building ----------------------------------------------------------------------------------


def _built(
    report: Report, delivery: Delivery, spec_text: str, asked: Asked, outcome: Outcome, ledger: Ledger | None
) -> list[Item]:  # fmt: skip
    """All mails that are to be sent, built. Nothing is built again that was stored and not sent."""
    compiled = compile_report(report)
    found = _figures(report, compiled, asked)
    for value, said in unknown_recipients(report, asked.only, [one[0] for one in found]):
        outcome.add(value, "", "failed", said)
    wanted: list[tuple[str, Mapping[str, str], Figures]] = []
    for value, more, figures, several, _ in found:
        if several:
            said = f"several rows have this name and differ in {', '.join(several)}, so it is not clear whose report it is"
            outcome.add(value, "", "failed", said)
            continue
        if _all_sent(
            report, delivery, value, Words(figures, more, report.params), ledger, asked, outcome
        ):
            continue
        why = _held_back(report, delivery, figures, value, ledger, asked)
        if why is not None:
            outcome.add(value, "", *why)
            continue
        wanted.append((value, more, figures))
    parts = {value: part for value, _, _, _, part in found}
    names = [_name(report, parts[value]) for value, _, _ in wanted]
    forms: tuple[Form, ...] = delivery.attach or (("pdf",) if delivery.also else ())
    items: list[Item] = []
    with makers(len(wanted) if forms else 0) as make:
        asked_for = [
            (figures, forms, name, spec_text)
            for (_, _, figures), name in zip(wanted, names, strict=True)
        ]
        for (value, more, figures), files in zip(wanted, make(asked_for), strict=True):
            items += _mails(
                report, delivery, asked, value, more, figures, parts[value], files, outcome
            )
    return items


def _figures(
    report: Report, compiled: tuple[Compiled, ...], asked: Asked
) -> list[tuple[str, Mapping[str, str], Figures, tuple[str, ...], str]]:
    """The value (empty without bursting), what is known of it, the figures, what is not clear, and its
    part of names."""
    if report.each is None:
        return [("", {}, run_report(report, compiled, Timings()), (), "")]
    made = run_each(report, compiled, Timings(), asked.only)
    missing = set(asked.only) - {one.value for one, _ in made}
    if missing:
        raise Refused(f"`{report.each.dimension.name}` has no value `{sorted(missing)[0][:80]}`")
    if not made and not report.each.table:  # of a table each value is told
        raise Refused(f"`{report.each.dimension.name}` has no values, so there is no report",
                      "look at `for_each`, and whether its `where` leaves any")  # fmt: skip
    return [(one.value, one.more, figures, one.several, one.part) for one, figures in made]


def unknown_recipients(
    report: Report, only: Collection[str], found: Collection[str]
) -> list[tuple[str, str]]:
    """The values that the project's own file names and that have no report, and why. They are not to
    vanish silently: somebody waits for theirs."""
    each = report.each
    if each is None or each.table is None or only:
        return []
    why = f"`recipients` names it, and the source has no such `{each.dimension.name}`"
    why += " for which `where` holds" if each.conditions else ""
    return [(value, why) for value in each.table if value not in found]


def _all_sent(
    report: Report, delivery: Delivery, value: str, words: Words, ledger: Ledger | None, asked: Asked, outcome: Outcome
) -> bool:  # fmt: skip
    """Whether everybody has the report of a value already: then it need not be built."""
    if ledger is None or asked.resend or asked.rehearsal:
        return False
    trial = Outcome("", "")
    addresses = [
        bare(one)
        for texts in (delivery.to, delivery.cc, delivery.bcc)
        for one in _addresses(words, texts, value, trial)
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
    report: Report, delivery: Delivery, figures: Figures, value: str, ledger: Ledger | None, asked: Asked
) -> tuple[Result, str] | None:  # fmt: skip
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
    if not asked.rehearsal and not holds(delivery.when, figures, changed):
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
    report: Report, delivery: Delivery, asked: Asked, value: str, more: Mapping[str, str], figures: Figures,
    part: str, files: Mapping[str, bytes], outcome: Outcome,
) -> list[Item]:  # fmt: skip
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
        _addresses(words, texts, value, outcome)
        for texts in (delivery.to, delivery.cc, delivery.bcc)
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
    if asked.rehearsal:
        meant = tuple(map(bare, recipients))
        recipients = [*(one for one in recipients if not _may_get(bare(one), settings, asked)), asked.rehearsal]  # fmt: skip
    reply_to = words.fill(delivery.reply_to)
    if reply_to and split(reply_to) is None:
        outcome.add(value, "", "failed", f"`{reply_to[:80]}` is no address to reply to")
        return []
    subject = (
        words.fill(delivery.subject)
        if delivery.subject
        else f"{figures.title} · {figures.period.label}"
    )
    made = []
    for recipient in recipients:
        address = bare(recipient)
        if not _may_get(address, settings, asked):
            outcome.add(value, address, "failed", f"the address is not allowed: {_ALLOW}")
            continue
        shown_to = (asked.rehearsal,) if asked.rehearsal else to or (recipient,)
        head = Head(
            settings.sender, shown_to, () if asked.rehearsal else cc, reply_to,
            f"[{', '.join(map(bare, to))}] {subject}" if asked.rehearsal else subject,
            _message_id(report, value, address),
            slug(Path(report.file).stem), report.now,
        )  # fmt: skip
        message = _fitting(
            head, figures, words.fill(delivery.body), attached, linked, settings.max_size
        )
        if message is None:
            outcome.add(
                value,
                address,
                "failed",
                f"the mail would be larger than {settings.max_size:g} MB without any attachment",
            )
            continue
        made.append(
            Item(value, address, head, message, parcel, digest_of(figures), statements, meant)
        )
    return made


def _addresses(words: Words, texts: Sequence[str], value: str, outcome: Outcome) -> tuple[str, ...]:
    """The addresses that texts stand for; one that is none is told and left out. A field may hold
    several, with blanks, commas or semicolons between them."""
    found: dict[str, str] = {}
    for text in texts:
        filled = words.fill(text).strip()
        if not filled:
            continue
        many = (
            [filled]
            if split(filled)
            else [one for one in filled.replace(";", " ").replace(",", " ").split() if one]
        )
        for one in many:
            named = split(one)
            if named is None or not _writable(named[1]):
                outcome.add(value, one[:80], "failed", "this is no address that can be written to")
                continue
            found.setdefault(folded(named[1]), one)
    return tuple(found.values())


def _writable(address: str) -> bool:
    try:
        ascii_address(address)
    except ValueError:
        return False
    return len(address) <= 254 and getaddresses([address]) == [("", address)]


def _fitting(
    head: Head, figures: Figures, body: str, files: tuple[tuple[str, bytes], ...],
    linked: tuple[tuple[str, str], ...], most: float,
) -> bytes | None:  # fmt: skip
    """The mail with the files that fit, the first ones first; what does not is told, and linked
    where it can be. Sizes are those of the encoded mail."""
    kept: list[tuple[str, bytes]] = []
    left: list[str] = []
    room = most * 1_000_000 - len(
        mail(head, figures, body, (), linked, [name for name, _ in files])
    )
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


# --- handing over --------------------------------------------------------------------------------


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
    report: Report, delivery: Delivery, items: Sequence[Item], asked: Asked, outcome: Outcome, ledger: Ledger, wait: Wait
) -> None:  # fmt: skip
    period = _period(report)
    ways = [] if asked.rehearsal else list(delivery.also)
    if asked.rehearsal:
        _left_alone(delivery, items, "a rehearsal hands nothing over", outcome)
    done: set[tuple[str, str]] = set()
    for item in items:
        for name in ways:
            if (item.value, name) not in done:
                done.add((item.value, name))
                _by_outlet(report, name, item, period, asked, outcome, ledger, wait)
    mails = [item for item in items if item.recipient]
    if not mails:
        return
    entries = [_claim(report, item, period, asked, ledger) for item in mails]
    todo = []
    for item, entry in zip(mails, entries, strict=True):
        result = _standing(entry, delivery, asked)
        if result is None:
            todo.append((item, entry))
        else:
            outcome.add(item.value, item.recipient, *result)
    if todo:
        _mail_all(report, delivery, todo, outcome, ledger, asked, wait)
    if not asked.rehearsal:
        for value in dict.fromkeys(item.value for item in mails):
            own = [one for one in outcome.sent if one.value == value]
            if any(one.result == "sent" for one in own):
                figures = next(item.figures for item in mails if item.value == value)
                ledger.put(
                    stamped(Entry(_key(report, value), period, _LAST, "sent", figures=figures))
                )


def _claim(report: Report, item: Item, period: str, asked: Asked, ledger: Ledger) -> Entry:
    """The mail's entry in the ledger. What was begun and may have arrived keeps its bytes, so that a
    second copy is the same; what was not is made anew. A rehearsal has none."""
    key = _key(report, item.value)
    fresh = stamped(
        Entry(
            key, period, folded(item.recipient), "claimed", item.head.message_id, item.head.subject,
            sha256(item.message).hexdigest(), item.figures, item.message,
        )
    )  # fmt: skip
    if asked.rehearsal:
        return fresh
    there = ledger.find(*fresh.key)
    if there is not None and not asked.resend and there.state in ("sent", "data"):
        return there
    ledger.put(fresh)
    return fresh


def _standing(entry: Entry, delivery: Delivery, asked: Asked) -> tuple[Result, str] | None:
    """Why an entry's mail is not handed over again, if it is not."""
    if entry.state == "sent":
        return "already", f"sent {entry.at}"
    if entry.state == "data":
        if delivery.in_doubt == "hold":
            return (
                "doubt",
                "an earlier run broke off while it was handed over; --resend sends it again",
            )
        if entry.copies >= MOST_COPIES:
            return (
                "doubt",
                "two copies were begun and nobody knows whether one arrived; --resend sends it again",
            )
    return None


def _mail_all(
    report: Report, delivery: Delivery, todo: Sequence[tuple[Item, Entry]], outcome: Outcome, ledger: Ledger,
    asked: Asked, wait: Wait,
) -> None:  # fmt: skip
    """Every mail once over; then again those that were not taken, after growing waits."""
    settings = report.project.mail
    waiting = list(todo)
    last: dict[str, str] = {}
    for attempt in range(ATTEMPTS):
        if attempt:
            pause = min(FIRST_WAIT * 3 ** (attempt - 1), LONGEST_WAIT)
            wait(pause * random.uniform(0.8, 1.2))
        try:
            waiting = _round(settings, delivery, waiting, outcome, ledger, asked, last)
        except MailError as error:
            if not error.temporary or attempt == ATTEMPTS - 1:
                if len(waiting) == len(todo):
                    raise
                # What became of the others is told as well.
                last = {item.head.message_id: error.message for item, _ in waiting}
                break
        if not waiting:
            return
    for item, _ in waiting:
        outcome.add(item.value, item.recipient, "pending", last.get(item.head.message_id, ""))


def _round(
    settings: Mail, delivery: Delivery, todo: list[tuple[Item, Entry]], outcome: Outcome, ledger: Ledger,
    asked: Asked, last: dict[str, str],
) -> list[tuple[Item, Entry]]:  # fmt: skip
    """One attempt for each; those that were not taken now."""
    left: list[tuple[Item, Entry]] = []
    mailer: Mailer | None = None
    carried = lost_in_a_row = 0
    coming = deque(todo)
    try:
        while coming:
            if mailer is None:
                try:
                    mailer, carried = Mailer(settings.smtp), 0
                except MailError:
                    # If it was there a moment ago, the rest comes next time.
                    if len(coming) < len(todo):
                        return [*left, *coming]
                    raise
            item, entry = coming.popleft()
            entry, answer = _one(mailer, item, entry, ledger, asked, settings.allow)
            last[item.head.message_id] = answer.said
            if answer.lost:
                mailer.close()
                mailer = None
                if carried and answer.outcome == "later":
                    # Many servers take so many mails over a connection: on over a new one.
                    coming.appendleft((item, entry))
                    continue
                lost_in_a_row += 1
            else:
                lost_in_a_row = 0
                carried += 1
            match answer.outcome:
                case "sent":
                    said = f"instead of {', '.join(item.meant)}" if item.meant else answer.said
                    outcome.add(item.value, item.recipient, "sent", said)
                case "refused":
                    outcome.add(item.value, item.recipient, "refused", answer.said)
                case "doubt" if delivery.in_doubt == "hold" or entry.copies >= MOST_COPIES:
                    outcome.add(item.value, item.recipient, "doubt", answer.said)
                case _:
                    left.append((item, entry))
            if lost_in_a_row >= 3:
                return [*left, *coming]
        return left
    finally:
        if mailer is not None:
            mailer.close()


def _one(
    mailer: Mailer, item: Item, entry: Entry, ledger: Ledger, asked: Asked, allow: Sequence[str]
) -> tuple[Entry, Answer]:
    message = entry.message or item.message
    if mailer.largest is not None and len(message) > mailer.largest:
        answer = Answer(
            "refused",
            f"the mail has {len(message):,} bytes, the server takes {mailer.largest:,} at most",
        )
        return _kept(entry, answer, ledger, asked, entry.copies), answer
    if sha256(message).hexdigest() != entry.digest:
        raise LedgerError(
            "a stored mail is not what was stored, so it is not sent", "send it again with --resend"
        )
    copies = entry.copies

    def begin() -> None:
        nonlocal entry
        entry = stamped(entry, state="data", copies=copies + 1, attempts=entry.attempts + 1)
        if not asked.rehearsal:
            ledger.step(entry)

    sender = bare(item.head.sender)
    stored = message != item.message
    check_message(item.value, entry.message_id, message, item.parcel, stored=stored)
    if not allowed(item.recipient, allow):
        raise LedgerError(f"`{item.recipient}` is not on the list of those who may be sent reports")
    answer = mailer.send(ascii_address(sender), ascii_address(item.recipient), message, begin)
    return _kept(entry, answer, ledger, asked, copies), answer


def _kept(entry: Entry, answer: Answer, ledger: Ledger, asked: Asked, copies: int) -> Entry:
    """The entry after an answer, in the ledger. What the server did not take was no copy; if one
    before it may have arrived, it stays in doubt."""
    match answer.outcome:
        case "sent":
            entry = stamped(entry, state="sent", said=answer.said)
        case "doubt":
            entry = stamped(entry, state="data", said=answer.said)
        case "refused":
            entry = stamped(
                entry, state="refused" if not copies else "data", copies=copies, said=answer.said
            )
        case _:
            entry = stamped(
                entry, state="claimed" if not copies else "data", copies=copies, said=answer.said
            )
    if not asked.rehearsal:
        ledger.step(entry)
    return entry


def _by_outlet(
    report: Report, name: str, item: Item, period: str, asked: Asked, outcome: Outcome, ledger: Ledger, wait: Wait
) -> None:  # fmt: skip
    outlet = report.project.mail.outlets[name]
    recipient = f"{OUTLET}{name}"
    entry = ledger.find(_key(report, item.value), period, recipient)
    if entry is not None and not asked.resend:
        if entry.state == "sent":
            outcome.add(item.value, name, "already", f"sent {entry.at}")
            return
        if entry.state == "data" and outlet.kind in ("webhook", "slack"):
            outcome.add(
                item.value, name, "doubt", "an earlier run broke off here; --resend sends it again"
            )
            return
    entry = stamped(
        Entry(_key(report, item.value), period, recipient, "data", figures=item.figures)
    )
    ledger.put(entry)
    taking = way(outlet, report.project.root)
    for attempt in range(ATTEMPTS):
        if attempt:
            wait(min(FIRST_WAIT * 3 ** (attempt - 1), LONGEST_WAIT) * random.uniform(0.8, 1.2))
        try:
            said = taking.take(item.parcel)
        except OutletError as error:
            if error.doubt:  # a second message would be one too many
                ledger.step(stamped(entry, said=error.message))
                outcome.add(item.value, name, "doubt", f"{error.message}; --resend sends it again")
                return
            state: Result = "pending" if error.temporary else "failed"
            if error.temporary and attempt < ATTEMPTS - 1:
                continue
            ledger.step(stamped(entry, state="claimed", said=error.message))
            outcome.add(item.value, name, state, error.message)
            return
        ledger.step(stamped(entry, state="sent", said=said))
        outcome.add(item.value, name, "sent", said)
        return


__all__ = [
    "Asked",
    "FormatError",
    "Outcome",
    "Refused",
    "RenderError",
    "Sent",
    "SourceError",
    "key_of",
    "send",
]
