"""Whether a statement can return rows of one value only: the proof that a report of bursting has
nobody else's rows.

A SELECT is guarded if a conjunct of its WHERE says that a field equals the value, or if everything
that it takes rows from is guarded. What is joined to the side (LEFT JOIN) adds columns to guarded
rows, never rows. Anything else, such as a part that is not known here, is not guarded.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp


def unguarded(tree: exp.Expr, value: str) -> str | None:
    """Why a statement may return rows of other values, or None if it cannot."""
    with_ = tree.args.get("with_")
    ctes = {cte.alias: cte.this for cte in with_.expressions} if with_ else {}
    return _why(tree, value, ctes)


def unparted(tree: exp.Expr, name: str) -> str | None:
    """Why rows of a statement for many values may be made of rows of several, or None if each is
    made of rows of the value that it has in the column `name`.

    Each step that brings rows together (GROUP BY, a window) must do so within the value, and take
    it from rows or from a step of which the same holds."""
    if isinstance(tree, exp.SetOperation):
        return unparted(tree.this, name) or unparted(tree.expression, name)
    if isinstance(tree, exp.Subquery):
        return unparted(tree.this, name)
    if not isinstance(tree, exp.Select):
        return f"a `{tree.key}` is not known"
    if _within(tree) is not None:
        return "a SELECT stands within an expression"
    own = next((one.unalias() for one in tree.expressions if one.alias_or_name == name), None)
    if own is None or own.find(exp.Column) is None:
        return f"there is no `{name}` of its rows"
    group = tree.args.get("group")
    if group is not None and own not in group.expressions:
        return f"rows are grouped without `{name}`"
    for one in tree.expressions:
        windows = list(one.find_all(exp.Window))
        if any(own not in (window.args.get("partition_by") or []) for window in windows):
            return f"a window reaches beyond `{name}`"
        if group is None and not windows and one.find(exp.AggFunc) is not None:
            return "all rows are brought together"
    return _parted_source(tree, own)


def _parted_source(tree: exp.Select, own: exp.Expr) -> str | None:
    """Of steps that a SELECT stands on. Tables, and CTEs, which are tables by another name, have
    rows as they are."""
    source = tree.args.get("from_")
    if source is None:
        return "it reads nothing"
    joins = tree.args.get("joins") or []
    for one in [source.this, *(join.this for join in joins if not _beside(join))]:
        if isinstance(one, exp.Subquery):
            if not isinstance(own, exp.Column) or own.table != one.alias:
                if one.this.find(exp.Column) is None:
                    continue  # constants, such as a calendar
                return f"rows of `{one.alias}` have no value"
            if (why := unparted(one.this, own.name)) is not None:
                return why
        elif not isinstance(one, exp.Table):
            return f"a `{one.key}` is not known"
    return None


def _why(tree: exp.Expr, value: str, ctes: Mapping[str, exp.Expr]) -> str | None:
    if isinstance(tree, exp.SetOperation):
        return _why(tree.this, value, ctes) or _why(tree.expression, value, ctes)
    if isinstance(tree, exp.Subquery):
        return _why(tree.this, value, ctes)
    if not isinstance(tree, exp.Select):
        return f"a `{tree.key}` is not known"
    nested = _within(tree)
    if nested is not None and (why := _why(nested, value, ctes)) is not None:
        return why
    where = tree.args.get("where")
    if where is not None and any(_says(one, value) for one in _conjuncts(where.this)):
        return None
    source = tree.args.get("from_")
    if source is None:
        return None  # constants
    joins = tree.args.get("joins") or []
    sources = [source.this, *(join.this for join in joins if not _beside(join))]
    for one in sources:
        why = _of_source(one, value, ctes)
        if why is not None:
            return why
    return None


def _of_source(source: exp.Expr, value: str, ctes: Mapping[str, exp.Expr]) -> str | None:
    if isinstance(source, exp.Subquery):
        return _why(source.this, value, ctes)
    if isinstance(source, exp.Table) and source.name in ctes and not source.db:
        return _why(ctes[source.name], value, ctes)
    if isinstance(source, exp.Table):
        return f"rows of `{source.alias_or_name}` pass whole"
    return f"a `{source.key}` is not known"


def _beside(join: exp.Join) -> bool:
    return join.side == "LEFT" and join.args.get("on") is not None


def _conjuncts(tree: exp.Expr) -> list[exp.Expr]:
    if isinstance(tree, exp.And):
        return [*_conjuncts(tree.this), *_conjuncts(tree.expression)]
    if isinstance(tree, exp.Paren):
        return _conjuncts(tree.this)
    return [tree]


def _says(tree: exp.Expr, value: str) -> bool:
    """Whether a condition is `something of a row = the value`."""
    if not isinstance(tree, exp.EQ):
        return False
    sides = (tree.this, tree.expression)
    return any(
        isinstance(one, exp.Literal)
        and one.is_string
        and one.this == value
        and other.find(exp.Column) is not None
        and other.find(exp.Select) is None
        for one, other in (sides, sides[::-1])
    )


def _within(select: exp.Select) -> exp.Expr | None:
    """A SELECT that stands within an expression of another one, if any."""
    for key, part in select.args.items():
        if key in ("with_", "from_", "joins"):
            continue
        for one in part if isinstance(part, list) else [part]:
            if isinstance(one, exp.Expr) and (found := one.find(exp.Select)) is not None:
                return found
    return None
