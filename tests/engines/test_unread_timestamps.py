"""Of the TIMESTAMP columns of a server that lacks the source's zone those matter that the mapping reads."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from reportspec.databases.mysql import _clocks
from reportspec.run.connect import wanted_for
from reportspec.run.connection import Wanted
from tests.figures.from_tables import project_of
from tests.loading import load_report

COLUMNS = [("crm", "deals", "Updated_At", 1), ("other", "deals", "created_at", 0)]


def _server(zone: str) -> Any:
    """A server whose sessions are in a zone, with two TIMESTAMP columns, of which one is of another schema."""
    return SimpleNamespace(exec_driver_sql=lambda _: SimpleNamespace(scalar=lambda: zone, fetchall=lambda: COLUMNS))


@pytest.mark.parametrize(
    ("tables", "columns", "refused"),
    [
        ({"deals"}, {("deals", "closed_at")}, ""),
        ({"deals"}, {("deals", "closed_at"), ("deals", "updated_at")}, "`deals.Updated_At`"),
        ({"crm.deals"}, {("crm.deals", "updated_at")}, "`deals.Updated_At`"),
        ({"people"}, {("deals", "updated_at")}, ""),  # what is read now is another table
        ({"deals"}, {("deals", "created_at")}, ""),  # that of the other schema is not read
        ({"other.deals"}, {("other.deals", "created_at")}, "`deals.created_at`"),
        ({"deals"}, set(), "`deals.Updated_At`"),  # all columns
    ],
)
def test_only_what_is_read_is_refused(tables: set[str], columns: set[tuple[str, str]], refused: str) -> None:
    wanted = Wanted(frozenset(tables), zone="Europe/Rome", columns=frozenset(columns))
    found = _clocks(_server("+00:00"), wanted)
    assert (found.message if found is not None else "").startswith(refused)
    assert (found is None) == (not refused)
    assert _clocks(_server("Europe/Rome"), wanted) is None


def test_columns_are_those_of_the_mapping(tmp_path: Path) -> None:
    table = "id,status,amount,created_at,closed_at\n1,won,5,2026-01-01,2026-01-02\n"
    folder = project_of(tmp_path, {"deal": table}, "sqlite")
    (folder / "s.yaml").write_text("version: 1\nperiod: 2026-01\nmetrics: [won_amount]\n", encoding="utf-8")
    report = load_report(folder / "s.yaml", datetime(2026, 2, 1, tzinfo=UTC), {}).report
    assert report is not None
    names = ("id", "status", "amount", "created_at", "closed_at")
    assert wanted_for(report.project, report.binding, ["deal"]).columns == {("deal", name) for name in names}
