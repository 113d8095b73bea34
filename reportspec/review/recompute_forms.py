"""What became of the figures of a report that was sent, printed: as text, Markdown, and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from reportspec.review.moved_rows import KNOWN, Accounted, How, MovedRow
from reportspec.review.printed import ChangedCell
from reportspec.review.recomputed import Restatement
from reportspec.review.row_forms import bare, figure, listed, plain, shown
from reportspec.verify import MISSING

MOST_ROWS = 10  # of one rank that are listed
NO_VALUE = "no value"  # what a row is called that has none of what it is grouped by
_HOWS: dict[How, str] = {
    "came": "came in since",
    "gone": "deleted or merged since",
    "changed": "changed since, what it was then is not known",
    "maybe": "changed since and does not count, may have counted then",
}


def as_text(found: Sequence[Restatement], personal: bool = False) -> str:
    """The answer for a terminal."""
    return "\n\n".join("\n".join([one.file + ": " + verdict(one), *_lines(one, personal)]) for one in found)


def as_markdown(found: Sequence[Restatement], personal: bool = False) -> str:
    """The answer for a comment or a mail."""
    blocks = []
    for one in found:
        lines = [f"### {plain(one.file)}: {plain(verdict(one))}", ""]
        lines += [f"{plain(note)}\n" for note in one.notes]
        if one.changed:
            lines += ["| figure | printed | today | change |", "|---|---:|---:|---:|"]
        for cell, _ in one.changed:
            values = (number(cell.then, cell), number(cell.now, cell), change_of(cell))
            lines.append(f"| {plain(called(cell))} | " + " | ".join(map(plain, values)) + " |")
        for cell, rows in one.changed:
            if rows is not None:
                lines += ["", f"**{plain(called(cell))}** {plain(_told(cell, rows))}", ""]
                lines += [f"- {plain(_row(row, personal))}" for row in _first(rows.rows)]
        lines += [f"\n{plain(note)}" for note in _notes(one)]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def as_json(found: Sequence[Restatement], personal: bool = False) -> str:
    """The answer for programs; personal values are covered in it, too, unless they are asked for."""
    told = []
    for one in found:
        changed = [
            {**asdict(cell), "accounted": None if rows is None else {**asdict(rows), "whole": rows.whole}}
            for cell, rows in one.changed
        ]
        plainly: dict[str, Any] = {
            "file": one.file,
            "same": one.same,
            "why": one.why,
            "changed": changed,
            "notes": list(one.notes),
            "lost": list(one.lost),
        }
        told.append(bare(plainly, personal))
    return json.dumps(told, ensure_ascii=False, indent=2)


def verdict(one: Restatement) -> str:
    """What became of the figures, in a few words."""
    if one.why == MISSING:
        return one.why
    if one.why:
        return f"it cannot be told what its figures are today: {one.why}"
    if one.same:
        return "all figures are the same today"
    count = len(one.changed)
    text = f"{count} {'figure is another one' if count == 1 else 'figures are others'} today"
    return text if count else "its tables are others today"


def _lines(one: Restatement, personal: bool) -> list[str]:
    lines = [f"  ! {note}" for note in one.notes]
    for cell, rows in one.changed:
        lines.append(f"  {called(cell)}: {number(cell.then, cell)} → {number(cell.now, cell)} ({change_of(cell)})")
        if rows is None:
            continue
        lines.append(f"    {_told(cell, rows)}")
        lines += [f"      {_row(row, personal)}" for row in _first(rows.rows)]
        more = len(rows.rows) - len(_first(rows.rows))
        lines += [f"      … and {more} more"] if more else []
    return lines + [f"  ! {note}" for note in _notes(one)]


def _notes(one: Restatement) -> list[str]:
    """What is said behind the figures."""
    notes = []
    if one.lost:
        notes.append(f"these tables are not in the report of today, or have other columns: {', '.join(one.lost)}")
    if one.changed and one.printed is not None and one.printed.data_as_of is not None:
        at = one.printed.data_as_of.isoformat(" ", "minutes")
        notes.append(f"its data went up to {at}; rows that changed since are told by the times that they have today")
    return notes


def called(cell: ChangedCell) -> str:
    """What a figure is called: its section, its row, its column."""
    return ", ".join([cell.section, *(name or NO_VALUE for name in cell.row), cell.column])


def _told(cell: ChangedCell, rows: Accounted) -> str:
    """How far rows account for a change."""
    if rows.unknown:
        return f"which rows did it cannot be told: {rows.unknown}" + ("; touched since:" if rows.rows else "")
    known = any(row.how in KNOWN for row in rows.rows)
    if rows.whole and known:
        if rows.sure:
            return "these rows account for all of it:"
        return "these rows account for all of it, if they were then as they were last:"
    if not rows.rows:
        return (
            f"no row that is there today says that it changed since{_others(rows)}: what changed without a new time of "
            "change, or is gone, is not seen"
        )
    if not known:
        return f"what these rows were then is not known, nor which of them did it{_others(rows)}:"
    if rows.rest is None:
        return "these rows changed since; how far they account for it is not known:"
    then = number(rows.then, cell)
    if rows.rest == 0:
        told = f"without those that came and with those that were deleted it is {then}, as was printed"
        return f"{told}; what the others were then is not known{_others(rows)}:"
    than = "more" if rows.rest > 0 else "less"
    told = f"without what is known of these rows it is {then}, {_apart(abs(rows.rest), cell)} {than} than was printed"
    return f"{told}: that rest is not known{_others(rows)}:"


def _others(rows: Accounted) -> str:
    """What is said of rows that belong to another row of the table today."""
    if not rows.elsewhere:
        return ""
    what = "row that changed, too, belongs" if rows.elsewhere == 1 else "rows that changed, too, belong"
    return f" ({rows.elsewhere:,} {what} to another row of the table today)"


def _first(rows: Sequence[MovedRow]) -> list[MovedRow]:
    """The first rows of each rank: what is known before what is not, in the order of the figure's parts, the largest
    first."""
    parts = [*dict.fromkeys(row.part for row in rows)]
    found: list[MovedRow] = []
    for rank in (KNOWN, ("changed",), ("maybe",)):
        some = [row for row in rows if row.how in rank]
        found += sorted(some, key=lambda row: (parts.index(row.part), -abs(row.adds or 0), row.key))[:MOST_ROWS]
    return found


def _row(row: MovedRow, personal: bool) -> str:
    name = f" {shown(row.name, personal)}" if row.name is not None and row.name.value is not None else ""
    sign = "−" if row.how in ("gone", "maybe") else "+" if row.how == "came" else ""
    adds = "" if row.adds is None else f" {sign}{figure(row.adds, 'number', None)}"
    why = f": {listed(row.why, personal)}" if row.why else ""
    return f"{row.part}{adds}  {row.entity} {row.key}{name}, {_HOWS[row.how]} ({row.when}){why}"


def number(value: Any, cell: ChangedCell) -> str:
    """A figure with its unit, as a terminal shows it."""
    if cell.unit == "points" and isinstance(value, float):
        return f"{value * 100:+,.2f} points".replace("-", "−").replace("+0.00 ", "0.00 ").replace("−0.00 ", "0.00 ")
    return value if isinstance(value, str) else figure(value, cell.unit or "number", cell.currency)


def _apart(difference: float, cell: ChangedCell) -> str:
    """By how much two figures differ: shares by points."""
    if cell.unit in ("percent", "points"):
        return f"{difference * 100:,.2f} points"
    return number(difference, cell)


def change_of(cell: ChangedCell) -> str:
    """By how much a figure changed, in its unit."""
    if isinstance(cell.then, float) and isinstance(cell.now, float):
        difference = cell.now - cell.then
        return f"{'+' if difference > 0 else '−'}{_apart(abs(difference), cell)}"
    return "new" if cell.then is None else "gone" if cell.now is None else "another text"
