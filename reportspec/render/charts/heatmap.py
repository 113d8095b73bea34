"""A heat map: one metric over two dimensions, darker for more, with the figures in the cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Column, Section
from reportspec.render.charts.kind import Canvas, Drawing, Kind
from reportspec.render.charts.lettering import GAP, LINE, beside, in_lines, named, widest
from reportspec.render.charts.scales import Steps
from reportspec.render.charts.svg import SIZE, WIDTH, Frame, Label, drawing, rect
from reportspec.render.fonts import clipped
from reportspec.render.locale import Formats, compact, is_number, name_of, number
from reportspec.render.palette import INK, MUTED, RULE, readable_on, tinted

ROWS = 40
COLUMNS = 16
ROW = 19  # pixels

_PALEST, _DARKEST = 0.04, 0.85  # how much of the accent a cell has


@dataclass(frozen=True, slots=True)
class Cells:
    """The names of rows and columns, the values where they meet, whether some are left out, and where the values rest
    on so few cases that they are no shade."""

    rows: list[str]
    across: list[str]
    values: dict[tuple[str, str], float]
    cut: bool
    few: frozenset[tuple[str, str]] = frozenset()

    @property
    def top(self) -> float:
        """The largest value, without its sign."""
        return max((abs(value) for at, value in self.values.items() if at not in self.few), default=1.0) or 1.0


def heatmap(canvas: Canvas) -> tuple[Drawing, ...]:
    """A cell for each pair of values of the two dimensions."""
    section, formats = canvas.section, canvas.formats
    shown = next(column for column in section.columns if column.name == canvas.chart.y[0])
    alt = formats.word("chart_of", label=shown.label, title=section.title or section.id)
    cells = cells_of(canvas)
    captions = (formats.word("heatmap_cut", rows=ROWS, columns=COLUMNS),) if cells.cut else ()
    if section.available_rows > len(section.rows):  # a heat map has no table that would say so
        captions = (
            *captions,
            formats.word("rows_cut", shown=len(section.rows), available=number(formats, section.available_rows)),
        )
    if any((row, name) in cells.few for row in cells.rows for name in cells.across):
        captions = (formats.word("cells_of_few"), *captions)
    if any((row, name) not in cells.values for row in cells.rows for name in cells.across):
        captions = (formats.word("heatmap_empty"), *captions)
    return (Drawing(_drawn(canvas, cells, shown), shown.label, alt, (), captions),)


def cells_of(canvas: Canvas) -> Cells:
    """The cells from the section's rows; the others together are of all columns."""
    section, chart, formats = canvas.section, canvas.chart, canvas.formats
    names = [column.name for column in section.columns]
    y, x, v = (names.index(name) for name in (chart.x, chart.color or chart.x, chart.y[0]))
    if section.others:
        *rest, last = section.rows
        rest.append((*last[:x], formats.word("other"), *last[x + 1 :]))
        section = replace(section, rows=tuple(rest))
    there = _distinct(section, y, formats)
    rows = [*(name for name in chart.order if name in there), *(name for name in there if name not in chart.order)]
    across = list(dict.fromkeys((*chart.categories, *_distinct(section, x, formats))))
    places = [
        (name_of(formats, line[y], section.columns[y]), name_of(formats, line[x], section.columns[x]))
        for line in section.rows
    ]
    pairs = zip(places, (line[v] for line in section.rows), strict=True)
    values = {at: float(value) for at, value in pairs if is_number(value)}
    metric = section.columns[v].metric
    few = frozenset(at for at, metrics in zip(places, section.few, strict=False) if metric in metrics)
    return Cells(rows[:ROWS], across[:COLUMNS], values, len(rows) > ROWS or len(across) > COLUMNS, few)


def _drawn(canvas: Canvas, cells: Cells, column: Column) -> str:
    short = named(cells.rows)
    left, right = widest(short) + GAP + 2, 6
    down, over = Steps(len(cells.rows), 0.08, 0.04), Steps(len(cells.across), 0.04, 0.02)
    wide = canvas.width
    if over.step(wide - left - right) < widest(compact(canvas.formats, v, column, 1) for v in cells.values.values()):
        wide = WIDTH  # rather small letters than some that overlap
    room = over.step(wide - left - right) - 4
    heads = [[clipped(line, room / SIZE) for line in in_lines(name, room)] for name in cells.across]
    lines = max(map(len, heads), default=1)
    top = SIZE + GAP + 4 + (lines - 1) * LINE
    frame = Frame(len(cells.rows) * ROW + 4, left=left, right=right, top=top, bottom=2, whole=wide)
    ys, xs = down.centres(frame.height), over.centres(frame.width)
    labels = beside(short, ys, -GAP, INK)
    for x, head in zip(xs, heads, strict=True):
        labels += [Label(x, -GAP - at * LINE, line, "middle", INK) for at, line in enumerate(reversed(head))]
    half, thick = over.width(frame.width) / 2, down.width(frame.height) / 2
    shapes = []
    for x, y, at in _places(cells, xs, ys):
        value = cells.values.get(at)
        if value is None:  # nothing was counted there, which is another thing than 0
            shapes.append(rect(x - half, y - thick, x + half, y + thick, "#ffffff", edge=RULE))
            continue
        text = compact(canvas.formats, value, column, 1)
        if at in cells.few:
            shapes.append(rect(x - half, y - thick, x + half, y + thick, "#ffffff", edge=RULE))
            labels.append(Label(x, y + SIZE * 0.35, text, "middle", MUTED))
            continue
        share = abs(value) / cells.top
        fill = tinted(canvas.palette.accent, _PALEST + (_DARKEST - _PALEST) * share)
        shapes.append(rect(x - half, y - thick, x + half, y + thick, fill))
        labels.append(Label(x, y + SIZE * 0.35, text, "middle", readable_on(fill)))
    return drawing(frame, shapes, labels)


def _places(cells: Cells, xs: list[float], ys: list[float]) -> Iterator[tuple[float, float, tuple[str, str]]]:
    for row, y in zip(cells.rows, ys, strict=True):
        for name, x in zip(cells.across, xs, strict=True):
            yield x, y, (row, name)


def _distinct(section: Section, at: int, formats: Formats) -> list[str]:
    """The values of a column in the order in which the section has them."""
    return list(dict.fromkeys(name_of(formats, row[at], section.columns[at]) for row in section.rows))


KIND = Kind("heatmap", heatmap)
