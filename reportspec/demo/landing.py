"""Putting the demo into DuckDB."""

from __future__ import annotations

import io
import tempfile
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reportspec.csv_lines import csv_writer
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
    lines = _lines(wanted)
    connection.execute(f"create schema {SCHEMA}")
    with tempfile.TemporaryDirectory(prefix="reportspec-demo-") as folder:
        for name in wanted:
            path = Path(folder) / f"{name}.csv"
            path.write_bytes(lines[name])
            connection.execute(_statement(name, COLUMNS[name]), [str(path)])


# The demo is the same for every report of a process, and making it takes longer than most of them do.
_MADE: dict[str, bytes] = {}
_ALONE = threading.Lock()


def _lines(names: Sequence[str]) -> dict[str, bytes]:
    """The rows of tables as lines of CSV, made once."""
    with _ALONE:
        for name, rows in whole_rows([name for name in names if name not in _MADE]).items():
            text = io.StringIO()
            csv_writer(text).writerows(rows)
            _MADE[name] = text.getvalue().encode("utf-8")
        return {name: _MADE[name] for name in names}


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
