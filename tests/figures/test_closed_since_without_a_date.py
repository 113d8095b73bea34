"""A source that keeps no expected date of closed deals does not say whether they had one while they were open."""

from __future__ import annotations

from pathlib import Path

from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

DEALS = """deal_id,name,status,amount,currency,created_at,expected_close_date,closed_at
1,Closed since,won,100,EUR,2026-07-01 09:00:00,,2026-10-05 09:00:00
2,Lost since,lost,200,EUR,2026-07-01 09:00:00,,2026-10-06 09:00:00
3,Open and undated,open,300,EUR,2026-07-01 09:00:00,,
4,Open and overdue,open,400,EUR,2026-07-01 09:00:00,2026-09-10,
5,Overdue then,won,500,EUR,2026-07-01 09:00:00,2026-09-10,2026-10-07 09:00:00
6,Dated,open,600,EUR,2026-07-01 09:00:00,2026-12-10,
"""


def test_what_closed_since_is_not_told_to_be_undated(tmp_path: Path) -> None:
    found = figures(project_of(tmp_path, {"deal": DEALS}), {"report": "sales_forecast", "period": "2026-Q3"})
    names = [next(value for value in row.values() if isinstance(value, str)) for row in rows(found, "slipped")]
    assert names == ["Overdue then", "Open and overdue", "Open and undated"]  # by their amounts
    [section] = [one for one in found.sections if one.id == "slipped"]
    assert any("closed since" in note for note in section.notes)
