"""Since when a deal has been in its stage, in lists of the past: no later day than the report's, of any deal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

TABLES = {
    "deal": """deal_id,stage_id,status,amount,currency,created_at,closed_at
none,won,won,100,EUR,2026-01-01 08:00:00,2026-08-20 10:00:00
told,last,open,100,EUR,2026-01-01 08:00:00,
open,last,open,100,EUR,2026-01-01 08:00:00,
lost,lost,lost,100,EUR,2026-01-01 08:00:00,2026-09-01 10:00:00
""",
    "stage": """stage_id,name,position,is_won,is_lost
first,First,1,false,false
last,Last,2,false,false
won,Won,3,true,false
lost,Lost,4,false,true
""",
    "deal_stage_history": """deal_id,stage_id,entered_at
told,first,2026-01-10 09:00:00
told,last,2026-05-01 09:00:00
lost,first,2026-02-10 09:00:00
lost,lost,2026-09-01 11:00:00
""",
}
JANUARY, MAY, AUGUST, SEPTEMBER = "2026-01-10", "2026-05-01", "2026-08-20", "2026-09-01"
WANTED = {  # of those that were open, or were closed in the period
    "2026-01": {"none": None, "told": JANUARY, "open": None, "lost": None},
    "2026-02": {"none": None, "told": JANUARY, "open": None, "lost": "2026-02-10"},
    "2026-06": {"none": None, "told": MAY, "open": None, "lost": "2026-02-10"},
    "2026-08": {"none": AUGUST, "told": MAY, "open": None, "lost": "2026-02-10"},
    "2026-09": {"told": MAY, "open": None, "lost": SEPTEMBER},
}


def listed(folder: Path, period: str) -> dict[str, str | None]:
    fields = ["deal.deal_id", "deal.stage_since"]
    records = {"entity": "deal", "fields": fields, "sort": "deal.stage_since"}
    section = {"id": "list", "records": records}
    found = rows(figures(folder, {"report": "custom", "period": period, "sections": [section]}), "list")
    return {row["deal.deal_id"]: row["deal.stage_since"] and f"{row['deal.stage_since']:%Y-%m-%d}" for row in found}


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_lists_of_past_periods(engine: str, tmp_path: Path) -> None:
    folder = project_of(tmp_path, TABLES, engine)
    for period, wanted in WANTED.items():
        found = listed(folder, period)
        assert found == wanted, period
        known = [since for since in found.values() if since is not None]
        assert list(found.values())[: len(known)] == sorted(known), period  # what is not known comes last


def test_updates_of_later_are_not_known(tmp_path: Path) -> None:
    folder = project_of(tmp_path, {"deal": UPDATED, "stage": TABLES["stage"]})
    records = {"entity": "deal", "fields": ["deal.deal_id", "deal.updated_at"]}
    spec = {"report": "custom", "sections": [{"id": "list", "records": records}]}
    for period, wanted in (("2026-02", {"early": "2026-01-05", "late": None}), ("2026-08", {"late": "2026-07-01"})):
        found = rows(figures(folder, {**spec, "period": period}), "list")
        known = {row["deal.deal_id"]: row["deal.updated_at"] and f"{row['deal.updated_at']:%Y-%m-%d}" for row in found}
        assert wanted.items() <= known.items(), period


UPDATED = """deal_id,stage_id,status,created_at,closed_at,updated_at
early,first,open,2026-01-01 08:00:00,,2026-01-05 09:00:00
late,first,open,2026-01-01 08:00:00,,2026-07-01 09:00:00
"""
