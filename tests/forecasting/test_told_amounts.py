"""How amounts of forecasts are told: what is known as it is, estimates by their own size, and what is not there."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from reportspec.formats.markdown import as_markdown
from reportspec.formats.terminal import as_table
from reportspec.sections.forecast_words import rounded
from tests.figures.asking import codes, figures, rows
from tests.forecasting.freezing import Row
from tests.forecasting.simulated import simulated
from tests.forecasting.test_no_hindsight import project
from tests.loading import load_report

NOW = datetime(2026, 10, 20, 9, tzinfo=UTC)
SPEC: dict[str, Any] = {
    "report": "custom",
    "period": "2026-Q4",
    "sections": [{"id": "summary", "forecast": {"show": "summary"}}],
}
WON_FROM = datetime(2026, 9, 30, 22)  # the quarter's beginning in Rome, by UTC


def with_amounts(change: Any, seed: int = 11) -> tuple[list[Row], list[Row], list[Row]]:
    deals, history, stages = simulated(seed, uneven=0.6)
    return (
        [{**deal, "amount": change(deal["deal_id"], deal["amount"], deal["status"])} for deal in deals],
        [{**row, "amount": change(row["deal_id"], row["amount"], "")} for row in history],
        stages,
    )


def test_digits() -> None:
    """Three digits of its own, however small it is; nothing is nothing."""
    assert [rounded(value) for value in (122_965.71, 12_183.0, 0.01234, -70_167.0, 0.0, None)] == [
        123_000, 12_200, 0.0123, -70_200, 0.0, None,
    ]  # fmt: skip


def test_beside_a_very_large_deal(tmp_path: Path) -> None:
    """One open deal of a billion: what is won stands to the cent, what is yet to be created is not nothing, and amounts
    that are rounded have no cents in the terminal."""
    deals, *_ = simulated(11, uneven=0.6)
    large = next(deal["deal_id"] for deal in deals if deal["status"] == "open")
    data = with_amounts(lambda key, amount, _: Decimal(10) ** 9 if key == large else amount)
    found = figures(project(tmp_path / "crm", *data), SPEC, NOW)
    [row] = rows(found, "summary")
    tiles = {kpi.column.name: kpi for kpi in found.sections[0].kpis}
    assert row["forecast"] > 1e6
    assert tiles["won"].value == row["won"]
    assert 0 < abs(tiles["created"].value - row["created"]) <= 0.005 * row["created"]
    text = as_table(found)
    assert f"€{float(tiles['created'].value):,.0f}" in text
    assert f"€{float(tiles['created'].value):,.2f}" not in text
    assert f"{float(row['won']):,.2f}" in text


def test_of_negative_amounts(tmp_path: Path) -> None:
    """Credit notes: how far off such forecasts were is said where one is shown; nobody is named who brings next to
    nothing."""
    data = with_amounts(lambda _key, amount, _: -amount)
    found = figures(
        project(tmp_path / "crm", *data),
        {**SPEC, "sections": [*SPEC["sections"], {"id": "accuracy", "forecast": {"show": "accuracy"}}]},
        NOW,
    )
    table = rows(found, "accuracy")
    assert all(row["mean_error"] is not None and row["mean_error"] >= 0 for row in table)
    assert "Without “" not in as_markdown(found)


def test_without_any_period(tmp_path: Path) -> None:
    """Where nothing is there, none is complete, and no day is named."""
    _, _, stages = simulated(11)
    text = as_markdown(figures(project(tmp_path / "crm", [], [], stages), SPEC, NOW))
    assert "(now 0)" in text
    assert "there can be one" not in text


def test_the_day_that_is_named_is_the_first_one(tmp_path: Path) -> None:
    """On the day from which on there can be a forecast the quarters that are over are enough, and on the day before they
    are not: months that are over within a quarter are of use for the next one."""
    deals, history, stages = simulated(11)
    kept = [deal for deal in deals if deal["created_at"] >= datetime(2025, 12, 1)]
    keys = {deal["deal_id"] for deal in kept}
    crm = project(tmp_path / "crm", kept, [row for row in history if row["deal_id"] in keys], stages)

    def told(day: datetime) -> str | None:
        spec = {**SPEC, "period": f"{day.year}-Q{(day.month + 2) // 3}"}
        found = re.search(r"there can be one from (.+?) on", as_markdown(figures(crm, spec, day)))
        return found[1] if found else None

    named = told(NOW)
    assert named is not None
    day = datetime.strptime(named, "%b %d, %Y").replace(hour=12, tzinfo=UTC)
    assert told(day) is None
    assert told(day - timedelta(days=1)) == named


def test_won_without_an_amount(tmp_path: Path) -> None:
    """Deals that were won in the quarter and have no amount are told at what is won, by their number."""
    data = with_amounts(lambda key, amount, _: None if int(key[1:]) % 3 == 0 else amount)
    closed = [
        d
        for d in data[0]
        if d["status"] == "won" and d["closed_at"] >= WON_FROM and d["closed_at"] < datetime(2026, 10, 20, 9)
    ]
    missing = sum(deal["amount"] is None for deal in closed)
    assert missing > 0
    found = figures(project(tmp_path / "crm", *data), SPEC, NOW)
    [text] = [note for note in found.footnotes if note.startswith("Won amount")]
    assert f"{missing} deal" in text


@pytest.mark.parametrize("change", [0, "0%"])
def test_what_changes_nothing(tmp_path: Path, change: Any) -> None:
    folder = project(tmp_path / "crm", *simulated(11, uneven=0.6))
    spec = {**SPEC, "sections": [{"id": "summary", "forecast": {"what_if": {"close_rate": change}}}]}
    assert "If otherwise" not in as_markdown(figures(folder, spec, NOW))


def test_beyond_bounds(tmp_path: Path) -> None:
    """What is beyond the bounds is told them, and no number that is beyond them as well."""
    folder = project(tmp_path / "crm", *simulated(11))
    for wrong, code in (("1000000%", "bad-value"), ("950%", "bad-value"), (10, "out-of-range")):
        spec = {**SPEC, "sections": [{"forecast": {"what_if": {"inflow": wrong}}}]}
        assert codes(folder, spec) == [code]
    asked = folder / "asked.yaml"
    asked.write_text(asked.read_text().replace("10}", '"1000000%"}'))
    [told] = load_report(asked, NOW, {}).diagnostics
    assert "between -0.9 and 9" in str(told.help)
