"""What a chart does not draw row by row is in it once, so that its bars are the whole."""

from __future__ import annotations

import math
from typing import Any
from xml.etree import ElementTree

import pytest

from reportspec.model.figures import Chart, Column, Section
from reportspec.render import charts
from reportspec.render.locale import formats_for
from reportspec.render.palette import palette_for
from reportspec.sections.bridge import with_bridge
from tests.render import reading, sample

WHERE = Column("c", "Owner", "text", role="dimension")
WHAT = Column("d", "Team", "text", role="dimension")
COUNT = Column("n", "Deals won", "integer", "count", "metric", "n", "up")


def drawn(section: Section) -> tuple[reading.Chart, tuple[str, ...]]:
    """The chart and its captions."""
    section = with_bridge(section)
    figures = sample.figures("en", (section,))
    [drawing] = charts.drawings(figures, section, formats_for(figures), palette_for(figures.theme.accent))
    return reading.Chart(ElementTree.fromstring(drawing.svg)), drawing.captions


def section(kind: str, count: int, top: int | None, others: bool, whole: bool = True) -> Section:
    """A row for each of `count` owners, worth count, count - 1, … 1, cut as a breakdown is."""
    rows: list[Any] = [(f"Owner {i}", count - i) for i in range(count)]
    every, rest = sum(value for _, value in rows), 0
    shown, available = rows, count
    if top is not None and top < count:
        shown = rows[:top]
        if others:
            rest = count - top
            shown = [*shown, (f"Others ({rest})", sum(value for _, value in rows[top:]))]
            available = len(shown)
    chart = Chart(kind, "c", ("n",), whole=(float(every), None) if whole else None)  # type: ignore[arg-type]
    return Section(
        "s", "breakdown", "S", (WHERE, COUNT), tuple(shown), (None, every), available, chart=chart, others=rest
    )


@pytest.mark.parametrize("others", [True, False])
@pytest.mark.parametrize("top", [None, 3, 14, 15, 20])
@pytest.mark.parametrize("count", [1, 2, 14, 15, 16, 79])
def test_a_pareto_ends_at_the_whole(count: int, top: int | None, others: bool) -> None:
    chart, _ = drawn(section("pareto", count, top, others))
    bars = chart.upright()
    assert len(bars) <= 15
    assert all(abs(low) < 0.1 for low, _ in bars)
    assert math.fsum(high for _, high in bars) == pytest.approx(count * (count + 1) / 2, rel=2e-3)
    *_, last = chart.plot.iter(f"{reading.SVG}circle")
    assert last.get("cy") == "0"  # where 100 % stands
    names = [text for text in chart.texts if text.startswith(("Owner", "Other"))]
    rest = [text for text in names if text.startswith("Other")]
    alone = len(names) - len(rest)
    assert rest == ([] if alone == count else [f"Others ({count - alone})"])
    if rest:  # it stands last, however large it is
        assert names[-1] == rest[0]


def test_a_pareto_of_values_below_zero_has_no_line() -> None:
    """Of 3, 1 and -5 nothing is a share of -1."""
    rows = (("A", 3), ("B", 1), ("C", -5))
    chart = Chart("pareto", "c", ("n",), whole=(-1.0, None))
    found, captions = drawn(Section("s", "breakdown", "S", (WHERE, COUNT), rows, (None, -1), 3, chart=chart))
    assert not list(found.plot.iter(f"{reading.SVG}circle"))
    assert captions == ("No cumulative share: some values are below zero.",)
    assert not [text for text in found.texts if "%" in text]
    assert len(found.upright()) == 3


@pytest.mark.parametrize("others", [True, False])
@pytest.mark.parametrize("top", [None, 5, 20])
@pytest.mark.parametrize("count", [4, 12, 13, 30])
def test_a_waterfall_has_one_step_for_the_rest(count: int, top: int | None, others: bool) -> None:
    chart, _ = drawn(section("waterfall", count, top, others))
    texts = chart.texts
    assert chart.upright()[-1] == (pytest.approx(0, abs=0.05), pytest.approx(count * (count + 1) / 2, rel=1e-3))
    alone = sum(text.startswith("Owner") for text in texts)
    rest = [text for text in texts if text.startswith("Other")]
    assert rest == ([] if alone == count else [f"Others ({count - alone})"])


@pytest.mark.parametrize("count", [17, 79])
def test_bars_beside_others_have_all_that_is_left(count: int) -> None:
    chart, captions = drawn(section("hbar", count, 16, True))
    written = [reading.number(node) for node in chart.labels if node.get("text-anchor") == "start"]
    assert len(written) == len(chart.bars) == 15
    assert sum(written) == count * (count + 1) / 2
    assert f"Others ({count - 14})" in chart.texts
    assert captions == (f"Chart: the 14 largest of {count}.",)


def test_bars_that_do_not_add_up_stay_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    chart, captions = drawn(section("hbar", 79, 20, True, whole=False))
    assert len(chart.bars) == 15
    assert captions


@pytest.mark.parametrize("kind", ["hbar", "heatmap"])
def test_the_others_of_two_fields_are_no_value_of_the_second(kind: str) -> None:
    rows: list[Any] = [(f"Owner {i}", ("North", "South")[i % 2], 40 - i) for i in range(20)]
    rows.append(("Others (20)", None, 210))
    colour = "d" if kind == "heatmap" else None
    chart = Chart(kind, "c", ("n",), colour, whole=(820.0, None))  # type: ignore[arg-type]
    made = Section("s", "breakdown", "S", (WHERE, WHAT, COUNT), tuple(rows), None, 21, chart=chart, others=20)
    read, _ = drawn(made)
    if kind == "hbar":
        assert len(read.bars) == 15
        assert {"Owner 0", "Owner 2"} <= set(read.texts)
        assert "Others (26)" in read.texts
    else:
        assert "Other" in read.texts


@pytest.mark.parametrize(
    "names",
    [
        (
            "unter 5.000",
            "5.000 bis unter 50.000",
            "50.000 bis unter 100.000",
            "100.000 bis unter 1.000.000",
            "1.000.000 und mehr",
        ),
        ("under 5", "5 to under 10", "10 and more"),
        (
            "moins de 5 000\u00a0€",
            "de 5 000 à moins de 10 000\u00a0€",
            "de 10 000 à moins de 25 000\u00a0€",
            "de 25 000 à moins de 50 000\u00a0€",
            "de 50 000 à moins de 100 000\u00a0€",
            "100 000\u00a0€ et plus",
            "n. d.",
        ),
    ],
)
def test_bins_are_named_whole(names: tuple[str, ...]) -> None:
    rows = tuple((name, 10 + at) for at, name in enumerate(names))
    chart = Chart("histogram", "c", ("n",))
    made = Section("s", "breakdown", "S", (WHERE, COUNT), rows, None, len(rows), chart=chart)
    read, _ = drawn(made)
    assert set(names) <= set(read.texts)
