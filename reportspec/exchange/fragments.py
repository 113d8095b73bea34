"""SQL that stands in a foreign model: read by the sandbox of what people write, written as our files have it."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from reportspec.databases import dialect_named
from reportspec.exchange.foreign import LeftOut
from reportspec.expression.sandbox import CANONICAL, OWN_FUNCTIONS, Refused, column_nodes, parse, path_of
from reportspec.expression.trees import nodes_in
from reportspec.sql.yes_or_no import asked_as_truth

ANSI = "ansi"  # the standard's SQL, as foreign models call it
_NAME = re.compile(r"[A-Za-z_]\w*")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def sqlglot_dialect(name: str) -> str:
    """What sqlglot calls a dialect."""
    if name == ANSI:
        return ""
    return CANONICAL if name == "duckdb" else dialect_named(name).sqlglot


def is_name(text: str) -> bool:
    """Whether an expression is the bare name of a column."""
    return _NAME.fullmatch(text) is not None


def read(text: str, dialect: str) -> exp.Expr:
    """The tree of an expression. Raises LeftOut."""
    try:
        tree = parse(text, sqlglot_dialect(dialect))
    except Refused as refused:
        raise LeftOut(f"its SQL cannot be used: {refused}") from None
    ours = next((node for node in nodes_in(tree, exp.Anonymous) if str(node.this).upper() in OWN_FUNCTIONS), None)
    if ours is not None:
        raise LeftOut(f"its SQL cannot be used: the function `{str(ours.this).lower()}` is none of {dialect}'s")
    return tree


def written(tree: exp.Expr, dialect: str) -> str:
    """The SQL of a tree in a dialect."""
    return tree.sql(dialect=sqlglot_dialect(dialect), comments=False)


def canonical(tree: exp.Expr, named: Callable[[tuple[str, ...]], tuple[str, ...]]) -> str:
    """A tree over foreign names as an expression of the catalogue; `named` gives the path of each. Raises LeftOut, also
    where the catalogue's expressions may not have it."""
    tree = tree.copy()
    for node in column_nodes(tree):
        node_new = path_node(named(path_of(node)))
        if node is tree:
            tree = node_new
        else:
            node.replace(node_new)
    text = written(_with_days(tree), "duckdb")
    try:
        parse(text)
    except Refused as refused:
        raise LeftOut(f"its SQL cannot be used: {refused}") from None
    return text


def strictly(tree: exp.Expr, says_yes: Callable[[exp.Expr], bool]) -> exp.Expr:
    """A condition in which yes-or-no fields that are null stay unknown, as in SQL, where the catalogue's conditions
    read them as no: under `not`, and beside true or false."""
    holder = exp.Paren(this=tree.copy())
    for part in asked_as_truth(holder, says_yes):
        is_known = exp.Not(this=exp.Is(this=part.copy(), expression=exp.Null()))
        one, none = (exp.Literal.number(digit) for digit in "10")
        ifs = [exp.If(this=part.copy(), true=one), exp.If(this=is_known, true=none)]
        part.replace(exp.Paren(this=exp.EQ(this=exp.Case(ifs=ifs), expression=exp.Literal.number("1"))))
    found: exp.Expr = holder.this
    return found


def keys_as_texts(tree: exp.Expr, is_key: Callable[[exp.Expr], bool]) -> None:
    """Whole numbers that keys are compared with become texts, as which expressions have keys."""
    for node in nodes_in(tree, exp.EQ, exp.NEQ, exp.In):
        sides = [node.this, *node.expressions] + ([node.expression] if isinstance(node, exp.Binary) else [])
        if any(isinstance(side, (exp.Column, exp.Dot)) and is_key(side) for side in sides):
            for side in sides:
                if isinstance(side, exp.Literal) and not side.is_string and str(side.this).isdigit():
                    side.replace(exp.Literal.string(str(int(side.this))))


def path_node(path: tuple[str, ...]) -> exp.Expr:
    """A dotted name as a node."""
    names = [exp.to_identifier(name) for name in path]
    tree: exp.Expr = exp.Column(this=names[1], table=names[0]) if len(names) > 1 else exp.Column(this=names[0])
    for name in names[2:]:
        tree = exp.Dot(this=tree, expression=name)
    return tree


def _with_days(tree: exp.Expr) -> exp.Expr:
    """Texts that are days become days where they are compared with a part of a time, which is no field."""
    for node in nodes_in(tree, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between):
        sides = [node.this, *(node.args.get(key) for key in ("expression", "low", "high"))]
        if any(isinstance(side, (exp.Cast, exp.DateTrunc, exp.TimestampTrunc)) for side in sides):
            for side in sides:
                if isinstance(side, exp.Literal) and side.is_string and _DAY.fullmatch(str(side.this)):
                    side.replace(exp.Cast(this=side.copy(), to=exp.DataType(this=exp.DataType.Type.DATE, nested=False)))
    return tree
