"""Small CRMs with figures worked out by hand, at the edges of definitions: both the program and the oracle must say them."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.random_crms.crm import COLUMNS, Crm, Row, written
from tests.random_crms.oracle import METRICS, figure, period_of
from tests.random_crms.test_random_crms import LATER, asked, cells, section

Tables = dict[str, list[Row]]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


STAGES: list[Row] = [
    {
        "stage_id": key,
        "name": key,
        "position": place,
        "probability": chance,
        "is_won": key == "W",
        "is_lost": key == "L",
    }
    for key, place, chance in (("A", 1, 0.1), ("B", 2, 0.5), ("W", 3, 1), ("L", 4, 0))
]


def deal(key: str, created: str, stage: str = "A", status: str = "open", closed: str | None = None, **more: Any) -> Row:
    return {
        "deal_id": key,
        "account_id": "a",
        "owner_id": "u1",
        "stage_id": stage,
        "status": status,
        "amount": 100,
        "currency": "EUR",
        "created_at": at(created),
        "closed_at": at(closed) if closed else None,
        **more,
    }


def walk(key: str, *steps: str) -> list[Row]:
    """A deal's history, from `A 2024-01-02` and the like."""
    return [{"deal_id": key, "stage_id": s[0], "entered_at": at(s[2:])} for s in steps]


def call(key: str, made: str, due: str | None = None, done: str | None = None, **more: Any) -> Row:
    return {
        "activity_id": key,
        "type": "call",
        "direction": "outbound",
        "owner_id": "u1",
        "deal_id": "d1",
        "created_at": at(made),
        "due_at": at(due) if due else None,
        "done_at": at(done) if done else None,
        **more,
    }


class Case(NamedTuple):
    tables: Tables
    right: dict[str, Any]
    period: str = "2024-Q1"
    as_of: str | None = None


SOLD: Tables = {
    "user": [{"user_id": "u1", "name": "Anna"}, {"user_id": "u2", "name": "Bo"}],
    "account": [{"account_id": "a", "name": "A", "owner_id": "u2", "created_at": at("2020-01-01")}],
    "stage": STAGES,
}
CASES = {
    # Written down in June, though it had been to A and B by February: it is there, it left A after
    # ten days, and its age at the end of March is not known yet. d2 has been there for 90 days.
    "entered_late": Case(
        {
            **SOLD,
            "deal": [deal("d1", "2024-06-01", "B"), deal("d2", "2024-01-01 00:00")],
            "deal_stage_history": walk("d1", "A 2024-02-01", "B 2024-02-11") + walk("d2", "A 2024-01-01"),
        },
        {
            "deals_count": 2,
            "open_opportunities_count": 2,
            "stage_exits_count": 1,
            "stage_duration_days": 10,
            "open_avg_age_days": 90 + 22 / 24,
            "open_opportunities_count.weighted": 60,
        },
    ),
    # Before its first change and its creation nobody knew of it.
    "not_there_yet": Case(
        {
            **SOLD,
            "deal": [deal("d1", "2024-06-01", "B")],
            "deal_stage_history": walk("d1", "A 2024-02-01", "B 2024-02-11"),
        },
        {"deals_count": 0, "open_opportunities_count": 0},
        as_of="2024-01-31",
    ),
    # Won in January, reopened in February, won again in March.
    "closed_twice": Case(
        {
            **SOLD,
            "deal": [deal("d1", "2024-01-01", "W", "won", "2024-03-20")],
            "deal_stage_history": walk("d1", "A 2024-01-01", "W 2024-01-11", "B 2024-02-10", "W 2024-03-20"),
        },
        {
            "won_deals_count": 1,
            "closed_deals_count.first_close": 1,
            "close_rate.first_close": 1,
            "sales_cycle_days": 79,
            "stage_exits_count": 2,
        },
    ),
    "open_again": Case(
        {
            **SOLD,
            "deal": [deal("d1", "2024-01-01", "W", "won", "2024-03-20")],
            "deal_stage_history": walk("d1", "A 2024-01-01", "W 2024-01-11", "B 2024-02-10", "W 2024-03-20"),
        },
        {"won_deals_count": 0, "open_opportunities_count": 1, "closed_deals_count.first_close": 1},
        as_of="2024-03-01",
    ),
    # Two changes in one instant: the latest goes to the stage that the deal is in, earlier ones by position.
    "two_in_one_instant": Case(
        {
            **SOLD,
            "deal": [deal("d1", "2024-01-01", "A"), deal("d2", "2024-01-01", "B")],
            "deal_stage_history": walk("d1", "A 2024-01-01", "B 2024-01-11", "A 2024-01-11")
            + walk("d2", "B 2024-01-01", "A 2024-01-01", "A 2024-01-31", "B 2024-02-10"),
        },
        # d1: A for 10 days, B for none, and A again; d2: A for none, B for 30 days, A for 10, and B.
        {
            "stage_exits_count": 5,
            "stage_regressions_count": 2,
            "stage_conversion_rate": 3 / 5,
            "stage_duration_days": 50 / 5,
            "open_opportunities_count.weighted": 60,
        },
    ),
    # The record's own closing has the last word on when it was closed.
    "closing_was_corrected": Case(
        {
            **SOLD,
            "deal": [deal("d1", "2024-01-01", "W", "won", "2024-02-20")],
            "deal_stage_history": walk("d1", "A 2024-01-01", "W 2024-02-08"),
        },
        {"won_deals_count": 0, "open_opportunities_count": 1, "deals_count": 1},
        as_of="2024-02-15",
    ),
    # Of four open deals one has no history, one was entered late, one is expected later; d5 is won.
    "forecast": Case(
        {
            **SOLD,
            "deal": [
                deal("d1", "2024-01-01", expected_close_date=date(2024, 3, 10)),
                deal("d2", "2024-06-01", "B", expected_close_date=date(2024, 3, 31)),
                deal("d3", "2024-01-01", "B", expected_close_date=date(2024, 4, 1)),
                deal("d4", "2024-01-01", "B", probability=0.25, expected_close_date=date(2024, 2, 1)),
                deal("d5", "2024-01-01", "W", "won", "2024-02-01", expected_close_date=date(2024, 2, 1)),
            ],
            "deal_stage_history": walk("d2", "A 2024-01-05", "B 2024-02-11")
            + walk("d3", "B 2024-01-01")
            + walk("d4", "B 2024-01-01"),
        },
        # d1 has the chance of its stage, 0.1, d2 0.5, d4 its own.
        {
            "open_opportunities_count": 4,
            "forecast_open_count": 3,
            "forecast_open_amount": 300,
            "forecast_weighted_amount": 85,
        },
        as_of="2024-03-01",
    ),
    # v1 is to come; v2 was not written down yet; v3 is overdue; v4 was entered after it was done;
    # v5 was cancelled, whatever time it has.
    "activities": Case(
        {
            **SOLD,
            "deal": [deal("d1", "2024-01-01"), deal("d2", "2024-01-01")],
            "activity": [
                call("v1", "2024-02-20", "2024-03-03"),
                call("v2", "2024-03-10", "2024-03-04", deal_id="d2"),
                call("v3", "2024-02-01", "2024-02-10"),
                call("v4", "2024-05-01", "2024-02-10", "2024-02-10"),
                call("v5", "2024-02-01", "2024-03-02", "2024-02-20", deal_id="d2", status="Cancelled"),
            ],
        },
        {
            "activities_planned_count": 1,
            "activities_overdue_count": 1,
            "no_next_step_count": 1,
            "sales_calls_count": 1,
            "stalled_deals_count": 1,
            "sales_calls_per_opportunity.open": 0.5,
        },
        as_of="2024-03-01",
    ),
    # Anna sold two families to Bo's customer, one of them new to it.
    "cross_selling": Case(
        {
            **SOLD,
            "deal": [
                deal("d1", "2023-01-01", "W", "won", "2023-02-01"),
                deal("d2", "2024-01-01", "W", "won", "2024-02-01"),
            ],
            "product": [{"product_id": g, "name": g, "family": g, "tier": 1, "unit_cost": 1} for g in ("F", "H")],
            "deal_product": [
                {"deal_id": d, "product_id": g, "quantity": 1, "amount": 50}
                for d, g in (("d1", "F"), ("d2", "F"), ("d2", "H"))
            ],
        },
        {"cross_sell_rate": 1, "cross_sell_rate.of_active": 1, "returning_customers_count": 1, "up_sell_rate": 0},
    ),
}


def crm_of(case: Case) -> Crm:
    """The case's rows, with every other table empty and every other column too."""
    rows = {
        name: [{**dict.fromkeys(columns), **row} for row in case.tables.get(name, [])]
        for name, columns in COLUMNS.items()
    }
    return Crm(0, rows, case.period, LATER, LATER)


@pytest.mark.parametrize("name", CASES)
def test_by_hand(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    crm, as_of = crm_of(case), at(case.as_of) if case.as_of else None
    metrics = list(case.right)
    parts = [{"id": "tiles", "kpis": metrics}]
    found = section(asked(crm, written(crm, tmp_path), LATER, as_of, sections=parts), "tiles")
    p = period_of(crm, crm.period, as_of)
    right = {metric: pytest.approx(value) for metric, value in case.right.items()}
    assert {metric: figure(METRICS[metric], p) for metric in metrics} == right
    assert cells(found, metrics, found.rows[0]) == right


def test_each_person_s_cross_selling(tmp_path: Path) -> None:
    """It counts for the account's owner on both sides, whoever sold."""
    crm = crm_of(CASES["cross_selling"])
    parts = [
        {"id": "by", "breakdown": {"metrics": ["cross_sell_rate.of_active"], "by": ["user.name"], "chart": "none"}}
    ]
    found = section(asked(crm, written(crm, tmp_path), LATER, sections=parts), "by")
    names = [column.name for column in found.columns]
    said = {row[names.index("user.name")]: row[names.index("cross_sell_rate.of_active")] for row in found.rows}
    assert {name: rate for name, rate in said.items() if rate is not None} == {"Bo": 1}
