"""What people may write in expressions means on every engine what it means on DuckDB, or is
refused there, over rows with traps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from reportspec.databases import dialect_named
from reportspec.expression.sandbox import CANONICAL, parse
from reportspec.sql.dialect import sql_text
from reportspec.sql.dialects.rewrite import Unsupported
from tests.engines.servers import TRAPS, Engine
from tests.engines.together import Asking

# The kind of the result, and the expressions.
CASES: dict[str, tuple[str, ...]] = {
    "number": (
        "a + b",
        "a - b",
        "a * b",
        "a / b",
        "b / a",
        "a % 7",
        "-a",
        "abs(b)",
        "a / 4",
        "m / 3",
        "m * 2",
        "coalesce(b, a)",
        "coalesce(a, 0)",
        "nullif(a, 2)",
        "case when a > b then a else b end",
        "case a when 2 then 20 else 0 end",
        "greatest(a, b)",
        "least(a, b)",
        "floor(b)",
        "ceil(b)",
        "sqrt(abs(b))",
        "cast(a as double)",
        "cast(a as decimal(18, 4))",
        "cast(n as double)",
        "cast(n as bigint)",
        "try_cast(t as double)",
        "try_cast(t as bigint)",
        "length(t)",
        "round(b, 1)",
        "round(b)",
        "extract(year from d)",
        "extract(month from d)",
        "extract(day from d)",
        "year(d)",
        "month(d)",
        "day(d)",
        "extract(quarter from d)",
        "extract(isodow from d)",
        "extract(dow from d)",
        "extract(week from d)",
        "extract(hour from s)",
        "date_diff('day', d, e)",
        "date_diff('month', d, e)",
        "date_diff('year', d, e)",
        "date_diff('week', d, e)",
        "date_diff('microsecond', s, u)",
        "date_diff('second', s, u)",
        "date_diff('hour', s, u)",
        "7 // 2",
        "epoch(s)",
        "-7 // 2",
        "7.5 // 2",
        "-7.5 // 2",
        "b // 2",
        "b // a",
        "a // b",
        "m // 3",
        "a // 0",
        "b % 2",
        "m % 3",
        "-b % 0.75",
        "7 % -3",
        "-7.5 % 2",
        "extract(second from s)",
        "extract(millisecond from s)",
        "extract(microsecond from s)",
        "round(b, 0)",
        "round(a, 1)",
        "cast(m as bigint)",
        "cast(-m as int)",
        "cast(m / 4 as bigint)",
        "cast(f as int)",
        "try_cast(n as decimal(10, 2))",
        "round(-b)",
        "extract(dow from s)",
        "extract(isodow from s)",
        "length('é😀')",
        "greatest(a, null)",
        "b % a",
        "a % b",
        "a % 0",
        "cast(a as bigint) % 4",
        "cast(a as bigint) % b",
    ),
    "boolean": (
        "a = 2",
        "a <> 2",
        "a < b",
        "a <= b",
        "a > b",
        "a >= b",
        "t = 'Rossi'",
        "t <> 'rossi'",
        "t in ('Rossi', 'trail')",
        "t not in ('Rossi', 'trail')",
        "a between 1 and 3",
        "t between 'A' and 'Z'",
        "t like 'R%'",
        "t like '%s_'",
        "lower(t) like '%\\%%' escape '\\'",
        "t ilike '%ROS%'",
        "t is null",
        "t is not null",
        "not (a = 2)",
        "a = 2 and b > 1",
        "a = 2 or b > 1",
        "f",
        "not f",
        "f = true",
        "a is distinct from b",
        "a is not distinct from b",
        "starts_with(t, 'Ro')",
        "ends_with(t, 'si')",
        "contains(t, 'oss')",
        "regexp_matches(t, '^R.*i$')",
        "regexp_matches(t, '[0-9]+')",
        "d < e",
        "d = date '2024-02-29'",
        "s < timestamp '2026-03-29 02:00:00'",
        "a in (1, 2, null)",
        "regexp_matches(t, 'rossi', 'i')",
        "contains(t, '%')",
        "contains(t, '')",
        "starts_with(t, '')",
        "starts_with(t, '_')",
        "ends_with(t, '%')",
        "t like 'R\\%' escape '\\'",
        "t like '%!%%' escape '!'",
        "t like ''",
        "t not in (null, 'x')",
        "a not in (1, null)",
        "s > date '2026-01-01'",
        "s <= date '2026-01-01'",
        "s = date '2026-01-01'",
        "d >= date '2026-01-31'",
        "s between date '2026-01-01' and date '2026-03-29'",
        "d between date '2026-01-31' and date '2026-08-30'",
        "regexp_full_match(t, '[a-z]+')",
        "replace(cast(t as varchar), 's', 'z') = cast(t as varchar)",
        "cast(t as varchar) = replace(cast(t as varchar), 's', '')",
        "lower(cast(t as varchar)) <> cast(t as varchar)",
        "left(cast(a as varchar), 1) = cast(a as varchar)",
        "concat(cast(t as varchar), 'x') = cast(t as varchar)",
    ),
    "text": (
        "lower(t)",
        "upper(t)",
        "trim(t)",
        "ltrim(t)",
        "rtrim(t)",
        "t || '!'",
        "concat(t, '!')",
        "concat_ws('-', t, n)",
        "left(t, 3)",
        "right(t, 2)",
        "substring(t, 2, 3)",
        "substring(t, 3)",
        "replace(t, 's', 'z')",
        "coalesce(nullif(t, ''), 'none')",
        "cast(a as varchar)",
        "cast(d as varchar)",
        "split_part(t, ' ', 1)",
        "split_part(n, '.', 2)",
        "regexp_extract(t, '([a-z]+)', 1)",
        "regexp_replace(t, '[aeiou]', '_', 'g')",
        "regexp_replace(t, '[aeiou]', '_')",
        "lpad(n, 6, '0')",
        "rpad(n, 6, '.')",
        "strftime(s, '%Y-%m-%d')",
        "strftime(s, '%Y-%m')",
        "case when t like '%a%' then 'a' else 'no' end",
        "left(t, 0)",
        "left(t, -1)",
        "left(t, length(t) - 3)",
        "right(t, 0)",
        "right(t, -2)",
        "right(t, length(t) - 3)",
        "left(t, 99)",
        "substring(t, 0)",
        "substring(t, 0, 2)",
        "substring(t, -2)",
        "substring(t, 2, 0)",
        "substring(t, 2, -1)",
        "substring(t, 99)",
        "split_part(t, ' ', 2)",
        "split_part(t, ' ', -1)",
        "split_part(t, '', 1)",
        "trim(t, 'i')",
        "rtrim(t, 'is')",
        "replace(t, '', 'x')",
        "regexp_replace(t, 'r', 'y', 'gi')",
        "regexp_replace(t, 'R', 'y', 'i')",
        "greatest(t, 'S')",
        "least(t, 'S')",
        "concat(t, null)",
        "t || null",
        *(
            f"strftime(s, '{form}')"
            for form in (
                "%y",
                "%j",
                "%H:%M:%S",
                "%d.%m.%Y",
                "%Y%m%d",
                "%Y/%m (%d)",
                "Q%m",
                "day %d",
                "%Y-W%V",
                "%-d",
                "%A",
                "%b",
                "%p",
                "%I",
                "%U",
                "%W",
                "%V",
                "%G",
                "%u",
                "%w",
                "%e",
                "%c",
                "%x",
                "%X",
                "%f",
                "%z",
                "%Z",
                "%%",
                "%T",
                "%n",
                "%a",
                "%B",
            )
        ),
    ),
    "date": (
        "cast(s as date)",
        "date '2026-01-31'",
        "date_trunc('month', d)",
        "date_trunc('week', d)",
        "date_trunc('quarter', d)",
        "date_trunc('year', d)",
        "cast(d + interval 1 day as date)",
        "cast(d - interval 40 day as date)",
        "cast(d + interval 1 month as date)",
        "cast(d - interval 1 year as date)",
        "cast('2026-02-03' as date)",
        "cast(strptime('03/02/2026', '%d/%m/%Y') as date)",
        "make_date(2026, 2, 3)",
        "try_cast(i as date)",
        "coalesce(d, e)",
        "cast(i as date)",
        "date_trunc('week', s)",
        "cast(d + interval 1 week as date)",
        "cast(d - interval '3' day as date)",
        "make_date(2026, 1, 31)",
    ),
    "time": (
        "cast(d as timestamp)",
        "timestamp '2026-03-29 01:30:00'",
        "cast('2026-03-29 01:30:00' as timestamp)",
        "s + interval 90 minute",
        "s - interval 2 hour",
        "date_trunc('hour', s)",
        "to_timestamp(86400)",
        "strptime('2026-02-03 04:05:06', '%Y-%m-%d %H:%M:%S')",
        "s + interval 1 month",
        "s - interval 1 year",
        "s + interval 3 week",
        "s + interval '1' second",
        "strptime('03/02/2026 14:05', '%d/%m/%Y %H:%M')",
        "strptime('2026-02-03 02:05 PM', '%Y-%m-%d %I:%M %p')",
        "s at time zone 'Europe/Rome'",
    ),
}
# Unreadable on some rows: asked of the rows where it can be read.
WHERE = {"cast(i as date)": "k <= 2", "cast(n as bigint)": "k <= 2", "cast(n as double)": "k <= 4"}
ALL = [(kind, text) for kind, texts in CASES.items() for text in texts]


def selected(names: Mapping[str, str], table: str) -> exp.Select:
    """Expressions by the names that their columns have."""
    columns = [exp.alias_(parse(text, CANONICAL), name, quoted=True) for text, name in names.items()]
    select = exp.select("k", *columns).from_(exp.to_table(table))
    for text in set(names) & set(WHERE):
        select = select.where(sqlglot.condition(WHERE[text], dialect=CANONICAL))
    return select


@pytest.fixture(scope="module")
def wanted() -> dict[str, Any]:
    found: dict[str, Any] = {}
    with duckdb.connect() as raw:
        raw.execute("set TimeZone = 'UTC'")
        body = ", ".join(f'"{name}" {kind}' for name, kind in TRAPS.columns)
        raw.execute(f"create table traps ({body})")
        marks = ", ".join("?" for _ in TRAPS.columns)
        raw.executemany(f"insert into traps values ({marks})", TRAPS.rows)
        for kind, text in ALL:
            rows = raw.execute(sql_text(selected({text: "x"}, "traps"), dialect_named("duckdb"))).fetchall()
            found[text] = {k: plain(value, kind) for k, value in rows}
    return found


def plain(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "number":
        return round(float(value), 9)
    if kind == "boolean":
        return bool(value)
    if kind == "date" and isinstance(value, datetime):
        return value.date()
    if kind == "time" and isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def test_expressions(database: Engine, wanted: dict[str, Any]) -> None:
    """Each is written by itself. All that can be are asked together."""
    kinds = {text: kind for kind, text in ALL}
    refused, askable = [], []
    asking = Asking(database, lambda names: selected(names, f"{database.prefix}traps"), kinds)
    try:
        for text in kinds:
            try:
                asking.written([text])
            except Unsupported:
                refused.append(text)
            else:
                askable.append(text)
        found, wrong = asking.answers([text for text in askable if text not in WHERE])
        for text in set(WHERE) & set(askable):
            rows, failed = asking.answers([text])
            found |= rows
            wrong |= failed
    finally:
        asking.close()
    for text, rows in found.items():
        told = {k: plain(value, kinds[text]) for k, value in rows.items()}
        if told != wanted[text]:
            wrong[text] = str({k: (told.get(k), v) for k, v in wanted[text].items() if told.get(k) != v})[:300]
    assert not wrong, "\n".join(f"{text}: {what}" for text, what in wrong.items())
    assert {*found, *refused} == {*kinds}
    assert sorted(refused) == sorted(REFUSED.get(database.name, ())), refused


# What an engine has no words for that mean the same. Nothing is on the list that it could say wrongly.
_EVERYWHERE = ("regexp_full_match(t, '[a-z]+')",)
_STRPTIME = (
    "cast(strptime('03/02/2026', '%d/%m/%Y') as date)",
    "strptime('2026-02-03 04:05:06', '%Y-%m-%d %H:%M:%S')",
)
# Arguments that databases read each in its own way: only DuckDB is asked.
_ODD = tuple(
    text for text in (text for _, text in ALL)
    if text in ("extract(millisecond from s)", "extract(microsecond from s)", "substring(t, 0)", "substring(t, 0, 2)",
                "substring(t, -2)", "substring(t, 2, -1)", "split_part(t, ' ', -1)", "split_part(t, '', 1)",
                "strptime('2026-02-03 02:05 PM', '%Y-%m-%d %I:%M %p')")
    or (text.startswith("strftime") and set(re.sub("%[YymdHMSj]", "", text[13:-2])) - set(" .:()/-"))
)  # fmt: skip
_ZONED = "s at time zone 'Europe/Rome'"
_EPOCH = ("epoch(s)",)
REFUSED: dict[str, tuple[str, ...]] = {
    "sqlite": (
        *_EVERYWHERE,
        *_ODD,
        *_STRPTIME,
        *_EPOCH,
        _ZONED,
        "extract(second from s)",
        "strftime(s, '%y')",
        "strptime('03/02/2026 14:05', '%d/%m/%Y %H:%M')",
        "extract(week from d)",
        "concat_ws('-', t, n)",
        "lpad(n, 6, '0')",
        "rpad(n, 6, '.')",
    ),
    "postgres": (*_EVERYWHERE, *_ODD),
    "mariadb": (
        *_EVERYWHERE,
        *_ODD,
        *_EPOCH,
        _ZONED,
        "regexp_replace(t, '[aeiou]', '_')",
        "make_date(2026, 2, 3)",
        "make_date(2026, 1, 31)",
        "rtrim(t, 'is')",
        "regexp_replace(t, 'R', 'y', 'i')",
        "try_cast(i as date)",
    ),
    "clickhouse": (
        *_EVERYWHERE,
        *_ODD,
        *_STRPTIME,
        *_EPOCH,
        _ZONED,
        "strptime('03/02/2026 14:05', '%d/%m/%Y %H:%M')",
        "concat_ws('-', t, n)",
        "try_cast(i as date)",
    ),
    "spark": (
        *_EVERYWHERE,
        *_ODD,
        *_EPOCH,
        _ZONED,
        "strftime(s, '%j')",
        "regexp_replace(t, '[aeiou]', '_')",
        "regexp_replace(t, 'R', 'y', 'i')",
    ),
}
