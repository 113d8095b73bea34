"""A table that a sheet has in parts, one below the other, each with its title and the header above its rows, as boards
with groups are exported: the parts as one table, whose titles are a column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reportspec.run.files.shape import Unclear, shown


def in_parts(
    rows: Sequence[Sequence[Any]], start: int, names: tuple[str, ...], column: str
) -> tuple[tuple[str, ...], list[list[Any]]]:
    """The columns with the one of the titles behind them, and the sheet's rows with the title of its part behind each.
    Titles and all headers but the first, which is the row `start`, are blank rows, so that each row keeps its place.
    Raises Unclear."""
    width = len(names)
    if any(name.lower() == column.lower() for name in names):
        raise Unclear(
            "repeated-column",
            f"`parts: {column}` names a column that the sheet has itself",
            "write another name, such as `part`",
        )
    heads = _headers(rows, start, width)
    titles = {at: _title_above(rows, at) for at in heads}
    untitled = next((at for at, above in titles.items() if above is None), None)
    if untitled is not None:
        raise Unclear(
            "no-header",
            f"row {untitled + 1} is a header without a title of one cell above it",
            "write one above it, or give each part a sheet of its own",
        )
    left_out = {*heads, *titles.values()}
    title, made = _title(rows, start), list[list[Any]]()
    for at, row in enumerate(rows):
        if at in titles:
            title = _title(rows, at)
        if at == start:
            made.append([*_padded(row, width), column])
        elif at in left_out or all(cell == "" for cell in row):
            made.append([])
        else:
            made.append([*_padded(row, width), title, *row[width:]])
    return (*names, column), made


def refuse_parts(rows: Sequence[Sequence[Any]], start: int, names: Sequence[str]) -> None:
    """Raise Unclear where a sheet has its table in parts, which are to be asked for: its header, the row `start`,
    stands again, each time below a title."""
    heads = _headers(rows, start, len(names))
    if len(heads) < 2 or any(_title_above(rows, at) is None for at in heads):
        return
    taken = {name.lower() for name in names}
    column = next(name for name in ("group", "part", "part_title", "title_above_the_part") if name not in taken)
    again, title = heads[1], _title(rows, heads[1])
    raise Unclear(
        "repeated-header",
        f"row {again + 1}: the header stands again below the title `{shown(title)}`",
        f"write `parts: {column}`: its rows are then one table, and the titles its column `{column}`",
    )


def _headers(rows: Sequence[Sequence[Any]], start: int, width: int) -> list[int]:
    """The rows that are the header, the first one among them."""
    header = _texts(rows[start], width)
    alike = (at for at in range(start, len(rows)) if rows[at] and rows[at][0] == rows[start][0])
    return [at for at in alike if _texts(rows[at], width) == header]


def _title(rows: Sequence[Sequence[Any]], header: int) -> str:
    """The title of the part that has the row `header` for its header."""
    above = _title_above(rows, header)
    return "" if above is None else next(str(cell).strip() for cell in rows[above] if cell != "")


def _texts(row: Sequence[Any], width: int) -> list[str]:
    return [str(cell).strip().lower() for cell in _padded(row, width)]


def _padded(row: Sequence[Any], width: int) -> list[Any]:
    return [*row[:width], *([""] * (width - len(row)))]


def _title_above(rows: Sequence[Sequence[Any]], at: int) -> int | None:
    """The row of the title of the part whose header is the row `at`: the next one above it that is not blank, which has
    one cell; or None."""
    above = next((up for up in reversed(range(at)) if any(cell != "" for cell in rows[up])), None)
    return above if above is not None and sum(cell != "" for cell in rows[above]) == 1 else None
