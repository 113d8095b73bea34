"""The steps of a waterfall: from nothing to the whole, or from the whole then to the whole now."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from reportspec.model.figures import Bridge, Cell, Section

MOST = 12  # rows that have a step of their own


def with_bridge(section: Section) -> Section:
    """A breakdown with the steps of its waterfall, if it has one: the largest changes in the order of the
    rows, and what is left up to the whole as one step more."""
    chart = section.chart
    if chart is None or chart.kind != "waterfall" or chart.whole is None:
        return section
    whole, before = chart.whole[0] or 0.0, chart.whole[1]
    changes = _changes(section, chart.y[0], compared=before is not None)
    named_changes = changes[: len(changes) - (1 if section.others else 0)]  # of rows that stand for themselves
    by_size = sorted(range(len(named_changes)), key=lambda at: -abs(named_changes[at]))
    steps = tuple((at, named_changes[at]) for at in sorted(by_size[:MOST]) if named_changes[at])
    rest = whole - (before or 0.0) - math.fsum(change for _, change in steps)
    hidden = sum(map(bool, named_changes)) - len(steps)
    none_left = not hidden and abs(rest) <= max(abs(whole), abs(before or 0.0)) * 1e-9
    every = len(named_changes) + section.others if section.others else max(section.available_rows, len(named_changes))
    bridge = Bridge(steps, None if none_left else rest, hidden + every - len(named_changes), bool(hidden))
    return replace(section, chart=replace(chart, bridge=bridge))


def _changes(section: Section, name: str, compared: bool) -> list[float]:
    """By what each row changed the whole, or what it is of it."""
    place = next(at for at, column in enumerate(section.columns) if column.name == name)
    metric = section.columns[place].metric
    past = [at for at, column in enumerate(section.columns) if column.role == "previous" and column.metric == metric]
    now = _numbers(section.rows, place)
    if not compared or not past:
        return now
    return [value - then for value, then in zip(now, _numbers(section.rows, past[0]), strict=True)]


def _numbers(rows: Sequence[tuple[Cell, ...]], place: int) -> list[float]:
    """The values of a column; what is not known is no change."""
    return [0.0 if (value := row[place]) is None else float(value) for row in rows]  # type: ignore[arg-type]
