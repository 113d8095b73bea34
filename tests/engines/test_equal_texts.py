"""Texts that a column's collation holds for equal: they are told apart, in bursts and everywhere else.

Slow: servers of databases are started and filled."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
import sqlalchemy as sa

from reportspec.building import run_report
from reportspec.burst.burst import run_each
from reportspec.burst.values import alike, values_of
from reportspec.compile import compile_report, listing
from reportspec.databases import dialect_named
from reportspec.errors import SourceError
from reportspec.formats.json_text import as_json
from reportspec.model.rows import Table
from reportspec.sql.dialect import sql_text
from reportspec.timings import Timings
from tests.engines.servers import driven
from tests.loading import load_report

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PLACE = f"equal_texts_{os.getpid()}"  # a schema of this process alone
# One extension cannot be made by two at once.
pytestmark = pytest.mark.xdist_group("equal texts")
# Each has an amount of its own, so that a sum says whose it is of.
NAMES = {"anna": 1, "Anna": 20, "ANNA ": 300, "Änna": 4000, "Carl": 50000}
OTHERS = {f"person {number}": 1_000_000 * number for number in range(1, 6)}
BOTH = """
entities:
  user:
    table: {prefix}people
    key: id
    fields: {{name: name, email: email, team: team, is_active: active}}
  deal:
    table: {prefix}sales
"""
MAPPING = (
    BOTH
    + """\
    key: id
    fields: {{name: name, owner_id: owner, amount: amount, status: status, created_at: created, closed_at: closed, updated_at: updated}}
"""
)
SPEC = """
version: 1
report: custom
title: Mine
period: 2026-10
sections:
  - {{id: head, kpis: [won_amount, won_deals_count]}}
  - {{id: by, breakdown: {{metrics: [won_amount], by: [user.name]}}}}
  - {{id: deals, records: {{entity: deal, fields: [deal.name, user.name, deal.amount], limit: 50}}}}
{each}
"""


def tables(kind: str, text: str, names: dict[str, int]) -> list[str]:
    """The statements that make the tables, with `kind` as the type of names and keys."""
    made = [
        f"CREATE TABLE people (id {kind}, name {kind}, email {text}, team {text}, active BOOLEAN)",
        f"CREATE TABLE sales (id {text}, name {text}, owner {kind}, amount DECIMAL(14,2), status {text},"
        " created TIMESTAMP NULL, closed TIMESTAMP NULL, updated TIMESTAMP NULL)",
    ]
    for number, (name, amount) in enumerate(names.items()):
        key = "k" + name  # the keys are alike as well
        made.append(f"INSERT INTO people VALUES ('{key}', '{name}', 'p{number}@example.com', 'N', TRUE)")
        made.append(
            f"INSERT INTO sales VALUES ('d{number}', 'deal {number}', '{key}', {amount}, 'won',"
            " '2026-10-02 10:00:00', '2026-10-20 10:00:00', '2026-11-01 10:00:00')"
        )
    return made


@contextmanager
def source(
    kind: str, names: dict[str, int], folder: Path, server: Callable[[str], str] = str
) -> Iterator[tuple[str, str]]:
    """A database with the tables: its URL, and what stands before a table. `server` gives the URLs of
    servers."""
    if kind == "sqlite":
        with sqlite3.connect(folder / "x.sqlite") as raw:
            for one in tables("TEXT COLLATE NOCASE", "TEXT", names):
                raw.execute(one)
        raw.close()
        yield "sqlite:///x.sqlite", ""
    elif kind == "sqlite rtrim":
        with sqlite3.connect(folder / "x.sqlite") as raw:
            for one in tables("TEXT COLLATE RTRIM", "TEXT", {**names, "anna  ": 7}):
                raw.execute(one)
        raw.close()
        yield "sqlite:///x.sqlite", ""
    elif kind == "duckdb":
        with duckdb.connect(str(folder / "x.duckdb")) as raw2:
            for one in tables("VARCHAR COLLATE NOCASE.NOACCENT", "VARCHAR", names):
                raw2.execute(one)
        yield "duckdb:///x.duckdb", ""
    elif kind.startswith("postgres"):
        yield from _postgres(kind, server("postgres"), names)
    else:
        yield from _mariadb(server("mariadb"), names)


def _postgres(kind: str, url: str, names: dict[str, int]) -> Iterator[tuple[str, str]]:
    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute(f"DROP SCHEMA IF EXISTS {PLACE} CASCADE")
        raw.execute(f"CREATE SCHEMA {PLACE}")
        try:
            raw.execute(f"SET search_path = {PLACE}, public")
            if kind == "postgres citext":
                raw.execute("CREATE EXTENSION IF NOT EXISTS citext SCHEMA public")
                of = "citext"
            else:
                raw.execute("CREATE COLLATION near (provider = icu, locale = 'und-u-ks-level1', deterministic = false)")
                of = "TEXT COLLATE near"
            for one in tables(of, "TEXT", names):
                raw.execute(one)
            yield url, f"{PLACE}."
        finally:
            raw.execute(f"DROP SCHEMA {PLACE} CASCADE")


def _mariadb(url: str, names: dict[str, int]) -> Iterator[tuple[str, str]]:
    with sa.create_engine(driven(url)).connect() as raw:
        raw.exec_driver_sql(f"DROP DATABASE IF EXISTS {PLACE}")
        raw.exec_driver_sql(f"CREATE DATABASE {PLACE} CHARACTER SET utf8mb4")
        raw.exec_driver_sql(f"USE {PLACE}")
        try:
            for one in tables("VARCHAR(40)", "VARCHAR(40)", names):
                raw.exec_driver_sql(one)
            raw.commit()
            yield f"{url.rpartition('/')[0]}/{PLACE}", ""
        finally:
            raw.exec_driver_sql(f"DROP DATABASE {PLACE}")


KINDS = (
    "sqlite",
    "sqlite rtrim",
    "duckdb",
    *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("postgres citext", "postgres", "mariadb")),
)


def load(folder: Path, url: str, prefix: str, for_each: str, mapping: str = MAPPING) -> Any:
    (folder / "m.yaml").write_text(mapping.format(prefix=prefix), "utf-8")
    (folder / "reportspec.yaml").write_text(
        f"version: 1\nsource: {url}\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n", "utf-8"
    )
    (folder / "spec.yaml").write_text(SPEC.format(each=for_each), "utf-8")
    checked = load_report(folder / "spec.yaml", NOW, {})
    assert checked.report is not None, checked.diagnostics
    return checked.report


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("many", [False, True])
def test_each_gets_their_own(kind: str, many: bool, tmp_path: Path, server: Callable[[str], str]) -> None:
    """With statements of their own, and with those that many values share."""
    names = {**NAMES, **OTHERS} if many else NAMES
    with source(kind, names, tmp_path, server) as (url, prefix):
        report = load(tmp_path, url, prefix, "for_each: user.name")
        made = run_each(compile_report(report), Timings())
    found = {one.value: json.loads(as_json(figures))["sections"] for one, figures in made}
    if kind == "sqlite rtrim":
        names = {**names, "anna  ": 7}
    assert set(found) == set(names)
    for name, amount in names.items():
        text = json.dumps(found[name])
        sums = [kpi.value for section in figures_of(made, name).sections for kpi in section.kpis]
        assert list(map(float, sums)) == [amount, 1], name
        number = list(names).index(name)
        for other in range(len(names)):
            assert (f'"deal {other}"' in text) == (other == number), (name, other)


# Whose a deal is, is said by comparisons that stand in the mapping itself.
SAID = (
    BOTH
    + """\
    joins:
      seller: {{table: {prefix}people, on: {{id: owner}}, unique: true}}
      first_seller: {{table: {prefix}people, on: {{id: owner}}, first: email}}
      sellers: {{table: {prefix}people, on: {{id: owner}}, fields: {{name: min(name)}}}}
      kanna: {{table: {prefix}people, where: "id = 'kanna'", on: {{id: owner}}, unique: true}}
    key: id
    fields:
      name: name
      owner_id: owner
      amount: amount
      status: status
      created_at: created
      closed_at: closed
      updated_at: updated
      searched: "case when owner = 'kanna' then 'anna' when owner = 'kAnna' then 'Anna' else 'other' end"
      simple: "case owner when 'kanna' then 'anna' when 'kAnna' then 'Anna' else 'other' end"
      listed: "case when owner in ('kanna', 'kAnna') then owner else 'other' end"
      ranged: "case when owner between 'kanna' and 'kanna' then 'anna' else 'other' end"
      emptied: "coalesce(nullif(owner, 'kanna'), 'anna')"
      beside: "seller.name"
      first: "first_seller.name"
      least: "sellers.name"
      only: "coalesce(kanna.name, 'other')"
      itself: "case when owner = seller.id then seller.name else 'other' end"
      unlike: "case when seller.name <> 'Anna' then 'other' else 'Anna' end"
"""
)
SAID_OF = {
    "searched": {"anna": 1, "Anna": 20},
    "simple": {"anna": 1, "Anna": 20},
    "listed": {"kanna": 1, "kAnna": 20},
    "ranged": {"anna": 1},
    "emptied": {"anna": 1, "kAnna": 20},
    "beside": NAMES,
    "first": NAMES,
    "least": NAMES,
    "only": {"anna": 1},
    "itself": NAMES,
    "unlike": {"Anna": 20},
}


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_gets_anothers_by_what_a_mapping_says(kind: str, tmp_path: Path, server: Callable[[str], str]) -> None:
    """The reports of a field that the mapping makes by comparing texts, and its values in each way of
    comparing."""
    more = {"anna  ": 7} if kind == "sqlite rtrim" else {}
    whole = sum(NAMES.values()) + sum(more.values())
    with source(kind, NAMES, tmp_path, server) as (url, prefix):
        report = load(tmp_path, url, prefix, "for_each: deal.searched", SAID)
        made = run_each(compile_report(report), Timings())
        found = {one.value: float(str(figures_of(made, one.value).sections[0].kpis[0].value)) for one, _ in made}
        assert found == {"anna": 1, "Anna": 20, "other": whole - 21}
        by = "".join(
            f"  - {{id: {field}, breakdown: {{metrics: [won_amount], by: [deal.{field}]}}}}\n" for field in SAID_OF
        )
        report = load(tmp_path, url, prefix, by.strip("\n"), SAID)
        figures = run_report(compile_report(report))
    sections = {section.id: section for section in figures.sections}
    for field, amounts in SAID_OF.items():
        rows = {str(row[0]): float(str(row[1])) for row in sections[field].rows}
        wanted = {**amounts, **more} if amounts is NAMES else amounts
        assert {value: rows.get(value) for value in wanted} == wanted, field
        assert sum(rows.values()) == whole, field


def figures_of(made: list[Any], name: str) -> Any:
    return next(figures for one, figures in made if one.value == name)


@pytest.mark.parametrize("kind", KINDS)
def test_a_breakdown_has_a_row_for_each(kind: str, tmp_path: Path, server: Callable[[str], str]) -> None:
    with source(kind, NAMES, tmp_path, server) as (url, prefix):
        report = load(tmp_path, url, prefix, "")
        figures = run_report(compile_report(report))
    section = next(one for one in figures.sections if one.id == "by")
    names = {**NAMES, "anna  ": 7} if kind == "sqlite rtrim" else NAMES
    rows = {str(row[0]): float(row[1]) for row in section.rows if row[0] in names}
    assert rows == names


def test_what_looks_alike_is_asked_about() -> None:
    assert alike(["anna", "Anna", "Carl"]) == ("anna", "Anna")
    for other in ("ANNA", "anna ", "ánna", "ａｎｎａ", "an\u00adna", "an\u200bna"):
        assert alike(["anna", other]) == ("anna", other)
    assert alike(["STRASSE", "straße"]) == ("STRASSE", "straße")
    assert alike(["anna", "anne", "Carl"]) == ()


MERGE = ("spark", "databricks", "snowflake", "bigquery", "redshift", "trino", "tsql", "oracle")


def test_a_listing_merges_no_values_where_collations_may(tmp_path: Path) -> None:
    """DISTINCT would merge `anna` and `Anna` of a column with such a collation, unseen: there the rows
    come whole, and are merged by what they are."""
    with source("sqlite", NAMES, tmp_path) as (url, prefix):
        report = load(tmp_path, url, prefix, "for_each: user.name")
    tree = listing(report)
    for dialect in MERGE:
        assert "DISTINCT" not in sql_text(tree, dialect_named(dialect)).upper(), dialect
    for dialect in ("duckdb", "sqlite", "postgres", "mariadb", "mysql", "clickhouse"):
        assert "DISTINCT" in sql_text(tree, dialect_named(dialect)).upper(), dialect
    rows = [("anna", 1), ("Anna", 1), ("anna", 1), ("Carl", 0), ("Carl", 0), ("anna", 1)]
    found = values_of(report, Table(("f0", "chosen"), tuple(rows)))
    assert [one.value for one in found] == ["Anna", "anna"]
    assert not any(one.several for one in found)


def test_a_database_that_takes_two_for_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the SQL does not mend it, the two are named and nobody gets anything."""
    from reportspec.sql import dialect

    known = dialect._rules

    def without(spoken: str) -> dialect.Rules:
        return {kind: rule for kind, rule in known(spoken).items() if kind is not dialect.exp.Alias}

    monkeypatch.setattr(dialect, "_rules", without)
    monkeypatch.setattr(dialect, "_told_apart", lambda tree, exact, loose: tree)
    with source("sqlite", NAMES, tmp_path) as (url, prefix):
        report = load(tmp_path, url, prefix, "for_each: user.name")
        compiled = compile_report(report)
        with pytest.raises(SourceError) as caught:
            run_each(compiled, Timings())
    assert caught.value.code == "values-alike"
    assert "`Anna`" in caught.value.message
    assert "`anna`" in caught.value.message
