"""Whether a report is to be sent, and to whom: its condition, whether it is empty, how old its data are, who has it
already, and who may get it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil

from reportspec.addresses import allowed, bare, folded, split
from reportspec.burst.values import Value
from reportspec.check.when import SIGNS
from reportspec.deliver.job import EVERYBODY, OUTLET, Job
from reportspec.deliver.ledger import Ledger
from reportspec.deliver.outcome import Result
from reportspec.deliver.recipients import addresses, lists_of
from reportspec.deliver.template import Words
from reportspec.errors import NotSent
from reportspec.model.figures import Figures
from reportspec.model.mail import Condition
from reportspec.model.spec import Report
from reportspec.render.tile_texts import kpis

ALLOW = "add the address, or `@` and its domain, to `deliver: {allow: […]}` in the project file"


# --- to whom ----------------------------------------------------------------------------------


def check_sendable(job: Job) -> None:
    """That the project says how to send what is asked for. Raises NotSent."""
    settings, options = job.settings, job.options
    if options.rehearsal:
        if split(options.rehearsal) is None:
            raise NotSent(f"`{options.rehearsal[:80]}` is no address", "write `--to anna@example.com`")
        if not may_get(job, bare(options.rehearsal)):
            raise NotSent(f"`{options.rehearsal}` may not be sent a report", ALLOW)
    if not job.mailed:
        return
    if not settings.sender:
        raise NotSent(
            "a mail needs a sender, and the project names none",
            "add for example `from: Reports <reports@example.com>` to `deliver` in the project file",
        )
    if options.dry_run is None and not settings.allow:
        raise NotSent("the project allows nobody to be sent a report", ALLOW)
    if options.dry_run is None and not settings.smtp:
        raise NotSent(
            "the project names no mail server",
            "add `smtp:` to `deliver` in the project file (is its variable set?), or use --dry-run",
        )


def may_get(job: Job, address: str) -> bool:
    """Whether an address is allowed. Of a dry run nothing leaves, so that it does without a list."""
    allow = job.settings.allow
    return (job.options.dry_run is not None and not allow) or allowed(address, allow)


def sent_to_all(job: Job, of: Value, figures: Figures, ledger: Ledger | None) -> list[tuple[str, str]]:
    """The recipients of a value's report, with when it was sent, where all of them have it already: then it need
    not be built."""
    if ledger is None or job.options.resend or job.options.rehearsal:
        return []
    words, delivery, lists = Words(figures, of.more, job.report.params), job.delivery, lists_of(job.report)
    addressed = [addresses(words, texts, lists) for texts in (delivery.to, delivery.cc, delivery.bcc)]
    if any(those.unfit for those in addressed):
        return []
    mailed = [bare(address) for those in addressed for address in those.named]
    recipients = [*map(folded, mailed), *(f"{OUTLET}{name}" for name in delivery.also)]
    entries = [ledger.find(job.key(of.value), job.period, recipient) for recipient in recipients]
    sent = [entry.at for entry in entries if entry is not None and entry.state == "sent"]
    return list(zip([*mailed, *delivery.also], sent, strict=True)) if len(sent) == len(entries) else []


# --- whether ----------------------------------------------------------------------------------


def held_back(
    job: Job, value: str, figures: Figures, ledger: Ledger | None, *, some_aimed: bool
) -> tuple[Result, str] | None:
    """Why a report is not sent, if it is not: skipped by its author's wish, or failed."""
    report, delivery = job.report, job.delivery
    old = too_old(figures, delivery.fresh_within, report.now)
    if old is not None:
        return "failed", old
    if delivery.empty != "send" and empty(figures):
        return ("skipped" if delivery.empty == "skip" else "failed"), "the report is empty"
    changed = True
    if delivery.when.word == "changed" and ledger is not None:
        # Not those of this period: who is left of it still gets what the others were sent.
        last = ledger.last(job.key(value), EVERYBODY, job.period)
        changed = last is None or last.figures != digest_of(figures)
    if not job.options.rehearsal and not holds(delivery.when, figures, changed):
        why = unaimed(delivery.when, report, figures)
        if why is not None:
            # Of many some may well have no goal; that none has one is a mistake.
            return ("skipped" if some_aimed else "failed"), why
        return "skipped", "its condition does not hold"
    return None


def empty(figures: Figures) -> bool:
    """Whether no tile has a figure but nought and no table has a row with one."""
    for section in figures.sections:
        if any(kpi.value not in (None, 0, 0.0) for kpi in section.kpis):
            return False
        if section.shape != "table":
            continue
        figured = [at for at, column in enumerate(section.columns) if column.role in ("metric", "previous", "second")]
        if section.rows and not figured:
            return False
        if any(row[at] not in (None, 0, 0.0) for row in section.rows for at in figured):
            return False
    return True


def holds(condition: Condition, figures: Figures, changed: bool) -> bool:
    """Whether the report is to be sent. A comparison with a figure that is missing does not hold."""
    states: set[str] = {kpi.goal.state for section in figures.sections for kpi in section.kpis if kpi.goal}
    for section in figures.sections:
        states |= set(section.states)
    match condition.word:
        case "goal_missed":
            return "missed" in states
        case "goal_at_risk":
            return "missed" in states or "at_risk" in states
        case "not_empty":
            return not empty(figures)
        case "changed":
            return changed
        case "compare":
            failures = []
            for metric, sign, number in condition.comparisons:
                kpi = kpis(figures).get(metric)
                value = kpi.value if kpi else None
                known = isinstance(value, (int, float)) and not isinstance(value, bool)
                failures.append(known and bool(SIGNS[sign](float(value), number)))  # type: ignore[arg-type]
            return all(failures) if condition.every else any(failures)
        case _:
            return True


def unaimed(condition: Condition, report: Report, figures: Figures) -> str | None:
    """That goals on which the condition hangs have no target in this period, so that nobody knows whether it holds."""
    if condition.word not in ("goal_missed", "goal_at_risk"):
        return None
    judged: dict[str, bool] = {}
    for section in figures.sections:
        for kpi in section.kpis:
            if kpi.column.name in report.goals:
                judged[kpi.column.name] = judged.get(kpi.column.name, False) or kpi.goal is not None
    of = {spec.id: spec.judged for spec in report.sections if spec.judged}
    for section in figures.sections:
        if name := of.get(section.id):
            at = [column.name for column in section.columns].index("target")
            judged[name] = judged.get(name, False) or any(row[at] is not None for row in section.rows)
    missing = [f"`{name}`" for name, known in judged.items() if not known]
    if not missing:
        return None
    return (
        f"{' and '.join(missing)} {'has' if len(missing) == 1 else 'have'} no target of this period to be held against"
    )


def too_old(figures: Figures, within: timedelta | None, now: datetime) -> str | None:
    """Why the data are too old to be sent, or None."""
    if within is None:
        return None
    if figures.data_as_of is None:
        return "the source does not tell when it last changed, so its data may be too old"
    age = now - figures.data_as_of
    if age <= within:
        return None
    return f"the newest change in the source is {_span(age)} old; the report asks for {_span(within)} at most"


def _span(span: timedelta) -> str:
    """A span in words, rounded up: what is older than 24 hours is not 24 hours old."""
    minutes = ceil(span.total_seconds() / 60)
    if minutes >= 48 * 60:
        return f"{ceil(minutes / 60 / 24)} days"
    return f"{ceil(minutes / 60)} hours" if minutes >= 120 else f"{minutes} minutes"


def digest_of(figures: Figures) -> str:
    """What tells one state of the figures from another: the values, not when they were fetched."""
    parts_of_message = [
        [
            section.id,
            [list(map(str, row)) for row in section.rows],
            [str(kpi.value) for kpi in section.kpis],
        ]
        for section in figures.sections
    ]
    return sha256(json.dumps(parts_of_message, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()
