"""Small multiples show what they are said to show, held against lengths and places worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from reportspec.model.figures import Cell, Chart, Column, Section
from reportspec.render.charts import drawings
from reportspec.render.locale import formats_for
from reportspec.render.palette import MUTED, PREVIOUS_FILL, palette_for
from tests.figures.asking import codes, figures
from tests.render import reading, sample

WHEN = Column("period", "Month", "date", role="period")
WHO = Column("o", "Owner", "text", role="dimension")
WON = sample.metric("won", "Won", "count")
PALETTE = palette_for("#0b5fff")


def section(values: dict[str, tuple[Cell, ...]], **more: Any) -> Section:
    """Months of each owner."""
    count = len(next(iter(values.values())))
    rows = tuple((date(2026, at + 1, 1), name, of[at]) for at in range(count) for name, of in values.items())
    labels = tuple(f"M{at + 1}" for at in range(count) for _ in values)
    chart = Chart("multiples", "period", ("won",), "o", **more)
    return Section("s", "trend", "S", (WHEN, WHO, WON), rows, chart=chart, row_labels=labels)


def drawn(of: Section, *, half: bool = False) -> tuple[reading.Chart, tuple[str, ...]]:
    made = sample.figures("en", (of,))
    [drawing] = drawings(made, of, formats_for(made), PALETTE, half=half)
    return reading.Chart(ElementTree.fromstring(drawing.svg)), drawing.captions


def columns(chart: reading.Chart) -> list[tuple[float, float, str]]:
    """Left, height and fill of each, without the lines at zero."""
    rects = chart.plot.iter(f"{reading.SVG}rect")
    found = [(float(r.get("x", 0)), float(r.get("height", 0)), r.get("fill", "")) for r in rects]
    return [one for one in found if one[1] > 0.5]


def test_all_panels_are_on_one_scale_and_the_last_step_is_solid() -> None:
    """20 is the largest: 62 pixels; 10 are half of that, in whichever panel."""
    chart, _ = drawn(section({"Ada": (10, 20, 5), "Bo": (5, 10, 20)}))
    heights = [height for _, height, _ in columns(chart)]
    assert heights == pytest.approx([31, 62, 15.5, 15.5, 31, 62])
    assert [fill for *_, fill in columns(chart)] == 2 * [PREVIOUS_FILL, PREVIOUS_FILL, PALETTE.accent]
    assert [text for text in chart.texts if text.isdigit()] == ["10", "20", "5", "5", "10", "20"]
    assert [text for text in chart.texts if not text.isdigit()] == ["Ada", "M1", "M2", "M3", "Bo", "M1", "M2", "M3"]


def test_what_is_not_over_is_hatched_and_the_last_that_is_over_solid() -> None:
    chart, _ = drawn(section({"Ada": (10, 20, 5), "Bo": (None, 8, 1)}, partial_from=2))
    fills = [fill for *_, fill in columns(chart)]
    assert fills == [PREVIOUS_FILL, PALETTE.accent, "#ffffff", PALETTE.accent, "#ffffff"]


def test_panels_stand_in_rows_within_the_drawing() -> None:
    for half, most in ((False, 4), (True, 2)):
        chart, captions = drawn(section({f"Owner {n}": (n + 1, 3, 4) for n in range(8)}), half=half)
        names = [node for node in chart.labels if (node.text or "").startswith("Owner")]
        tops = [float(node.get("y", 0)) for node in names]
        assert [tops.count(top) for top in sorted(set(tops))] == [most] * (8 // most)
        width = float(chart.svg.get("width", 0))
        assert all(0 <= left < width for left, *_ in columns(chart))
        assert captions == ()
    _, captions = drawn(section({f"Owner {n}": (n + 1, 3, 4) for n in range(12)}))
    assert "7" in captions[0]
    assert "12" in captions[0]


def test_below_zero_and_nothing() -> None:
    """From -10 to 10: 31 pixels each way; what is 0 has no column but its figure."""
    chart, _ = drawn(section({"Ada": (10, -10), "Bo": (0, None)}))
    assert [height for _, height, _ in columns(chart)] == pytest.approx([31, 31])
    assert "0" in chart.texts
    assert replace(section({"Ada": (1, 2)}), rows=()).rows == ()


@pytest.mark.parametrize(
    ("trend", "period", "kind"),
    [
        ({"metrics": ["won_amount"], "by": "user.team", "grain": "month"}, "2026-Q3", "multiples"),
        ({"metrics": ["close_rate"], "by": "user.team", "grain": "month"}, "2026-Q3", "line"),  # does not add up
        ({"metrics": ["won_amount"], "by": "user.team", "grain": "week"}, "2026-Q3", "line"),  # 14 weeks
        ({"metrics": ["won_amount"], "by": "user.name", "grain": "month"}, "2026-Q3", "line"),  # more than 8
        ({"metrics": ["won_amount"], "by": "user.team", "grain": "month", "chart": "stacked"}, "2026-Q3", "stacked"),
        ({"metrics": ["close_rate"], "by": "user.team", "chart": "multiples"}, "2026-Q3", "multiples"),
    ],
)
def test_few_values_of_what_adds_up_are_drawn_so(trend: dict[str, Any], period: str, kind: str, demo: Path) -> None:
    found = figures(demo, {"report": "custom", "period": period, "sections": [{"id": "s", "trend": trend}]})
    chart = found.sections[0].chart
    assert chart is not None
    assert chart.kind == kind


def test_they_need_a_field(demo: Path) -> None:
    spec = {"report": "custom", "sections": [{"trend": {"metrics": ["won_amount"], "chart": "multiples"}}]}
    assert codes(demo, spec) == ["bad-chart"]


def test_each_metric_is_drawn() -> None:
    """There is no table with what the first drawing lacks: every metric has one, on a scale of its own."""
    one = section({"Ada": (10, 20, 5), "Bo": (5, 10, 20)})
    rate = sample.metric("rate", "Rate", "percent")
    rows = tuple((*row, share) for row, share in zip(one.rows, (0.1, 0.2, 0.3, 0.4, 0.2, 0.1), strict=True))
    assert one.chart is not None
    both = replace(one, columns=(*one.columns, rate), rows=rows, chart=replace(one.chart, y=("won", "rate")))
    made = sample.figures("en", (both,))
    found = drawings(made, both, formats_for(made), PALETTE)
    assert [drawing.title for drawing in found] == ["Won", "Rate"]
    charts = [reading.Chart(ElementTree.fromstring(drawing.svg)) for drawing in found]
    heights = [[height for _, height, _ in columns(chart)] for chart in charts]
    assert heights == [pytest.approx([31, 62, 15.5, 15.5, 31, 62]), pytest.approx([15.5, 46.5, 31, 31, 62, 15.5])]


def test_a_trend_asks_for_all_of_its_metrics(tmp_path: Path) -> None:
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\n", "utf-8")
    trend = {"metrics": ["won_amount", "close_rate"], "grain": "month", "by": "user.team"}
    [one] = figures(tmp_path, {"report": "custom", "period": "2026-Q3", "sections": [{"trend": trend}]}).sections
    assert one.chart is not None
    assert (one.chart.kind, one.chart.y) == ("multiples", ("won_amount", "close_rate"))


def test_what_rests_on_few_cases_is_empty_with_a_grey_value() -> None:
    """Ada's second month has fewer than ten cases; all else keeps its place and its scale."""
    of = section({"Ada": (10, 20, 5), "Bo": (5, 10, 20)})
    few = tuple(frozenset({"won"}) if at == 2 else frozenset[str]() for at in range(6))  # rows: months, Ada first
    chart, captions = drawn(replace(of, few=few))
    plain, _ = drawn(of)
    assert [one[:2] for one in columns(chart)] == [one[:2] for one in columns(plain)]
    fills = [fill for *_, fill in columns(chart)]
    assert fills[1] == "#ffffff"
    assert fills.count("#ffffff") == 1
    assert captions == ("Grey: fewer than 10 cases, without a shade.",)
    grey = [
        text.text for text in chart.plot.iter(f"{reading.SVG}text") if text.get("fill") == MUTED and text.text == "20"
    ]
    assert len(grey) == 1
