"""A filter about what rows have only once something has happened to them counts only such rows, and says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reportspec.languages import languages
from tests.figures.asking import figures, rows

PROJECT = "version: 1\nsource: demo\ntimezone: Europe/Rome\ncurrency: EUR\n"
METRICS = ["leads_created_count", "lead_conversion_rate", "leads_converted_count", "won_deals_count"]
BY_DEAL: list[dict[str, Any]] = [
    {"filters": [{"field": "deal.deal_type", "ne": "renewal"}]},
    {"where": "deal.deal_type <> 'renewal'"},
    {"where": "deal.deal_type = 'new_business' and deal.amount > 0"},
]
OTHERS: list[dict[str, Any]] = [
    {},
    {"filters": [{"field": "user.name", "is_null": False}]},
    {"where": "lead.source <> 'web'"},
    {"where": "coalesce(deal.deal_type, 'none') <> 'renewal'"},
    {"filters": [{"field": "deal.deal_type", "is_null": True}]},
]


def told(folder: Path, given: dict[str, Any], language: str = "en") -> list[str]:
    (folder / "reportspec.yaml").write_text(PROJECT, encoding="utf-8")
    spec = {"report": "custom", "period": "2026-Q3", "language": language, "sections": [{"id": "s", "kpis": METRICS}]}
    found = figures(folder, {**spec, **given})
    kpis = {kpi.column.name: kpi.column.footnotes for section in found.sections for kpi in section.kpis}
    of_leads = {found.footnotes[n - 1] for name in METRICS[:2] for n in kpis[name]}
    others = {found.footnotes[n - 1] for name in METRICS[2:] for n in kpis[name]}
    return sorted(of_leads - others)


@pytest.mark.parametrize("given", BY_DEAL)
def test_leads_of_a_filter_on_deals_are_those_that_have_one(given: dict[str, Any], tmp_path: Path) -> None:
    assert [text for text in told(tmp_path, given) if "only leads with a deal count here" in text]
    spec = {"report": "custom", "period": "2026-Q3", "sections": [{"id": "s", "kpis": METRICS}]}
    [row] = rows(figures(tmp_path, {**spec, **given}), "s")
    assert row["lead_conversion_rate"] == 1  # what makes the note needed


@pytest.mark.parametrize("given", OTHERS)
def test_other_filters_need_no_such_note(given: dict[str, Any], tmp_path: Path) -> None:
    assert not [text for text in told(tmp_path, given) if "count here" in text]


def test_it_is_said_in_every_language(tmp_path: Path) -> None:
    notes = {language: told(tmp_path, BY_DEAL[0], language) for language in languages()}
    assert all(notes.values())
    assert len({note for texts in notes.values() for note in texts}) == sum(map(len, notes.values()))


def test_a_filter_of_a_section_counts_as_one_of_the_report(tmp_path: Path) -> None:
    section = {"id": "s", "kpis": METRICS, **BY_DEAL[0]}
    assert told(tmp_path, {"sections": [section]})
