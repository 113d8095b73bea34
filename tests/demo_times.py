"""The demo as many times as a company is larger, in each kind of database.

Keys are suffixed by the copy, so that all structure of the demo stays; what a company has few of (people, stages,
campaigns, rates) stays as it is. Nothing of it is kept in the repository.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import yaml

from reportspec.catalogue.load import packaged
from reportspec.demo import load
from reportspec.demo.columns import COLUMNS
from reportspec.model.spec import Report
from tests.loading import load_report

FEW = {
    "user",
    "pipeline",
    "stage",
    "product",
    "campaign",
    "fx_rate",
    "goal",
    "business_calendar",
    "service_cost",
    "sales_marketing_cost",
}
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
# Those whose figures come from the plan's statements: the quality of the data is looked at by audits.
STANDARD = sorted(name for name in packaged().reports if name not in ("custom", "data_quality"))
SCHEMA = "reportspec_bench"
POSTGRES = "postgresql://root@127.0.0.1:5432/test"  # or what REPORTSPEC_BENCH_POSTGRES says
MARIADB = "mysql://root@127.0.0.1:3306/test"  # or what REPORTSPEC_BENCH_MARIADB says


def multiplied(file: Path, deals: int) -> int:
    """The demo in a DuckDB file, as often as it takes for so many deals; how many there are."""
    with duckdb.connect(str(file)) as raw:
        load(raw)
        [(once,)] = raw.execute("select count(*) from demo.deal").fetchall()
        times = -(-deals // once)
        few = {f"{name.rstrip('_')}_id" for name in FEW} | {"owner_id", "agent_id", "manager_id"}
        for name, columns in COLUMNS.items():
            if name in FEW:
                raw.execute(f'create table "{name}" as from demo."{name}"')
                continue
            taken = ", ".join(
                f'"{c}" || \'-\' || copy as "{c}"'
                if c.endswith("_id") and c not in few and not c.endswith("stage_id")
                else f'"{c}"'
                for c, _ in columns
            )
            raw.execute(f'create table "{name}" as select {taken} from demo."{name}", range({times}) r(copy)')
        raw.execute("drop schema demo cascade")
        return once * times


def project(folder: Path, source: object, prefix: str = "", timeout: int = 600) -> None:
    """A project over tables of the demo, called `prefix` and their name."""
    entities: dict[str, Any] = {
        name: {"table": f"{prefix}{name}", "fields": {c: c for c, _ in columns}} for name, columns in COLUMNS.items()
    }
    mapping = {"timezone": "UTC", "entities": entities}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    said = {
        "version": 1,
        "source": source,
        "mapping": "m.yaml",
        "timezone": "Europe/Rome",
        "currency": "EUR",
        "query": {"timeout": timeout},
    }
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")


def standard_report(folder: Path, name: str, period: str = "2026-Q3") -> Report:
    """A standard report over the project in a folder: a quarter, compared with the one before."""
    spec = folder / f"{name}.yaml"
    spec.write_text(f"version: 1\nreport: {name}\nperiod: {period}\ncompare: previous_period\n", encoding="utf-8")
    checked = load_report(spec, NOW, {})
    assert checked.report is not None, checked.diagnostics
    return checked.report


@contextmanager
def in_duckdb(file: Path, folder: Path, timeout: int = 600) -> Iterator[None]:
    """The rows of the DuckDB file itself."""
    project(folder, f"duckdb:///{file}", timeout=timeout)
    yield


@contextmanager
def in_parquet(file: Path, folder: Path, timeout: int = 600) -> Iterator[None]:
    """A Parquet file for each table."""
    with duckdb.connect(str(file), read_only=True) as raw:
        for name in COLUMNS:
            raw.execute(f"copy \"{name}\" to '{folder / name}.parquet'")
    project(folder, {"files": {name: f"{name}.parquet" for name in COLUMNS}}, timeout=timeout)
    yield


@contextmanager
def in_sqlite(file: Path, folder: Path, timeout: int = 600) -> Iterator[None]:
    """A SQLite file; times and days are texts, keys are primary keys."""
    kinds = {"DOUBLE": "REAL", "INTEGER": "INTEGER", "BIGINT": "INTEGER", "BOOLEAN": "INTEGER", "DECIMAL": "NUMERIC"}
    with closing(sqlite3.connect(folder / "crm.sqlite")) as raw, duckdb.connect(str(file), read_only=True) as rows:
        for name, columns in COLUMNS.items():
            body = ", ".join(f'"{c}" {kinds.get(kind.partition("(")[0], "TEXT")}' for c, kind in columns)
            raw.execute(f'create table "{name}" ({body}{_key(name, columns)})')
            taken = ", ".join(_plain(c, kind) for c, kind in columns)
            found = rows.execute(f'select {taken} from "{name}"')
            marks = ", ".join("?" for _ in columns)
            while block := found.fetchmany(50_000):
                raw.executemany(f'insert into "{name}" values ({marks})', block)
        raw.commit()
    project(folder, "sqlite:///crm.sqlite", timeout=timeout)
    yield


def _plain(name: str, kind: str) -> str:
    if kind in ("TIMESTAMP", "DATE"):
        return f'"{name}"::varchar'
    return f'"{name}"::double' if kind.startswith("DECIMAL") else f'"{name}"'


def _key(name: str, columns: tuple[tuple[str, str], ...]) -> str:
    """The primary key of a table that has one, as CRMs' tables do."""
    first = columns[0][0]
    return f', primary key ("{first}")' if first == f"{name.rstrip('_')}_id" else ""


@contextmanager
def in_postgres(file: Path, folder: Path, timeout: int = 600) -> Iterator[None]:
    """A schema of its own in PostgreSQL, dropped at the end."""
    import psycopg

    url = os.environ.get("REPORTSPEC_BENCH_POSTGRES") or POSTGRES
    with psycopg.connect(url, autocommit=True) as raw, duckdb.connect(str(file), read_only=True) as rows:
        raw.execute(f"drop schema if exists {SCHEMA} cascade")
        raw.execute(f"create schema {SCHEMA}")
        try:
            for name, columns in COLUMNS.items():
                body = ", ".join(f'"{c}" {kind.replace("DOUBLE", "DOUBLE PRECISION")}' for c, kind in columns)
                raw.execute(f'create table {SCHEMA}."{name}" ({body}{_key(name, columns)})')
                path = folder / f"{name}.csv"
                rows.execute(f"copy \"{name}\" to '{path}' (header false)")
                with (
                    path.open("rb") as csv,
                    raw.cursor().copy(f'copy {SCHEMA}."{name}" from stdin (format csv)') as copy,
                ):
                    while block := csv.read(1 << 20):
                        copy.write(block)
                path.unlink()
            rows.close()  # another connection to the file would hold its settings
            raw.execute("vacuum analyze")
            project(folder, url, f"{SCHEMA}.", timeout)
            yield
        finally:
            raw.execute(f"drop schema {SCHEMA} cascade")


@contextmanager
def in_mariadb(file: Path, folder: Path, timeout: int = 600) -> Iterator[None]:
    """A schema of its own in MariaDB, dropped at the end."""
    import pymysql
    from sqlalchemy.engine import make_url

    url = os.environ.get("REPORTSPEC_BENCH_MARIADB") or MARIADB
    at = make_url(url)
    raw = pymysql.connect(
        host=at.host or "127.0.0.1", port=at.port or 3306, user=at.username, password=at.password or "", autocommit=True
    )
    with closing(raw), raw.cursor() as cursor, duckdb.connect(str(file), read_only=True) as rows:
        cursor.execute(f"drop schema if exists {SCHEMA}")
        cursor.execute(f"create schema {SCHEMA} character set utf8mb4")
        try:
            for name, columns in COLUMNS.items():
                kinds = {"VARCHAR": "varchar(160)", "TIMESTAMP": "datetime(6)", "BOOLEAN": "boolean"}
                body = ", ".join(f"`{c}` {kinds.get(kind, kind)}" for c, kind in columns)
                cursor.execute(f"create table {SCHEMA}.`{name}` ({body}{_key(name, columns).replace(chr(34), '`')})")
                found = rows.execute(f'select * from "{name}"')
                marks = ", ".join("%s" for _ in columns)
                while block := found.fetchmany(20_000):
                    cursor.executemany(f"insert into {SCHEMA}.`{name}` values ({marks})", block)
            rows.close()  # another connection to the file would hold its settings
            for name in COLUMNS:
                cursor.execute(f"analyze table {SCHEMA}.`{name}`")
            project(folder, url, f"{SCHEMA}.", timeout)
            yield
        finally:
            cursor.execute(f"drop schema {SCHEMA}")


@contextmanager
def in_chdb(file: Path, folder: Path, timeout: int = 600) -> Iterator[None]:
    """A folder of chdb, ClickHouse without a server."""
    from chdb.session import Session

    kinds = {"VARCHAR": "String", "TIMESTAMP": "DateTime64(6, 'UTC')", "DATE": "Date32", "DOUBLE": "Float64"}
    kinds |= {"INTEGER": "Int64", "BIGINT": "Int64", "BOOLEAN": "Bool"}
    raw: Any = Session(str(folder / "clickhouse"))  # type: ignore[no-untyped-call]
    raw.query("create database demo")
    for name, columns, path in _parquet(file, folder):
        body = ", ".join(f'"{c}" Nullable({kinds.get(kind, kind)})' for c, kind in columns)
        raw.query(f'create table demo."{name}" ({body}) engine = MergeTree order by tuple()')
        raw.query(f"insert into demo.\"{name}\" select * from file('{path}', Parquet)")
        path.unlink()
    raw.close()
    project(folder, f"chdb:///{folder / 'clickhouse'}", "demo.", timeout)
    yield


@contextmanager
def in_spark(file: Path, folder: Path, timeout: int = 600) -> Iterator[None]:
    """A database of a Spark Connect server that is started here, over Parquet files."""
    from pyspark.sql.connect.session import SparkSession

    from tests.engines.servers import spark_server

    (folder / "server").mkdir()
    with spark_server(folder / "server") as url:
        session = SparkSession.builder.remote(url).create()
        session.sql("create database demo")
        for name, _, path in _parquet(file, folder):
            session.sql(f"create table demo.`{name}` using parquet location '{path}'")
        session.stop()
        project(folder, url, "demo.", timeout)
        yield


def _parquet(file: Path, folder: Path) -> Iterator[tuple[str, tuple[tuple[str, str], ...], Path]]:
    """Each table with its columns, as a Parquet file."""
    with duckdb.connect(str(file), read_only=True) as raw:
        for name, columns in COLUMNS.items():
            path = folder / f"{name}.parquet"
            raw.execute(f"copy \"{name}\" to '{path}'")
            yield name, columns, path


PLACES: Mapping[str, Callable[[Path, Path, int], Any]] = {
    "duckdb": in_duckdb,
    "parquet": in_parquet,
    "postgres": in_postgres,
    "mariadb": in_mariadb,
    "sqlite": in_sqlite,
    "chdb": in_chdb,
    "spark": in_spark,
}
