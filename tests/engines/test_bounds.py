"""What a query may take: memory and disk of the embedded engines, and the length of a text."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from reportspec.api import build
from reportspec.databases import source_of
from reportspec.databases.duckdb import open_embedded
from reportspec.databases.sqlite import open_sqlite
from reportspec.errors import SourceError
from reportspec.expression.sandbox import MOST_LETTERS, Refused, parse
from reportspec.run.connection import Wanted

MANY = "select count(*) from (select distinct a.range * 7 + b.range * 1000003 from range(30000) a, range(200) b)"


def test_duckdb_spills_into_a_folder_that_goes() -> None:
    session = open_embedded(source_of("demo", ""), Wanted(memory=100, disk=4000))
    [(folder, disk)] = session.run(
        "select current_setting('temp_directory'), current_setting('max_temp_directory_size')"
    ).rows
    assert Path(folder).is_dir()
    assert Path(folder).stat().st_mode & 0o077 == 0
    assert disk == "3.7 GiB"
    # 7a + 1000003b is another number for each a below 30,000 and b below 200.
    assert session.run(MANY).rows == ((6_000_000,),)
    session.close()
    assert not Path(folder).exists()


def test_duckdb_ends_with_a_diagnostic() -> None:
    session = open_embedded(source_of("demo", ""), Wanted(memory=100, disk=1))
    try:
        for asked in (MANY, "select max(repeat('x', 1000000 + range::int)) from range(3000)"):
            with pytest.raises(SourceError) as too_much:
                session.run(asked)
            assert too_much.value.code == "too-little-memory", too_much.value.message
            assert "query: {memory" in str(too_much.value.help)
        assert session.run("select 1").rows == ((1,),)
    finally:
        session.close()


def test_sqlite_makes_no_endless_text(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as raw:
        raw.execute("create table t (a)")
    session = open_sqlite(source_of("sqlite", "x", path=str(tmp_path / "x.sqlite")), Wanted())
    try:
        for asked in ("select replace(hex(zeroblob(50000)), '0', hex(zeroblob(50000)))", "select zeroblob(900000000)"):
            with pytest.raises(SourceError) as too_long:
                session.run(asked)
            assert too_long.value.code == "too-large"
    finally:
        session.close()


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "mysql", "sqlite", "spark", "oracle"])
def test_expressions_make_no_endless_text(dialect: str) -> None:
    for bomb in (
        f"lpad(name, {MOST_LETTERS + 1}, 'x')",
        "rpad(name, 99999999999999999999, 'x')",
        "lpad(name, size, 'x')",
        "lpad(name, 10 * 1000000000, 'x')",
        "replace(replace(replace(name, 'a', title), 'b', title), 'c', title)",
        "replace(lpad('x', 9000, 'x'), 'x', lpad('y', 9000, 'y'))",
    ):
        with pytest.raises(Refused, match=r"letters|whole number"):
            parse(f"lower({bomb})", dialect)
    for fine in ("lpad(name, 8, '0')", "replace(replace(name, '-', ''), ' ', '')", "replace(name, 'a', title)"):
        parse(f"lower({fine})", dialect)


def test_nobodys_signals_are_touched(tmp_path: Path) -> None:
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\n", encoding="utf-8")
    (tmp_path / "s.yaml").write_text(
        "version: 1\nreport: custom\nperiod: 2026-Q1\nmetrics: [won_amount]\n", encoding="utf-8"
    )
    build(tmp_path / "s.yaml").pdf()
    after = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert before == after
