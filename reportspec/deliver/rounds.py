"""Attempts for all messages of a report: every mail once over, then every other way out, then again what was not
taken, after growing waits."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import field

from reportspec.deliver.compose import Item
from reportspec.deliver.handover import MOST_COPIES, Claimed, MailHandover, ParcelHandover
from reportspec.deliver.job import EVERYBODY, Job
from reportspec.deliver.ledger import Entry, Ledger, stamped
from reportspec.deliver.outcome import Outcome, Result
from reportspec.deliver.smtp import Answer, Mailer
from reportspec.errors import LedgerError, MailError, NotNoted
from reportspec.lazy_dataclass import dataclass
from reportspec.stopping import undisturbed

ATTEMPTS = 5  # for what a server does not take now
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds; each wait is three times the one before
MOST_SILENCES = 2  # one after the other, before a mail server is left alone for this run
ONCE_MORE = "once more: an earlier copy may have arrived"
NOT_NOTED = "handed over, which could not be noted: a later run may send it once more"
MOST_LOST = 3  # connections one after the other, before the rest waits for the next round

Wait = Callable[[float], None]


def hand_over_all(job: Job, items: Sequence[Item], ledger: Ledger, outcome: Outcome, wait: Wait) -> None:
    """Every mail once over, then every other way out; then again what was not taken, after growing
    waits. What is not taken by all that stays for the next run."""
    if job.options.rehearsal:
        leave_alone(job, items, "a rehearsal hands nothing over", outcome)
    mails = _Mails(MailHandover(job, ledger), outcome)
    mails.claim([item for item in items if item.recipient])
    outlets = [] if job.options.rehearsal else [job.settings.outlets[name] for name in job.delivery.also]
    turns = [_Turn(ParcelHandover(job, ledger, outlet), outcome) for outlet in outlets]
    for turn in turns:
        turn.claim(items)
    try:
        _rounds(job, mails, turns, wait)
    except LedgerError as error:
        mails.stopped(error)
        for turn in turns:
            turn.stopped(error)
        if outcome.count("sent"):  # which is what it says where nothing was
            error.message = error.message.replace("nothing is sent", "nothing more is sent")
        error.outcome = outcome
        raise


def _rounds(job: Job, mails: _Mails, turns: Sequence[_Turn], wait: Wait) -> None:
    patience, spent = job.settings.try_for, 0.0
    for attempt in range(ATTEMPTS):
        if attempt:
            pause = min(FIRST_WAIT * 3 ** (attempt - 1), LONGEST_WAIT)
            spent += pause
            if spent > patience:
                break
            wait(pause * random.uniform(0.8, 1.2))
        mails.round(patience - spent)
        for turn in turns:
            turn.round(patience - spent)
        if not mails.more() and not any(turn.more() for turn in turns):
            break
    for turn in turns:
        turn.end()
    mails.end(alone=not turns)


def leave_alone(job: Job, items: Sequence[Item], why: str, outcome: Outcome) -> None:
    """Tell of the ways out that a trial does not use."""
    for value in dict.fromkeys(item.value for item in items):
        for name in job.delivery.also:
            outcome.add(value, name, "skipped", why)


# --- mails ------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Mails:
    """The mails of a run: all of them, and those that were not taken yet."""

    handover: MailHandover
    outcome: Outcome
    items: Sequence[Item] = ()
    coming: list[Claimed] = field(default_factory=list)
    last: dict[str, str] = field(default_factory=dict)  # what was said of each, by Message-ID
    error: MailError | None = None  # why none can be sent
    begun: bool = False
    waited: float = 0.0  # seconds in vain, for a server that did not answer
    over: bool = False  # the server is not tried again in this run

    def claim(self, items: Sequence[Item]) -> None:
        """Note all that are to be sent, and tell of the others why they are not."""
        self.items = items
        with self.handover.together() if items else nullcontext():
            all_claimed = [self.handover.claim(item) for item in items]
        for claimed in all_claimed:
            standing = self.handover.standing(claimed.entry)
            if standing is None:
                self.coming.append(claimed)
            else:
                self.outcome.add(claimed.item.value, claimed.item.recipient, *standing)

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
            self.coming = _Round(self, left, deque(self.coming)).run()
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
        for item in (claimed.item for claimed in self.coming):
            reason = error.message if error else self.last.get(item.head.message_id, "")
            if not reason and self.over:
                reason = "the mail server did not answer, so it was left alone"
            later = error is None or error.temporary
            help = f" ({error.help})" if error and error.help and not later else ""
            result: Result = "pending" if later else "failed"
            self.outcome.add(item.value, item.recipient, result, reason + help)
        if not self.handover.job.options.rehearsal:
            self._remember()

    def stopped(self, error: LedgerError) -> None:
        """Tell of those that were not handed over for want of a ledger."""
        for item in (claimed.item for claimed in self.coming):
            result: Result = "pending" if error.temporary else "failed"
            self.outcome.add(item.value, item.recipient, result, "the run was stopped before")

    def _remember(self) -> None:
        """Keep of which figures a report was sent, so that a change can be told."""
        job, sent = (
            self.handover.job,
            {sent_before.value for sent_before in self.outcome.sent if sent_before.result == "sent"},
        )
        figures = {item.value: item.figures for item in reversed(self.items)}
        if not sent:
            return
        with self.handover.together():
            for value in dict.fromkeys(item.value for item in self.items):
                if value in sent:
                    entry = Entry(job.key(value), job.period, EVERYBODY, "sent", figures=figures[value])
                    self.handover.ledger.put(stamped(entry))


@dataclass(slots=True)
class _Round:
    """One attempt for each of the mails."""

    mails: _Mails
    left: float  # seconds that the run goes on trying
    coming: deque[Claimed]
    again: list[Claimed] = field(default_factory=list)  # what was not taken now
    mailer: Mailer | None = None
    carried: int = 0  # mails over this connection
    lost_in_a_row: int = 0
    silences: int = 0

    def run(self) -> list[Claimed]:
        """Those that were not taken now. Raises MailError where none could be tried."""
        try:
            while self.coming:
                since = time.monotonic()
                mailer = self.mailer or self._connected(since)
                if mailer is None or not self._next(mailer, since):
                    break
            return [*self.again, *self.coming]
        except LedgerError:
            self.mails.coming = [*self.again, *self.coming]
            raise
        finally:
            if self.mailer is not None:
                self.mailer.close()

    def _connected(self, since: float) -> Mailer | None:
        """A connection to the server, or None where it was there a moment ago: then the rest comes next time."""
        mails = self.mails
        try:
            smtp = mails.handover.job.settings.smtp
            self.mailer, self.carried = Mailer(smtp, last=self.left - mails.waited), 0
        except MailError as error:
            mails.waited += time.monotonic() - since if error.temporary else 0
            if len(self.coming) < len(mails.coming):
                return None
            raise
        return self.mailer

    def _next(self, mailer: Mailer, since: float) -> bool:
        """Hand the next one over; whether another may follow."""
        handover = self.mails.handover
        claimed = handover.fitted(mailer, self.coming[0])
        self.coming.popleft()
        try:
            claimed, answer = handover.hand_over(mailer, claimed)
        except NotNoted as error:
            if error.taken:
                item = claimed.item
                self.mails.outcome.add(item.value, item.recipient, "sent", NOT_NOTED, notable=True)
            else:
                self.coming.appendleft(claimed)
            raise
        except LedgerError:
            self.coming.appendleft(claimed)
            raise
        except MailError as error:
            if len(self.coming) + 1 == len(self.mails.coming):
                raise
            for item in (other.item for other in (claimed, *self.coming)):
                self.mails.outcome.add(item.value, item.recipient, "failed", error.message)
            self.coming.clear()
            return False
        self.mails.last[claimed.item.head.message_id] = answer.said
        if answer.lost:
            mailer.close()
            self.mailer = None
            if self.carried and answer.outcome == "later" and not answer.silent:
                # Many servers take so many mails over a connection: on over a new one.
                self.coming.appendleft(claimed)
                return True
        self._count(answer, since)
        self._tell(claimed, answer)
        if self.silences >= MOST_SILENCES:
            self.mails.over = True
        return not self.mails.over and self.lost_in_a_row < MOST_LOST

    def _count(self, answer: Answer, since: float) -> None:
        if answer.lost:
            self.lost_in_a_row += 1
        else:
            self.lost_in_a_row = 0
            self.carried += 1
        self.silences = self.silences + 1 if answer.silent else 0
        if answer.silent:
            self.mails.waited += time.monotonic() - since

    def _tell(self, claimed: Claimed, answer: Answer) -> None:
        """Say what became of a mail, or leave it to another round."""
        item, hold = claimed.item, self.mails.handover.job.delivery.in_doubt == "hold"

        def add(result: Result, said: str, *, notable: bool = False) -> None:
            self.mails.outcome.add(item.value, item.recipient, result, said, notable=notable)

        match answer.outcome:
            case "sent" if claimed.entry.copies > 1:
                add("sent", ONCE_MORE, notable=True)
            case "sent":
                add("sent", f"instead of {', '.join(item.meant)}" if item.meant else answer.said)
            case "refused":
                add("refused", answer.said)
            case "doubt" if answer.silent:  # it may only be slow: a second one would be one too many
                add("doubt", f"{answer.said}; --resend sends it again")
            case "doubt" if hold or claimed.entry.copies >= MOST_COPIES:
                add("doubt", answer.said)
            case _:
                self.again.append(claimed)


# --- other ways out ---------------------------------------------------------------------------


@dataclass(slots=True)
class _Turn:
    """What one way out is to get. `over` says that it is not tried again in this run."""

    handover: ParcelHandover
    outcome: Outcome
    coming: deque[Claimed] = field(default_factory=deque)
    said: dict[str, str] = field(default_factory=dict)  # why each value's was not taken
    of_all: str = ""  # what of it concerns those who had no turn
    spent: float = 0.0  # seconds in which it did not answer
    over: bool = False

    @property
    def name(self) -> str:
        """What the project calls it."""
        return self.handover.outlet.name

    def claim(self, items: Sequence[Item]) -> None:
        """The parcels, one for each value; of those that it has, or may have, it is told."""
        for item in {item.value: item for item in reversed(items)}.values():
            claimed = self.handover.claim(item)
            standing = self.handover.standing(claimed.entry)
            if standing is None:
                self.coming.appendleft(claimed)
            else:
                self.outcome.add(item.value, self.name, *standing)

    def more(self) -> bool:
        """Whether another attempt may do."""
        return bool(self.coming) and not self.over

    def round(self, left: float) -> None:
        """Hand over until it does not take one: then the others wait with it."""
        while self.more():
            with undisturbed():
                if not self._next(left):
                    return

    def _next(self, left: float) -> bool:
        """Hand the next one over; whether another may follow."""
        item = self.coming[0].item
        try:
            taken = self.handover.hand_over(self.coming[0], left - self.spent)
        except NotNoted as failed:
            if failed.taken:
                self.outcome.add(item.value, self.name, "sent", NOT_NOTED, notable=True)
                self.coming.popleft()
            raise
        error, reason = taken.error, taken.said
        result: Result = "sent"
        if error is not None:
            self.spent += taken.seconds
            self.said[item.value], self.of_all = error.message, error.of_all
            if error.temporary and not error.doubt:
                self.coming.rotate(-1)  # it may be this one that it does not take
                self.over = self.spent >= left
                return False
            result = "doubt" if error.doubt else "failed"
            reason = f"{reason}; --resend sends it again" if error.doubt else reason
            self.over = error.doubt
        self.outcome.add(item.value, self.name, result, reason)
        self.coming.popleft()
        return not self.over

    def stopped(self, error: LedgerError) -> None:
        """Tell of those that were not handed over for want of a ledger."""
        for claimed in self.coming:
            result: Result = "pending" if error.temporary else "failed"
            self.outcome.add(claimed.item.value, self.name, result, "the run was stopped before")

    def end(self) -> None:
        """Leave to the next run what it was not given."""
        for claimed in self.coming:
            reason = self.said.get(claimed.item.value, self.of_all)
            self.handover.put_off(claimed, reason)
            self.outcome.add(claimed.item.value, self.name, "pending", reason)
