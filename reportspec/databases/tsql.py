"""SQL Server, from 2017 on. It has no booleans, and takes `Rossi ` for `Rossi` in any collation."""

from __future__ import annotations

from sqlglot import exp

from reportspec.databases import Checkup, Database
from reportspec.run.alchemy import Driver
from reportspec.run.connection import CONNECT_SECONDS, Wanted
from reportspec.run.url_options import url_options
from reportspec.sql.dialects.common import (
    inlined_or_not,
    is_zoned,
    minutes_ahead,
    nulls_by_case,
    quantiles_by_rank,
    safe_division,
)
from reportspec.sql.dialects.generic import greatest, lands, least, typed_booleans, without_booleans
from reportspec.sql.dialects.rewrite import (
    TEXTS,
    TIMES,
    Dialect,
    Rules,
    snippet,
    type_of,
    with_args,
)

_COLLATION = "Latin1_General_100_BIN2"


def _sql(text: str, **parts: exp.Expr) -> exp.Expr:
    return snippet("tsql", text, **parts)


_TEXT = exp.DataType(
    this=exp.DataType.Type.NVARCHAR,
    expressions=[exp.DataTypeParam(this=exp.Literal.number(4000))],
    nested=False,
)


def _cast(node: exp.Expr) -> exp.Expr:
    kind = type_of(node)
    if kind in TEXTS:
        return with_args(node, to=_TEXT)  # without a length it would be cut after 30
    zoned = is_zoned(node.this)
    if zoned is not None:  # the server knows zones by other names
        at, source, target = zoned
        there = _sql("DATEADD(MINUTE, m, x)", x=at, m=minutes_ahead(source, target, at))
        node = with_args(node, this=there)
    if kind in TIMES:
        return with_args(node, to=exp.DataType(this=exp.DataType.Type.DATETIME2, nested=False))
    return node


def _landed(node: exp.Expr) -> exp.Expr:
    if not lands(node, "text", "key"):
        return node
    value = node.this
    if not isinstance(value, exp.Cast):
        value = exp.Cast(this=value, to=_TEXT)
    return with_args(node, this=exp.Collate(this=value, expression=exp.Var(this=_COLLATION)))


def _difference(node: exp.Expr) -> exp.Expr:
    unit = str(node.args.get("unit") or "DAY").upper()
    name = "DATEDIFF" if unit == "DAY" else "DATEDIFF_BIG"
    # By name: as its own node it would be written for another database.
    return exp.Anonymous(this=name, expressions=[exp.Var(this=unit), node.expression, node.this])


def _truncated(node: exp.Expr) -> exp.Expr:
    texts = {
        "DAY": "CAST(x AS DATE)",
        "WEEK": "DATEADD(DAY, -(DATEDIFF(DAY, '19000101', x) % 7), CAST(x AS DATE))",
        "MONTH": "DATEFROMPARTS(YEAR(x), MONTH(x), 1)",
        "QUARTER": "DATEFROMPARTS(YEAR(x), (MONTH(x) - 1) / 3 * 3 + 1, 1)",
        "YEAR": "DATEFROMPARTS(YEAR(x), 1, 1)",
    }
    unit = str(node.args["unit"].name).upper()
    return _sql(texts[unit], x=node.this) if unit in texts else node


def _literal(node: exp.Expr) -> exp.Expr:
    """Texts beyond ASCII are national ones, else they would arrive as question marks."""
    if node.is_string and not str(node.this).isascii():
        return exp.National(this=str(node.this))
    return node


def _like(node: exp.Expr) -> exp.Expr:
    """A pattern in which `[` is just that."""
    like = node.this
    pattern = like.expression if isinstance(like, exp.Like) else None
    if not isinstance(pattern, (exp.Literal, exp.National)) or "[" not in str(pattern.this):
        return node
    escaped = with_args(pattern, this=str(pattern.this).replace("[", "\\["))
    return with_args(node, this=with_args(like, expression=escaped))


def _joined(node: exp.Expr) -> exp.Expr:
    return exp.Add(this=node.this, expression=node.expression)


RULES: Rules = {
    exp.Alias: _landed,
    exp.Cast: _cast,
    exp.CTE: inlined_or_not,
    exp.DateDiff: _difference,
    exp.DateTrunc: _truncated,
    exp.Div: safe_division,
    exp.DPipe: _joined,
    exp.Escape: _like,
    exp.Greatest: greatest,
    exp.Least: least,
    exp.Literal: _literal,
    exp.Order: nulls_by_case,
    exp.Select: quantiles_by_rank,
}
TSQL = Dialect(
    "tsql",
    "SQL Server",
    "tsql",
    RULES,
    before=lambda tree: typed_booleans(without_booleans(tree)),
    merges=True,
    allowed=frozenset(
        {exp.DateAdd, exp.DateDiff, exp.Year, exp.Month, exp.DateFromParts, exp.TsOrDsToDate, exp.TimeStrToTime}
    ),
    functions=frozenset({"DATEDIFF_BIG", "DATEFROMPARTS", "DATEADD"}),
    traits={
        "zones": "by offsets, 1970 to 2050",
        "percentiles": "by rank",
        "names": "as the database's collation",
        "text": "blanks at the end do not count",
        "read only": "by the user's rights",
    },
)


def _begin(wanted: Wanted) -> tuple[str, ...]:
    return ("SET LOCK_TIMEOUT 60000", "SET DATEFIRST 1", "SET ANSI_WARNINGS ON")


DATABASE = Database(
    "tsql",
    "SQL Server",
    ("mssql", "sqlserver"),
    "sqlserver",
    "mssql://reader:${PASSWORD}@host/crm",
    TSQL,
    Driver("mssql+pymssql", _begin, {"login_timeout": CONNECT_SECONDS}).open,
    Checkup("SELECT @@VERSION"),
    options=url_options(
        "charset timeout login_timeout tds_version appname encryption Encrypt TrustServerCertificate"
        " HostNameInCertificate ApplicationIntent MultiSubnetFailover Authentication",
        driver=r"[\w .()+-]+",  # the name of one that is installed, and no file
    ),
)
