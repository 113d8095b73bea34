"""Small multiples: for each value of a second field columns of its own, all on one scale, so that who is large and who
rises is seen at once. Values stand on the columns instead of an axis; the last step is solid, others are pale, and what
rests on few cases is empty, with a grey value."""

from __future__ import annotations

from collections.abc import Sequence

from reportspec.lazy_dataclass import dataclass
from reportspec.render.charts.cut import few_series
from reportspec.render.charts.kind import Canvas, Drawing, Kind, each_unit, finished
from reportspec.render.charts.lettering import widest
from reportspec.render.charts.scales import Span, Steps
from reportspec.render.charts.series import Series
from reportspec.render.charts.svg import SIZE, WIDTH, Frame, Label, drawing, hatched, rect
from reportspec.render.fonts import clipped
from reportspec.render.palette import INK, MUTED, PREVIOUS, PREVIOUS_FILL, RULE

MOST = 8  # panels
_IN_ROW, _IN_HALF = 4, 2  # side by side, in the whole width and in half of it
_HEIGHT, _BETWEEN = 62.0, 16.0  # of a panel's columns, and between two panels
_HEAD, _FOOT = SIZE * 3.2, SIZE * 1.7  # above columns: the name and a value; below: the names of steps


def multiples(canvas: Canvas, series: tuple[Series, ...]) -> Drawing:
    """A panel for each series, in the order of the rows."""
    series, captions = few_series(canvas, series, sum_rest=False, most=MOST)  # rates and means have no sum
    in_row = min(_IN_ROW if canvas.width == WIDTH else _IN_HALF, len(series))
    wide = (canvas.width - 2 - _BETWEEN * (in_row - 1)) / in_row
    rows = -(-len(series) // in_row)
    tall = _HEAD + _HEIGHT + _FOOT
    frame = Frame(rows * tall, left=1, right=1, top=2, bottom=2, whole=canvas.width)
    known = [value for one in series for value in one.values if value is not None]
    span = Span(min(0.0, *known), max(0.0, *known) or 1.0)  # one scale for all
    over = canvas.chart.partial_from if canvas.chart.partial_from is not None else len(canvas.labels)
    last = max((at for one in series for at, value in enumerate(one.values[:over]) if value is not None), default=-1)
    if any(one.values[at] is not None for one in series for at in one.few):
        captions = (canvas.formats.word("cells_of_few"), *captions)
    shapes: list[str] = []
    labels: list[Label] = []
    for at, one in enumerate(series):
        panel = _Panel(canvas, span, last, at % in_row * (wide + _BETWEEN), at // in_row * tall + _HEAD, wide)
        shapes += panel.columns(one)
        labels += panel.labels(one)
    return finished(canvas, series, drawing(frame, shapes, labels), captions)


@dataclass(frozen=True, slots=True)
class _Panel:
    """Where the columns of a series stand: from `left` and `top` on, `wide`, on a scale; and which is the `last` step
    that is over."""

    canvas: Canvas
    span: Span
    last: int
    left: float
    top: float
    wide: float

    @property
    def _steps(self) -> Steps:
        return Steps(len(self.canvas.labels), 0.25, 0.1)

    @property
    def _xs(self) -> list[float]:
        """The middle of each column."""
        return [self.left + x for x in self._steps.centres(self.wide)]

    @property
    def _slot(self) -> float:
        return self._steps.step(self.wide)

    def _y(self, value: float) -> float:
        return self.top + _HEIGHT - self.span.place(value, _HEIGHT)

    def columns(self, one: Series) -> list[str]:
        """The columns over a line at zero: the last solid, what is not over hatched, all others pale."""
        chart, accent = self.canvas.chart, self.canvas.palette.accent
        shapes, thick = [], self._steps.width(self.wide)
        for at, value in enumerate(one.values):
            if not value:
                continue
            upper, lower = sorted((self._y(value), self._y(0.0)))
            left, right = self._xs[at] - thick / 2, self._xs[at] + thick / 2
            if at in one.few:
                shapes.append(rect(left, upper, right, lower, "#ffffff", edge=PREVIOUS))
            elif chart.partial_from is not None and at >= chart.partial_from:
                shapes.append(hatched(left, upper, right, lower, accent))
            elif at == self.last:
                shapes.append(rect(left, upper, right, lower, accent))
            else:
                shapes.append(rect(left, upper, right, lower, PREVIOUS_FILL, edge=PREVIOUS))
        zero = self._y(0.0)
        return [*shapes, rect(self.left, zero, self.left + self.wide, zero + 0.5, RULE)]

    def labels(self, one: Series) -> list[Label]:
        """The name above, values on the columns, and the names of steps below: all of them, or where there is too
        little room the first and the last."""
        name = clipped(one.label, self.wide / SIZE)
        found = [Label(self.left, self.top - SIZE * 1.8, name, "start", INK)]
        written = ["" if value is None else self.canvas.write(value, one.column) for value in one.values]
        for at in self._fitting(written):
            value = one.values[at]
            if value is not None:
                ink = MUTED if at in one.few else INK
                found.append(Label(self._xs[at], self._y(max(value, 0.0)) - 3, written[at], "middle", ink))
        foot = self.top + _HEIGHT + SIZE * 1.2
        names = self.canvas.labels
        shown = range(len(names)) if widest(names) <= self._slot else sorted({0, len(names) - 1})
        for at in shown:
            anchor = "middle" if len(shown) == len(names) else "start" if at == 0 else "end"
            x = self._xs[at] if anchor == "middle" else self.left if at == 0 else self.left + self.wide
            found.append(Label(x, foot, names[at], anchor, MUTED))  # type: ignore[arg-type]
        return found

    def _fitting(self, written: Sequence[str]) -> list[int]:
        """The places of the values that have room: all, or the last alone."""
        known = [at for at, text in enumerate(written) if text]
        return known if widest(written) <= self._slot else known[-1:]


KIND = Kind("multiples", each_unit(multiples), halves=True)
