"""The oracle is right: beside hand-written SQL over the loaded tables, deals that were written by
hand, and dates from the calendar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import duckdb
import pytest

from reportspec.demo import load
from tests.demo import known_answers
from tests.demo.known_answers import PERIODS, Row, World


@pytest.fixture(scope="module")
def world() -> World:
    """The rows as dicts."""
    return known_answers.world()


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with the demo."""
    with duckdb.connect() as connection:
        load(connection)
        yield connection


# The calendar. Rome is at UTC+1, from the last Sunday of March to that of October at UTC+2.


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("2026-Q3", "2026-06-30T22:00", "2026-09-30T22:00"),
        ("2026-Q2", "2026-03-31T22:00", "2026-06-30T22:00"),
        ("2026-Q4", "2026-09-30T22:00", "2026-12-31T23:00"),
        ("2026-09", "2026-08-31T22:00", "2026-09-30T22:00"),
        ("2026-10", "2026-09-30T22:00", "2026-10-31T23:00"),
        ("2025", "2024-12-31T23:00", "2025-12-31T23:00"),
        ("2026-W38", "2026-09-13T22:00", "2026-09-20T22:00"),
        ("2026-W01", "2025-12-28T23:00", "2026-01-04T23:00"),
        ("2026-03-29", "2026-03-28T23:00", "2026-03-29T22:00"),
        ("2026-10-25", "2026-10-24T22:00", "2026-10-25T23:00"),
    ],
)
def test_periods(period: str, start: str, end: str) -> None:
    assert known_answers.bounds(period) == (
        datetime.fromisoformat(start),
        datetime.fromisoformat(end),
    )


def test_week_38_is_monday_to_sunday() -> None:
    assert known_answers.days("2026-W38") == (date(2026, 9, 14), date(2026, 9, 21))


# Deals whose whole story is known: (period or instant, status, the day of closing or None)


def scripted(world: World, name: str) -> Row:
    """The deal with that name of its own."""
    [deal] = [each for each in world.rows["deal"] if each["name"].split(": ")[-1] == name]
    return deal


@pytest.mark.parametrize(
    ("name", "at", "status", "closed"),
    [
        ("Last second of June", "2026-06-30T22:00:00", "won", "2026-06-30T21:59:59"),
        ("First second of July", "2026-06-30T22:00:00", "open", None),
        ("First second of July", "2026-09-30T22:00:00", "won", "2026-06-30T22:00:00"),
        ("Half past midnight in July", "2026-06-30T22:00:00", "open", None),
        ("First second of October", "2026-09-30T22:00:00", "open", None),
        ("Lost in June, won in August", "2026-06-30T22:00:00", "lost", "2026-06-11T09:00:00"),
        ("Lost in June, won in August", "2026-07-31T22:00:00", "open", None),
        ("Lost in June, won in August", "2026-09-30T22:00:00", "won", "2026-08-20T14:00:00"),
        ("Won in June, undone, won in July", "2026-06-30T22:00:00", "won", "2026-06-28T16:00:00"),
        ("Won in June, undone, won in July", "2026-09-30T22:00:00", "won", "2026-07-20T10:00:00"),
        ("Won in June, lost in July", "2026-06-30T22:00:00", "won", "2026-06-29T16:00:00"),
        ("Won in June, lost in July", "2026-09-30T22:00:00", "lost", "2026-07-24T10:00:00"),
        ("Won in September, open again", "2026-09-30T22:00:00", "won", "2026-09-22T12:00:00"),
        ("Won in September, open again", "2026-10-31T23:00:00", "open", None),
        ("Lost in September, won in October", "2026-09-30T22:00:00", "lost", "2026-09-24T12:00:00"),
        ("Lost in September, won in October", "2026-10-31T23:00:00", "won", "2026-10-21T08:00:00"),
        ("Closed without history", "2026-08-31T22:00:00", "open", None),
        ("Closed without history", "2026-09-30T22:00:00", "won", "2026-09-09T08:00:00"),
        ("Closed in October without history", "2026-09-30T22:00:00", "open", None),
        ("Open without history", "2026-09-30T22:00:00", "open", None),
    ],
)
def test_states(world: World, name: str, at: str, status: str, closed: str | None) -> None:
    state = world.state(scripted(world, name), datetime.fromisoformat(at))
    assert state is not None
    assert state.status == status
    assert state.closed_at == (datetime.fromisoformat(closed) if closed else None)


def test_a_deal_is_not_there_before_it_is_created(world: World) -> None:
    deal = scripted(world, "Born at the border")  # created 2026-06-30 22:15 UTC
    assert world.state(deal, known_answers.bounds("2026-Q2")[1]) is None
    assert world.state(deal, datetime(2026, 6, 30, 22, 15)) is None
    assert world.state(deal, datetime(2026, 6, 30, 22, 15, 1)) is not None


def only(world: World, name: str) -> Any:
    """A filter that keeps one scripted deal."""
    wanted = scripted(world, name)["deal_id"]
    return lambda deal: deal["deal_id"] == wanted


def test_equal_neighbours_are_one_visit(world: World) -> None:
    # Back and forth: Proposal 1 June to 6 July (three rows), Discovery to 20 July, Proposal to
    # 17 August, Negotiation (two rows) to 18 September: all at 08:00 UTC.
    keep = only(world, "Back and forth")
    assert known_answers.stage_duration_days(world, "2026-Q3", "stage", keep) == {
        "S13": (35 + 28) / 2,
        "S12": 14,
        "S14": 32,
    }
    conversion = known_answers.stage_conversion(world, "2026-Q3", keep)
    assert (conversion["S13"].left, conversion["S13"].advanced) == (2, 1)
    assert (conversion["S12"].left, conversion["S12"].advanced) == (1, 1)
    assert (conversion["S14"].left, conversion["S14"].advanced) == (1, 1)


def test_cycle_of_an_imported_deal_is_left_out(world: World) -> None:
    keep = only(world, "Imported won")
    assert known_answers.won_count(world, "2026-Q3", keep=keep) == 1
    assert known_answers.sales_cycle_days(world, "2026-Q3", keep=keep) is None


def test_nothing_closed_has_no_rate(world: World) -> None:
    keep = only(world, "Open without history")
    assert known_answers.close_rate(world, "2026-Q3", keep=keep) is None
    assert known_answers.new_revenue_amount(world, "2026-Q3", keep=keep) == 0


# Hand-written SQL. `state` is what was known of each deal before T.

STATE = """
with parameters as (select $start::timestamp as s, $end::timestamp as e),
numbered as (
    select h.*, lag(stage_id) over (partition by deal_id order by entered_at) as before
    from demo.deal_stage_history h
),
visit as (
    select deal_id, stage_id, entered_at,
        lead(entered_at) over (partition by deal_id order by entered_at) as left_at,
        lead(stage_id) over (partition by deal_id order by entered_at) as next_stage
    from numbered where before is distinct from stage_id
),
latest as (
    select deal_id, arg_max(v.stage_id, v.entered_at) as stage_id, max(entered_at) as entered_at
    from visit v, parameters p where v.entered_at < p.e group by deal_id
),
state as (
    select d.*,
        case when d.closed_at < p.e then d.status when s.is_won then 'won'
             when s.is_lost then 'lost' else 'open' end as known,
        case when d.closed_at < p.e then d.closed_at
             when s.is_won or s.is_lost then l.entered_at end as known_closed
    from demo.deal d cross join parameters p
    left join latest l using (deal_id)
    left join demo.stage s on s.stage_id = l.stage_id
    where d.created_at < p.e and coalesce(d.is_deleted, false) = false
),
closed as (select state.* from state, parameters where known_closed >= s and known_closed < e)
"""

SQL = {
    "won_count": "select count(*) from closed where known = 'won'",
    "lost_count": "select count(*) from closed where known = 'lost'",
    "close_rate": """
        select count(*) filter (known = 'won') / nullif(count(*), 0)::double from closed""",
    "new_revenue_amount": """
        select coalesce(sum(amount), 0) from closed
        where known = 'won' and currency = 'EUR' and coalesce(deal_type, '') <> 'renewal'""",
    "open_opportunities_count": "select count(*) from state where known = 'open'",
    "sales_cycle_days": """
        select avg(epoch(known_closed - created_at) / 86400.0) from closed
        where known = 'won' and known_closed >= created_at""",
    "sales_calls_per_opportunity": """
        select (
            select count(*) from demo.activity a join closed c using (deal_id)
            where a.type = 'call' and a.direction = 'outbound' and a.status = 'done'
            and a.done_at <= c.known_closed
        ) / nullif(count(*), 0)::double from closed""",
    "new_customers_count": """
        select count(*) from (
            select account_id, min(known_closed) as first from state
            where known = 'won' and account_id is not null group by 1
        ), parameters where first >= s and first < e""",
    "returning_customers_count": """
        select count(*) from (
            select account_id, min(known_closed) as first, max(known_closed) as last from state
            where known = 'won' and account_id is not null group by 1
        ), parameters where first < s and last >= s""",
    "stage_duration_days": """
        select avg(epoch(left_at - entered_at) / 86400.0)
        from visit join demo.stage using (stage_id) join demo.deal d using (deal_id), parameters
        where left_at >= s and left_at < e and not is_won and not is_lost
        and d.is_deleted is distinct from true""",
    "prospects_count": """
        select count(distinct coalesce(nullif(lower(trim(email)), ''), lead_id))
        from demo.lead, parameters where created_at >= s and created_at < e
        and is_deleted is distinct from true and merged_into_id is null and status <> 'junk'""",
    "sales_calls_count": """
        select count(*) from demo.activity, parameters where done_at >= s and done_at < e
        and type = 'call' and direction = 'outbound' and status = 'done' and case_id is null
        and coalesce(deal_id, lead_id, contact_id) is not null""",
    "quotes_presented_count": """
        select count(distinct number) from demo.quote, parameters
        where presented_at >= s and presented_at < e and status <> 'draft'""",
    "deals_created_count": """
        select count(*) from demo.deal, parameters where created_at >= s and created_at < e
        and is_deleted is distinct from true""",
}


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("metric", SQL)
def test_the_oracle_agrees_with_sql(
    world: World, database: duckdb.DuckDBPyConnection, metric: str, period: str
) -> None:
    start, end = known_answers.bounds(period)
    found = database.execute(STATE + SQL[metric], {"start": start, "end": end}).fetchone()
    assert found is not None
    expected = known_answers.METRICS[metric](world, period)
    assert expected is not None
    assert float(found[0]) == pytest.approx(float(expected), rel=1e-9)


def test_every_metric_is_checked_by_sql() -> None:
    assert set(SQL) == set(known_answers.METRICS)


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize(
    ("metric", "by"),
    [
        ("won_count", "owner"),
        ("lost_count", "team"),
        ("sales_calls_count", "owner"),
        ("deals_created_count", "lead_source"),
        ("new_revenue_amount", "deal_type"),
        ("new_revenue_amount", "source"),
        ("open_opportunities_count", "stage"),
        ("quotes_presented_count", "owner"),
        ("new_customers_count", "source"),
    ],
)
def test_groups_add_up(world: World, period: str, metric: str, by: str) -> None:
    whole: Any = known_answers.METRICS[metric](world, period)
    groups: dict[Any, Any] = getattr(known_answers, metric)(world, period, by)
    assert sum(groups.values()) == whole


# What the demo is to tell


def test_the_third_quarter_nearly_meets_its_goal(world: World) -> None:
    keep = known_answers.q3_filter
    revenue = known_answers.new_revenue_amount(world, "2026-Q3", keep=keep)
    assert 1_050_000 <= revenue <= 1_150_000
    assert 0.35 <= known_answers.close_rate(world, "2026-Q3", keep=keep) <= 0.4
    owners = known_answers.new_revenue_amount(world, "2026-Q3", "owner", keep)
    assert len(owners) == 7
    assert max(owners.values()) < revenue * 3 / 10


def test_the_articles_sentences_hold(world: World) -> None:
    leads: dict[Any, list[bool]] = {}
    for lead in world.rows["lead"]:
        if lead["is_deleted"] or lead["merged_into_id"] or lead["status"] == "junk":
            continue
        deal = world.deal_by_id.get(lead["converted_deal_id"])
        bought = deal is not None and deal["status"] == "won"
        leads.setdefault(lead["source"], []).append(bought)
    customers = {source: sum(them) / len(them) for source, them in leads.items()}
    # 17 % of the leads from email become customers, 3 % of those from ads.
    assert 0.14 <= customers["Email campaign"] <= 0.19
    assert 0.02 <= customers["Paid ads"] <= 0.04
    # Organic: some 60 % of all leads, who buy for some 15 % less than the mean.
    assert 0.56 <= len(leads["Organic"]) / sum(map(len, leads.values())) <= 0.62
    amounts: dict[Any, list[float]] = {}
    cycles: dict[bool, list[float]] = {}
    for deal in world.deals:
        if deal["status"] != "won":
            continue
        days = (deal["closed_at"] - deal["created_at"]).total_seconds() / 86_400
        cycles.setdefault(deal["source"] == "Referral", []).append(days)
        if deal["amount"] is not None and deal["currency"] == "EUR":
            amounts.setdefault(deal["source"], []).append(float(deal["amount"]))
    everything = [amount for them in amounts.values() for amount in them]
    organic = amounts["Organic"]
    beside = (sum(organic) / len(organic)) / (sum(everything) / len(everything)) - 1
    assert -0.19 <= beside <= -0.12
    # Referrals are some three times as fast, to the deal and from there to the purchase.
    faster = (sum(cycles[False]) / len(cycles[False])) / (sum(cycles[True]) / len(cycles[True]))
    assert 2.7 <= faster <= 3.4
    waits: dict[bool, list[float]] = {}
    for lead in world.rows["lead"]:
        if lead["converted_at"]:
            days = (lead["converted_at"] - lead["created_at"]).total_seconds() / 86_400
            waits.setdefault(lead["source"] == "Referral", []).append(days)
    faster = (sum(waits[False]) / len(waits[False])) / (sum(waits[True]) / len(waits[True]))
    assert 2.7 <= faster <= 3.4


def test_customers_come_back(world: World) -> None:
    assert known_answers.returning_customers_count(world, "2026-Q3") >= 20
    assert known_answers.new_customers_count(world, "2026-Q3") >= 15
