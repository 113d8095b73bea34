"""The few shapes that charts are made of, as SVG text.

Lengths are CSS pixels, points count from the plot's upper left corner. Numbers are written with at most two
decimals, so that the text is the same on every machine; whatever comes from data is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from markupsafe import escape

from reportspec.lazy_dataclass import dataclass
from reportspec.render.fonts import face, text_width
from reportspec.render.palette import MUTED

WIDTH = 656  # the text column of an A4 page
HALF = 316  # of what stands beside another
SIZE = 10  # of labels
HATCH = 4.5  # pixels along the plot between the lines of a hatch

Point = tuple[float, float]
Points = Sequence[Point | None]


@dataclass(frozen=True, slots=True)
class Frame:
    """The plot's height and the room for labels around it."""

    height: float
    left: float = 2
    right: float = 6
    top: float = 8
    bottom: float = 6
    whole: float = WIDTH

    @property
    def width(self) -> float:
        """Of the plot itself."""
        return self.whole - self.left - self.right


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a point; `angle` in degrees, clockwise."""

    x: float
    y: float
    text: str
    anchor: Literal["start", "middle", "end"] = "middle"
    colour: str = MUTED
    angle: int = 0

    @property
    def box(self) -> tuple[float, float, float, float]:
        """What a level label takes, with a little air: left, top, right, bottom."""
        width = text_width(self.text) * SIZE
        left = self.x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor]
        return left - 2, self.y - SIZE * 0.85, left + width + 2, self.y + SIZE * 0.25


def drawing(frame: Frame, shapes: Iterable[str], labels: Iterable[Label]) -> str:
    """The shapes with the labels on top, as wide as their frame."""
    width, height = _n(frame.whole), _n(frame.height + frame.top + frame.bottom)
    family = ",".join(face().families)
    texts = "".join(map(_text, labels))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="marks" role="img" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}"><g fill="none" transform="translate({_n(frame.left)},{_n(frame.top)})">'
        f'{"".join(shapes)}<g font-family="{escape(family)}" font-size="{SIZE}">{texts}</g></g></svg>'
    )


def rect(
    left: float,
    top: float,
    right: float,
    bottom: float,
    fill: str,
    *,
    radius: float = 0,
    edge: str = "",
    opacity: float = 1,
) -> str:
    """A filled rectangle; what is thinner than half a pixel is drawn so thick, to be seen."""
    width, height = max(right - left, 0.5), max(bottom - top, 0.5)
    round_off = f' rx="{_n(radius)}"' if radius and min(width, height) > 2 * radius else ""
    stroke = f' stroke="{edge}" stroke-width="0.6"' if edge else ""
    thin = f' fill-opacity="{_n(opacity)}"' if opacity < 1 else ""
    place = f'x="{_n(left)}" y="{_n(top)}" width="{_n(width)}" height="{_n(height)}"'
    return f'<rect {place}{round_off} fill="{fill}"{thin}{stroke}/>'


def hatched(left: float, top: float, right: float, bottom: float, colour: str) -> str:
    """A rectangle in outline with slanted lines in it, each drawn by itself: patterns come out of printers as they
    please."""
    lines = []
    along = left + top + HATCH
    while along < right + bottom:
        start, end = max(left, along - bottom), min(right, along - top)
        lines.append(rule((start, along - start), (end, along - end), colour, 1.1))
        along += HATCH
    return rect(left, top, right, bottom, "#ffffff", edge=colour) + "".join(lines)


def rule(start: Point, end: Point, colour: str, width: float = 1, dash: str = "") -> str:
    """A straight line."""
    ends = f'x1="{_n(start[0])}" y1="{_n(start[1])}" x2="{_n(end[0])}" y2="{_n(end[1])}"'
    return f"<line {ends}{_stroke(colour, width, dash)}/>"


def curve(points: Points, colour: str, width: float, dash: str = "") -> str:
    """Straight lines from point to point, interrupted where there is none. A point between two gaps
    would be no line: it is a dot."""
    runs = _runs(points)
    steps = "".join("M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in run) for run in runs if len(run) > 1)
    alone = "".join(dot(run[0], width * 0.7, colour) for run in runs if len(run) == 1)
    if not steps:
        return alone
    return f'<path d="{steps}" stroke-linejoin="round"{_stroke(colour, width, dash)}/>{alone}'


def dot(at: Point, radius: float, fill: str) -> str:
    """A filled circle."""
    return f'<circle cx="{_n(at[0])}" cy="{_n(at[1])}" r="{_n(radius)}" fill="{fill}"/>'


def mark(at: Point, place: int, colour: str) -> str:
    """A point of one of several series, whose shape tells it apart where colours do not: four shapes, filled
    and hollow. `report.css` has the same for legends."""
    x, y = at
    paint = f'fill="{colour}"' if place < 4 else f'fill="#ffffff" stroke="{colour}" stroke-width="1.2"'
    if place % 4 == 0:
        return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="2.5" {paint}/>'
    corners = {
        1: ((-2.3, -2.3), (2.3, -2.3), (2.3, 2.3), (-2.3, 2.3)),
        2: ((0, -3.3), (3.3, 0), (0, 3.3), (-3.3, 0)),
        3: ((-1.1, -3.8), (1.1, -3.8), (1.1, 3.8), (-1.1, 3.8)),
    }[place % 4]
    steps = "L".join(f"{_n(x + across)} {_n(y + down)}" for across, down in corners)
    return f'<path d="M{steps}Z" {paint}/>'


def level_rule(y: float, width: float, labels: Iterable[Label], colour: str, thick: float = 1, dash: str = "") -> str:
    """A line across the plot that leaves out the labels it would strike through."""
    boxes = [placed.box for placed in labels if not placed.angle]
    taken = [(left, right) for left, top, right, bottom in boxes if top < y < bottom]
    return "".join(rule((a, y), (b, y), colour, thick, dash) for a, b in _free(width, taken))


def upright_rule(
    x: float, height: float, labels: Iterable[Label], colour: str, thick: float = 1, dash: str = ""
) -> str:
    """The same from the plot's top to its bottom."""
    boxes = [placed.box for placed in labels if not placed.angle]
    taken = [(top, bottom) for left, top, right, bottom in boxes if left < x < right]
    return "".join(rule((x, a), (x, b), colour, thick, dash) for a, b in _free(height, taken))


def _free(length: float, taken: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The parts from 0 to `length` that are not taken."""
    parts, at = [], 0.0
    for start, end in sorted(taken):
        if start > at:
            parts.append((at, min(start, length)))
        at = max(at, end)
    if at < length:
        parts.append((at, length))
    return parts


def _runs(points: Points) -> list[list[Point]]:
    runs: list[list[Point]] = [[]]
    for point in points:
        if point is not None:
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _stroke(colour: str, width: float, dash: str) -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f' stroke="{colour}" stroke-width="{_n(width)}"{dashed}'


def _text(label: Label) -> str:
    turn = f' transform="rotate({label.angle} {_n(label.x)} {_n(label.y)})"' if label.angle else ""
    return (
        f'<text x="{_n(label.x)}" y="{_n(label.y)}" text-anchor="{label.anchor}"'
        f' fill="{label.colour}"{turn}>{escape(label.text)}</text>'
    )


def _n(value: float) -> str:
    """A length without what it does not need."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
