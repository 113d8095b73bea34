"""What the drawings of each kind show, held against values and places worked out by hand."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest

from reportspec.formats.html import as_html
from reportspec.model.figures import Cell, Chart, Column, RowMark, Section
from reportspec.render import render_html
from reportspec.render.charts import KINDS, svg
from reportspec.render.charts.pareto import shares
from reportspec.render.charts.scales import Span, Steps, ticks
from reportspec.render.charts.series import Series
from reportspec.render.charts.stacked import parts
from reportspec.render.palette import INK, MUTED, PREVIOUS, readable_on, tinted
from reportspec.schema_files import whole_schema
from reportspec.sections.bridge import with_bridge
from tests.render import reading, sample

WHERE = Column("c", "Owner", "text", role="dimension")
WHEN = Column("c", "Month", "date", role="period")
COUNT = sample.metric("n", "Deals", "count")
BEFORE = replace(COUNT, name="n__previous", role="previous")
ACCENT = "#0b5fff"


def section(
    kind: str, *values: Cell, before: tuple[Cell, ...] = (), over_time: bool = False, **more: object
) -> Section:
    """A row for each value, called `A`, `B`, … or by its month."""
    names = tuple(date(2026, at % 12 + 1, 1) if over_time else chr(65 + at) for at in range(len(values)))
    rows = tuple(zip(names, values, *([before] if before else []), strict=True))
    columns = (WHEN if over_time else WHERE, COUNT, *([BEFORE] if before else []))
    chart = Chart(kind, "c", ("n",), **more)  # type: ignore[arg-type]
    labels = tuple(f"M{at + 1}" for at in range(len(values))) if over_time else ()
    return Section("s", "breakdown", "S", columns, rows, None, len(rows), chart=chart, row_labels=labels)


def fills(chart: reading.Chart) -> list[str]:
    return [node.get("fill", "") for node in chart.plot.iter(f"{reading.SVG}rect")]


def test_every_kind_is_listed_once() -> None:
    names = [kind.name for kind in KINDS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("section", ["trend", "breakdown"])
def test_every_chart_that_a_spec_may_name_is_drawn(section: str) -> None:
    section_keys = whole_schema("report")["$defs"]["section"]["properties"]
    offered = section_keys[section]["properties"]["chart"]["enum"]
    assert set(offered) - {"none"} <= {kind.name for kind in KINDS}


# --- scales ---


@pytest.mark.parametrize(
    ("low", "high", "whole", "expected"),
    [
        (0, 97, False, (0, 25, 50, 75, 100)),
        (0, 3, True, (0, 1, 2, 3)),
        (-40, 60, False, (-50, -25, 0, 25, 50, 75)),
        (0, 0, False, (0, 0.25, 0.5, 0.75, 1)),
        (5, 5, False, (4, 6, 8, 10)),
        (0.2, 0.24, False, (0.2, 0.21, 0.22, 0.23, 0.24)),
        (0, 4e-15, False, (0, 1e-15, 2e-15, 3e-15, 4e-15)),
        (0, 4e15, False, (0, 1e15, 2e15, 3e15, 4e15)),
    ],
)
def test_ticks_are_round_and_hold_the_values(low: float, high: float, whole: bool, expected: tuple[float, ...]) -> None:
    assert ticks(low, high, whole) == pytest.approx(expected, rel=1e-9)


def test_places() -> None:
    assert Span(-50, 50).place(25, 200) == 150
    # Three places with a quarter step between and half a step around: 3 - 0.25 + 1 steps of 40.
    assert Steps(3, 0.25, 0.5).step(150) == 40
    assert Steps(3, 0.25, 0.5).width(150) == 30
    assert Steps(3, 0.25, 0.5).centres(150) == [35, 75, 115]
    assert Steps(1, 1, 0.4).centres(80) == [40]  # a point alone stands in the middle


# --- the kinds ---


def test_bars_are_as_high_as_their_values() -> None:
    chart = reading.chart(section("bar", 10, None, 0, 40, over_time=True))
    assert [(round(a, 2) + 0.0, round(b, 2)) for a, b in chart.upright()] == [(0, 10), (0, 40)]
    assert {"10", "0", "40", "M1", "M2", "M3", "M4"} <= set(chart.texts)


def test_bars_beside_those_of_the_period_before() -> None:
    chart = reading.chart(section("bar", 10, 20, before=(30, 40), over_time=True, partial_from=1))
    assert fills(chart) == [PREVIOUS, ACCENT, PREVIOUS, "#ffffff"]
    assert [round(high, 2) for _, high in chart.upright()] == [30, 10, 40, 20]


def test_the_bar_of_a_running_period_is_hatched() -> None:
    """Its lines end where the bar does; in a table with bars it is so, too."""
    chart = reading.chart(section("bar", 30, 20, over_time=True, partial_from=1))
    _, part = chart.bars
    assert fills(chart) == [ACCENT, "#ffffff"]
    left, top, right, bottom = part[0], part[1], part[0] + part[2], part[1] + part[3]
    ends = [[float(node.get(end, 0)) for end in ("x1", "x2", "y1", "y2")]
            for node in chart.plot.iter(f"{reading.SVG}line")]  # fmt: skip
    slanted = [(xs, ys) for *xs, a, b in ends for ys in [[a, b]] if xs[0] != xs[1] and a != b]
    assert len(slanted) > 5
    for xs, ys in slanted:
        assert left - 0.02 <= min(xs) <= max(xs) <= right + 0.02
        assert top - 0.02 <= min(ys) <= max(ys) <= bottom + 0.02
    months = (Column("period", "Period", "text", role="period"), COUNT)
    rows = (("2026-07-01", 3), ("2026-08-01", 2), ("2026-09-01", None))
    marks: tuple[RowMark, ...] = ("", "in_progress", "not_begun")
    trend = Section("t", "trend", "T", months, rows, row_labels=("Jul", "Aug", "Sep"), bars=True, row_marks=marks)
    html = render_html(sample.figures("en", (trend,)))
    assert html.count('<i class="now" style') == 1
    assert html.count('<i class="now running" style') == 1


def test_bars_below_zero_hang_from_it() -> None:
    chart = reading.chart(section("bar", -10, 20, over_time=True))
    assert [(round(a, 2) + 0.0, round(b, 2) + 0.0) for a, b in chart.upright()] == [(-10, 0), (0, 20)]


def test_level_bars_are_as_long_as_their_values() -> None:
    chart = reading.chart(section("hbar", 40, 10, 0, None, -20, before=(20, 10, 0, None, 0)))
    by_top = sorted(chart.bars, key=lambda bar: bar[1])
    assert len(by_top) == 3  # neither nothing nor zero has one
    forty, ten, minus_twenty = (width for _, _, width, _ in by_top)
    assert forty == pytest.approx(4 * ten, abs=0.02)
    assert minus_twenty == pytest.approx(2 * ten, abs=0.02)
    assert by_top[2][0] + minus_twenty == pytest.approx(by_top[0][0], abs=0.02)  # left of zero
    marks = [node for node in chart.plot.iter(f"{reading.SVG}rect") if node.get("fill-opacity")]
    middle = [float(node.get("x", 0)) + 1 - by_top[0][0] for node in marks]
    assert middle == pytest.approx([forty / 2, ten, 0, 0], abs=0.02)


def test_parts_of_a_stack_lead_away_from_zero() -> None:
    series = [Series(name, COUNT, (value,)) for name, value in (("a", 3.0), ("b", -2.0), ("c", None), ("d", 4.0))]
    assert parts([*series, Series("e", COUNT, (-1.0,))], 0) == [(0, 0, 3), (1, 0, -2), (3, 3, 7), (4, -2, -3)]


def test_shares_of_a_pareto_run_up_to_the_whole() -> None:
    assert shares([6.0, 3.0, 1.0]) == pytest.approx([0.6, 0.9, 1.0])
    assert shares([0.5, 0.5, -1e-16]) == pytest.approx([0.5, 1.0, 1.0])  # a rest that is but rounding
    assert shares([3.0, -5.0, 1.0]) == []
    assert shares([0.0, 0.0]) == [0, 0]


def test_a_line_stops_where_there_is_no_value_and_is_dotted_where_the_period_runs() -> None:
    chart = reading.chart(section("line", 1, 2, None, 4, 5, 6, over_time=True, partial_from=5))
    solid, dotted = chart.plot.iter(f"{reading.SVG}path")
    assert re.findall("[ML]", solid.get("d", "")) == ["M", "L", "M", "L"]
    assert solid.get("stroke-dasharray") is None
    assert re.findall("[ML]", dotted.get("d", "")) == ["M", "L"]
    assert dotted.get("stroke-dasharray") == "2 3"
    ends = [re.findall(r"[\d.]+", node.get("d", "")) for node in (solid, dotted)]
    assert ends[0][-2:] == ends[1][:2]  # the dots lead on from the last whole period
    assert len(list(chart.plot.iter(f"{reading.SVG}circle"))) == 5


def test_a_value_between_gaps_is_seen_in_a_long_line() -> None:
    values = [7 if at == 20 else None for at in range(60)]
    [dot] = reading.chart(section("line", *values, over_time=True)).plot.iter(f"{reading.SVG}circle")
    assert float(dot.get("r", 0)) > 1


def test_a_heat_map_is_darker_for_more() -> None:
    columns = (WHERE, Column("d", "Stage", "text", role="dimension"), COUNT)
    rows = (("A", "x", 10), ("A", "y", 5), ("B", "x", 0))
    chart = Chart("heatmap", "c", ("n",), "d")
    made = reading.chart(Section("s", "breakdown", "S", columns, rows, None, 3, chart=chart))
    # From 4 % to 85 % of the accent; half the largest value is halfway: 44.5 %.
    # What has no figure is white.
    assert fills(made) == [*(tinted(ACCENT, share) for share in (0.85, 0.445, 0.04)), "#ffffff"]
    assert [text for text in made.texts if text.isdigit()] == ["10", "5", "0"]


def test_what_rests_on_few_cases_has_no_shade() -> None:
    """Nor does it take any from the others: 1 of 1 is no darkest cell. Which cells these are is said."""
    columns = (WHERE, Column("d", "Stage", "text", role="dimension"), replace(COUNT, metric="m"))
    rows = (("A", "x", 100), ("A", "y", 50), ("B", "x", 25))
    few = (frozenset({"m"}), frozenset[str](), frozenset({"another"}))
    one = Section("s", "breakdown", "S", columns, rows, None, 3, few=few, chart=Chart("heatmap", "c", ("n",), "d"))
    made = reading.chart(one)
    assert fills(made) == ["#ffffff", *(tinted(ACCENT, share) for share in (0.85, 0.445)), "#ffffff"]
    assert [node.get("fill") for node in made.labels if node.text == "100"] == [MUTED]
    said = "Grey: fewer than 10 cases, without a shade."
    assert said in render_html(sample.figures("en", (one,)))
    assert said not in render_html(sample.figures("en", (replace(one, few=()),)))


def test_no_figure_is_another_thing_than_nothing() -> None:
    """In a heat map a pair without rows, and one whose figure is not known, are empty cells, which is said; 0 is written,
    on the palest ground."""
    columns = (WHERE, Column("d", "Stage", "text", role="dimension"), COUNT)
    full: tuple[tuple[Cell, ...], ...] = (("A", "x", 10), ("A", "y", 0), ("B", "x", 0), ("B", "y", 4))

    def drawn(*rows: tuple[Cell, ...]) -> tuple[list[str], bool]:
        one = Section("s", "breakdown", "S", columns, rows, None, 3, chart=Chart("heatmap", "c", ("n",), "d"))
        return fills(reading.chart(one)), "Empty cells: no records" in render_html(sample.figures("en", (one,)))

    for rows in ((*full[:2], full[3]), (*full[:2], ("B", "x", None), full[3])):
        colours, said = drawn(*rows)
        assert colours.count("#ffffff") == 1
        assert said
    nameless = Section(
        "s", "breakdown", "S", columns, (*full, (None, "x", 2)), None, 5, chart=Chart("heatmap", "c", ("n",), "d")
    )
    assert f"No {WHERE.label.lower()}" in reading.chart(nameless).texts
    colours, said = drawn(*full)
    assert colours.count(tinted(ACCENT, 0.04)) == 2
    assert "#ffffff" not in colours
    assert not said


def test_heads_of_a_heat_map_do_not_run_into_each_other() -> None:
    columns = (WHERE, Column("d", "Stage", "text", role="dimension"), COUNT)
    rows = tuple(("A", f"A rather long name of stage {at}", at) for at in range(12))
    chart = Chart("heatmap", "c", ("n",), "d")
    made = reading.chart(Section("s", "breakdown", "S", columns, rows, None, 12, chart=chart))
    heads = [svg.Label(float(node.get("x", 0)), 0, node.text or "") for node in made.labels if node.get("y") == "-7"]
    assert len(heads) == 12
    assert all(a.box[2] <= b.box[0] + 4 for a, b in pairwise(heads))


# --- what all have ---


def test_no_line_strikes_through_a_written_value() -> None:
    chart = reading.chart(section("bar", 90, 100, 50, over_time=True, reference=98.0))
    labels = [
        svg.Label(float(node.get("x", 0)), float(node.get("y", 0)), node.text or "")
        for node in chart.labels
        if node.get("fill") == INK
    ]
    assert [label.text for label in labels] == ["90", "100", "50"]
    rules = [
        tuple(float(node.get(key, 0)) for key in ("x1", "y1", "x2")) for node in chart.plot.iter(f"{reading.SVG}line")
    ]
    dashed = [node for node in chart.plot.iter(f"{reading.SVG}line") if node.get("stroke-dasharray")]
    assert len(dashed) == 2  # the goal's line leaves out the 90, through which it would go
    for label in labels:
        left, top, right, bottom = label.box
        assert not any(top < y < bottom and start < right and end > left for start, y, end in rules)


@pytest.mark.parametrize("kind", ["line", "bar", "hbar", "stacked", "pareto", "histogram", "waterfall"])
def test_names_are_texts_whatever_they_hold(kind: str) -> None:
    hostile = ('"><script>alert(1)</script>', "&amp;", "</svg>")
    rows = tuple((name, at + 1) for at, name in enumerate(hostile))
    chart = Chart(kind, "c", ("n",), whole=(6.0, None))  # type: ignore[arg-type]
    made = Section("s", "breakdown", "S", (WHERE, COUNT), rows, None, 3, chart=chart)
    assert "<script" not in render_html(sample.figures("en", (with_bridge(made),)))
    texts = reading.chart(made).texts
    assert {text.removesuffix("…")[:4] for text in hostile} <= {text[:4] for text in texts}


@pytest.mark.parametrize("kind", ["line", "bar", "hbar", "pareto", "histogram", "waterfall", "stacked"])
@pytest.mark.parametrize("values", [(0,), (0, 0), (1e-12, 2e-12), (1e15, -1e15), (None, 3), (-5, -7)])
def test_any_values_can_be_drawn(kind: str, values: tuple[Cell, ...]) -> None:
    for over_time in (False, True):
        made = section(kind, *values, over_time=over_time)
        assert made.chart
        whole = (float(sum(value or 0 for value in values)), None)  # type: ignore[misc]
        [drawn] = reading.charts(replace(made, chart=replace(made.chart, whole=whole)))
        numbers = re.findall(r'(?:x|y|width|height|d|cx|cy|x1|x2)="([^"]*)"', re.sub(">[^<]*<", "><", str(drawn.svg)))
        assert not any("nan" in number or "inf" in number for number in numbers)
        assert all(height >= 0 and width >= 0 for _, _, width, height in drawn.bars)


def test_charts_need_no_vega() -> None:
    code = (
        "import sys; sys.modules['vl_convert'] = None\n"
        "from reportspec.render import render_pdf\nfrom tests.render import sample\n"
        "print(render_pdf(sample.one_page())[:5])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "b'%PDF-'", done.stderr


def test_pages_and_pdfs_get_the_same_drawing() -> None:
    figures = sample.figures("en", (section("bar", 1, 2, over_time=True),))
    page, *_ = re.findall(r"<svg.*?</svg>", as_html(figures), re.S)  # and one for phones
    [paper] = re.findall(r"<svg.*?</svg>", render_html(figures), re.S)
    assert page == paper


def lines(count: int, points: int) -> Section:
    """A line for each of `count` owners over `points` months."""
    columns = (WHEN, Column("d", "Owner", "text", role="dimension"), COUNT)
    rows = tuple(
        (date(2026 + at // 12, at % 12 + 1, 1), f"Owner {k}", at + k) for at in range(points) for k in range(count)
    )
    chart = Chart("line", "c", ("n",), "d")
    return Section(
        "s", "trend", "S", columns, rows, None, len(rows), chart=chart, row_labels=tuple(str(row[0]) for row in rows)
    )


def test_lines_are_told_apart_without_colours() -> None:
    assert len({svg.mark((0, 0), place, "#000000") for place in range(8)}) == 8
    html = render_html(sample.figures("en", (lines(8, 6),)))
    assert re.findall(r'<i class="line (mark\d(?: hollow)?)"', html) == [
        *["mark0", "mark1", "mark2", "mark3"],
        *["mark0 hollow", "mark1 hollow", "mark2 hollow", "mark3 hollow"],
    ]
    assert 'class="line mark' not in render_html(
        sample.figures("en", (section("line", 1, 2, before=(2, 1), over_time=True),))
    )


@pytest.mark.parametrize(("points", "expected"), [(6, 6), (31, 31), (40, 10), (365, 10)])
def test_long_lines_have_marks_here_and_there(points: int, expected: int) -> None:
    chart = reading.chart(lines(2, points))
    assert len(list(chart.plot.iter(f"{reading.SVG}circle"))) == expected
    squares = [node for node in chart.plot.iter(f"{reading.SVG}path") if (node.get("d") or "").endswith("Z")]
    assert len(squares) == expected


@pytest.mark.parametrize("accent", ["#ffdd00", "#0b5fff", "#ffffff", "#000000", "#888888", "#00c000"])
def test_figures_in_a_heat_map_can_be_read(accent: str) -> None:
    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05

    for share in (0.04, 0.3, 0.5, 0.7, 0.85):
        ground = tinted(accent, share)
        low, high = sorted((light(ground), light(readable_on(ground))))
        assert high / low >= 3.9


def test_labels_have_two_lines_before_they_are_turned() -> None:
    """In half the width of the page eight quarters do not fit beside each other, nor do names of two short words; longer
    ones are turned."""
    columns = (
        Column("p", "P", "text", role="dimension"),
        *(sample.metric(f"m{i}", f"M {i}", "count") for i in range(4)),
    )

    def labels(names: list[str]) -> tuple[set[str], bool]:
        rows = tuple((name, 20, 10, 30, 25) for name in names)
        ranges = Chart("ranges", "p", ("m0", "m1", "m2", "m3"))
        one = Section("r", "forecast", "R", columns, rows, chart=ranges, half=True)
        html = render_html(sample.figures("en", (one, replace(one, chart=None))))
        [drawn] = re.findall(r'<svg[^>]*class="marks".*?</svg>', html, re.S)
        assert 'width="316"' in drawn
        return set(re.findall(r"<text[^>]*>([^<]*)</text>", drawn)), "rotate(" in drawn

    found, turned = labels([f"Q{at % 4 + 1} {2025 + at // 4}" for at in range(8)])
    assert {"Q1", "Q4", "2025", "2026"} <= found
    assert not turned
    found, turned = labels([f"Area {at} west" for at in range(8)])
    assert {"Area 0", "west"} <= found
    assert not turned
    found, turned = labels([f"Southern region {at}" for at in range(8)])
    assert turned
