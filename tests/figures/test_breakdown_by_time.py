"""A breakdown by a time and its grain: every step of the period, in its order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.model.figures import Figures, Section
from tests.figures.asking import figures, total

# Won in Rome's July 10 (its last minutes, which are still July's), August nothing, September 30 + 5, October (no period) 100;
# the year before in July 3 and in September 4.
DEALS = """id,amount,source,made,closed
1,10,Web,2026-01-05 10:00:00,2026-07-31 23:59:59
2,30,Web,2026-01-05 10:00:00,2026-09-01 00:00:00
3,5,Fair,2026-01-05 10:00:00,2026-09-30 23:00:00
4,100,Fair,2026-01-05 10:00:00,2026-10-01 00:00:00
5,3,Web,2025-01-05 10:00:00,2025-07-14 10:00:00
6,4,Fair,2025-01-05 10:00:00,2025-09-14 10:00:00
"""
FIELDS = {
    "amount": "amount",
    "source": "source",
    "created_at": "made",
    "closed_at": "closed",
    "status": "'won'",
}


def asked(folder: Path, by: list[Any], **more: Any) -> Figures:
    (folder / "deals.csv").write_text(DEALS, encoding="utf-8")
    mapping = {"entities": {"deal": {"table": "deals", "key": "id", "fields": FIELDS}}}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    project = {"version": 1, "source": {"files": {"deals": "deals.csv"}}, "mapping": "m.yaml", "timezone": "Europe/Rome",
               "source_timezone": "Europe/Rome", "locale": "en_GB"}  # fmt: skip
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
    section = {
        "id": "s",
        "breakdown": {
            "metrics": ["won_deals_count", "won_amount"],
            "by": by,
            **more.pop("section", {}),
        },
    }
    return figures(
        folder,
        {"report": "custom", "period": "2026-Q3", "currency": "EUR", "sections": [section], **more},
    )


def told(found: Figures, *names: str) -> list[tuple[Any, ...]]:
    """The rows of the section: what each is called, and some of its columns."""
    [section] = found.sections
    at = [[column.name for column in section.columns].index(name) for name in names]
    return [(label, *(row[one] for one in at)) for label, row in zip(section.row_labels, section.rows, strict=True)]


CLOSED = {"field": "deal.closed_at", "grain": "month"}


def test_each_month_is_a_row(tmp_path: Path) -> None:
    found = asked(tmp_path, [CLOSED])
    assert told(found, "won_deals_count", "won_amount") == [
        ("Jul", 1, 10),
        ("Aug", 0, 0),
        ("Sep", 2, 35),
    ]
    assert total(found, "s")["won_amount"] == 45
    [section] = found.sections
    assert section.chart is not None
    assert section.chart.kind == "bar"


@pytest.mark.parametrize(("grain", "period", "expected"), [
    ("quarter", "2026", [("Q1", 0), ("Q2", 0), ("Q3", 45), ("Q4", 100)]),
    ("year", {"from": "2025-01-01", "to": "2026-12-31"}, [("2025", 7), ("2026", 145)]),
    ("day", {"from": "2026-09-29", "to": "2026-10-02"}, [("29 Sep", 0), ("30 Sep", 5), ("1 Oct", 100), ("2 Oct", 0)]),
    # 31 August 2026 is a Monday.
    ("week", {"from": "2026-08-31", "to": "2026-09-13"}, [("31 Aug", 30), ("7 Sep", 0)]),
])  # fmt: skip
def test_other_grains(grain: str, period: Any, expected: list[tuple[str, float]], tmp_path: Path) -> None:
    found = asked(tmp_path, [{**CLOSED, "grain": grain}], period=period)
    assert told(found, "won_amount") == expected


def test_beside_another_field_in_either_order(tmp_path: Path) -> None:
    expected = {("Jul", "Web"): 10, ("Sep", "Web"): 30, ("Sep", "Fair"): 5}
    for by in ([CLOSED, "deal.source"], ["deal.source", CLOSED]):
        found = told(asked(tmp_path, by), "deal.source", "won_amount")
        assert {(month, source): amount for month, source, amount in found if amount} == expected
        assert [month for month, _, _ in found] == sorted((m for m, _, _ in found), key=["Jul", "Aug", "Sep"].index)


def test_months_are_compared_with_their_like(tmp_path: Path) -> None:
    found = asked(tmp_path, [CLOSED], compare="previous_year")
    assert told(found, "won_amount", "won_amount__previous") == [
        ("Jul", 10, 3),
        ("Aug", 0, 0),
        ("Sep", 35, 4),
    ]


def test_it_is_what_a_trend_says(tmp_path: Path) -> None:
    """In another language, without a total, and cut by a filter."""
    more: dict[str, Any] = {"locale": "it_IT", "filters": [{"field": "deal.source", "eq": "Web"}]}
    [ours] = asked(tmp_path, [CLOSED], section={"totals": False}, **more).sections
    trend = {
        "id": "s",
        "trend": {"metrics": ["won_deals_count", "won_amount"], "grain": "month", "chart": "bar"},
    }
    spec = {"report": "custom", "period": "2026-Q3", "currency": "EUR", "sections": [trend], **more}
    [theirs] = figures(tmp_path, spec).sections

    def seen(section: Section) -> Any:
        return section.columns, section.rows, section.row_labels, section.chart

    assert seen(ours) == seen(theirs)
    assert ours.row_labels == ("lug", "ago", "set")
    assert (ours.total, theirs.total is None) == (None, False)
