"""Names that a project's own catalogue may have."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from reportspec.expression.sandbox import GOAL, Refused, columns, parse, path_of
from reportspec.resolve.binding import INSTANTS, PERIOD_LENGTHS

_SIGNS = re.compile(r"[^a-z0-9]+")
# What expressions and formulas call things of their own.
RESERVED = frozenset({*INSTANTS, *PERIOD_LENGTHS, GOAL.lower(), "options", "lists", "params", "each"})


def fitting_name(text: str, taken: Collection[str], tool: str) -> str:
    """A name like a text that is none of the taken ones: in small letters, no word of SQL; one that is taken begins
    with the tool's name."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = _SIGNS.sub("_", plain.lower()).strip("_")[:60] or "unnamed"
    name = name if name[0].isalpha() else f"x_{name}"
    if not _readable(name):
        name = f"{name}_"
    if name in taken or name in RESERVED:
        name = f"{tool}_{name}"
    number, first = 1, name
    while name in taken:
        number += 1
        name = f"{first}_{number}"
    return name


def _readable(name: str) -> bool:
    """Whether a name can stand in an expression as it is, by itself and on either side of a dot."""
    try:
        alone = all(path_of(parse(".".join(path))) == path for path in ((name,), (name, "a"), ("b", name, "a")))
        inside = parse(f"case when not {name}.a > 1 then b.{name} else {name} end")
    except (Refused, AttributeError):
        return False
    return alone and set(columns(inside)) == {(name, "a"), ("b", name), (name,)}
