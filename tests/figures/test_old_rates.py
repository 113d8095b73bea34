"""Rates that end before the amounts that are converted by them are told of, with the day of the last one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reportspec.building import make
from tests.figures.asking import NOW, figures, rows
from tests.figures.test_late_rates import checks
from tests.figures.test_money import RATES, project
from tests.loading import load_report

SPEC: dict[str, Any] = {"report": "custom", "period": "2026-06", "metrics": ["won_amount"]}


def _rates(*days: str) -> list[dict[str, Any]]:
    return [{**RATES[0], "day": day} for day in days]


def _told(found: Any) -> list[str]:
    return [one.message for one in found.warnings if one.code == "old-rate"]


@pytest.mark.parametrize(
    ("days", "old"),
    [
        (("2024-07-01", "2024-08-01"), "2024-08-01"),  # 93 days are allowed
        (("2026-02-28", "2026-03-29"), "2026-03-29"),  # 87 days are, and the end of June is 93 away
        (("2026-03-01", "2026-04-01"), ""),  # 93 are, and it is 90 away
        (("2026-05-28", "2026-05-29", "2026-05-30"), ""),  # daily ones: within a month
        (("2026-05-27", "2026-05-28", "2026-05-29"), "2026-05-29"),  # 32 days
        (("2025-06-30",), ""),  # one for a year: 365 days
        (("2025-01-01",), "2025-01-01"),
        (("2024-08-01", "2026-07-01"), ""),  # what is to come says how often there is one no more than it is one
    ],
)
def test_an_old_rate_is_told_with_its_day(days: tuple[str, ...], old: str, tmp_path: Path) -> None:
    if days[-1] > "2026-06-30":  # up to the end of the period there is one alone, of two years ago
        old = days[0]
    found = figures(project(tmp_path, _rates(*days)), SPEC)
    assert rows(found, "headline")[0]["won_amount"] == pytest.approx(100 + 90 + 90)  # it is converted all the same
    assert len(_told(found)) == bool(old)
    if old:
        assert f"the last exchange rate of USD in `fx_rate` is of {old}" in _told(found)[0]
        assert any(note.startswith("Exchange rates (USD): the last one is of") for note in found.footnotes)


def test_a_currency_that_no_amount_is_in_is_none_of_it(tmp_path: Path) -> None:
    francs = [{**rate, "from_currency": "CHF"} for rate in _rates("2024-07-01", "2024-08-01")]
    assert not _told(figures(project(tmp_path, [*RATES, *francs]), SPEC))


def test_where_nothing_is_converted_nothing_is_told(tmp_path: Path) -> None:
    spec = {**SPEC, "metrics": ["won_deals_count"]}
    assert not _told(figures(project(tmp_path, _rates("2024-07-01", "2024-08-01")), spec))


def test_what_is_meant_can_be_said(tmp_path: Path) -> None:
    project(tmp_path, _rates("2024-07-01", "2024-08-01"))
    checks(tmp_path, {"ignore": [{"check": "old-rate", "reason": "A fixed rate."}]})
    found = figures(tmp_path, {**SPEC, "where": "deal.currency = 'EUR'"})
    assert not _told(found)
    assert any("A fixed rate." in text for text in found.not_told)


def test_with_for_each_it_is_told_of_all(tmp_path: Path) -> None:
    project(tmp_path, _rates("2024-07-01", "2024-08-01"))
    path = tmp_path / "each.yaml"
    path.write_text(json.dumps({"version": 1, **SPEC, "for_each": "deal.source"}), encoding="utf-8")
    report = load_report(path, NOW, {}).report
    assert report is not None
    assert [one.code for one in make(path, report).warnings].count("old-rate") == 1
