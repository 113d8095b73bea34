"""What a broken value could be: only what follows from the value itself, or from what other records have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reportspec.expression.patterns import for_all
from reportspec.model.audits import AuditCheck, Proposal

_ONE_SLIP, _SAME_WORD = 0.9, 0.95  # how sure a proposal is that undoes one slip, or writes a word as it is declared


def proposed(check: AuditCheck, field: str, value: str, most: str = "", share: float | None = None) -> Proposal:
    """What a field could be that breaks a check; `most` is what the share of the records like it have."""
    if most and most != value:
        return Proposal(field, value, most, share)
    if check.kind == "format" and field.endswith("email"):
        pattern = for_all(check.pattern, r"\Z")
        found = [text for text in _without_slip(value) if re.search(pattern, text)]
        if len(set(found)) == 1:
            return Proposal(field, value, found[0], _ONE_SLIP)
    contract = check.contract
    if contract is not None and contract.kind == "misspelt-value" and contract.field is not None:
        same = [known for known in contract.field.values if known.casefold() == value.strip().casefold()]
        if len(same) == 1:
            return Proposal(field, value, same[0], _SAME_WORD)
    return Proposal(field, value)


def _without_slip(address: str) -> Iterator[str]:
    """An address without one of the slips that people make: blanks, a sign too much, a comma for a point."""
    bare = address.strip()
    for text in (
        bare,
        bare.rstrip(".,;"),
        bare.removeprefix("mailto:"),
        bare.strip('<>()"'),
        re.sub(r"[\s\u200b-\u200d\u2060\ufeff]+", "", bare),  # also those that nobody sees
        re.sub(r"@{2,}", "@", bare),
        re.sub(r"\.{2,}", ".", bare),
        bare.replace(",", "."),
    ):
        if text != address:
            yield text
