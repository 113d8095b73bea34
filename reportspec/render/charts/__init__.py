"""A section's charts, drawn by ourselves as SVG: figures in, text out.

Each kind is a file beside this one, which says how it is called and how it is drawn, and a place in
`KINDS`. What kinds share: `kind` (what all of them get and give), `series` (a section's rows as runs of
values), `cut` (what is drawn of many), `scales`, `labels`, `upright` and `level` (the two ways in which
values may stand), `svg`. Every text is escaped there, and what is drawn has bounds: of bars and of
series in `cut`, of cells in `heatmap`; the buckets of a period are bounded already.
"""

from __future__ import annotations

from dataclasses import replace

from reportspec.model.figures import Figures, Section
from reportspec.render.charts import (
    bar,
    hbar,
    heatmap,
    histogram,
    line,
    multiples,
    pareto,
    ranges,
    stacked,
    waterfall,
)
from reportspec.render.charts.kind import Canvas, Drawing, Key, Kind
from reportspec.render.charts.svg import HALF, WIDTH
from reportspec.render.locale import Formats
from reportspec.render.palette import Palette

KINDS: tuple[Kind, ...] = (
    line.KIND,
    bar.KIND,
    hbar.KIND,
    stacked.KIND,
    pareto.KIND,
    histogram.KIND,
    heatmap.KIND,
    waterfall.KIND,
    ranges.KIND,
    multiples.KIND,
)

__all__ = ["KINDS", "Drawing", "Key", "drawings", "fits_half"]


def fits_half(section: Section) -> bool:
    """Whether a section's chart, if it has one, can be drawn in half the width: else its letters would be too small."""
    return section.chart is None or any(kind.name == section.chart.kind and kind.halves for kind in KINDS)


def drawings(
    figures: Figures,
    section: Section,
    formats: Formats,
    palette: Palette,
    *,
    half: bool = False,
    phone: bool = False,
) -> tuple[Drawing, ...]:
    """The section's charts: one per unit of its metrics, none without anything to draw; on a `phone` all are as wide as
    what has half of a page.

    Raises `RenderError` for a chart of the user's own that Vega-Lite refuses.
    """
    chart = section.chart
    if chart is None or not section.rows:
        return ()
    width = HALF if phone or (half and fits_half(section)) else WIDTH
    canvas = Canvas(figures, section, chart, formats, palette, width=width)
    if chart.vega_lite is not None:
        return (_own(canvas),)
    kind = next(kind for kind in KINDS if kind.name == chart.kind)
    # Of a second field each metric has a drawing of its own.
    alone = chart.y if chart.color is not None else ()
    each = [replace(canvas, chart=replace(chart, y=(name,))) for name in alone] or [canvas]
    drawn = tuple(drawing for one in each for drawing in kind.draw(one))
    if section.weekly:  # on the axis stand first days
        return tuple(replace(one, title=f"{one.title} {formats.word('by_week')}") for one in drawn)
    return drawn


def _own(canvas: Canvas) -> Drawing:
    from reportspec.render.own_chart import own_chart

    section, formats = canvas.section, canvas.formats
    description = (canvas.chart.vega_lite or {}).get("description")
    alt = description or formats.word("chart_of", label=section.title or section.id, title=canvas.figures.title)
    return Drawing(own_chart(section, canvas.chart, formats, canvas.palette), "", str(alt))
