"""What differs by database, in one place: the text of a statement."""

from __future__ import annotations

import hashlib

from sqlglot import exp

from reportspec.sql.build import READS, TEXT, alias_of, identifier

EXECUTED = ("duckdb", "postgres")
SOURCE = "source"  # in the meta of a table: it is the source's, not a CTE of that name


def sql_text(tree: exp.Expr, dialect: str, *, pretty: bool = False) -> str:
    """The statement for a database; readable and commented if `pretty`."""
    return lowered(_apart(tree), dialect).sql(
        dialect=dialect, pretty=pretty, comments=pretty, identify=False
    )


def lowered(tree: exp.Expr, dialect: str) -> exp.Expr:
    """The statement with what a database would do otherwise put in words that it does right.

    PostgreSQL orders texts by the database's collation; here they go by their code points, as in
    DuckDB, so that a cut list has the same rows everywhere."""
    if dialect != "postgres" or not any(n.this.meta.get(TEXT) for n in tree.find_all(exp.Ordered)):
        return tree
    tree = tree.copy()
    for node in tree.find_all(exp.Ordered):
        if node.this.meta.get(TEXT):
            node.set("this", exp.Collate(this=node.this, expression=identifier("C")))
    return tree


def sql_hash(sql: str) -> str:
    """The first 12 hex digits of the SHA-256 of a statement."""
    return hashlib.sha256(sql.encode()).hexdigest()[:12]


def _apart(tree: exp.Expr) -> exp.Expr:
    """The statement with CTEs called otherwise that have the name of a table of the source."""
    ours = (
        {cte.alias for cte in tree.args["with_"].expressions} if tree.args.get("with_") else set()
    )
    both = {name: f"{name}_rows" for name in ours & source_tables(tree)}
    if not both:
        return tree
    tree = tree.copy()
    for cte in tree.args["with_"].expressions:
        if cte.alias in both:
            cte.set("alias", alias_of(both[cte.alias]))
    for table in tree.find_all(exp.Table):
        if table.name in both and not table.db and not table.meta.get(SOURCE):
            if not table.alias:
                table.set("alias", alias_of(table.name))
            table.set("this", identifier(both[table.name]))
    return tree


def source_tables(tree: exp.Expr) -> frozenset[str]:
    """The source's tables that a statement reads, as a mapping names them."""
    found: frozenset[str] = tree.meta.get(READS, frozenset())
    return found
