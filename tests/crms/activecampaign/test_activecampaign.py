"""ActiveCampaign's mapping over tables with known answers."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.crms.activecampaign.tables import TABLES
from tests.crms.landed import Landed, can_serve, metric_ids, write_project, write_tables

pytestmark = pytest.mark.xdist_group("activecampaign")

# Rows that each entity has, counted by hand in the tables.
COUNTS = {
    "user": 2,
    "account": 2,
    "contact": 3,  # one of four is deleted
    "pipeline": 2,
    "stage": 3 + 2 + 2,  # each pipeline has Won and Lost besides
    "deal": 4,
    "deal_stage_history": 2 + 4 + 3,  # changes (one of three came after the closing), beginnings, closings
    "activity": 4,
    "list_membership": 5,  # one of six was never confirmed
    "campaign": 4,  # two of six are copies
    "order_": 4,  # one of five is an abandoned cart
    "order_line": 3,
    "product": 2,
    "goal_completion": 2,
}


def at(month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(2024, month, day, hour, minute)


@pytest.fixture(scope="module")
def active(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    """The tables as CSV files, read with `crm: activecampaign`."""
    folder = tmp_path_factory.mktemp("activecampaign")
    write_tables(folder, TABLES)
    return write_project(folder, {name: f"{name}.csv" for name in TABLES}, "activecampaign")


def test_every_entity_that_is_mapped_is_counted_here(active: Landed) -> None:
    assert set(active.binding().source.entities) == set(COUNTS)


@pytest.mark.parametrize("entity", COUNTS)
def test_rows_and_all_their_fields_are_read(active: Landed, entity: str) -> None:
    assert len(active.rows(entity)) == COUNTS[entity]


def test_amounts_are_in_cents(active: Landed) -> None:
    assert active.by("deal", "deal_id", "amount", "currency", "probability") == {
        "100": (Decimal("1000.5"), "EUR", None),
        "101": (Decimal(200), "EUR", 0.35),
        "102": (Decimal(500), "EUR", 0.6),
        "104": (Decimal(300), "USD", None),
    }


def test_status_and_closing_time(active: Landed) -> None:
    """101 was lost, reopened and lost again: the last change of its status counts, and neither its
    `edate` nor its later edits. 104 has no change of status in its log: its `edate` counts."""
    assert active.by("deal", "deal_id", "status", "closed_at", "stage_id", "lost_stage_id") == {
        "100": ("won", at(1, 31), "won:1", None),
        "101": ("lost", at(2, 20), "lost:1", "6"),
        "102": ("open", None, "5", None),
        "104": ("won", at(2, 10), "won:2", None),
    }


def test_times_with_an_offset(active: Landed) -> None:
    """102 was created at 3 o'clock, six hours behind UTC."""
    assert active.by("deal", "deal_id", "created_at")["102"] == at(2, 1, 9)
    assert active.by("contact", "contact_id", "created_at")["20"] == datetime(2023, 12, 5, 9)
    next_task = active.by("deal", "deal_id", "next_task_at")
    assert (next_task["102"], next_task["104"]) == (at(3, 1, 8), None)


def test_nobody_is_zero(active: Landed) -> None:
    assert active.by("deal", "deal_id", "owner_id", "contact_id", "account_id") == {
        "100": ("1", "20", "10"),
        "101": ("2", "21", None),
        "102": ("1", "20", "10"),
        "104": (None, None, "11"),
    }


def test_history_of_stages(active: Landed) -> None:
    found: dict[str, list[tuple[datetime, str]]] = {}
    for row in active.rows("deal_stage_history", "deal_id", "stage_id", "entered_at"):
        found.setdefault(row["deal_id"], []).append((row["entered_at"], row["stage_id"]))
    assert {deal: sorted(rows) for deal, rows in found.items()} == {
        "100": [(at(1, 1), "5"), (at(1, 11), "6"), (at(1, 31), "won:1")],
        "101": [(at(1, 5), "5"), (at(1, 10), "6"), (at(2, 20), "lost:1")],
        "102": [(at(2, 1), "5")],
        "104": [(at(1, 10), "5"), (at(2, 10), "won:2")],
    }


def test_time_in_stages(active: Landed) -> None:
    """100: 10 days in Qualified, 20 in Demo; 101: 5 and 41; 104: 31 where it began."""
    period = "{from: 2024-01-01, to: 2024-02-29}"
    found = active.kpis(["stage_exits_count", "stage_duration_days"], period)
    assert found["stage_exits_count"] == 5
    assert found["stage_duration_days"] == pytest.approx((10 + 20 + 5 + 41 + 31) / 5)


def test_tasks(active: Landed) -> None:
    """Tasks are about deals or about contacts, and nobody's are the ones of who made them."""
    fields = (
        "type",
        "direction",
        "deal_id",
        "contact_id",
        "owner_id",
        "done_at",
        "duration_seconds",
    )
    assert active.by("activity", "activity_id", *fields) == {
        "300": ("call", "outbound", "100", None, "2", at(1, 4, 11), 900),
        "301": ("call", "outbound", None, "21", "1", at(2, 3, 12), 0),
        "302": ("meeting", None, "102", None, "1", None, 3600),
        "303": ("task", None, None, "22", "1", None, None),
    }


def test_lists(active: Landed) -> None:
    """20 came back, so it has not left; 22 was taken off for a bounce; a campaign's copy is the
    campaign that it is a copy of."""
    fields = (
        "list_name",
        "contact_id",
        "subscribed_at",
        "unsubscribed_at",
        "status",
        "campaign_id",
    )
    rows = [tuple(row[name] for name in fields) for row in active.rows("list_membership", *fields)]
    assert sorted(rows) == [
        ("News", "20", at(1, 20), None, "subscribed", None),
        ("News", "21", at(1, 3), at(2, 3), "unsubscribed", "70"),
        ("News", "22", at(1, 4), at(2, 6), "bounced", None),
        ("Offers", "20", at(1, 2), None, "subscribed", None),
        ("Offers", "21", at(1, 3), at(2, 5), "unsubscribed", "70"),
    ]


def test_contacts(active: Landed) -> None:
    """Only 21 has left every list; only its address bounced hard. 22 was never confirmed on the
    second list and bounced from the first."""
    fields = ("account_id", "email_bounced_at", "opted_out_at")
    assert active.by("contact", "contact_id", *fields) == {
        "20": ("10", None, None),
        "21": ("11", at(1, 15, 0), at(2, 5)),
        "22": (None, None, None),
    }


def test_an_automation_is_one_campaign(active: Landed) -> None:
    fields = ("status", "started_at", "sent_at", "ended_at")
    assert active.by("campaign", "campaign_id", *fields) == {
        "60": ("completed", at(1, 15, 10), at(1, 15, 10), at(1, 15, 10, 20)),
        "70": ("sending", at(1, 2, 10), at(1, 2, 10), None),
        "80": ("scheduled", at(3, 15, 10), None, None),
        "81": ("draft", None, None, None),
    }


def test_orders(active: Landed) -> None:
    """In cents too. An abandoned cart is none; a recovered one is paid; 404's contact is deleted."""
    fields = ("amount", "currency", "status", "ordered_at", "contact_id", "account_id")
    assert active.by("order_", "order_id", *fields) == {
        "400": (Decimal("123.45"), "EUR", "paid", at(2, 1), "20", "10"),
        "401": (Decimal(50), "EUR", "paid", at(2, 3), "22", None),
        "403": (Decimal(7), "EUR", "open", at(2, 5), None, None),
        "404": (Decimal(8), "EUR", "paid", at(2, 6), None, None),
    }


def test_order_lines_and_products(active: Landed) -> None:
    lines = active.rows("order_line", "order_id", "product_id", "quantity", "amount")
    assert sorted(tuple(line.values()) for line in lines) == [
        ("400", "8", 1.0, Decimal("23.45")),
        ("400", "W-1", 2.0, Decimal(100)),
        ("401", "W-1", 1.0, Decimal(50)),
    ]
    assert active.by("product", "product_id", "name", "family") == {
        "W-1": ("Widget 2", "Hardware"),
        "8": ("Postage", None),
    }


def test_goals(active: Landed) -> None:
    rows = active.rows("goal_completion", "goal_id", "goal_name", "completed_at", "contact_id")
    assert sorted(tuple(row.values()) for row in rows) == [
        ("1", "Trial started", at(2, 7), "20"),
        ("1", "Trial started", at(2, 8), "22"),
    ]


def test_without_the_log_there_is_no_history(tmp_path: Path) -> None:
    tables = {name: rows for name, rows in TABLES.items() if name != "deal_activities"}
    write_tables(tmp_path, tables)
    landed = write_project(tmp_path, {name: f"{name}.csv" for name in tables}, "activecampaign")
    assert not can_serve(landed.binding(), "stage_duration_days")


# What ActiveCampaign must be able to serve, whatever else the catalogue has.
SERVED = {
    "new_customers_count",
    "returning_customers_count",
    "closed_deals_count",
    "close_rate",
    "won_amount",
    "new_revenue_amount",
    "sales_calls_count",
    "sales_calls_per_opportunity",
    "open_opportunities_count",
    "no_next_step_count",
    "stalled_deals_count",
    "stage_duration_days",
    "stage_conversion_rate",
    "sales_cycle_days",
}


def test_what_it_serves_at_least(active: Landed) -> None:
    binding = active.binding()
    assert sorted(name for name in SERVED if not can_serve(binding, name)) == []


@pytest.mark.slow
@pytest.mark.xdist_group("activecampaign")
@pytest.mark.parametrize("metric", metric_ids())
def test_every_metric_that_it_can_serve_runs(active: Landed, metric: str) -> None:
    """Slow: all metrics of the catalogue over one source take some seconds."""
    if not can_serve(active.binding(), metric):
        assert metric not in SERVED
        return
    active.run(metric, "2024-02")


def test_figures_of_february(active: Landed) -> None:
    """Worked out by hand: 104 was won and 101 lost in February, and Cher was rung up."""
    asked = ["won_deals_count", "lost_deals_count", "lost_amount", "sales_calls_count"]
    assert active.kpis(asked, "2024-02") == {
        "won_deals_count": 1,
        "lost_deals_count": 1,
        "lost_amount": 200,
        "sales_calls_count": 1,
    }


def test_times_are_utc(active: Landed) -> None:
    """102 was created on 1 February at 9 o'clock in UTC, which is 31 January in Honolulu."""
    asked = ["deals_created_count"]
    assert active.kpis(asked, "2024-02") == {"deals_created_count": 1}
    assert active.kpis(asked, "2024-02", "Pacific/Honolulu") == {"deals_created_count": 0}
