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


def test_each_step_of_a_trend_has_its_own_doubt(tmp_path: Path) -> None:
    """`Late` and `Later` were overdue at the ends of June and July. At the end of August one was open that has closed
    since without a day that was expected: it may have been overdue, too."""
    deals = """deal_id,name,status,amount,currency,created_at,expected_close_date,closed_at
1,Late,open,100,EUR,2026-05-01 09:00:00,2026-06-10,
2,Later,open,100,EUR,2026-05-01 09:00:00,2026-07-10,
3,Without,won,100,EUR,2026-08-05 09:00:00,,2026-10-05 09:00:00
"""
    trend = {"id": "t", "trend": {"metrics": ["overdue_deals_count"], "grain": "month"}}
    spec = {"report": "custom", "period": {"from": "2026-06-01", "to": "2026-08-31"}, "sections": [trend]}
    found = figures(project_of(tmp_path, {"deal": deals}), spec)
    assert [row["overdue_deals_count"] for row in rows(found, "t")] == [1, 2, None]
