"""Sending one spec, whatever becomes of it: what the command line and `api` have in common."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from reportspec.building import Order, load
from reportspec.check.report import Checked
from reportspec.deliver import send as sending
from reportspec.deliver.ledger import Tell, silent
from reportspec.deliver.maintainers import Failure, failure, maintainers, tell
from reportspec.deliver.outlets.censor import without_secrets
from reportspec.deliver.send import Outcome, Result, SendOptions, Sent, Wait
from reportspec.deliver.status import days
from reportspec.diagnostics import Diagnostic, in_order, one_line, shortened
from reportspec.errors import LedgerError, ReportspecError
from reportspec.lazy_dataclass import dataclass
from reportspec.problems import problems_of
from reportspec.stopping import end_if_told

NO_DELIVERY = "no-delivery"  # the code of what is said of a spec that is not to be sent at all
_LACKING: tuple[Result, ...] = ("failed", "refused", "doubt")


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of a spec that was to be sent: what is wrong, what became of each mail where it came
    to that, and whether another run may do what this one could not. It was `stopped` where the ledger failed within
    it."""

    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]
    outcome: Outcome | None = None
    temporary: bool = False
    stopped: bool = False

    @property
    def code(self) -> int:
        """0 if all is well, 1 if somebody did not get it, 75 if not yet."""
        if self.outcome is None:
            return 75 if self.temporary else 1
        if self.outcome.count(*_LACKING) or (self.stopped and not self.temporary):
            return 1
        return 75 if self.stopped or self.outcome.count("pending") else 0


def attempt(path: Path, order: Order, options: SendOptions, *, wait: Wait = time.sleep, say: Tell = silent) -> Attempt:
    """Check a spec, build its report and send it, and tell those who look after it of what went
    wrong; `say` is given a line where another program has to be waited for. Raises only
    what is a bug, of which they are told as well."""

    def told(failures: list[Failure], period: str = "") -> str | None:
        if options.dry_run is not None or options.rehearsal or not failures:
            return None
        who = maintainers(path, order.now, order.environment, order.settings)
        return tell(who, failures, period) if who is not None else None

    try:
        checked = load(path, order)
        attempted = _sent(path, checked, order, options, wait, say)
    except Exception as error:
        end_if_told()  # a library may have taken the signal for an error of its own
        with contextlib.suppress(Exception):
            name = type(error).__name__
            message = f"reportspec has a bug: {name}: {without_secrets(str(error), '')}"
            told([failure(message, name)])
        raise
    start, end = (checked.report.period.start, checked.report.period.end) if checked.report else ("", "")
    why = told(_failures(attempted), days(str(start), str(end)))
    if why is None:
        return attempted
    more = Diagnostic("not-told", f"{path}: {why}", None, "look at `deliver` in the project file")
    return replace(attempted, diagnostics=(*attempted.diagnostics, more))


def _sent(path: Path, checked: Checked, order: Order, options: SendOptions, wait: Wait, say: Tell) -> Attempt:
    diagnostics, report = in_order(checked.diagnostics), checked.report
    if checked.broken or report is None:
        return Attempt(diagnostics, checked.texts)
    if report.delivery is None:
        help = "add for example `deliver: {to: anna@example.com}`"
        lacking = Diagnostic(NO_DELIVERY, f"{path}: the spec has no `deliver`", None, help)
        return Attempt((*diagnostics, lacking), checked.texts)
    try:
        outcome = sending.send(report, checked.spec_text, options, order.only, wait=wait, tell=say)
    except (ReportspecError, OSError) as error:
        problems = problems_of(path, error, report)
        temporary = isinstance(error, ReportspecError) and error.temporary
        until = error.outcome if isinstance(error, LedgerError) and isinstance(error.outcome, Outcome) else None
        return Attempt((*diagnostics, *problems), checked.texts, until, temporary, stopped=until is not None)
    return Attempt((*diagnostics, *outcome.warnings), checked.texts, outcome)


# --- what is wrong with it ----------------------------------------------------------------------


def _failures(made: Attempt) -> list[Failure]:
    """What those who look after the report are told."""
    errors = [diagnostic for diagnostic in made.diagnostics if diagnostic.severity == "error"]
    return [*map(_of_diagnostic, errors), *map(_of_sent, lacking(made.outcome))]


def lacking(outcome: Outcome | None) -> list[Sent]:
    """Those who did not get the report, and will not unless something is done about it."""
    return [sent for sent in outcome.sent if sent.result in _LACKING] if outcome is not None else []


def _of_diagnostic(one: Diagnostic) -> Failure:
    place = f"{one.span.file}:{one.span.line}:{one.span.column}: " if one.span else ""
    help = f" ({one.help})" if one.help else ""
    return failure(f"{place}{one.message}{help}", f"{one.code} {failure(one.message).reason}")


def _of_sent(one: Sent) -> Failure:
    return Failure(sent_line(one), "\0".join((one.result, one.value, one.recipient)))


RESULTS = {
    "sent": "sent",
    "already": "has it already",
    "skipped": "skipped",
    "pending": "not taken yet",
    "refused": "refused",
    "doubt": "in doubt",
    "failed": "not sent",
    "written": "written",
    "busy": "nothing to do",
}


_LONGEST_VALUE, _LONGEST = 100, 1000  # letters in a line


def sent_line(one: Sent) -> str:
    """What became of one mail, in a line; of a long value and what was said, the beginning."""
    value = shortened(one.value, _LONGEST_VALUE)
    who = f"{one.recipient} ({value})" if one.recipient and value else one.recipient or value
    # A value of the data with a line end would write lines of its own.
    return one_line(": ".join(part for part in (RESULTS[one.result], who, shortened(one.said, _LONGEST)) if part))


def as_diagnostics(path: Path, outcomes: Iterable[Sent]) -> list[Diagnostic]:
    """What became of mails that were not sent, for programs that read mistakes; of those that were, what a reader
    has to know."""
    codes = {"failed": "not-sent", "refused": "refused", "doubt": "in-doubt", "pending": "not-yet"}
    return [
        Diagnostic(
            codes.get(sent.result, "sent-again"),
            f"{path}: {sent_line(sent)}",
            severity="error" if sent.result in codes else "warning",
        )
        for sent in outcomes
        if sent.result in codes or sent.notable
    ]
