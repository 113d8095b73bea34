"""Zoho's cases, invoices, events, tasks and campaign members, against SQL that was written by hand
over the raw export and knows nothing of the mapping."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.crms.landed import Landed, can_serve, metric_ids, table, write_project, write_tables

pytestmark = pytest.mark.xdist_group("zoho-more")

PROJECT = Path(__file__).parent / "project"
FILES = {
    "users": "Users",
    "accounts": "Accounts",
    "contacts": "Contacts",
    "leads": "Leads",
    "potentials": "Potentials",
    "calls": "Calls",
    "events": "Events",
    "tasks": "Tasks",
    "campaigns": "Campaigns",
    "campaign_lead_status": "Campaign_Lead_Status",
    "quotes": "Quotes",
    "products": "Products",
    "cases": "Cases",
    "invoices": "Invoices",
}
# What differs from Zoho's own names and formats in this export, besides what its project's mapping
# has: neither tasks nor cases have an id or name what they are about, and times are written out.
MORE = r"""
  activity:
    union:
      - table: calls
        key: cast("TASKID" as varchar)
        fields:
          type: "'call'"
          direction: case lower(trim("Call Type")) when 'outbound' then 'outbound' else 'inbound' end
          owner_id: trim("Call Owner")
          deal_id: nullif("POTENTIALID", '0')
          lead_id: nullif("LEADID", '0')
          contact_id: nullif("CONTACTID", '0')
          due_at: {sql: "cast(\"Call Start Time\" as timestamp)", type: time}
          done_at: {sql: "case when \"Call Type\" <> 'Missed' then cast(\"Call Start Time\" as timestamp) end", type: time}
      - table: events
        key: "'event:' || \"EVENTID\""
        fields:
          type: "'meeting'"
          owner_id: trim("Event Owner")
          deal_id: nullif("POTENTIALID", '0')
          lead_id: nullif("LEADID", '0')
          contact_id: nullif("CONTACTID", '0')
          due_at: {sql: "cast(\"Start DateTime\" as timestamp)", type: time}
          done_at: {sql: "cast(\"End DateTime\" as timestamp)", type: time}
      - table: tasks
        fields:
          type: "'task'"
          owner_id: trim("Task Owner")
          due_at: {sql: "strptime(\"Due Date\", '%d %b, %Y %H:%M:%S')", type: time}
          done_at: {sql: "case when \"Status\" = 'Completed' then strptime(\"Modified Time\", '%d %b, %Y %H:%M:%S') end", type: time}
          status: lower("Status")

  case_:
    key: "\"Case Owner\" || '/' || \"Created Time\""
    fields:
      subject: null
      type: null
      priority: null
      created_at: {sql: "strptime(\"Created Time\", '%d %b, %Y %H:%M:%S')", type: time}
      resolved_at: {sql: "case when \"Status\" = 'Closed' then strptime(\"Modified Time\", '%d %b, %Y %H:%M:%S') end", type: time}
      closed_at: {sql: "case when \"Status\" = 'Closed' then strptime(\"Modified Time\", '%d %b, %Y %H:%M:%S') end", type: time}

  order_:
    fields:
      currency: "'USD'"
      ordered_at: {sql: "strptime(\"Created Time\", '%d %b, %Y %H:%M:%S')", type: time}

  campaign_member:
    fields:
      sent_at: {sql: "strptime(\"Last Modified Time\", '%d %b, %Y %H:%M:%S')", type: time}
      opened_at: {sql: "case when \"Status\" = 'Opened' then strptime(\"Last Modified Time\", '%d %b, %Y %H:%M:%S') end", type: time}
      responded_at: {sql: "case when \"Status\" = 'Responded' then strptime(\"Last Modified Time\", '%d %b, %Y %H:%M:%S') end", type: time}
      bounced_at: {sql: "case when \"Status\" = 'Bounced' then strptime(\"Last Modified Time\", '%d %b, %Y %H:%M:%S') end", type: time}
      unsubscribed_at: {sql: "case when \"Status\" = 'Opted Out' then strptime(\"Last Modified Time\", '%d %b, %Y %H:%M:%S') end", type: time}
"""


@pytest.fixture(scope="module")
def raw(shared_data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The export as tables whose columns are all text."""
    with duckdb.connect() as connection:
        for table, file in FILES.items():
            path = shared_data / "zoho_crm_demo" / f"{file}.csv"
            connection.read_csv(str(path), all_varchar=True).create(table)
        yield connection


def project(folder: Path, data: Path, prefer: str = "") -> Landed:
    """The export's project with all of these tables."""
    mapping = (PROJECT / "mapping.yaml").read_text(encoding="utf-8") + MORE + prefer
    files = {table: data / "zoho_crm_demo" / f"{file}.csv" for table, file in FILES.items()}
    return write_project(folder, files, mapping=mapping, currency="USD")


@pytest.fixture(scope="module")
def zoho(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Landed:
    return project(tmp_path_factory.mktemp("zoho-more"), shared_data)


def months(zoho: Landed, metric: str, period: str) -> list[Any]:
    """A metric's values month by month."""
    figures = zoho.figures(f"{{id: asked, trend: {{metrics: [{metric}], grain: month}}}}", period)
    section = figures.sections[0]
    [at] = [i for i, column in enumerate(section.columns) if column.metric == metric]
    return [row[at] or 0 for row in section.rows]


def by_month(raw: duckdb.DuckDBPyConnection, column: str, where: str, many: int) -> list[int]:
    """How many cases have a time in each month of 2021, by the raw export."""
    parsed = f"strptime(\"{column}\", '%d %b, %Y %H:%M:%S')"
    rows = raw.sql(
        f"select month({parsed}), count(*) from cases where {where} and year({parsed}) = 2021 group by 1"
    ).fetchall()
    counts = dict(rows)
    return [counts.get(month, 0) for month in range(1, many + 1)]


def test_cases_created_by_month(zoho: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    expected = by_month(raw, "Created Time", "true", 12)
    assert sum(expected) == 797
    assert months(zoho, "cases_handled_count", "2021") == expected


def test_cases_resolved_by_month(zoho: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    expected = by_month(raw, "Modified Time", "\"Status\" = 'Closed'", 12)
    assert sum(expected) == 249
    assert months(zoho, "cases_handled_count.resolved", "2021") == expected


def test_days_to_closing(zoho: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    """The export's own `Days to Closed` are the days between a case's day and the day it was
    resolved."""
    expected = raw.sql(
        'select "Case Owner" || \'/\' || "Created Time", cast("Days to Closed" as integer) '
        "from cases where \"Status\" = 'Closed'"
    ).fetchall()
    found = {
        row["case_id"]: (row["resolved_at"].date() - row["created_at"].date()).days
        for row in zoho.rows("case_", "case_id", "created_at", "resolved_at")
        if row["resolved_at"] is not None
    }
    assert found == dict(expected)


def test_invoices_by_status(zoho: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    sums = dict(
        raw.sql(
            "select \"Invoice Status\", sum(cast(translate(\"Grand Total\", '$,', '') as decimal(18, 2))) "
            "from invoices group by 1"
        ).fetchall()
    )
    found: dict[str, Decimal] = {}
    rows = zoho.rows("order_", "status", "amount")
    for row in rows:
        found[row["status"]] = found.get(row["status"], Decimal(0)) + (row["amount"] or 0)
    assert found == {
        "paid": sums["Delivered"],
        "open": sums["Created"] + sums["Approved"],
        "cancelled": sums["Cancelled"],
    }
    [(every, filled)] = raw.sql('select count(*), count("Grand Total") from invoices').fetchall()
    assert (len(rows), sum(row["amount"] is not None for row in rows)) == (every, filled)


def test_purchases_may_be_invoices(shared_data: Path, raw: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Deals name no account in this export, but invoices do."""
    landed = project(tmp_path, shared_data, "prefer: {purchase: order_}\n")
    delivered = """
        select "Account Id" as account, strptime("Created Time", '%d %b, %Y %H:%M:%S') as bought
        from invoices where "Invoice Status" = 'Delivered'"""
    [(count,)] = raw.sql(f"select count(*) from ({delivered}) where year(bought) = 2020").fetchall()
    [(new,)] = raw.sql(
        f"select count(*) from (select min(bought) as first from ({delivered}) group by account) "
        "where year(first) = 2020"
    ).fetchall()
    found = landed.kpis(["purchases_count", "new_customers_count"], "2020")
    assert found == {"purchases_count": count, "new_customers_count": new}
    assert count > new > 0


def test_activities_by_type(zoho: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    expected = {
        "call": raw.sql("select count(*) from calls").fetchall()[0][0],
        "meeting": raw.sql("select count(*) from events").fetchall()[0][0],
        "task": raw.sql("select count(*) from tasks").fetchall()[0][0],
    }
    kinds = [row["type"] for row in zoho.rows("activity", "type")]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == expected
    done = raw.sql("select count(*) from tasks where \"Status\" = 'Completed'").fetchall()[0][0]
    rows = zoho.rows("activity", "type", "done_at", "due_at")
    assert sum(r["type"] == "task" and r["done_at"] is not None for r in rows) == done
    assert all(r["due_at"] is not None for r in rows)


def test_sales_calls_are_calls_only(zoho: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    [(expected,)] = raw.sql("""
        select count(*) from calls where "Call Type" = 'Outbound'
          and year(cast("Call Start Time" as timestamp)) = 2021
          and (coalesce("POTENTIALID", '0') <> '0' or coalesce("LEADID", '0') <> '0'
            or coalesce("CONTACTID", '0') <> '0')""").fetchall()
    assert zoho.kpis(["sales_calls_count"], "2021") == {"sales_calls_count": expected}


def test_campaign_members(zoho: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    [(sent, responded)] = raw.sql(
        "select count(*), count(*) filter (\"Status\" = 'Responded') from campaign_lead_status "
        "where \"Status\" <> 'Planned'"
    ).fetchall()
    rows = zoho.rows("campaign_member")
    assert (len(rows), sum(r["responded_at"] is not None for r in rows)) == (sent, responded)
    assert all(r["campaign_id"] and r["person_id"] and r["sent_at"] for r in rows)


def test_campaign_response_rate(zoho: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    """Over all campaigns; leads of one name in one campaign count once."""
    [(delivered, responses)] = raw.sql("""
        with people as (
          select c."CAMPAIGNID" || '/' || m."Lead First Name" || ' ' || m."Lead Last Name" as person,
            m."Status" as status
          from campaign_lead_status m join campaigns c on c."Campaign Name" = m."Campaign Name"
          where m."Status" <> 'Planned')
        select count(distinct person) filter (status <> 'Bounced'),
          count(distinct person) filter (status = 'Responded')
        from people""").fetchall()
    asked = ["campaign_delivered_count", "campaign_responses_count", "campaign_response_rate"]
    assert zoho.kpis(asked, "{from: 2010-01-01, to: 2022-12-31}") == {
        "campaign_delivered_count": delivered,
        "campaign_responses_count": responses,
        "campaign_response_rate": pytest.approx(responses / delivered),
    }


# What Zoho's new entities must be able to serve, whatever else the catalogue has.
SERVED = {
    "cases_handled_count",
    "open_cases_count",
    "same_day_resolved_rate",
    "avg_resolution_time",
    "campaign_response_rate",
    "sales_calls_count",
    "no_next_step_count",
    "stalled_deals_count",
}


def test_what_it_serves_at_least(zoho: Landed) -> None:
    binding = zoho.binding()
    assert set(binding.source.entities) >= {"activity", "campaign_member", "case_", "order_"}
    assert sorted(name for name in SERVED if not can_serve(binding, name)) == []


@pytest.mark.slow
@pytest.mark.xdist_group("zoho_more")
@pytest.mark.parametrize("metric", metric_ids())
def test_every_metric_that_it_can_serve_runs(zoho: Landed, metric: str) -> None:
    """Slow: all metrics of the catalogue over one source take some seconds."""
    if not can_serve(zoho.binding(), metric):
        assert metric not in SERVED
        return
    zoho.run(metric, "2021-Q1")


def named(columns: str, *rows: str) -> list[dict[str, Any]]:
    """A table whose column names are written with `_` for a blank."""
    return [{k.replace("_", " "): v for k, v in row.items()} for row in table(columns, *rows)]


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    """Tables in Zoho's own names and formats, read as the mapping ships."""
    folder = tmp_path_factory.mktemp("zoho-synced")
    tables = {
        "calls": named(
            "TASKID Call_Start_Time Call_Owner Subject Call_Type Call_Purpose Created_Time CONTACTID POTENTIALID LEADID "
            "Call_Duration_(in_seconds)",
            "1 | 2024-01-02 10:00:00 | Ada | Ring | Outbound | Prospecting | 2024-01-01 10:00:00 | 7 | 5 | 0 | 60",
            "2 | 2024-01-03 10:00:00 | Ada | Missed one | Missed | -None- | 2024-01-03 10:00:00 | 7 | 0 | | 0",
        ),
        "events": named(
            "EVENTID Event_Owner Subject Start_DateTime End_DateTime Created_Time CONTACTID POTENTIALID LEADID",
            "1 | Ada | Demo | 2024-01-04 10:00:00 | 2024-01-04 11:30:00 | 2024-01-02 10:00:00 | | 5 |",
        ),
        "tasks": named(
            "TASKID Task_Owner Subject Created_Time Due_Date Status Modified_Time CONTACTID POTENTIALID LEADID",
            "1 | Bob | Call | 2024-01-05 10:00:00 | 2024-01-08 | Completed | 2024-01-07 09:00:00 | | 5 | 0",
            "2 | Bob | Write | 2024-01-05 10:00:00 | | Not Started | 2024-01-05 10:00:00 | | | 9",
        ),
        "cases": named(
            "CASEID Case_Owner Subject Type Priority Case_Origin Status Created_Time Modified_Time",
            "80 | Ada | Broken | Problem | High | Phone | Closed | 2024-01-05 10:00:00 | 2024-01-09 10:00:00",
            "81 | Bob | How | -None- | -None- | Email | On Hold | 2024-01-06 10:00:00 | 2024-01-07 10:00:00",
        ),
        "invoices": named(
            "INVOICEID Invoice_Status Created_Time Account_Id Contact_Id Grand_Total",
            "90 | Delivered | 2024-01-05 10:00:00 | 3 | 7 | $21,042.50",
            "91 | Cancelled | 2024-01-06 10:00:00 | 3 | | 17",
            "92 | Approved | 2024-01-07 10:00:00 | 4 | |",
        ),
        "campaigns": named("CAMPAIGNID Campaign_Name", "31 | Spring", "32 | Spring", "33 | Summer"),
        "campaign_lead_status": named(
            "Campaign_Name Lead_First_Name Lead_Last_Name Status Last_Modified_Time",
            "Spring | Mia | Rossi | Responded | 2024-01-10 10:00:00",
            "Summer | | Smith | Planned | 2024-01-10 10:00:00",
            "Summer | | Jones | Opted Out | 2024-01-11 10:00:00",
            "Autumn | | Nobody | Bounced | 2024-01-12 10:00:00",
        ),
    }
    write_tables(folder, tables)
    return write_project(folder, {name: f"{name}.csv" for name in tables}, "zoho")


def on(day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(2024, 1, day, hour, minute)


def test_shipped_activities(synced: Landed) -> None:
    fields = ("type", "direction", "deal_id", "lead_id", "due_at", "done_at", "duration_seconds")
    assert synced.by("activity", "activity_id", *fields) == {
        "1": ("call", "outbound", "5", None, on(2), on(2), 60.0),
        "2": ("call", "inbound", None, None, on(3), None, 0.0),
        "event:1": ("meeting", None, "5", None, on(4), on(4, 11, 30), 5400.0),
        "task:1": ("task", None, "5", None, on(8, 0), on(7, 9), None),
        "task:2": ("task", None, None, "9", None, None, None),
    }


def test_shipped_cases_invoices_and_members(synced: Landed) -> None:
    assert synced.by("case_", "case_id", "type", "status", "channel", "resolved_at") == {
        "80": ("Problem", "closed", "Phone", on(9)),
        "81": (None, "on hold", "Email", None),
    }
    assert synced.by("order_", "order_id", "status", "amount", "account_id") == {
        "90": ("paid", Decimal("21042.5"), "3"),
        "91": ("cancelled", Decimal(17), "3"),
        "92": ("open", None, "4"),
    }
    fields = ("campaign_id", "sent_at", "responded_at", "bounced_at", "unsubscribed_at")
    assert synced.by("campaign_member", "person_id", *fields) == {
        "Mia Rossi": ("31", on(10), on(10), None, None),
        "Jones": ("33", on(11), None, None, on(11)),
        "Nobody": (None, on(12), None, on(12), None),
    }
