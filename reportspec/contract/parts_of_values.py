"""Parts of lists and JSON values in a database's SQL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from reportspec.databases import dialect_named


def part_of(column: str, path: Sequence[int | str], json: bool, dialect: str) -> str:
    """The text at a path in a column, which is written in SQL: places in lists, counted from 0, and keys. Of a list or
    a record of the database's own, or of `json`, which is a type or a text; nothing where the database, named as a
    mapping does, cannot say it."""
    named = dialect_named(dialect).sqlglot
    if not json:
        return _of_own(column, path, named)
    if named == "postgres":
        steps = [str(step) if isinstance(step, int) else exp.Literal.string(step).sql() for step in path]
        return "->".join([column, *steps[:-1]]) + f"->>{steps[-1]}"
    nodes = [exp.JSONPathSubscript(this=s) if isinstance(s, int) else exp.JSONPathKey(this=s) for s in path]
    where = exp.JSONPath(expressions=[exp.JSONPathRoot(), *nodes])
    if dialect == "mariadb":  # which has no `->>`
        return exp.JSONValue(this=exp.Var(this=column), path=where).sql(dialect=named)
    return exp.JSONExtractScalar(this=exp.Var(this=column), expression=where).sql(dialect=named)


def _of_own(column: str, path: Sequence[int | str], dialect: str) -> str:
    if dialect in ("mysql", "sqlite") or (dialect == "postgres" and len(path) > 1):
        return ""
    tree: exp.Expr = exp.Var(this=column)
    for step in path:
        if isinstance(step, int):
            tree = exp.Bracket(this=tree, expressions=[exp.Literal.number(step)])
        else:
            tree = exp.Dot(this=tree, expression=exp.to_identifier(step, quoted=True))
    return tree.sql(dialect=dialect)
