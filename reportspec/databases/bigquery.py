"""BigQuery. Times without a zone are DATETIME; columns of TIMESTAMP become that, in UTC."""

from __future__ import annotations

import re

from sqlglot import exp

from reportspec.databases import Database
from reportspec.run.alchemy import Driver
from reportspec.run.url_options import url_options
from reportspec.sql.dialects.common import (
    difference,
    inlined_or_not,
    is_zoned,
    nulls_by_case,
    quantiles_by_rank,
    safe_division,
)
from reportspec.sql.dialects.generic import greatest, lands, least
from reportspec.sql.dialects.rewrite import (
    TIMES,
    Dialect,
    Rules,
    Unsupported,
    snippet,
    type_of,
    with_args,
)


def _sql(text: str, **parts: exp.Expr) -> exp.Expr:
    return snippet("bigquery", text, **parts)


def _datetime(tree: exp.Expr) -> exp.Expr:
    return exp.Cast(this=tree, to=exp.DataType(this=exp.DataType.Type.DATETIME, nested=False))


def _cast(node: exp.Expr) -> exp.Expr:
    kind = type_of(node)
    zoned = is_zoned(node.this)
    if zoned is not None and kind in ("DATE", *TIMES):
        at, source, target = zoned
        type_name = "DATE" if kind == "DATE" else "DATETIME"
        return _sql(
            f"{type_name}(TIMESTAMP(x, s), z)", x=at, s=exp.Literal.string(source), z=exp.Literal.string(target)
        )
    return _datetime(node.this) if kind in TIMES else node


def _landed(node: exp.Expr) -> exp.Expr:
    return with_args(node, this=_datetime(node.this)) if lands(node, "time") else node


def _truncated(node: exp.Expr) -> exp.Expr:
    unit = str(node.args["unit"].name).upper()
    return _sql(f"DATE_TRUNC(x, {'WEEK(MONDAY)' if unit == 'WEEK' else unit})", x=node.this)


def _table(node: exp.Expr) -> exp.Expr:
    """A table whose names have no dots: BigQuery takes a dot in quotes for one between names."""
    names = [
        identifier.name
        for key in ("this", "db", "catalog")
        if isinstance(identifier := node.args.get(key), exp.Identifier)
    ]
    if any("." in name for name in names):
        raise Unsupported("a name of BigQuery's tables has no dot")
    return node


RULES: Rules = {
    exp.Table: _table,
    exp.Alias: _landed,
    exp.Cast: _cast,
    exp.CTE: inlined_or_not,
    exp.DateDiff: difference("bigquery", "BigQuery", {"DAY": "DATE_DIFF(b, a, DAY)"}, "DATETIME_DIFF(b, a, {unit})"),
    exp.DateTrunc: _truncated,
    exp.Div: safe_division,
    exp.Greatest: greatest,
    exp.Least: least,
    exp.Order: nulls_by_case,
    exp.Select: quantiles_by_rank,
}
BIGQUERY = Dialect(
    "bigquery", "BigQuery", "bigquery", RULES,
    merges=True,
    cased=True,
    instants=re.compile("TIMESTAMP"),
    allowed=frozenset({exp.DateDiff, exp.DatetimeDiff, exp.DateTrunc, exp.DateAdd, exp.Date, exp.Datetime,
                       exp.Timestamp, exp.Interval, exp.WeekStart}),
    traits={"zones": "native", "percentiles": "by rank", "names": "as written",
            "text": "exact", "read only": "by the account's role"},
)  # fmt: skip

DATABASE = Database(
    "bigquery",
    "BigQuery",
    ("bigquery",),
    "bigquery",
    "bigquery://project/dataset",
    BIGQUERY,
    Driver("bigquery").open,
    options=url_options(
        "credentials_path credentials_base64 location maximum_bytes_billed priority use_query_cache arraysize"
    ),
)
