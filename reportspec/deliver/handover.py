"""One message to one outlet, once: each step is in the ledger before the next one is taken."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

from reportspec.addresses import allowed, ascii_address, bare, folded
from reportspec.deliver.compose import Item
from reportspec.deliver.job import OUTLET, Job
from reportspec.deliver.ledger import Entry, Ledger, stamped
from reportspec.deliver.outcome import Result
from reportspec.deliver.outlets import OutletError, way
from reportspec.deliver.proof import check_message
from reportspec.deliver.smtp import TIMEOUT, Answer, Mailer
from reportspec.errors import LedgerError, NotNoted
from reportspec.lazy_dataclass import dataclass
from reportspec.model.mail import Outlet
from reportspec.stopping import undisturbed

MOST_COPIES = 2  # of a mail of which nobody knows whether it arrived
LONGEST_HANDOVER = 2 * TIMEOUT  # seconds for a mail and the answer to it, where `try_for` gives the answer no more
Standing = tuple[Result, str]  # what becomes of a message that is not handed over, and why


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message with its entry in the ledger."""

    item: Item
    entry: Entry


# --- mails ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MailHandover:
    """Mails of a report, each to its recipient. A rehearsal leaves nothing in the ledger."""

    job: Job
    ledger: Ledger

    def claim(self, item: Item) -> Claimed:
        """The mail with its entry. What was begun and may have arrived keeps its bytes, so that a
        second copy is the same; what was not is made anew."""
        fresh = stamped(
            Entry(
                self.job.key(item.value),
                self.job.period,
                folded(item.recipient),
                "claimed",
                item.head.message_id,
                item.head.subject,
                sha256(item.message).hexdigest(),
                item.figures,
                item.message,
            )
        )
        if self.job.options.rehearsal:
            return Claimed(item, fresh)
        there = self.ledger.find(*fresh.key)
        if there is not None and not self.job.options.resend:
            for_good = there.state == "refused" and there.digest == item.wish
            if there.state in ("sent", "data") or for_good:
                return Claimed(item, there)
        self.ledger.put(fresh)
        return Claimed(item, fresh)

    def together(self) -> AbstractContextManager[None]:
        """While inside, what is written need not be on disk before it ends: only of what is handed over it is to be
        known at each step."""
        return nullcontext() if self.job.options.rehearsal else self.ledger.together()

    def standing(self, entry: Entry) -> Standing | None:
        """Why an entry's mail is not handed over again, if it is not."""
        if entry.state == "sent":
            return "already", f"sent {entry.at}"
        if entry.state == "refused":
            reason = f"{entry.said} (on {entry.at[:10]}; it is tried again when the address or the spec changes, or by"
            return "refused", f"{reason} --resend)"
        if entry.state == "data":
            if self._at_work(entry):
                return "pending", "another run began to hand it over, and may be at it: send again in some minutes"
            if self.job.delivery.in_doubt == "hold":
                return "doubt", "an earlier run broke off while it was handed over; --resend sends it again"
            if entry.copies >= MOST_COPIES:
                reason = "nobody knows whether it arrived, and it is not sent once more by itself"
                return "doubt", f"{reason}; --resend sends it again"
        return None

    def _at_work(self, entry: Entry) -> bool:
        """Whether the run that began to hand a mail over may be at it still, though its hold on the report is lost."""
        if not self.ledger.store.outlived:
            return False
        try:
            age = (datetime.now(UTC) - datetime.fromisoformat(entry.at)).total_seconds()
        except (TypeError, ValueError):
            return False
        return age < max(LONGEST_HANDOVER, self.job.settings.try_for + TIMEOUT)

    def fitted(self, mailer: Mailer, claimed: Claimed) -> Claimed:
        """A mail as large as the server says that it takes. What may have arrived keeps its bytes."""
        item, entry, most = claimed.item, claimed.entry, mailer.largest
        if most is None or entry.copies or len(entry.message or item.message) <= most:
            return claimed
        message = item.draft.within(most) if item.draft is not None else None
        if message is None:
            return claimed
        entry = stamped(entry, message=message, digest=sha256(message).hexdigest())
        if not self.job.options.rehearsal:
            self.ledger.put(entry)
        return Claimed(replace(item, message=message), entry)

    def hand_over(self, mailer: Mailer, claimed: Claimed) -> tuple[Claimed, Answer]:
        """One attempt, with its entry after it. Raises MailError where the server takes no mail at all, and
        LedgerError and SourceError where the mail is not what it should be."""
        item, entry = claimed.item, claimed.entry
        message, copies = entry.message or item.message, entry.copies
        if mailer.largest is not None and len(message) > mailer.largest:
            answer = _too_large(len(message), mailer.largest)
            return Claimed(item, self._kept(entry, answer, copies)), answer
        self._check(claimed, message)
        step = ExitStack()

        def begin() -> None:
            nonlocal entry
            step.enter_context(undisturbed())  # until it is known, and kept, whether it was taken
            entry = self._step(stamped(entry, state="data", copies=copies + 1, attempts=entry.attempts + 1))

        sender, recipient = ascii_address(bare(item.head.sender)), ascii_address(item.recipient)
        with step:
            answer = mailer.send(sender, recipient, message, begin)
            if answer.outcome == "refused" and not copies:
                entry = replace(entry, digest=item.wish)
            return Claimed(item, self._kept(entry, answer, copies)), answer

    def _check(self, claimed: Claimed, message: bytes) -> None:
        """That a mail is what was built, or stored, for its recipient, who may get it."""
        item, entry = claimed.item, claimed.entry
        if sha256(message).hexdigest() != entry.digest:
            raise LedgerError("a stored mail is not what was stored, so it is not sent", "send it again with --resend")
        check_message(item.value, entry.message_id, message, item.parcel, stored=message != item.message)
        if not allowed(item.recipient, self.job.settings.allow):
            raise LedgerError(f"`{item.recipient}` is not on the list of those who may be sent reports")

    def _kept(self, entry: Entry, answer: Answer, copies: int) -> Entry:
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
        if not self.job.options.rehearsal:
            noted(f"the mail to `{entry.recipient}`", answer.outcome == "sent", lambda: self.ledger.note(entry))
        return entry

    def _step(self, entry: Entry) -> Entry:
        if not self.job.options.rehearsal:
            self.ledger.step(entry)
        return entry


def noted(what: str, taken: bool, note: Callable[[], None]) -> None:
    """Write into the ledger what came of handing over. Raises NotNoted."""
    try:
        note()
    except LedgerError as error:
        began = "was handed over" if taken else "may have been handed over in part"
        told = f"{what} {began}, and that could not be noted: {error.message}"
        raise NotNoted(told, error.help, taken=taken, temporary=error.temporary) from None


def _too_large(size: int, largest: int) -> Answer:
    reason = f"the mail has {size:,} bytes without any attachment, the server takes {largest:,} at most"
    return Answer("refused", reason)


# --- other ways out ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
    """What a way out said of a parcel, or why it did not take it; and the seconds that this took."""

    said: str
    error: OutletError | None
    seconds: float


@dataclass(frozen=True, slots=True)
class ParcelHandover:
    """Parcels of a report, each to one way out."""

    job: Job
    ledger: Ledger
    outlet: Outlet

    def claim(self, item: Item) -> Claimed:
        """The parcel with the entry that it gets."""
        key = self.job.key(item.value), self.job.period, f"{OUTLET}{self.outlet.name}"
        return Claimed(item, Entry(*key, "data", figures=item.figures))

    def standing(self, entry: Entry) -> Standing | None:
        """Why a parcel is not handed over again, if it is not: the outlet has it, or may have it."""
        there = self.ledger.find(*entry.key)
        if there is None or self.job.options.resend:
            return None
        if there.state == "sent":
            return "already", f"sent {there.at}"
        if there.state == "data" and self.outlet.kind in ("webhook", "slack"):
            return "doubt", "an earlier run broke off here; --resend sends it again"
        return None

    def hand_over(self, claimed: Claimed, seconds: float) -> Taken:
        """One attempt, for which the outlet has so many seconds."""
        entry = stamped(claimed.entry)
        self.ledger.put(entry)
        since = time.monotonic()
        try:
            answer = way(self.outlet, self.job.report.project.root, seconds).take(claimed.item.parcel)
        except OutletError as error:
            spent = time.monotonic() - since
            # In doubt it stays as it was begun: a second message would be one too many.
            changes = {"said": error.message} if error.doubt else {"state": "claimed", "said": error.message}
            self._note(stamped(entry, **changes), taken=False)
            return Taken(error.message, error, spent)
        self._note(stamped(entry, state="sent", said=answer), taken=True)
        return Taken(answer, None, time.monotonic() - since)

    def _note(self, entry: Entry, *, taken: bool) -> None:
        noted(f"what `{self.outlet.name}` gets", taken, lambda: self.ledger.note(entry))

    def put_off(self, claimed: Claimed, said: str) -> None:
        """Leave a parcel to the next run."""
        self.ledger.put(stamped(claimed.entry, state="claimed", said=said))
