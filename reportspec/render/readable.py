"""A section as people read it: without the columns that stand in data alone, and with no name said twice in a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

from reportspec.model.figures import Cell, Section

_SIGNS = ":–—|/-"  # between what a record is of and what it is, as people and CRMs write it
_SHORTEST = 3  # letters of a name that others may begin with


def readable(section: Section) -> Section:
    """The section for tables that people read. Where most texts of a column have that of another one of their row in
    them, they stand without it: beside `Ginepro S.p.A.` stands `Offer`, and not `Ginepro S.p.A.: Offer`."""
    kept = [place for place, column in enumerate(section.columns) if not column.in_data]
    shown = section if len(kept) == len(section.columns) else section.with_columns(kept)
    texts = [place for place, column in enumerate(shown.columns) if column.type == "text" and column.role == "field"]
    shorter: dict[int, list[Cell]] = {}
    for place, other in permutations(texts, 2):
        found = [next(_apart(row[place], row[other]), None) for row in shown.rows]
        if place not in shorter and 2 * sum(text is not None for text in found) > len(found):
            shorter[place] = [text or row[place] for text, row in zip(found, shown.rows, strict=True)]
    if not shorter:
        return shown
    rows = (
        tuple(shorter[place][at] if place in shorter else value for place, value in enumerate(row))
        for at, row in enumerate(shown.rows)
    )
    return replace(shown, rows=tuple(rows))


def _apart(whole: Cell, name: Cell) -> Iterator[str]:
    """What a text has beside a name that it begins or ends with, and a sign with a blank beside it, such as `: ` or
    ` – `; nothing where they are one word."""
    if not isinstance(whole, str) or not isinstance(name, str) or len(name) < _SHORTEST:
        return
    if whole.startswith(name):
        sign, rest = _split(whole[len(name) :])
    elif whole.endswith(name):
        sign, rest = (part[::-1] for part in _split(whole[: -len(name)][::-1]))
    else:
        return
    if rest and sign.strip() in tuple(_SIGNS) and sign != sign.strip():
        yield rest


def _split(text: str) -> tuple[str, str]:
    """The sign that a text begins with, with the blanks around it, and what follows."""
    rest = text.lstrip()
    after = rest[1:].lstrip()
    return text[: len(text) - len(after)], after
