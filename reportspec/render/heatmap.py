"""A heat map: one metric over two dimensions, darker for more, with the figures in the cells."""

from __future__ import annotations

from dataclasses import replace

from reportspec.model.figures import Cell, Chart, Column, Section
from reportspec.render.locale import Formats, compact
from reportspec.render.palette import INK, Palette
from reportspec.render.vega import (
    GAP,
    SIZE,
    Frame,
    Label,
    Spec,
    Steps,
    beside,
    chart_svg,
    named,
    widest,
)

ROWS = 40
COLUMNS = 16
ROW = 19


def heatmap(section: Section, chart: Chart, formats: Formats, palette: Palette) -> tuple[str, tuple[str, ...]]:
    """The drawing, and what it leaves out."""
    names = [column.name for column in section.columns]
    if section.others:  # the others together are of all columns
        *rest, last = section.rows
        place, word = names.index(chart.color or chart.x), formats.word("other")
        rest.append((*last[:place], word, *last[place + 1 :]))
        section = replace(section, rows=tuple(rest))
    y, x, v = (names.index(name) for name in (chart.x, chart.color or chart.x, chart.y[0]))
    column = section.columns[v]
    rows = _distinct(section, y, formats)[:ROWS]
    across = list(dict.fromkeys((*chart.categories, *_distinct(section, x, formats))))[:COLUMNS]
    values: dict[tuple[str, str], float] = {}
    for line in section.rows:
        value = line[v]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            values[_text(line[y], formats), _text(line[x], formats)] = float(value)
    top = max((abs(value) for value in values.values()), default=1.0) or 1.0
    short = named(rows)
    frame = Frame(len(rows) * ROW + 4, left=widest(short) + GAP + 2, right=6, top=SIZE + GAP + 4, bottom=2)
    steps, over = Steps(len(rows), 0.08, 0.04), Steps(len(across), 0.04, 0.02)
    data: list[Spec] = [
        {"i": i, "j": j, "s": abs(values.get((row, each), 0.0)) / top}
        for i, row in enumerate(rows)
        for j, each in enumerate(across)
    ]
    encoding: Spec = {
        "x": {"field": "j", "type": "ordinal", "scale": over.scale, "axis": None},
        "y": {"field": "i", "type": "ordinal", "scale": steps.scale, "axis": None},
        "opacity": {
            "field": "s",
            "type": "quantitative",
            "legend": None,
            "scale": {"domain": [0, 1], "range": [0.04, 0.85]},
        },
        "color": {"value": palette.accent},
    }
    ys, xs = steps.centres(frame.height), over.centres(frame.width)
    labels = beside(short, ys, -GAP, INK)
    labels += [Label(at, -GAP, text, "middle", INK) for at, text in zip(xs, named(across), strict=True)]
    for row, middle in zip(rows, ys, strict=True):
        for each, at in zip(across, xs, strict=True):
            figure = values.get((row, each))
            if figure is not None:
                dark = abs(figure) / top > 0.62
                text = _figure(figure, column, formats)
                labels.append(Label(at, middle + SIZE * 0.35, text, "middle", "#ffffff" if dark else INK))
    svg = chart_svg([{"mark": "rect", "encoding": encoding}], data, frame, labels)
    return svg, _captions(section, y, x, formats)


def _captions(section: Section, y: int, x: int, formats: Formats) -> tuple[str, ...]:
    hidden = len(_distinct(section, y, formats)) > ROWS or len(_distinct(section, x, formats)) > COLUMNS
    return (formats.word("heatmap_cut", rows=ROWS, columns=COLUMNS),) if hidden else ()


def _distinct(section: Section, at: int, formats: Formats) -> list[str]:
    """The values of a column in the order in which the section has them."""
    return list(dict.fromkeys(_text(row[at], formats) for row in section.rows))


def _text(value: Cell, formats: Formats) -> str:
    return formats.not_available if value is None else str(value)


def _figure(value: float, column: Column, formats: Formats) -> str:
    return compact(formats, value, column, 1)
