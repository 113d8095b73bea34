"""What the ledger knows, for people and programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from reportspec.check.model import Project
from reportspec.deliver.ledger import Entry, open_ledger

_STATES = {"claimed": "not taken yet", "data": "in doubt", "sent": "sent", "refused": "refused"}


@dataclass(frozen=True, slots=True)
class Delivered:
    """One line of the ledger: a report, its period, a recipient, and what became of it when."""

    report: str
    period: str
    recipient: str
    state: str
    at: str
    subject: str
    said: str


def deliveries(
    project: Project, report: str | None = None, failed: bool = False
) -> list[Delivered]:
    """The mails and other deliveries of a project, newest first. Raises LedgerError."""
    place = project.mail.ledger
    if "://" not in place and not (project.root / place).exists():
        return []  # nothing was ever sent, and looking leaves no file
    ledger = open_ledger(place, project.root)
    try:
        entries = ledger.entries()
    finally:
        ledger.close()
    return [
        _told(one)
        for one in entries
        if one.recipient != "*"
        and (report is None or one.report.partition("[")[0].partition("?")[0] == report)
        and not (failed and one.state == "sent")
    ]


def _told(entry: Entry) -> Delivered:
    start, _, end = entry.period.partition("/")
    return Delivered(
        entry.report.replace("!failure", " (notice of failure)"),
        _days(start, end),
        entry.recipient.removeprefix("outlet:"),
        _STATES[entry.state],
        entry.at,
        entry.subject,
        entry.said,
    )


def _days(start: str, end: str) -> str:
    """A period by its first and last day; of a notice its day."""
    try:
        last = date.fromisoformat(end) - timedelta(days=1)
    except ValueError:
        return start
    return start if last.isoformat() == start else f"{start} to {last.isoformat()}"


def as_json(listed: Sequence[Delivered]) -> str:
    """A list of objects."""
    rows = [{name: getattr(one, name) for name in Delivered.__slots__} for one in listed]
    return json.dumps(rows, ensure_ascii=False, indent=2)


def as_table(listed: Sequence[Delivered], limit: int) -> str:
    """A table as wide as what is in it."""
    if not listed:
        return "nothing was sent yet"
    rows = [("when", "report", "period", "recipient", "state")]
    rows += [(one.at.replace("T", " ")[:16], one.report, one.period, one.recipient,
              one.state if one.state == "sent" or not one.said else f"{one.state}: {one.said}") for one in listed[:limit]]  # fmt: skip
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    lines = [
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]
        ).rstrip()
        for row in rows
    ]
    if len(listed) > limit:
        lines.append(f"… and {len(listed) - limit} more; --limit shows them")
    return "\n".join(lines)
