"""The mark that stands in statements where the value of `for_each` goes."""

from __future__ import annotations

from sqlglot import exp

from reportspec.model.spec import EACH
from reportspec.sql.dialects.rewrite import rewritten, with_args


def put(tree: exp.Expr, value: str) -> exp.Expr:
    """The statement for one value. What has no mark in it is shared with those for others, and written once."""

    def given(text: exp.Expr) -> exp.Expr:
        return with_args(text, this=value) if text.args.get("is_string") and text.this == EACH else text

    return rewritten(tree, {exp.Literal: given})


def _names_value(tree: exp.Expr) -> bool:
    return any(text.is_string and text.this == EACH for text in tree.find_all(exp.Literal))


def _lasting(conditions: tuple[exp.Expr, ...]) -> tuple[exp.Expr, ...]:
    return tuple(condition for condition in conditions if not _names_value(condition))
