"""The mark that stands in statements where the value of `for_each` goes."""

from __future__ import annotations

from sqlglot import exp

from reportspec.model.spec import EACH


def put(tree: exp.Expr, value: str) -> exp.Expr:
    """The statement for one value."""
    marked = tree.copy()
    for text in marked.find_all(exp.Literal):
        if text.is_string and text.this == EACH:
            text.set("this", value)
    return marked


def _names_value(tree: exp.Expr) -> bool:
    return any(text.is_string and text.this == EACH for text in tree.find_all(exp.Literal))


def _lasting(conditions: tuple[exp.Expr, ...]) -> tuple[exp.Expr, ...]:
    return tuple(condition for condition in conditions if not _names_value(condition))
