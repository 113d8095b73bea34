"""Definitions at their edges: empty values, periods that run, records that contradict each other.

Each case is a small CRM whose figures are worked out by hand. It runs on files and on databases.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.engines.servers import Engine, Given, engine
from tests.figures.asking import figures

Tables = dict[str, tuple[str, list[tuple[Any, ...]]]]
KINDS = {
    "amount": "DECIMAL(14,2)",
    "value": "DECIMAL(14,2)",
    "position": "INTEGER",
    "tier": "INTEGER",
    "talk_s": "DOUBLE",
    "probability": "DOUBLE",
    "expected_close_date": "DATE",
    "quantity": "DOUBLE",
    "unit_cost": "DECIMAL(14,2)",
    "rate": "DOUBLE",
    "month": "DATE",
    "day": "DATE",
    "starts_at": "DATE",
    "ends_at": "DATE",
}
DATABASES = ("sqlite", "postgres", "mariadb")
BOOLEANS = ("is_won", "is_lost", "is_converted", "is_junk")
KEYS = {"deal": "deal_id", "user": "user_id", "stage": "stage_id", "account": "account_id", "lead": "lead_id",
        "contact": "contact_id", "campaign": "campaign_id", "contract": "contract_id", "quote": "quote_id",
        "web_session": "session_id", "case_": "case_id", "activity": "activity_id", "order_": "order_id",
        "product": "product_id", "referral": "referral_id", "service_call": "call_id"}  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Case(NamedTuple):
    """Tables of a CRM, what is asked, and the figures of each row by metric (or by name first)."""

    tables: Tables
    asked: dict[str, Any]
    expected: list[dict[str, Any]]
    now: datetime = datetime(2026, 11, 1, 12, tzinfo=UTC)
    more: dict[str, Any] = {}  # noqa: RUF012  # of the mapping


def kpis(*names: str) -> dict[str, Any]:
    return {"sections": [{"id": "one", "kpis": list(names)}]}


DEAL = "deal_id,account_id,owner_id,stage_id,status,amount,currency,created_at,closed_at"
STAGE = "stage_id,name,position,is_won,is_lost"
NULL_STAGES: list[tuple[Any, ...]] = [
    ("N", "New", 1, None, None),
    ("M", "Mid", 2, None, None),
    ("W", "Won", 3, True, None),
    ("L", "Lost", 4, None, True),
]
HISTORY = "deal_id,stage_id,entered_at"


def deal(key: str, stage: str, status: str, created: str, closed: str | None) -> tuple[Any, ...]:
    return (key, "a", "u1", stage, status, 10, "EUR", at(created), at(closed) if closed else None)


COST: Tables = {
    "service_cost": (
        "month,amount,currency",
        [(date(2024, 1, 1), 3100, "EUR"), (date(2024, 2, 1), 2900, "EUR"), (date(2024, 3, 1), 3100, "EUR")],
    )
}
USD: Tables = {
    "service_cost": ("month,amount,currency", [(date(2024, m, 1), 1000, "USD") for m in (1, 2, 3)]),
    "fx_rate": (
        "day,from_currency,to_currency,rate",
        [
            (date(2024, 1, 1), "USD", "EUR", 0.9),
            (date(2024, 1, 31), "USD", "EUR", 0.5),
            (date(2024, 2, 1), "USD", "EUR", 0.8),
            (date(2024, 3, 15), "USD", "EUR", 1.0),
        ],
    ),
}
CONTRACTS: Tables = {
    "account": ("account_id,name,owner_id,created_at", [("a", "A", "u", at("2020-01-01"))]),
    "contract": (
        "contract_id,account_id,starts_at,ends_at,value,currency,renewed_by_contract_id",
        [
            ("A", "a", date(2023, 1, 1), date(2024, 6, 30), 100, "EUR", "B"),
            ("B", "a", date(2024, 7, 1), date(2030, 1, 1), 120, "EUR", None),
            ("C", "a", date(2023, 1, 1), date(2024, 6, 10), 100, "EUR", None),  # within its grace days
            ("D", "a", date(2023, 1, 1), date(2024, 6, 20), 100, "EUR", "E"),  # renewed too late
            ("E", "a", date(2024, 9, 1), date(2030, 1, 1), 100, "EUR", None),
        ],
    ),
}
PURCHASES: Tables = {
    "account": ("account_id,name,owner_id,created_at", [("a", "A", "u", at("2020-01-01"))]),
    "deal": (DEAL, [deal("d1", "W", "won", "2024-01-01", "2024-02-01")]),
    "deal_product": ("deal_id,product_id,quantity,amount,currency", [("d1", "g1", 1, 10, "EUR")]),
    "order_": (
        "order_id,account_id,contact_id,ordered_at,amount,currency,status",
        [
            ("o0", "a", None, at("2023-02-01"), 70, "EUR", "paid"),
            ("o1", "a", None, at("2024-02-01"), 99, "EUR", "paid"),
        ],
    ),
    "order_line": (
        "order_id,product_id,quantity,amount,currency",
        [("o0", "g2", 1, 70, "EUR"), ("o1", "g2", 1, 99, "EUR")],
    ),
    "product": ("product_id,name,family,tier,unit_cost", [("g1", "G1", "F", 1, 1), ("g2", "G2", "H", 1, 1)]),
}

CASES = {
    # January, and of February's 29 days the one that has begun; one call and one case.
    "costs_that_run": Case(
        {
            **COST,
            "service_call": (
                "call_id,direction,queued_at,outcome,talk_s,ended_at",
                [("y1", "inbound", at("2024-01-10 10:00:00"), "answered", 10, at("2024-01-10 10:10:00"))],
            ),
            "case_": ("case_id,type,created_at,resolved_at", [("s1", "question", at("2024-01-10"), at("2024-01-11"))]),
        },
        {"period": "2024-Q1", **kpis("service_cost_amount", "service_cost_per_interaction")},
        [{"service_cost_amount": 3200, "service_cost_per_interaction": 1600}],
        datetime(2024, 2, 1, 11, tzinfo=UTC),
    ),
    "costs_that_run_by_month": Case(
        COST,
        {
            "period": "2024-Q1",
            "sections": [{"id": "one", "trend": {"metrics": ["service_cost_amount"], "grain": "month"}}],
        },
        [{"service_cost_amount": 3100}, {"service_cost_amount": 100}, {"service_cost_amount": None}],
        datetime(2024, 2, 1, 11, tzinfo=UTC),
    ),
    "costs_of_no_day_yet": Case(
        COST,
        {"period": {"from": "2024-03-10", "to": "2024-03-20"}, **kpis("service_cost_amount")},
        [{"service_cost_amount": 0}],
        datetime(2024, 3, 5, 11, tzinfo=UTC),
    ),
    # 500, 800 and, by the rate of the last day of March, 1,000.
    "costs_at_their_months_rates": Case(
        USD,
        {"period": "2024-Q1", **kpis("service_cost_amount")},
        [{"service_cost_amount": 2300}],
    ),
    "costs_at_their_months_rates_by_month": Case(
        USD,
        {
            "period": "2024-Q1",
            "sections": [{"id": "one", "trend": {"metrics": ["service_cost_amount"], "grain": "month"}}],
        },
        [{"service_cost_amount": 500}, {"service_cost_amount": 800}, {"service_cost_amount": 1000}],
    ),
    # Weeks of January at the rate of its last day, 0.5, whatever they end with; the one that reaches
    # into February has three days of January and four of 29 days of February at 0.8.
    "costs_at_their_months_rates_by_week": Case(
        USD,
        {
            "period": {"from": "2024-01-15", "to": "2024-02-05"},
            "as_of": "2024-04-01",
            "sections": [{"id": "one", "trend": {"metrics": ["service_cost_amount"], "grain": "week"}}],
        },
        [
            {"service_cost_amount": 500 * 7 / 31},
            {"service_cost_amount": 500 * 7 / 31},
            {"service_cost_amount": 500 * 3 / 31 + 800 * 4 / 29},
            {"service_cost_amount": 800 * 1 / 29},
        ],
    ),
    # Ten of March's 31 days, at the rate of 10 March: 800 * 10 / 31, after 500 and 800.
    "costs_at_the_rate_known_then": Case(
        USD,
        {"period": "2024-Q1", **kpis("service_cost_amount")},
        [{"service_cost_amount": 1300 + 800 * 10 / 31}],
        datetime(2024, 3, 10, 11, tzinfo=UTC),
    ),
    "null_is_no": Case(
        {
            "lead": (
                "lead_id,email,status,created_at,converted_at,is_converted,is_junk",
                [
                    ("l1", "a@x", "new", at("2024-02-01"), None, None, None),
                    ("l2", "b@x", "new", at("2024-02-01"), None, False, None),
                    ("l3", "c@x", "conv", at("2024-02-01"), at("2024-02-05"), True, None),
                    ("l4", "d@x", "conv", at("2024-02-01"), at("2024-02-06"), None, False),  # converted all the same
                    ("l5", "e@x", "junk", at("2024-02-01"), None, None, None),
                ],
            )
        },  # its status says that it is junk
        {"period": "2024-02", **kpis("prospects_count", "prospects_count.stock", "leads_converted_count")},
        [{"prospects_count": 4, "prospects_count.stock": 2, "leads_converted_count": 2}],
    ),
    "null_is_no_in_filters": Case(
        {
            "lead": (
                "lead_id,email,status,created_at,converted_at,is_converted,is_junk",
                [
                    ("l1", "a@x", "new", at("2024-02-01"), None, None, None),
                    ("l2", "b@x", "new", at("2024-02-01"), None, False, None),
                    ("l3", "c@x", "conv", at("2024-02-01"), at("2024-02-05"), True, None),
                ],
            )
        },
        {"period": "2024-02", "filters": [{"field": "lead.is_converted", "eq": False}], **kpis("leads_created_count")},
        [{"leads_created_count": 2}],
    ),
    # 33, 2 and 40 days; d1 moves on twice, d2 moves back.
    "stages_that_do_not_say_no": Case(
        {
            "deal": (
                DEAL,
                [deal("d1", "W", "won", "2024-01-01", "2024-02-05"), deal("d2", "N", "open", "2024-01-01", None)],
            ),
            "stage": (STAGE, NULL_STAGES),
            "deal_stage_history": (
                HISTORY,
                [
                    ("d1", "N", at("2024-01-01")),
                    ("d1", "M", at("2024-02-03")),
                    ("d1", "W", at("2024-02-05")),
                    ("d2", "M", at("2024-01-01")),
                    ("d2", "N", at("2024-02-10")),
                ],
            ),
        },
        {
            "period": "2024-02",
            **kpis(
                "stage_exits_count",
                "stage_duration_days",
                "stage_advances_count",
                "stage_regressions_count",
                "open_opportunities_count",
            ),
        },
        [
            {
                "stage_exits_count": 3,
                "stage_duration_days": 25,
                "stage_advances_count": 2,
                "stage_regressions_count": 1,
                "open_opportunities_count": 1,
            }
        ],
    ),
    # At one instant the deal went to Mid and back to New, where it is.
    "two_changes_in_one_instant": Case(
        {
            "deal": (DEAL, [deal("d1", "N", "open", "2024-01-01", None)]),
            "stage": (STAGE, NULL_STAGES),
            "deal_stage_history": (
                HISTORY,
                [("d1", "M", at("2024-01-01")), ("d1", "N", at("2024-02-10")), ("d1", "M", at("2024-02-10"))],
            ),
        },
        {
            "period": "2024-02",
            "sections": [
                {
                    "id": "one",
                    "breakdown": {"metrics": ["open_opportunities_count", "stage_age_days"], "by": ["stage.name"]},
                }
            ],
        },
        [
            {"stage.name": "New", "open_opportunities_count": 1, "stage_age_days": pytest.approx(19 + 23 / 24)},
            {"stage.name": "Mid", "open_opportunities_count": 0},
        ],
    ),
    "a_column_without_a_time": Case(
        {"deal": (DEAL, [deal("d2", "N", "open", "2024-01-01", None)])},
        {"period": "2024-02", **kpis("closed_deals_count", "open_opportunities_count")},
        [{"closed_deals_count": 0, "open_opportunities_count": 1}],
    ),
    # d1 has no history; d2's is complete; d3's knows no closing; d4 is open.
    "first_closings": Case(
        {
            "deal": (
                DEAL,
                [
                    deal("d1", "W", "won", "2024-01-01", "2024-02-01"),
                    deal("d2", "W", "won", "2024-01-01", "2024-02-03"),
                    deal("d3", "L", "lost", "2024-01-01", "2024-02-04"),
                    deal("d4", "N", "open", "2024-01-01", None),
                ],
            ),
            "stage": (STAGE, NULL_STAGES),
            "deal_stage_history": (
                HISTORY,
                [("d2", "N", at("2024-01-01")), ("d2", "W", at("2024-02-03")), ("d3", "N", at("2024-01-01"))],
            ),
        },
        {"period": "2024-02", **kpis("closed_deals_count.first_close", "won_deals_count.first_close")},
        [{"closed_deals_count.first_close": 3, "won_deals_count.first_close": 2}],
    ),
    # Won in February, though created in March: it is there for all who ask.
    "won_before_it_was_created": Case(
        {
            "deal": (
                DEAL,
                [deal("d1", "W", "won", "2024-03-10", "2024-02-05"), deal("d2", "N", "open", "2024-03-10", None)],
            ),
            "account": ("account_id,name,owner_id,created_at", [("a", "A", "u1", at("2020-01-01"))]),
        },
        {
            "period": "2024-02",
            **kpis("won_deals_count", "purchases_count", "customers_count", "deals_count", "open_opportunities_count"),
        },
        [
            {
                "won_deals_count": 1,
                "purchases_count": 1,
                "customers_count": 1,
                "deals_count": 1,
                "open_opportunities_count": 0,
            }
        ],
    ),
    "calls_by_somebody_else": Case(
        {
            "user": ("user_id,name", [("u1", "Anna"), ("u2", "Bo")]),
            "deal": (DEAL, [deal("d1", "W", "won", "2024-01-01", "2024-02-05")]),
            "activity": (
                "activity_id,type,direction,owner_id,deal_id,lead_id,contact_id,done_at",
                [
                    ("v1", "call", "outbound", "u2", "d1", None, None, at("2024-02-01")),
                    ("v2", "call", "outbound", "u2", "d1", None, None, at("2024-02-02")),
                ],
            ),
        },
        {
            "period": "2024-02",
            "sections": [
                {
                    "id": "one",
                    "breakdown": {
                        "metrics": ["sales_calls_per_opportunity", "closed_deal_calls_count", "sales_calls_count"],
                        "by": ["user.name"],
                    },
                }
            ],
        },
        [
            {
                "user.name": "Anna",
                "sales_calls_per_opportunity": 2,
                "closed_deal_calls_count": 2,
                "sales_calls_count": 0,
            },
            {
                "user.name": "Bo",
                "sales_calls_per_opportunity": None,
                "closed_deal_calls_count": 0,
                "sales_calls_count": 2,
            },
        ],
    ),
    # c3 was never sent to, c5 after the report's date; c6's mail came back, c7's only later.
    "members_that_nothing_was_sent_to": Case(
        {
            "campaign": ("campaign_id,name,channel,status,started_at", [("k", "K", "email", "sent", at("2024-02-01"))]),
            "campaign_member": (
                "campaign_id,contact_id,sent_at,responded_at,bounced_at",
                [
                    ("k", "c1", at("2024-02-01 09:00:00"), at("2024-02-02 09:00:00"), None),
                    ("k", "c2", at("2024-02-01 09:00:00"), None, None),
                    ("k", "c3", None, None, None),
                    ("k", "c5", at("2024-03-20 09:00:00"), None, None),
                    ("k", "c6", at("2024-02-01 09:00:00"), None, at("2024-02-01 10:00:00")),
                    ("k", "c7", at("2024-02-01 09:00:00"), None, at("2024-04-01 10:00:00")),
                ],
            ),
        },
        {"period": "2024-02", **kpis("campaign_delivered_count", "campaign_response_rate")},
        [{"campaign_delivered_count": 3, "campaign_response_rate": pytest.approx(1 / 3)}],
    ),
    "goals_without_a_time": Case(
        {
            "web_session": (
                "session_id,started_at,ended_at",
                [(f"w{n}", at("2024-02-01 10:00:00"), at("2024-02-01 10:05:00")) for n in (1, 2, 3)],
            ),
            "goal_completion": (
                "session_id,goal_id,completed_at",
                [
                    ("w1", "g", None),
                    ("w9", "g", at("2024-02-01 10:00:00")),
                    ("w2", "g", at("2024-05-01 10:00:00")),
                    ("w3", "g", at("2024-02-01 10:01:00")),
                ],
            ),
        },
        {"period": "2024-02", **kpis("web_sessions_with_goal_count", "web_goal_completion_rate")},
        [{"web_sessions_with_goal_count": 1, "web_goal_completion_rate": pytest.approx(1 / 3)}],
    ),
    # A and D are decided at the end of June or not at all: A is renewed, C and D are pending.
    "renewed_from_the_next_day": Case(
        CONTRACTS,
        {
            "period": "2024-06",
            **kpis("renewal_rate", "contracts_due_count", "contracts_renewed_count", "contracts_pending_count"),
        },
        [{"renewal_rate": 1, "contracts_due_count": 1, "contracts_renewed_count": 1, "contracts_pending_count": 2}],
    ),
    "renewed_too_late": Case(
        CONTRACTS,
        {
            "period": "2024-06",
            "as_of": "2024-12-01",
            **kpis("renewal_rate", "contracts_due_count", "contracts_pending_count"),
        },
        [{"renewal_rate": pytest.approx(1 / 3), "contracts_due_count": 3, "contracts_pending_count": 0}],
    ),
    "quotes_without_a_number": Case(
        {
            "quote": (
                "quote_id,number,status,presented_at",
                [
                    (key, number, "presented", at("2024-02-01 10:00:00"))
                    for key, number in (("q1", None), ("q2", None), ("q3", "N1"), ("q4", "N1"))
                ],
            )
        },
        {"period": "2024-02", **kpis("quotes_presented_count", "quotes_presented_count.versions")},
        [{"quotes_presented_count": 3, "quotes_presented_count.versions": 4}],
    ),
    # p was recommended thrice, first by c3, who never bought; r4 names nobody; c2 recommends himself.
    "people_are_recommended_once": Case(
        {
            "deal": (DEAL, [deal("d1", "W", "won", "2023-01-01", "2023-02-01")]),
            "account": (
                "account_id,name,owner_id,created_at",
                [("a", "A", "u", at("2020-01-01")), ("b", "B", "u", at("2020-01-01"))],
            ),
            "contact": ("contact_id,account_id,owner_id", [("c1", "a", "u"), ("c2", "a", "u"), ("c3", "b", "u")]),
            "referral": (
                "referral_id,referrer_contact_id,referred_contact_id,created_at",
                [
                    ("r0", "c3", "p", at("2024-01-20")),
                    ("r1", "c1", "p", at("2024-02-01")),
                    ("r2", "c2", "p", at("2024-02-02")),
                    ("r4", "c1", None, at("2024-02-05")),
                    ("r5", "c2", "c2", at("2024-02-06")),
                ],
            ),
        },
        {"period": "2024-02", **kpis("customer_referrals_count")},
        [{"customer_referrals_count": 1}],
    ),
    "lines_follow_their_purchases": Case(
        PURCHASES,
        {
            "period": "2024-02",
            **kpis("purchases_amount", "product_revenue_amount", "cross_sell_customers_count", "cross_sell_rate"),
        },
        [{"purchases_amount": 99, "product_revenue_amount": 99, "cross_sell_customers_count": 0, "cross_sell_rate": 0}],
        more={"prefer": {"purchase": "order_"}},
    ),
    "lines_of_deals": Case(
        PURCHASES,
        {"period": "2024-02", **kpis("purchases_amount", "product_revenue_amount", "customers_count")},
        [{"purchases_amount": 10, "product_revenue_amount": 10, "customers_count": 1}],
    ),
}


VALUED = "deal_id,stage_id,entered_at,amount,currency,probability,expected_close_date"
RATES: Tables = {"fx_rate": ("day,from_currency,to_currency,rate", [(date(2024, 1, 1), "USD", "EUR", 0.5)])}
WORTH = "deal_id,stage_id,status,amount,currency,created_at,closed_at,probability,expected_close_date"
FORECAST = kpis("forecast_open_amount", "forecast_weighted_amount")

# As of February: d1 was of 700 euros before it was of 1,000 dollars; for d2 the history names no currency, so
# that its own holds; d3's was in pounds, which have no rate, whatever it is in today.
CASES["a_history_in_its_own_currency"] = Case(
    {**RATES,
     "stage": (STAGE, NULL_STAGES),
     "deal": (WORTH, [
         ("d1", "M", "open", 1000, "USD", at("2024-01-05"), None, 0.5, date(2024, 4, 1)),
         ("d2", "N", "open", 300, "USD", at("2024-01-05"), None, 0.5, date(2024, 4, 1)),
         ("d3", "M", "open", 80, "EUR", at("2024-01-05"), None, 0.5, date(2024, 4, 1))]),
     "deal_stage_history": (VALUED, [
         ("d1", "N", at("2024-01-05"), 700, "EUR", 0.5, date(2024, 4, 1)),
         ("d1", "M", at("2024-03-05"), 1000, "USD", 0.5, date(2024, 4, 1)),
         ("d2", "N", at("2024-01-05"), 200, None, 0.5, date(2024, 4, 1)),
         ("d2", "N", at("2024-03-05"), 300, None, 0.5, date(2024, 4, 1)),
         ("d3", "N", at("2024-01-05"), 60, "GBP", 0.5, date(2024, 4, 1)),
         ("d3", "M", at("2024-03-05"), 80, "EUR", 0.5, date(2024, 4, 1))])},
    {"period": {"from": "2024-02-01", "to": "2024-04-30"}, "as_of": "2024-02-29", **FORECAST},
    [{"forecast_open_amount": 800, "forecast_weighted_amount": 400}],
)  # fmt: skip
# A line may be in another currency than its deal.
CASES["lines_in_their_own_currency"] = Case(
    {
        **RATES,
        "account": ("account_id,name,owner_id,created_at", [("a", "A", "u1", at("2020-01-01"))]),
        "product": ("product_id,name,family,tier,unit_cost", [("g1", "G1", "F", 1, 1)]),
        "deal": (DEAL, [deal("d1", "W", "won", "2024-01-01", "2024-02-01")]),
        "deal_product": (
            "deal_id,product_id,quantity,amount,currency",
            [("d1", "g1", 1, 10, "USD"), ("d1", "g1", 1, 7, None)],
        ),
    },
    {"period": "2024-02", **kpis("product_revenue_amount")},
    [{"product_revenue_amount": 12}],
)

# A line's amount is today's, and so is the currency that it takes from its deal: d1 was won for 100 dollars before it
# was opened again and came to be in euros. Of d2 the record has neither amount nor currency, and the history both.
LINES: Tables = {
    **RATES,
    "account": ("account_id,name,owner_id,created_at", [("a", "A", "u1", at("2020-01-01"))]),
    "product": ("product_id,name,family,tier,unit_cost", [("g1", "G1", "F", 1, 1)]),
    "stage": (STAGE, NULL_STAGES),
    "deal": (DEAL, [
        ("d1", "a", "u1", "W", "won", 100, "EUR", at("2024-01-01"), at("2024-05-05")),
        ("d2", "a", "u1", "W", "won", None, None, at("2024-01-01"), at("2024-02-10"))]),
    "deal_stage_history": (f"{HISTORY},amount,currency", [
        ("d1", "M", at("2024-01-01"), 100, "USD"),
        ("d1", "W", at("2024-02-05"), 100, "USD"),
        ("d1", "M", at("2024-03-05"), 100, "EUR"),
        ("d1", "W", at("2024-05-05"), 100, "EUR"),
        ("d2", "M", at("2024-01-01"), 30, "USD"),
        ("d2", "W", at("2024-02-10"), 30, "USD")]),
}  # fmt: skip
for name, columns, own in (
    ("lines_in_their_deals_currency_of_today", "deal_id,product_id,quantity,amount", ()),
    ("lines_that_name_no_currency", "deal_id,product_id,quantity,amount,currency", (None,)),
):
    CASES[name] = Case(
        {**LINES, "deal_product": (columns, [("d1", "g1", 1, 100, *own), ("d2", "g1", 1, 30, *own)])},
        {"period": "2024-02", **kpis("purchases_amount", "product_revenue_amount", "product_margin_amount")},
        [{"purchases_amount": 65, "product_revenue_amount": 115, "product_margin_amount": 113}],
    )


# d1 was put off and grew within its stage, then moved on; d2 was won in March, for more; of d3 the history has no
# values, so that its own hold, and its stage's chance.
CHANGING: Tables = {
    "stage": ("stage_id,name,position,probability,is_won,is_lost", [
        ("N", "New", 1, 0.1, False, False), ("M", "Mid", 2, 0.6, False, False), ("W", "Won", 3, 1, True, False)]),
    "deal": (WORTH, [
        ("d1", "M", "open", 1000, "EUR", at("2024-01-05"), None, 0.6, date(2024, 3, 31)),
        ("d2", "W", "won", 250, "EUR", at("2024-01-05"), at("2024-03-10"), 1, date(2024, 2, 25)),
        ("d3", "N", "open", 50, "EUR", at("2024-01-05"), None, None, None)]),
    "deal_stage_history": (VALUED, [
        ("d1", "N", at("2024-01-05"), 700, "EUR", 0.5, date(2024, 2, 20)),
        ("d1", "N", at("2024-02-10"), 900, "EUR", 0.5, date(2024, 3, 31)),
        ("d1", "M", at("2024-03-05"), 1000, "EUR", 0.6, date(2024, 3, 31)),
        ("d2", "N", at("2024-01-05"), 200, "EUR", 0.2, date(2024, 2, 25)),
        ("d2", "W", at("2024-03-10"), 240, "EUR", 1, date(2024, 2, 25)),
        ("d3", "N", at("2024-01-05"), None, None, None, None)]),
}  # fmt: skip
STOCKS = kpis(
    "open_amount",
    "open_opportunities_count.by_value",
    "open_weighted_amount",
    "overdue_deals_count",
    "pushed_deals_count",
    "open_opportunities_count",
    "deals_created_amount",
)
CASES["stocks_as_they_stood"] = Case(
    CHANGING, {"period": {"from": "2024-01-01", "to": "2024-02-29"}, **STOCKS},
    [{"open_amount": 1150, "open_opportunities_count.by_value": 1150, "open_weighted_amount": 495,
      "overdue_deals_count": 1, "pushed_deals_count": 1, "open_opportunities_count": 3, "deals_created_amount": 1150}],
)  # fmt: skip
CASES["stocks_as_they_stood_before"] = Case(
    CHANGING,
    {"period": "2024-01", **STOCKS},
    [{"open_amount": 950, "open_weighted_amount": 395, "overdue_deals_count": 0, "pushed_deals_count": 0}],
)
CASES["stocks_as_they_stand"] = Case(
    CHANGING,
    {"period": "2024-03", "sections": [{"id": "one", "kpis": ["open_amount", "open_weighted_amount", "won_amount"]}]},
    [{"open_amount": 1050, "open_weighted_amount": 605, "won_amount": 250}],
)
CASES["stocks_month_by_month"] = Case(
    CHANGING,
    {
        "period": "2024-Q1",
        "sections": [
            {
                "id": "one",
                "trend": {"metrics": ["open_amount", "open_weighted_amount", "overdue_deals_count"], "grain": "month"},
            }
        ],
    },
    [
        {"open_amount": 950, "open_weighted_amount": 395, "overdue_deals_count": 0},
        {"open_amount": 1150, "open_weighted_amount": 495, "overdue_deals_count": 1},
        {"open_amount": 1050, "open_weighted_amount": 605, "overdue_deals_count": 1},
    ],
)
# What the forecast is made of is what is open: the same deals with the same values.
CASES["forecasts_are_of_the_stocks"] = Case(
    CHANGING,
    {
        "period": {"from": "2024-02-01", "to": "2024-12-31"},
        "as_of": "2024-02-29",
        **kpis("forecast_open_amount", "forecast_weighted_amount", "forecast_undated_amount", "open_amount"),
    },
    [
        {
            "forecast_open_amount": 1100,
            "forecast_weighted_amount": 490,
            "forecast_undated_amount": 50,
            "open_amount": 1150,
        }
    ],
)
CASES["amounts_of_the_past_are_filtered"] = Case(
    CHANGING,
    {"period": "2024-01", "filters": [{"field": "deal.amount", "lt": 800}], **kpis("open_opportunities_count")},
    [{"open_opportunities_count": 3}],
)


# Without a history nobody knows what chance d2 had before it was won: there is no figure, and not one without it.
UNTOLD: Tables = {name: table for name, table in CHANGING.items() if name != "deal_stage_history"}
CASES["chances_that_nobody_knows"] = Case(
    UNTOLD,
    {"period": "2024-03", "compare": "previous_period", "sections": [{"id": "one", "kpis": [
        "open_weighted_amount", "open_amount", "forecast_weighted_amount", "forecast_amount"]}]},
    [{"open_weighted_amount": 605, "open_weighted_amount__previous": None,
      "open_amount": 1050, "open_amount__previous": 1300,
      "forecast_weighted_amount": 600, "forecast_weighted_amount__previous": None, "forecast_amount__previous": None}],
)  # fmt: skip
CASES["chances_that_nobody_knows_over_time"] = Case(
    UNTOLD,
    {
        "period": "2024-Q1",
        "sections": [{"id": "one", "trend": {"metrics": ["open_weighted_amount"], "grain": "month"}}],
    },
    [{"open_weighted_amount": None}, {"open_weighted_amount": None}, {"open_weighted_amount": 605}],
)


# A history of stages alone. By the end of February d1 was still in New (0.1), where its 0.75 and its category of
# today are not of; d2 has been in New all along, so that its 0.3 stands; d3 was in Mid (0.6), and is back in New with
# 0.25 since; d4 has no history. d5 was lost then for a reason that nobody wrote down: today's is of its second loss.
# d6 was lost and is open again: its reason is of that loss.
STAGED: Tables = {
    "stage": ("stage_id,name,position,probability,is_won,is_lost", [
        ("N", "New", 1, 0.1, False, False), ("M", "Mid", 2, 0.6, False, False), ("L", "Lost", 3, 0, False, True)]),
    "deal": (f"{WORTH},forecast_category,loss_reason", [
        ("d1", "M", "open", 1000, "EUR", at("2024-01-05"), None, 0.75, date(2024, 4, 1), "commit", None),
        ("d2", "N", "open", 200, "EUR", at("2024-01-05"), None, 0.3, date(2024, 4, 1), "best case", None),
        ("d3", "N", "open", 100, "EUR", at("2024-01-05"), None, 0.25, date(2024, 4, 1), None, None),
        ("d4", "N", "open", 40, "EUR", at("2024-01-05"), None, 0.5, date(2024, 4, 1), "commit", None),
        ("d5", "L", "lost", 7, "EUR", at("2024-01-05"), at("2024-03-20"), 0, date(2024, 4, 1), None, "Timing"),
        ("d6", "N", "open", 3, "EUR", at("2024-01-05"), None, None, None, None, "Price")]),
    "deal_stage_history": (HISTORY, [
        ("d1", "N", at("2024-01-05")), ("d1", "M", at("2024-03-05")),
        ("d2", "N", at("2024-01-05")),
        ("d3", "N", at("2024-01-05")), ("d3", "M", at("2024-01-20")), ("d3", "N", at("2024-03-01")),
        ("d5", "N", at("2024-01-05")), ("d5", "L", at("2024-02-10")), ("d5", "N", at("2024-03-10")),
        ("d5", "L", at("2024-03-20")),
        ("d6", "N", at("2024-01-05")), ("d6", "L", at("2024-02-10")), ("d6", "N", at("2024-03-10"))]),
}  # fmt: skip
CHANCES = ("open_weighted_amount", "forecast_weighted_amount", "forecast_commit_amount", "forecast_best_case_amount",
           "forecast_pipeline_amount")  # fmt: skip
# 1000 x 0.1 + 200 x 0.3 + 100 x 0.6 + 40 x 0.5. Commit: d3 by Mid's chance, d4 by its own word; d1 is in neither yet.
CASES["chances_of_the_stage_of_then"] = Case(
    STAGED,
    {"period": {"from": "2024-01-01", "to": "2024-04-30"}, "as_of": "2024-02-29", **kpis("open_amount", *CHANCES)},
    [{"open_amount": 1340, "open_weighted_amount": 240, "forecast_weighted_amount": 240,
      "forecast_commit_amount": 140, "forecast_best_case_amount": 200, "forecast_pipeline_amount": 1000}],
)  # fmt: skip
# 1000 x 0.75 + 200 x 0.3 + 100 x 0.25 + 40 x 0.5, and d6's 3 x 0.1, which is expected at no time.
CASES["chances_of_today"] = Case(
    STAGED,
    {"period": {"from": "2024-01-01", "to": "2024-04-30"}, "as_of": "2024-03-31", **kpis("open_amount", *CHANCES)},
    [{"open_amount": 1343, "open_weighted_amount": 855.3, "forecast_weighted_amount": 855,
      "forecast_commit_amount": 1040, "forecast_best_case_amount": 200, "forecast_pipeline_amount": 100}],
)  # fmt: skip
CASES["chances_month_by_month"] = Case(
    STAGED,
    {
        "period": "2024-Q1",
        "sections": [{"id": "one", "trend": {"metrics": ["open_weighted_amount"], "grain": "month"}}],
    },
    # On 31 January d5 and d6 were open in New: 7 x 0.1 and 3 x 0.1 besides.
    [{"open_weighted_amount": 241}, {"open_weighted_amount": 240}, {"open_weighted_amount": 855.3}],
)
CASES["reasons_of_an_earlier_loss"] = Case(
    STAGED,
    {"period": "2024-02", "sections": [
        {"id": "one", "breakdown": {"metrics": ["lost_deals_count"], "by": ["deal.loss_reason"]}}]},
    [{"deal.loss_reason": None, "lost_deals_count": 1}, {"deal.loss_reason": "Price", "lost_deals_count": 1}],
)  # fmt: skip
CASES["reasons_of_the_last_loss"] = Case(
    STAGED,
    {"period": "2024-03", "sections": [
        {"id": "one", "breakdown": {"metrics": ["lost_deals_count"], "by": ["deal.loss_reason"]}}]},
    [{"deal.loss_reason": "Timing", "lost_deals_count": 1}],
)  # fmt: skip


# Of 400 that are won, 300 are a renewal; 240 are open with a chance of one half. Of a goal of 500 for new revenue 400 are
# left, of one for all that is won 100.
TOWARDS: Tables = {
    "stage": ("stage_id,name,position,probability,is_won,is_lost", [
        ("N", "New", 1, 0.5, False, False), ("W", "Won", 2, 1, True, False)]),
    "deal": (f"{WORTH},deal_type", [
        ("d1", "W", "won", 300, "EUR", at("2024-01-05"), at("2024-02-10"), 1, date(2024, 2, 10), "renewal"),
        ("d2", "W", "won", 100, "EUR", at("2024-01-05"), at("2024-02-10"), 1, date(2024, 2, 10), "new_business"),
        ("d3", "N", "open", 240, "EUR", at("2024-01-05"), None, None, date(2024, 2, 25), None)]),
}  # fmt: skip
AHEAD = {"period": "2024-02", "as_of": "2024-02-19", **kpis("pipeline_coverage", "forecast_gap_amount")}
for goals, coverage, gap in (
    ({"new_revenue_amount": 500}, 0.6, 280),
    ({"won_amount": 500}, 2.4, -20),
    ({"forecast_amount": 500}, 2.4, -20),
    ({"won_amount": 500, "new_revenue_amount": 400}, 2.4, -20),
    ({"new_revenue_amount": 90}, None, -130),
    ({}, None, None),
):
    CASES[f"on_the_way_to_{'_and_'.join(goals) or 'nothing'}_{sum(goals.values())}"] = Case(
        TOWARDS,
        {**AHEAD, **({"goals": goals} if goals else {})},
        [{"pipeline_coverage": coverage, "forecast_gap_amount": gap}],
    )


# l1 waits; l2 was answered, l3 converted without an answer, l4 only after the report's date; l5 is of today.
CASES["leads_that_nobody_followed_up"] = Case(
    {
        "lead": (
            "lead_id,email,status,created_at,first_response_at,converted_at",
            [
                ("l1", "a@x", "new", at("2024-02-01"), None, None),
                ("l2", "b@x", "new", at("2024-02-01"), at("2024-02-02"), None),
                ("l3", "c@x", "new", at("2024-02-01"), None, at("2024-02-03")),
                ("l4", "d@x", "new", at("2024-02-01"), None, at("2024-03-03")),
                ("l5", "e@x", "new", at("2024-02-29 20:00:00"), None, None),
            ],
        )
    },
    {"period": "2024-02", **kpis("leads_without_followup_count")},
    [{"leads_without_followup_count": 2}],
)


# The cases behind a mean are those that it is over: d2 has no amount, d3's pounds no rate.
CASES["cases_behind_a_mean"] = Case(
    {
        **RATES,
        "deal": (
            WORTH,
            [
                (key, "W", "won", amount, code, at("2024-01-05"), at("2024-02-05"), None, None)
                for key, amount, code in (
                    ("d1", 100, "EUR"),
                    ("d2", None, "EUR"),
                    ("d3", 60, "GBP"),
                    ("d4", 100, "USD"),
                )
            ],
        ),
    },
    {
        "period": "2024-02",
        **kpis("avg_won_amount", "avg_won_amount.n", "avg_won_amount.sum", "avg_won_amount.median", "won_deals_count"),
    },
    [
        {
            "avg_won_amount": 75,
            "avg_won_amount.n": 2,
            "avg_won_amount.sum": 150,
            "avg_won_amount.median": 75,
            "won_deals_count": 4,
        }
    ],
)
CASES["cases_behind_a_mean_alone"] = Case(
    CASES["cases_behind_a_mean"].tables,
    {"period": "2024-02", **kpis("avg_won_amount.n")},
    [{"avg_won_amount.n": 2}],
)


# Ten days of March against ten of February: the deals of the 5th, not those of February's last days.
CASES["the_first_days_of_each"] = Case(
    {
        "deal": (
            DEAL,
            [
                deal("d1", "W", "won", "2024-01-01", "2024-03-05"),
                deal("d2", "W", "won", "2024-01-01", "2024-02-05"),
                deal("d3", "W", "won", "2024-01-01", "2024-02-06"),
                deal("d4", "W", "won", "2024-01-01", "2024-02-15"),
                deal("d5", "W", "won", "2024-01-01", "2024-03-12"),
            ],
        )
    },
    {
        "period": "2024-03",
        "as_of": "2024-03-10",
        "compare": "previous_period",
        "sections": [{"id": "one", "kpis": ["won_deals_count", "deals_count"]}],
    },
    [{"won_deals_count": 1, "won_deals_count__previous": 2}],
)
# Nobody knows whether an empty source is another one: it is in neither, unless it is asked for.
SOURCES: Tables = {
    "lead": (
        "lead_id,email,status,source,created_at",
        [
            (key, f"{key}@x", "new", source, at("2024-02-01"))
            for key, source in (("l1", "web"), ("l2", "fair"), ("l3", None), ("l4", "web"))
        ],
    )
}
for name, asked, count in (
    ("ne", {"filters": [{"field": "lead.source", "ne": "web"}]}, 1),
    ("not_in", {"filters": [{"field": "lead.source", "not_in": ["web", "shop"]}]}, 1),
    ("unequal", {"where": "lead.source <> 'web'"}, 1),
    ("not_among", {"where": "lead.source not in ('web', 'shop')"}, 1),
    (
        "or_empty",
        {"filters": [{"any": [{"field": "lead.source", "ne": "web"}, {"field": "lead.source", "is_null": True}]}]},
        2,
    ),
):
    CASES[f"empty_is_not_{name}"] = Case(
        SOURCES,
        {"period": "2024-02", **asked, **kpis("leads_created_count")},
        [{"leads_created_count": count}],
    )


def kind(column: str) -> str:
    if column in BOOLEANS:
        return "BOOLEAN"
    return KINDS.get(column, "TIMESTAMP" if column.endswith("_at") else "VARCHAR")


@pytest.fixture(scope="module", params=["files", *DATABASES])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine | None]:
    """The tables of all cases in one database; None for files, of which each case has its own."""
    if request.param == "files":
        yield None
        return
    tables = [
        Given(f"{case}_{name}", tuple((c, kind(c)) for c in columns.split(",")), rows)
        for case, one in CASES.items()
        for name, (columns, rows) in one.tables.items()
    ]
    with engine(request.param, tables, tmp_path_factory.mktemp("edges")) as found:
        yield found


def project(folder: Path, name: str, source: Engine | None) -> Path:
    case = CASES[name]
    entities: dict[str, Any] = {}
    for entity, (columns, rows) in case.tables.items():
        names = columns.split(",")
        fields = {c: {"sql": f'"{c}"', "type": "date"} if kind(c) == "DATE" else f'"{c}"' for c in names}
        table = f"{name}_{entity}" if source is None else f"{source.prefix}{name}_{entity}"
        entities[entity] = {"table": table, "fields": fields}
        if entity in KEYS:
            entities[entity]["key"] = KEYS[entity]
        with (folder / f"{entity}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerows([names, *rows])
    mapping = {"timezone": "UTC", "dialect": "duckdb", "entities": entities, **case.more}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    files = {f"{name}_{entity}": f"{entity}.csv" for entity in case.tables}
    own = {
        "version": 1,
        "timezone": "Europe/Rome",
        "currency": "EUR",
        "mapping": "m.yaml",
        "source": {"files": files} if source is None else source.url,
    }
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    return folder


# By day each case from files and on one of the databases, the next on the next.
SOME = [
    pytest.param(name, marks=pytest.mark.by_day(source=("files", DATABASES[at % len(DATABASES)])))
    for at, name in enumerate(CASES)
]


@pytest.mark.usefixtures("draw")
@pytest.mark.parametrize("name", SOME)
def test_at_the_edge(name: str, source: Engine | None, tmp_path: Path) -> None:
    case = CASES[name]
    found = figures(project(tmp_path, name, source), case.asked, case.now)
    [section] = [s for s in found.sections if s.id == "one"]
    names = [c.name for c in section.columns]
    got = [dict(zip(names, row, strict=True)) for row in section.rows]
    if "breakdown" in case.asked["sections"][0]:
        by = next(iter(case.expected[0]))
        order = {row[by]: row for row in got}
        got = [order[row[by]] for row in case.expected]
    assert len(got) == len(case.expected), got
    for row, wanted in zip(got, case.expected, strict=True):
        for metric, value in wanted.items():
            right = pytest.approx(value) if isinstance(value, (int, float)) else value
            assert row[metric] == right, (metric, row)
