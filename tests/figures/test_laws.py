"""Laws that figures obey, whatever the data: they need no known answer."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reportspec.building import run_report
from reportspec.catalogue.load import packaged
from reportspec.compile import compile_report
from tests.conftest import Draw
from tests.figures.asking import NOW, figures, rows, total
from tests.loading import load_report

METRICS = packaged().metrics
ADDITIVE = {
    name: metric
    for name, metric in METRICS.items()
    if metric.kind == "aggregate" and metric.aggregate in ("count", "sum")
}
# A dimension that each entity reaches.
BY = {
    "lead": "lead.source", "deal": "user.name", "activity": "user.name", "purchase": "account.industry",
    "stage_visit": "stage.name", "campaign": "campaign.channel", "campaign_member": "campaign.name",
    "purchase_touch": "campaign.name", "customer": "account.country", "purchase_line": "purchase_line.family",
    "deal_snapshot": "user.name", "contract": "account.industry", "case_": "case_.type",
    "service_call": "service_call.outcome", "sla_event": "sla_event.metric", "web_session": "web_session.source",
    "pageview": "pageview.url", "list_membership": "list_membership.source", "quote": "user.name",
    "referral_first": "account.industry", "service_cost": "service_cost.channel",
    "sales_marketing_cost": "sales_marketing_cost.team", "first_close": "user.name",
}  # fmt: skip


def test_parts_add_up_to_the_whole(demo: Path) -> None:
    """Counts and sums of a breakdown add up to its total and to the figure without it."""
    wanted = [name for name, metric in ADDITIVE.items() if metric.entity in BY]
    assert len(wanted) > 60
    sections: list[dict[str, Any]] = [{"id": "whole", "kpis": wanted}]
    for name in wanted:
        by = BY[ADDITIVE[name].entity]
        sections.append({"id": f"by_{name}", "breakdown": {"metrics": [name], "by": [by]}})
    found = figures(demo, {"report": "custom", "period": "2026-Q3", "sections": sections})
    [whole] = rows(found, "whole")
    for name in wanted:
        parts = [row[name] for row in rows(found, f"by_{name}")]
        assert total(found, f"by_{name}")[name] == pytest.approx(whole[name], rel=1e-9)
        assert sum(p for p in parts if p is not None) == pytest.approx(whole[name], rel=1e-9), name


def test_one_row_for_each_group_and_shares_of_one(demo: Path) -> None:
    found = figures(
        demo,
        {
            "report": "custom",
            "period": "2026-Q3",
            "sections": [
                {"id": "s", "breakdown": {"metrics": ["lead_share", "leads_created_count"], "by": ["lead.source"]}},
                {"id": "two", "breakdown": {"metrics": ["won_amount"], "by": ["user.name", "deal.source"]}},
            ],
        },
    )
    assert sum(row["lead_share"] for row in rows(found, "s")) == pytest.approx(1)
    groups = [(row["user.name"], row["deal.source"]) for row in rows(found, "two")]
    assert len(groups) == len(set(groups))


FLOWS = [
    "leads_created_count",
    "won_deals_count",
    "won_amount",
    "deals_created_count",
    "sales_calls_count",
    "activities_done_count",
    "cases_handled_count",
    "inbound_calls_count",
    "web_page_views_count",
    "quotes_presented_count.versions",
    "mailing_subscribed_count",
]


@pytest.mark.parametrize(
    ("period", "grain"),
    [("2025", "month"), ("2026-Q1", "week"), ("2026-03", "day"), ("2025-10", "day")],
)
def test_periods_tile(demo: Path, period: str, grain: str) -> None:
    """The steps of a trend add up to the period, across both changes of the clock."""
    found = figures(
        demo,
        {
            "report": "custom",
            "period": period,
            "sections": [
                {"id": "whole", "kpis": FLOWS},
                {"id": "steps", "trend": {"metrics": FLOWS, "grain": grain}},
            ],
        },
    )
    [whole] = rows(found, "whole")
    for name in FLOWS:
        steps = [row[name] for row in rows(found, "steps")]
        assert sum(s for s in steps if s is not None) == pytest.approx(whole[name], rel=1e-9), name


def test_months_are_the_year(demo: Path) -> None:
    """Twelve reports of a month add up to the report of the year."""
    names = ["leads_created_count", "deals_created_count", "web_sessions_count"]
    [year] = rows(figures(demo, {"report": "custom", "period": "2025", "metrics": names}), "headline")
    months = [
        rows(figures(demo, {"report": "custom", "period": f"2025-{m:02}", "metrics": names}), "headline")[0]
        for m in range(1, 13)
    ]
    for name in names:
        assert sum(month[name] for month in months) == year[name]


def same(one: Any, other: Any) -> bool:
    """Equal but for the last digits, or both without a figure."""
    return one is other is None or (None not in (one, other) and one == pytest.approx(other, rel=1e-9))


EVERYTHING = sorted(n for n, m in METRICS.items() if m.kind not in ("share", "relative"))


def test_nothing_changes_against_the_same_period(demo: Path, draw: Draw) -> None:
    """By day for half of the metrics, of which the others have the next law; by night each for all."""
    some = EVERYTHING if draw.night else EVERYTHING[1::2]
    spec = {"version": 1, "report": "custom", "period": "2026-Q3", "compare": "previous_period", "metrics": some}
    path = demo / "asked.yaml"
    path.write_text(json.dumps(spec), encoding="utf-8")
    report = load_report(path, NOW, {}).report
    assert report is not None
    current, previous = report.sides  # specs may not say so
    then = replace(current, name=previous.name)
    found = run_report(compile_report(replace(report, compare=report.period, sides=(current, then))))
    [row] = rows(found, "headline")
    for name in some:
        assert same(row[f"{name}__previous"], row[name]), name
    assert {kpi.change for s in found.sections for kpi in s.kpis} <= {0.0, None}


def test_the_comparison_is_the_report_of_that_period(demo: Path, draw: Draw) -> None:
    some = EVERYTHING[:: draw.rounds(2, 1)]
    spec = {
        "report": "custom",
        "period": "2026-Q3",
        "compare": "previous_period",
        "metrics": some,
    }
    [both] = rows(figures(demo, spec), "headline")
    [alone] = rows(figures(demo, {"report": "custom", "period": "2026-Q2", "metrics": some}), "headline")
    for name in some:
        assert same(both[f"{name}__previous"], alone[name]), name


def test_a_ratio_is_that_of_its_totals(demo: Path) -> None:
    found = figures(
        demo,
        {
            "report": "custom",
            "period": "2026-Q3",
            "sections": [
                {
                    "id": "s",
                    "breakdown": {
                        "metrics": ["close_rate", "won_deals_count", "closed_deals_count"],
                        "by": ["user.name"],
                    },
                },
            ],
        },
    )
    whole = total(found, "s")
    assert whole["close_rate"] == pytest.approx(whole["won_deals_count"] / whole["closed_deals_count"])
    means = [row["close_rate"] for row in rows(found, "s") if row["close_rate"] is not None]
    assert whole["close_rate"] != pytest.approx(sum(means) / len(means))


FILTERS = st.one_of(
    st.builds(lambda low: {"field": "deal.amount", "gte": low}, st.integers(0, 80_000)),
    st.builds(
        lambda teams: {"field": "user.team", "in": teams},
        st.lists(st.sampled_from(["North", "South", "West"]), min_size=1, unique=True),
    ),
    st.builds(lambda source: {"field": "deal.source", "ne": source}, st.sampled_from(["Organic", "Referral", "Event"])),
    st.just({"field": "deal.loss_reason", "is_null": True}),
)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    filters=st.lists(FILTERS, min_size=1, max_size=3, unique_by=lambda f: f["field"]),
    start=st.dates(date(2024, 3, 1), date(2026, 8, 1)),
    length=st.integers(1, 120),
)
def test_a_filter_never_adds(demo: Path, filters: list[dict[str, Any]], start: date, length: int) -> None:
    """Slow: each drawn filter is asked of many metrics."""
    names = [
        "won_deals_count",
        "lost_deals_count",
        "open_opportunities_count",
        "deals_created_count",
        "won_amount",
    ]
    period = {"from": start.isoformat(), "to": (start + timedelta(length)).isoformat()}
    spec = {"report": "custom", "period": period, "metrics": names}
    [everything] = rows(figures(demo, spec), "headline")
    [some] = rows(figures(demo, {**spec, "filters": filters}), "headline")
    for name in names:  # of deals without amounts there is no sum
        assert (some[name] or 0) <= (everything[name] or 0) + 1e-6, name
