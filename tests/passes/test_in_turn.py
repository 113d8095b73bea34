"""Two sets of rules in one way through a tree make of it what they make one after the other."""

from __future__ import annotations

import random

import pytest
from sqlglot import exp

from reportspec.expression.trees import column, copied, literal
from reportspec.sql.dialects.rewrite import OWN, Rules, rewritten, rewritten_in_turn, with_args
from reportspec.sql.shared_trees import Shared

BINARY = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)


def doubled(node: exp.Expr) -> exp.Expr:
    """A node of other nodes, of which the second rules know some."""
    return exp.Mul(this=exp.Paren(this=node.this), expression=exp.Add(this=node.expression, expression=literal(2)))


# What the first rules make the second ones change, in what the first made and elsewhere; both know some kinds.
FIRST: Rules = {
    exp.Add: lambda node: node if isinstance(node.this, exp.Literal) else doubled(node),
    exp.Sub: lambda node: exp.Sub(this=node.expression, expression=node.this),
    exp.Coalesce: lambda node: node.this,
    exp.Literal: lambda node: literal(8) if node.this == "7" else node,
}
THEN: Rules = {
    exp.Add: lambda node: exp.Anonymous(this="PLUS", expressions=[node.this, node.expression]),
    exp.Mul: lambda node: exp.Div(this=node.this, expression=node.expression),
    exp.Literal: lambda node: literal(9) if node.this == "8" else node,
    exp.Identifier: lambda node: with_args(node, this=f"{node.this}_"),
}


def grown(draw: random.Random, depth: int, kept: list[exp.Expr]) -> exp.Expr:
    """A tree that stands in no other but by chance, as trees of statements do."""
    if kept and draw.random() < 0.15:
        return draw.choice(kept)
    if depth == 0:
        made: exp.Expr = column("t", draw.choice("abc")) if draw.random() < 0.5 else literal(draw.randint(5, 9))
    elif draw.random() < 0.2:
        parts = [grown(draw, depth - 1, kept) for _ in range(2)]
        made = exp.Coalesce(this=grown(draw, depth - 1, kept), expressions=parts)
    else:
        left, right = (grown(draw, draw.randrange(depth), kept) for _ in range(2))
        made = draw.choice(BINARY)(this=left, expression=right)
    if draw.random() < 0.1:
        made = copied(made)
        made.meta[OWN] = "own"
    kept.append(made)
    return made


@pytest.mark.parametrize("anyhow", [(), (exp.Literal,)])
@pytest.mark.parametrize("own", ["", "own"])
def test_in_turn_is_one_after_the_other(own: str, anyhow: tuple[type[exp.Expr], ...]) -> None:
    draw = random.Random(7)
    for _ in range(150):
        kept: list[exp.Expr] = []
        trees = [grown(draw, 4, kept) for _ in range(3)]
        before = [repr(tree) for tree in trees]
        one, two, three = Shared(), Shared(), Shared()
        for tree in kept:
            if draw.random() < 0.3:
                for shared in (one, two, three):
                    shared.add(tree)
        for tree in (*trees, trees[0]):  # the last is known already
            half = rewritten(tree, FIRST, own, shared=(one, "first"))
            wanted = rewritten(half, THEN, own, anyhow, (two, "then"))
            found = rewritten_in_turn(tree, FIRST, THEN, own, anyhow, (three, "both"))
            assert repr(found) == repr(wanted)
        assert [repr(tree) for tree in trees] == before
