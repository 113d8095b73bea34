"""The demo in DuckDB: everything arrives, as what it is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import duckdb
import pytest

from reportspec.demo import load, tables
from reportspec.demo.columns import COLUMNS

made = cache(tables)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with the demo."""
    with duckdb.connect() as connection:
        load(connection)
        yield connection


def test_all_tables_arrive(database: duckdb.DuckDBPyConnection) -> None:
    found = database.execute("select table_name from information_schema.tables where table_schema = 'demo'").fetchall()
    assert {name for (name,) in found} == set(made())


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_columns_are_typed(database: duckdb.DuckDBPyConnection, name: str) -> None:
    found = database.execute(
        "select column_name, data_type from information_schema.columns "
        "where table_schema = 'demo' and table_name = ? order by ordinal_position",
        [name],
    ).fetchall()
    assert tuple(found) == made()[name].columns


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_every_value_arrives(database: duckdb.DuckDBPyConnection, name: str) -> None:
    assert database.execute(f'select * from demo."{name}"').fetchall() == made()[name].rows


def test_the_schema_must_be_free(database: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.CatalogException):
        load(database)


def test_no_file_is_needed_afterwards() -> None:
    with duckdb.connect() as connection:
        load(connection)
        connection.execute("set enable_external_access = false")
        assert connection.execute("select count(*) from demo.user").fetchone() == (13,)
