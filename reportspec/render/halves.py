"""Sections that stand beside each other: two of half the width, one after the other, so far as both fit."""

from __future__ import annotations

from collections.abc import Sequence

from reportspec.model.figures import Section
from reportspec.render.tables import TableView

MOST_ROWS = 30  # of a table that stands beside another: the pair stays on one page


def pairs(sections: Sequence[Section]) -> list[int]:
    """The places of the first of two sections that may stand beside each other."""
    found: list[int] = []
    place = 0
    while place + 1 < len(sections):
        first, second = sections[place], sections[place + 1]
        if first.half and second.half and not second.break_before:
            found.append(place)
            place += 1
        place += 1
    return found


def fits(table: TableView | None, drawn: bool, text: str) -> bool:
    """Whether a section can have half the width: its table with all of its columns, its chart if that can be `drawn`
    so."""
    if not drawn or len(text) > 1_500:
        return False
    return table is None or (not table.landscape and len(table.rows) <= MOST_ROWS)
