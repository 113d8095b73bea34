"""Days that there are not and numbers without an end are refused, not read as something near."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec import stages
from reportspec.run.connection import SourceError

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
    report = stages.load_report(folder / "s.yaml", NOW, {}).report
    assert report is not None
    return stages.run_report(report, stages.compile_report(report), stages.Timings())


def lite(folder: Path, amount: Any, closed: Any, expected: Any) -> Any:
    with closing(sqlite3.connect(folder / "x.sqlite")) as raw:
        raw.execute("create table deal (id, amount, status, created, closed, expected)")
        raw.execute("insert into deal values (1, ?, 'won', '2026-09-01 00:00:00', ?, ?)", [amount, closed, expected])  # fmt: skip
        raw.commit()
    return built(folder, "sqlite:///x.sqlite")


@pytest.mark.parametrize(
    "closed",
    ["2026-10-05", "2026-10-31 23:59:59", "2026-10-05T10:00:00", "2026-10-05 10:00:00.250",
     "2026-10-05T10:00:00Z", "2026-10-05 12:00:00+02:00", 1791280800],
)  # fmt: skip
def test_times_that_there_are(closed: Any, tmp_path: Path) -> None:
    figures = lite(tmp_path, 5, closed, "2024-02-29")
    assert [kpi.value for kpi in figures.sections[0].kpis][:3] == [5, 5, 1]


@pytest.mark.parametrize(
    "wrong",
    ["2026-09-31", "2026-02-29", "2026-13-01", "2026-00-10", "2026-10-00", "2026-09-31 10:00:00",
     "2026-10-05 25:00:00", "2026-10-05 10:60:00", "2026-10-05T10:00:61", "2026-10-5", "5 October 2026"],
)  # fmt: skip
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
    assert (
        "`deal` has 1 row whose `deal.amount` (column `amount`) is no number, or a larger"
        in refused.value.message
    )


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
