"""What a chart does not draw row by row is in it once, so that its bars are the whole."""

from __future__ import annotations

import math
from typing import Any

import pytest

from reportspec.model.figures import Chart, Column, Section
from reportspec.render import charts
from reportspec.render.locale import formats_for
from reportspec.render.palette import palette_for
from tests.render import sample

WHERE = Column("c", "Owner", "text", role="dimension")
WHAT = Column("d", "Team", "text", role="dimension")
COUNT = Column("n", "Deals won", "integer", "count", "metric", "n", "up")


def drawn(section: Section, monkeypatch: pytest.MonkeyPatch) -> tuple[list[dict[str, Any]], list[str], tuple[str, ...]]:
    """The values that Vega gets, the texts beside them, and the captions."""
    found: list[Any] = []

    def keep(layers: Any, values: Any, frame: Any, labels: Any, **more: Any) -> str:
        found.append((values, [one.text for one in labels]))
        return "<svg/>"

    monkeypatch.setattr(charts, "chart_svg", keep)
    monkeypatch.setattr("reportspec.render.heatmap.chart_svg", keep)
    figures = sample.figures("en", (section,))
    formats = formats_for(figures)
    [drawing] = charts.drawings(figures, section, formats, palette_for(figures.theme.accent))
    [(values, texts)] = found
    return values, texts, drawing.captions


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
def test_a_pareto_ends_at_the_whole(count: int, top: int | None, others: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    values, texts, _ = drawn(section("pareto", count, top, others), monkeypatch)
    assert len(values) <= 15
    assert math.fsum(one["v"] for one in values) == count * (count + 1) / 2
    assert values[-1]["c"] == 1
    names = [text for text in texts if text.startswith(("Owner", "Other"))]
    rest = [text for text in names if text.startswith("Other")]
    alone = len(names) - len(rest)
    assert rest == ([] if alone == count else [f"Others ({count - alone})"])
    if rest:  # it stands last, however large it is
        assert names[-1] == rest[0]


@pytest.mark.parametrize("others", [True, False])
@pytest.mark.parametrize("top", [None, 5, 20])
@pytest.mark.parametrize("count", [4, 12, 13, 30])
def test_a_waterfall_has_one_step_for_the_rest(
    count: int, top: int | None, others: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    values, texts, _ = drawn(section("waterfall", count, top, others), monkeypatch)
    assert values[-1]["v"] == count * (count + 1) / 2
    alone = sum(text.startswith("Owner") for text in texts)
    rest = [text for text in texts if text.startswith("Other")]
    assert rest == ([] if alone == count else [f"Others ({count - alone})"])


@pytest.mark.parametrize("count", [17, 79])
def test_bars_beside_others_have_all_that_is_left(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    values, texts, captions = drawn(section("hbar", count, 16, True), monkeypatch)
    assert math.fsum(one["v"] for one in values) == count * (count + 1) / 2
    assert f"Others ({count - 14})" in texts
    assert captions == (f"Chart: the 14 largest of {count}.",)


def test_bars_that_do_not_add_up_stay_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    values, _, captions = drawn(section("hbar", 79, 20, True, whole=False), monkeypatch)
    assert len(values) == 15
    assert captions


@pytest.mark.parametrize("kind", ["stacked", "heatmap"])
def test_the_others_of_two_fields_are_no_value_of_the_second(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[Any] = [(f"Owner {i}", ("North", "South")[i % 2], 40 - i) for i in range(20)]
    rows.append(("Others (20)", None, 210))
    chart = Chart(kind, "c", ("n",), "d", whole=(820.0, None))  # type: ignore[arg-type]
    made = Section("s", "breakdown", "S", (WHERE, WHAT, COUNT), tuple(rows), None, 21, chart=chart, others=20)
    values, texts, _ = drawn(made, monkeypatch)
    if kind == "stacked":
        assert math.fsum(one["v"] or 0 for one in values) == sum(row[2] for row in rows)
        assert len({one["i"] for one in values}) == 15
    assert "Other" in texts


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
    ],
)
def test_bins_are_named_whole(names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    rows = tuple((name, 10 + at) for at, name in enumerate(names))
    chart = Chart("histogram", "c", ("n",))
    made = Section("s", "breakdown", "S", (WHERE, COUNT), rows, None, len(rows), chart=chart)
    _, texts, _ = drawn(made, monkeypatch)
    assert set(names) <= set(texts)
