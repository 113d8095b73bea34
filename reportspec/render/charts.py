"""A section's chart: from its own rows to Vega-Lite to SVG, with a legend and a caption."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from reportspec.figures import Cell, Chart, Column, Figures, Section
from reportspec.render.locale import Formats, Number, cell, compact, is_number, percent
from reportspec.render.palette import FAINT, INK, MUTED, PREVIOUS, Palette
from reportspec.render.vega import (
    CONFIG,
    WIDTH,
    Spec,
    category_axis,
    chart_spec,
    index_axis,
    svg_from,
    ticks,
    value_axis,
)

CATEGORIES = 15  # bars that one chart shows; the table has them all
SERIES = 8  # lines or layers that can still be told apart
HEIGHT = 150
ROW = 21  # pixels per horizontal bar


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a legend."""

    label: str
    colour: str
    shape: Literal["fill", "line", "dash"]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart ready for the page: `alt` describes it to those who cannot see it."""

    svg: str
    title: str
    alt: str
    legend: tuple[Key, ...] = ()
    captions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Series:
    """One run of values over the chart's x positions."""

    label: str
    column: Column
    values: tuple[float | None, ...]
    previous: tuple[float | None, ...] = ()

    @property
    def known(self) -> tuple[float, ...]:
        both = (*self.values, *self.previous)
        return tuple(value for value in both if value is not None)


@dataclass(frozen=True, slots=True)
class _Canvas:
    """What all charts of a section share."""

    figures: Figures
    section: Section
    chart: Chart
    formats: Formats
    palette: Palette
    labels: tuple[str, ...]
    over_time: bool

    @property
    def previous_label(self) -> str:
        compare = self.figures.compare
        return compare.label if compare else self.formats.word("previous")


def drawings(
    figures: Figures, section: Section, formats: Formats, palette: Palette
) -> tuple[Drawing, ...]:
    """The section's charts: one per unit of its metrics, none without anything to draw.

    Raises `RenderError` for a chart of the user's own that Vega-Lite refuses.
    """
    chart = section.chart
    if chart is None or not section.rows:
        return ()
    if chart.vega_lite is not None:
        return (_own_chart(figures, section, chart, formats),)
    canvas, series = _read(figures, section, chart, formats, palette)
    made = []
    for _, group in groupby(series, key=lambda one: (one.column.unit, one.column.currency)):
        alike = tuple(group)
        if any(one.known for one in alike):
            made.append(_draw(canvas, alike))
    return tuple(made)


def _draw(canvas: _Canvas, series: tuple[_Series, ...]) -> Drawing:
    kind = canvas.chart.kind
    if kind == "bar" and not canvas.over_time:
        kind = "hbar"
    match kind:
        case "line":
            return _line(canvas, series)
        case "bar":
            return _bars(canvas, series[0]) if len(series) == 1 else _line(canvas, series)
        case "stacked":
            return _stacked(canvas, series)
        case "pareto":
            return _pareto(canvas, series[0])
        case "histogram":
            return _histogram(canvas, series[0])
        case "funnel":
            return _funnel(canvas, series[0])
        case "hbar":
            return _hbar(canvas, series[0]) if len(series) == 1 else _stacked(canvas, series)


# --- from rows to series ---------------------------------------------------------------------


def _read(
    figures: Figures, section: Section, chart: Chart, formats: Formats, palette: Palette
) -> tuple[_Canvas, tuple[_Series, ...]]:
    places = {column.name: place for place, column in enumerate(section.columns)}
    x = section.columns[places[chart.x]]
    over_time = x.role == "period"
    row_labels = _row_labels(section, places[chart.x], formats, split=chart.color is None)
    if chart.color is None:
        labels = row_labels
        series = [
            _Series(
                section.columns[places[name]].label,
                section.columns[places[name]],
                _numbers(row[places[name]] for row in section.rows),
                _previous(section, section.columns[places[name]]),
            )
            for name in chart.y
        ]
    else:
        labels, series = _by_colour(section, chart, places, row_labels, formats)
    canvas = _Canvas(figures, section, chart, formats, palette, labels, over_time)
    return canvas, tuple(series)


def _row_labels(section: Section, x: int, formats: Formats, split: bool) -> tuple[str, ...]:
    """What each row is called on the axis. Rows that share a name also say what divides them."""
    if section.columns[x].role == "period" and len(section.row_labels) == len(section.rows):
        return section.row_labels
    labels = tuple(cell(formats, row[x], section.columns[x]) for row in section.rows)
    if not split or len(set(labels)) == len(labels):
        return labels
    parts = [
        place
        for place, column in enumerate(section.columns)
        if column.role in ("dimension", "period")
    ]
    return tuple(
        " · ".join(cell(formats, row[place], section.columns[place]) for place in parts)
        for row in section.rows
    )


def _by_colour(
    section: Section,
    chart: Chart,
    places: dict[str, int],
    row_labels: tuple[str, ...],
    formats: Formats,
) -> tuple[tuple[str, ...], list[_Series]]:
    """Long rows (x, colour, value) as one series per colour, both in order of appearance."""
    assert chart.color is not None
    colour, measure = places[chart.color], places[chart.y[0]]
    positions: dict[tuple[Cell, str], int] = {}
    cells: dict[str, dict[int, float | None]] = {}
    for row, label in zip(section.rows, row_labels, strict=True):
        at = positions.setdefault((row[places[chart.x]], label), len(positions))
        name = cell(formats, row[colour], section.columns[colour])
        value = row[measure]
        cells.setdefault(name, {})[at] = float(value) if is_number(value) else None
    labels = tuple(label for _, label in positions)
    series = [
        _Series(
            name, section.columns[measure], tuple(by_place.get(at) for at in range(len(labels)))
        )
        for name, by_place in cells.items()
    ]
    return labels, series


def _numbers(cells: Iterable[Cell]) -> tuple[float | None, ...]:
    return tuple(float(value) if is_number(value) else None for value in cells)


def _previous(section: Section, column: Column) -> tuple[float | None, ...]:
    for place, other in enumerate(section.columns):
        if other.role == "previous" and other.metric == column.metric:
            values = _numbers(row[place] for row in section.rows)
            return values if any(value is not None for value in values) else ()
    return ()


def _largest(canvas: _Canvas, series: _Series) -> tuple[list[int], tuple[str, ...]]:
    """The rows to draw, in their order, and the caption that tells of a cut."""
    count = len(series.values)
    if count <= CATEGORIES:
        return list(range(count)), ()
    by_size = sorted(range(count), key=lambda at: -abs(series.values[at] or 0.0))
    caption = canvas.formats.word(
        "largest_drawn", shown=CATEGORIES, available=_count(canvas, count)
    )
    return sorted(by_size[:CATEGORIES]), (caption,)


def _few_series(
    canvas: _Canvas, series: tuple[_Series, ...], sum_rest: bool
) -> tuple[tuple[_Series, ...], tuple[str, ...]]:
    """At most `SERIES` series; what is left is summed into one more, or left out, and told."""
    if len(series) <= SERIES:
        return series, ()
    kept = sorted(
        range(len(series)), key=lambda at: -sum(abs(v) for v in series[at].values if v is not None)
    )[: SERIES - 1]
    chosen = tuple(series[at] for at in sorted(kept))
    told = {"shown": len(chosen), "available": _count(canvas, len(series))}
    if not sum_rest:
        return chosen, (canvas.formats.word("largest_series", **told),)
    rest = [one for at, one in enumerate(series) if at not in kept]
    other = canvas.formats.word("other")
    sums = tuple(
        math.fsum(value for value in column if value is not None)
        for column in zip(*(one.values for one in rest), strict=True)
    )
    caption = canvas.formats.word("rest_as_other", other=other, **told)
    return (*chosen, _Series(other, series[0].column, sums)), (caption,)


# --- the kinds -------------------------------------------------------------------------------


def _line(canvas: _Canvas, series: tuple[_Series, ...]) -> Drawing:
    series, captions = _few_series(canvas, series, sum_rest=False)
    count = len(canvas.labels)
    at = _ticks(canvas, [v for one in series for v in one.known], series[0].column, zero=None)
    scale, axis = _value_axis(canvas, series[0].column, at)
    x: Spec = {
        "field": "i",
        "type": "ordinal",
        "sort": None,
        "scale": {"type": "point", "padding": 0.3},
        "axis": index_axis(
            canvas.labels, (WIDTH - 50) * count / max(count - 0.4, 1), rotate=not canvas.over_time
        ),
    }
    partial = canvas.chart.partial_from
    values: list[Spec] = []
    for k, one in enumerate(series):
        for i, value in enumerate(one.values):
            values.append(
                {
                    "i": i,
                    "k": k,
                    "v": value,
                    "p": one.previous[i] if one.previous else None,
                    "over": partial is None or i < partial,
                    "last": partial is not None and i >= partial - 1,
                }
            )
    colours = [canvas.palette.series[k] for k in range(len(series))]
    colour: Spec = {
        "field": "k",
        "type": "nominal",
        "scale": {"domain": list(range(len(series))), "range": colours},
        "legend": None,
    }

    def encode(field: str, **more: object) -> Spec:
        y = {"field": field, "type": "quantitative", "scale": scale, "axis": axis}
        return {"x": x, "y": y, "detail": {"field": "k"}, **more}

    layers: list[Spec] = []
    if any(one.previous for one in series):
        stroke: Spec = {"value": PREVIOUS} if len(series) == 1 else colour
        mark = {"type": "line", "strokeDash": [4, 3], "strokeWidth": 1.5}
        if len(series) > 1:
            mark["opacity"] = 0.55
        layers.append({"mark": mark, "encoding": encode("p", color=stroke)})
    solid = {"type": "line", "strokeWidth": 2.2, "strokeJoin": "round"}
    layers.append(
        {
            "transform": [{"filter": "datum.over"}],
            "mark": solid,
            "encoding": encode("v", color=colour),
        }
    )
    if partial is not None:
        dashed = {"type": "line", "strokeWidth": 2.2, "strokeDash": [2, 3]}
        layers.append(
            {
                "transform": [{"filter": "datum.last"}],
                "mark": dashed,
                "encoding": encode("v", color=colour),
            }
        )
    if count <= 31:
        dot = {"type": "point", "filled": True, "size": 26, "opacity": 1}
        layers.append({"mark": dot, "encoding": encode("v", color=colour)})
    layers += _reference(canvas, "y")
    return _drawing(
        canvas, series, chart_spec(layers, values, HEIGHT), captions, "line", previous="dash"
    )


def _bars(canvas: _Canvas, one: _Series) -> Drawing:
    """Bars over time; the comparison beside each, or as a line where bars get thin."""
    count = len(canvas.labels)
    at = _ticks(canvas, one.known, one.column, zero=True)
    scale, axis = _value_axis(canvas, one.column, at)
    beside = bool(one.previous) and count <= 24
    partial = canvas.chart.partial_from
    values: list[Spec] = [
        {
            "i": i,
            "k": 1,
            "v": value,
            "p": one.previous[i] if one.previous else None,
            "open": partial is not None and i >= partial,
            "t": "" if value is None else compact(canvas.formats, value, one.column),
        }
        for i, value in enumerate(one.values)
    ]
    if beside:
        values += [{"i": i, "k": 0, "v": value, "t": ""} for i, value in enumerate(one.previous)]
    x: Spec = {
        "field": "i",
        "type": "ordinal",
        "sort": None,
        "scale": {"paddingInner": 0.32 if beside else 0.28, "paddingOuter": 0.15},
        "axis": index_axis(canvas.labels, WIDTH - 50),
    }
    y: Spec = {"field": "v", "type": "quantitative", "scale": scale, "axis": axis, "stack": None}
    offset: Spec = {"field": "k", "type": "ordinal", "scale": {"domain": [0, 1]}} if beside else {}
    place: Spec = {"x": x, "y": y, **({"xOffset": offset} if beside else {})}
    colour: Spec = {
        "condition": {"test": "datum.k == 0", "value": PREVIOUS},
        "value": canvas.palette.accent,
    }
    faded: Spec = {"condition": {"test": "datum.open", "value": 0.5}, "value": 1}
    layers: list[Spec] = [{"mark": "bar", "encoding": {**place, "color": colour, "opacity": faded}}]
    if one.previous and not beside:
        layers.append(
            {
                "mark": {"type": "line", "color": MUTED, "strokeWidth": 1.4, "strokeDash": [4, 3]},
                "encoding": {"x": x, "y": {**y, "field": "p"}},
            }
        )
    if count <= (8 if beside else 13):
        layers += _end_labels(place, "y")
    layers += _reference(canvas, "y")
    previous: Literal["fill", "dash"] = "fill" if beside else "dash"
    return _drawing(
        canvas, (one,), chart_spec(layers, values, HEIGHT), (), "fill", previous=previous
    )


def _hbar(canvas: _Canvas, one: _Series) -> Drawing:
    rows, captions = _largest(canvas, one)
    labels = [canvas.labels[row] for row in rows]
    values: list[Spec] = [
        {
            "i": i,
            "v": one.values[row],
            "p": one.previous[row] if one.previous else None,
            "t": _end_text(canvas, one.values[row], one.column),
        }
        for i, row in enumerate(rows)
    ]
    return _horizontal(canvas, one, labels, values, captions)


def _horizontal(
    canvas: _Canvas,
    one: _Series,
    labels: list[str],
    values: list[Spec],
    captions: tuple[str, ...],
    headroom: float = 0.16,
) -> Drawing:
    drawn = [v for spec in values for v in (spec.get("v"), spec.get("p")) if isinstance(v, float)]
    low, high = min([0.0, *drawn]), max([0.0, *drawn])
    if canvas.chart.reference is not None:
        high = max(high, canvas.chart.reference)
    reach = (high - low) or 1.0
    domain = [low - (reach * headroom if low < 0 else 0), high + (reach * headroom if high else 0)]
    x: Spec = {
        "field": "v",
        "type": "quantitative",
        "scale": {"domain": domain, "nice": False},
        "axis": None,
        "stack": None,
    }
    y: Spec = {
        "field": "i",
        "type": "ordinal",
        "sort": None,
        "scale": {"paddingInner": 0.34, "paddingOuter": 0.2},
        "axis": category_axis(labels),
    }
    place: Spec = {"x": x, "y": y}
    layers: list[Spec] = [
        {"mark": {"type": "bar", "color": canvas.palette.accent}, "encoding": place}
    ]
    if low < 0:
        layers.append(
            {"mark": {"type": "rule", "color": FAINT}, "encoding": {"x": {"datum": 0, **_like(x)}}}
        )
    if one.previous:
        tick = {"type": "tick", "color": INK, "opacity": 0.55, "thickness": 2, "size": ROW * 0.8}
        layers.append({"mark": tick, "encoding": {"x": {**x, "field": "p"}, "y": y}})
        captions = (
            canvas.formats.word("mark_is_previous", label=canvas.previous_label),
            *captions,
        )
    layers += _end_labels(place, "x", clear_of_mark=bool(one.previous))
    layers += _reference(canvas, "x", scale=x)
    spec = chart_spec(layers, values, len(labels) * ROW + 6)
    return _drawing(canvas, (one,), spec, captions, None)


def _stacked(canvas: _Canvas, series: tuple[_Series, ...]) -> Drawing:
    series, captions = _few_series(canvas, series, sum_rest=True)
    upright = canvas.over_time or (
        len(canvas.labels) <= 12 and max(map(len, canvas.labels)) * len(canvas.labels) < 110
    )
    totals = _Series(
        "",
        series[0].column,
        tuple(
            math.fsum(value for value in column if value is not None)
            for column in zip(*(one.values for one in series), strict=True)
        ),
    )
    rows, cut = (list(range(len(canvas.labels))), ()) if upright else _largest(canvas, totals)
    labels = [canvas.labels[row] for row in rows]
    above = [
        math.fsum(one.values[row] or 0.0 for one in series if (one.values[row] or 0.0) > 0)
        for row in rows
    ]
    below = [
        math.fsum(one.values[row] or 0.0 for one in series if (one.values[row] or 0.0) < 0)
        for row in rows
    ]
    at = _ticks(canvas, [*above, *below], series[0].column, zero=True)
    scale, axis = _value_axis(canvas, series[0].column, at)
    values: list[Spec] = [
        {"i": i, "k": k, "v": one.values[row]}
        for k, one in enumerate(series)
        for i, row in enumerate(rows)
    ]
    measure: Spec = {"field": "v", "type": "quantitative", "scale": scale, "axis": axis}
    padding = {"paddingInner": 0.3, "paddingOuter": 0.15}
    position: Spec = {
        "field": "i",
        "type": "ordinal",
        "sort": None,
        "scale": padding,
        "axis": index_axis(labels, WIDTH - 50) if upright else category_axis(labels),
    }
    colour: Spec = {
        "field": "k",
        "type": "nominal",
        "scale": {
            "domain": list(range(len(series))),
            "range": [canvas.palette.series[k] for k in range(len(series))],
        },
        "legend": None,
    }
    x, y = (position, measure) if upright else (measure, position)
    mark = {"type": "bar", "cornerRadius": 0, "stroke": "white", "strokeWidth": 0.6}
    encoding: Spec = {"x": x, "y": y, "color": colour, "order": {"field": "k"}}
    layers: list[Spec] = [{"mark": mark, "encoding": encoding}]
    layers += _reference(canvas, "y" if upright else "x")
    height = HEIGHT + 20 if upright else len(labels) * ROW + 24
    spec = chart_spec(layers, values, height)
    return _drawing(canvas, series, spec, (*captions, *cut), "fill")


def _pareto(canvas: _Canvas, one: _Series) -> Drawing:
    rows, captions = _largest(canvas, one)
    rows = sorted(rows, key=lambda row: -(one.values[row] or 0.0))
    labels = [canvas.labels[row] for row in rows]
    whole = math.fsum(value for value in one.values if value is not None and value > 0) or 1.0
    running, values = 0.0, list[Spec]()
    for i, row in enumerate(rows):
        running += max(one.values[row] or 0.0, 0.0)
        values.append({"i": i, "v": one.values[row], "c": min(running / whole, 1.0)})
    at = _ticks(canvas, [spec["v"] for spec in values], one.column, zero=True)  # type: ignore[misc]
    scale, axis = _value_axis(canvas, one.column, at)
    shares = (0.0, 0.25, 0.5, 0.75, 1.0)
    share_scale, share_axis = value_axis(
        shares, lambda share: percent(canvas.formats, share, 0), grid=False, orient="right"
    )
    x: Spec = {
        "field": "i",
        "type": "ordinal",
        "sort": None,
        "scale": {"type": "band", "paddingInner": 0.25, "paddingOuter": 0.15},
        "axis": index_axis(labels, WIDTH - 100, rotate=True),
    }
    y: Spec = {"field": "v", "type": "quantitative", "scale": scale, "axis": axis}
    c: Spec = {"field": "c", "type": "quantitative", "scale": share_scale, "axis": share_axis}
    line = {"type": "line", "color": INK, "strokeWidth": 1.5, "point": {"size": 22, "color": INK}}
    layers: list[Spec] = [
        {"mark": {"type": "bar", "color": canvas.palette.accent}, "encoding": {"x": x, "y": y}},
        {"mark": line, "encoding": {"x": x, "y": c}},
    ]
    spec = chart_spec(layers, values, HEIGHT + 20, resolve={"scale": {"y": "independent"}})
    legend = (
        Key(one.label, canvas.palette.accent, "fill"),
        Key(canvas.formats.word("cumulative"), INK, "line"),
    )
    return _drawing(canvas, (one,), spec, captions, None, legend=legend)


def _histogram(canvas: _Canvas, one: _Series) -> Drawing:
    at = _ticks(canvas, one.known, one.column, zero=True)
    scale, axis = _value_axis(canvas, one.column, at)
    values: list[Spec] = [
        {"i": i, "v": value, "t": _end_text(canvas, value, one.column)}
        for i, value in enumerate(one.values)
    ]
    x: Spec = {
        "field": "i",
        "type": "ordinal",
        "sort": None,
        "scale": {"paddingInner": 0.04, "paddingOuter": 0.04},
        "axis": index_axis(canvas.labels, WIDTH - 50, rotate=True),
    }
    y: Spec = {"field": "v", "type": "quantitative", "scale": scale, "axis": axis}
    place: Spec = {"x": x, "y": y}
    layers: list[Spec] = [
        {"mark": {"type": "bar", "color": canvas.palette.accent}, "encoding": place}
    ]
    if len(values) <= 16:
        layers += _end_labels(place, "y")
    return _drawing(canvas, (one,), chart_spec(layers, values, HEIGHT), (), None)


def _funnel(canvas: _Canvas, one: _Series) -> Drawing:
    """Steps from top to bottom, each with its share of the step before."""
    values: list[Spec] = []
    before: float | None = None
    for i, value in enumerate(one.values):
        text = _end_text(canvas, value, one.column)
        if before and value is not None:
            rate = percent(canvas.formats, value / before, 1)
            text += "  ·  " + canvas.formats.word("of_previous_step", rate=rate)
        values.append({"i": i, "v": value, "t": text})
        before = value
    return _horizontal(
        canvas,
        _Series(one.label, one.column, one.values),
        list(canvas.labels),
        values,
        (),
        headroom=0.6,
    )


def _own_chart(figures: Figures, section: Section, chart: Chart, formats: Formats) -> Drawing:
    """A Vega-Lite chart of the user's own, over the section's rows by column name."""
    names = [column.name for column in section.columns]
    rows = [
        {name: _plain(value) for name, value in zip(names, row, strict=True)}
        for row in section.rows
    ]
    own = dict(chart.vega_lite or {})
    config = own.get("config")
    spec: Spec = {
        "width": WIDTH - 60,
        "height": HEIGHT,
        **own,
        "data": {"values": rows},
        "config": {**CONFIG, "legend": {}, **(config if isinstance(config, dict) else {})},
    }
    alt = formats.word("chart_of", label=section.title, title=figures.title)
    return Drawing(svg_from(spec), "", alt)


def _plain(value: Cell) -> object:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if is_number(value):
        return float(value)
    return str(value) if not hasattr(value, "isoformat") else value.isoformat()


# --- shared parts ----------------------------------------------------------------------------


def _ticks(
    canvas: _Canvas, values: Iterable[float | None], column: Column, zero: bool | None
) -> tuple[float, ...]:
    """Tick values that hold all values and the reference. `zero` None lets a line start above
    zero where its values stay close together."""
    known = [value for value in values if value is not None]
    if canvas.chart.reference is not None:
        known.append(canvas.chart.reference)
    low, high = min(known, default=0.0), max(known, default=1.0)
    if zero or low < 0.6 * high or column.unit in ("count", "currency"):
        low, high = min(low, 0.0), max(high, 0.0)
    return ticks(low, high, whole=column.unit == "count")


def _value_axis(canvas: _Canvas, column: Column, at: tuple[float, ...]) -> tuple[Spec, Spec]:
    return value_axis(at, lambda value: compact(canvas.formats, value, column))


def _count(canvas: _Canvas, count: int) -> str:
    from reportspec.render.locale import number

    return number(canvas.formats, count)


def _end_text(canvas: _Canvas, value: Number | None, column: Column) -> str:
    if value is None:
        return canvas.formats.not_available
    return compact(canvas.formats, value, column)


def _like(channel: Spec) -> Spec:
    return {key: value for key, value in channel.items() if key in ("type", "scale", "axis")}


def _end_labels(place: Spec, towards: Literal["x", "y"], clear_of_mark: bool = False) -> list[Spec]:
    """The written values at the ends of bars, on the outer side of negative ones too."""
    outside: dict[str, Spec] = (
        {
            "datum.v >= 0 || datum.v == null": {"align": "left", "dx": 5, "baseline": "middle"},
            "datum.v < 0": {"align": "right", "dx": -5, "baseline": "middle"},
        }
        if towards == "x"
        else {
            "datum.v >= 0": {"align": "center", "dy": -3, "baseline": "bottom"},
            "datum.v < 0": {"align": "center", "dy": 3, "baseline": "top"},
        }
    )
    # Where a mark of the previous period may stand beyond the bar, the label goes past both.
    aggregate = "max(datum.v, datum.p)" if clear_of_mark else "datum.v"
    along = place[towards]
    assert isinstance(along, dict)
    shown = {**place, towards: {**along, "field": "e"}}
    return [
        {
            "transform": [{"filter": test}, {"calculate": f"{aggregate} || 0", "as": "e"}],
            "mark": {"type": "text", **style},
            "encoding": {**shown, "text": {"field": "t"}},
        }
        for test, style in outside.items()
    ]


def _reference(canvas: _Canvas, across: Literal["x", "y"], scale: Spec | None = None) -> list[Spec]:
    """A dashed line at the chart's reference; the legend says what it is."""
    value = canvas.chart.reference
    if value is None:
        return []
    at: Spec = {"datum": value, **(_like(scale) if scale else {})}
    mark = {"type": "rule", "color": INK, "strokeDash": [5, 3], "strokeWidth": 1}
    return [{"data": {"values": [{}]}, "mark": mark, "encoding": {across: at}}]


def _drawing(
    canvas: _Canvas,
    series: tuple[_Series, ...],
    spec: Spec,
    captions: tuple[str, ...],
    shape: Literal["fill", "line"] | None,
    previous: Literal["fill", "dash"] | None = None,
    legend: tuple[Key, ...] = (),
) -> Drawing:
    compared = previous is not None and any(one.previous for one in series)
    if shape and len(series) > 1:
        legend = tuple(
            Key(one.label, canvas.palette.series[k], shape) for k, one in enumerate(series)
        )
        if compared:
            caption = canvas.formats.word("dashed_is_previous", label=canvas.previous_label)
            captions = (caption, *captions)
    elif shape and compared and previous:
        legend = (
            Key(canvas.figures.period.label, canvas.palette.accent, shape),
            Key(canvas.previous_label, PREVIOUS if previous == "fill" else FAINT, previous),
        )
    if canvas.chart.reference is not None:
        name = canvas.chart.reference_label or canvas.formats.word("goal")
        value = compact(canvas.formats, canvas.chart.reference, series[0].column)
        legend = (*legend, Key(f"{name} {value}", INK, "dash"))
    labels = list(dict.fromkeys(one.column.label for one in series))
    title = ", ".join(labels)
    if series[0].column.unit == "days":
        day_word = str(canvas.formats.words["day"]["many"])
        if day_word not in title.lower():
            title = f"{title} ({day_word})"
    alt = canvas.formats.word("chart_of", label=title, title=canvas.section.title)
    return Drawing(svg_from(spec), title, alt, legend, captions)
