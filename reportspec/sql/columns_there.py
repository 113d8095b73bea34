"""Which columns statements read of the source's own tables, for databases that take a name that is no
column for a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlglot import exp

from reportspec.sql.dialect import SOURCE
from reportspec.sql.parts import OWN, PLACE

_IMPLIED = frozenset(
    {PLACE, "rowid", "oid", "_rowid_"}
)  # of every table, and the place among versions


def absent_column(
    trees: Iterable[exp.Expr], tables: Mapping[str, Iterable[str]]
) -> tuple[str, str] | None:
    """The first column that a statement reads of a table which does not have it, after that table's
    name; None if all are there. `tables` are those of the source with their columns, whose letters'
    case does not matter. What is known of no table is left to the database."""
    known = {
        name.lower(): {column.lower() for column in columns} for name, columns in tables.items()
    }
    for tree in trees:
        for select in tree.find_all(exp.Select):
            table = _table(select)
            columns = known.get(table.lower()) if table else None
            if columns is None:
                continue
            for name in _own_columns(select):
                if name.lower() not in columns and name.lower() not in _IMPLIED:
                    return table, name
    return None


def _table(select: exp.Select) -> str:
    """The source's table that a SELECT reads, also by way of one that takes all of its columns."""
    source = select.args.get("from_")
    node = source.this if source is not None else None
    if isinstance(node, exp.Table):
        return ".".join(part.name for part in node.parts) if node.meta.get(SOURCE) else ""
    inner = node.this if isinstance(node, exp.Subquery) else None
    if isinstance(inner, exp.Select) and any(
        isinstance(one, exp.Star) for one in inner.expressions
    ):
        return _table(inner)
    return ""


def _own_columns(select: exp.Select) -> Iterator[str]:
    """The columns of its own table that a SELECT names, without those of SELECTs within it."""
    waiting: list[exp.Expr] = [
        child
        for key, value in select.args.items()
        if key not in ("from_", "with_")
        for child in (value if isinstance(value, list) else [value])
        if isinstance(child, exp.Expr)
    ]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (exp.Select, exp.Subquery, exp.Union)):
            continue
        if isinstance(node, exp.Column) and not isinstance(node.this, exp.Star):
            if node.table in ("", OWN, "ranked"):
                yield node.name
            continue
        for value in node.args.values():
            waiting += [
                child
                for child in (value if isinstance(value, list) else [value])
                if isinstance(child, exp.Expr)
            ]
