"""The law of reports with two comparisons: what they say of each is what a report with it alone says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from reportspec.model.figures import Cell, Figures, Section

Ask = Callable[[dict[str, Any]], Figures]
_KEYS = ("dimension", "period", "group")


def held_to_each_alone(ask: Ask, spec: dict[str, Any], first: Any, second: Any) -> Figures:
    """All values of a report with two comparisons are those of the two reports with one each; returns it."""
    both = ask({**spec, "compare": [first, second]})
    one, other = (ask({**spec, "compare": period}) for period in (first, second))
    assert (both.compare, both.second) == (one.compare, other.compare)
    assert [section.id for section in both.sections] == [section.id for section in one.sections]
    others = {section.id: section for section in other.sections}
    for mine, alone in zip(both.sections, one.sections, strict=True):
        if not any(column.role == "second" for column in mine.columns):
            assert mine.rows == alone.rows, mine.id  # what explains a change explains that of the first
            assert not any(column.role == "previous" for column in mine.columns) or not mine.rows, mine.id
            continue
        _same(mine, alone, "previous")
        _same(mine, others[mine.id], "second")
        for tile, of_first, of_second in zip(mine.kpis, alone.kpis, others[mine.id].kpis, strict=True):
            close(
                (tile.value, tile.previous, tile.change, tile.second, tile.second_change),
                (of_first.value, of_first.previous, of_first.change, of_second.previous, of_second.change),
                f"{mine.id}.{tile.column.name}",
            )
            assert tile.goal == of_first.goal
    return both


def close(found: Sequence[Any], wanted: Sequence[Any], where: str) -> None:
    """Numbers to 1e-9, all else exactly."""
    assert len(found) == len(wanted), where
    for mine, theirs in zip(found, wanted, strict=True):
        if isinstance(theirs, (int, float)) and not isinstance(theirs, bool):
            assert mine == pytest.approx(theirs, rel=1e-9, abs=1e-9), where
        else:
            assert mine == theirs, where


def _same(both: Section, alone: Section, side: str) -> None:
    """The values now and of one side, row by row; whoever stands in the report with that side alone stands in both."""
    mine, theirs = _rows(both, side), _rows(alone, "previous")
    # Of rows that are cut those of the other comparison may take the place.
    cut = any(one.others or one.available_rows > len(one.rows) for one in (both, alone))
    assert cut or not theirs.keys() - mine.keys(), both.id
    for key in theirs.keys() & mine.keys():
        close(mine[key], theirs[key], f"{both.id} {key}")
    for key in mine.keys() - theirs.keys():  # whoever the other comparison brings
        assert cut or not any(mine[key]), (both.id, key)


def _rows(section: Section, side: str) -> dict[tuple[Any, ...], list[Cell]]:
    keys = [at for at, column in enumerate(section.columns) if column.role in _KEYS]
    places = [
        place
        for column in section.columns
        if column.role == "metric"
        for name in (column.name, f"{column.name}__{side}")
        for place, one in enumerate(section.columns)
        if one.name == name
    ]
    lines = [*section.rows[: len(section.rows) - 1 if section.others else None]]  # others are others
    found = {tuple(row[at] for at in keys): [row[at] for at in places] for row in lines}
    assert len(found) == len(lines), section.id
    totals = [("total", section.total)] if section.total else []
    totals += [(f"subtotal {row[0]}", row) for _, row in section.subtotals]
    return found | {(name,): [row[at] for at in places] for name, row in totals}
