"""Conditions of `when` that no figure can satisfy are warned of; those that one can are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportspec.check.when import SIGNS, _can_hold
from tests.deliver.conftest import NOW
from tests.loading import load_report

BOUNDS = st.lists(
    st.tuples(st.sampled_from(sorted(SIGNS)), st.integers(-6, 6).map(lambda n: n / 2)), min_size=1, max_size=4
)


@given(BOUNDS, st.booleans(), st.booleans())
def test_whether_a_number_can_be_against_trying_all(
    bounds: list[tuple[str, float]], whole: bool, positive: bool
) -> None:
    """Bounds are halves of whole numbers from -3 to 3: quarters from -5 to 5 try every stretch."""
    positive = positive or whole  # what is counted is not below zero
    tried = [n / 4 for n in range(-20, 21)]
    tried = [n for n in tried if (not whole or n.is_integer()) and (not positive or n >= 0)]
    found = any(all(SIGNS[sign](n, bound) for sign, bound in bounds) for n in tried)
    assert _can_hold(bounds, whole, positive) == found


def codes(project: Path, when: str, more: str = "") -> list[tuple[str, str]]:
    (project / "q3.yaml").write_text(
        "version: 1\nmetrics: [won_amount, close_rate, won_deals_count, sales_cycle_days]\n"
        f"{more}\ndeliver: {{to: anna@example.com, when: '{when}'}}\n",
        "utf-8",
    )
    checked = load_report(Path("q3.yaml"), NOW, {})
    assert checked.report is None or not checked.broken
    return [(one.code, one.severity) for one in checked.diagnostics]


@pytest.mark.parametrize(
    "when",
    [
        "close_rate < 0",
        "close_rate < 0.3 and close_rate > 0.4",
        "won_deals_count = 0.5",
        "won_deals_count < 0",
        "won_deals_count > 3 and won_deals_count < 4",
        "won_amount = 1 and won_amount != 1",
        "close_rate < 0 or won_deals_count < 0",
        "won_amount > 1 and close_rate < 30% and won_amount < 1",
    ],
)
def test_never(project: Path, when: str) -> None:
    assert set(codes(project, when)) == {("never-sent", "warning")}


@pytest.mark.parametrize(
    "when",
    [
        "close_rate <= 0",
        "close_rate < 0.3 or close_rate > 0.4",
        "won_deals_count = 0",
        "won_amount < 0",
        "won_deals_count >= 3 and won_deals_count < 4",
        "sales_cycle_days < 0",
        "won_amount < 100000000000000000",
        "won_amount > 100000000000000000",
        "close_rate > 120%",
        "close_rate < 30% AND won_amount > 0",
        "always",
        "not_empty",
        "changed",
    ],
)
def test_sometimes(project: Path, when: str) -> None:
    assert codes(project, when) == []


@pytest.mark.parametrize("word", ["goal_missed", "goal_at_risk"])
def test_goals(project: Path, word: str) -> None:
    never, unshown = [("never-sent", "warning")], [("unshown-goal", "warning")]
    assert codes(project, word) == never
    assert codes(project, word, "goals: {prospects_count: 5}") == [*unshown, *never]  # of no tile
    assert codes(project, word, "goals: {close_rate: 0.4}") == []
    by_user = "goals: {prospects_count: {by: user.name, targets: {Anna: 5}}}"
    assert codes(project, word, by_user) == []
    running = "period: quarter_to_date\ngoals: {close_rate: 0.4}"
    assert codes(project, word, running) == (never if word == "goal_missed" else [])
    over = "period: 2026-Q4\ngoals: {close_rate: 0.4}"  # which is over one day
    assert codes(project, word, over) == []
    wrong = "goals: {close_rat: 0.4}"  # of this the mistake is told
    (project / "q3.yaml").write_text(
        f"version: 1\nmetrics: [close_rate]\n{wrong}\ndeliver: {{to: a@example.com, when: {word}}}\n"
    )
    found = load_report(Path("q3.yaml"), NOW, {}).diagnostics
    assert {one.code for one in found} == {"unknown-metric"}


def test_a_fraction_that_was_meant_as_a_percentage(project: Path) -> None:
    assert codes(project, "close_rate < 30") == [("suspicious-condition", "warning")]
    assert codes(project, "close_rate < 30%") == []
    assert codes(project, "won_amount < 30") == []
