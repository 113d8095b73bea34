"""`doctor --deep`: which indexes reports would be faster with, on tables that have some and on those that have none.

Slow: tables of so many rows that an index helps are filled."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.compile import compile_report
from reportspec.databases import dialect_named
from reportspec.doctor import Finding, indexes
from reportspec.sql.dialect import sql_text
from tests.engines.servers import driven
from tests.figures.asking import NOW
from tests.loading import load_report

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("indexes")]

DEALS = 12_000
FIRST = date(2019, 1, 1)
SPEC = {
    "version": 1,
    "report": "custom",
    "period": "2020-Q3",
    "sections": [{"id": "k", "kpis": ["deals_created_count"]}],
}
Run = Callable[..., Any]


def filled(run: Run, prefix: str) -> None:
    """Deals of five years, six a day, and a few calls."""
    run(f"create table {prefix}deals (id int, amount int, opened date)")
    run(f"create table {prefix}calls (id int, made date)")
    rows = [(n, n % 100, (FIRST + timedelta(days=n // 6)).isoformat()) for n in range(DEALS)]
    for at in range(0, DEALS, 2000):
        run(f"insert into {prefix}deals values " + ", ".join(f"({a}, {b}, '{c}')" for a, b, c in rows[at : at + 2000]))
    run(f"insert into {prefix}calls values " + ", ".join(f"({n}, '2026-08-0{1 + n % 9}')" for n in range(50)))


def asked(folder: Path, source: object, prefix: str, spec: dict[str, Any]) -> list[Finding]:
    fields = {"created_at": "opened", "amount": "amount", **({"source": "source"} if "filters" in spec else {})}
    deal = {"table": f"{prefix}deals", "key": "id", "fields": fields}
    activity = {
        "table": f"{prefix}calls",
        "key": "id",
        "fields": {"done_at": "made", "created_at": "made", "type": "'call'"},
    }
    (folder / "m.yaml").write_text(yaml.safe_dump({"entities": {"deal": deal, "activity": activity}}), encoding="utf-8")
    own = {"version": 1, "source": source, "mapping": "m.yaml", "timezone": "UTC", "currency": "EUR"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    path = folder / "q3.yaml"
    path.write_text(json.dumps(spec), encoding="utf-8")
    checked = load_report(path, NOW, {})
    assert checked.report is not None, checked.diagnostics
    return list(indexes([("q3.yaml", checked.report)]))


@pytest.fixture(params=["postgres", "mariadb"])
def place(request: pytest.FixtureRequest, server: Callable[[str], str]) -> Iterator[tuple[str, str, Run]]:
    import sqlalchemy as sa
    from sqlalchemy.pool import NullPool

    url, schema = server(request.param), f"reportspec_indexes_{os.getpid()}"
    engine = sa.create_engine(driven(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as raw:
        raw.exec_driver_sql(f"create schema {schema}")
        try:
            yield url, f"{schema}.", raw.exec_driver_sql
        finally:
            raw.exec_driver_sql(f"drop schema {schema}" + (" cascade" if request.param == "postgres" else ""))


def test_a_server_of_many_rows(place: tuple[str, str, Run], tmp_path: Path) -> None:
    url, prefix, run = place
    filled(run, prefix)
    run(f"analyze {'' if 'postgres' in url else 'table '}{prefix}deals")
    [found] = asked(tmp_path, url, prefix, SPEC)
    quote = '"' if "postgres" in url else "`"
    schema = prefix.rstrip(".")
    wanted = (
        f"CREATE INDEX {quote}deals_opened{quote} ON {quote}{schema}{quote}.{quote}deals{quote}({quote}opened{quote})"
    )
    assert found.help == wanted
    # 92 days of six deals each, of 12,000
    assert (
        found.said == f"no index on `opened` of `{prefix}deals` (12,000 rows), of which 4.6% are read by it: `q3.yaml`"
    )
    run(found.help)  # nothing was made, and it is a statement of the database
    [found] = asked(tmp_path, url, prefix, SPEC)
    assert (found.level, found.help) == ("ok", None)


def test_what_would_not_help(place: tuple[str, str, Run], tmp_path: Path) -> None:
    """Small tables, and conditions that leave most of the rows, are looked through all the same; an index that
    begins with another column, or has only some of the rows, is none."""
    url, prefix, run = place
    filled(run, prefix)
    calls = {**SPEC, "sections": [{"id": "k", "kpis": ["activities_done_count"]}]}
    assert [one.level for one in asked(tmp_path, url, prefix, calls)] == ["ok"]
    years = {**SPEC, "period": "2020"}  # one of five and a half
    assert [one.level for one in asked(tmp_path, url, prefix, years)] == ["ok"]
    run(f"create index deals_behind on {prefix}deals (id, opened)")
    if "postgres" in url:
        run(f"create index deals_some on {prefix}deals (opened) where amount > 3")
    assert [one.level for one in asked(tmp_path, url, prefix, SPEC)] == ["note"]
    run(f"create index deals_before on {prefix}deals (opened, id)")
    assert [one.level for one in asked(tmp_path, url, prefix, SPEC)] == ["ok"]


def test_a_file_of_sqlite(tmp_path: Path) -> None:
    """Times may be any text there, and are read value by value; other columns are compared as they are."""
    with closing(sqlite3.connect(tmp_path / "crm.sqlite", isolation_level=None)) as raw:
        filled(raw.execute, "")
        raw.execute("alter table deals add column source text")
        raw.execute("update deals set source = 's' || (id % 50)")
    spec = {**SPEC, "filters": [{"field": "deal.source", "eq": "s7"}]}
    assert [one.level for one in asked(tmp_path, "sqlite:///crm.sqlite", "", SPEC)] == ["ok"]
    [found] = asked(tmp_path, "sqlite:///crm.sqlite", "", spec)
    assert found.help == 'CREATE INDEX "deals_source" ON "deals"("source")'
    assert found.said == "no index on `source` of `deals` (12,000 rows), of which 2.0% are read by it: `q3.yaml`"
    with closing(sqlite3.connect(tmp_path / "crm.sqlite", isolation_level=None)) as raw:
        raw.execute(found.help)
        report = load_report(tmp_path / "q3.yaml", NOW, {}).report
        assert report is not None
        tree, *_ = compile_report(report).trees
        raw.create_function("WALL_DAY", 3, lambda *_: None)
        plan = raw.execute("explain query plan " + sql_text(tree, dialect_named("sqlite"))).fetchall()
    assert any("deals_source" in str(line) for line in plan), (plan, sql_text(tree, dialect_named("sqlite")))
    assert [one.level for one in asked(tmp_path, "sqlite:///crm.sqlite", "", spec)] == ["ok"]


def test_where_none_are_proposed(tmp_path: Path) -> None:
    import duckdb

    with duckdb.connect(str(tmp_path / "crm.duckdb")) as raw:
        filled(raw.execute, "")
    [found] = asked(tmp_path, f"duckdb:///{tmp_path}/crm.duckdb", "", SPEC)
    assert (found.level, found.said) == ("ok", "none are proposed for DuckDB")
