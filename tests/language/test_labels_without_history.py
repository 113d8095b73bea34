"""Fields whose expression says something else where the source has no history are called so."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reportspec.catalogue.load import packaged
from reportspec.resolve.called import called
from tests.loading import load_report

LANGUAGES = ("en", "de", "es", "fr", "it")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HISTORY = """
  deal_stage_history: {table: h, fields: {deal_id: deal, stage_id: stage, entered_at: entered}}
  stage: {table: s, key: id, fields: {name: name, position: position, is_won: won, is_lost: lost}}
"""


@pytest.mark.parametrize(("history", "english"), [("", "Days since creation"), (HISTORY, "Days in stage")])
def test_days_in_a_stage(history: str, english: str, tmp_path: Path) -> None:
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: postgresql://r@db.example.com/crm\nmapping: m.yaml\n"
    )
    (tmp_path / "m.yaml").write_text(
        "timezone: UTC\ndialect: postgres\nentities:\n  deal: {table: d, key: id, fields: {name: name, amount: amount,"
        f" status: status, created_at: made, closed_at: closed, stage_id: stage}}}}{history}"
    )
    (tmp_path / "s.yaml").write_text("version: 1\nreport: custom\nperiod: 2026-10\nmetrics: [won_deals_count]\n")
    checked = load_report(tmp_path / "s.yaml", NOW, {})
    assert checked.report is not None, [one.message for one in checked.diagnostics]
    binding = checked.report.binding
    assert called(binding, "deal", ("deal", "days_in_stage"), "en") == english
    names = {called(binding, "deal", ("deal", "days_in_stage"), language) for language in LANGUAGES}
    assert len(names) == len(LANGUAGES)
    assert packaged().entities["deal"].fields["days_in_stage"].decimals == 0


def test_other_fields_keep_their_names() -> None:
    for entity in packaged().entities.values():
        for field in entity.fields.values():
            assert all(field.label.values())
            assert bool(field.without_history) == (field.id == "deal.days_in_stage")
