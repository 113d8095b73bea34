"""What is asked of a run, and what became of each mail."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import Literal

from reportspec.diagnostics import Diagnostic
from reportspec.lazy_dataclass import dataclass

Result = Literal["sent", "already", "skipped", "pending", "refused", "doubt", "failed", "written", "busy"]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one mail: the report's value (of bursting), the recipient, and why. `notable` says that what
    was said matters though it was sent."""

    value: str
    recipient: str
    result: Result
    said: str = ""
    notable: bool = False


@dataclass(slots=True)
class Outcome:
    """What became of a report. `busy` says that another process sends it; `warnings` are those of its
    spec, and of what could not be told to those who look after it."""

    file: str
    period: str
    sent: list[Sent] = field(default_factory=list)
    warnings: tuple[Diagnostic, ...] = ()

    def add(self, value: str, recipient: str, result: Result, said: str = "", *, notable: bool = False) -> None:
        self.sent.append(Sent(value, recipient, result, said, notable))

    def count(self, *results: Result) -> int:
        """How many ended in one of those ways."""
        return sum(sent.result in results for sent in self.sent)

    def names(self, value: str) -> bool:
        """Whether anything is told of a value."""
        return any(sent.value == value for sent in self.sent)


@dataclass(frozen=True, slots=True)
class SendOptions:
    """What was asked of a run: a folder for `.eml` files instead of sending, an address for a
    rehearsal, and whether to send again."""

    dry_run: Path | None = None
    rehearsal: str = ""
    resend: bool = False
