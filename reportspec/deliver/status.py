"""What the ledger knows, for people and programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

from reportspec.deliver.ledger import Entry, Tell, open_ledger, silent
from reportspec.diagnostics import suggestion, text_width
from reportspec.lazy_dataclass import dataclass
from reportspec.model.mail import Mail

NOTICE = "!failure"  # after a report's name: what those who look after it were told of its failures
_STATES = {"claimed": "not taken yet", "data": "in doubt", "sent": "sent", "refused": "refused"}
_FOR_GOOD = (
    "refused: not tried again in its period until the address, the spec, the sender or the server"
    " changes, or by --resend"
)
_ALL = "*"  # the recipient under which the figures last sent are kept
_WIDEST = (16, 44, 24, 40)  # letters of a table's columns; in JSON all is whole
_LONGEST = 120  # of the last column


@dataclass(frozen=True, slots=True)
class Delivered:
    """One line of the ledger: a report, its period, a recipient, and what became of it when (UTC). Of a
    `notice` of failure `said` is what went wrong."""

    report: str
    period: str
    recipient: str
    state: str
    at: str
    subject: str
    said: str
    notice: bool = False


def deliveries(
    mail: Mail, root: Path, report: str | None = None, failed: bool = False, tell: Tell = silent
) -> list[Delivered]:
    """The mails and other deliveries of a project, newest first: all, or those of a report, which is
    named as the ledger does or by its file's path. `failed` leaves out what arrived; `tell` is given a
    line where another program has to be waited for. Raises LedgerError."""
    wanted = _names_of(report, root) if report is not None else None
    return [
        _told(entry)
        for entry in _entries(mail, root, tell)
        if (wanted is None or any(_is_of(entry, name) for name in wanted))
        and not (failed and entry.state == "sent" and NOTICE not in entry.report)
    ]


def nearest(mail: Mail, root: Path, report: str) -> str | None:
    """The report of the ledger that was likely meant by one that it does not have, as a question."""
    known = {entry.report.partition("[")[0].partition("?")[0] for entry in _entries(mail, root)}
    known = {name.removesuffix(NOTICE) for name in known}
    return suggestion(report, known) or suggestion(Path(report).name, known)


def _entries(mail: Mail, root: Path, tell: Tell = silent) -> list[Entry]:
    if "://" not in mail.ledger and not (root / mail.ledger).exists():
        return []  # nothing was ever sent, and looking leaves no file
    ledger = open_ledger(mail.ledger, root, reading=True, tell=tell)
    try:
        return [entry for entry in ledger.entries() if entry.recipient != _ALL]
    finally:
        ledger.close()


def _names_of(report: str, root: Path) -> set[str]:
    """What a report that was typed may be called in the ledger: as it was typed, or by the file that
    it leads to from here."""
    names = {report, report.removeprefix("./")}
    with suppress(ValueError, OSError):  # of what leads out of the project
        names.add(Path(report).resolve().relative_to(root.resolve()).as_posix())
    return names


def _is_of(entry: Entry, name: str) -> bool:
    """Whether an entry is one of a report, whatever its params and value are."""
    rest = entry.report.removeprefix(name)
    return entry.report == name or (rest != entry.report and rest[:1] in ("?", "[", "!"))


def _told(entry: Entry) -> Delivered:
    start, _, end = entry.period.partition("/")
    return Delivered(
        entry.report.replace(NOTICE, ""),
        days(start, end),
        entry.recipient.removeprefix("outlet:"),
        _STATES.get(entry.state, entry.state),
        entry.at,
        entry.subject,
        entry.said,
        NOTICE in entry.report,
    )


def days(start: str, end: str) -> str:
    """A period by its first and last day; of a notice its day."""
    try:
        last = date.fromisoformat(end) - timedelta(days=1)
    except ValueError:
        return start
    return start if last.isoformat() == start else f"{start} to {last.isoformat()}"


def as_json(listed: Sequence[Delivered]) -> str:
    """A list of objects."""
    rows = [{name: getattr(entry, name) for name in Delivered.__slots__} for entry in listed]
    return json.dumps(rows, ensure_ascii=False, indent=2)


def as_table(listed: Sequence[Delivered], limit: int) -> str:
    """A table as wide as what is in it; of what is too long for its column the middle is left out."""
    rows = [("when (UTC)", "report", "period", "recipient", "state")]
    rows += [tuple(map(_plain, _row(entry))) for entry in listed[:limit]]  # type: ignore[misc]
    cells = [
        [
            *(_cut(cell, most) for cell, most in zip(row, _WIDEST, strict=False)),
            row[4] if len(row[4]) <= _LONGEST else row[4][: _LONGEST - 1] + "…",
        ]
        for row in rows
    ]
    widths = [max(text_width(row[at]) for row in cells) for at in range(4)]
    lines = [
        "  ".join([*(_padded(cell, width) for cell, width in zip(row, widths, strict=False)), row[4]]).rstrip()
        for row in cells
    ]
    if any(entry.state == _STATES["refused"] and not entry.notice for entry in listed[:limit]):
        lines.append(_FOR_GOOD)
    if len(listed) > limit:
        lines.append(f"… and {len(listed) - limit} more; --limit shows them")
    return "\n".join(lines)


def _row(one: Delivered) -> tuple[str, str, str, str, str]:
    state = "told of a failure" if one.notice and one.state == "sent" else one.state
    reason = one.said if one.notice or one.state != "sent" else ""
    return (
        one.at.replace("T", " ")[:16],
        one.report,
        one.period,
        one.recipient,
        f"{state}: {reason}" if reason else state,
    )


def _plain(text: str) -> str:
    """A text on one line: values and servers' answers may hold anything."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _cut(text: str, most: int) -> str:
    if text_width(text) <= most:
        return text
    # Wide letters take two places: then fewer of them are kept.
    kept = most - 1 if text_width(text) == len(text) else (most - 1) // 2
    return f"{text[: kept // 2]}…{text[len(text) - (kept - kept // 2) :]}"


def _padded(text: str, places: int) -> str:
    return text + " " * (places - text_width(text))
