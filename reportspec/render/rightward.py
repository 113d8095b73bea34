"""Texts that run from right to left, in drawings: WeasyPrint asks Pango for each letter of an SVG text alone
and sets them from the left, so they are joined and put in the order of the eye here."""

from __future__ import annotations

import re
import unicodedata
from html import unescape

from markupsafe import escape

_OPENING, _CLOSING = "([{<«‹", ")]}>»›"
_MIRROR = dict(zip(_OPENING + _CLOSING, _CLOSING + _OPENING, strict=True))

_TEXT = re.compile(r"(<text\b[^>]*>)([^<]*)(</text>)")


def runs_left(text: str) -> bool:
    """Whether any letter belongs to a script that is written from right to left."""
    return not text.isascii() and any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)


def in_order_of_sight(text: str) -> str:
    """The text as its letters stand from left to right, in the forms in which they join."""
    if not runs_left(text):
        return text
    from arabic_reshaper import ArabicReshaper
    from bidi import get_display

    joined = ArabicReshaper({"delete_harakat": False}).reshape(text)
    return _facing(str(get_display(joined)))


def _facing(seen: str) -> str:
    """A text in the order of sight with its brackets turned where they would look away from each other:
    of a pair that was written from right to left the closing one stands first."""
    letters, waiting = list(seen), list[int]()
    for at, letter in enumerate(seen):
        if letter not in _MIRROR:
            continue
        if not waiting or seen[waiting[-1]] != _MIRROR[letter]:
            waiting.append(at)
            continue
        first = waiting.pop()
        if seen[first] in _CLOSING:
            letters[first], letters[at] = seen[at], seen[first]
    return "".join(letters)


def drawn(svg: str) -> str:
    """A drawing whose texts can be set letter by letter."""
    if svg.isascii() or not runs_left(svg):
        return svg
    return _TEXT.sub(lambda match: match[1] + str(escape(in_order_of_sight(unescape(match[2])))) + match[3], svg)
