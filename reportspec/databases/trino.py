"""Trino. Its times have milliseconds unless they are said to have more."""

from __future__ import annotations

from sqlglot import exp

from reportspec.databases import Checkup, Database
from reportspec.run.alchemy import Driver
from reportspec.run.url_options import url_options
from reportspec.sql.dialects.common import (
    difference,
    inlined_or_not,
    is_zoned,
    nulls_last,
    quantiles_by_rank,
    safe_division,
)
from reportspec.sql.dialects.generic import greatest, least
from reportspec.sql.dialects.rewrite import TIMES, Dialect, Rules, snippet, type_of, with_args


def _sql(text: str, **parts: exp.Expr) -> exp.Expr:
    return snippet("trino", text, **parts)


_MICROS = exp.DataType(
    this=exp.DataType.Type.TIMESTAMP,
    expressions=[exp.DataTypeParam(this=exp.Literal.number(6))],
    nested=False,
)


# DATE_DIFF knows no microseconds.
_SINCE = "(TO_UNIXTIME(WITH_TIMEZONE(b, 'UTC')) - TO_UNIXTIME(WITH_TIMEZONE(a, 'UTC'))) * 1000000"


def _cast(node: exp.Expr) -> exp.Expr:
    kind = type_of(node)
    zoned = is_zoned(node.this)
    if zoned is not None:
        at, source, target = zoned
        there = _sql(
            "AT_TIMEZONE(WITH_TIMEZONE(x, s), z)", x=at, s=exp.Literal.string(source), z=exp.Literal.string(target)
        )
        node = with_args(node, this=there)
    return with_args(node, to=_MICROS) if kind in TIMES else node


RULES: Rules = {
    exp.Cast: _cast,
    exp.CTE: inlined_or_not,
    exp.DateDiff: difference("trino", "Trino", {"MICROSECOND": _SINCE}, "DATE_DIFF('{unit}', a, b)"),
    exp.Div: safe_division,
    exp.Greatest: greatest,
    exp.Least: least,
    exp.Order: nulls_last,
    exp.Select: quantiles_by_rank,
}
TRINO = Dialect(
    "trino", "Trino", "trino", RULES,
    merges=True,
    allowed=frozenset({exp.DateDiff, exp.AtTimeZone, exp.DateTrunc, exp.TimestampTrunc, exp.DateAdd, exp.TimeToUnix}),
    functions=frozenset({"WITH_TIMEZONE", "TO_UNIXTIME", "AT_TIMEZONE"}),
    traits={"zones": "native", "percentiles": "by rank", "names": "as written",
            "text": "exact", "read only": "by the user's rights"},
)  # fmt: skip

DATABASE = Database(
    "trino",
    "Trino",
    ("trino",),
    "trino",
    "trino://reader@host:8080/catalog/schema",
    TRINO,
    Driver("trino").open,
    Checkup("SELECT node_version FROM system.runtime.nodes LIMIT 1"),
    options=url_options(
        "access_token cert key verify externalAuthentication source client_tags roles extra_credential"
    ),
)
