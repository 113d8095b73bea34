"""Customers of an online shop over 18 months: how they are counted and how they fall into fifths and
segments, against SQL written by hand over the raw file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.figures.asking import figures, rows, total

pytestmark = pytest.mark.xdist_group("cdnow-customers")

NOW = datetime(2030, 1, 1, tzinfo=UTC)
MAPPING = """\
entities:
  order_:
    table: orders
    key: cast(id as varchar)
    fields:
      customer_id: customer
      ordered_at: {sql: cast(day as date), type: date}
      amount: cast(amount as decimal(18, 2))
      currency: "'USD'"
      status: "'paid'"
csv_columns: text
"""
PROJECT = """\
version: 1
source: {files: {orders: orders.csv}}
mapping: mapping.yaml
timezone: UTC
locale: en_US
currency: USD
"""
# First day, and the day after the last, of the periods that are asked for.
PERIODS = {
    "1997-01": (date(1997, 1, 1), date(1997, 2, 1)),
    "1997-Q2": (date(1997, 4, 1), date(1997, 7, 1)),
    "1997-12": (date(1997, 12, 1), date(1998, 1, 1)),
    "1998-Q1": (date(1998, 1, 1), date(1998, 4, 1)),
    "1998-05": (date(1998, 5, 1), date(1998, 6, 1)),
    "1998": (date(1998, 1, 1), date(1999, 1, 1)),
}
Row = dict[str, Any]


@pytest.fixture(scope="module")
def raw(shared_data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The raw file as the table `bought`: customer, day, amount."""
    file = shared_data / "cdnow_sample" / "CDNOW_sample.txt"
    with duckdb.connect() as connection:
        connection.execute(
            """create table bought as
            select part[2] as customer, strptime(part[3], '%Y%m%d')::date as day,
              part[5]::decimal(18, 2) as amount
            from (select string_split_regex(trim(line), ' +') as part
              from read_csv(?, columns = {'line': 'varchar'}, delim = '|', header = false))
            where len(part) = 5""",
            [str(file)],
        )
        yield connection


@pytest.fixture(scope="module")
def shop(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose orders are the file's lines, cut at its fixed widths."""
    folder = tmp_path_factory.mktemp("shop")
    text = (shared_data / "cdnow_sample" / "CDNOW_sample.txt").read_text(encoding="ascii")
    with (folder / "orders.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "customer", "day", "amount"])
        for number, line in enumerate(each for each in text.splitlines() if each.strip()):
            day = f"{line[12:16]}-{line[16:18]}-{line[18:20]}"
            writer.writerow([f"{number:05}", line[7:11], day, line[23:].strip()])
    (folder / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    (folder / "reportspec.yaml").write_text(PROJECT, encoding="utf-8")
    return folder


def ask_raw(raw: duckdb.DuckDBPyConnection, sql: str, period: str) -> list[Row]:
    """Rows of a query that may name the period's $first day and the day $after its last one."""
    first, after = PERIODS[period]
    given = {"first": first, "after": after}
    answer = raw.execute(sql, {k: v for k, v in given.items() if f"${k}" in sql})
    names = [column[0] for column in answer.description]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def test_the_file_is_the_one_that_is_described(raw: duckdb.DuckDBPyConnection) -> None:
    sql = "select count(*), count(distinct customer), sum(amount)::varchar from bought"
    assert raw.sql(sql).fetchall() == [(6919, 2357, "244091.94")]


# Of each customer, what was bought before the day after the period.
KNOWN = """
with known as (
  select customer, min(day) as first, max(day) as last, count(*) as n, sum(amount) as worth
  from bought where day < $after group by customer)
"""
COUNTS = (
    KNOWN
    + """
select count(*) as "customers_count",
  count(*) filter ($after - last <= 365) as "customers_count.active",
  count(*) filter (n > 1) as "customers_count.repeat",
  count(*) filter ($after - first > 365) as "customers_count.of_a_year",
  count(*) filter ($after - last > 365) as "customers_count.lapsed",
  count(*) filter (first < $first) as "customers_count.before",
  count(*) filter (n > 2 and last > first
    and ($after - last) * (n - 1) > 2 * (last - first)) as "customers_count.at_risk",
  sum(worth)::double as "customer_revenue_amount",
  sum(worth)::double / count(*) as "customer_lifetime_value",
  count(*) filter (n > 1) / count(*) as "repeat_purchase_rate",
  count(*) filter ($after - last > 365)
    / nullif(count(*) filter ($after - first > 365), 0) as "churn_rate"
from known"""
)
SALES = """
with placed as (
  select *, min(day) over (partition by customer) as first,
    row_number() over (partition by customer order by day) as place
  from bought),
inside as (select * from placed where day >= $first and day < $after)
select count(*) as "purchases_count", sum(amount)::double as "purchases_amount",
  count(distinct customer) filter (first >= $first) as "new_customers_count",
  count(distinct customer) filter (first < $first) as "returning_customers_count",
  coalesce(sum(amount) filter (first < $first), 0)::double as "returning_customers_count.by_revenue",
  count(distinct customer) filter (day > first) as "returning_customers_count.repeat_in_period"
from inside"""
LAST_YEAR = """
select count(*) as "yearly_purchases_count", sum(amount)::double as "yearly_purchases_count.by_value"
from bought where day < $after and $after - day <= 365"""


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("asked", ["customers", "sales", "last_year"])
def test_counts_and_sums(asked: str, period: str, shop: Path, raw: duckdb.DuckDBPyConnection) -> None:
    sql = {"customers": COUNTS, "sales": SALES, "last_year": LAST_YEAR}[asked]
    [expected] = ask_raw(raw, sql, period)
    spec = {"report": "custom", "period": period, "sections": [{"id": "k", "kpis": [*expected]}]}
    [found] = rows(figures(shop, spec, NOW), "k")
    assert {name: found[name] for name in expected} == {
        name: None if value is None else pytest.approx(value, rel=1e-9) for name, value in expected.items()
    }


def test_orders_of_one_day_do_not_bring_a_customer_back(shop: Path, raw: duckdb.DuckDBPyConnection) -> None:
    """In its first month the shop has customers whose orders are all of one day."""
    [(orders, days)] = raw.sql(
        "select count(*) filter (orders > 1), count(*) filter (days > 1) from (select count(*) as "
        "orders, count(distinct day) as days from bought where day < date '1997-02-01' group by customer)"
    ).fetchall()
    assert orders > days > 0
    name = "returning_customers_count.repeat_in_period"
    spec = {"report": "custom", "period": "1997-01", "sections": [{"id": "k", "kpis": [name]}]}
    assert rows(figures(shop, spec, NOW), "k")[0][name] == days


def test_new_customers_of_every_month(shop: Path, raw: duckdb.DuckDBPyConnection) -> None:
    """The sample is of people who first bought in the first quarter of 1997: later, none is new."""
    firsts = raw.sql(
        "select strftime(first, '%Y-%m'), count(*) from (select min(day) as first from bought "
        "group by customer) group by 1 order by 1"
    ).fetchall()
    assert [month for month, _ in firsts] == ["1997-01", "1997-02", "1997-03"]
    trend = {"id": "t", "trend": {"metrics": ["new_customers_count"], "grain": "month"}}
    period = {"from": "1997-01-01", "to": "1998-06-30"}
    found = rows(figures(shop, {"period": period, "sections": [trend]}, NOW), "t")
    assert [row["new_customers_count"] for row in found] == [n for _, n in firsts] + [0] * 15


# The fifths as the entities' descriptions have them: rank by last day, by number and by worth, ties
# by what comes next and by the customer's number; the first fifths take what does not divide.
SCORED = (
    KNOWN
    + """,
ranked as (
  select *, count(*) over () as everyone,
    row_number() over (order by last, customer) - 1 as r,
    row_number() over (order by n, last, customer) - 1 as f,
    row_number() over (order by worth, customer) - 1 as m
  from known),
scored as (
  select customer, worth,
    list_transform([r, f, m], lambda rank: 1 + case
      when rank < (everyone % 5) * (everyone // 5 + 1) then rank // (everyone // 5 + 1)
      else everyone % 5 + (rank - (everyone % 5) * (everyone // 5 + 1)) // (everyone // 5) end) as s
  from ranked)
"""
)
FIFTHS = {"recency": 1, "frequency": 2, "monetary": 3}
SEGMENTS = {  # recency and frequency, both 1 to 5
    "Champions": {(4, 4), (4, 5), (5, 4), (5, 5)},
    "Loyal": {(3, 3), (3, 4), (3, 5), (4, 3), (5, 3)},
    "New": {(4, 1), (4, 2), (5, 1), (5, 2)},
    "Promising": {(3, 1), (3, 2)},
    "Dormant": {(1, 3), (1, 4), (1, 5), (2, 3), (2, 4), (2, 5)},
    "Lost": {(1, 1), (1, 2), (2, 1), (2, 2)},
}


def by(shop: Path, dimension: str, period: str) -> tuple[dict[Any, tuple[Any, Any]], Row]:
    """Customers and what they spent by a field of their segment, and the total."""
    metrics = ["customers_count", "customer_revenue_amount"]
    section = {"id": "s", "breakdown": {"metrics": metrics, "by": [dimension]}}
    found = figures(shop, {"period": period, "sections": [section]}, NOW)
    groups = {row[dimension]: (row["customers_count"], row["customer_revenue_amount"]) for row in rows(found, "s")}
    return groups, total(found, "s")


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("score", FIFTHS)
def test_fifths(score: str, period: str, shop: Path, raw: duckdb.DuckDBPyConnection) -> None:
    sql = f"{SCORED} select s[{FIFTHS[score]}] as fifth, count(*) as n, sum(worth)::double as worth from scored group by 1"
    expected = {row["fifth"]: (row["n"], row["worth"]) for row in ask_raw(raw, sql, period)}
    assert sorted(expected) == [1, 2, 3, 4, 5]
    assert max(n for n, _ in expected.values()) - min(n for n, _ in expected.values()) <= 1
    found, _ = by(shop, f"customer_segment.{score}", period)
    assert {int(fifth): values for fifth, values in found.items()} == {
        fifth: (n, pytest.approx(worth)) for fifth, (n, worth) in expected.items()
    }


@pytest.mark.parametrize("period", PERIODS)
def test_segments(period: str, shop: Path, raw: duckdb.DuckDBPyConnection) -> None:
    sql = f"{SCORED} select s[1] as r, s[2] as f, count(*) as n, sum(worth)::double as worth from scored group by 1, 2"
    scores = ask_raw(raw, sql, period)
    expected = {}
    for name, cells in SEGMENTS.items():
        own = [row for row in scores if (row["r"], row["f"]) in cells]
        if own:
            expected[name] = (sum(row["n"] for row in own), sum(row["worth"] for row in own))
    everyone = sum(row["n"] for row in scores)
    assert sum(n for n, _ in expected.values()) == everyone, "the cells do not cover all scores"
    found, all_of_it = by(shop, "customer_segment.name", period)
    assert found == {name: (n, pytest.approx(worth)) for name, (n, worth) in expected.items()}
    assert all_of_it["customers_count"] == everyone


def test_a_months_segments_are_those_of_its_end(shop: Path) -> None:
    """Asked again with a later clock, or with `as_of`, the end of May 1998 looks the same."""
    section = {"id": "s", "breakdown": {"metrics": ["customers_count"], "by": ["customer_segment.name"]}}
    asked = [{"period": "1998-05"}, {"period": "1998", "as_of": "1998-05-31"}]
    found = [rows(figures(shop, {**each, "sections": [section]}, NOW), "s") for each in asked]
    assert json.dumps(found[0]) == json.dumps(found[1])
