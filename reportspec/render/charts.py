"""A section's chart: Vega-Lite for the marks, labels in the report's language, legend, caption."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from reportspec import languages
from reportspec.model.figures import Chart, Column, Figures, Section
from reportspec.render.locale import Formats, compact, number, percent
from reportspec.render.own_chart import own_chart
from reportspec.render.palette import BAD, FAINT, GOOD, INK, MUTED, PREVIOUS, Palette
from reportspec.render.series import Series, read_series
from reportspec.render.vega import (
    GAP,
    LONGEST_TURNED,
    SIZE,
    WIDTH,
    Frame,
    Label,
    Span,
    Spec,
    Steps,
    below,
    below_room,
    beside,
    chart_svg,
    grid_axis,
    named,
    ticks,
    widest,
)

CATEGORIES = 15  # bars that one chart shows; the table has them all
SERIES = 8  # lines or layers that can still be told apart
LONGEST_BIN = 200  # pixels of the name of a bin
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

    def write(self, value: float | None, column: Column) -> str:
        """A value as charts have it."""
        return self.formats.not_available if value is None else compact(self.formats, value, column)


def drawings(figures: Figures, section: Section, formats: Formats, palette: Palette) -> tuple[Drawing, ...]:
    """The section's charts: one per unit of its metrics, none without anything to draw.

    Raises `RenderError` for a chart of the user's own that Vega-Lite refuses.
    """
    chart = section.chart
    if chart is None or not section.rows:
        return ()
    if chart.vega_lite is not None:
        own = chart.vega_lite
        alt = own.get("description") or formats.word("chart_of", label=section.title or section.id, title=figures.title)
        return (Drawing(own_chart(section, chart, formats, palette), "", str(alt)),)
    if chart.kind == "heatmap":
        return (_heatmap(section, chart, formats, palette),)
    labels, series = read_series(section, chart, formats)
    over_time = any(one.name == chart.x and one.role == "period" for one in section.columns)
    canvas = _Canvas(figures, section, chart, formats, palette, labels, over_time)
    made = []
    for _, group in groupby(series, key=lambda one: (one.column.unit, one.column.currency)):
        alike = tuple(group)
        if any(one.known for one in alike):
            made.append(_draw(canvas, alike))
    return tuple(made)


def _draw(canvas: _Canvas, series: tuple[Series, ...]) -> Drawing:
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
        case "waterfall":
            return _waterfall(canvas, series[0])
        case "hbar" | "bullet":
            return _hbar(canvas, series[0]) if len(series) == 1 else _stacked(canvas, series)
        case _:
            raise AssertionError(f"{kind} is drawn elsewhere")


def _heatmap(section: Section, chart: Chart, formats: Formats, palette: Palette) -> Drawing:
    from reportspec.render.heatmap import heatmap

    svg, captions = heatmap(section, chart, formats, palette)
    shown = next(column for column in section.columns if column.name == chart.y[0])
    alt = formats.word("chart_of", label=shown.label, title=section.title or section.id)
    return Drawing(svg, shown.label, alt, (), captions)


# --- the kinds -------------------------------------------------------------------------------


def _line(canvas: _Canvas, series: tuple[Series, ...]) -> Drawing:
    series, captions = _few_series(canvas, series, sum_rest=False)
    count, partial = len(canvas.labels), canvas.chart.partial_from
    upright = _Upright.of(
        canvas,
        series[0].column,
        [value for one in series for value in one.known],
        Steps(count, 1, 0.4),
        canvas.labels,
        rotate=not canvas.over_time,
        zero=None,
    )
    values: list[Spec] = [
        {
            "i": i,
            "k": k,
            "v": value,
            "p": one.previous[i] if one.previous else None,
            "over": partial is None or i < partial,
            "open": partial is not None and i >= partial - 1,
        }
        for k, one in enumerate(series)
        for i, value in enumerate(one.values)
    ]
    colour = _colours(canvas, series)

    def line(field: str, only: str = "true", **mark: object) -> Spec:
        stroke = mark.pop("stroke", colour)
        return {
            "transform": [{"filter": only}],
            "mark": {"type": "line", "strokeJoin": "round", **mark},
            "encoding": {**upright.encoding(field), "detail": {"field": "k"}, "color": stroke},
        }

    layers: list[Spec] = []
    if any(one.previous for one in series):
        if len(series) == 1:
            grey: Spec = {"value": PREVIOUS}
            layers.append(line("p", strokeWidth=1.5, strokeDash=[4, 3], stroke=grey))
        else:
            layers.append(line("p", strokeWidth=1.5, strokeDash=[4, 3], opacity=0.55))
    layers.append(line("v", "datum.over", strokeWidth=2.2))
    if partial is not None:
        layers.append(line("v", "datum.open", strokeWidth=2.2, strokeDash=[2, 3]))
    if count <= 31:
        dots: Spec = {"type": "point", "filled": True, "size": 26, "opacity": 1}
        encoding = {**upright.encoding("v"), "color": colour}
        layers.append({"mark": dots, "encoding": encoding})
    layers += _reference(canvas, "y")
    svg = chart_svg(layers, values, upright.frame, upright.labels())
    return _drawing(canvas, series, svg, captions, "line", previous="dash")


def _bars(canvas: _Canvas, one: Series) -> Drawing:
    """Bars over time; the comparison beside each, or as a line where bars get thin."""
    count, partial = len(canvas.labels), canvas.chart.partial_from
    paired = bool(one.previous) and count <= 24
    steps = Steps(count, 0.32 if paired else 0.28, 0.15)
    upright = _Upright.of(canvas, one.column, one.known, steps, canvas.labels)
    values: list[Spec] = [
        {
            "i": i,
            "k": 1,
            "v": value,
            "p": one.previous[i] if one.previous else None,
            "open": partial is not None and i >= partial,
        }
        for i, value in enumerate(one.values)
    ]
    if paired:
        values += [{"i": i, "k": 0, "v": value} for i, value in enumerate(one.previous)]
    offset: Spec = {"field": "k", "type": "ordinal", "scale": {"domain": [0, 1]}}
    encoding: Spec = {
        **upright.encoding("v"),
        **({"xOffset": offset} if paired else {}),
        "color": {
            "condition": {"test": "datum.k == 0", "value": PREVIOUS},
            "value": canvas.palette.accent,
        },
        "opacity": {"condition": {"test": "datum.open", "value": 0.5}, "value": 1},
    }
    layers: list[Spec] = [{"mark": "bar", "encoding": encoding}]
    if one.previous and not paired:
        dashed: Spec = {"type": "line", "color": MUTED, "strokeWidth": 1.4, "strokeDash": [4, 3]}
        layers.append({"mark": dashed, "encoding": upright.encoding("p")})
    layers += _reference(canvas, "y")
    labels = upright.labels()
    width = steps.step(upright.frame.width) * (1 - steps.inner) / (2 if paired else 1)
    labels += upright.values(one, width, shift=width / 2 if paired else 0.0)
    svg = chart_svg(layers, values, upright.frame, labels)
    previous: Literal["fill", "dash"] = "fill" if paired else "dash"
    return _drawing(canvas, (one,), svg, (), "fill", previous=previous)


def _hbar(canvas: _Canvas, one: Series) -> Drawing:
    names, cut, captions, _ = _drawn(canvas, one, whole=False)
    texts = [canvas.write(value, one.column) for value in cut.values]
    if one.previous:
        told = canvas.formats.word("mark_is_previous", label=canvas.previous_label)
        if canvas.chart.kind == "bullet":
            told = canvas.formats.word("mark_is_goal")
        captions = (told, *captions)
    return _horizontal(canvas, cut, list(names), texts, captions)


def _funnel(canvas: _Canvas, one: Series) -> Drawing:
    """Steps from top to bottom, each with its share of the step before."""
    texts: list[str] = []
    before: float | None = None
    for value in one.values:
        text = canvas.write(value, one.column)
        if before and value is not None:
            rate = percent(canvas.formats, value / before, 1)
            text += "  ·  " + canvas.formats.word("of_previous_step", rate=rate)
        texts.append(text)
        before = value
    steps = Series(one.label, one.column, one.values)
    return _horizontal(canvas, steps, list(canvas.labels), texts, ())


def _horizontal(canvas: _Canvas, one: Series, names: list[str], texts: list[str], captions: tuple[str, ...]) -> Drawing:
    """Horizontal bars with names on the left and written values at their ends."""
    count = len(names)
    shown = [*one.known, 0.0]
    if canvas.chart.reference is not None:
        shown.append(canvas.chart.reference)
    low, high = min(shown), max(shown)
    if low == high:
        high = low + 1.0
    short = named(names)
    room = widest(texts) + 2 * GAP
    frame = Frame(
        count * ROW + 4,
        left=widest(short) + GAP + 2 + (room if low < 0 else 0),
        right=room if high > 0 else 6,
        top=2,
        bottom=2,
    )
    span, steps = Span(low, high), Steps(count, 0.34, 0.2)
    x: Spec = {"type": "quantitative", "scale": span.scale, "axis": None, "stack": None}
    y: Spec = {"field": "i", "type": "ordinal", "scale": steps.scale, "axis": None}
    values: list[Spec] = [
        {"i": i, "v": value, "p": one.previous[i] if one.previous else None} for i, value in enumerate(one.values)
    ]
    bar: Spec = {"type": "bar", "color": canvas.palette.accent}
    layers: list[Spec] = [{"mark": bar, "encoding": {"x": {**x, "field": "v"}, "y": y}}]
    if low < 0:
        layers.append(_rule({"x": {"datum": 0, **x}}, FAINT))
    if one.previous:
        tick: Spec = {"type": "tick", "color": INK, "opacity": 0.55, "thickness": 2}
        layers.append(
            {
                "mark": {**tick, "size": ROW * 0.8},
                "encoding": {"x": {**x, "field": "p"}, "y": y},
            }
        )
    layers += _reference(canvas, "x", x)
    ys = steps.centres(frame.height)
    edge = -(room if low < 0 else 0) - GAP
    labels = beside(short, ys, edge, INK)
    marks = one.previous or (None,) * count
    for value, text, middle, mark in zip(one.values, texts, ys, marks, strict=True):
        way = -1 if (value or 0.0) < 0 else 1
        at = span.place(value or 0.0, frame.width) + way * GAP
        if mark is not None:
            # The text steps over the mark of the previous period where both would meet.
            ahead = way * (span.place(mark, frame.width) - at)
            if -GAP < ahead < widest([text]) + GAP:
                at += way * (ahead + GAP)
        labels.append(Label(at, middle + SIZE * 0.35, text, "end" if way < 0 else "start", INK))
    svg = chart_svg(layers, values, frame, labels)
    return _drawing(canvas, (one,), svg, captions, None)


def _stacked(canvas: _Canvas, series: tuple[Series, ...]) -> Drawing:
    series, captions = _few_series(canvas, series, sum_rest=True)
    fits = len(canvas.labels) <= 12 and widest(canvas.labels) * len(canvas.labels) < WIDTH - 80
    if canvas.over_time or fits:
        svg = _stacked_upright(canvas, series)
    else:
        names, series, cut = _few_rows(canvas, series)
        svg = _stacked_level(canvas, series, list(range(len(names))), names)
        captions = (*captions, *cut)
    return _drawing(canvas, series, svg, captions, "fill")


def _stacked_upright(canvas: _Canvas, series: tuple[Series, ...]) -> str:
    rows = list(range(len(canvas.labels)))
    steps = Steps(len(rows), 0.3, 0.15)
    upright = _Upright.of(canvas, series[0].column, _ends(series, rows), steps, canvas.labels, height=HEIGHT + 20)
    encoding: Spec = {
        **upright.encoding("v", stack="zero"),
        "color": _colours(canvas, series),
        "order": {"field": "k"},
    }
    layers: list[Spec] = [{"mark": _SEGMENT, "encoding": encoding}, *_reference(canvas, "y")]
    return chart_svg(layers, _stack_values(series, rows), upright.frame, upright.labels())


def _stacked_level(canvas: _Canvas, series: tuple[Series, ...], rows: list[int], names: tuple[str, ...]) -> str:
    at = _ticks(canvas, _ends(series, rows), series[0].column, zero=True)
    span, steps, short = Span(at[0], at[-1]), Steps(len(rows), 0.3, 0.15), named(names)
    texts = [canvas.write(value, series[0].column) for value in at]
    left = max(widest(short) + GAP, widest(texts[:1]) / 2) + 2
    right = widest(texts[-1:]) / 2 + 2
    frame = Frame(len(rows) * ROW + 4, left=left, right=right, top=2, bottom=SIZE + GAP + 5)
    x: Spec = {"type": "quantitative", "scale": span.scale, "axis": grid_axis(at), "field": "v"}
    y: Spec = {"field": "i", "type": "ordinal", "scale": steps.scale, "axis": None}
    encoding: Spec = {"x": x, "y": y, "color": _colours(canvas, series), "order": {"field": "k"}}
    layers: list[Spec] = [{"mark": _SEGMENT, "encoding": encoding}, *_reference(canvas, "x")]
    labels = beside(short, steps.centres(frame.height), -GAP, INK)
    xs = [span.place(value, frame.width) for value in at]
    labels += below(texts, xs, frame, frame.width / len(at), rotate=False)
    return chart_svg(layers, _stack_values(series, rows), frame, labels)


def _pareto(canvas: _Canvas, one: Series) -> Drawing:
    names, cut, captions, rest = _drawn(canvas, one, whole=True)
    bars = list(zip(names, (value or 0.0 for value in cut.values), strict=True))
    last = bars[-1:] if rest else []
    bars = sorted(bars[: len(bars) - len(last)], key=lambda bar: -bar[1]) + last
    names = tuple(name for name, _ in bars)
    whole = math.fsum(max(value, 0.0) for _, value in bars) or 1.0
    running = 0.0
    values: list[Spec] = []
    for i, (_, value) in enumerate(bars):
        running += max(value, 0.0)
        values.append({"i": i, "v": value, "c": min(running / whole, 1.0)})
    quarters = (0.0, 0.25, 0.5, 0.75, 1.0)
    shares = [percent(canvas.formats, quarter, 0) for quarter in quarters]
    upright = _Upright.of(
        canvas,
        one.column,
        [value for _, value in bars],
        Steps(len(bars), 0.25, 0.15),
        names,
        rotate=True,
        right=widest(shares) + GAP + 2,
    )
    encoding = upright.encoding("v")
    share: Spec = {"field": "c", "type": "quantitative", "scale": Span(0, 1).scale, "axis": None}
    line: Spec = {"type": "line", "color": INK, "strokeWidth": 1.5}
    bar: Spec = {"type": "bar", "color": canvas.palette.accent}
    layers: list[Spec] = [
        {"mark": bar, "encoding": encoding},
        {
            "mark": {**line, "point": {"size": 22, "color": INK}},
            "encoding": {"x": encoding["x"], "y": share},
        },
    ]
    frame = upright.frame
    heights = [frame.height * (1 - quarter) for quarter in quarters]
    labels = upright.labels() + beside(shares, heights, frame.width + GAP)
    svg = chart_svg(layers, values, frame, labels, resolve={"scale": {"y": "independent"}})
    legend = (
        Key(one.label, canvas.palette.accent, "fill"),
        Key(canvas.formats.word("cumulative"), INK, "line"),
    )
    return _drawing(canvas, (one,), svg, captions, None, legend=legend)


def _waterfall(canvas: _Canvas, one: Series) -> Drawing:
    """From nothing to the whole, row by row; with a comparison from the whole then to the whole
    now, by what each row changed. What is not drawn row by row is one step more."""
    word, write = canvas.formats.word, canvas.write
    whole, before = canvas.chart.whole or (0.0, None)
    bridge = before is not None
    past = one.previous if bridge and one.previous else (0.0,) * len(one.values)
    changes = [(now or 0.0) - (then or 0.0) for now, then in zip(one.values, past, strict=True)]
    own = len(changes) - (1 if canvas.section.others else 0)  # the rows that stand for themselves
    by_size = sorted(range(own), key=lambda at: -abs(changes[at]))
    rows = sorted(at for at in by_size[: CATEGORIES - 3] if changes[at])
    start = before if before is not None else 0.0
    steps = [(canvas.labels[at], changes[at]) for at in rows]
    rest = (whole or 0.0) - start - math.fsum(change for _, change in steps)
    hidden = sum(map(bool, changes[:own])) - len(rows)
    captions: tuple[str, ...] = ()
    if hidden:
        available = number(canvas.formats, _all_rows(canvas))
        captions = (word("largest_drawn", shown=len(rows), available=available),)
    if hidden or abs(rest) > max(abs(whole or 0.0), abs(start)) * 1e-9:
        steps.append((_others(canvas, hidden + _all_rows(canvas) - own), rest))
    bars: list[tuple[str, float, float, str, str]] = []  # name, from, to, text, colour
    if bridge:
        bars.append((canvas.previous_label, 0.0, start, write(start, one.column), PREVIOUS))
    level = start
    upwards = one.column.direction != "down"
    for name, change in steps:
        colour = canvas.palette.series[1]
        if bridge and one.column.direction != "neutral":
            colour = GOOD if (change > 0) == upwards else BAD
        sign = "+" if bridge and change > 0 else ""
        bars.append((name, level, level + change, sign + write(change, one.column), colour))
        level += change
    last = canvas.figures.period.label if bridge else word("total")
    bars.append((last, 0.0, level, write(level, one.column), canvas.palette.accent))
    names = tuple(bar[0] for bar in bars)
    reached = [value for bar in bars for value in bar[1:3]]
    places = Steps(len(bars), 0.3, 0.15)
    upright = _Upright.of(canvas, one.column, reached, places, names, rotate=True, height=HEIGHT + 20)
    colours = list(dict.fromkeys(bar[4] for bar in bars))
    values: list[Spec] = [
        {"i": i, "v": end, "w": begin, "k": colours.index(colour), "n": i + 1, "l": end}
        for i, (_, begin, end, _, colour) in enumerate(bars)
    ]
    encoding = upright.encoding("v")
    scale: Spec = {"domain": list(range(len(colours))), "range": colours}
    told: Spec = {"field": "k", "type": "nominal", "scale": scale, "legend": None}
    thin: Spec = {"type": "rule", "color": FAINT, "strokeWidth": 0.8}
    layers: list[Spec] = [
        {
            "transform": [{"filter": f"datum.i < {len(bars) - 1}"}],
            "mark": thin,
            "encoding": {"x": encoding["x"], "x2": {"field": "n"}, "y": encoding["y"]},
        },
        {
            "mark": {"type": "bar", "cornerRadius": 0},
            "encoding": {**encoding, "y2": {"field": "w"}, "color": told},
        },
    ]
    labels = upright.labels()
    slot = places.step(upright.frame.width)
    if widest([bar[3] for bar in bars]) <= slot * 1.1:
        for x, (_, begin, end, text, _) in zip(places.centres(upright.frame.width), bars, strict=True):
            top = upright.height_of(max(begin, end)) - 4
            labels.append(Label(x, top, text, "middle", INK))
    svg = chart_svg(layers, values, upright.frame, labels)
    told_of = (Series(one.label, one.column, one.values),)
    return _drawing(canvas, told_of, svg, captions, None)


def _histogram(canvas: _Canvas, one: Series) -> Drawing:
    steps = Steps(len(canvas.labels), 0.04, 0.04)
    # The bounds of a bin stand at the end of its name: cut, it would name none.
    upright = _Upright.of(canvas, one.column, one.values, steps, canvas.labels, rotate=True, longest=LONGEST_BIN)
    values: list[Spec] = [{"i": i, "v": value} for i, value in enumerate(one.values)]
    bar: Spec = {"type": "bar", "color": canvas.palette.accent}
    layers: list[Spec] = [{"mark": bar, "encoding": upright.encoding("v")}]
    labels = upright.labels() + upright.values(one, steps.step(upright.frame.width))
    svg = chart_svg(layers, values, upright.frame, labels)
    return _drawing(canvas, (one,), svg, (), None)


# --- shared parts ----------------------------------------------------------------------------

_SEGMENT: Spec = {"type": "bar", "cornerRadius": 0, "stroke": "white", "strokeWidth": 0.6}


@dataclass(frozen=True, slots=True)
class _Upright:
    """Values upwards, positions from left to right: what most kinds stand on."""

    canvas: _Canvas
    column: Column
    at: tuple[float, ...]
    texts: tuple[str, ...]
    steps: Steps
    names: tuple[str, ...]
    rotate: bool
    frame: Frame
    longest: float

    @classmethod
    def of(
        cls,
        canvas: _Canvas,
        column: Column,
        values: Iterable[float | None],
        steps: Steps,
        names: tuple[str, ...],
        *,
        rotate: bool = False,
        zero: bool | None = True,
        height: float = HEIGHT,
        right: float = 6,
        longest: float = LONGEST_TURNED,
    ) -> _Upright:
        at = _ticks(canvas, values, column, zero)
        texts = tuple(canvas.write(value, column) for value in at)
        left = widest(texts) + GAP + 2
        slot = steps.step(WIDTH - left - right)
        frame = Frame(height, left, right, SIZE + 6, below_room(names, slot, rotate, longest))
        return cls(canvas, column, at, texts, steps, names, rotate, frame, longest)

    @property
    def span(self) -> Span:
        return Span(self.at[0], self.at[-1])

    def encoding(self, field: str, stack: str | None = None) -> Spec:
        """The x and y channels for one of the fields."""
        x: Spec = {"field": "i", "type": "ordinal", "scale": self.steps.scale, "axis": None}
        y: Spec = {"type": "quantitative", "scale": self.span.scale, "axis": grid_axis(self.at)}
        return {"x": x, "y": {**y, "field": field, "stack": stack}}

    def height_of(self, value: float) -> float:
        """Pixels from the plot's top."""
        return self.frame.height - self.span.place(value, self.frame.height)

    def labels(self) -> list[Label]:
        """The labels of both axes."""
        ys = [self.height_of(value) for value in self.at]
        width = self.frame.width
        xs, slot = self.steps.centres(width), self.steps.step(width)
        across = below(self.names, xs, self.frame, slot, self.rotate, self.longest)
        return beside(self.texts, ys, -GAP) + across

    def values(self, one: Series, room: float, shift: float = 0.0) -> list[Label]:
        """The written values on top of bars, unless they are too wide for `room` or some would
        run into the labels below."""
        texts = ["" if value is None else self.canvas.write(value, self.column) for value in one.values]
        if widest(texts) > room * 1.25 or min(one.known) < 0:
            return []
        labels = []
        for x, value, text in zip(self.steps.centres(self.frame.width), one.values, texts, strict=True):
            if value is not None:
                labels.append(Label(x + shift, self.height_of(value) - 4, text, "middle", INK))
        return labels


def _ticks(canvas: _Canvas, values: Iterable[float | None], column: Column, zero: bool | None) -> tuple[float, ...]:
    """Tick values that hold all values and the reference. `zero` None lets a line start above
    zero where its values stay close together."""
    known = [value for value in values if value is not None]
    if canvas.chart.reference is not None:
        known.append(canvas.chart.reference)
    low, high = min(known, default=0.0), max(known, default=1.0)
    if zero or low < 0.6 * high or column.unit in ("count", "currency"):
        low, high = min(low, 0.0), max(high, 0.0)
    return ticks(low, high, whole=column.unit == "count")


def _ends(series: tuple[Series, ...], rows: Sequence[int]) -> list[float]:
    """How far the stacks reach, upwards and downwards."""
    ends = []
    for row in rows:
        known = [one.values[row] or 0.0 for one in series]
        ends.append(math.fsum(value for value in known if value > 0))
        ends.append(math.fsum(value for value in known if value < 0))
    return ends


def _sums(series: Sequence[Series]) -> tuple[float | None, ...]:
    return tuple(
        math.fsum(value for value in column if value is not None)
        for column in zip(*(one.values for one in series), strict=True)
    )


def _stack_values(series: tuple[Series, ...], rows: Sequence[int]) -> list[Spec]:
    return [{"i": i, "k": k, "v": one.values[row]} for k, one in enumerate(series) for i, row in enumerate(rows)]


def _colours(canvas: _Canvas, series: tuple[Series, ...]) -> Spec:
    places = list(range(len(series)))
    colours = [canvas.palette.series[place] for place in places]
    scale: Spec = {"domain": places, "range": colours}
    return {"field": "k", "type": "nominal", "scale": scale, "legend": None}


def _rule(encoding: Spec, colour: str, **mark: object) -> Spec:
    rule: Spec = {"type": "rule", "color": colour, "strokeWidth": 1, **mark}
    return {"data": {"values": [{}]}, "mark": rule, "encoding": encoding}


def _reference(canvas: _Canvas, across: Literal["x", "y"], channel: Spec | None = None) -> list[Spec]:
    """A dashed line at the chart's reference; the legend says what it is."""
    if canvas.chart.reference is None:
        return []
    at: Spec = {"datum": canvas.chart.reference, **(channel or {})}
    return [_rule({across: at}, INK, strokeDash=[5, 3])]


def _all_rows(canvas: _Canvas) -> int:
    """How many rows there are to draw, those among the others and those that were cut included."""
    section, drawn = canvas.section, len(canvas.labels)
    if section.others:
        return drawn - 1 + section.others
    return max(section.available_rows, drawn)


def _others(canvas: _Canvas, count: int) -> str:
    """What the rest is called: `Others (12)`; `Other` where it is not known how many."""
    if not count:
        return canvas.formats.word("other")
    return languages.word(canvas.figures.language, "evaluation", "others").format(count)


def _drawn(canvas: _Canvas, one: Series, *, whole: bool) -> tuple[tuple[str, ...], Series, tuple[str, ...], bool]:
    """The names and the values to draw, what to say of a cut, and whether the last one is the rest.
    More than fit are the largest. Where values add up, the rest is one bar, which stands for the rows
    that are not drawn and for those among the others: in a chart of the `whole`, and wherever the
    rows have others already."""
    section, total = canvas.section, canvas.chart.whole
    told = len(one.values) - (1 if section.others else 0)  # the rows that stand for themselves
    every = _all_rows(canvas)
    if total is None or total[0] is None or not (whole or section.others):
        rows, captions = _largest(canvas, one)
        return *_picked(canvas, one, rows), captions, whole and bool(section.others)
    if every == told <= CATEGORIES:
        return *_picked(canvas, one, list(range(told))), (), False
    by_size = sorted(range(told), key=lambda at: -abs(one.values[at] or 0.0))
    rows = sorted(by_size[: CATEGORIES - 1])
    names, kept = _picked(canvas, one, rows)
    captions = ()
    if len(rows) < told:
        available = number(canvas.formats, every)
        captions = (canvas.formats.word("largest_drawn", shown=len(rows), available=available),)

    def rest(of: float | None, values: tuple[float | None, ...]) -> tuple[float | None, ...]:
        left = None if of is None else of - math.fsum(value or 0.0 for value in values)
        return (*values, left)

    previous = rest(total[1], kept.previous) if kept.previous else ()
    cut = Series(one.label, one.column, rest(total[0], kept.values), previous)
    return (*names, _others(canvas, every - len(rows))), cut, captions, True


def _picked(canvas: _Canvas, one: Series, rows: list[int]) -> tuple[tuple[str, ...], Series]:
    """The names and the values of some rows."""
    values = tuple(one.values[row] for row in rows)
    previous = tuple(one.previous[row] for row in rows) if one.previous else ()
    return tuple(canvas.labels[row] for row in rows), Series(one.label, one.column, values, previous)


def _largest(canvas: _Canvas, series: Series) -> tuple[list[int], tuple[str, ...]]:
    """The rows to draw, in their order, and the caption that tells of a cut."""
    count = len(series.values)
    if count <= CATEGORIES:
        return list(range(count)), ()
    by_size = sorted(range(count), key=lambda at: -abs(series.values[at] or 0.0))
    available = number(canvas.formats, count)
    caption = canvas.formats.word("largest_drawn", shown=CATEGORIES, available=available)
    return sorted(by_size[:CATEGORIES]), (caption,)


def _few_series(
    canvas: _Canvas, series: tuple[Series, ...], sum_rest: bool
) -> tuple[tuple[Series, ...], tuple[str, ...]]:
    """At most `SERIES` series; what is left is summed into one more, or left out, and told."""
    if len(series) <= SERIES:
        return series, ()

    def size(at: int) -> float:
        return math.fsum(abs(value) for value in series[at].values if value is not None)

    # Others that the rows have already are among the rest, not beside it.
    other = canvas.formats.word("other")
    apart = canvas.section.others and sum_rest
    own = [at for at, one in enumerate(series) if not (apart and one.label == other)]
    kept = set(sorted(own, key=lambda at: -size(at))[: SERIES - 1])
    chosen = tuple(one for at, one in enumerate(series) if at in kept)
    told = {"shown": len(chosen), "available": number(canvas.formats, len(series))}
    if not sum_rest:
        return chosen, (canvas.formats.word("largest_series", **told),)
    rest = Series(other, series[0].column, _sums([one for at, one in enumerate(series) if at not in kept]))
    return (*chosen, rest), (canvas.formats.word("rest_as_other", other=other, **told),)


def _few_rows(
    canvas: _Canvas, series: tuple[Series, ...]
) -> tuple[tuple[str, ...], tuple[Series, ...], tuple[str, ...]]:
    """The names and the series of the largest stacks. Where the rows have others already, and values
    add up, those that are not drawn are among them."""
    sums = Series("", series[0].column, _sums(series))
    last = len(sums.values) - 1
    if len(sums.values) <= CATEGORIES or not canvas.section.others or canvas.chart.whole is None:
        rows, captions = _largest(canvas, sums)
        return (
            tuple(canvas.labels[row] for row in rows),
            tuple(replace(one, values=tuple(one.values[row] for row in rows)) for one in series),
            captions,
        )
    by_size = sorted(range(last), key=lambda at: -abs(sums.values[at] or 0.0))
    rows = sorted(by_size[: CATEGORIES - 1])
    rest = [at for at in range(last + 1) if at not in rows]
    cut = tuple(
        replace(one, values=(*(one.values[row] for row in rows), math.fsum(one.values[at] or 0.0 for at in rest)))
        for one in series
    )
    told = {"shown": len(rows), "available": number(canvas.formats, last)}
    names = (*(canvas.labels[row] for row in rows), canvas.formats.word("other"))
    return names, cut, (canvas.formats.word("largest_drawn", **told),)


def _drawing(
    canvas: _Canvas,
    series: tuple[Series, ...],
    svg: str,
    captions: tuple[str, ...],
    shape: Literal["fill", "line"] | None,
    previous: Literal["fill", "dash"] | None = None,
    legend: tuple[Key, ...] = (),
) -> Drawing:
    """The drawing with its title, legend and captions."""
    column = series[0].column
    compared = previous is not None and any(one.previous for one in series)
    if shape and len(series) > 1:
        legend = tuple(Key(one.label, canvas.palette.series[k], shape) for k, one in enumerate(series))
        if compared:
            told = canvas.formats.word("dashed_is_previous", label=canvas.previous_label)
            captions = (told, *captions)
    elif shape and compared and previous:
        legend = (
            Key(canvas.figures.period.label, canvas.palette.accent, shape),
            Key(canvas.previous_label, PREVIOUS if previous == "fill" else FAINT, previous),
        )
    if canvas.chart.reference is not None:
        name = canvas.chart.reference_label or canvas.formats.word("goal")
        written = canvas.write(canvas.chart.reference, column)
        legend = (*legend, Key(f"{name} {written}", INK, "dash"))
    title = ", ".join(dict.fromkeys(one.column.label for one in series))
    day_word = str(canvas.formats.words["day"]["many"])
    if column.unit == "days" and day_word not in title.lower():
        title = f"{title} ({day_word})"
    alt = canvas.formats.word("chart_of", label=title, title=canvas.section.title)
    return Drawing(svg, title, alt, legend, captions)
