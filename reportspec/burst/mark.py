"""The mark that stands in statements where the value of `for_each` goes."""

from __future__ import annotations

from sqlglot import exp

from reportspec.model.spec import EACH


def put(tree: exp.Expr, value: str) -> exp.Expr:
    """The statement for one value."""
    made = tree.copy()
    for one in made.find_all(exp.Literal):
        if one.is_string and one.this == EACH:
            one.set("this", value)
    return made


def _names_value(tree: exp.Expr) -> bool:
    return any(one.is_string and one.this == EACH for one in tree.find_all(exp.Literal))


def _lasting(conditions: tuple[exp.Expr, ...]) -> tuple[exp.Expr, ...]:
    return tuple(one for one in conditions if not _names_value(one))
