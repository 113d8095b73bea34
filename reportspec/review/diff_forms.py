"""Two reports held against each other, printed: as text, Markdown (for a pull request), and JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from reportspec.review.compared import ChangedDefinition, Difference
from reportspec.review.printed import ChangedCell
from reportspec.review.recompute_forms import called, change_of, number
from reportspec.review.row_changes import Decomposed, PartChange
from reportspec.review.row_forms import bare, code, figure, plain

_KINDS = ("added", "taken away", "with another value")
MOST_LINES = 60  # of a table in a comment


def as_text(found: Difference, sql: bool = False) -> str:
    """The differences for a terminal."""
    lines = [f"{found.first} → {found.second}: {verdict(found)}"]
    lines += [f"  definition of {_definition(one)}" for one in found.definitions]
    for name, diff in found.statements:
        lines.append(f"  the statements of {name} are others{'' if sql else ' (--sql shows how)'}")
        lines += [f"    {line}" for line in diff.splitlines()] if sql else []
    for cell, rows in found.figures:
        lines.append(f"  {called(cell)}: {number(cell.then, cell)} → {number(cell.now, cell)} ({change_of(cell)})")
        lines += [f"    {line}" for line in _consists(cell, rows)]
    return "\n".join([*lines, *(f"  ! {note}" for note in found.notes)])


def as_markdown(found: Difference, sql: bool = False) -> str:
    """The differences for a comment on a pull request."""
    lines = [f"### Figures: {plain(verdict(found))}", "", f"{plain(found.first)} → {plain(found.second)}"]
    if found.definitions:
        lines += ["", "**Definitions**", ""]
        lines += [f"- {plain(_definition(one))}" for one in found.definitions[:MOST_LINES]]
        lines += _more(len(found.definitions))
    if found.figures:
        lines += ["", "| figure | was | is | change |", "|---|---:|---:|---:|"]
        for cell, _ in found.figures[:MOST_LINES]:
            values = (number(cell.then, cell), number(cell.now, cell), change_of(cell))
            lines.append(f"| {plain(called(cell))} | " + " | ".join(map(plain, values)) + " |")
        lines += _more(len(found.figures))
    for cell, rows in found.figures[:MOST_LINES]:
        told = _consists(cell, rows)
        if told:
            lines += ["", f"<details><summary>{plain(called(cell))}</summary>", ""]
            lines += [f"- {plain(line)}" for line in told] + ["", "</details>"]
    if found.statements:
        names = ", ".join(f"`{code(name)}`" for name, _ in found.statements)
        lines += ["", f"The statements of {names} are others."]
        for _, diff in found.statements if sql else ():
            lines += ["", "```diff", diff.replace("```", "'''"), "```"]
    lines += [f"\n{plain(note)}" for note in found.notes]
    return "\n".join(lines)


def as_json(found: Difference, sql: bool = False) -> str:
    """The differences for programs."""
    told = {**asdict(found), "same": found.same}
    told["figures"] = [
        {**asdict(cell), "consists_of": None if rows is None else asdict(rows)} for cell, rows in found.figures
    ]
    told["statements"] = [{"section": name, **({"diff": diff} if sql else {})} for name, diff in found.statements]
    return json.dumps(bare(told, personal=True), ensure_ascii=False, indent=2)


def verdict(found: Difference) -> str:
    """What differs, in a few words."""
    if found.same:
        return "all definitions and figures are the same"
    definitions, figures = len(found.definitions), len(found.figures)
    told = [_count(definitions, "definition"), _count(figures, "figure")]
    if not definitions and not figures:
        return "the same figures, by other statements"
    return f"{' and '.join(one for one in told if one)} changed"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}" if number else ""


def _more(count: int) -> list[str]:
    return [f"\n… and {count - MOST_LINES} more"] if count > MOST_LINES else []


def _definition(one: ChangedDefinition) -> str:
    if one.part in ("metric", "section"):
        kind = "metric" if one.part == "metric" else "section"
        if not one.then:
            return f"{one.of}: {kind} added"
        return f"{one.of}: {kind} removed" if not one.now else f"{one.of}: {kind} was {one.then}, is {one.now}"
    then, now = (text.split("; ") if text else [] for text in (one.then, one.now))
    if len(then) > 1 or len(now) > 1:  # a list: what went and what came
        items = [f"− {item}" for item in then if item not in now] + [f"+ {item}" for item in now if item not in then]
        return f"{one.of}, {one.part}: {'; '.join(items) or 'in another order'}"
    return f"{one.of}, {one.part}: {one.then or 'nothing'} → {one.now or 'nothing'}"


def _consists(cell: ChangedCell, rows: Decomposed | None) -> list[str]:
    """What a figure's change consists of, in lines."""
    if rows is None:
        return []
    lines = []
    if rows.by_part:
        told = [(name, _parted(cell, value)) for name, value in rows.by_part]
        lines.append("of the change, " + ", ".join(f"{value} is by {name}" for name, value in told))
    for part in rows.parts:
        lines += _part(cell, part, alone=len(rows.parts) == 1)
    return lines


def _part(cell: ChangedCell, part: PartChange, *, alone: bool) -> list[str]:
    name = "" if alone else f"{part.metric} {_amount(part, part.then)} → {_amount(part, part.now)}: "
    if part.unknown:
        return [f"{name}which rows did it is not told: {part.unknown}"]
    kinds = part.new, part.gone, part.other
    told = [
        f"{count:,} {part.named[count != 1]} {what} ({_added(part, value)})"
        for what, (count, value) in zip(_KINDS, kinds, strict=True)
        if count
    ]
    if not told:
        return []
    most = ", ".join(f"{row.key} {_added(part, row.change)}" for row in part.rows)
    alike = len({abs(row.change) for row in part.rows}) == 1 and sum(n for n, _ in kinds) > len(part.rows)
    return [f"{name}{'; '.join(told)}", f"{'for example' if alike else 'the most'}: {most}"]


def _added(part: PartChange, value: float) -> str:
    """What rows add."""
    return f"{'−' if value < 0 else '+'}{_amount(part, abs(value))}"


def _amount(part: PartChange, value: float | int | None) -> str:
    """What a part comes to, amounts with their currency."""
    return figure(value, part.unit if part.unit == "currency" else "number", part.currency)


def _parted(cell: ChangedCell, value: float) -> str:
    """A part of a figure's change, in the figure's unit: of a share in points."""
    sign, size = "−" if value < 0 else "+", abs(value)
    if cell.unit == "percent":
        return f"{sign}{size * 100:,.2f} points"
    return f"{sign}{figure(size, cell.unit or 'number', cell.currency)}"
