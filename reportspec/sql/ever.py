"""What is asked of a row at several instants, as what it has to meet whichever of them it is.

A stock over time meets each row with each instant of a calendar. What a row can fulfil at none of them is asked of it
alone, by the first and the last instant, before it meets them: a weaker condition, which databases ask where they
read the row.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from reportspec.expression.trees import all_of, any_of, copied, nodes_in

Bounds = Mapping[str, tuple[exp.Expr, exp.Expr]]  # the least and the greatest of the calendar's columns, by their names

CALENDAR = "calendar"  # the alias of the instants

# With both sides changed over.
_MIRRORED: dict[type[exp.Expr], type[exp.Expr]] = {exp.LT: exp.GT, exp.LTE: exp.GTE, exp.GT: exp.LT, exp.GTE: exp.LTE}
_OPPOSITE: dict[type[exp.Expr], type[exp.Expr]] = {exp.LT: exp.GTE, exp.LTE: exp.GT, exp.GT: exp.LTE, exp.GTE: exp.LT}


def ever(condition: exp.Expr, bounds: Bounds) -> exp.Expr | None:
    """What a row that meets a condition at any instant meets itself; None where that may be any row. It names no
    column of the calendar, and is never false for a row that the condition holds for."""
    return _weaker(condition, bounds) if _timed(condition) else condition


def _weaker(tree: exp.Expr, bounds: Bounds) -> exp.Expr | None:
    if not _timed(tree):
        return tree
    if isinstance(tree, exp.Paren):
        inner = _weaker(tree.this, bounds)
        return inner if inner is None or inner is tree.this else exp.Paren(this=inner)
    if isinstance(tree, exp.And):
        return _both(_weaker(tree.this, bounds), _weaker(tree.expression, bounds))
    if isinstance(tree, exp.Or):
        return _either(_weaker(tree.this, bounds), _weaker(tree.expression, bounds))
    if type(tree) in _OPPOSITE:
        return _compared(tree, bounds)
    if isinstance(tree, (exp.EQ, exp.Is)) and isinstance(tree.this, exp.Case) and not _timed(tree.expression):
        return _of_case(tree, bounds)
    return None


def _compared(tree: exp.Expr, bounds: Bounds) -> exp.Expr | None:
    """A row's time beside an instant: what is before one of them is before the last."""
    found = _beside_instant(tree)
    if found is None:
        return None
    kind, time, name = found
    first, last = bounds.get(name, (None, None))
    bound = last if kind in (exp.LT, exp.LTE) else first
    return kind(this=copied(time), expression=copied(bound)) if bound is not None else None


def _of_case(tree: exp.Expr, bounds: Bounds) -> exp.Expr | None:
    """What is asked of `CASE WHEN … THEN … ELSE … END`: that of either branch, where the row may come to it."""
    case = tree.this
    if case.this is not None or len(case.args["ifs"]) != 1:
        return None
    branch = case.args["ifs"][0]
    asked, value, other = branch.this, branch.args["true"], case.args.get("default") or exp.Null()
    answers = [
        (_weaker(asked, bounds), _answer(tree, value, asked), value),
        (_not_true(asked, bounds), _answer(tree, other, None), other),
    ]
    found: list[exp.Expr | None] = []
    for comes, answer, at in answers:
        if answer is False:
            continue
        own = _weaker(type(tree)(this=at, expression=tree.expression), bounds) if answer is None else None
        found.append(_both(comes, own))
    if not found:
        return exp.Boolean(this=False)
    return found[0] if len(found) == 1 else _either(*found)


def _answer(tree: exp.Expr, value: exp.Expr, asked: exp.Expr | None) -> bool | None:
    """Whether a branch's value is what it is held against, as far as that is written out."""
    other = tree.expression
    if isinstance(tree, exp.Is):
        if not isinstance(other, exp.Null):
            return None
        if isinstance(value, exp.Null):
            return True
        # What was compared is not null.
        return (
            False
            if asked is not None and type(asked) in _OPPOSITE and value in (asked.this, asked.expression)
            else None
        )
    if isinstance(value, exp.Null):
        return False
    literals = isinstance(value, exp.Literal) and isinstance(other, exp.Literal)
    return value.this == other.this if literals and value.is_string and other.is_string else None


def _not_true(asked: exp.Expr, bounds: Bounds) -> exp.Expr | None:
    """What a row meets for which a condition does not hold at some instant: null does not."""
    found = _beside_instant(asked)
    if found is None:
        return None
    kind, time, name = found
    opposite = _compared(_OPPOSITE[kind](this=time, expression=exp.column(name, CALENDAR)), bounds)
    if opposite is None:
        return None
    return exp.Paren(this=exp.Or(this=exp.Is(this=copied(time), expression=exp.Null()), expression=opposite))


def _beside_instant(tree: exp.Expr) -> tuple[type[exp.Expr], exp.Expr, str] | None:
    """How a comparison holds what of a row against which column of the calendar."""
    if type(tree) not in _OPPOSITE:
        return None
    for kind, time, at in (
        (type(tree), tree.this, tree.expression),
        (_MIRRORED[type(tree)], tree.expression, tree.this),
    ):
        if isinstance(at, exp.Column) and at.table == CALENDAR and not _timed(time):
            return kind, time, at.name
    return None


def _both(one: exp.Expr | None, other: exp.Expr | None) -> exp.Expr | None:
    return all_of(tree for tree in (one, other) if tree is not None)


def _either(one: exp.Expr | None, other: exp.Expr | None) -> exp.Expr | None:
    return None if one is None or other is None else exp.Paren(this=any_of([one, other]))


def _timed(tree: exp.Expr) -> bool:
    return any(node.table == CALENDAR for node in nodes_in(tree, exp.Column))
