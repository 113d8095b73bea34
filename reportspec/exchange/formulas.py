"""Arithmetic over metrics, as formulas of the catalogue have it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from reportspec.exchange.foreign import LeftOut
from reportspec.exchange.fragments import canonical, read

_NUMBERS = frozenset({"DOUBLE", "FLOAT", "DECIMAL"})


def formula(text: str, dialect: str, names: Mapping[str, str]) -> str:
    """An SQL expression over names as a formula over the metrics that they stand for. Raises LeftOut."""
    if not text:
        raise LeftOut("it has no `expr`")
    return formula_of(read(text, dialect), names)


def formula_of(tree: exp.Expr, names: Mapping[str, str]) -> str:
    """A tree over names as a formula over the metrics that they stand for. Raises LeftOut."""
    known = {name.lower(): id for name, id in names.items()}

    def named(path: tuple[str, ...]) -> tuple[str, ...]:
        if len(path) != 1 or path[0].lower() not in known:
            raise LeftOut(f"its formula names `{'.'.join(path)[:60]}`, which is none of its metrics")
        return (known[path[0].lower()],)

    return canonical(without_guards(tree), named)


def without_guards(tree: exp.Expr) -> exp.Expr:
    """A tree without what formulas do by themselves: quotients are exact, and by 0 there are none."""

    def plain(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Cast) and node.to.this.value in _NUMBERS and not node.to.expressions:
            return _inner(node)
        if isinstance(node, exp.Nullif) and _is_zero(node.expression) and _divides(node):
            return _inner(node)
        return node

    return tree.transform(plain)


def _inner(node: exp.Expr) -> exp.Expr:
    found: exp.Expr = node.this
    return found


def _is_zero(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and float(node.this) == 0


def _divides(node: exp.Expr) -> bool:
    at, parent = node, node.parent
    while isinstance(parent, (exp.Paren, exp.Cast)):
        at, parent = parent, parent.parent
    return isinstance(parent, exp.Div) and parent.expression is at
