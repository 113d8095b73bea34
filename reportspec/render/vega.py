"""Vega-Lite by vl-convert draws the marks and the grid; the labels are placed here.

Vega measures each text for about a millisecond, and longer where a letter is not in the font:
that was nine tenths of a chart's time. The scales are fixed by the spec, so the place of every
label is known without measuring, and its width from the font's own table. Data fields have our
own short names (`i`, `v`, `k`), so that no text from the data is ever a field or an expression.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Literal

from markupsafe import escape

from reportspec.errors import RenderError
from reportspec.render.fonts import FAMILY, clipped, face, font_directory, text_width
from reportspec.render.palette import MUTED, RULE

Spec = dict[str, object]

WIDTH = 656  # CSS pixels: the text column of an A4 page
SIZE = 10  # of labels, in pixels
GAP = 7  # between labels and what they name

_ANGLE = -35  # of labels that would collide if level
LONGEST_TURNED = 100  # pixels

CONFIG: Spec = {
    "font": FAMILY,
    "aria": False,
    "view": {"stroke": None},
    "background": None,
    "axis": {
        "labelFontSize": SIZE,
        "labelColor": MUTED,
        "domain": False,
        "ticks": False,
        "gridColor": RULE,
        "gridWidth": 0.8,
    },
    "bar": {"cornerRadius": 1},
}

# The converter owns one JavaScript engine: its calls are taken one at a time.
_CONVERTER = threading.Lock()


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a point of the plot, in pixels from its upper left corner."""

    x: float
    y: float
    text: str
    anchor: Literal["start", "middle", "end"] = "middle"
    colour: str = MUTED
    angle: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """The plot's size and the room for labels around it, in pixels."""

    height: float
    left: float = 2
    right: float = 6
    top: float = 8
    bottom: float = 6

    @property
    def width(self) -> float:
        """Of the plot itself."""
        return WIDTH - self.left - self.right


@dataclass(frozen=True, slots=True)
class Steps:
    """A discrete scale over `count` places, by the formulas of d3: `inner` and `outer` paddings
    in steps; a point scale has an inner padding of 1."""

    count: int
    inner: float
    outer: float

    def step(self, length: float) -> float:
        """The distance of two places."""
        return length / max(1.0, self.count - self.inner + 2 * self.outer)

    def centres(self, length: float) -> list[float]:
        """The middle of each place."""
        step = self.step(length)
        start = (length - step * (self.count - self.inner)) / 2
        return [start + step * (at + (1 - self.inner) / 2) for at in range(self.count)]

    @property
    def scale(self) -> Spec:
        """As Vega-Lite has it."""
        domain = list(range(self.count))
        if self.inner == 1:
            return {"type": "point", "padding": self.outer, "domain": domain}
        paddings = {"paddingInner": self.inner, "paddingOuter": self.outer}
        return {"type": "band", "domain": domain, **paddings}


@dataclass(frozen=True, slots=True)
class Span:
    """A linear scale from `low` to `high`."""

    low: float
    high: float

    def place(self, value: float, length: float) -> float:
        """Pixels from the scale's start."""
        return (value - self.low) / (self.high - self.low) * length

    @property
    def scale(self) -> Spec:
        """As Vega-Lite has it."""
        return {"domain": [self.low, self.high], "nice": False, "zero": False}


@cache
def _register_fonts() -> None:
    import vl_convert

    vl_convert.register_font_directory(str(font_directory()))


def svg_from(spec: Spec, language: str = "en-US") -> str:
    """The drawing, its numbers and dates as a language writes them, where d3 knows it. Raises
    `RenderError` if Vega-Lite refuses the spec or wants to load data."""
    import vl_convert

    with _CONVERTER:
        _register_fonts()
        try:
            svg = vl_convert.vegalite_to_svg(
                spec,
                vl_version="6.4",
                allowed_base_urls=[],
                show_warnings=False,
                **_locales(language),
            )
        except ValueError as error:
            first_line = str(error).strip().splitlines()[0][:300]
            raise RenderError(f"chart: Vega-Lite cannot draw it: {first_line}") from error
    if not isinstance(svg, str):
        raise TypeError("vl-convert gave no text")
    return svg


@lru_cache(maxsize=16)
def _locales(language: str) -> dict[str, Any]:
    """The locales of d3 that are nearest to a language; none where it has none."""
    import vl_convert

    base = language.partition("-")[0]
    getters: dict[str, Any] = {
        "format_locale": vl_convert.get_format_locale,
        "time_format_locale": vl_convert.get_time_format_locale,
    }
    found: dict[str, Any] = {}
    for key, get in getters.items():
        for name in (language, f"{base}-{base.upper()}"):
            try:
                found[key] = get(name)
                break
            except ValueError:
                continue
    return found


def chart_svg(
    layers: Sequence[Spec],
    values: list[Spec],
    frame: Frame,
    labels: Iterable[Label],
    **more: object,
) -> str:
    """Layers over one set of rows, as wide as the text column, with labels written on top."""
    svg = svg_from(
        {
            "width": frame.width,
            "height": frame.height,
            "autosize": "none",
            "padding": {
                "left": frame.left,
                "right": frame.right,
                "top": frame.top,
                "bottom": frame.bottom,
            },
            "data": {"values": values},
            "layer": list(layers),
            "config": CONFIG,
            **more,
        }
    )
    texts = "".join(_text(label) for label in labels)
    place = f'transform="translate({frame.left:g},{frame.top:g})"'
    family = ",".join(face().families)
    group = f'<g {place} font-family="{family}" font-size="{SIZE}">{texts}</g>'
    return svg.removesuffix("</svg>") + group + "</svg>"


def _text(label: Label) -> str:
    turn = f' transform="rotate({label.angle} {label.x:.1f} {label.y:.1f})"' if label.angle else ""
    return (
        f'<text x="{label.x:.1f}" y="{label.y:.1f}" text-anchor="{label.anchor}"'
        f' fill="{label.colour}"{turn}>{escape(label.text)}</text>'
    )


def ticks(low: float, high: float, whole: bool = False, about: int = 4) -> tuple[float, ...]:
    """Round, evenly spaced values from below `low` to above `high`; whole numbers if asked."""
    if high <= low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= rough * 0.999)
    if whole:
        step = float(max(1, math.ceil(step)))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(round(index * step, 12) for index in range(first, last + 1))


def grid_axis(at: Sequence[float]) -> Spec:
    """An axis of grid lines, the one at zero stronger where values lie on both sides."""
    axis: Spec = {"values": list(at), "labels": False, "grid": True, "title": None}
    if at[0] < 0 < at[-1]:
        zero = {"test": "datum.value == 0", "value": MUTED}
        axis["gridColor"] = {"condition": zero, "value": RULE}
    return axis


def widest(texts: Iterable[str]) -> float:
    """The pixels that the widest of some labels takes."""
    return max(map(text_width, texts), default=0.0) * SIZE


def beside(texts: Sequence[str], ys: Sequence[float], x: float, colour: str = MUTED) -> list[Label]:
    """Labels in a column, ending left of the plot or starting right of it."""
    anchor: Literal["start", "end"] = "end" if x < 0 else "start"
    return [Label(x, y + SIZE * 0.35, text, anchor, colour) for text, y in zip(texts, ys, strict=True)]


def below_room(texts: Sequence[str], slot: float, rotate: bool, longest: float = LONGEST_TURNED) -> float:
    """The pixels that `below` takes under the plot."""
    if not _turned(texts, slot, rotate):
        return SIZE + GAP + 5
    return min(widest(texts), longest) * math.sin(math.radians(-_ANGLE)) + SIZE + GAP


def below(
    texts: Sequence[str],
    xs: Sequence[float],
    frame: Frame,
    slot: float,
    rotate: bool,
    longest: float = LONGEST_TURNED,
) -> list[Label]:
    """Labels in a row under the plot. Where they would collide they are turned, if allowed, cut where
    they are longer than `longest` pixels, and thinned out evenly, the first one kept; none leaves the drawing."""
    if _turned(texts, slot, rotate):
        every = math.ceil(SIZE * 2 / slot)
        labels = []
        for text, x in list(zip(texts, xs, strict=True))[::every]:
            room = (x + frame.left) / math.cos(math.radians(_ANGLE))
            short = clipped(text, min(longest, room) / SIZE)
            labels.append(Label(x + 3, frame.height + GAP + 5, short, "end", MUTED, _ANGLE))
        return labels
    level = [clipped(text, max(slot, 150) / SIZE) for text in texts]
    every = max(1, math.ceil((widest(level) + 4) / slot))
    labels = []
    for text, x in list(zip(level, xs, strict=True))[::every]:
        half = text_width(text) * SIZE / 2
        if every > 1 and labels and x + half > frame.width + frame.right:
            continue
        inside = min(max(x, half - frame.left), frame.width + frame.right - half)
        labels.append(Label(inside, frame.height + GAP + SIZE, text))
    return labels


def _turned(texts: Sequence[str], slot: float, rotate: bool) -> bool:
    return rotate and widest(texts) + 4 > slot


def named(texts: Sequence[str], limit: float = 200) -> list[str]:
    """Category names, cut with … where they are longer than `limit` pixels."""
    return [clipped(text, limit / SIZE) for text in texts]
