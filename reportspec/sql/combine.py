"""SELECTs that were aggregated each for itself, brought together as one statement.

Those with something to group by are stacked by UNION ALL with typed nulls, under an outer GROUP BY; those of one row
each stand side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from sqlglot import exp

from reportspec.expression.trees import (
    alias_of,
    column,
    named,
    null,
)
from reportspec.sql.shared_trees import Shared, shared_in

S = TypeVar("S", bound=exp.Expr)

MOST_JOINED = 40  # SELECTs in one FROM


def inlined(tree: S, selects: int) -> S:
    """The statement with those CTEs marked as not to be materialized that only name columns of a
    table. Read by more than one SELECT they would be written down first, with all the rows that
    no WHERE lets pass."""
    ctes = tree.args["with_"].expressions if tree.args.get("with_") else []
    shared = shared_in(tree)
    plain = [cte for cte in ctes if _known(cte.this, shared)]
    if selects > 1 or len(plain) < len(ctes):
        for cte in plain:
            cte.set("materialized", False)
    return tree


def _known(tree: exp.Expr, shared: Shared) -> bool:
    """Whether a CTE only names columns; of one that other statements have, too, that is looked at once."""
    if id(tree) not in shared.trees:
        return _only_names(tree)
    known = shared.made(_only_names)
    if id(tree) not in known:
        known[id(tree)] = _only_names(tree)
    return bool(known[id(tree)])


def _only_names(tree: exp.Expr) -> bool:
    source = tree.args.get("from_")
    if not isinstance(tree, exp.Select) or source is None or not isinstance(source.this, exp.Table):
        return False
    if any(tree.args.get(part) for part in ("joins", "group", "distinct")):
        return False
    return tree.find(exp.Window, exp.AggFunc) is None


Part = tuple[exp.Select, list[str]]  # a SELECT, and those of the statement's columns that are its own


def combined(
    selects: Sequence[Part], keys: Sequence[str], types: Mapping[str, str], *, idle: bool = False
) -> exp.Select:
    """The SELECTs as one: its columns are `keys` and those of `types`, by which what a SELECT does not have
    is null. With `idle` rows those of one SELECT are grouped once more."""
    if len(selects) == 1 and not idle:
        return selects[0][0]
    if not keys:
        return side_by_side(selects, list(types))
    parts = []
    for select, names in selects:
        wanted = [s for s in select.expressions if s.alias in keys]
        by_alias = {s.alias: s for s in select.expressions}
        for name in types:
            value = by_alias[name] if name in names else named(null(types[name]), name)
            wanted.append(value)
        select.set("expressions", wanted)
        parts.append(select)
    union: exp.Expr = parts[0]
    for part in parts[1:]:
        union = exp.Union(this=union, expression=part, distinct=False)
    outer = exp.Select()
    for key in keys:
        outer = outer.select(named(column("parts", key), key), copy=False)
    for name in types:
        outer = outer.select(named(exp.Max(this=column("parts", name)), name), copy=False)
    outer = outer.from_(
        exp.Subquery(this=union, alias=alias_of("parts")),
        copy=False,
    )
    return outer.group_by(*[column("parts", key) for key in keys], copy=False)


def side_by_side(selects: Sequence[Part], outputs: Sequence[str]) -> exp.Select:
    """SELECTs of one row each, next to each other. Databases join some sixty tables and no more, so that
    those of many are brought together in groups first; with LIMIT no database makes one join of them again."""
    if len(selects) > MOST_JOINED:
        groups = [selects[at : at + MOST_JOINED] for at in range(0, len(selects), MOST_JOINED)]
        named_by = [[name for _, names in group for name in names] for group in groups]
        joined = [side_by_side(group, names).limit(1) for group, names in zip(groups, named_by, strict=True)]
        selects = list(zip(joined, named_by, strict=True))
    places = {name: f"part_{n}" for n, (_, names) in enumerate(selects, 1) for name in names}
    outer = exp.Select()
    for name in outputs:
        outer = outer.select(named(column(places[name], name), name), copy=False)
    for number, (select, _) in enumerate(selects, 1):
        part = exp.Subquery(this=select, alias=alias_of(f"part_{number}"))
        if number == 1:
            outer = outer.from_(part, copy=False)
        else:
            outer.append("joins", exp.Join(this=part, kind="CROSS"))
    return outer
