"""Personal data, covered."""

from __future__ import annotations

from reportspec.duplicates.groups import Shown
from reportspec.duplicates.knowledge import knowledge

_COVER = "…"


def masked(shown: Shown) -> str:
    """A value with so much of it that somebody who knows it knows it again: `a…@acme.com`, `…67`, `1971…`, `M…`. What
    is of companies and deals stays."""
    text, comparison = shown.value, shown.comparison
    if comparison in knowledge().shown:
        return text
    if comparison == "email" and "@" in text:
        mailbox, _, domain = text.rpartition("@")
        return f"{mailbox[:1]}{_COVER}@{domain}"
    if comparison in ("phone", "national_id", "tax_id"):
        return f"{_COVER}{text[-2:]}" if len(text) > 5 else _COVER
    if comparison == "birth_date":
        return f"{text[:4]}{_COVER}" if text[:4].isdigit() else _COVER
    return f"{text[:1]}{_COVER}"
