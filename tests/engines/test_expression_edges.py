"""Every function and operator that people may use, on values at the edges: on every engine it gives what
it gives on DuckDB, or it is refused, or the database tells of a value that cannot be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from random import Random
from typing import Any

import duckdb
from sqlglot import exp

from reportspec.databases import dialect_named
from reportspec.expression.sandbox import CANONICAL, column_nodes, parse
from reportspec.expression.trees import LANDS, ZONE, alias_of, identifier, named
from reportspec.expression.types import KINDS, Kind, explicit, kind_of
from reportspec.sql.dialect import sql_text
from reportspec.sql.dialects.rewrite import Unsupported
from tests.conftest import Draw
from tests.engines.servers import EDGES, Engine
from tests.engines.test_expressions import plain
from tests.engines.together import Asking

# What stands for T (a text), N (a number), I (a whole number, written out), D, S (a day, a time), B (a
# condition), L (a text, written out), P (a pattern), U (a unit).
DRAWN: dict[str, tuple[str, ...]] = {
    "T": ("t", "o", "lower(t)", "t || o", "'ß'", "''", "' a '", "'É😀'", "'12'", "nullif(t, '')", "cast(i as varchar)"),
    "N": (
        "i",
        "b",
        "m",
        "-b",
        "i + 0.5",
        "2",
        "0",
        "-1",
        "0.5",
        "2.5",
        "m / 3",
        "i * 2",
        "1000000.25",
        "b - i",
        "null",
    ),
    "I": ("0", "1", "2", "3", "-1", "-2", "99", "length(t)", "length(t) - 2"),
    "D": ("d", "e", "date '2024-02-29'", "date '2021-01-03'", "cast(s as date)"),
    "S": ("s", "u", "timestamp '2026-03-29 02:30:00'", "cast(d as timestamp)"),
    "M": (
        "d",
        "e",
        "s",
        "u",
        "date '2024-02-29'",
        "timestamp '2026-03-29 02:30:00'",
        "'2026-05-01'",
        "'2026-05-01 00:00:00'",
    ),
    "B": ("f", "t = 'ß'", "i > 1", "b is null", "true", "null", "m > b"),
    "L": ("'a'", "' '", "''", "'ß'", "'%'", "'_'", "'\\'", "'x'", "'SS'", "'😀'"),
    "P": ("'a'", "'^a'", "'[a-z]+'", "'\\d+'", "'(a|b)'", "'.'", "'ß'", "'x$'", "'(?i)S'", "'\\.'"),
    "U": ("year", "quarter", "month", "week", "day", "hour", "minute", "second"),
    "X": (
        "year",
        "quarter",
        "month",
        "week",
        "day",
        "hour",
        "minute",
        "second",
        "dow",
        "isodow",
        "doy",
        "isoyear",
        "epoch",
    ),
    "O": ("=", "<>", "<", "<=", ">", ">=", "is distinct from", "is not distinct from"),
    "C": ("bigint", "int", "double", "decimal(18, 4)", "decimal(10, 1)", "varchar", "boolean", "date", "timestamp"),
}
FORMS: tuple[str, ...] = (
    "N + N",
    "N - N",
    "N * N",
    "N / N",
    "N % N",
    "N // N",
    "abs(N)",
    "round(N)",
    "round(N, 1)",
    "round(N, 0)",
    "round(N, 3)",
    "ceil(N)",
    "floor(N)",
    "sqrt(N)",
    "greatest(N, N)",
    "least(N, N, N)",
    "coalesce(N, N)",
    "nullif(N, N)",
    "case when B then N else N end",
    "case N when N then N end",
    "-(N)",
    "length(T)",
    "cast(N as C)",
    "try_cast(N as C)",
    "cast(T as C)",
    "try_cast(T as C)",
    "cast(B as C)",
    "cast(D as C)",
    "cast(S as C)",
    "try_cast(S as C)",
    "lower(T)",
    "upper(T)",
    "trim(T)",
    "ltrim(T)",
    "rtrim(T)",
    "trim(T, L)",
    "ltrim(T, L)",
    "rtrim(T, L)",
    "T || T",
    "concat(T, T)",
    "concat(T, T, T)",
    "concat_ws(L, T, T)",
    "left(T, I)",
    "right(T, I)",
    "substring(T, I)",
    "substring(T, I, I)",
    "replace(T, L, L)",
    "split_part(T, L, I)",
    "regexp_extract(T, P)",
    "regexp_extract(T, P, 1)",
    "regexp_extract(T, P, 0)",
    "regexp_replace(T, P, L)",
    "regexp_replace(T, P, L, 'g')",
    "lpad(T, 4, L)",
    "rpad(T, 2, L)",
    "lpad(T, 0, 'x')",
    "greatest(T, T)",
    "least(T, T)",
    "coalesce(T, T)",
    "nullif(T, T)",
    "case when B then T end",
    "starts_with(T, L)",
    "ends_with(T, L)",
    "contains(T, L)",
    "T like L",
    "T like '%ß%'",
    "T ilike L",
    "T like '_'",
    "T like 'a!%%' escape '!'",
    "T like L escape '\\'",
    "regexp_matches(T, P)",
    "regexp_matches(T, P, 'i')",
    "regexp_full_match(T, P)",
    "T O T",
    "N O N",
    "M O M",
    "(B) O (B)",
    "N in (N, N)",
    "T in (T, L)",
    "M in (M, M)",
    "T not in (T, L)",
    "N between N and N",
    "M between M and M",
    "T between L and T",
    "not (B)",
    "B and B",
    "B or B",
    "(B) is null",
    "N is null",
    "B is true",
    "B is not true",
    "B is false",
    "coalesce(B, B)",
    "if(B, N, N)",
    "extract(X from D)",
    "extract(X from S)",
    "year(D)",
    "month(S)",
    "day(D)",
    "date_diff('U', M, M)",
    "date_trunc('U', D)",
    "date_trunc('U', S)",
    "D + interval 1 U",
    "D - interval 13 U",
    "S + interval 1 U",
    "S - interval 40 U",
    "S + interval (i) day",
    "D + interval 1 day = e",
    "make_date(2024, 2, 29)",
    "make_date(year(D), month(D), 1)",
    "epoch(S)",
    "to_timestamp(i % 100000 + 100000)",
    "to_timestamp(86400.5)",
    "coalesce(M, M)",
    "greatest(D, D)",
    "greatest(M, M)",
    "least(S, S)",
    "case when B then D else D end",
    "strftime(S, '%Y-%m-%d %H:%M:%S')",
    "strftime(D, '%d.%m.%y %j')",
    "strptime('2024-02-29', '%Y-%m-%d')",
    "cast(strptime('29.02.2024', '%d.%m.%Y') as date)",
    "cast(date_trunc('U', S) as date) = D",
    "round(N / N, 2)",
    "i // I",
    "i % 3",
    "cast(b as decimal(10, 1))",
    "cast(M as varchar)",
    "date_diff('day', D, S) > N",
    "S at time zone 'UTC'",
)
_OF = {
    Kind.WHOLE: "number",
    Kind.NUMBER: "number",
    Kind.MONEY: "number",
    Kind.TEXT: "text",
    Kind.BOOLEAN: "boolean",
    Kind.DATE: "date",
    Kind.TIME: "time",
}
_TYPES = {
    "k": "integer",
    "i": "integer",
    "b": "number",
    "m": "number",
    "t": "text",
    "o": "text",
    "f": "boolean",
    "d": "date",
    "e": "date",
    "s": "time",
    "u": "time",
}


def of_edges(node: exp.Expr) -> Kind:
    return KINDS[_TYPES[node.name]]


def drawn(random: Random, form: str) -> str:
    """A form with a value in each of its places."""
    return re.sub(
        r"(?<![\w'%])'?([TNIDSMBLPUXOC])\b'?(?![\w%])",
        lambda m: m[0].replace(m[1], random.choice(DRAWN[m[1]])),
        form,
    )


def expressions(draw: Draw) -> list[tuple[str, exp.Expr, str]]:
    """What is asked: the text, its tree, and what it gives. What is no expression is left out."""
    random = Random(draw.seed)
    found: dict[str, tuple[exp.Expr, str]] = {}
    for _ in range(draw.rounds(2, 60)):
        for form in FORMS:
            text = drawn(random, form)
            try:
                tree = parse(text, CANONICAL)
                kind = kind_of(tree, of_edges)
            except Exception:
                continue
            if kind in _OF:
                found[text] = (tree, _OF[kind])
    return [(text, *rest) for text, rest in found.items()]


def statement(trees: Mapping[str, exp.Expr], table: str) -> exp.Select:
    """Expressions, by the names of their columns, over the rows, which enter as those of a mapping do."""
    rows = exp.Select()
    for name, _ in EDGES.columns:
        value: exp.Expr = exp.Column(this=identifier(name))
        landed = named(value, name)
        landed.meta[LANDS] = _TYPES[name]
        landed.meta[ZONE] = "UTC"
        rows = rows.select(landed, copy=False)
    rows = rows.from_(exp.to_table(table))
    found = exp.Select().select(exp.Column(this=identifier("k")), copy=False)
    for name, given in trees.items():
        tree = explicit(given.copy(), of_edges)
        for node in column_nodes(tree):
            node.this.set("quoted", True)
        found = found.select(named(tree, name), copy=False)
    return found.from_(exp.Subquery(this=rows, alias=alias_of("edges")))


def told(value: Any, kind: str) -> Any:
    """A value as it is compared: of numbers the first twelve digits."""
    found = plain(value, kind)
    return float(f"{found:.12g}") if isinstance(found, float) else found


def of_duckdb(asked_for: list[tuple[str, exp.Expr, str]]) -> dict[str, dict[int, Any]]:
    """What is right: DuckDB's answers. What it cannot say of some row is no question."""
    right = {}
    with duckdb.connect() as raw:
        raw.execute("set TimeZone = 'UTC'")
        body = ", ".join(f'"{name}" {kind}' for name, kind in EDGES.columns)
        raw.execute(f"create table edges ({body})")
        raw.executemany(f"insert into edges values ({', '.join('?' for _ in EDGES.columns)})", EDGES.rows)
        for text, tree, kind in asked_for:
            try:
                rows = raw.execute(sql_text(statement({"x": tree}, "edges"), dialect_named("duckdb"))).fetchall()
            except duckdb.Error:
                continue
            right[text] = {k: told(value, kind) for k, value in rows}
    return right


def test_edges(database: Engine, draw: Draw) -> None:
    """Each is written by itself. All that can be are asked together."""
    asked_for = expressions(draw)
    right = of_duckdb(asked_for)
    assert len(right) > len(asked_for) * 0.8
    trees = {text: tree for text, tree, _ in asked_for if text in right}
    kinds = {text: kind for text, _, kind in asked_for}
    asking = Asking(
        database,
        lambda names: statement({name: trees[text] for text, name in names.items()}, f"{database.prefix}edges"),
        kinds,
    )
    try:
        askable = []
        for text in trees:
            with suppress(Unsupported):
                asking.written([text])
                askable.append(text)
        found, wrong = asking.answers(askable)
    finally:
        asking.close()
    for text, rows in found.items():
        given = {k: told(value, kinds[text]) for k, value in rows.items()}
        if given != right[text]:
            wrong[text] = str({k: (given.get(k), v) for k, v in right[text].items() if given.get(k) != v})[:300]
    assert not wrong, "\n".join(f"{text}: {what}" for text, what in wrong.items())
    assert len(found) > len(right) * 0.6
