"""What a chart says, read back from its drawing: texts, bars, and what the bars are worth by the axis."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree

from reportspec.model.figures import Section
from reportspec.render import render_html
from reportspec.sections.bridge import with_bridge
from tests.render import sample

SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Chart:
    """One drawing; lengths count from the plot's upper left corner."""

    svg: ElementTree.Element

    @property
    def plot(self) -> ElementTree.Element:
        return self.svg[-1]

    @property
    def corner(self) -> tuple[float, float]:
        """Where the plot begins in the drawing."""
        x, y = re.findall(r"[\d.]+", self.plot.get("transform", ""))
        return float(x), float(y)

    @property
    def labels(self) -> list[ElementTree.Element]:
        return list(self.plot.iter(f"{SVG}text"))

    @property
    def texts(self) -> list[str]:
        """Of a label in two lines both, as one text."""
        found: list[str] = []
        before: tuple[str | None, float] = (None, 0)
        for node in self.labels:
            at = node.get("x"), float(node.get("y", 0))
            below = node.get("text-anchor") == "middle" and at[0] == before[0] and at[1] == before[1] + 12
            found[-1:] = [f"{found[-1]} {node.text}"] if below else [*found[-1:], node.text or ""]
            before = at
        return found

    @property
    def bars(self) -> list[tuple[float, float, float, float]]:
        """Left, top, width and height of each."""
        return [
            tuple(float(node.get(key, 0)) for key in ("x", "y", "width", "height"))  # type: ignore[misc]
            for node in self.plot.iter(f"{SVG}rect")
            if not node.get("fill-opacity")
        ]

    def upright(self) -> list[tuple[float, float]]:
        """Lower and upper end of each bar in the values' scale, from left to right."""
        scale = {number(node): float(node.get("y", 0)) - 3.5 for node in self.labels if node.get("x") == "-7"}
        (low, y_low), (high, y_high) = min(scale.items()), max(scale.items())
        per = (high - low) / (y_low - y_high)
        return [
            (low + (y_low - top - height) * per, low + (y_low - top) * per) for _, top, _, height in sorted(self.bars)
        ]

    def level(self) -> list[float]:
        """How long each bar is in the values' scale, which is written below."""
        bottom = max(float(node.get("y", 0)) for node in self.labels)
        scale = {number(node): float(node.get("x", 0)) for node in self.labels if float(node.get("y", 0)) == bottom}
        (low, x_low), (high, x_high) = min(scale.items()), max(scale.items())
        return [width * (high - low) / (x_high - x_low) for _, _, width, _ in self.bars]


def number(node: ElementTree.Element) -> float:
    """A written number."""
    return float((node.text or "").replace(",", "").replace("−", "-").replace("K", "e3"))


def charts(*sections: Section) -> list[Chart]:
    """The charts of a report in English with these sections."""
    html = render_html(sample.figures("en", tuple(map(with_bridge, sections))))
    found = re.findall(r'<svg[^>]*class="marks".*?</svg>', html, re.S)
    return [Chart(ElementTree.fromstring(one)) for one in found]


def chart(section: Section) -> Chart:
    """The only chart."""
    [one] = charts(section)
    return one
