"""How a project sends: the `deliver` of its file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from reportspec.addresses import split, unfit
from reportspec.confidential import is_certain
from reportspec.diagnostics import suggestion
from reportspec.model.mail import Mail, Outlet
from reportspec.resolve.document import Document, Place

_PLACES = ("report", "period", "each")
MOST_TRYING = 600.0  # seconds for which a run goes on trying


def mail_of(document: Document, data: Mapping[str, Any]) -> Mail:
    """How the project sends."""
    delivery = data.get("deliver")
    if not isinstance(delivery, dict):
        return Mail()
    base: Place = ("deliver",)
    _check_ends(document, delivery)
    for index, entry in enumerate(delivery.get("allow") or ()):
        named = split(f"x{entry}" if str(entry).startswith("@") else str(entry))
        if named is None or str(entry).startswith("*") or "<" in str(entry) or unfit(named[1]):
            document.tell(
                "bad-address",
                f"`{str(entry)[:80]}` is no address and no domain",
                (*base, "allow", index),
                "write `anna@example.com`, or `@example.com` for all of a domain",
            )
    outlets = delivery.get("outlets") or {}
    return Mail(
        str(delivery.get("smtp") or ""),
        str(delivery.get("from") or ""),
        tuple(map(str, delivery.get("allow") or ())),
        str(delivery.get("ledger") or Mail().ledger),
        float(delivery.get("max_size", Mail().max_size)),
        _seconds(delivery.get("try_for"), Mail().try_for),
        {name: _outlet(document, name, spec) for name, spec in outlets.items()},
        document.span((*base, "allow")),
    )


def _seconds(given: Any, otherwise: float) -> float:
    """A length of time (`90s`, `2m`) in seconds; the schema has said what is wrong with another."""
    match = re.fullmatch(r"(\d{1,4})([sm])", str(given or ""))
    return min(int(match[1]) * (60 if match[2] == "m" else 1), MOST_TRYING) if match else otherwise


def _check_ends(document: Document, given: Mapping[str, Any]) -> None:
    """Who sends, through what, and where that is written down."""
    sender, smtp, ledger = (str(given.get(key) or "") for key in ("from", "smtp", "ledger"))
    named = split(sender)
    why = unfit(named[1]) if named else "is no address"
    if sender and why:
        document.tell(
            "bad-address", f"`{sender[:80]}` {why}", ("deliver", "from"), "write `Reports <reports@example.com>`"
        )
    if smtp and not _is_url(smtp, "smtp", "smtps"):
        document.tell(
            "bad-url",
            "`deliver.smtp` is no URL of a mail server",
            ("deliver", "smtp"),
            "write smtps://user:${SMTP_PASSWORD}@smtp.example.com:465, odd characters of the password as %-codes",
        )
    if "://" in ledger and not ledger.startswith(("postgres://", "postgresql://")):
        document.tell(
            "bad-url",
            "a ledger is a file or a PostgreSQL database",
            ("deliver", "ledger"),
            "write a path, or postgresql://…",
        )
    elif "://" in ledger and not is_certain(ledger):
        document.tell(
            "bad-url",
            "the ledger's URL can be read in two ways",
            ("deliver", "ledger"),
            "write odd characters of a password as %-codes: `@` as `%40`, `/` as `%2F`",
        )


def _is_url(text: str, *schemes: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is no number
        return parts.scheme in schemes and bool(parts.hostname)
    except ValueError:
        return False


def _outlet(document: Document, name: str, spec: Mapping[str, Any]) -> Outlet:
    kind = next(
        (kind_of_outlet for kind_of_outlet in ("folder", "store", "webhook", "slack") if kind_of_outlet in spec), ""
    )
    place: Place = ("deliver", "outlets", name, kind)
    target, link = str(spec.get(kind, "")), str(spec.get("link") or "")
    here = re.match(r"http://(localhost|127\.0\.0\.1)[:/]", target)
    if kind in ("webhook", "slack") and target and not (here or _is_url(target, "https")):
        document.tell(
            "bad-url",
            f"the {kind} of `{name}` is no https address",
            place,
            "write https://…; http:// leads to this machine only",
        )
    elif kind in ("webhook", "slack") and "@" in target.split("://", 1)[-1].partition("/")[0]:
        document.tell(
            "bad-url",
            f"the {kind} of `{name}` has a user in its address, and none is named to who takes it",
            place,
            "leave it out; a receiver that has to know the sender takes a token in the path",
        )
    patterns: list[tuple[str, Place]] = [(link, ("deliver", "outlets", name, "link"))]
    if kind in ("folder", "store"):
        patterns.append((target, place))
    for text, where in patterns:
        for part in re.findall(r"\{([^{}]*)\}", text):
            if part not in _PLACES:
                document.tell(
                    "bad-pattern",
                    f"`{{{part[:40]}}}` stands for nothing here",
                    where,
                    suggestion(part, _PLACES) or "there are {report}, {period}, {each}",
                )
    return Outlet(name, kind, target, link)
