"""A time with a zone is an instant, and a time without one is the source's clock: whatever form a
database keeps it in, and wherever the program runs, a report's figures are the same.

Slow: servers of databases are started and filled."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.errors import SourceError
from tests.engines.servers import DEFAULTS, Given, driven
from tests.engines.shapes import landed
from tests.figures.asking import figures, rows

ROME = "Europe/Rome"
# Days of July 2026 in Rome begin at 22:00 UTC of the day before: the second and third are July's.
JULY = ("2026-06-30 21:30:00", "2026-06-30 22:30:00", "2026-07-31 21:30:00", "2026-07-31 22:30:00")
# Over the change to summer time on 29 March 2026, 01:00 UTC: a day and a half of time has passed.
LONG = ("2026-03-28 12:00:00", "2026-03-30 00:00:00")
# A hair before Rome's July ends: not a part of August, however it is rounded.
HAIR = "2026-07-31 21:59:59.999999"
SPEC: dict[str, Any] = {
    "report": "custom",
    "period": "2026-07",
    "sections": [{"id": f"s{i}", "kpis": ["deals_created_count"]} for i in range(8)]
    + [{"id": "by", "trend": {"metrics": ["deals_created_count"], "grain": "day"}}],
}
SPAN = {"report": "custom", "period": "2026-03", "metrics": ["sales_cycle_days"]}
Texts = list[tuple[str, Any, Any]]


def instants() -> list[tuple[str, str, str | None]]:
    """Key, beginning and end of the deals, in UTC."""
    opened = [(f"d{i}", at, None) for i, at in enumerate((*JULY, HAIR))]
    return [*opened, ("long", *LONG)]


def project(folder: Path, source: Any, table: str, kind: str | None = None, **own: Any) -> Path:
    """A project over a table of deals with the columns k, created, closed and state."""

    def at(name: str) -> Any:
        return {"sql": name, "type": kind} if kind else name

    fields = {
        "name": "k",
        "created_at": at("created"),
        "closed_at": at("closed"),
        "status": "state",
        "amount": "1",
        "currency": "'EUR'",
    }
    mapping = {"entities": {"deal": {"table": table, "key": "k", "fields": fields}}}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    settings = {
        "version": 1,
        "source": source,
        "mapping": "m.yaml",
        "timezone": ROME,
        "locale": "en_GB",
        "currency": "EUR",
        **own,
    }
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return folder


def holds(folder: Path) -> None:
    """The figures of the rows above, reckoned by hand."""
    found = figures(folder, SPEC)
    for index in range(8):
        assert rows(found, f"s{index}") == [{"deals_created_count": 3}]
    by_day = {str(r["period"]): r["deals_created_count"] for r in rows(found, "by")}
    assert {day: n for day, n in by_day.items() if n} == {"2026-07-01": 1, "2026-07-31": 2}
    [headline] = rows(figures(folder, SPAN), "headline")
    assert headline["sales_cycle_days"] == pytest.approx(1.5, abs=1e-9)


@contextmanager
def on_host(zone: str) -> Iterator[None]:
    """As on a machine whose clock is that of a zone."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


@pytest.fixture(params=["UTC", ROME, "America/New_York"])
def host(request: pytest.FixtureRequest) -> Iterator[str]:
    """The zone of the machine that the program runs on."""
    with on_host(request.param):
        yield request.param


def stamp(at: str | None) -> str:
    return f"timestamptz '{at}+00'" if at else "null"


def state(closed: Any) -> str:
    return "open" if closed is None else "won"


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_files(form: str, host: str, tmp_path: Path) -> None:
    import duckdb

    values = ", ".join(f"('{k}', timestamptz '{a}+00', {stamp(b)}, '{state(b)}')" for k, a, b in instants())
    file = tmp_path / f"d.{form}"
    with duckdb.connect() as raw:
        raw.execute("set timezone = 'UTC'")
        raw.execute(f"copy (select * from (values {values}) t(k, created, closed, state)) to '{file}'")
    holds(project(tmp_path, {"files": {"deals": file.name}}, "deals"))


ZONED = {
    "Z": lambda t: t.replace(" ", "T") + "Z",
    "offset": lambda t: f"{t}+00:00",
    "utc": lambda t: f"{t} UTC",
    "finer": lambda t: (t if "." in t else t + ".000000") + "999Z",
    "milliseconds": lambda t: seconds(t) * 1000,
    "seconds": lambda t: seconds(t),
}


def seconds(text: str) -> float:
    from datetime import UTC, datetime

    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def lite(folder: Path, given: Texts) -> Path:
    with sqlite3.connect(folder / "d.sqlite") as raw:
        raw.execute("create table d (k text, created, closed, state text)")
        raw.executemany("insert into d values (?, ?, ?, ?)", [(*r, state(r[2])) for r in given])
    raw.close()
    return project(folder, "sqlite:///d.sqlite", "d")


@pytest.mark.parametrize("form", ZONED)
def test_sqlite(form: str, tmp_path: Path) -> None:
    write = ZONED[form]
    holds(lite(tmp_path, [(k, write(a), write(b) if b else None) for k, a, b in instants()]))


def test_what_a_cast_of_sqlite_leaves_is_refused(tmp_path: Path) -> None:
    """In SQLite's own SQL a cast to a time is one to a number: of 2026-07-01 it leaves 2026."""
    folder = lite(tmp_path, [("a", "2026-07-01T10:00:00Z", None)])
    text = (folder / "m.yaml").read_text(encoding="utf-8")
    text = text.replace(
        "created_at: created",
        "created_at: nullif(cast(created as timestamptz), cast(closed as timestamptz))",
    )
    (folder / "m.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=r"one in the column `created` is no time"):
        figures(folder, SPEC)


def test_sqlite_without_a_zone(tmp_path: Path) -> None:
    """The source's clock: here Rome's, two hours ahead in summer, one in winter."""
    walls = [
        "2026-06-30 23:30:00",
        "2026-07-01 00:30:00",
        "2026-07-31T23:30:00",
        "2026-08-01 00:30:00",
        "2026-07-31 23:59:59.999999",
    ]
    given: Texts = [(f"d{i}", at, None) for i, at in enumerate(walls)]
    given.append(("long", "2026-03-28 13:00:00", "2026-03-30 02:00:00"))
    holds(lite(tmp_path, given))


def test_what_is_no_time_is_refused_by_column(tmp_path: Path) -> None:
    folder = lite(tmp_path, [("a", "14/03/2026 10:00:00", None)])
    with pytest.raises(SourceError, match=r"`deal.created_at` \(column `created`\) is no time"):
        figures(folder, SPEC)


TYPES = {"postgres": ("timestamptz", "timestamp"), "mariadb": ("timestamp(6) null", "datetime(6)")}


SERVERS = [pytest.param(name, marks=[pytest.mark.slow, pytest.mark.xdist_group(name)]) for name in TYPES]


@contextmanager
def kept(name: str, url: str, kind: str, deals: Iterable[tuple[str, str, str | None]]) -> Iterator[tuple[str, Any]]:
    """A table of deals with times of a type, and an engine over its database."""
    import sqlalchemy as sa
    from sqlalchemy.pool import NullPool

    table = f"instants_{os.getpid()}"
    engine = sa.create_engine(driven(url), poolclass=NullPool)
    try:
        with engine.begin() as raw:
            utc = "set time_zone = '+00:00'" if name == "mariadb" else "set time zone 'UTC'"
            raw.exec_driver_sql(utc)
            raw.exec_driver_sql(f"create table {table} (k varchar(9), created {kind}, closed {kind}, state varchar(9))")
            for key, begun, ended in deals:
                said = f"'{ended}'" if ended else "null"
                raw.exec_driver_sql(f"insert into {table} values ('{key}', '{begun}', {said}, '{state(ended)}')")
        yield table, engine
    finally:
        with engine.begin() as raw:
            raw.exec_driver_sql(f"drop table if exists {table}")
        engine.dispose()


@pytest.mark.parametrize("zoned", [True, False])
@pytest.mark.parametrize("name", SERVERS)
def test_servers(name: str, zoned: bool, tmp_path: Path, server: Callable[[str], str]) -> None:
    url, kind = server(name), TYPES[name][0 if zoned else 1]
    with kept(name, url, kind, instants()) as (table, engine):
        # Times without a zone are UTC's here; those with one are instants whatever is said.
        own = {} if zoned else {"source_timezone": "UTC"}
        folder = project(tmp_path, url, table, **own)
        if name == "mariadb" and zoned and not knows_zones(engine):
            with pytest.raises(SourceError, match=r"`instants_\d+\.(created|closed)`.*Europe/Rome"):
                figures(folder, SPEC)
            return
        holds(folder)


def knows_zones(engine: Any) -> bool:
    with engine.connect() as raw:
        found = raw.exec_driver_sql("select convert_tz('2026-07-01', 'UTC', 'Europe/Rome')").scalar()
        return found is not None


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", ""])
def test_clickhouse(zone: str, tmp_path: Path) -> None:
    from chdb.session import Session

    raw: Any = Session(str(tmp_path / "ch"))  # type: ignore[no-untyped-call]
    kind = f"Nullable(DateTime64(6, '{zone}'))" if zone else "Nullable(DateTime64(6))"
    raw.query("create database demo")
    raw.query(
        f"create table demo.d (k String, created {kind}, closed {kind}, state String) engine = MergeTree order by k"
    )
    for key, begun, ended in instants():
        first, last = (f"parseDateTime64BestEffort('{at}', 6, 'UTC')" if at else "NULL" for at in (begun, ended))
        raw.query(f"insert into demo.d select '{key}', {first}, {last}, '{state(ended)}'")
    raw.close()
    holds(project(tmp_path, f"chdb:///{tmp_path / 'ch'}", "demo.d"))


DAYS = [("a", "2026-02-01", "2026-02-28"), ("b", "2026-03-01", "2026-03-31"), ("c", "2026-03-02", "2026-04-01")]


def keep_days(folder: Path) -> None:
    """March has one deal won, which took 30 days over the change of the clock."""
    [headline] = rows(figures(folder, {**SPAN, "metrics": ["sales_cycle_days", "won_deals_count"]}), "headline")
    assert headline == {"sales_cycle_days": 30, "won_deals_count": 1}


@pytest.mark.parametrize("form", ["csv", "duckdb", "sqlite"])
def test_days_of_files_are_days(form: str, host: str, tmp_path: Path) -> None:
    """Whatever the mapping says of them, and however far the source's zone is."""
    import duckdb

    if form == "csv":
        lines = [f"{k},{a},{b},won" for k, a, b in DAYS]
        (tmp_path / "d.csv").write_text("\n".join(["k,created,closed,state", *lines]) + "\n")
        source: Any = {"files": {"d": "d.csv"}}
    elif form == "duckdb":
        source = "d.duckdb"
        with duckdb.connect(str(tmp_path / source)) as raw:
            raw.execute("create table d (k text, created date, closed date, state text)")
            raw.executemany("insert into d values (?, ?, ?, 'won')", DAYS)
    else:
        source = "sqlite:///d.sqlite"
        with sqlite3.connect(tmp_path / "d.sqlite") as lite_raw:
            lite_raw.execute("create table d (k text, created date, closed date, state text)")
            lite_raw.executemany("insert into d values (?, ?, ?, 'won')", DAYS)
        lite_raw.close()
    own = {"timezone": "America/Chicago", "source_timezone": "UTC"}
    keep_days(project(tmp_path, source, "d", **own))


@pytest.mark.parametrize("engine", ["clickhouse", *DEFAULTS])
@pytest.mark.parametrize("zone", ["America/New_York", "America/Chicago"])
def test_days_of_servers_are_days(engine: str, zone: str, tmp_path: Path) -> None:
    """Their columns are looked at before the report is made."""
    table = Given(
        "d",
        (("k", "VARCHAR"), ("created", "DATE"), ("closed", "DATE"), ("state", "VARCHAR")),
        [(*row, "won") for row in DAYS],
    )
    with landed(engine, [table], lambda *_: None, tmp_path / "db") as found:
        own = {"timezone": zone, "source_timezone": "UTC"}
        folder = project(tmp_path, found.url, f"{found.prefix}d", **own)
        keep_days(folder)
        # The days that somebody filters by are those of the source.
        filters = [{"field": "deal.created_at", "between": ["2026-03-01", "2026-03-01"]}]
        spec = {
            "report": "custom",
            "period": "2026-03",
            "sections": [{"id": "one", "kpis": ["deals_created_count"], "filters": filters}],
        }
        assert rows(figures(folder, spec), "one") == [{"deals_created_count": 1}]


def test_rows_without_a_key_have_one_order(tmp_path: Path) -> None:
    """Rows that the sort does not tell apart go by what is shown of them, whatever order they are
    stored in."""
    orders = []
    for number, names in enumerate(("cab", "bca")):
        folder = tmp_path / str(number)
        folder.mkdir()
        lines = "".join(f"{name},2026-07-01 10:00:00,open\n" for name in names)
        (folder / "d.csv").write_text("n,created,state\n" + lines)
        fields = {"name": "n", "created_at": "created", "status": "state"}
        mapping = {"entities": {"deal": {"table": "d", "fields": fields}}}
        (folder / "m.yaml").write_text(yaml.safe_dump(mapping))
        settings = {"version": 1, "source": {"files": {"d": "d.csv"}}, "mapping": "m.yaml", "timezone": ROME}
        (folder / "reportspec.yaml").write_text(yaml.safe_dump(settings))
        records = {"entity": "deal", "fields": ["deal.name", "deal.created_at"], "sort": "deal.created_at", "limit": 2}
        spec = {
            "report": "custom",
            "period": "2026-07",
            "sections": [{"id": "r", "records": records}],
        }
        orders.append([row["deal.name"] for row in rows(figures(folder, spec), "r")])
    assert orders == [["a", "b"], ["a", "b"]]
