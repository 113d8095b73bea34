"""DuckDB, whose meaning of the nodes is the canonical one. Only zero is no divisor anywhere."""

from __future__ import annotations

from sqlglot import exp

from reportspec.expression.trees import HOLDS, literal
from reportspec.sql.dialects.common import nonzero, nulls_last, turned
from reportspec.sql.dialects.reading import parts_of, plain_day, yes_or_no
from reportspec.sql.dialects.rewrite import Dialect, snippet, type_of, with_args


def _division(node: exp.Expr) -> exp.Expr:
    below = nonzero(node.expression)
    return node if below is node.expression else with_args(node, expression=below)


def _exact(value: exp.Expr) -> exp.Expr:
    """A text without its column's collation, of which nothing else rids it."""
    octets = exp.Anonymous(this="ENCODE", expressions=[_text(value)])
    return exp.Anonymous(this="DECODE", expressions=[octets])


def _difference(node: exp.Expr) -> exp.Expr:
    """Time that has passed, where the clock is turned: the session's zone is the source's."""
    if turned(node) is None:
        return node
    to = exp.DataType(this=exp.DataType.Type.TIMESTAMPTZ, nested=False)
    later, earlier = (exp.Cast(this=end, to=to) for end in (node.this, node.expression))
    return with_args(node, this=later, expression=earlier)


_TIME = r"""
CASE WHEN REGEXP_MATCHES(t, c) THEN CAST(t AS TIMESTAMP)
WHEN REGEXP_MATCHES(t, i) THEN CAST(REGEXP_REPLACE(t, ' ([+-])', '\1') AS TIMESTAMPTZ) AT TIME ZONE z
WHEN t <> '' THEN ERROR('`' || t || '`' || s) END
"""
_DAY = """
CASE WHEN REGEXP_MATCHES(t, e) THEN CAST(LEFT(t, 10) AS DATE) WHEN t <> '' THEN ERROR('`' || t || '`' || s) END
"""


def _read(node: exp.Expr) -> exp.Expr:
    if plain_day(node):
        return node
    if node.meta[HOLDS] == "fine":  # a cast would round
        return snippet("duckdb", "MAKE_TIMESTAMP(EPOCH_US(x))", x=node.this)
    if type_of(node) == "BOOLEAN":
        return yes_or_no(
            node, _text, lambda x, said: snippet("duckdb", "ERROR('`' || x || '`' || s)", x=x, s=literal(said))
        )
    form = _DAY if type_of(node) == "DATE" else _TIME
    return snippet("duckdb", form, **parts_of(node, _text))


def _text(value: exp.Expr) -> exp.Expr:
    return exp.Cast(this=value, to=exp.DataType(this=exp.DataType.Type.TEXT, nested=False))


DUCKDB = Dialect(
    "duckdb",
    "DuckDB",
    "duckdb",
    {exp.Div: _division, exp.Order: nulls_last, exp.DateDiff: _difference},
    writes_shared=True,
    exact=_exact,
    reading=_read,
)
