"""Steps of a trend stand beside steps of the same length, or beside none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.figures.asking import codes, figures, rows


def trend(demo: Path, period: str, compare: str, grain: str, **more: object) -> tuple[list[bool], str]:
    """Whether each step has one beside it, and what is said beneath."""
    spec = {
        "report": "custom",
        "period": period,
        "compare": compare,
        **more,
        "sections": [{"id": "t", "trend": {"metrics": ["won_deals_count"], "grain": grain}}],
    }
    found = figures(demo, spec)
    told = [row["won_deals_count__previous"] is not None for row in rows(found, "t")]
    return told, " ".join(found.sections[0].notes)


def test_weeks_cut_by_a_month_are_not_compared_with_longer_ones(demo: Path) -> None:
    # August 2026 begins on a Saturday and ends on a Monday: 2, 7, 7, 7, 7 and 1 days. July begins on a
    # Wednesday and ends on a Friday: 5, 7, 7, 7 and 5.
    told, said = trend(demo, "2026-08", "previous_period", "week")
    assert told == [False, True, True, True, False, False]
    assert said.startswith("Not compared")
    # Beside two of them stands a step of another length, beside the last none.
    assert said.count("Aug") == 3


def test_months_are_whole_however_many_days_they_have(demo: Path) -> None:
    assert trend(demo, "2026-Q1", "previous_period", "month") == ([True] * 3, "")
    assert trend(demo, "2026-08", "previous_period", "day") == ([True] * 31, "")


def test_steps_that_are_cut_alike_are_compared(demo: Path) -> None:
    # Both begin and end on the same weekdays.
    told, said = trend(demo, "2026-08", {"period": "previous_period", "align": "weekday"}, "week")  # type: ignore[arg-type]
    assert told == [True] * 6
    assert said == ""


@pytest.mark.parametrize("chart", ["pareto", "waterfall"])
def test_what_does_not_add_up_has_no_such_chart(demo: Path, chart: str) -> None:
    def asked(metric: str, *by: str) -> list[str]:
        breakdown = {"metrics": [metric], "by": [*by], "chart": chart}
        spec = {"report": "custom", "period": "2026-Q1", "sections": [{"breakdown": breakdown}]}
        return codes(demo, spec)

    assert asked("close_rate", "user.name") == ["bad-chart"]
    assert asked("won_deals_count", "user.team", "user.name") == ["bad-chart"]
    assert asked("won_deals_count", "user.name") == []
