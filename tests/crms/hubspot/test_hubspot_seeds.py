"""HubSpot's mapping over tables that really landed, against SQL that was written by hand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.crms.landed import Landed, can_serve, metric_ids

pytestmark = pytest.mark.xdist_group("hubspot-seeds")

TABLES = (
    "owner",
    "owner_team",
    "team",
    "company",
    "contact",
    "deal",
    "deal_contact",
    "deal_company",
    "deal_stage",
    "deal_pipeline",
    "deal_pipeline_stage",
    "merged_deal",
    "engagement_call",
    "engagement_meeting",
    "engagement_email",
    "engagement_task",
    "engagement_note",
    "engagement_deal",
    "engagement_contact",
    "email_campaign",
    "email_event",
    "contact_list",
    "contact_list_member",
    "contact_form_submission",
    "form",
    "ticket",
    "ticket_pipeline_stage",
    "ticket_contact",
    "ticket_company",
)
# Contacts that another one's list of merged ids does not name.
UNMERGED = """select count(*) from contact where not exists (
  select 1 from contact other where contains(';' || other.property_hs_calculated_merged_vids, ';' || contact.id || ':'))"""
# How many rows each entity has, asked of the raw tables.
COUNTS = {
    "user": "select count(distinct owner_id) from owner",
    "account": "select count(*) from company where is_deleted = 'false'",
    "contact": UNMERGED,
    "lead": UNMERGED,
    "pipeline": "select count(*) from deal_pipeline where _fivetran_deleted = 'FALSE'",
    "stage": "select count(*) from deal_pipeline_stage where _fivetran_deleted = 'FALSE'",
    "deal": "select count(*) from deal where deal_id not in (select merged_deal_id from merged_deal)",
    "deal_stage_history": "select count(*) from deal_stage",
    "activity": """select (select count(*) from engagement_call) + (select count(*) from engagement_meeting)
      + (select count(*) from engagement_email) + (select count(*) from engagement_task)
      + (select count(*) from engagement_note)""",
    "campaign": "select count(*) from email_campaign",
    "campaign_member": """select count(distinct email_campaign_id || ' ' || recipient) from email_event
      where type in ('SENT', 'DELIVERED', 'OPEN')""",
    "list_membership": "select count(*) from contact_list_member",
    "goal_completion": "select count(distinct conversion_id) from contact_form_submission",
    "case_": "select count(*) from ticket where is_deleted = 'FALSE'",
}


@pytest.fixture(scope="module")
def raw(shared_data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables with all columns as text."""
    folder = shared_data / "fivetran_seeds" / "dbt_hubspot_source"
    with duckdb.connect() as connection:
        for name in TABLES:
            path = str(folder / f"{name}_data.csv")
            connection.read_csv(path, all_varchar=True).create(name)
        yield connection


@pytest.fixture(scope="module")
def hubspot(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Landed:
    """A copy of the project that reads the tables."""
    folder = tmp_path_factory.mktemp("hubspot-seeds") / "project"
    shutil.copytree(Path(__file__).parent / "project", folder)
    data = str(shared_data / "fivetran_seeds" / "dbt_hubspot_source")
    return Landed(folder, {"HUBSPOT_DATA": data})


def asked(raw: duckdb.DuckDBPyConnection, sql: str) -> dict[Any, Any]:
    """What a statement finds, by its first column."""
    return {first: rest[0] if len(rest) == 1 else tuple(rest) for first, *rest in raw.sql(sql).fetchall()}


def test_entities(hubspot: Landed) -> None:
    assert set(hubspot.binding().source.entities) == set(COUNTS)


@pytest.mark.parametrize("entity", COUNTS)
def test_rows(hubspot: Landed, raw: duckdb.DuckDBPyConnection, entity: str) -> None:
    [(count,)] = raw.sql(COUNTS[entity]).fetchall()
    assert len(hubspot.rows(entity)) == count > 0


def test_contacts_that_were_merged_are_left_out(hubspot: Landed) -> None:
    """78971951 names three others that were merged into it."""
    found = {row["contact_id"] for row in hubspot.rows("contact", "contact_id")}
    assert "78971951" in found
    assert not found & {"76340251", "46897301", "76226001"}


def test_deals(hubspot: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    """No stage and no amount landed with these deals: all of them are open."""
    expected = asked(
        raw,
        """select deal_id, 'open', null, null, owner_id, cast(property_createdate as timestamp)
        from deal""",
    )
    fields = ("status", "amount", "closed_at", "owner_id", "created_at")
    assert hubspot.by("deal", "deal_id", *fields) == expected


def test_owners_and_their_primary_teams(hubspot: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    expected = asked(
        raw,
        """select owner_id, first_name || ' ' || last_name, (
            select t.name from owner_team o join team t on t.id = o.team_id
            where o.owner_id = owner.owner_id and is_team_primary = 'true')
        from owner""",
    )
    assert hubspot.by("user", "user_id", "name", "team") == expected
    assert expected["40706000"][1] == "team_02"  # of two teams


def test_stages_and_their_history(hubspot: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    expected = asked(
        raw,
        """select stage_id, pipeline_id, cast(display_order as integer), cast(probability as double),
          closed_won = 'TRUE', is_closed = 'TRUE' and closed_won = 'FALSE'
        from deal_pipeline_stage where _fivetran_deleted = 'FALSE'""",
    )
    fields = ("pipeline_id", "position", "probability", "is_won", "is_lost")
    assert hubspot.by("stage", "stage_id", *fields) == expected
    entered = asked(raw, "select deal_id, value, cast(date_entered as timestamp) from deal_stage")
    assert hubspot.by("deal_stage_history", "deal_id", "stage_id", "entered_at") == entered


def test_activities(hubspot: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    expected = asked(
        raw,
        """select engagement_id, 'call', (
            select contact_id from engagement_contact c where c.engagement_id = e.engagement_id),
            cast(property_hs_timestamp as timestamp), null
          from engagement_call e
        union all select engagement_id, 'email', null, cast(property_hs_timestamp as timestamp), null
          from engagement_email
        union all select engagement_id, 'note', null, cast(property_hs_timestamp as timestamp), null
          from engagement_note
        union all select engagement_id, 'task', null, null, null from engagement_task
        union all select engagement_id, 'meeting', null, null,
            round(1000 * (epoch(cast(end_time as timestamp)) - epoch(cast(start_time as timestamp))))
          from engagement_meeting""",
    )
    fields = ("type", "contact_id", "done_at", "duration_seconds")
    assert hubspot.by("activity", "activity_id", *fields) == expected
    assert expected["19732910159"][1] == "501"


def test_those_that_mails_went_to(hubspot: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    """No address is that of a contact; letters' case sets none of these addresses apart."""
    expected = {
        (campaign, person): tuple(rest)
        for campaign, person, *rest in raw.sql(
            """select email_campaign_id, lower(recipient), min(cast(sent_by_created as timestamp)),
              min(cast(created as timestamp)) filter (type = 'OPEN' and filtered_event = 'false')
            from email_event where type <> 'PROCESSED' group by all"""
        ).fetchall()
    }
    rows = hubspot.rows("campaign_member", "campaign_id", "person_id", "sent_at", "opened_at")
    found = {(r["campaign_id"], r["person_id"]): (r["sent_at"], r["opened_at"]) for r in rows}
    assert found == expected


def test_lists(hubspot: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    """Whoever is gone from a list left it when the sync noticed."""
    expected = raw.sql(
        """select m.contact_id, l.name, cast(m.added_at as timestamp),
          if(m._fivetran_deleted = 'true', cast(m._fivetran_synced as timestamp), null)
        from contact_list_member m join contact_list l on l.id = m.contact_list_id order by all"""
    ).fetchall()
    rows = hubspot.rows("list_membership", "contact_id", "list_name", "subscribed_at", "unsubscribed_at")
    assert sorted(map(str, (tuple(row.values()) for row in rows))) == sorted(map(str, expected))


def test_tickets(hubspot: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    """One ticket is in a stage that is known, and open, whose id stands in two pipelines; two have no
    closing date."""
    expected = asked(
        raw,
        """select id, cast(property_createdate as timestamp),
          if(property_hs_pipeline_stage in (
               select stage_id from ticket_pipeline_stage where is_closed = 'FALSE'),
             null, cast(property_closed_date as timestamp)),
          cast(property_first_agent_reply_date as timestamp), property_hubspot_owner_id
        from ticket""",
    )
    fields = ("created_at", "resolved_at", "first_response_at", "owner_id")
    assert hubspot.by("case_", "case_id", *fields) == expected
    assert sum(row[1] is None for row in expected.values()) == 3


# What these tables must be able to serve.
SERVED = {
    "deals_created_count",
    "open_opportunities_count",
    "won_deals_count",
    "leads_created_count",
    "campaigns_count",
    "campaign_responses_count",
    "mailing_list_growth_rate",
    "open_cases_count",
    "avg_resolution_time",
}
PERIOD = "{from: 2019-10-01, to: 2021-12-31}"


@pytest.mark.slow
@pytest.mark.xdist_group("hubspot_seeds")
@pytest.mark.parametrize("metric", metric_ids())
def test_every_metric_that_it_can_serve_runs(hubspot: Landed, metric: str) -> None:
    """Slow: all metrics of the catalogue over one source take some seconds."""
    if not can_serve(hubspot.binding(), metric):
        assert metric not in SERVED
        return
    hubspot.run(metric, PERIOD)


def test_figures(hubspot: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    """All deals and tickets were created, and two lists were left, within the period."""
    [expected] = raw.sql(
        """select (select count(*) from deal), (select count(*) from ticket)
          - (select count(*) from ticket where property_closed_date is not null
             and property_hs_pipeline_stage <> '14863823a'),
          (select count(*) from contact_list_member where _fivetran_deleted = 'true')"""
    ).fetchall()
    found = hubspot.kpis(["deals_created_count", "open_cases_count", "mailing_left_count"], PERIOD)
    assert tuple(found.values()) == expected
