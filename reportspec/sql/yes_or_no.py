"""Yes-or-no fields that are null: sources leave out what does not hold as often as they say `no`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlglot import exp

from reportspec.expression.trees import copied, nodes_in

YES = "yes"  # in the meta of a COALESCE: a yes-or-no field, null read as no


def null_is_no(tree: exp.Expr, says_yes: Callable[[exp.Expr], bool]) -> exp.Expr:
    """The expression with its yes-or-no fields read as `no` where they are null, wherever the
    opposite is asked for: under `not`, and beside true or false. Sources leave out what does
    not hold as often as they say `no`."""
    for part in asked_as_truth(tree, says_yes):
        known = exp.Coalesce(this=copied(part), expressions=[exp.Boolean(this=False)])
        known.meta[YES] = True
        part.replace(known)
    return tree


def asked_as_truth(tree: exp.Expr, says_yes: Callable[[exp.Expr], bool]) -> Iterator[exp.Expr]:
    """The yes-or-no fields of an expression of which the opposite is asked for: under `not`, and beside true or false.
    Each may be replaced by whoever gets it."""
    for node in nodes_in(tree, exp.Not, exp.EQ, exp.NEQ, exp.In):
        sides = [node.this, *node.expressions]
        sides += [node.expression] if isinstance(node, exp.Binary) else []
        has_truth = any(isinstance(side, exp.Boolean) for side in sides)
        operands = [node.this] if isinstance(node, exp.Not) else sides if has_truth else []
        while operands:
            part = operands.pop()
            if isinstance(part, (exp.Paren, exp.Not)):
                operands.append(part.this)
            elif isinstance(part, (exp.And, exp.Or)):
                operands += [part.this, part.expression]
            elif isinstance(part, (exp.Column, exp.Dot)) and says_yes(part):
                yield part
