"""DuckDB, whose meaning of the nodes is the canonical one. Only zero is no divisor anywhere."""

from __future__ import annotations

from sqlglot import exp

from reportspec.sql.dialects.common import nonzero, nulls_last, turned
from reportspec.sql.dialects.rewrite import Dialect, with_args


def _division(node: exp.Expr) -> exp.Expr:
    below = nonzero(node.expression)
    return node if below is node.expression else with_args(node, expression=below)


def _exact(value: exp.Expr) -> exp.Expr:
    """A text without its column's collation, of which nothing else rids it."""
    text = exp.Cast(this=value, to=exp.DataType(this=exp.DataType.Type.TEXT, nested=False))
    octets = exp.Anonymous(this="ENCODE", expressions=[text])
    return exp.Anonymous(this="DECODE", expressions=[octets])


def _difference(node: exp.Expr) -> exp.Expr:
    """Time that has passed, where the clock is turned: the session's zone is the source's."""
    if turned(node) is None:
        return node
    to = exp.DataType(this=exp.DataType.Type.TIMESTAMPTZ, nested=False)
    later, earlier = (exp.Cast(this=end, to=to) for end in (node.this, node.expression))
    return with_args(node, this=later, expression=earlier)


DUCKDB = Dialect(
    "duckdb",
    "DuckDB",
    "duckdb",
    {exp.Div: _division, exp.Order: nulls_last, exp.DateDiff: _difference},
    writes_shared=True,
    exact=_exact,
)
