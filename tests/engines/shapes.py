"""Tables in the shapes in which connectors land them: the same rows, kept as other types.

A shape says for each type of the demo's columns what a database's column is declared as and how a
value is written. One loader writes them into every database, as literals of its own SQL.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.engines.servers import Engine, Given, driven, served

EMBEDDED = ("duckdb", "sqlite", "clickhouse")
SERVERS = ("postgres", "mariadb")
EVERYWHERE = (*EMBEDDED, *SERVERS)


def shared_out(cases: Sequence[Any], by: str = "engine", every: int = 2) -> list[Any]:
    """Cases of a test that has a database as its parameter `by`: by day each on every second (third) of them, the next
    one on the next; by night on all."""
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            marks=pytest.mark.by_day(**{by: EVERYWHERE[at % every :: every]}),
        )
        for at, case in enumerate(cases)
    ]


FORMS = ("csv", "json", "parquet")
_BATCH = 400  # rows of one INSERT


@dataclass(frozen=True)
class Kept:
    """A column of a shape: its type in a database, and how the value of a row is written there."""

    kind: str
    said: Callable[[Any, int], Any]  # of a value and the number of its row


Shape = Callable[[str, str, str], Kept | None]  # of a database, a column's name and its DuckDB type

_NATURAL: Mapping[str, Mapping[str, str]] = {
    "duckdb": {},
    "sqlite": {"VARCHAR": "TEXT", "TIMESTAMP": "TEXT", "DATE": "DATE", "DOUBLE": "REAL",
               "BOOLEAN": "INTEGER", "DECIMAL": "NUMERIC"},
    "postgres": {"DOUBLE": "DOUBLE PRECISION"},
    "mariadb": {"VARCHAR": "VARCHAR(400)", "TIMESTAMP": "DATETIME(6)"},
    "clickhouse": {"VARCHAR": "String", "TIMESTAMP": "DateTime64(6, 'UTC')", "DATE": "Date32",
                   "DOUBLE": "Float64", "INTEGER": "Int64", "BIGINT": "Int64", "BOOLEAN": "Bool",
                   "DECIMAL": "Decimal(14, 2)"},
}  # fmt: skip


def natural(engine: str, kind: str) -> str:
    """The type of a database for a DuckDB type."""
    base = kind.partition("(")[0]
    return _NATURAL[engine].get(base, kind)


def _literal(value: Any, engine: str) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return ("1" if value else "0") if engine == "sqlite" else ("true" if value else "false")
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    text = value.isoformat(" ") if isinstance(value, datetime) else str(value)
    text = text.replace("\\", "\\\\") if engine in ("mariadb", "clickhouse") else text
    return "'" + text.replace("'", "''") + "'"


def statements(table: Given, shape: Shape, engine: str, prefix: str) -> Iterator[str]:
    """The statements that make a table in a shape, with its rows."""
    mark = "`" if engine == "mariadb" else '"'
    kept = [shape(engine, name, kind) or Kept(natural(engine, kind), lambda v, n: v) for name, kind in table.columns]
    nullable = "Nullable({})" if engine == "clickhouse" else "{} NULL"
    body = ", ".join(
        f"{mark}{name}{mark} {nullable.format(k.kind)}" for (name, _), k in zip(table.columns, kept, strict=True)
    )
    place = f"{prefix}{mark}{table.name}{mark}"
    end = " ENGINE = MergeTree ORDER BY tuple()" if engine == "clickhouse" else ""
    yield f"CREATE TABLE {place} ({body}){end}"
    rows = [
        "("
        + ", ".join(_literal(None if v is None else k.said(v, n), engine) for k, v in zip(kept, row, strict=True))
        + ")"
        for n, row in enumerate(table.rows)
    ]
    for start in range(0, len(rows), _BATCH):
        yield f"INSERT INTO {place} VALUES {', '.join(rows[start : start + _BATCH])}"


@contextmanager
def landed(engine: str, tables: list[Given], shape: Shape, folder: Path) -> Iterator[Engine]:
    """A database with the tables in a shape."""
    folder.mkdir(exist_ok=True)
    if engine in SERVERS:
        with _schema(engine, served(engine), tables, shape) as prefix:
            yield Engine(engine, served(engine), prefix)
        return
    prefix = "demo." if engine == "clickhouse" else ""
    made = [one for table in tables for one in statements(table, shape, engine, prefix)]
    if engine == "sqlite":
        with sqlite3.connect(folder / "x.sqlite") as lite:
            for one in made:
                lite.execute(one)
        lite.close()
        yield Engine(engine, f"sqlite:///{folder / 'x.sqlite'}", prefix)
    elif engine == "duckdb":
        import duckdb

        with duckdb.connect(str(folder / "x.duckdb")) as raw:
            raw.execute("SET TimeZone = 'UTC'")
            for one in made:
                raw.execute(one)
        yield Engine(engine, f"duckdb:///{folder / 'x.duckdb'}", prefix)
    else:
        from chdb.session import Session

        ch: Any = Session(str(folder / "ch"))  # type: ignore[no-untyped-call]
        for one in ("CREATE DATABASE demo", *made):
            ch.query(one)
        ch.close()
        yield Engine(engine, f"chdb:///{folder / 'ch'}", prefix)


def filed(form: str, tables: list[Given], shape: Shape, folder: Path) -> dict[str, Any]:
    """Files in a folder with the tables in a shape, as the source of a project there."""
    import duckdb

    with (
        landed("duckdb", tables, shape, folder / "db") as found,
        duckdb.connect(found.url.removeprefix("duckdb:///")) as raw,
    ):
        raw.execute("SET TimeZone = 'UTC'")
        for table in tables:
            raw.execute(f"COPY \"{table.name}\" TO '{folder / table.name}.{form}'")
    return {"files": {table.name: f"{table.name}.{form}" for table in tables}}


@contextmanager
def _schema(engine: str, url: str, tables: list[Given], shape: Shape) -> Iterator[str]:
    import sqlalchemy as sa
    from sqlalchemy.pool import NullPool

    name = f"shapes_{os.getpid()}"
    made = sa.create_engine(driven(url), poolclass=NullPool)
    utc = "SET time_zone = '+00:00'" if engine == "mariadb" else "SET TIME ZONE 'UTC'"
    drop = f"DROP SCHEMA IF EXISTS {name}" + ("" if engine == "mariadb" else " CASCADE")
    options = {"no_parameters": True}
    try:
        with made.begin() as raw:
            for one in (utc, drop, f"CREATE SCHEMA {name}"):
                raw.exec_driver_sql(one)
            if engine == "postgres":
                raw.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS citext")
            for table in tables:
                for one in statements(table, shape, engine, f"{name}."):
                    raw.exec_driver_sql(one, execution_options=options)
        yield f"{name}."
    finally:
        with made.begin() as raw:
            raw.exec_driver_sql(drop)
        made.dispose()


# --- the shapes ------------------------------------------------------------------------------------

_WORDS = (("true", "false"), ("T", "F"), (" Yes", "no "), ("1", "0"), ("TRUE", "False"), ("y", "N"))
_EAST = ZoneInfo("Asia/Kolkata")


def word(value: bool, number: int) -> str:
    """A boolean as one of the words for it."""
    return _WORDS[number % len(_WORDS)][0 if value else 1]


def written(value: datetime, number: int) -> str:
    """A time of UTC's clock as one of the texts that say it."""
    match number % 6:
        case 0:
            return value.isoformat() + "Z"
        case 1:
            return value.isoformat(" ")
        case 2:
            return value.replace(tzinfo=UTC).astimezone(_EAST).isoformat(" ")
        case 3:
            return value.isoformat(" ", "microseconds") + "999+0000"
        case 4:
            return value.isoformat("T", "microseconds") + "9"
        case _:
            return value.isoformat(" ") + " UTC"


def _text(engine: str) -> str:
    return natural(engine, "VARCHAR")


def texts(engine: str, name: str, kind: str) -> Kept | None:
    """Times, days and booleans as texts."""
    if kind == "TIMESTAMP":
        return Kept(_text(engine), written)
    if kind == "BOOLEAN":
        return Kept(_text(engine), word)
    return Kept(_text(engine), lambda v, n: f" {v}") if kind == "DATE" else None


_ZONED = {
    "duckdb": "TIMESTAMPTZ",
    "postgres": "TIMESTAMPTZ",
    "mariadb": "TIMESTAMP(6)",
    "sqlite": "TEXT",
    "clickhouse": "DateTime64(6, 'America/New_York')",
}
_LOOSE = {
    "duckdb": "VARCHAR COLLATE NOCASE",
    "postgres": "CITEXT",
    "sqlite": "TEXT COLLATE NOCASE",
    "mariadb": "VARCHAR(400) COLLATE utf8mb4_general_ci",
    "clickhouse": "String",
}
_WIDE = {"sqlite": "NUMERIC", "clickhouse": "Decimal(38, 9)"}


def wide(engine: str, name: str, kind: str) -> Kept | None:
    """Times with a zone, decimals of 38 digits, booleans as decimals, texts without regard to case."""
    base = kind.partition("(")[0]
    if base == "TIMESTAMP":
        return Kept(_ZONED[engine], _instant(engine))
    if base == "VARCHAR":
        return Kept(_LOOSE[engine], lambda v, n: v)
    if base in ("DECIMAL", "DOUBLE"):
        return Kept(_WIDE.get(engine, "NUMERIC(38, 9)"), lambda v, n: round(Decimal(str(v)), 9))
    if base == "BOOLEAN":
        return Kept(_WIDE.get(engine, "NUMERIC(38, 9)"), lambda v, n: int(v))
    return None


def _instant(engine: str) -> Callable[[Any, int], Any]:
    def said(value: datetime, number: int) -> str:
        if engine == "clickhouse":  # read on the column's clock
            value = value.replace(tzinfo=UTC).astimezone(ZoneInfo("America/New_York"))
            return value.replace(tzinfo=None).isoformat(" ")
        return value.isoformat(" ") + {"mariadb": "", "sqlite": "Z"}.get(engine, "+00")

    return said


def numbers(engine: str, name: str, kind: str) -> Kept | None:
    """Booleans and keys as whole numbers, days as times."""
    whole = natural(engine, "BIGINT")
    if kind == "BOOLEAN":
        return Kept(whole, lambda v, n: int(v))
    if kind == "DATE":
        return Kept(natural(engine, "TIMESTAMP"), lambda v, n: midnight(v))
    if kind == "VARCHAR" and name.endswith("_id"):
        return Kept(whole, lambda v, n: _KEYS.setdefault(v, len(_KEYS) + 1))
    return None


_KEYS: dict[str, int] = {}


def midnight(day: date) -> datetime:
    """A day's beginning on a wall's clock."""
    return datetime.combine(day, datetime.min.time())


SHAPES: Mapping[str, Shape] = {"texts": texts, "wide": wide, "numbers": numbers}
