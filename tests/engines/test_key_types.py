"""Keys of any two types find the partners that their texts say, whatever a database compares them as.

The values of each type are written with their texts, so that Python knows which are the same.

Slow: keys of each two types are joined, on each database."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from sqlglot import exp

from reportspec.compile import Program, compile_report
from reportspec.contract.fit import fitted
from reportspec.contract.survey import answered
from reportspec.evaluate.report_figures import figures_of
from tests.conftest import Draw
from tests.engines.servers import driven
from tests.figures.asking import NOW, rows
from tests.loading import load_report

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("key types")]

SMALL = {"1": "1", "7": "7", "123": "123", "-5": "-5"}
WHOLE = {**SMALL, "2147483648": "2147483648", "9007199254740993": "9007199254740993"}
NATURAL = {"1": "1", "123": "123", "9007199254740993": "9007199254740993", "9223372036854775807": "9223372036854775807"}
UUID = {f"'{u}'": u for u in ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "00000000-0000-0000-0000-000000000001")}
WORDS = ("1", "00123", "123", "1.5", "7.0", "a", "A", "é", "e", *UUID.values(), "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11")
TEXTS = {f"'{text}'": text for text in (*WORDS, "7 ", "a ", " 1", "9007199254740993")}
SHORT = {f"'{text}'": text for text in ("1", "00123", "123", "a", "A")}


@dataclass(frozen=True)
class Place:
    """A database in which tables are made: the source's URL, and what stands before a table."""

    url: str
    prefix: str
    run: Callable[[str], object]
    close: Callable[[], object] = lambda: None  # before it is read


def in_duckdb(folder: Path) -> Place:
    raw = duckdb.connect(str(folder / "crm.duckdb"))
    return Place(f"duckdb:///{folder}/crm.duckdb", "", raw.execute, raw.close)


def in_sqlite(folder: Path) -> Place:
    raw = sqlite3.connect(folder / "crm.sqlite", isolation_level=None)
    return Place(f"sqlite:///{folder}/crm.sqlite", "", raw.execute, raw.close)


def in_clickhouse(folder: Path) -> Place:
    from chdb.session import Session

    raw: Any = Session(str(folder / "clickhouse"))  # type: ignore[no-untyped-call]
    raw.query("create database keys")
    return Place(f"chdb:///{folder}/clickhouse", "keys.", raw.query, raw.close)


@contextmanager
def in_server(url: str) -> Iterator[Place]:
    import sqlalchemy as sa
    from sqlalchemy.pool import NullPool

    made = sa.create_engine(driven(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    schema = f"reportspec_keys_{os.getpid()}"
    with made.connect() as raw:
        raw.exec_driver_sql(f"create schema {schema}")
        try:
            yield Place(url, f"{schema}.", raw.exec_driver_sql)
        finally:
            raw.exec_driver_sql(f"drop schema {schema}" + (" cascade" if "postgres" in url else ""))


# For each engine the types of columns, each with values as SQL has them and the texts that these are, and which pairs
# are to be compared as they are.
TYPES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "duckdb": {
        "INTEGER": SMALL,
        "BIGINT": WHOLE,
        "UBIGINT": NATURAL,
        "HUGEINT": WHOLE,
        "DOUBLE": {"1": "1.0", "1.5": "1.5", "7": "7.0"},
        "DECIMAL(18, 2)": {"1": "1.00", "1.5": "1.50"},
        "VARCHAR": TEXTS,
        "VARCHAR COLLATE NOCASE": SHORT,
        "UUID": UUID,
        "BOOLEAN": {"true": "true"},
    },
    "sqlite": {
        "INTEGER": SMALL,
        "BIGINT": WHOLE,
        "INT": {"1": "1", "7": "7", "'abc'": "abc", "1.5": "1.5", "x'313233'": "123", "'9 a'": "9 a"},
        "TEXT": TEXTS,
        "TEXT COLLATE NOCASE": SHORT,
        "CHAR(8)": {"'7 '": "7 ", "'7'": "7", "123": "123", "x'41'": "A"},
        "REAL": {"1": "1.0", "1.5": "1.5"},
        "": {"1": "1", "'7'": "7", "1.5": "1.5", "'00123'": "00123"},
        "BLOB": {"x'313233'": "123", "'1'": "1"},
        "DECIMAL": {"1": "1", "1.5": "1.5", "'a'": "a"},
    },
    "postgres": {
        "smallint": SMALL,
        "integer": SMALL,
        "bigint": WHOLE,
        "numeric": {"1": "1", "1.0": "1.0", "1.50": "1.50", "123": "123"},
        "double precision": {"1": "1", "1.5": "1.5"},
        "text": TEXTS,
        "varchar(60)": TEXTS,
        "char(8)": {"'7 '": "7", "'a'": "a", "'123'": "123"},
        "uuid": UUID,
        "bit(2)": {"B'11'": "11", "B'01'": "01"},
        "boolean": {"true": "true"},
    },
    "mariadb": {
        "int": SMALL,
        "bigint unsigned": NATURAL,
        "tinyint(1)": {"1": "1", "7": "7"},
        "int(6) zerofill": {"1": "000001", "123": "000123"},
        "decimal(12, 2)": {"1": "1.00", "1.5": "1.50"},
        "double": {"1": "1", "1.5": "1.5"},
        "varchar(60) collate utf8mb4_general_ci": TEXTS,
        "varchar(60) collate utf8mb4_bin": TEXTS,
        "char(8) collate utf8mb4_general_ci": SHORT,
        "uuid": UUID,
    },
    "clickhouse": {
        "Int32": SMALL,
        "Nullable(Int64)": WHOLE,
        "UInt64": NATURAL,
        "LowCardinality(String)": TEXTS,
        "Nullable(UInt8)": {"1": "1", "7": "7"},
        "Float64": {"1": "1", "1.5": "1.5"},
        "String": TEXTS,
        "Nullable(UUID)": UUID,
    },
}
ALIKE = {
    "duckdb": ({"INTEGER", "BIGINT", "UBIGINT", "HUGEINT"}, {"UUID"}),
    "sqlite": ({"INTEGER", "BIGINT"},),
    "postgres": ({"smallint", "integer", "bigint"}, {"uuid"}),
    "mariadb": ({"int", "bigint unsigned", "tinyint(1)"}, {"uuid"}),
    "clickhouse": ({"Int32", "Nullable(Int64)", "Nullable(UInt8)"}, {"UInt64"}, {"Nullable(UUID)"}),
}


@contextmanager
def place_of(engine: str, folder: Path, server: Callable[[str], str]) -> Iterator[Place]:
    if engine in ("postgres", "mariadb"):
        with in_server(server(engine)) as place:
            yield place
    else:
        yield {"duckdb": in_duckdb, "sqlite": in_sqlite, "clickhouse": in_clickhouse}[engine](folder)


def fill(place: Place, engine: str) -> list[str]:
    """A table of deals and one of people for each type, with each of its values; of deals each as often as its
    place. The types."""
    kinds = list(TYPES[engine])
    end = {"clickhouse": " engine = MergeTree order by tuple()", "mariadb": " character set utf8mb4"}.get(engine, "")
    number, word, at = ("Int64", "String", "DateTime") if engine == "clickhouse" else ("int", "varchar(80)", "date")
    if engine == "mariadb":
        word += " collate utf8mb4_bin"
    for index, kind in enumerate(kinds):
        place.run(f"create table {place.prefix}d{index} (id {number}, k {kind}, made {at}){end}")
        place.run(f"create table {place.prefix}u{index} (k {kind}, name {word}){end}")
        deals = [value for n, value in enumerate(TYPES[engine][kind], 1) for _ in range(n)]
        many = ", ".join(f"({n}, {value}, '2026-08-01')" for n, value in enumerate(deals))
        place.run(f"insert into {place.prefix}d{index} values {many}")
        people = ", ".join(f"({v}, 'of {t.encode().hex()}')" for v, t in TYPES[engine][kind].items())
        place.run(f"insert into {place.prefix}u{index} values {people}")
    place.close()
    return kinds


def project(folder: Path, place: Place, engine: str, one: int, other: int) -> None:
    mapping = {
        "timezone": "UTC",
        "entities": {
            "deal": {
                "table": f"{place.prefix}d{one}",
                "key": "id",
                "fields": {"created_at": "made", "owner_id": "k"},
            },
            "user": {"table": f"{place.prefix}u{other}", "key": "k", "fields": {"name": "name"}},
        },
    }
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    said = {"version": 1, "source": place.url, "mapping": "m.yaml", "timezone": "UTC"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")


BY_OWNER = {"id": "by", "breakdown": {"metrics": ["deals_created_count"], "by": ["user.name"], "top": 60}}
SPEC = {"report": "custom", "period": "2026-Q3", "sections": [BY_OWNER]}


@pytest.mark.parametrize("engine", sorted(TYPES))
def test_keys_of_two_types_match_as_their_texts_do(
    engine: str, tmp_path: Path, server: Callable[[str], str], draw: Draw
) -> None:
    """By day each type with itself, with those of its kind and with the next one, so that each stands on both sides; by
    night with all others. What a join compares is made of each side by itself."""
    with place_of(engine, tmp_path, server) as place:
        kinds = fill(place, engine)
        for one, first in enumerate(kinds):
            for other, second in enumerate(kinds):
                alike = any(first in kind and second in kind for kind in ALIKE[engine])
                if not draw.night and not alike and (other - one) % len(kinds) > 1:
                    continue
                project(tmp_path, place, engine, one, other)
                ours, theirs = TYPES[engine][first], TYPES[engine][second]
                wanted = Counter({f"of {t.encode().hex()}": n for n, t in enumerate(ours.values(), 1)})
                there = {f"of {t.encode().hex()}" for t in theirs.values()}
                asked = program(tmp_path)
                found = {
                    str(row["user.name"]): row["deals_created_count"]
                    for row in rows(figures_of(answered(asked)), "by")
                    if row["deals_created_count"] and str(row["user.name"]).startswith("of ")
                }
                assert found == {name: n for name, n in wanted.items() if name in there}, (first, second)
                assert _compared_as_they_are(asked) == alike, (first, second)


def program(folder: Path) -> Program:
    """The statement of a report by owner, fitted to what types the source has."""
    (folder / "asked.yaml").write_text(json.dumps({"version": 1, **SPEC}), encoding="utf-8")
    checked = load_report(folder / "asked.yaml", NOW, {})
    assert checked.report is not None, [d.message for d in checked.diagnostics]
    return fitted(compile_report(checked.report))


def _compared_as_they_are(asked: Program) -> bool:
    """Whether the statement joins people by their key as the source has it."""
    tree = asked.trees[0]
    rows = {cte.alias: cte.this for cte in tree.find_all(exp.CTE)}
    [on] = {join.args["on"] for join in tree.find_all(exp.Join) if join.this.name == "user"}
    made = [one for name in ("deal", "user") for one in rows[name].find_all(exp.Cast)]
    return not on.find(exp.Cast) and all(one.to.this != exp.DataType.Type.VARCHAR for one in made)
