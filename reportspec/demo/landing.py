"""Putting the demo into DuckDB."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from reportspec.demo.columns import COLUMNS, DATE, MONEY, TIME, Columns
from reportspec.demo.generate import whole_rows
from reportspec.demo.timeline import EPOCH, FIRST_DAY

if TYPE_CHECKING:
    import duckdb

SCHEMA = "demo"
# How DuckDB gets a value of the type from a whole number.
_READ = {
    TIME: f"timestamp '{EPOCH}' + to_seconds({{0}})",
    DATE: f"date '{FIRST_DAY}' + {{0}}",
    MONEY: f"({{0}} * 0.01)::{MONEY}",
}
_WRITTEN = {TIME: "BIGINT", DATE: "INTEGER", MONEY: "BIGINT"}


def load(connection: duckdb.DuckDBPyConnection, names: Iterable[str] | None = None) -> None:
    """Creates the schema `demo` with all the tables, typed; or with some of them.

    The connection must still have external access: the rows go through temporary files, which
    DuckDB reads far faster than it binds rows. Errors: those of duckdb, as for a schema that is
    there already.
    """
    wanted = list(COLUMNS) if names is None else [name for name in COLUMNS if name in set(names)]
    rows = whole_rows(wanted)
    connection.execute(f"create schema {SCHEMA}")
    with tempfile.TemporaryDirectory(prefix="reportspec-demo-") as folder:
        for name in wanted:
            columns = COLUMNS[name]
            path = Path(folder) / f"{name}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows(rows[name])
            connection.execute(_statement(name, columns), [str(path)])


def _statement(name: str, columns: Columns) -> str:
    """Creates one table from the file that is the statement's parameter."""
    values = ", ".join(
        f"{_READ.get(kind, '{0}').format(_quoted(column))} as {_quoted(column)}" for column, kind in columns
    )
    written = {column: _WRITTEN.get(kind, kind) for column, kind in columns}
    return (
        f"create table {SCHEMA}.{_quoted(name)} as select {values} from read_csv(?, "
        "header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"', "
        f"nullstr = '', columns = {written!r})"
    )


def _quoted(name: str) -> str:
    return f'"{name}"'
