"""Tables of a web page on a phone: records as cards, of figures as many columns as there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reportspec.model.figures import Section
from reportspec.render.fonts import SEMI_BOLD, text_width
from reportspec.render.tables import Heading, TableCell, TableView

ROOM = 328.0  # pixels, of a screen that is 360 wide
_SIZE, _HEAD, _PADDING = 13.0, 11.0, 8.0  # as in the style sheet of screens
_NAME, _TEXT = 92.0, 64.0  # what names and other texts have at least, since they may have several lines
_BAR = 50.0
HIDDEN = "wider"  # the class of what only a wider screen shows


def on_phones(table: TableView, section: Section) -> tuple[TableView, int]:
    """The table with classes by which it fits on a phone, and how many of its columns are not seen there."""
    if _are_records(section):
        return _as_cards(table, section), 0
    kept = _kept(table)
    hidden = len(table.headings) - len(kept)
    if not hidden:
        return table, 0

    def line(cells: Sequence[TableCell]) -> tuple[TableCell, ...]:
        return tuple(
            cell if place in kept else replace(cell, css=f"{cell.css} {HIDDEN}".strip())
            for place, cell in enumerate(cells)
        )

    heads = tuple(
        head if place in kept else replace(head, css=f"{head.css} {HIDDEN}".strip())
        for place, head in enumerate(table.headings)
    )
    total = line(table.total) if table.total else None
    return replace(table, headings=heads, rows=tuple(map(line, table.rows)), total=total), hidden


def _are_records(section: Section) -> bool:
    return len(section.columns) > 2 and all(column.role == "field" for column in section.columns[:2])


def _as_cards(table: TableView, section: Section) -> TableView:
    """Each record with its name and, where the last column has figures, that at its side; the others below, of which
    figures, days, and what is not known say what they are."""
    last = len(table.headings) - 1
    days = {column.label for column in section.columns if column.type in ("date", "time")}

    def line(cells: Sequence[TableCell]) -> tuple[TableCell, ...]:
        return tuple(
            replace(cell, name=head.label) if 0 < place < last and _wants_name(cell, head.label in days) else cell
            for place, (cell, head) in enumerate(zip(cells, table.headings, strict=True))
        )

    aside = " figured" if "n" in table.headings[last].css.split() else ""
    return replace(table, css=f"{table.css} cards{aside}".strip(), rows=tuple(map(line, table.rows)))


def _wants_name(cell: TableCell, is_day: bool) -> bool:
    return bool(cell.text) and (is_day or bool({"n", "na"} & {*cell.css.split()}))


def _kept(table: TableView) -> set[int]:
    """The columns that there is room for, from the left, a figure before its changes: the first figure and what it
    changed are always there."""
    kept, room, figures = set[int](), ROOM, 0
    for place, head in enumerate(table.headings):
        is_figure = "n" in head.css.split()
        needed = _needed(table, place, head) if is_figure else (_TEXT if place else _NAME)
        figures += is_figure
        if needed > room and figures > 1:
            break
        kept.add(place)
        room -= needed
    return kept


def _needed(table: TableView, place: int, head: Heading) -> float:
    """The pixels of a column of figures."""
    lines = [*table.rows, *([table.total] if table.total else [])]
    longest = max((text_width(line[place].text) for line in lines), default=0.0) * SEMI_BOLD * _SIZE
    word = max(map(text_width, head.label.split()), default=0.0) + 0.4 * len(head.footnotes)
    barred = _BAR if any(line[place].bar is not None for line in lines) and not _swings(table, place) else 0.0
    return max(longest + barred, word * _HEAD) + _PADDING


def _swings(table: TableView, place: int) -> bool:
    return any(hasattr(line[place].bar, "axis") for line in table.rows)
