"""Oracle, from 12.2 on. It has no booleans before 23, its days have a time, and an empty text is null."""

from __future__ import annotations

from sqlglot import exp

from reportspec.databases import Checkup, Database
from reportspec.run.alchemy import Driver
from reportspec.run.connection import Wanted
from reportspec.run.url_options import url_options
from reportspec.sql.dialects.common import (
    difference,
    inlined_or_not,
    is_zoned,
    nulls_last,
    remainder,
    safe_division,
)
from reportspec.sql.dialects.generic import (
    greatest,
    in_capitals,
    lands,
    least,
    typed_booleans,
    within_group,
    without_booleans,
)
from reportspec.sql.dialects.rewrite import (
    TEXTS,
    TIMES,
    WHOLES,
    Dialect,
    Rules,
    is_text_literal,
    snippet,
    type_of,
    with_args,
)


def _sql(text: str, **parts: exp.Expr) -> exp.Expr:
    return snippet("oracle", text, **parts)


_TEXT = exp.DataType(
    this=exp.DataType.Type.VARCHAR,
    expressions=[exp.DataTypeParam(this=exp.Literal.number(4000))],
    nested=False,
)
_MICROS = """
EXTRACT(DAY FROM (CAST(b AS TIMESTAMP) - CAST(a AS TIMESTAMP))) * 86400000000
+ EXTRACT(HOUR FROM (CAST(b AS TIMESTAMP) - CAST(a AS TIMESTAMP))) * 3600000000
+ EXTRACT(MINUTE FROM (CAST(b AS TIMESTAMP) - CAST(a AS TIMESTAMP))) * 60000000
+ EXTRACT(SECOND FROM (CAST(b AS TIMESTAMP) - CAST(a AS TIMESTAMP))) * 1000000
"""


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _cast(node: exp.Expr) -> exp.Expr:
    kind, value = type_of(node), node.this
    if kind in TEXTS:
        return with_args(node, to=_TEXT)
    if kind in WHOLES:
        return with_args(node, to=_number(38, 0))
    zoned = is_zoned(value) if kind in ("DATE", *TIMES) else None
    if zoned is not None:
        at, source, target = zoned
        stamp = exp.Cast(this=at, to=exp.DataType(this=exp.DataType.Type.TIMESTAMP, nested=False))
        aware = _call("FROM_TZ", stamp, exp.Literal.string(source))
        value = exp.AtTimeZone(this=aware, zone=exp.Literal.string(target))
        node = with_args(node, this=value)
    if kind in TIMES:
        if is_text_literal(value):
            return _call("TO_TIMESTAMP", value, exp.Literal.string("YYYY-MM-DD HH24:MI:SS"))
        return with_args(node, to=exp.DataType(this=exp.DataType.Type.TIMESTAMP, nested=False))
    if kind == "DATE":
        if is_text_literal(value):
            return _call("TO_DATE", value, exp.Literal.string("YYYY-MM-DD"))
        if isinstance(value, exp.Null):
            return node
        return _call("TRUNC", with_args(node, this=value))
    return node


def _number(precision: int, scale: int) -> exp.DataType:
    parameters = [exp.DataTypeParam(this=exp.Literal.number(n)) for n in (precision, scale)]
    return exp.DataType(this=exp.DataType.Type.DECIMAL, expressions=parameters, nested=False)


def _landed(node: exp.Expr) -> exp.Expr:
    """A day has a time there, which is dropped."""
    return with_args(node, this=_call("TRUNC", node.this)) if lands(node, "date") else node


def _truncated(node: exp.Expr) -> exp.Expr:
    formats = {"DAY": "DD", "WEEK": "IW", "MONTH": "MM", "QUARTER": "Q", "YEAR": "YYYY"}
    unit = str(node.args["unit"].name).upper()
    if unit not in formats:
        return node
    return _call("TRUNC", node.this, exp.Literal.string(formats[unit]))


def _later(node: exp.Expr) -> exp.Expr:
    unit = str(node.args.get("unit") or "DAY").upper()
    if unit == "MONTH":
        return _call("ADD_MONTHS", node.this, node.expression)
    return exp.Add(this=node.this, expression=node.expression) if unit == "DAY" else node


def _select(node: exp.Expr) -> exp.Expr:
    """A SELECT from nothing is one from DUAL."""
    if node.args.get("from_"):
        return node
    dual = exp.Table(this=exp.to_identifier("DUAL", quoted=False))
    return with_args(node, from_=exp.From(this=dual))


RULES: Rules = {
    exp.Identifier: in_capitals,
    exp.Alias: _landed,
    exp.Cast: _cast,
    exp.CTE: inlined_or_not,
    exp.DateAdd: _later,
    exp.DateDiff: difference("oracle", "Oracle", {"DAY": "(TRUNC(b) - TRUNC(a))"}, f"({_MICROS})"),
    exp.DateTrunc: _truncated,
    exp.Div: safe_division,
    exp.Greatest: greatest,
    exp.Least: least,
    exp.Mod: lambda node: remainder(node, "MOD"),
    exp.Order: nulls_last,
    exp.PercentileCont: within_group,
    exp.Select: _select,
}
ORACLE = Dialect(
    "oracle",
    "Oracle",
    "oracle",
    RULES,
    before=lambda tree: typed_booleans(without_booleans(tree)),
    merges=True,
    allowed=frozenset(
        {
            exp.LimitOptions,
            exp.StrToTime,
            exp.StrToDate,
            exp.TsOrDsToDate,
            exp.DateTrunc,
            exp.TimestampTrunc,
            exp.Trunc,
            exp.AtTimeZone,
            exp.Extract,
            exp.AddMonths,
            exp.WithinGroup,
            exp.PercentileCont,
        }
    ),
    functions=frozenset({"TRUNC", "FROM_TZ", "ADD_MONTHS", "TO_TIMESTAMP", "TO_DATE", "MOD"}),
    traits={
        "zones": "native",
        "percentiles": "PERCENTILE_CONT",
        "names": "capitals without quotes",
        "text": "empty is null",
        "read only": "by the transaction",
    },
)


def _begin(wanted: Wanted) -> tuple[str, ...]:
    return (
        "SET TRANSACTION READ ONLY",
        "ALTER SESSION SET NLS_SORT = 'BINARY' NLS_COMP = 'BINARY'",
    )


DATABASE = Database(
    "oracle",
    "Oracle",
    ("oracle",),
    "oracle",
    "oracle://reader:${PASSWORD}@host:1521/?service_name=crm",
    ORACLE,
    Driver("oracle+oracledb", _begin).open,
    Checkup("SELECT banner FROM v$version"),
    options=url_options(
        "service_name sid protocol wallet_location wallet_password ssl_server_dn_match ssl_server_cert_dn"
        " tcp_connect_timeout retry_count retry_delay expire_time"
    ),
)
