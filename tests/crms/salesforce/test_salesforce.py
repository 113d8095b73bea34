"""Salesforce's mapping over tables with known answers."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.crms.landed import Landed, can_serve, metric_ids, table, write_project, write_tables
from tests.crms.salesforce.tables import TABLES

pytestmark = pytest.mark.xdist_group("salesforce")

# Rows that each entity has, counted by hand in the tables.
COUNTS = {
    "user": 2,
    "account": 2,  # one of three was merged
    "contact": 2,  # two of four were merged
    "lead": 4,  # one of six was deleted, one merged
    "pipeline": 1,  # the other record type is not one of deals
    "stage": 4,
    "deal": 4,  # one of five was deleted
    "deal_stage_history": 12,  # the deleted deal's row is deleted too
    "deal_product": 2,
    "product": 2,
    "activity": 6 + 2,  # one task is deleted; one event is a copy, one a pattern
    "quote": 2,
    "order_": 4,
    "order_line": 2,
    "contract": 1,  # one is a draft, one deleted
    "campaign": 3,
    "campaign_member": 3,
    "case_": 3,
}


def at(month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(2024, month, day, hour, minute)


@pytest.fixture(scope="module")
def salesforce(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    """The tables as CSV files, read with `crm: salesforce`."""
    folder = tmp_path_factory.mktemp("salesforce")
    write_tables(folder, TABLES)
    return write_project(folder, {name: f"{name}.csv" for name in TABLES}, "salesforce")


def test_every_entity_that_is_mapped_is_counted_here(salesforce: Landed) -> None:
    assert set(salesforce.binding().source.entities) == set(COUNTS)


@pytest.mark.parametrize("entity", COUNTS)
def test_rows_and_all_their_fields_are_read(salesforce: Landed, entity: str) -> None:
    assert len(salesforce.rows(entity)) == COUNTS[entity]


def test_status_and_both_meanings_of_the_closing_date(salesforce: Landed) -> None:
    fields = ("status", "closed_at", "expected_close_date", "probability", "amount")
    assert salesforce.by("deal", "deal_id", *fields) == {
        "006A": ("won", date(2024, 2, 20), None, 1.0, Decimal("1000.5")),
        "006B": ("lost", date(2024, 2, 10), None, 0.0, Decimal(200)),
        "006C": ("open", None, date(2024, 4, 30), 0.65, Decimal(300)),
        "006E": ("open", None, date(2024, 5, 1), 0.1, None),
    }


def test_types_stages_and_links_of_deals(salesforce: Landed) -> None:
    fields = ("deal_type", "stage_id", "pipeline_id", "lead_id", "contact_id", "campaign_id")
    assert salesforce.by("deal", "deal_id", *fields) == {
        "006A": ("new_business", "Closed Won", "012A", "00QA", "003A", "701A"),
        "006B": ("renewal", "Closed Lost", "012A", None, "003B", None),
        "006C": ("upsell", "Proposal", None, None, None, None),
        "006E": ("cross_sell", "Prospecting", None, None, None, None),
    }


def test_people_and_firms_of_deals(salesforce: Landed) -> None:
    figures = salesforce.figures(
        "{id: asked, records: {entity: deal, period: all, fields: [deal.name, account.name, user.name, user.team,"
        " stage.name, pipeline.name, deal.contact.last_name], sort: deal.name}}",
        "2024",
    )
    assert [tuple(row) for row in figures.sections[0].rows] == [
        ("Acme big", "Acme", "Ada Byron", "North", "Closed Won", "New business", "Rossi"),
        ("Acme more", "Acme", "Ada Byron", "North", "Our proposal", None, None),
        ("Again", "Bolt", "Bob Stone", None, "Prospecting", None, None),
        ("Bolt", "Bolt", "Bob Stone", None, "Closed Lost", "New business", "Cher"),
    ]


def test_rows_of_one_stage_are_one_visit(salesforce: Landed) -> None:
    """006A stays 20 days in Prospecting (three rows) and 25 in Proposal, 006B 40, 006C 10, 006E 10."""
    found = salesforce.kpis(["stage_exits_count", "stage_duration_days"], "{from: 2024-01-01, to: 2024-02-29}")
    assert found == {"stage_exits_count": 5, "stage_duration_days": pytest.approx(21)}


def test_states_of_the_past(salesforce: Landed) -> None:
    """At the end of January 006E is lost; 006C does not exist yet."""
    figures = salesforce.figures(
        "{id: asked, breakdown: {metrics: [open_opportunities_count], by: [stage.name]}}", "2024-01"
    )
    found = {row[0]: row[1] for row in figures.sections[0].rows if row[1]}
    assert found == {"Prospecting": 1, "Our proposal": 1}
    assert salesforce.kpis(["lost_deals_count"], "2024-01") == {"lost_deals_count": 1}


def test_stages(salesforce: Landed) -> None:
    fields = ("name", "position", "probability", "is_won", "is_lost")
    assert salesforce.by("stage", "stage_id", *fields) == {
        "Prospecting": ("Prospecting", 1, 0.1, False, False),
        "Proposal": ("Our proposal", 2, 0.6, False, False),
        "Closed Won": ("Closed Won", 3, 1.0, True, False),
        "Closed Lost": ("Closed Lost", 4, 0.0, False, True),
    }


def test_what_activities_are_linked_to(salesforce: Landed) -> None:
    fields = ("type", "direction", "deal_id", "lead_id", "contact_id", "case_id")
    assert salesforce.by("activity", "activity_id", *fields) == {
        "00TA": ("call", "outbound", None, "00QB", None, None),
        "00TB": ("call", "inbound", "006A", None, "003A", None),
        "00TC": ("email", None, None, None, "003A", None),
        "00TD": ("task", None, None, None, "003B", "500A"),
        "00TE": ("task", None, "006C", None, None, None),
        "00TG": ("call", None, "006A", None, "003A", None),
        "00UA": ("meeting", None, "006C", None, "003B", None),
        "00UD": ("call", "outbound", "006A", None, "003A", None),
    }


def test_when_activities_were_done(salesforce: Landed) -> None:
    """00TC has no time of completion, 00TE is open."""
    fields = ("due_at", "done_at", "duration_seconds", "outcome")
    found = salesforce.by("activity", "activity_id", *fields)
    assert found["00TA"] == (at(1, 11, 0), at(1, 11, 9, 30), 120, "connected")
    assert found["00TC"] == (at(1, 13, 0), at(1, 13, 0), None, None)
    assert found["00TE"] == (at(3, 1, 0), None, None, None)
    assert found["00UA"] == (at(2, 13, 10), at(2, 13, 11, 30), 5400, None)


def test_leads(salesforce: Landed) -> None:
    fields = ("email", "status", "campaign_id", "is_converted", "converted_at", "converted_deal_id")
    found = salesforce.by("lead", "lead_id", *fields)
    converted = (True, date(2024, 1, 5), "006A")
    assert found["00QA"] == ("maria@acme.example", "closed - converted", "701A", *converted)
    assert found["00QB"] == ("b@x.example", "working - contacted", "701A", False, None, None)
    assert found["00QC"] == ("c@x.example", "junk", None, False, None, None)


def test_campaigns_and_their_members(salesforce: Landed) -> None:
    assert salesforce.by("campaign", "campaign_id", "status", "started_at", "actual_cost") == {
        "701A": ("in progress", date(2024, 1, 1), Decimal("800.25")),
        "701B": ("draft", date(2024, 2, 1), None),
        "701C": ("cancelled", date(2024, 2, 1), Decimal(1)),
    }
    rows = salesforce.rows("campaign_member", "contact_id", "lead_id", "sent_at", "responded_at")
    assert sorted(map(str, (tuple(row.values()) for row in rows))) == sorted(
        [
            str(("003A", "00QA", at(1, 2, 11), at(1, 4, 0))),
            str((None, "00QB", at(1, 10, 11), None)),
            str(("003B", None, at(1, 3, 11), at(1, 3, 11))),
        ]
    )


def test_orders_contracts_quotes_and_lines(salesforce: Landed) -> None:
    assert salesforce.by("order_", "order_id", "status", "amount", "deal_id") == {
        "801A": ("paid", Decimal("1000.5"), "006A"),
        "801B": ("open", Decimal(10), None),
        "801C": ("refunded", Decimal(-100), None),
        "801E": ("cancelled", Decimal(20), None),
    }
    assert salesforce.by("contract", "contract_id", "starts_at", "ends_at") == {
        "800A": (date(2023, 3, 1), date(2024, 2, 29))
    }
    assert salesforce.by("quote", "quote_id", "status", "presented_at") == {
        "0Q0A": ("accepted", at(1, 26)),
        "0Q0B": ("draft", None),
    }
    for entity in ("deal_product", "order_line"):
        assert sum(row["amount"] for row in salesforce.rows(entity, "amount")) == Decimal("1000.5")


def test_cases(salesforce: Landed) -> None:
    """500B was opened again; 500C belongs to a queue."""
    assert salesforce.by("case_", "case_id", "type", "owner_id", "resolved_at") == {
        "500A": ("problem", "005B", at(2, 1, 15)),
        "500B": ("complaint", "005B", None),
        "500C": (None, None, None),
    }


def test_without_the_tables_beside_them_entities_stay(tmp_path: Path) -> None:
    """Deals name their leads and leads their campaigns, where those are there; both stay else."""
    tables = {name: TABLES[name] for name in ("opportunity", "user", "account")}
    write_tables(tmp_path, tables)
    landed = write_project(tmp_path, {name: f"{name}.csv" for name in tables}, "salesforce")
    asked = ["won_deals_count", "won_amount", "lost_deals_count"]
    assert landed.kpis(asked, "2024-02") == {
        "won_deals_count": 1,
        "won_amount": Decimal("1000.5"),
        "lost_deals_count": 1,
    }
    assert not can_serve(landed.binding(), "stage_duration_days")
    assert not can_serve(landed.binding(), "lead_to_customer_days")


OWN = """
extends: salesforce
entities:
  deal:
    table: crm.opportunity
    where: not is_deleted
    key: id
    fields:
      owner_id: owner_id
      status: case when is_won then 'won' when is_closed then 'lost' else 'open' end
      amount: amount
      closed_at: case when is_closed then close_date end
      expected_close_date: case when not is_closed then close_date end
      loss_reason: loss_reason__c
      segment: customer_segment__c
"""


def test_custom_fields_in_a_mapping_of_ones_own(tmp_path: Path) -> None:
    """A database with typed columns and a schema for deals."""
    write_tables(tmp_path, TABLES)
    custom = table("id loss_reason__c customer_segment__c", "006A | | Large", "006B | Price | Small")
    write_tables(tmp_path, {"custom": custom})
    with duckdb.connect(str(tmp_path / "own.duckdb")) as connection:
        for name in TABLES:
            connection.execute(f"create table \"{name}\" as from '{tmp_path / name}.csv'")
        connection.execute(
            "create schema crm; create table crm.opportunity as "
            "select * replace (coalesce(is_deleted, false) as is_deleted) from opportunity "
            f"left join '{tmp_path}/custom.csv' custom using (id); drop table opportunity"
        )
    (tmp_path / "mapping.yaml").write_text(OWN, encoding="utf-8")
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: own.duckdb\nmapping: mapping.yaml\ntimezone: UTC\nlocale: en_GB\ncurrency: EUR\n",
        encoding="utf-8",
    )
    landed = Landed(tmp_path)
    figures = landed.figures(
        "{id: asked, breakdown: {metrics: [closed_deals_count], by: [deal.segment, deal.loss_reason, user.name]}}",
        "2024-02",
    )
    found = {tuple(row)[:4] for row in figures.sections[0].rows}
    assert found == {("Large", None, "Ada Byron", 1), ("Small", "Price", "Bob Stone", 1)}


# What Salesforce must be able to serve, whatever else the catalogue has.
SERVED = {
    "prospects_count",
    "leads_created_count",
    "leads_converted_count",
    "lead_conversion_rate",
    "lead_to_customer_days",
    "new_customers_count",
    "returning_customers_count",
    "closed_deals_count",
    "close_rate",
    "won_amount",
    "new_revenue_amount",
    "upsell_deal_customers_count",
    "sales_calls_count",
    "sales_calls_per_opportunity",
    "open_opportunities_count",
    "open_weighted_amount",
    "overdue_deals_count",
    "no_next_step_count",
    "stalled_deals_count",
    "stage_duration_days",
    "stage_conversion_rate",
    "sales_cycle_days",
    "campaigns_count",
    "responses_per_campaign",
    "purchases_per_campaign",
    "campaign_revenue",
    "campaign_cost_amount",
    "open_cases_count",
    "avg_resolution_time",
}


def test_what_it_serves_at_least(salesforce: Landed) -> None:
    binding = salesforce.binding()
    assert sorted(name for name in SERVED if not can_serve(binding, name)) == []


@pytest.mark.slow
@pytest.mark.xdist_group("salesforce")
@pytest.mark.parametrize("metric", metric_ids())
def test_every_metric_that_it_can_serve_runs(salesforce: Landed, metric: str) -> None:
    """Slow: all metrics of the catalogue over one source take some seconds."""
    if not can_serve(salesforce.binding(), metric):
        assert metric not in SERVED
        return
    salesforce.run(metric, "2024-02")


def test_figures_of_february(salesforce: Landed) -> None:
    """Worked out by hand: one deal won, one lost, 65 % of 300 open, one call (an event)."""
    assert salesforce.kpis(
        [
            "won_deals_count",
            "won_amount",
            "lost_amount",
            "close_rate",
            "open_opportunities_count",
            "open_weighted_amount",
            "sales_calls_count",
            "open_cases_count",
        ],
        "2024-02",
    ) == {
        "won_deals_count": 1,
        "won_amount": Decimal("1000.5"),
        "lost_amount": 200,
        "close_rate": 0.5,
        "open_opportunities_count": 2,
        "open_weighted_amount": pytest.approx(195),
        "sales_calls_count": 1,
        "open_cases_count": 2,
    }


def test_figures_of_january(salesforce: Landed) -> None:
    """Three leads that are none of junk; one call to a lead; one campaign with two responses."""
    assert salesforce.kpis(
        [
            "leads_created_count",
            "sales_calls_count",
            "campaigns_count",
            "campaign_responses_count",
            "campaign_delivered_count",
        ],
        "2024-01",
    ) == {
        "leads_created_count": 3,
        "sales_calls_count": 1,
        "campaigns_count": 1,
        "campaign_responses_count": 2,
        "campaign_delivered_count": 3,
    }
