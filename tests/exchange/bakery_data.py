"""The bakery's tables and what its metrics are, by SQL that was written by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from tests.conftest import RunCli

HERE = Path(__file__).resolve().parent
MADE = HERE / "made"
TABLES = ("orders", "shops", "regions", "buyers", "visits")
MONTHS = (("2026-01-01", "2026-02-01"), ("2026-02-01", "2026-03-01"), ("2026-03-01", "2026-04-01"))

_ORDERS = "select {} from orders o left join shops s using (shop_id) left join regions r using (region_id) left join buyers b using (buyer_id) where o.ordered_at >= '{{0}}' and o.ordered_at < '{{1}}'"
_VISITS = "select {} from visits v left join buyers b using (buyer_id) where v.{} >= '{{0}}' and v.{} < '{{1}}'"


def _orders(figure: str, where: str = "true") -> str:
    return f"{_ORDERS.format(figure)} and {where}"


def _visits(figure: str, where: str = "true", time: str = "came_at") -> str:
    return f"{_VISITS.format(figure, time, time)} and {where}"


FLOWS: Mapping[str, str] = {
    "net_sales": _orders("coalesce(sum(amount - discount), 0)"),
    "paid_net": _orders("coalesce(sum(amount - discount), 0)", "status = 'paid'"),
    "orders_in_bari": _orders("count(*)", "s.town = 'Bari'"),
    "orders_north": _orders("count(*)", "r.region_name = 'North'"),
    "franchise_net": _orders("coalesce(sum(amount - discount), 0)", "s.is_franchise"),
    "orders_of_arc": _orders("count(*)", "b.buyer_name = 'D''Arc'"),
    "all_orders": _orders("count(*)"),
    "summed_orders": _orders("count(*)"),
    "buyers_count": _orders("count(distinct o.buyer_id)"),
    "pieces_per_order": _orders("avg(pieces)"),
    "smallest_order": _orders("min(amount)"),
    "largest_order": _orders("max(amount)"),
    "median_order": _orders("median(amount)"),
    "p75_order": _orders("quantile_cont(amount, 0.75)"),
    "large_count": _orders("count(*)", "amount >= 50"),
    "counted_pieces": _orders("count(pieces)"),
    "paid_share": _orders("count(*) filter (status = 'paid') / count(*)"),
    "net_per_order": _orders("sum(amount - discount) / count(*)"),
    "unpaid_net": _orders("sum(amount - discount) - sum(case when status = 'paid' then amount - discount else 0 end)"),
    "bari_share_of_paid": _orders(
        "sum(case when status = 'paid' then amount - discount end) / sum(amount - discount)", "s.town = 'Bari'"
    ),
    "visits_count": _visits("count(*)"),
    "visit_minutes": _visits("sum(minutes)"),
    "departures": _visits("count(*)", time="left_at"),
    "guests": _visits("count(*)", "not is_member"),
    "guests_said": _visits("count(*)", "(is_member = false or v.town is null)"),
    "late_january": _visits("count(*)", "cast(came_at as date) between date '2026-01-04' and date '2026-01-31'"),
    "in_february": _visits("count(*)", "came_at >= '2026-02-01' and came_at < '2026-03-01'"),
    "of_ada": _visits("count(*)", "v.buyer_id = 10"),
    "of_the_young": _visits("count(*)", "b.born_on >= date '1990-05-01'"),
}
_UNTIL = "select {} from {} where {} < date '{{0}}' + interval 1 day"
STOCKS: Mapping[str, str] = {  # as of the end of a day
    "net_ever": f"{_UNTIL.format('coalesce(sum(amount - discount), 0)', 'orders', 'ordered_at')}",
    "net_7_days": f"{_UNTIL.format('coalesce(sum(amount - discount), 0)', 'orders', 'ordered_at')}"
    " and ordered_at > date '{0}' - interval 7 day",
    "visits_2_weeks": f"{_UNTIL.format('count(*)', 'visits', 'came_at')}"
    " and cast(came_at as date) > date '{0}' - interval 14 day",
    "visits_3_months": f"{_UNTIL.format('count(*)', 'visits', 'came_at')}"
    " and cast(came_at as date) > date '{0}' - interval 3 month",
    **{
        f"visits_{name}": f"{_UNTIL.format('count(*)', 'visits', 'came_at')}"
        f" and date_trunc('{unit}', came_at) = date_trunc('{unit}', date '{{0}}')"
        for name, unit in (("wtd", "week"), ("mtd", "month"), ("qtd", "quarter"), ("ytd", "year"))
    },
}


def database(path: Path) -> Path:
    """The bakery's tables in a file of DuckDB, whose catalogue has the file's name as dbt's has."""
    with duckdb.connect(str(path)) as connection:
        _fill(connection)
    return path


def _fill(connection: duckdb.DuckDBPyConnection) -> None:
    for name in TABLES:
        connection.execute(f"create table {name} as from read_csv('{HERE / 'bakery' / 'seeds'}/raw_{name}.csv')")


@cache
def _by_hand() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    _fill(connection)
    return connection


def asked(sql: str) -> Any:
    """The one figure that a statement gives of the bakery's tables."""
    row = _by_hand().execute(sql).fetchone()
    assert row is not None
    return None if row[0] is None else float(row[0])


def taken(run_cli: RunCli, folder: Path, *arguments: str) -> str:
    """Import into a folder; what is told, without places."""
    done = run_cli(["import", *arguments, "--into", "p", "--messages", "json"], cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return "\n".join(each["message"] for each in json.loads(done.stdout))


def queried(run_cli: RunCli, project: Path, sections: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of the sections of a report on the first quarter, by id."""
    spec = f"version: 1\nreport: custom\nperiod: {{from: 2026-01-01, to: 2026-03-31}}\nsections:\n{sections}"
    (project / "specs" / "q1.yaml").write_text(spec, encoding="utf-8")
    done = run_cli(["query", "specs/q1.yaml", "--format", "json"], cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr
    return {each["id"]: each["rows"] for each in json.loads(done.stdout)["sections"]}


def by_month(run_cli: RunCli, project: Path, metrics: Iterable[str]) -> dict[str, list[Any]]:
    """The figures of metrics in the three months."""
    names = list(metrics)
    rows = queried(run_cli, project, f"  - {{id: m, trend: {{metrics: [{', '.join(names)}], grain: month}}}}\n")["m"]
    return {name: [row[name] for row in rows] for name in names}
