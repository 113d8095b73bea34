"""Spark and Databricks."""

from __future__ import annotations

from sqlglot import exp

from reportspec.expression.sandbox import WRITTEN
from reportspec.sql.dialects.common import (
    division,
    inlined_or_not,
    is_zoned,
    nulls_last,
    turned,
    unit_of,
)
from reportspec.sql.dialects.portable import whole
from reportspec.sql.dialects.rewrite import (
    TIMES,
    WHOLES,
    Dialect,
    Rules,
    Unsupported,
    refusing,
    snippet,
    type_of,
    unsaid,
    with_args,
)


def _sql(text: str, **parts: exp.Expr) -> exp.Expr:
    return snippet("spark", text, **parts)


# A cast cuts the fraction off. The nearest whole number is meant: of doubles that lie halfway the even
# one, of decimals the one farther from zero.
_NEAREST = """
(i + CASE WHEN ABS(CAST(x AS DOUBLE) - i) > 0.5 OR (ABS(CAST(x AS DOUBLE) - i) = 0.5
AND (NOT TYPEOF(x) IN ('double', 'float') OR i % 2 <> 0)) THEN CAST(SIGN(CAST(x AS DOUBLE) - i) AS INT) ELSE 0 END)
"""


def _cast(node: exp.Expr) -> exp.Expr:
    kind, value = type_of(node), node.this
    if kind in TIMES:
        zoned = is_zoned(value)
        if zoned is not None:
            at, source, target = zoned
            value = _sql("CONVERT_TIMEZONE(s, z, x)", x=at, s=exp.Literal.string(source), z=exp.Literal.string(target))
            node = with_args(node, this=value)
        return with_args(node, to=exp.DataType(this=exp.DataType.Type.TIMESTAMPNTZ, nested=False))
    if kind == "DATE":
        zoned = is_zoned(value)
        if zoned is not None:
            at, source, target = zoned
            there = _sql("CONVERT_TIMEZONE(s, z, x)", x=at, s=exp.Literal.string(source), z=exp.Literal.string(target))
            return with_args(node, this=there)
    if kind in WHOLES and node.meta.get(WRITTEN):
        return _sql(_NEAREST, x=value, i=node)
    return node


def _left(node: exp.Expr) -> exp.Expr:
    if whole(node.expression) >= 0:
        return node
    n = "CASE WHEN n < 0 THEN GREATEST(LENGTH(x) + n, 0) ELSE n END"
    length = _sql(n, x=node.this, n=exp.Paren(this=node.expression))
    return exp.Anonymous(this=node.key.upper(), expressions=[node.this, length])


def _difference(node: exp.Expr) -> exp.Expr:
    unit, later, earlier = unit_of(node), node.this, node.expression
    if unit == "DAY":
        return _sql("DATEDIFF(b, a)", b=later, a=earlier)
    if unit == "YEAR":
        return _sql("(YEAR(b) - YEAR(a))", b=later, a=earlier)
    if unit == "MONTH":
        return _sql("((YEAR(b) - YEAR(a)) * 12 + MONTH(b) - MONTH(a))", b=later, a=earlier)
    if unit in (
        "SECOND",
        "MINUTE",
        "HOUR",
    ):  # units that have begun in between, not those that are over
        form = exp.Literal.string(unit)
        earlier, later = (exp.Anonymous(this="DATE_TRUNC", expressions=[form, x]) for x in (earlier, later))
    elif unit != "MICROSECOND":
        raise Unsupported(unsaid(node, "Spark"))
    elif turned(node):  # as instants: the session's zone is the source's
        to = exp.DataType(this=exp.DataType.Type.TIMESTAMPLTZ, nested=False)
        later, earlier = (exp.Cast(this=end, to=to) for end in (later, earlier))
    return _sql(f"TIMESTAMPDIFF({unit}, a, b)", b=later, a=earlier)


def _part(node: exp.Expr) -> exp.Expr:
    name, value = str(node.this.name).upper(), node.expression
    if name in ("ISODOW", "DAYOFWEEKISO", "DOW", "DAYOFWEEK"):
        monday = "ISO" in name
        days = exp.Anonymous(this="WEEKDAY" if monday else "DAYOFWEEK", expressions=[value])
        by: type[exp.Binary] = exp.Add if monday else exp.Sub
        return exp.Paren(this=by(this=days, expression=exp.Literal.number(1)))
    return node


def _replaced(node: exp.Expr) -> exp.Expr:
    if "g" not in str(node.args.get("modifiers") or ""):
        raise Unsupported(unsaid(node, "Spark"))
    return with_args(node, modifiers=None)


RULES: Rules = {
    exp.CTE: inlined_or_not,
    exp.Order: nulls_last,
    exp.Cast: _cast,
    exp.PercentileCont: lambda node: exp.Anonymous(this="PERCENTILE", expressions=[node.this, node.expression]),
    **refusing("Spark", exp.TimeToUnix, exp.RegexpFullMatch),
    exp.DateDiff: _difference,
    exp.Extract: _part,
    exp.Left: _left,
    exp.Right: _left,
    exp.RegexpReplace: _replaced,
    exp.UnixToTime: lambda node: _sql(
        "TIMESTAMP_MICROS(CAST(x * CAST(1000000 AS BIGINT) AS BIGINT))", x=exp.Paren(this=node.this)
    ),
    exp.Div: lambda node: node if node.args.get("typed") else division(node),
}
SPARK = Dialect("spark", "Spark", "spark", RULES, merges=True)
