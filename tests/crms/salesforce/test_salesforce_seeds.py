"""Salesforce's mapping over tables that really landed, against SQL that was written by hand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reportspec.errors import Broken
from tests.crms.landed import Landed, can_serve, metric_ids, write_project

pytestmark = pytest.mark.xdist_group("salesforce-seeds")

TABLES = (
    "opportunity",
    "opportunity_history",
    "opportunity_line_item",
    "product_2",
    "account",
    "contact",
    "lead",
    "task",
    "event",
    "user",
    "user_role",
    "order",
)
# How many rows each entity has, asked of the raw tables.
COUNTS = {
    "user": 'select count(*) from "user"',
    "account": "select count(*) from account where is_deleted = 'false'",
    "contact": "select count(*) from contact where master_record_id is null",
    "lead": "select count(*) from lead where is_deleted = 'FALSE'",
    "stage": "select count(distinct stage_name) from opportunity",
    "deal": "select count(*) from opportunity",
    "deal_stage_history": "select count(*) from opportunity_history",
    "deal_product": "select count(*) from opportunity_line_item where is_deleted is null or is_deleted = 'FALSE'",
    "product": "select count(*) from product_2 where is_deleted = 'FALSE'",
    "activity": "select (select count(*) from task) + (select count(*) from event where is_child = 'FALSE')",
    "order_": "select count(*) from \"order\" where is_deleted = 'FALSE'",
}


@pytest.fixture(scope="module")
def raw(shared_data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables with all columns as text."""
    folder = shared_data / "fivetran_seeds" / "dbt_salesforce_source"
    with duckdb.connect() as connection:
        for name in TABLES:
            path = str(folder / f"sf_{name}_data.csv")
            connection.execute(f'create table "{name}" as from read_csv(?, all_varchar = true)', [path])
        yield connection


@pytest.fixture(scope="module")
def salesforce(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Landed:
    """A copy of the project that reads the tables."""
    folder = tmp_path_factory.mktemp("salesforce-seeds") / "project"
    shutil.copytree(Path(__file__).parent / "project", folder)
    data = str(shared_data / "fivetran_seeds" / "dbt_salesforce_source")
    return Landed(folder, {"SALESFORCE_DATA": data})


def asked(raw: duckdb.DuckDBPyConnection, sql: str) -> dict[Any, Any]:
    """What a statement finds, by its first column."""
    return {first: rest[0] if len(rest) == 1 else tuple(rest) for first, *rest in raw.sql(sql).fetchall()}


def test_entities(salesforce: Landed) -> None:
    assert set(salesforce.binding().source.entities) == set(COUNTS)


@pytest.mark.parametrize("entity", COUNTS)
def test_rows(salesforce: Landed, raw: duckdb.DuckDBPyConnection, entity: str) -> None:
    [(count,)] = raw.sql(COUNTS[entity]).fetchall()
    assert len(salesforce.rows(entity)) == count > 0


def test_deals(salesforce: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    """Probabilities are kept in percent; one of them is 1000."""
    expected = asked(
        raw,
        """select id, if(is_won = 'true', 'won', if(is_closed = 'true', 'lost', 'open')),
          cast(amount as decimal(18, 4)), cast(probability as double) / 100,
          if(is_closed = 'true', cast(strptime(close_date, '%Y-%m-%d %H:%M:%S') as date), null),
          if(is_closed = 'true', null, cast(strptime(close_date, '%Y-%m-%d %H:%M:%S') as date)),
          strptime(created_date, '%Y-%m-%d %H:%M:%S'), stage_name, owner_id
        from opportunity""",
    )
    fields = (
        "status",
        "amount",
        "probability",
        "closed_at",
        "expected_close_date",
        "created_at",
        "stage_id",
        "owner_id",
    )
    assert salesforce.by("deal", "deal_id", *fields) == expected
    assert {row[0] for row in expected.values()} == {"won", "lost", "open"}


def test_deals_that_were_deleted_are_left_out(shared_data: Path, tmp_path: Path) -> None:
    """As it ships, the mapping finds none of these deals: all of them are marked as deleted."""
    folder = shared_data / "fivetran_seeds" / "dbt_salesforce_source"
    files = {
        "opportunity": folder / "sf_opportunity_data.csv",
        "lead": folder / "sf_lead_data.csv",
    }
    landed = write_project(tmp_path, files, "salesforce")
    assert landed.rows("deal", "deal_id") == []


def test_leads(salesforce: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    expected = asked(
        raw,
        """select id, cast(left(converted_date, 10) as date), is_converted = 'TRUE',
          converted_account_id, lower(status) from lead""",
    )
    fields = ("converted_at", "is_converted", "converted_account_id", "status")
    assert salesforce.by("lead", "lead_id", *fields) == expected


def test_activities(salesforce: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    """What a task or an event is linked to is what its id begins with."""
    expected = asked(
        raw,
        """select id, 'task', null, if(what_id like '006%', what_id, null),
          if(who_id like '003%', who_id, null), cast(completed_date_time as timestamp), null
        from task
        union all
        select id, if(type = 'Call', 'call', 'meeting'), if(type = 'Call', 'outbound', null),
          if(what_id like '006%', what_id, null), if(who_id like '003%', who_id, null),
          cast(end_date_time as timestamp), 60.0 * cast(duration_in_minutes as integer)
        from event""",
    )
    fields = ("type", "direction", "deal_id", "contact_id", "done_at", "duration_seconds")
    assert salesforce.by("activity", "activity_id", *fields) == expected


def test_users_orders_and_accounts(salesforce: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    assert salesforce.by("user", "user_id", "name", "is_active") == asked(
        raw, "select id, name, is_active = 'true' from \"user\""
    )
    assert salesforce.by("order_", "order_id", "status", "amount") == asked(
        raw,
        "select id, if(status = 'Activated', 'paid', 'open'), cast(total_amount as decimal(18, 4)) from \"order\"",
    )
    assert salesforce.by("account", "account_id", "name") == {"0015500000Xyy06AAB": "Eric's Test"}


# What these tables must be able to serve.
SERVED = {
    "won_deals_count",
    "won_amount",
    "close_rate",
    "open_opportunities_count",
    "sales_cycle_days",
    "stage_duration_days",
    "sales_calls_count",
    "leads_created_count",
    "new_customers_count",
}
PERIOD = "{from: 2018-10-01, to: 2019-12-31}"
# What multiplies by a deal's chance: one of the ten is 1000 %.
WEIGHTED = {
    "open_weighted_amount",
    "pipeline_coverage",
    "forecast_amount",
    "forecast_best_case_amount",
    "forecast_commit_amount",
    "forecast_gap_amount",
    "forecast_open_amount",
    "forecast_open_count",
    "forecast_pipeline_amount",
    "forecast_variance",
    "forecast_weighted_amount",
}


@pytest.mark.slow
@pytest.mark.xdist_group("salesforce_seeds")
@pytest.mark.parametrize("metric", metric_ids())
def test_every_metric_that_it_can_serve_runs(salesforce: Landed, metric: str) -> None:
    """Slow: all metrics of the catalogue over one source take some seconds."""
    if not can_serve(salesforce.binding(), metric):
        assert metric not in SERVED
        return
    if metric in WEIGHTED:
        with pytest.raises(Broken) as refused:
            salesforce.run(metric, PERIOD, WEIGHTED)
        assert "not between 0 and 1: 1 of 10 rows" in str(refused.value)
    else:
        salesforce.run(metric, PERIOD, WEIGHTED)


def test_figures(salesforce: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    [won, amount, rate, leads] = raw.sql(
        """select count(*) filter (is_won = 'true'),
          sum(cast(amount as decimal(18, 2))) filter (is_won = 'true'),
          count(*) filter (is_won = 'true') / count(*) filter (is_closed = 'true'),
          (select count(*) from lead) from opportunity"""
    ).fetchall()[0]
    found = salesforce.kpis(["won_deals_count", "won_amount", "close_rate", "leads_created_count"], PERIOD)
    assert found == {
        "won_deals_count": won,
        "won_amount": amount,
        "close_rate": pytest.approx(rate),
        "leads_created_count": leads,
    }
