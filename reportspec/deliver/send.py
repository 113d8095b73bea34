"""Sending a report: all is built, then all is checked, then it is handed over, and each step is in
the ledger before the next one is taken."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from reportspec import building
from reportspec.building import Made
from reportspec.burst.values import Value, no_values
from reportspec.deliver.compose import Item, identity, mails_of
from reportspec.deliver.job import Job, ValueReport
from reportspec.deliver.ledger import Ledger, Tell, open_ledger, silent
from reportspec.deliver.outcome import Outcome, Result, SendOptions, Sent
from reportspec.deliver.policy import check_sendable, held_back, sent_to_all, unaimed
from reportspec.deliver.proof import check_parcel, mixed_up
from reportspec.deliver.rounds import Wait, hand_over_all, leave_alone
from reportspec.deliver.spelling import spelled
from reportspec.errors import NotSent
from reportspec.files import write_whole
from reportspec.formats.pool import makers
from reportspec.model.figures import Figures
from reportspec.model.spec import Report
from reportspec.naming import slug


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
    job = Job(report, delivery, spec_text, options)
    check_sendable(job)
    outcome = Outcome(report.file, job.period)
    if options.dry_run is not None:
        items = _built(job, only, None, outcome)
        for item in items:
            _write(options.dry_run, item, outcome)
        leave_alone(job, items, "a dry run hands nothing over", outcome)
        return outcome
    ledger = open_ledger(report.project.mail.ledger, report.project.root, tell=tell)
    try:
        with ledger.sender(job.name) as mine:
            if not mine:
                outcome.add("", "", "busy", "another process is sending this report")
                return outcome
            ledger = spelled(ledger, job.file, job.name, report.declared)
            items = _built(job, only, ledger, outcome)
            _check(job, items, ledger)
            hand_over_all(job, items, ledger, outcome, wait)
            return outcome
    finally:
        ledger.close()


def _built(job: Job, only: tuple[str, ...], ledger: Ledger | None, outcome: Outcome) -> list[Item]:
    """All mails that are to be sent, built. Nothing is built again that was stored and not sent."""
    reports = building.make(Path(job.report.file), job.report, only)
    outcome.warnings = reports.warnings
    if not reports.figures and not reports.absent:  # of a file of recipients each value is told
        raise no_values(job.report)
    for value, reason in reports.absent:
        outcome.add(value, "", "failed", reason)
    wanted = _wanted(job, reports, ledger, outcome)
    items: list[Item] = []
    with makers(len(wanted) if job.forms else 0) as make:
        asked_for = [(figures, job.forms, job.file_stem(of.part), job.spec_text) for of, figures in wanted]
        for (of, figures), files in zip(wanted, make(asked_for), strict=True):
            items += mails_of(job, ValueReport(of, figures, files), ledger, outcome)
    return items


def _wanted(job: Job, made: Made, ledger: Ledger | None, outcome: Outcome) -> list[tuple[Value, Figures]]:
    """The values whose reports are to be sent; of the others the outcome says why not."""
    wanted = []
    some_aimed = any(unaimed(job.delivery.when, job.report, figures) is None for _, figures in made.figures)
    for of, figures in made.figures:
        if of.several:
            differ = ", ".join(of.several)
            reason = f"several rows have this name and differ in {differ}, so it is not clear whose report it is"
            outcome.add(of.value, "", "failed", reason)
        elif sent := sent_to_all(job, of, figures, ledger):
            for recipient, at in sent:
                outcome.add(of.value, recipient, "already", f"sent {at}")
        elif why := held_back(job, of.value, figures, ledger, some_aimed=some_aimed):
            outcome.add(of.value, "", *why)
        else:
            wanted.append((of, figures))
    return wanted


def _check(job: Job, items: Sequence[Item], ledger: Ledger) -> None:
    """That all was made for whom it goes to. Raises SourceError, before anything is sent."""
    for item in items:
        check_parcel(item.value, item.parcel, item.statements)
        named = (item.head.message_id, item.head.refers)
        if item.recipient and named != identity(job, item.value, item.recipient, ledger):
            raise mixed_up(item.value)


def _write(folder: Path, item: Item, outcome: Outcome) -> None:
    if not item.recipient:
        return
    names = item.parcel.names
    each = [names["each"]] if item.value else []
    path = folder / f"{'-'.join((names['report'], names['period'], *each, slug(item.recipient)))}.eml"
    write_whole(path, item.message)
    outcome.add(item.value, item.recipient, "written", str(path))


__all__ = ["Outcome", "Result", "SendOptions", "Sent", "Wait", "send"]
