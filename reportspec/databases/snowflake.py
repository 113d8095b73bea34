"""Snowflake. Names without quotes are capitals there; sessions have their weeks begin on Monday."""

from __future__ import annotations

from sqlglot import exp

from reportspec.databases import Checkup, Database
from reportspec.run.alchemy import Driver
from reportspec.run.connection import CONNECT_SECONDS, Wanted
from reportspec.run.url_options import url_options
from reportspec.sql.dialects.common import difference, inlined_or_not, is_zoned, nulls_last, safe_division
from reportspec.sql.dialects.generic import greatest, in_capitals, least, within_group
from reportspec.sql.dialects.rewrite import TIMES, Dialect, Rules, snippet, type_of, with_args


def _sql(text: str, **parts: exp.Expr) -> exp.Expr:
    return snippet("snowflake", text, **parts)


def _cast(node: exp.Expr) -> exp.Expr:
    kind = type_of(node)
    zoned = is_zoned(node.this)
    if zoned is not None:
        at, source, target = zoned
        there = _sql("CONVERT_TIMEZONE(s, z, x)", x=at, s=exp.Literal.string(source), z=exp.Literal.string(target))
        node = with_args(node, this=there)
    if kind in TIMES:
        return with_args(node, to=exp.DataType(this=exp.DataType.Type.TIMESTAMPNTZ, nested=False))
    return node


RULES: Rules = {
    exp.Identifier: in_capitals,
    exp.Cast: _cast,
    exp.CTE: inlined_or_not,
    exp.DateDiff: difference("snowflake", "Snowflake", {}, "DATEDIFF({unit}, a, b)"),
    exp.Div: safe_division,
    exp.Greatest: greatest,
    exp.Least: least,
    exp.Order: nulls_last,
    exp.PercentileCont: within_group,
}
SNOWFLAKE = Dialect(
    "snowflake", "Snowflake", "snowflake", RULES,
    merges=True,
    allowed=frozenset({exp.DateDiff, exp.ConvertTimezone, exp.DateTrunc, exp.TimestampTrunc, exp.DateAdd,
                       exp.WithinGroup, exp.PercentileCont}),
    traits={"zones": "native", "percentiles": "PERCENTILE_CONT", "names": "capitals without quotes",
            "text": "exact", "read only": "by the user's role"},
)  # fmt: skip


def _begin(wanted: Wanted) -> tuple[str, ...]:
    return (
        f"ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = {wanted.timeout}",
        "ALTER SESSION SET TIMEZONE = 'UTC', TIMESTAMP_TYPE_MAPPING = 'TIMESTAMP_NTZ'",
        "ALTER SESSION SET QUERY_TAG = 'reportspec'",
    )


DATABASE = Database(
    "snowflake",
    "Snowflake",
    ("snowflake",),
    "snowflake",
    "snowflake://reader:${PASSWORD}@account/database/schema?warehouse=wh",
    SNOWFLAKE,
    Driver("snowflake", _begin, {"login_timeout": CONNECT_SECONDS}).open,
    Checkup("SELECT CURRENT_VERSION()"),
    options=url_options(
        "warehouse role database schema authenticator token passcode passcode_in_password private_key_file"
        " private_key_file_pwd account region application login_timeout network_timeout socket_timeout"
        " client_session_keep_alive"
    ),
)
