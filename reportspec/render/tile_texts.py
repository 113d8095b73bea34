"""What the tiles of a report say, by the names of their metrics: for texts that name figures."""

from __future__ import annotations

from collections.abc import Mapping

from reportspec.model.figures import Cell, Figures, Kpi
from reportspec.render.locale import Formats, cell, moved
from reportspec.render.page import decimals_before, of_goal


def kpis(figures: Figures) -> dict[str, Kpi]:
    """The tiles by the ids of their metrics; of a metric that has several the first of those that are the report's
    figure, which those of a section with conditions of its own are not."""
    tiles = [kpi for section in figures.sections for kpi in section.kpis]
    by_name: dict[str, Kpi] = {}
    for kpi in sorted(tiles, key=lambda kpi: kpi.narrowed):
        if kpi.column.metric in ("", kpi.column.name):  # what a forecast says of a metric is another figure
            by_name.setdefault(kpi.column.name, kpi)
    return by_name


def named(tiles: Mapping[str, Kpi], name: str) -> tuple[Kpi | None, str]:
    """The tile that `close_rate.change` names, and what of it: its `text`, where nothing is named."""
    if name in tiles:
        return tiles[name], "text"
    metric, _, part = name.rpartition(".")
    return tiles.get(metric), part


def of_kpi(kpi: Kpi, part: str, formats: Formats) -> str:
    """One of the things that a tile says."""
    match part:
        case "text":
            return of_goal(kpi, formats)[0]
        case "value":
            return "" if kpi.value is None else str(kpi.value)
        case "change":
            return "" if kpi.change is None else moved(formats, kpi.change, kpi.column)
        case "previous":
            return _before(kpi, kpi.previous, formats)
        case "second_change":
            return "" if kpi.second_change is None else moved(formats, kpi.second_change, kpi.column)
        case "second":
            return _before(kpi, kpi.second, formats)
        case "goal":
            return of_goal(kpi, formats)[1] if kpi.goal else ""
        case _:
            return str(formats.words["states"][kpi.goal.state]) if kpi.goal else ""


def _before(kpi: Kpi, value: Cell, formats: Formats) -> str:
    """What a figure was, as its tile writes it."""
    return cell(formats, value, kpi.column, decimals=decimals_before(kpi, value, formats), bare=False)
