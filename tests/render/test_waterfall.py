"""Waterfalls: each bar from where the one before ended, what is not drawn as one step more."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

from reportspec.model.figures import Bridge, Chart, Column, PeriodFigures, Section
from reportspec.render import render_html
from reportspec.sections.bridge import with_bridge
from tests.render import reading, sample

WHERE = Column("c", "Owner", "text", role="dimension")
COUNT = Column("n", "Deals won", "integer", "count", "metric", "n", "up")
BEFORE = Column("n__previous", "Deals won, before", "integer", "count", "previous", "n", "up")


def bars(section: Section) -> tuple[list[tuple[float, float]], list[str]]:
    """Lower and upper end of each bar in the values' scale, from left to right, and all texts."""
    chart = reading.chart(section)
    return [(round(low, 1) + 0.0, round(high, 1)) for low, high in chart.upright()], chart.texts


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


def test_its_steps_are_figures() -> None:
    rows = (("Anna", 5, 3), ("Ciro", 1, 4), ("Dora", 2, 2), ("Elio", None, 1))
    chart = Chart("waterfall", "c", ("n",), whole=(10.0, 12.0))
    section = Section("s", "breakdown", "S", (WHERE, COUNT, BEFORE), rows, None, 6, chart=chart)
    made = with_bridge(section).chart
    assert made
    # Who changed nothing has no step; from 12 the steps lead to 10, so that two more rows brought 0.
    assert made.bridge == Bridge(((0, 2.0), (1, -3.0), (3, -1.0)), None, 2, False)
    less = with_bridge(replace(section, chart=replace(chart, whole=(10.0, 8.0)))).chart
    assert less
    assert less.bridge == Bridge(((0, 2.0), (1, -3.0), (3, -1.0)), 4.0, 2, False)


def test_the_largest_changes_have_a_step_of_their_own() -> None:
    rows = tuple((f"Owner {at}", at) for at in range(1, 15))  # 1 to 14: 105 in all
    chart = Chart("waterfall", "c", ("n",), whole=(105.0, None))
    made = with_bridge(Section("s", "breakdown", "S", (WHERE, COUNT), rows, None, 14, chart=chart)).chart
    assert made
    assert made.bridge == Bridge(tuple((at, at + 1.0) for at in range(2, 14)), 3.0, 2, True)


def test_its_ends_are_periods_that_are_told_apart() -> None:
    periods = [
        PeriodFigures(date(year, 10, 1), date(year, 11, 30), f"29 September – 29 November {year}")
        for year in (2026, 2025)
    ]
    rows = (("Anna", 5, 3), ("Ciro", 1, 4))
    chart = Chart("waterfall", "c", ("n",), whole=(10.0, 8.0))
    section = Section("s", "breakdown", "S", (WHERE, COUNT, BEFORE), rows, (None, 10, 8), 5, chart=chart)
    figures = sample.figures("en", (with_bridge(section),), period=periods[0], compare=periods[1])
    texts = " ".join(re.findall(r">([^<>]+)</text>", render_html(figures)))  # in two lines each
    assert all(one.label in texts for one in periods)
