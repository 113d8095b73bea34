"""Time the SQL that reports compile to against SQL written by hand, in one run, as Markdown tables.

    make bench
    .venv/bin/python benchmarks/sql.py --rows 1000000 10000000 --postgres-rows 10000000

One made-up CRM (deals, accounts, users, stages) is put into a DuckDB database, into Parquet files
and into PostgreSQL. Each statement of one report stands against SQL written by hand in
`benchmarks/hand`, which must give the same figures (to 1e-9) before anything is timed:

*case*  one scan of CASE aggregates, which is what our own statements are meant to be
*fold*  rows are grouped by what the measures tell apart, and the few groups turned into columns

Ours and theirs run in turns. In PostgreSQL and DuckDB they share the session that reportspec opens;
Parquet files are read in place by both; opening the session is timed apart.
PostgreSQL is the one at REPORTSPEC_BENCH_POSTGRES, a URL; its schema `reportspec_bench` is made
anew and dropped. Without it, or where it does not answer, PostgreSQL is left out and said so.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "benchmarks")]

import duckdb  # noqa: E402
from run import describe_machine  # noqa: E402

from reportspec.compile import Compiled, compile_report  # noqa: E402
from reportspec.databases import dialect_named  # noqa: E402
from reportspec.run.connect import connect  # noqa: E402
from reportspec.run.connection import Connection, Wanted  # noqa: E402
from reportspec.sql.dialect import source_tables, sql_text  # noqa: E402
from tests.loading import load_report  # noqa: E402

HAND = CHECKOUT / "benchmarks" / "hand"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SCHEMA = "reportspec_bench"
EXACTLY = 1e-9

PROJECT = """\
version: 1
source: {source}
mapping: mapping.yaml
timezone: Europe/Rome
locale: en_GB
currency: EUR
"""

MAPPING = """\
timezone: UTC
keys: typed
entities:
  deal:
    table: {schema}deals
    key: id
    fields: {{account_id: account_id, owner_id: owner_id, stage_id: stage_id, status: status,
      amount: amount, created_at: created_at, closed_at: closed_at}}
  account:
    table: {schema}accounts
    key: id
    fields:
      name: name
      segment: {{sql: segment, type: text, label: {{en: Segment, it: Segmento}}}}
  user: {{table: {schema}users, key: id, fields: {{name: name, team: team, is_active: is_active}}}}
  stage:
    table: {schema}stages
    key: id
    fields: {{name: name, position: position, is_won: is_won, is_lost: is_lost}}
"""

SPEC = """\
version: 1
report: custom
title: Benchmark
period: 2025
compare: previous_year
sections:
  - id: kpis
    kpis: [won_amount, won_deals_count, lost_deals_count, close_rate, avg_won_amount, deals_created_count]
  - id: trend
    trend: {metrics: [won_amount, won_deals_count, close_rate], grain: month}
  - id: owners
    breakdown: {metrics: [won_amount, won_deals_count, close_rate, avg_won_amount], by: [user.name]}
  - id: pipeline
    breakdown: {metrics: [open_opportunities_count, open_amount], by: [stage.name]}
  - id: cycle
    breakdown: {metrics: [sales_cycle_days.median], by: [account.segment]}
"""

TITLES = {
    "kpis.figures": "KPIs with comparison",
    "kpis.buckets": "KPIs by month, for sparklines",
    "trend.figures": "trend of 12 months with comparison",
    "owners.figures": "by owner with comparison",
    "pipeline.figures": "pipeline stock by stage with comparison",
    "cycle.figures": "median sales cycle by segment with comparison",
    "cycle.totals": "median sales cycle of all with comparison",
}

# The names of the same figure in ours and in the hand-written statements, where they differ.
SAME = {"avg_won_amount__sum": "won_amount", "avg_won_amount__n": "won_amount__n"}
# Rows without an amount are all rows less those with one.
MISSING = {
    "won_amount__missing": ("won_deals_count", "won_amount__n"),
    "avg_won_amount__missing": ("won_deals_count", "won_amount__n"),
    "open_amount__missing": ("open_opportunities_count", "open_amount__n"),
}
OURS_ALONE = ("idle__", "order__")  # how rows are arranged, no figures

COLUMNS = {
    "deals": "id bigint, account_id bigint, owner_id bigint, stage_id bigint, status text, "
    "amount numeric(14, 2), created_at timestamp, closed_at timestamp",
    "accounts": "id bigint, name text, segment text",
    "users": "id bigint, name text, team text, is_active boolean",
    "stages": "id bigint, name text, position integer, is_won boolean, is_lost boolean",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: seconds of ours and of each hand-written statement."""

    name: str
    ours: tuple[float, ...]
    hands: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rows are: how reportspec is told, and how a table is called in hand-written SQL."""

    name: str
    dialect: str
    source: str
    schema: str
    table: Callable[[str], str]
    in_place: bool = False  # files, which a session of its own opens


def main() -> int:
    """Make the rows, compare the figures, measure, print; 1 if figures differ."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000], help="numbers of deals")
    parser.add_argument("--runs", type=int, default=7, help="runs per statement (default 7)")
    parser.add_argument(
        "--postgres-rows", type=int, default=1_000_000, help="PostgreSQL gets at most so many deals (default 1000000)"
    )
    parser.add_argument("--folder", type=Path, help="keep the files here (default: a temporary one)")
    options = parser.parse_args()

    print(f"{describe_machine()}\n")
    with tempfile.TemporaryDirectory() as temporary:
        for rows in options.rows:
            folder = (options.folder or Path(temporary)) / str(rows)
            folder.mkdir(parents=True, exist_ok=True)
            make_files(folder, rows)
            for place in places(folder, rows <= options.postgres_rows):
                try:
                    measured = measure(place, folder, options.runs)
                except Different as difference:
                    print(f"{place.name}: {difference}", file=sys.stderr)
                    return 1
                print("\n".join(table(f"{place.name}, {rows:,} deals", measured)), flush=True)
                print()
    return 0


# The rows


def make_files(folder: Path, rows: int) -> None:
    """Make the database and the Parquet files, unless they are there."""
    database = folder / "crm.duckdb"
    if database.exists():
        return
    with duckdb.connect(str(database)) as connection:
        for statement in crm(rows):
            connection.execute(statement)
        for name in COLUMNS:
            connection.execute(f"COPY {name} TO '{folder / name}.parquet'")


def crm(rows: int) -> Iterator[str]:
    """Yield the statements that make the tables: deals of five years in the order of creation, a
    twentieth as many accounts, 200 owners. Arithmetic only: the same rows everywhere."""
    accounts = max(rows // 20, 1)
    yield """CREATE TABLE users AS
        SELECT i + 1 AS id, 'Person ' || lpad((i + 1)::VARCHAR, 3, '0') AS name,
          'Team ' || (i % 8 + 1) AS team, i % 10 <> 9 AS is_active FROM range(200) t(i)"""
    yield """CREATE TABLE stages AS SELECT * FROM (VALUES
        (1::BIGINT, 'New', 1, false, false), (2, 'Qualified', 2, false, false),
        (3, 'Proposal', 3, false, false), (4, 'Negotiation', 4, false, false),
        (5, 'Won', 5, true, false), (6, 'Lost', 6, false, true)
        ) t(id, name, position, is_won, is_lost)"""
    yield f"""CREATE TABLE accounts AS
        SELECT i + 1 AS id, 'Account ' || (i + 1) AS name,
          ['Small', 'Medium', 'Large', 'Public'][(i * 7919) % 11 % 4 + 1] AS segment
        FROM range({accounts}) t(i)"""
    yield f"""CREATE TABLE deals AS
        WITH drawn AS (
          SELECT i, (i * 48271 + 11) % 1000003 AS a, (i * 16807 + 7) % 999983 AS b,
            (i * 69621 + 3) % 999979 AS c, (i * 39373 + 5) % 999961 AS d
          FROM range({rows}) t(i)
        ), dated AS (
          SELECT *, TIMESTAMP '2021-01-01' + to_seconds(i * 157766400 // {rows} + a % 86400)
            AS created_at
          FROM drawn
        ), closing AS (
          SELECT *, created_at + to_seconds(86400 + b * 15) AS closes_at, d % 100 < 92 AS closes
          FROM dated
        ), said AS (
          SELECT *, closes AND closes_at < TIMESTAMP '2026-01-01' AS closed, c % 100 < 35 AS wins
          FROM closing
        )
        SELECT i + 1 AS id, (i * 104729 + 17) % {accounts} + 1 AS account_id,
          a % 200 + 1 AS owner_id,
          CASE WHEN NOT closed THEN b % 4 + 1 WHEN wins THEN 5 ELSE 6 END AS stage_id,
          CASE WHEN NOT closed THEN 'open' WHEN wins THEN 'won' ELSE 'lost' END AS status,
          CASE WHEN d % 50 <> 7
            THEN CAST(500 + c // 10 + CAST(b % 100 AS DECIMAL(14, 2)) / 100 AS DECIMAL(14, 2))
          END AS amount,
          created_at, CASE WHEN closed THEN closes_at END AS closed_at
        FROM said"""


def places(folder: Path, with_postgres: bool) -> Iterator[Place]:
    """Yield where the rows are; PostgreSQL is filled when it is its turn, and emptied after."""
    yield Place("DuckDB", "duckdb", "crm.duckdb", "", lambda name: name)
    files = ", ".join(f"{name}: {name}.parquet" for name in COLUMNS)
    yield Place(
        "Parquet",
        "duckdb",
        f"{{files: {{{files}}}}}",
        "",
        lambda name: f"read_parquet('{folder / name}.parquet')",
        in_place=True,
    )
    url = os.environ.get("REPORTSPEC_BENCH_POSTGRES")
    if not url:
        print("PostgreSQL: left out, REPORTSPEC_BENCH_POSTGRES is not set\n")
    elif not with_postgres:
        print("PostgreSQL: left out, more rows than --postgres-rows\n")
    else:
        yield from in_postgres(url, folder)


def in_postgres(url: str, folder: Path) -> Iterator[Place]:
    """Fill PostgreSQL by COPY, yield it, and drop what was made."""
    try:
        import psycopg

        database = psycopg.connect(url, autocommit=True, connect_timeout=10)
    except (ImportError, psycopg.OperationalError) as error:
        print(f"PostgreSQL: left out, {str(error).splitlines()[0]}\n")
        return
    with closing(database), duckdb.connect(str(folder / "crm.duckdb"), read_only=True) as rows:
        database.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        database.execute(f"CREATE SCHEMA {SCHEMA}")
        try:
            for name, columns in COLUMNS.items():
                database.execute(f"CREATE TABLE {SCHEMA}.{name} ({columns})")
                path = folder / f"{name}.csv"
                rows.execute(f"COPY {name} TO '{path}' (HEADER false)")
                target = f"COPY {SCHEMA}.{name} FROM STDIN (FORMAT csv)"
                with path.open("rb") as file, database.cursor().copy(target) as copy:
                    while block := file.read(1 << 20):
                        copy.write(block)
                path.unlink()
                database.execute(f"VACUUM ANALYZE {SCHEMA}.{name}")
            version = database.execute("SHOW server_version").fetchone()
            title = f"PostgreSQL {version[0].split()[0]}" if version else "PostgreSQL"
            yield Place(title, "postgres", url, f"{SCHEMA}.", lambda name: f"{SCHEMA}.{name}")
        finally:
            database.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


# Measuring


class Different(Exception):
    """Two statements give different figures; the message says where."""


def compiled_in(place: Place, folder: Path) -> tuple[Any, tuple[Compiled, ...]]:
    """The report over a place, and its statements."""
    (folder / "specs").mkdir(exist_ok=True)
    (folder / "reportspec.yaml").write_text(PROJECT.format(source=place.source), encoding="utf-8")
    (folder / "mapping.yaml").write_text(MAPPING.format(schema=place.schema), encoding="utf-8")
    spec = folder / "specs" / "benchmark.yaml"
    spec.write_text(SPEC, encoding="utf-8")
    checked = load_report(spec, NOW, os.environ)
    assert checked.report is not None, checked
    return checked.report, compile_report(checked.report)


def open_session(report: Any, compiled: Sequence[Compiled]) -> Connection:
    """The session that reportspec opens; files are loaded."""
    tables = frozenset(name for item in compiled for name in source_tables(item.tree))
    return connect(report.project.source, Wanted(tables, False, "UTC"))


def measure(place: Place, folder: Path, runs: int) -> list[Row]:
    """Time every statement of the report, and the whole of it. Raises Different."""
    report, compiled = compiled_in(place, folder)
    session = open_session(report, compiled)
    run_ours: Callable[[str], Any] = session.run
    run_hand = duckdb.connect().execute if place.in_place else session.run
    rows = []
    with closing(session):
        for item in compiled:
            name = f"{item.query.section}.{item.purpose}"
            sql = sql_text(item.tree, dialect_named(place.dialect))
            hands = {path.stem.rpartition(".")[2]: hand_sql(path, place) for path in sorted(HAND.glob(f"{name}.*.sql"))}
            figures = [dict(zip(session.run(sql).columns, row, strict=True)) for row in session.run(sql).rows]
            for hand, text in hands.items():
                same_figures(f"{name}, {hand}", figures, fetched(run_hand(text)))
            seconds = in_turns(
                runs,
                {"ours": lambda sql=sql: run_ours(sql)}
                | {hand: lambda text=text: fetched(run_hand(text)) for hand, text in hands.items()},
            )
            rows.append(Row(TITLES[name], seconds.pop("ours"), seconds))
    rows.append(whole("the statements together", rows, runs))
    if place.in_place:
        loading = in_turns(min(runs, 3), {"ours": lambda: open_session(report, compiled).close()})
        rows.append(Row("opening the session", loading["ours"], {}))
        rows.append(with_loading(rows[-2], rows[-1]))
    return rows


def hand_sql(path: Path, place: Place) -> str:
    """The hand-written statement with the tables of a place."""
    text = path.read_text(encoding="utf-8")
    for name in COLUMNS:
        text = text.replace(f"{{{name}}}", place.table(name))
    return text


def fetched(result: Any) -> list[dict[str, Any]]:
    """The rows of a session's table or of a DuckDB cursor."""
    if hasattr(result, "dicts"):
        return result.dicts()  # type: ignore[no-any-return]
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def same_figures(name: str, ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> None:
    """Compare row by row and column by column. Raises Different."""
    keys = [key for key in ("d0", "bucket") if ours and key in ours[0]]

    def by_key(rows: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
        return {tuple(row[key] for key in keys): row for row in rows}

    mine, others = by_key(ours), by_key(theirs)
    if mine.keys() != others.keys():
        raise Different(f"{name}: other rows: {sorted(map(str, mine.keys() ^ others.keys()))}")
    for key, row in mine.items():
        for column, value in row.items():
            if column in OURS_ALONE or column in keys:
                continue
            expected = hand_value(others[key], column)
            if not math.isclose(float(value or 0), float(expected or 0), rel_tol=EXACTLY):
                raise Different(f"{name}: {column} of {key} is {value}, by hand {expected}")


def hand_value(row: Mapping[str, Any], column: str) -> Any:
    """What a hand-written row says of one of our columns."""
    name, before, side = column.partition("__previous")
    if name in MISSING:
        count, present = (row[part + before + side] for part in MISSING[name])
        return (count or 0) - (present or 0)
    return row[SAME.get(name, name) + before + side]


def in_turns(runs: int, calls: Mapping[str, Callable[[], object]]) -> dict[str, tuple[float, ...]]:
    """Seconds of each call, one after the other in every round, so that a busy moment of the
    machine falls on all of them. One round before fills the caches."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(runs + 1):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - started)
    return {name: tuple(times[1:]) for name, times in seconds.items()}


def whole(name: str, rows: Sequence[Row], runs: int) -> Row:
    """The sum over all statements; a hand that is not there is the *case* one."""
    hands = {hand for row in rows for hand in row.hands}
    return Row(
        name,
        tuple(sum(row.ours[i] for row in rows) for i in range(runs)),
        {
            hand: tuple(sum(row.hands.get(hand, row.hands["case"])[i] for row in rows) for i in range(runs))
            for hand in sorted(hands)
        },
    )


def with_loading(statements: Row, loading: Row) -> Row:
    """A report from nothing: ours loads the files first."""
    first = min(loading.ours)
    return Row("a report, opening included", tuple(s + first for s in statements.ours), statements.hands)


def table(title: str, rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of a table: least and median milliseconds, and ratios of the least."""
    runs = len(rows[0].ours)
    yield (f"| {title}, {runs} runs: least (median) ms | ours | case | ours/case | fold | ours/fold |")
    yield "|---|--:|--:|--:|--:|--:|"
    for row in rows:
        cells = [row.name, spread(row.ours)]
        for hand in ("case", "fold"):
            if hand in row.hands:
                ratio = min(row.ours) / min(row.hands[hand])
                cells += [spread(row.hands[hand]), f"{ratio:.2f}"]
            else:
                cells += ["", ""]
        yield f"| {' | '.join(cells)} |"


def spread(seconds: Sequence[float]) -> str:
    """Least and median in milliseconds."""
    return f"{min(seconds) * 1000:.1f} ({statistics.median(seconds) * 1000:.1f})"


if __name__ == "__main__":
    sys.exit(main())
