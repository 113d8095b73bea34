"""Days that there are not and numbers without an end are refused, not read as something near.

Slow: servers of databases are started and filled."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec.building import run_report
from reportspec.compile import compile_report
from reportspec.errors import SourceError
from tests.engines.servers import driven
from tests.loading import load_report

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
MAPPING = """
entities:
  deal:
    table: {table}
    key: id
    fields: {{amount: amount, status: status, created_at: created, closed_at: closed, expected_close_date: expected}}
"""
SPEC = """
version: 1
report: custom
period: 2026-10
sections:
  - {id: k, kpis: [won_amount, avg_won_amount, won_deals_count, overdue_deals_count]}
  - {id: r, records: {entity: deal, fields: [deal.amount]}}
"""


def built(folder: Path, url: str, table: str = "deal") -> Any:
    (folder / "m.yaml").write_text(MAPPING.format(table=table), "utf-8")
    (folder / "s.yaml").write_text(SPEC, "utf-8")
    (folder / "reportspec.yaml").write_text(
        f"version: 1\nsource: {url}\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n", "utf-8"
    )
    report = load_report(folder / "s.yaml", NOW, {}).report
    assert report is not None
    return run_report(compile_report(report))


def lite(folder: Path, amount: Any, closed: Any, expected: Any) -> Any:
    with closing(sqlite3.connect(folder / "x.sqlite")) as raw:
        raw.execute("create table deal (id, amount, status, created, closed, expected)")
        raw.execute("insert into deal values (1, ?, 'won', '2026-09-01 00:00:00', ?, ?)", [amount, closed, expected])
        raw.commit()
    return built(folder, "sqlite:///x.sqlite")


@pytest.mark.parametrize(
    "closed",
    [
        "2026-10-05",
        "2026-10-31 23:59:59",
        "2026-10-05T10:00:00",
        "2026-10-05 10:00:00.250",
        "2026-10-05T10:00:00Z",
        "2026-10-05 12:00:00+02:00",
        1791280800,
    ],
)
def test_times_that_there_are(closed: Any, tmp_path: Path) -> None:
    figures = lite(tmp_path, 5, closed, "2024-02-29")
    assert [kpi.value for kpi in figures.sections[0].kpis][:3] == [5, 5, 1]


@pytest.mark.parametrize(
    "wrong",
    [
        "2026-09-31",
        "2026-02-29",
        "2026-13-01",
        "2026-00-10",
        "2026-10-00",
        "2026-09-31 10:00:00",
        "2026-10-05 25:00:00",
        "2026-10-05 10:60:00",
        "2026-10-05T10:00:61",
        "2026-10-5",
        "5 October 2026",
    ],
)
@pytest.mark.parametrize("column", ["closed", "expected"])
def test_times_that_there_are_not(column: str, wrong: str, tmp_path: Path) -> None:
    given = {"closed": "2026-10-05", "expected": "2026-10-05", column: wrong}
    with pytest.raises(SourceError) as refused:
        lite(tmp_path, 5, **given)
    assert refused.value.code == "unreadable-value"
    assert f"`{column}`" in refused.value.message


@pytest.mark.parametrize("amount", [float("inf"), float("-inf")])
def test_a_number_without_an_end(amount: float, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as refused:
        lite(tmp_path, amount, "2026-10-05", "2026-10-05")
    assert refused.value.code == "too-large"
    assert "`deal` has 1 row whose `deal.amount` (column `amount`) is no number, or a larger" in refused.value.message


@pytest.mark.slow
@pytest.mark.xdist_group("postgres")
@pytest.mark.parametrize("amount", ["'Infinity'", "'-Infinity'", "'NaN'"])
def test_on_a_server(amount: str, tmp_path: Path, server: Callable[[str], str]) -> None:
    import psycopg

    url, name = server("postgres"), f"impossible_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute(f"drop table if exists {name}".encode())
        raw.execute(
            f"create table {name} as select '1' as id, {amount}::float8 as amount, 'won' as status,"
            " timestamp '2026-09-01' as created, timestamp '2026-10-05' as closed, date '2026-10-05' as expected".encode()
        )
        try:
            with pytest.raises(SourceError) as refused:
                built(tmp_path, url, name)
        finally:
            raw.execute(f"drop table {name}".encode())
    assert refused.value.code in ("unreadable-value", "too-large")
    assert "`deal.amount` (column `amount`) is no number" in refused.value.message


@pytest.mark.slow
@pytest.mark.xdist_group("mariadb")
def test_on_mariadb(tmp_path: Path, server: Callable[[str], str]) -> None:
    """A zero date is none, and a number that is too large is refused, not cut to the largest that there is."""
    import sqlalchemy as sa

    url, name = server("mariadb"), f"impossible_{os.getpid()}"
    engine = sa.create_engine(driven(url))
    try:
        with engine.begin() as raw:
            raw.exec_driver_sql("set sql_mode = ''")
            raw.exec_driver_sql(
                f"create table {name} (id varchar(9), amount decimal(65, 0), status varchar(9),"
                " created datetime, closed datetime, expected date)"
            )
            for at, (closed, amount) in enumerate(
                [("0000-00-00", 1), ("2026-00-00", 2), ("2026-10-00", 4), ("2026-10-05", 8)]
            ):
                raw.exec_driver_sql(
                    f"insert into {name} values ('{at}', {amount}, 'won', '2026-09-01', '{closed}', '2026-10-05')"
                )
        figures = built(tmp_path, url, name)
        assert [kpi.value for kpi in figures.sections[0].kpis][:3] == [8, 8, 1]
        assert any(one.code == "unlikely-rows" and "3 of 4" in one.message for one in figures.warnings)
        with engine.begin() as raw:
            raw.exec_driver_sql(f"update {name} set amount = 1e60 where amount = 8")
        with pytest.raises(SourceError, match=r"too large|larger|Out of range"):
            built(tmp_path, url, name)
    finally:
        with engine.begin() as raw:
            raw.exec_driver_sql(f"drop table if exists {name}")
        engine.dispose()


def test_months_later_in_sqlite(tmp_path: Path) -> None:
    """SQLite has no word for a stretch of time; what a mapping adds is added all the same."""
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as raw:
        raw.execute("create table deal (id, amount, status, created, closed, expected)")
        raw.execute("insert into deal values (1, 5, 'won', '2026-09-01', '2026-09-30 10:00:00', '2026-09-30')")
        raw.commit()
    mapping = MAPPING.replace("closed_at: closed", "closed_at: \"closed + interval '1 month'\"")
    assert mapping != MAPPING
    (tmp_path / "m.yaml").write_text(mapping.format(table="deal"), "utf-8")
    (tmp_path / "s.yaml").write_text(SPEC, "utf-8")
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: sqlite:///x.sqlite\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n",
        "utf-8",
    )
    report = load_report(tmp_path / "s.yaml", NOW, {}).report
    assert report is not None
    figures = run_report(compile_report(report))
    assert [kpi.value for kpi in figures.sections[0].kpis][:3] == [5, 5, 1]  # won on 30 October
