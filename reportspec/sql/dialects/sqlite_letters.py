"""Texts compared in SQLite, letter by letter. Its LOWER and LIKE know English letters alone, so that a session brings
functions of its own, which are Python's: a call for each row. Where SQLite's own functions say the same of every text,
they are asked, which takes a tenth of the time."""

from __future__ import annotations

from sqlglot import exp

from reportspec.expression.trees import literal
from reportspec.lazy_pattern import lazy_pattern
from reportspec.sql.dialects.rewrite import is_text_literal, with_args

_CALL = "reportspec_call"  # of LIKE_TEXT, on what stands in its place
# All letters that no other sign is the capital of, in any script: that of Kelvin is one of `k`, a dotted one of `i`.
_PLAIN = lazy_pattern(r"[a-hjl-z _-]*")


def like(node: exp.Expr) -> exp.Expr:
    """LIKE, which tells capitals from small letters, and ILIKE. A text that is looked for within others, or at their
    beginnings, is looked for by INSTR."""
    sides = [node.this, node.expression]
    if isinstance(node, exp.ILike):
        sides = [_small(side) for side in sides]
    call: exp.Expr = exp.Anonymous(this="LIKE_TEXT", expressions=[sides[1], sides[0]])
    found = _by_place(sides[0], sides[1])
    if found is not None:
        found.meta[_CALL] = call
        call = found
    if not node.args.get("negate"):
        return call
    told = exp.Not(this=call)
    told.meta.update(call.meta)
    return told


def escaped(node: exp.Expr) -> exp.Expr:
    """LIKE with a sign before which `%` and `_` are themselves."""
    asked = node.this
    call = asked.meta.get(_CALL) or (asked.this if isinstance(asked, exp.Not) else asked)
    if not isinstance(call, exp.Anonymous) or call.this != "LIKE_TEXT":
        return node
    told = with_args(call, expressions=[*call.expressions, node.expression])
    return exp.Not(this=told) if isinstance(asked, exp.Not) else told


def compared(node: exp.Expr) -> exp.Expr:
    """A comparison of a text in small letters with texts of which all letters are such that SQLite's own LOWER makes
    them of the same ones."""
    others = node.expressions if isinstance(node, exp.In) else [node.expression]
    call = node.this
    if not (isinstance(call, exp.Anonymous) and call.this == "LOWER_TEXT" and others):
        return node
    if not all(is_text_literal(other) and _PLAIN.fullmatch(str(other.this)) for other in others):
        return node
    return with_args(node, this=exp.Anonymous(this="LOWER", expressions=call.expressions))


def _small(side: exp.Expr) -> exp.Expr:
    if is_text_literal(side) and str(side.this).isascii():
        return exp.Literal.string(str(side.this).lower())
    return exp.Anonymous(this="LOWER_TEXT", expressions=[side])


def _by_place(text: exp.Expr, pattern: exp.Expr) -> exp.Expr | None:
    """Whether a text has another anywhere in it, or begins with it, where that is all that a pattern asks."""
    if not is_text_literal(pattern):
        return None
    written = str(pattern.this)
    sought = written.strip("%")
    if not sought or {"%", "_"} & set(sought) or written not in (f"%{sought}%", f"{sought}%"):
        return None
    place = exp.Anonymous(this="INSTR", expressions=[text, exp.Literal.string(sought)])
    if written.startswith("%"):
        return exp.Paren(this=exp.GT(this=place, expression=literal(0)))
    return exp.Paren(this=exp.EQ(this=place, expression=literal(1)))
