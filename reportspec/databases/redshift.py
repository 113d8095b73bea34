"""Redshift."""

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
    quantiles_by_rank,
    safe_division,
)
from reportspec.sql.dialects.generic import greatest, least
from reportspec.sql.dialects.rewrite import Dialect, Rules, snippet, with_args


def _sql(text: str, **parts: exp.Expr) -> exp.Expr:
    return snippet("redshift", text, **parts)


def _cast(node: exp.Expr) -> exp.Expr:
    zoned = is_zoned(node.this)
    if zoned is None:
        return node
    at, source, target = zoned
    there = _sql("CONVERT_TIMEZONE(s, z, x)", x=at, s=exp.Literal.string(source), z=exp.Literal.string(target))
    return with_args(node, this=there)


RULES: Rules = {
    exp.Cast: _cast,
    exp.CTE: inlined_or_not,
    exp.DateDiff: difference("redshift", "Redshift", {}, "DATEDIFF({unit}, a, b)"),
    exp.Div: safe_division,
    exp.Greatest: greatest,
    exp.Least: least,
    exp.Order: nulls_last,
    exp.Select: quantiles_by_rank,
}
REDSHIFT = Dialect(
    "redshift",
    "Redshift",
    "redshift",
    RULES,
    merges=True,
    allowed=frozenset(
        {
            exp.DateDiff,
            exp.TsOrDsDiff,
            exp.TsOrDsAdd,
            exp.ConvertTimezone,
            exp.DateTrunc,
            exp.TimestampTrunc,
            exp.DateAdd,
        }
    ),
    traits={
        "zones": "native",
        "percentiles": "by rank",
        "names": "small letters",
        "text": "blanks at the end may not count",
        "read only": "by the session",
    },
)


def _begin(wanted: Wanted) -> tuple[str, ...]:
    return (
        f"SET statement_timeout TO {wanted.timeout * 1000}",
        "SET TIME ZONE 'UTC'",
        "SET readonly TO on",
    )


DATABASE = Database(
    "redshift",
    "Redshift",
    ("redshift",),
    "redshift",
    "redshift://reader:${PASSWORD}@cluster:5439/crm",
    REDSHIFT,
    Driver("redshift+redshift_connector", _begin).open,
    Checkup("SELECT version()"),
    options=url_options(
        "ssl sslmode timeout application_name iam region cluster_identifier db_user profile is_serverless"
        " serverless_acct_id serverless_work_group"
    ),
)
