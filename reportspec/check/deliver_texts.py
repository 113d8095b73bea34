"""The texts of `deliver` in which values may stand, and what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from reportspec.resolve.document import Place

TEMPLATE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
# What of a figure in a tile can be named.
OF_METRIC = ("text", "value", "change", "previous", "second_change", "second", "goal", "state")
MAILED = ("to", "cc", "bcc")
FILLED = (*MAILED, "reply_to", "subject", "body")  # texts in which values may stand


def names_in(deliver: Any) -> Iterable[tuple[str, Place]]:
    """What stands between `{{` and `}}` in the texts of `deliver`, and where."""
    return ((name, place) for text, place in texts_of(deliver) for name in TEMPLATE.findall(text))


def texts_of(deliver: Any, keys: Sequence[str] = FILLED) -> Iterable[tuple[str, Place]]:
    """Texts of `deliver`, and where each stands."""
    if not isinstance(deliver, dict):
        return
    for key in keys:
        value = deliver.get(key)
        if isinstance(value, str):
            yield value, ("deliver", key)
        elif isinstance(value, list):
            yield from ((str(text), ("deliver", key, index)) for index, text in enumerate(value))
