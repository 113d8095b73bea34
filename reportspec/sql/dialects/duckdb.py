"""DuckDB, whose meaning of the nodes is the canonical one. Only zero is no divisor anywhere."""

from __future__ import annotations

from sqlglot import exp

from reportspec.sql.dialects.common import nonzero, nulls_last
from reportspec.sql.dialects.rewrite import Dialect, with_args


def _division(node: exp.Expr) -> exp.Expr:
    below = nonzero(node.expression)
    return node if below is node.expression else with_args(node, expression=below)


DUCKDB = Dialect(
    "duckdb",
    "DuckDB",
    "duckdb",
    {exp.Div: _division, exp.Order: nulls_last},
    writes_shared=True,
)
