"""Figures as tables for the terminal."""

from __future__ import annotations

from reportspec.formats.terminal import as_table
from reportspec.model.figures import Column, Goal, Kpi, Section
from tests.render import sample

WON = Column("won_amount", "Won", "number", "currency", "metric")
RATE = Column("close_rate", "Close rate", "number", "percent", "metric")


def lines(section: Section, language: str = "en") -> list[str]:
    return [line.strip() for line in as_table(sample.figures(language, (section,))).splitlines()]


def test_goals_stand_beside_their_tiles() -> None:
    goal = Goal(500.0, "up", 0.9, None, "missed", 1.0)
    tiles = (Kpi(WON, 450, 300, None, goal), Kpi(RATE, None))
    found = lines(Section("a", "kpis", "A", shape="tiles", kpis=tiles))
    assert [line.split() for line in found if line.startswith(("Won", "Close"))] == [
        ["Won", "450", "300", "–", "500", "Missed"],
        ["Close", "rate", "n/a", "n/a", "–"],
    ]
    assert ["Previous", "Δ", "Goal"] in [line.split() for line in found]


def test_without_goals_there_is_no_heading() -> None:
    assert "Won  450" in lines(Section("a", "kpis", "A", shape="tiles", kpis=(Kpi(WON, 450),)))


def test_names_break_no_line_and_what_is_not_there_is_called_as_in_footnotes() -> None:
    name = Column("user.name", "Name", "text")
    rows = (("a\tb", 1), ("c\nd", 2), ("e\u2028f", None), (None, 3))
    section = Section("a", "breakdown", "A", (name, WON), rows)
    found = [line.split() for line in lines(section)]
    for row in (["a\ufffdb", "1"], ["c\ufffdd", "2"], ["e\ufffdf", "n/a"], ["n/a", "3"]):
        assert row in found
    assert ["n/d", "3"] in [line.split() for line in lines(section, "it")]


def test_figures_are_written_as_the_report_writes_them() -> None:
    """By the locale, and amounts of a table with cents where one of them has some, whether they are whole numbers or not."""
    yes = Column("shown", "Shown", "boolean")
    for language, whole, odd, share in (
        ("en", ["1,234,567", "500"], ["1,234,567.00", "500.25"], "12.5 %"),
        ("it", ["1.234.567", "500"], ["1.234.567,00", "500,25"], "12,5 %"),
    ):
        for amount, said in ((500.0, whole), (500.25, odd)):
            rows = ((1234567, 0.125, True), (amount, -0.125, False))
            found = lines(Section("a", "breakdown", "A", (WON, RATE, yes), rows), language)
            assert any(said[0] in line and f" {share}" in line for line in found)
            assert any(line.startswith(f"{said[1]}  ") and f"-{share}" in line for line in found)
            assert not any("True" in line or "False" in line for line in found)


def test_long_headings_are_whole() -> None:
    label = "Error, as a multiple of: the mean of the last four quarters of all regions"
    section = Section("a", "breakdown", "A", (Column("a", label, "number", "ratio"),), ((0.5,),))
    assert " ".join(" ".join(lines(section)).split()).find(label) > 0
