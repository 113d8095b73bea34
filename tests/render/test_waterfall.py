"""Waterfalls: each bar from where the one before ended, what is not drawn as one step more."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from reportspec.model.figures import Chart, Column, Section
from reportspec.render import render_html
from tests.render import sample

WHERE = Column("c", "Owner", "text", role="dimension")
COUNT = Column("n", "Deals won", "integer", "count", "metric", "n", "up")
BEFORE = Column("n__previous", "Deals won, before", "integer", "count", "previous", "n", "up")


def bars(section: Section) -> tuple[list[tuple[float, float]], list[str]]:
    """Lower and upper end of each bar in the values' scale, from left to right, and all texts."""
    html = render_html(sample.figures("en", (section,)))
    found = re.search(r'<svg[^>]*class="marks".*?</svg>', html, re.S)
    assert found
    svg = ElementTree.fromstring(found[0])
    texts = [node.text or "" for node in svg.iter() if node.tag.endswith("}text")]
    scale = {
        float(node.text.replace("K", "e3")): float(node.get("y", 0)) - 3.5
        for node in svg[-1]
        if node.text and re.fullmatch(r"\d+K?", node.text) and node.get("text-anchor") == "end"
    }
    (low, y_low), (high, y_high) = min(scale.items()), max(scale.items())
    per = (high - low) / (y_low - y_high)
    ends = []
    for node in svg.iter():
        # Without rounded corners a bar is M x,y h width v height h -width Z.
        shape = re.fullmatch(r"M([\d.]+),(-?[\d.]+)h([\d.]+)v([\d.]+)h-\3Z", node.get("d") or "")
        if shape and float(shape[3]) < 500:
            x, y, _, height = map(float, shape.groups())
            ends.append((x, low + (y_low - y - height) * per, low + (y_low - y) * per))
    return [(round(a, 1) + 0.0, round(b, 1)) for _, a, b in sorted(ends)], texts


def test_a_bridge_leads_from_the_total_then_to_the_total_now() -> None:
    rows = (("Anna", 5, 3), ("Ciro", 1, 4))
    chart = Chart("waterfall", "c", ("n",), whole=(10.0, 8.0))
    section = Section("s", "breakdown", "S", (WHERE, COUNT, BEFORE), rows, (None, 10, 8), 5, chart=chart)
    ends, texts = bars(section)
    assert ends == [(0, 8), (8, 10), (7, 10), (7, 10), (0, 10)]
    assert {"8", "+2", "−3", "+3", "10", "Anna", "Ciro", "Others (3)"} <= set(texts)


def test_without_a_comparison_it_leads_from_nothing_to_the_total() -> None:
    rows = (("Anna", 5), ("Ciro", 1))
    chart = Chart("waterfall", "c", ("n",), whole=(6.0, None))
    section = Section("s", "breakdown", "S", (WHERE, COUNT), rows, (None, 6), 2, chart=chart)
    ends, texts = bars(section)
    assert ends == [(0, 5), (5, 6), (0, 6)]
    assert "Total" in texts
    assert "Other" not in texts


@pytest.mark.parametrize("count", [1, 3, 300])
def test_many_and_few_steps(count: int) -> None:
    rows = tuple((f"Owner {i}", i + 1, count - i) for i in range(count))
    whole = float(count * (count + 1) / 2)
    chart = Chart("waterfall", "c", ("n",), whole=(whole, whole))
    section = Section("s", "breakdown", "S", (WHERE, COUNT, BEFORE), rows, None, count, chart=chart)
    ends, texts = bars(section)
    assert len(ends) <= 15
    assert ends[0] == ends[-1] == (0, pytest.approx(whole, rel=1e-3))
    assert ("Others (288)" in texts) == (count > 15)
