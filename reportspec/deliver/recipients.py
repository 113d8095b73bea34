"""Who gets a report: the addresses that the texts of `deliver` stand for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from email.utils import getaddresses

from reportspec.addresses import ascii_address, folded, split, unfit
from reportspec.burst.values import shown
from reportspec.check.deliver_texts import TEMPLATE
from reportspec.deliver.template import Words
from reportspec.lazy_dataclass import dataclass
from reportspec.model.spec import Report

_BETWEEN = re.compile(r"[\s,;]+")
_LONGEST = 254  # letters of an address (RFC 5321, 4.5.3.1)
_HIDDEN = ("Cc", "Cf", "Zl", "Zp")  # categories of letters that make a text no address
_PIECE = re.compile(r"(?:\{\{[^{}]*\}\}|[^\s,;])+")  # of a list of addresses in a spec


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses that were found, as they are to be shown; and what is none, with why."""

    named: tuple[str, ...]
    unfit: tuple[tuple[str, str], ...] = ()


def addresses(words: Words, texts: Sequence[str], lists: Collection[str]) -> Addresses:
    """The addresses that texts stand for. A value of the data is one address; those named in `lists`
    may hold several, with blanks, commas or semicolons between them, of which none is written to where
    one is no address: it may be a name's."""
    named: dict[str, str] = {}
    unfit = []
    for text in texts:
        for filled in _filled(words, text, lists):
            address = address_of(filled)
            if address is None:
                unfit.append((shown(filled), _no_address(filled)))
            else:
                named.setdefault(folded(address), filled.strip())
    return Addresses(tuple(named.values()), tuple(unfit))


def _filled(words: Words, text: str, lists: Collection[str]) -> list[str]:
    """What is to be one address each. A text is parted where the spec's author parts it, and never
    where a value of the data would."""
    filled = words.fill(text)
    if not filled.strip(" "):
        return []
    if split(filled) is not None:
        return [filled]
    whole = TEMPLATE.fullmatch(text.strip())
    if whole is not None and whole[1] in lists:
        parts = [part for part in _BETWEEN.split(filled) if part]
        return parts if all(split(part) is not None for part in parts) else [filled]
    pieces = _PIECE.findall(text)
    if "<" in text or len(pieces) < 2:  # a name of the data would be an address of its own
        return [filled]
    return [part for piece in pieces if (part := words.fill(piece)).strip(" ")]


def address_of(text: str) -> str | None:
    """The one address that a text is, if mail can be handed over to it."""
    named = split(text)
    return named[1] if named is not None and _writable(named[1]) else None


def lists_of(report: Report) -> frozenset[str]:
    """The names that stand for cells of the project's own file, which may hold several addresses."""
    each = report.each
    columns = {key for row in (each.table or {}).values() for key in row} if each else set()
    return frozenset(f"each.{key}" for key in columns - {"value"})


def _no_address(text: str) -> str:
    reason = "this is no address that can be written to"
    if text.count("@") > 1:
        return f"{reason}: one value is one address; name several in the spec, or in `recipients`"
    if hidden := sorted({letter for letter in text if unicodedata.category(letter) in _HIDDEN}):
        return f"{reason}: it has letters that cannot be seen ({', '.join(f'U+{ord(one):04X}' for one in hidden[:3])})"
    if (named := split(text)) is not None:
        why = unfit(named[1]) or ("is too long" if len(named[1]) > _LONGEST else "")
        return f"{reason}: it {why}" if why else reason
    return reason


def _writable(address: str) -> bool:
    try:
        ascii_address(address)
    except ValueError:
        return False
    return len(address) <= _LONGEST and getaddresses([address]) == [("", address)]
