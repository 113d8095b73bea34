"""A source that another program holds: that it passes by itself is told, and `send` says so by its exit code."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from reportspec.errors import SourceError
from tests.contract.test_unread import COLUMNS, FIELDS, KPIS, project, row
from tests.engines.servers import Given
from tests.engines.shapes import landed
from tests.figures.asking import figures


def refused(folder: Path) -> SourceError:
    with pytest.raises(SourceError) as told:
        figures(folder, KPIS)
    assert (told.value.code, told.value.temporary) == ("held-source", True)
    assert told.value.help
    return told.value


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_file_that_another_program_writes(kind: str, tmp_path: Path) -> None:
    with landed(kind, [Given("d", COLUMNS, [row(1)])], lambda *_: None, tmp_path / "db") as found:
        folder = project(tmp_path, found.url, found.prefix, FIELDS)
        path = next(path for path in (tmp_path / "db").rglob("*") if path.is_file())
        with written(kind, path):
            error = refused(folder)
        assert error.message.startswith(f"another program is writing to the database `{path.name}`")
        figures(folder, KPIS)


@contextmanager
def written(kind: str, path: Path) -> Iterator[None]:
    if kind == "sqlite":
        with closing(sqlite3.connect(path, isolation_level=None)) as raw:
            raw.execute("begin exclusive")
            yield
        return
    # DuckDB's lock is one between processes.
    hold = f"import duckdb, sys; raw = duckdb.connect({str(path)!r}); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        yield
        other.stdin.close()


@pytest.mark.parametrize("kind", ["postgres", "mariadb"])
def test_a_table_that_another_session_has_locked(kind: str, tmp_path: Path) -> None:
    with landed(kind, [Given("d", COLUMNS, [row(1)])], lambda *_: None, tmp_path / "db") as found:
        folder = project(tmp_path, found.url, found.prefix, FIELDS)
        with (folder / "reportspec.yaml").open("a", encoding="utf-8") as file:
            file.write("query: {timeout: 4}\n")
        with locked(kind, found, f"{found.prefix}d"):
            began = time.monotonic()
            error = refused(folder)
            assert time.monotonic() - began < 30
        assert "another session has locked a table of the source" in error.message
        figures(folder, KPIS)


@contextmanager
def locked(kind: str, found: Any, table: str) -> Iterator[None]:
    if kind == "postgres":
        import psycopg

        with psycopg.connect(found.url) as raw:
            raw.execute(f"lock table {table} in access exclusive mode")
            yield
            raw.rollback()
        return
    from urllib.parse import urlsplit

    import pymysql

    at = urlsplit(found.url)
    raw = pymysql.connect(
        host=at.hostname or "", port=at.port or 3306, user=at.username or "", database=at.path.lstrip("/")
    )
    with closing(raw) as session, session.cursor() as cursor:
        cursor.execute(f"lock tables {table} write")
        yield
        cursor.execute("unlock tables")
