"""What differs by database, in one place: the text of a statement."""

from __future__ import annotations

import hashlib

from sqlglot import exp

EXECUTED = ("duckdb",)


def sql_text(tree: exp.Expr, dialect: str, *, pretty: bool = False) -> str:
    """The statement for a database; readable and commented if `pretty`."""
    return tree.sql(dialect=dialect, pretty=pretty, comments=pretty, identify=False)


def sql_hash(sql: str) -> str:
    """The first 12 hex digits of the SHA-256 of a statement."""
    return hashlib.sha256(sql.encode()).hexdigest()[:12]


def source_tables(tree: exp.Expr) -> frozenset[str]:
    """The source's tables that a statement reads, as a mapping names them."""
    with_ = tree.args.get("with_")
    own = {cte.alias for cte in with_.expressions} if with_ else set()
    return frozenset(
        ".".join(part.name for part in table.parts)
        for table in tree.find_all(exp.Table)
        if table.db or table.name not in own
    )
