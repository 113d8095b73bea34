"""Values upwards, positions from left to right: what most kinds stand on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Column
from reportspec.render.charts.kind import Canvas
from reportspec.render.charts.lettering import GAP, LONGEST_TURNED, below, below_room, beside, left_room, widest
from reportspec.render.charts.scales import Span, Steps, ticks
from reportspec.render.charts.series import Series
from reportspec.render.charts.svg import SIZE, WIDTH, Frame, Label, Points, hatched, level_rule, rect
from reportspec.render.palette import INK, MUTED, RULE

HEIGHT = 150
HALF_HEIGHT = 120  # of a chart in half the width


@dataclass(frozen=True, slots=True)
class Upright:
    """The two axes: `at` are the ticks, `texts` how they are written, `names` those of the positions."""

    canvas: Canvas
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
        canvas: Canvas,
        column: Column,
        values: Iterable[float | None],
        steps: Steps,
        names: tuple[str, ...],
        *,
        rotate: bool = False,
        zero: bool | None = True,
        height: float | None = None,
        right: float = 6,
        longest: float = LONGEST_TURNED,
    ) -> Upright:
        """Axes with room for all values, names and the reference."""
        at = ticks_for(canvas, values, column, zero)
        texts = tuple(canvas.write(value, column) for value in at)
        left = widest(texts) + GAP + 2
        slot = steps.step(canvas.width - left - right)
        if longest > LONGEST_TURNED:  # names that must be whole
            # So narrow the plot will not be: the first place is right of it.
            narrow = canvas.width - right - left - longest
            left = max(left, left_room(names, steps.centres(narrow)[0] if names else 0.0, slot, rotate, longest))
            slot = steps.step(canvas.width - left - right)
        tall = height or (HEIGHT if canvas.width == WIDTH else HALF_HEIGHT)
        frame = Frame(tall, left, right, SIZE + 6, below_room(names, slot, rotate, longest), canvas.width)
        return cls(canvas, column, at, texts, steps, names, rotate, frame, longest)

    @property
    def xs(self) -> list[float]:
        """The middle of each position."""
        return self.steps.centres(self.frame.width)

    def y(self, value: float) -> float:
        """Pixels from the plot's top."""
        return self.frame.height - Span(self.at[0], self.at[-1]).place(value, self.frame.height)

    def points(self, values: Sequence[float | None]) -> Points:
        """Where the values are, none where there is no value."""
        return [None if value is None else (x, self.y(value)) for x, value in zip(self.xs, values, strict=True)]

    def bar(
        self,
        at: int,
        start: float,
        end: float,
        fill: str,
        *,
        half: int | None = None,
        edge: str = "",
        running: bool = False,
    ) -> str:
        """A bar at a position from one value to another; of a pair the left (0) or the right `half`. That of a period
        that is `running` is hatched."""
        width = self.steps.width(self.frame.width)
        left, right = self.xs[at] - width / 2, self.xs[at] + width / 2
        if half is not None:
            left, right = (left, self.xs[at]) if half == 0 else (self.xs[at], right)
        upper, lower = sorted((self.y(start), self.y(end)))
        if running:
            return hatched(left, upper, right, lower, fill)
        return rect(left, upper, right, lower, fill, radius=0 if edge else 1, edge=edge)

    def bars(self, values: Sequence[float | None], fill: str) -> list[str]:
        """A bar from zero for each value that there is; what is zero has none."""
        return [self.bar(at, 0, value, fill) for at, value in enumerate(values) if value]

    def grid(self, labels: Sequence[Label]) -> list[str]:
        """A line at each tick, the one at zero stronger where values lie on both sides. On screens a line is
        clear in the middle of a pixel."""
        both = self.at[0] < 0 < self.at[-1]
        colours = [MUTED if both and value == 0 else RULE for value in self.at]
        return [
            level_rule(math.floor(self.y(value)) + 0.5, self.frame.width, labels, colour, 0.8)
            for value, colour in zip(self.at, colours, strict=True)
        ]

    def reference(self, labels: Sequence[Label]) -> list[str]:
        """A dashed line at the chart's reference; the legend says what it is."""
        value = self.canvas.chart.reference
        if value is None:
            return []
        return [level_rule(self.y(value), self.frame.width, labels, INK, 1, "5 3")]

    def labels(self) -> list[Label]:
        """The labels of both axes."""
        across = below(self.names, self.xs, self.frame, self.steps.step(self.frame.width), self.rotate, self.longest)
        return beside(self.texts, [self.y(value) for value in self.at], -GAP) + across

    def values(self, one: Series, room: float, shift: float = 0.0) -> list[Label]:
        """The written values on top of bars, unless they are too wide for `room` or some would
        run into the labels below."""
        texts = ["" if value is None else self.canvas.write(value, self.column) for value in one.values]
        if widest(texts) > room * 1.25 or min(one.known) < 0:
            return []
        return [
            Label(x + shift, self.y(value) - 4, text, "middle", INK)
            for x, value, text in zip(self.xs, one.values, texts, strict=True)
            if value is not None
        ]


def ticks_for(canvas: Canvas, values: Iterable[float | None], column: Column, zero: bool | None) -> tuple[float, ...]:
    """Tick values that hold all values and the reference. `zero` None lets a line start above
    zero where its values stay close together."""
    known = [value for value in values if value is not None]
    if canvas.chart.reference is not None:
        known.append(canvas.chart.reference)
    low, high = min(known, default=0.0), max(known, default=1.0)
    if zero or low < 0.6 * high or column.unit in ("count", "currency"):
        low, high = min(low, 0.0), max(high, 0.0)
    return ticks(low, high, whole=column.unit == "count")
