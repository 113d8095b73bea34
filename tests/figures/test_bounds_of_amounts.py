"""Bounds of amounts in standard reports are of the size of a currency's amounts; an author's own stay as they are."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.figures.asking import figures
from tests.figures.from_tables import project_of

NOW = datetime(2026, 10, 5, tzinfo=UTC)
AMOUNTS = (3, 7, 20, 40, 70, 300)  # thousands of euros, one in each of the six bins


@pytest.mark.parametrize(("currency", "unit"), [("EUR", 1), ("JPY", 100), ("KRW", 1000), ("USD", 1)])
def test_a_deal_in_each_bin(currency: str, unit: int, tmp_path: Path) -> None:
    lines = [
        f"d{at},lost,{amount * 1000 * unit},2026-07-01 10:00:00,2026-08-01 10:00:00,reason\n"
        for at, amount in enumerate(AMOUNTS)
    ]
    head = "deal_id,status,amount,created_at,closed_at,loss_reason\n"
    project_of(tmp_path, {"deal": head + "".join(lines)})
    project = tmp_path / "reportspec.yaml"
    project.write_text(project.read_text("utf-8").replace("EUR", currency), "utf-8")
    by = {"breakdown": {"metrics": ["lost_deals_count"], "by": [{"field": "deal.amount", "bins": [5000, 10000]}]}}
    spec = {"report": "lost_deals", "period": "2026-Q3", "sections": [{"id": "own", **by}]}
    standard = figures(tmp_path, {"report": "lost_deals", "period": "2026-Q3"}, NOW)
    [section] = [one for one in standard.sections if one.id == "by_size"]
    assert [row[1] for row in section.rows if row[0] is not None] == [1] * 6
    bounds = "".join(str(section.rows[0][0]).split()).replace(",", "")
    assert str(5000 * unit) in bounds
    own = figures(tmp_path, {**spec, "report": "custom"}, NOW)
    [section] = own.sections
    assert "5000" in str(section.rows[0][0]).replace(",", "")
    assert sum(int(row[1]) for row in section.rows) == 6  # type: ignore[arg-type]
