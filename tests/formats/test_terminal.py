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
        ["Won", "450", "300", "500.00", "Missed"],
        ["Close", "rate", "n/a", "n/a"],
    ]
    assert ["previous", "Goal"] in [line.split() for line in found]


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
