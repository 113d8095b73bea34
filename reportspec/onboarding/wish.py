"""What somebody who begins a project says of it, who is asked, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Protocol

from reportspec.diagnostics import Diagnostic
from reportspec.lazy_dataclass import dataclass


class NoStart(Exception):
    """A project cannot be begun: why, and the way out."""

    def __init__(self, message: str, help: str | None = None, code: str = "no-start") -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(code, message, None, help)


class Asker(Protocol):
    """Who answers what the data leave open."""

    def choose(self, question: str, options: Sequence[str], proposed: str) -> str:
        """One of the options; others are taken too where the last one is empty."""

    def confirm(self, question: str, proposed: bool) -> bool:
        """Yes or no."""


class Takes:
    """Takes what is proposed."""

    def choose(self, question: str, options: Sequence[str], proposed: str) -> str:
        """What is proposed."""
        return proposed

    def confirm(self, question: str, proposed: bool) -> bool:
        """What is proposed."""
        return proposed


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody said: the files, folders or the URL; the folder of the project; and what is settled already."""

    sources: tuple[str, ...]
    folder: Path
    crm: str = ""
    timezone: str = ""
    locale: str = ""
    currency: str = ""
    date_order: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)  # field -> its column
    again: bool = False  # the folder may have a project, beside which what is proposed otherwise is written


@dataclass(frozen=True, slots=True)
class Started:
    """What came of it: the files that were written, the PDF (none where no report can be made yet), how the source was
    taken, what is to be confirmed and what could not be told, and what went wrong at the end."""

    files: tuple[str, ...]
    pdf: Path | None
    taken: tuple[str, ...]
    confirm: tuple[str, ...]
    open: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)


Tell = Callable[[str], None]
