"""Zendesk's mapping over tables that really landed, against SQL that was written by hand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.crms.landed import Landed, can_serve, metric_ids

pytestmark = pytest.mark.xdist_group("zendesk-seeds")

TABLES = (
    "ticket",
    "ticket_field_history",
    "ticket_comment",
    "user",
    "organization",
    "ticket_sla_policy",
    "sla_policy_metric_history",
)
# How many rows each entity has, asked of the raw tables.
COUNTS = {
    "user": "select count(*) from \"user\" where role <> 'end-user'",
    "account": "select count(*) from organization",
    "contact": "select count(*) from \"user\" where role = 'end-user'",
    "case_": """
        select count(*) from ticket where status <> 'deleted' and not exists (
          select 1 from ticket other where list_contains(
            string_split(replace(replace(replace(other.merged_ticket_ids, '[', ''), ']', ''), ' ', ''), ','),
            ticket.id))""",
    "sla_event": """
        select count(*) from ticket_sla_policy p join ticket t on t.id = p.ticket_id
        join sla_policy_metric_history m on m.sla_policy_id = p.sla_policy_id and m.priority = t.priority
        where t.status <> 'deleted' and m.business_hours = 'FALSE'
          and m.metric in ('first_reply_time', 'total_resolution_time')""",
}


@pytest.fixture(scope="module")
def raw(shared_data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables with all columns as text."""
    folder = shared_data / "fivetran_seeds" / "dbt_zendesk"
    with duckdb.connect() as connection:
        for name in TABLES:
            path = str(folder / f"{name}_data.csv")
            connection.read_csv(path, all_varchar=True).create(name)
        yield connection


@pytest.fixture(scope="module")
def zendesk(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Landed:
    """A copy of the project that reads the tables."""
    folder = tmp_path_factory.mktemp("zendesk-seeds") / "project"
    shutil.copytree(Path(__file__).parent / "project", folder)
    data = str(shared_data / "fivetran_seeds" / "dbt_zendesk")
    return Landed(folder, {"ZENDESK_DATA": data})


def test_all_entities_but_calls(zendesk: Landed) -> None:
    assert set(zendesk.binding().source.entities) == set(COUNTS)


@pytest.mark.parametrize("entity", COUNTS)
def test_rows(zendesk: Landed, raw: duckdb.DuckDBPyConnection, entity: str) -> None:
    [(count,)] = raw.sql(COUNTS[entity]).fetchall()
    assert len(zendesk.rows(entity)) == count > 0


def test_last_and_first_solution(zendesk: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    """11071 is the one ticket whose history was synced; the others count from their last change."""
    expected = raw.sql("""
        select t.id,
          coalesce(max(cast(h.updated as timestamp)), any_value(cast(t.updated_at as timestamp))),
          coalesce(min(cast(h.updated as timestamp)), any_value(cast(t.updated_at as timestamp)))
        from ticket t left join ticket_field_history h
          on h.ticket_id = t.id and h.field_name = 'status' and h.value = 'solved'
        where t.status in ('solved', 'closed') group by t.id""").fetchall()
    found = zendesk.by("case_", "case_id", "resolved_at", "first_resolved_at")
    assert found == {ticket: (last, first) for ticket, last, first in expected}
    [(solved,)] = raw.sql(
        "select cast(updated as timestamp) from ticket_field_history where ticket_id = '11071' and value = 'solved'"
    ).fetchall()
    assert found["11071"] == (solved, solved)


def test_times_it_was_reopened(zendesk: Landed, raw: duckdb.DuckDBPyConnection) -> None:
    """How often a status that is neither solved nor closed follows a solved one."""
    expected = dict(
        raw.sql("""
        with statuses as (
          select ticket_id, value, lag(value) over (partition by ticket_id order by updated) as before
          from ticket_field_history where field_name = 'status')
        select t.id, count(s.ticket_id)
        from ticket t left join statuses s
          on s.ticket_id = t.id and s.before = 'solved' and s.value not in ('solved', 'closed')
        where t.status <> 'deleted' group by t.id""").fetchall()
    )
    assert zendesk.by("case_", "case_id", "reopen_count") == expected


def test_promise(zendesk: Landed) -> None:
    """Policy 1002 promises an urgent ticket an answer within 120 minutes; 11071 came in at 18:06:36.
    Its one assignee never wrote on it."""
    (row,) = zendesk.rows("sla_event", "case_id", "metric", "target_minutes", "due_at", "fulfilled_at")
    assert (row["case_id"], row["metric"], row["target_minutes"]) == (
        "11071",
        "first_response",
        120,
    )
    assert (row["due_at"].isoformat(), row["fulfilled_at"]) == ("2020-08-28T20:06:36", None)


@pytest.mark.slow
@pytest.mark.xdist_group("zendesk_seeds")
@pytest.mark.parametrize("metric", metric_ids())
def test_every_metric_that_it_can_serve_runs(zendesk: Landed, metric: str) -> None:
    """Slow: all metrics of the catalogue over one source take some seconds."""
    if can_serve(zendesk.binding(), metric):
        zendesk.run(metric, "2020")
