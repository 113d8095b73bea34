"""What is found of one thing that is looked at."""

from __future__ import annotations

from typing import Literal

from reportspec.diagnostics import Diagnostic
from reportspec.lazy_dataclass import dataclass

Level = Literal["ok", "note", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what it is, how it is, and what to do where it is not well."""

    level: Level
    what: str
    said: str
    help: str | None = None


def of_diagnostic(told: Diagnostic) -> Finding:
    place = f" ({told.span.file}:{told.span.line})" if told.span else ""
    notes = "".join(f"; {note}" for note in told.notes)
    return Finding(told.severity, "rows", f"{told.message}{notes}{place}", told.help)
