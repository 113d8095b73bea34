"""What differs by database: one module for each, and nothing about databases anywhere else.

Statements are built in one canonical form, DuckDB's meaning of sqlglot's nodes. A database's
`Dialect` says which nodes it means otherwise, or lacks, and what to write instead.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from reportspec.sql.dialects.rewrite import Dialect

# Those that the tests run statements on, then those for which SQL is only written.
EXECUTED = ("duckdb", "postgres", "sqlite", "mariadb", "clickhouse", "spark")
GENERATED = ("mysql", "snowflake", "bigquery", "redshift", "databricks", "trino", "tsql", "oracle")
DIALECTS = (*EXECUTED, *GENERATED)
_MODULES = {"mariadb": "mysql"}


@cache
def dialect_named(name: str) -> Dialect:
    """The dialect of that name, one of DIALECTS."""
    module = import_module(f"{__name__}.{_MODULES.get(name, name)}")
    found: Dialect = getattr(module, name.upper())
    return found


__all__ = ["DIALECTS", "EXECUTED", "GENERATED", "Dialect", "dialect_named"]
