"""A quarter's figures do not read ten years of rows: what databases say themselves that they looked at.

Slow: tables of so many rows that an index helps are filled."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from reportspec.compile import compile_report
from reportspec.contract.fit import fitted
from reportspec.databases import dialect_named
from reportspec.sql.dialect import sql_text
from tests.engines.servers import driven
from tests.engines.test_indexes import DEALS, SPEC, asked, filled
from tests.figures.asking import NOW, figures, rows
from tests.loading import load_report

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("indexes")]

OF_THE_QUARTER = 92 * 6


def statement(folder: Path, dialect: str) -> str:
    """The first statement of the report in a folder, as it is run: the others are its trends."""
    report = load_report(folder / "q3.yaml", NOW, {}).report
    assert report is not None
    tree, *_ = fitted(compile_report(report)).trees
    return sql_text(tree, dialect_named(dialect))


def test_groups_of_a_parquet_file(tmp_path: Path) -> None:
    """Each group of rows says which times it has."""
    with duckdb.connect() as raw:
        filled(raw.execute, "")
        raw.execute(f"copy (from deals order by opened) to '{tmp_path}/deals.parquet' (row_group_size 2048)")
        raw.execute(f"copy calls to '{tmp_path}/calls.parquet'")
    asked(tmp_path, {"files": {"deals": "deals.parquet", "calls": "calls.parquet"}}, "", SPEC)
    sql = statement(tmp_path, "duckdb")
    with duckdb.connect() as raw:
        raw.execute(f"create view deals as from '{tmp_path}/deals.parquet'")
        [(_, plan)] = raw.execute(f"explain (analyze, format json) {sql}").fetchall()
    counted = {what: int(n) for what, n in re.findall(r'"(row_groups_scanned|total_row_groups_to_scan)": (\d+)', plan)}
    assert counted["row_groups_scanned"] <= 2 < -(-DEALS // 2048) == counted["total_row_groups_to_scan"]
    [row] = rows(figures(tmp_path, SPEC), "k")
    assert row["deals_created_count"] == OF_THE_QUARTER


@pytest.mark.parametrize("engine", ["postgres", "mariadb"])
def test_rows_that_an_index_finds(engine: str, tmp_path: Path, server: Callable[[str], str]) -> None:
    import sqlalchemy as sa
    from sqlalchemy.pool import NullPool

    url, schema = server(engine), f"reportspec_read_{os.getpid()}"
    made = sa.create_engine(driven(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with made.connect() as raw:
        raw.exec_driver_sql(f"create schema {schema}")
        try:
            filled(raw.exec_driver_sql, f"{schema}.")
            raw.exec_driver_sql(f"create index deals_opened on {schema}.deals (opened)")
            raw.exec_driver_sql(f"analyze {'table ' if engine == 'mariadb' else ''}{schema}.deals").close()
            asked(tmp_path, url, f"{schema}.", SPEC)
            sql = statement(tmp_path, engine)
            if engine == "postgres":
                [(plan,)] = raw.exec_driver_sql(f"explain (analyze, format json) {sql}").fetchall()
                text = json.dumps(plan)
                assert "deals_opened" in text, text
                assert '"Rows Removed by Filter"' not in text
            else:
                raw.exec_driver_sql("flush status")
                raw.exec_driver_sql(sql).fetchall()
                read = raw.exec_driver_sql("show session status like 'Handler_read%%'").fetchall()
                # those of the index, and those that are written down and counted
                assert sum(int(n) for _, n in read) <= 2 * OF_THE_QUARTER + 10 < DEALS, read
            [row] = rows(figures(tmp_path, SPEC), "k")
            assert row["deals_created_count"] == OF_THE_QUARTER
        finally:
            raw.exec_driver_sql(f"drop schema {schema}" + (" cascade" if engine == "postgres" else ""))
