"""What stands beside the numbers of a table, held against values worked out by hand."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest

from reportspec.formats.markdown import as_markdown
from reportspec.model.figures import Cell, Column, Section
from reportspec.render import render_html
from reportspec.render.beside import (
    Bar,
    Swing,
    beside,
    difference,
    with_changes,
    with_shares,
    without_dead,
    without_few,
    without_idle,
)
from reportspec.render.figure_marks import Mark
from reportspec.render.locale import formats_for
from reportspec.render.tables import table_view
from tests.render import sample

OWNER = Column("o", "Owner", "text", role="dimension")
WON = Column("won", "Won", "number", "currency", "metric", "won", "up", "EUR")
WON_BEFORE = replace(WON, name="won__previous", label="Won, before", role="previous")
RATE = Column("rate", "Rate", "number", "percent", "metric", "rate", "up")
RATE_BEFORE = replace(RATE, name="rate__previous", label="Rate, before", role="previous")
ROWS: tuple[tuple[Cell, ...], ...] = (
    ("Ada", 200, 100, 0.5, 0.4),
    ("Bo", 50, 150, 0.25, 0.25),
    (None, 400, 0, None, 1.0),
)


def section(*rows: tuple[Cell, ...], **more: object) -> Section:
    columns = (OWNER, WON, WON_BEFORE, RATE, RATE_BEFORE)
    return Section("s", "breakdown", "By owner", columns, rows or ROWS, bars=True, **more)  # type: ignore[arg-type]


def test_a_change_is_now_less_then_in_the_unit_of_its_figure() -> None:
    changed = with_changes(section(total=(None, 650, 250, 0.4, 0.35)))
    assert [row[2] for row in changed.rows] == [100, -100, 400]
    assert changed.rows[0][4] == 0.5 - 0.4
    assert changed.rows[2][4] is None
    assert changed.total is not None
    assert changed.total[2] == 400
    assert difference(Decimal("1.10"), Decimal("0.90")) == Decimal("0.20")
    assert difference(None, 1) is None


def test_bars_are_on_the_scale_of_the_largest_row_with_a_name() -> None:
    drawn = beside(section(), 3)
    assert drawn.bars == (Bar(100.0, 50.0), Bar(25.0, 75.0), None)
    # 200 points from -100 to +100: what has no name is on neither scale.
    assert drawn.swings == ((2, (Swing(50.0, 50.0, 50.0, "good"), Swing(50.0, 0.0, 50.0, "bad"), None)),)
    others = beside(section(("Ada", 200, 100, 0.5, 0.4), ("Others (9)", 900, 0, 0.1, 0.1), others=9), 2)
    assert others.bars == (Bar(100.0, 50.0), None)


def test_nothing_below_zero_stands_on_a_scale_from_nothing() -> None:
    drawn = beside(section(("Ada", -5, 10, 0.1, 0.1), ("Bo", 3, 1, 0.1, 0.1)), 2)
    assert drawn.bars == ()
    swings = (Swing(88.24, 0.0, 88.24, "bad"), Swing(88.24, 88.24, 11.76, "good"))  # of 15 and 2
    assert drawn.swings == ((2, swings),)


def test_goals_stand_on_the_same_scale() -> None:
    target = replace(WON, name="target", label="Target", role="target")
    drawn = beside(Section("g", "goals", "G", (OWNER, WON, target), (("Ada", 50, 100), ("Bo", 40, None)), bars=True), 2)
    assert drawn.bars == (Bar(50.0, None, 100.0), Bar(40.0, None, None))


def test_no_bar_leaves_its_room_and_lengths_are_as_the_values() -> None:
    rng = random.Random(7)
    for _ in range(200):
        rows = tuple((f"n{n}", rng.randint(0, 9999), rng.randint(0, 9999), 0.1, 0.1) for n in range(rng.randint(2, 9)))
        drawn = beside(section(*rows), len(rows))
        top = max(max(row[1], row[2]) for row in rows)
        for row, bar in zip(rows, drawn.bars, strict=True):
            assert bar is not None
            assert abs(bar.now - row[1] / top * 100) < 0.006  # type: ignore[operator]
            assert abs(bar.was - row[2] / top * 100) < 0.006  # type: ignore[operator]
        [(place, swings)] = drawn.swings
        assert place == 2
        for row, swing in zip(rows, swings, strict=True):
            assert swing is not None
            assert swing.axis is not None
            assert -0.001 <= swing.start <= swing.start + swing.length <= 100.02
            assert (swing.tone == "good") == (row[1] > row[2])


def test_columns_that_say_nothing_become_words() -> None:
    rows = (("Ada", 200, 100, 0.0, 0.0), ("Bo", 50, 150, 0.0, None))
    shorter, dead = without_dead(section(*rows))
    assert [column.name for column in shorter.columns] == ["o", "won", "won__previous"]
    assert [(column.name, value) for column, value in dead] == [("rate", 0.0)]
    view = table_view(section(*rows), formats_for(sample.figures("en", ())), None)
    assert view is not None
    assert view.caption == "Rate: 0.0% in every row."
    # What was something then, or is not known, says something.
    assert without_dead(section(("Ada", 2, 1, 0.0, 0.1), ("Bo", 5, 1, 0.0, 0.0)))[1] == ()
    assert without_dead(section(("Ada", 2, 1, None, 0.0), ("Bo", 5, 1, 0.0, 0.0)))[1] == ()


def test_what_has_no_name_is_called_so_in_every_form() -> None:
    figures = sample.figures("en", (section(),))
    assert '<td class="na aside">No owner</td>' in render_html(figures)
    assert "| No owner | €400.00 | +€400.00 |" in as_markdown(figures)


def test_a_change_of_nothing_has_no_sign() -> None:
    view = table_view(
        section(("Ada", 2000.001, 2000.0, 0.1, 0.1), ("Bo", 1.0, 1.0, 0.1, 0.1)),
        formats_for(sample.figures("en", ())),
        None,
    )
    assert view is not None
    assert [row[2].text for row in view.rows] == ["€0.00", "€0"]


def test_bullets_have_each_row_s_own_goal_at_one_place() -> None:
    target = replace(WON, name="target", label="Target", role="target")
    share = Column("attainment", "Reached", "number", "percent")
    rows: tuple[tuple[Cell, ...], ...] = (("Ada", 150, 100, 1.5), ("Bo", 40, 50, 0.8), ("Cy", 7, None, None))
    goals = Section("g", "goals", "G", (OWNER, WON, target, share), rows, bars=True, states=("met", "missed", "none"))
    drawn = beside(goals, 3)
    assert drawn.bars == (Bar(83.33, None, 55.56), Bar(44.44, None, 55.56, True), None)  # of 180 %
    far = beside(replace(goals, rows=(("Ada", 300, 100, 3.0), *rows[1:])), 3)
    assert far.bars[0] == Bar(100.0, None, 33.33)  # the farthest has all the room, and no bar leaves it
    assert far.bars[1] == Bar(26.67, None, 33.33, True)
    below = beside(replace(goals, rows=(("Ada", -10, 100, -0.1), *rows[1:])), 3)
    assert below.bars == ()


def of_two() -> Section:
    """Won 200, 100 the quarter before, 250 the year before; and of somebody who had nothing before."""
    won_before, rate_before = (replace(one, against="Q2 2026") for one in (WON_BEFORE, RATE_BEFORE))
    won_second, rate_second = (
        replace(one, name=one.name.replace("previous", "second"), role="second", against="Q3 2025")
        for one in (won_before, rate_before)
    )
    columns = (OWNER, WON, won_before, won_second, RATE, rate_before, rate_second)
    rows = (("Ada", 200, 100, 250, 0.5, 0.4, 0.75), ("Bo", 50, 0, 40, 0.25, None, 0.25))
    total = (None, 250, 100, 290, 0.4, 0.4, 0.6)
    return Section("s", "breakdown", "By owner", columns, rows, total, bars=True)


def test_of_two_comparisons_each_has_its_change_and_its_share() -> None:
    """+100 of 100 is +100 %, -50 of 250 is -20 %; of nothing no share is known, and percentages have points."""
    shown = with_changes(with_shares(of_two(), ["won", "rate"]))
    assert [column.role for column in shown.columns] == [
        *("dimension", "metric", "difference", "change", "difference", "change"),
        *("metric", "difference", "difference"),
    ]
    assert shown.rows[0] == ("Ada", 200, 100, 1.0, -50, -0.2, 0.5, 0.5 - 0.4, -0.25)
    assert shown.rows[1] == ("Bo", 50, 50, None, 10, 0.25, 0.25, None, 0.0)
    assert shown.total == (None, 250, 150, 1.5, -40, -40 / 290, 0.4, 0.0, 0.4 - 0.6)


def test_changes_of_two_comparisons_are_on_one_scale() -> None:
    """From -50 to +100, 150 in all: a third to the left of the axis."""
    drawn = beside(of_two(), 2)
    assert drawn.bars[0] == Bar(100.0, 50.0)  # the outline is the first period's
    assert drawn.swings == (
        (2, (Swing(33.33, 33.33, 66.67, "good"), Swing(33.33, 33.33, 33.33, "good"))),
        (3, (Swing(33.33, 0.0, 33.33, "bad"), Swing(33.33, 33.33, 6.67, "good"))),
    )


def test_heads_say_against_what_each_change_is() -> None:
    view = table_view(of_two(), formats_for(sample.figures("en", (of_two(),))), None)
    assert view is not None
    assert [heading.label for heading in view.headings] == [
        *("Owner", "Won", "Δ Q2 2026", "Δ %", "Δ Q3 2025", "Δ %"),
        *("Rate", "Δ pp Q2 2026", "Δ pp Q3 2025"),
    ]
    assert [cell.text for cell in view.rows[0]][2:6] == ["+€100.00", "+100.0%", "−€50.00", "−20.0%"]
    assert [cell.text for cell in view.rows[1]][2:6] == ["+€50.00", "–", "+€10.00", "+25.0%"]
    assert not view.landscape
    assert view.bar
    assert view.swing


def test_rows_of_noughts_become_words() -> None:
    """Of others, of steps, of goals and of what is to be marked they stay, and so does what was something then."""
    idle, was = ("Cid", 0, 0, None, None), ("Dan", 0, 30, None, 0.5)
    shorter, names, kept = without_idle(section(*ROWS[:2], idle, was, total=(None, 250, 280, 0.4, 0.3)))
    assert ([row[0] for row in shorter.rows], names, kept) == (["Ada", "Bo", "Dan"], ("Cid",), (0, 1, 3))
    assert shorter.available_rows == 3
    formats = formats_for(sample.figures("en", ()))
    view = table_view(section(*ROWS[:2], idle), formats, None)
    assert view is not None
    assert ([row[0].text for row in view.rows], view.caption) == (["Ada", "Bo"], "Cid: nothing in any column.")
    fixed = replace(section(*ROWS[:2], idle), columns=(replace(OWNER, fixed=True), *section().columns[1:]))
    marked = replace(section(*ROWS[:2], idle), columns=(OWNER, replace(WON, below=10), *section().columns[2:]))
    aside = (section(*ROWS[:2], idle, others=3), section(*ROWS[:2], idle, states=("met",) * 3), section(idle, ROWS[0]))
    for one in (fixed, marked, *aside):
        assert without_idle(one)[1] == ()
    many = section(*ROWS[:2], *((f"P{at}", 0, 0, None, None) for at in range(12)))
    view = table_view(many, formats, None)
    assert view is not None
    assert view.caption == "P0, P1, P2, P3, P4, P5, P6, Others (5): nothing in any column."


def test_places_of_figures_stay_those_of_the_rows_as_they_were_computed() -> None:
    rows = section(("Cid", 0, 0, None, None), *ROWS[:2], available_rows=3)
    view = table_view(rows, formats_for(sample.figures("en", ())), None, figures_marked=True)
    assert view is not None
    assert [row[1].mark for row in view.rows] == [Mark("s", str(at), "won").text for at in (1, 2)]


def test_what_rests_on_very_few_cases_is_grey_and_has_no_change() -> None:
    few = section(few=(frozenset({"rate"}), frozenset(), frozenset()), total=(None, 650, 250, 0.4, 0.35))
    view = table_view(few, formats_for(sample.figures("en", ())), None)
    assert view is not None
    assert [row[4].text for row in view.rows] == ["–", "0.0\u00a0pp", "–"]
    assert ["aside" in row[3].css for row in view.rows] == [True, False, True]  # the last one has no name
    assert view.total is not None
    assert view.total[4].text == "+5.0\u00a0pp"
    assert "Grey: fewer than 10 cases, without a change" in render_html(sample.figures("en", (few,)))
    view = table_view(replace(few, few_in_all=frozenset({"rate"})), formats_for(sample.figures("en", ())), None)
    assert view is not None
    assert view.total is not None
    assert (view.total[4].text, "aside" in view.total[3].css) == ("–", True)
    # Of the figure that has the bar, that of then is not drawn either, and its change has none.
    rows = (ROWS[0], ROWS[1], ("Cid", 100, 50, 0.5, 0.4))
    bars = beside(without_few(section(*rows, few=(frozenset({"won"}), frozenset(), frozenset()))), 3)
    assert bars.bars[0] == Bar(100.0)
    assert [swing is None for swing in bars.swings[0][1]] == [True, False, False]
    # One change alone would fill the room, however small it is.
    alone = section(*rows[:2], few=(frozenset({"won"}), frozenset()))
    assert beside(without_few(alone), 2).swings == ()
    unseen = replace(few, few=(frozenset({"other"}), frozenset(), frozenset()))
    assert "Grey" not in render_html(sample.figures("en", (unseen,)))


def test_of_many_metrics_the_first_alone_has_its_change() -> None:
    more = [replace(WON, name=f"m{at}", metric=f"m{at}", label=f"M{at}") for at in range(4)]
    columns = [WON, WON_BEFORE]
    for one in more:
        columns += [one, replace(one, name=f"{one.name}__previous", role="previous")]
    rows = tuple((name, *range(at, at + 10)) for name, at in (("Ada", 10), ("Bo", 20)))
    for count, changes in ((4, 4), (5, 1)):
        shown = Section(
            "s", "breakdown", "S", (OWNER, *columns[: 2 * count]), tuple(r[: 1 + 2 * count] for r in rows), bars=True
        )
        view = table_view(shown, formats_for(sample.figures("en", ())), None)
        assert view is not None
        assert sum(heading.label.startswith("Δ") for heading in view.headings) == changes


@pytest.mark.parametrize(("known", "stays"), [(0, False), (1, False), (2, True), (8, True)])
def test_changes_of_which_hardly_any_is_known_have_no_column(known: int, stays: bool) -> None:
    """A column of dashes says nothing: of eight rows two at least have a change."""
    rows = tuple((f"n{at}", 10 + at, 5, 0.5, 0.25 if at < known else None) for at in range(8))
    view = table_view(section(*rows, total=(None, 108, 40, 0.5, 0.25)), formats_for(sample.figures("en", ())), None)
    assert view is not None
    assert [head.label for head in view.headings] == ["Owner", "Won", "Δ", "Rate", *(["Δ pp"] if stays else [])]
    assert ("+25.0\u00a0pp" in [cell.text for cell in view.rows[0]]) == stays


def test_changes_go_before_a_table_loses_its_place_beside_another() -> None:
    """Four amounts fit into half of a page without their changes, and not with those of the first."""
    columns, cells = [OWNER], list[Cell]()
    for at in range(4):
        column = replace(WON, name=f"m{at}", metric=f"m{at}", label=f"Sum {at}")
        columns += [column, replace(column, name=f"m{at}__previous", role="previous")]
        cells += [1_234_567, 1_000_000]
    rows = tuple((f"October {at} (running)", *cells) for at in range(3))
    wide = Section("s", "breakdown", "S", tuple(columns), rows, bars=True)
    formats = formats_for(sample.figures("en", ()))
    half, whole = table_view(wide, formats, None, half=True), table_view(wide, formats, None)
    assert half is not None
    assert whole is not None
    assert not half.landscape
    assert [head.label for head in half.headings] == ["Owner", "Sum 0", "Sum 1", "Sum 2", "Sum 3"]
    assert [cell.text for cell in half.rows[0][1:]] == ["€1,234,567"] * 4
    assert [head.label for head in whole.headings].count("Δ") == 4
