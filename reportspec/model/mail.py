"""How reports leave: in which forms, to whom, when, and by which ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta
from typing import Literal, get_args

from reportspec.diagnostics import Span
from reportspec.lazy_dataclass import dataclass

# Each is a file in `formats/`; the schema of specs has the same names.
Form = Literal["pdf", "html", "xlsx", "csv", "md"]
FORMS: tuple[Form, ...] = get_args(Form)


@dataclass(frozen=True, slots=True)
class Outlet:
    """A way out beside mail: its kind (`folder`, `store`, `webhook`, `slack`) and where it leads.
    `link` is where its files can be fetched from."""

    name: str
    kind: str
    target: str = field(repr=False)
    link: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """How a project sends."""

    smtp: str = field(default="", repr=False)  # a URL with its password
    sender: str = ""
    allow: tuple[str, ...] = ()
    ledger: str = field(default=".reportspec/ledger.sqlite", repr=False)
    max_size: float = 10.0  # megabytes, encoded: what Postfix takes unless told otherwise
    try_for: float = 40.0  # seconds for what is not taken at once
    outlets: Mapping[str, Outlet] = field(default_factory=dict)
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """When to send: a word, or comparisons (metric, sign, number) of which all or any must hold."""

    word: Literal["always", "goal_missed", "goal_at_risk", "not_empty", "changed", "compare"]
    comparisons: tuple[tuple[str, str, float], ...] = ()
    every: bool = True


@dataclass(frozen=True, slots=True)
class Delivery:
    """Who gets a report, and when. Addresses and texts may have `{{ … }}` in them."""

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply_to: str = ""
    subject: str = ""
    body: str = ""
    when: Condition = Condition("always")
    empty: Literal["send", "skip", "fail"] = "send"
    attach: tuple[Form, ...] = ("pdf",)
    fresh_within: timedelta | None = None
    on_failure: tuple[str, ...] = ()
    in_doubt: Literal["resend", "hold"] = "resend"
    also: tuple[str, ...] = ()
