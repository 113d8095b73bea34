"""What became of the figures of a report that was sent, printed: as text, Markdown, and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from reportspec.review.moved_rows import Accounted, How, MovedRow
from reportspec.review.printed import ChangedCell
from reportspec.review.recomputed import Restatement
from reportspec.review.row_forms import bare, figure, listed, plain, shown

MOST_ROWS = 10  # of one way to have moved that are listed
_HOWS: dict[How, str] = {
    "came": "came in since",
    "gone": "deleted or merged since",
    "left": "does not count any more",
    "maybe": "changed since and does not count, may have counted then",
    "changed": "changed since, what it was then is not known",
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
    return ", ".join([cell.section, *filter(None, cell.row), cell.column])


def _told(cell: ChangedCell, rows: Accounted) -> str:
    """How far rows account for a change."""
    if rows.unknown:
        return f"which rows did it cannot be told: {rows.unknown}" + ("; touched since:" if rows.rows else "")
    if rows.whole:
        if rows.sure:
            return "these rows account for all of it:"
        return "these rows account for all of it, if they were then as they were last:"
    if not rows.rows:
        return "no row that is there today changed since: the source does not say what did it"
    if rows.rest is None:
        return "these rows changed since; how far they account for it is not known:"
    than = "more" if rows.rest > 0 else "less"
    then, rest = number(rows.then, cell), _apart(abs(rows.rest), cell)
    return f"without what is known of these rows it is {then}, {rest} {than} than was printed: that rest is not known:"


def _first(rows: Sequence[MovedRow]) -> list[MovedRow]:
    found: list[MovedRow] = []
    for how in _HOWS:
        found += sorted(
            (row for row in rows if row.how == how), key=lambda row: (row.part, -abs(row.adds or 0), row.key)
        )[:MOST_ROWS]
    return found


def _row(row: MovedRow, personal: bool) -> str:
    name = f" {shown(row.name, personal)}" if row.name is not None and row.name.value is not None else ""
    sign = "−" if row.how in ("gone", "left", "maybe") else "+" if row.how == "came" else ""
    adds = "" if row.adds is None else f" {sign}{figure(row.adds, 'number', None)}"
    why = f": {listed(row.why, personal)}" if row.why else ""
    return f"{row.part}{adds}  {row.entity} {row.key}{name}, {_HOWS[row.how]} ({row.when}){why}"


def number(value: Any, cell: ChangedCell) -> str:
    """A figure with its unit, as a terminal shows it."""
    return value if isinstance(value, str) else figure(value, cell.unit or "number", cell.currency)


def _apart(difference: float, cell: ChangedCell) -> str:
    """By how much two figures differ: shares by points."""
    if cell.unit == "percent":
        return f"{difference * 100:,.2f} points"
    return number(difference, cell)


def change_of(cell: ChangedCell) -> str:
    """By how much a figure changed, in its unit."""
    if isinstance(cell.then, float) and isinstance(cell.now, float):
        difference = cell.now - cell.then
        return f"{'+' if difference > 0 else '−'}{_apart(abs(difference), cell)}"
    return "new" if cell.then is None else "gone" if cell.now is None else "another text"
