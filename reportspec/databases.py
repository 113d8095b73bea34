"""The databases that a project's `source` may name: how their URLs begin, what SQL they speak, what
has to be installed to read them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Database:
    """One kind of database. `extra` is the optional dependency that reads it (empty: none is
    needed), `opener` the function that opens a session, as `module:function`."""

    kind: str
    label: str
    schemes: tuple[str, ...]
    dialect: str
    extra: str
    opener: str
    example: str


def _of(kind: str, label: str, schemes: str, extra: str, opener: str, example: str, dialect: str = "") -> Database:
    return Database(kind, label, tuple(schemes.split()), dialect or kind, extra, opener, example)


_ALCHEMY = "reportspec.run.alchemy:open_{}"
DATABASES = (
    _of("duckdb", "DuckDB", "duckdb", "", "reportspec.run.embedded:open_embedded", "data/crm.duckdb"),
    _of("sqlite", "SQLite", "sqlite", "", "reportspec.run.sqlite:open_sqlite", "data/crm.sqlite"),
    _of("postgres", "PostgreSQL", "postgresql postgres", "postgres",
        "reportspec.run.postgres:open_postgres", "postgresql://reader:${PASSWORD}@host/crm"),
    _of("mysql", "MySQL", "mysql", "mysql", _ALCHEMY.format("mysql"),
        "mysql://reader:${PASSWORD}@host/crm"),
    _of("mariadb", "MariaDB", "mariadb", "mysql", _ALCHEMY.format("mysql"),
        "mariadb://reader:${PASSWORD}@host/crm"),
    _of("clickhouse", "ClickHouse", "clickhouse clickhouses", "clickhouse",
        "reportspec.run.clickhouse:open_clickhouse", "clickhouse://reader:${PASSWORD}@host/crm"),
    _of("chdb", "ClickHouse (embedded)", "chdb", "chdb", "reportspec.run.clickhouse:open_chdb",
        "chdb:///data/clickhouse", "clickhouse"),
    _of("spark", "Spark", "sc", "spark", "reportspec.run.spark:open_spark", "sc://host:15002"),
    _of("snowflake", "Snowflake", "snowflake", "snowflake", _ALCHEMY.format("snowflake"),
        "snowflake://reader:${PASSWORD}@account/database/schema?warehouse=wh"),
    _of("bigquery", "BigQuery", "bigquery", "bigquery", _ALCHEMY.format("bigquery"),
        "bigquery://project/dataset"),
    _of("redshift", "Redshift", "redshift", "redshift", _ALCHEMY.format("redshift"),
        "redshift://reader:${PASSWORD}@cluster:5439/crm"),
    _of("databricks", "Databricks", "databricks", "databricks", _ALCHEMY.format("databricks"),
        "databricks://token:${TOKEN}@host?http_path=…&catalog=main&schema=crm"),
    _of("trino", "Trino", "trino", "trino", _ALCHEMY.format("trino"),
        "trino://reader@host:8080/catalog/schema"),
    _of("tsql", "SQL Server", "mssql sqlserver", "sqlserver", _ALCHEMY.format("sqlserver"),
        "mssql://reader:${PASSWORD}@host/crm"),
    _of("oracle", "Oracle", "oracle", "oracle", _ALCHEMY.format("oracle"),
        "oracle://reader:${PASSWORD}@host:1521/?service_name=crm"),
)  # fmt: skip
BY_KIND = {database.kind: database for database in DATABASES}
BY_SCHEME = {scheme: database for database in DATABASES for scheme in database.schemes}
EMBEDDED = ("demo", "files", "duckdb")  # read by DuckDB in this process
TYPED_BEFORE = (*EMBEDDED, "sqlite")  # the types of their columns are known when a spec is checked


def database_of(kind: str) -> Database:
    """The database that reads a source of this kind: DuckDB for the demo and for files."""
    return BY_KIND["duckdb" if kind in EMBEDDED else kind]
