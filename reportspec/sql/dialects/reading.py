"""What sources keep in another type than the field's: booleans as words and numbers, times as texts.

The words of yes and no, and the forms of times, are the same on every database. What is none of
them is an error that names the column; an empty text says nothing, as null does. A text with an
offset, `Z` or `UTC` is an instant, one without is the source's clock. Digits beyond a microsecond
are cut off.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from reportspec.expression.trees import COLUMN, HOLDS, ZONE, literal
from reportspec.sql.dialects.rewrite import type_of

YES = ("true", "t", "yes", "y", "1", "1.0")
NO = ("false", "f", "no", "n", "0", "0.0")
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_HOUR = "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
CLOCK = f"^{_DAY}([ T]{_HOUR})?$"
# No clock is further from UTC than 14 hours; databases take anything, or bounds of their own.
OFFSET = "[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?"
INSTANT = f"^{_DAY}[ T]{_HOUR} ?(Z|UTC|{OFFSET})$"
EITHER = f"^{_DAY}([ T]{_HOUR}( ?(Z|UTC|{OFFSET}))?)?$"

Made = Callable[[exp.Expr], exp.Expr]
Told = Callable[[exp.Expr, str], exp.Expr]  # a value and what to say of it: an error


def told_of(node: exp.Expr) -> str:
    """What to say of a value that cannot be read, after the value."""
    what = {"BOOLEAN": "is neither yes nor no", "DATE": "is no day"}.get(type_of(node), "is no time")
    return f" in the column `{node.meta[COLUMN]}` {what}"


def zone_of(node: exp.Expr) -> str:
    """The zone of the source's clock."""
    return str(node.meta[ZONE])


def yes_or_no(node: exp.Expr, text: Made, refused: Told) -> exp.Expr:
    """A boolean of a number or a text. `text` makes a text of a value that compares byte for byte."""
    value = node.this
    if node.meta[HOLDS] == "number":
        ifs = [
            exp.If(this=exp.EQ(this=value, expression=literal(1)), true=exp.Boolean(this=True)),
            exp.If(this=exp.EQ(this=value, expression=literal(0)), true=exp.Boolean(this=False)),
        ]
        other: exp.Expr = exp.Not(this=exp.Is(this=value, expression=exp.Null()))
    else:
        word = exp.Lower(this=exp.Trim(this=text(value)))
        ifs = [
            exp.If(
                this=exp.In(this=word, expressions=[literal(w) for w in words]),
                true=exp.Boolean(this=words is YES),
            )
            for words in (YES, NO)
        ]
        other = exp.NEQ(this=word, expression=literal(""))
    return exp.Case(ifs=[*ifs, exp.If(this=other, true=refused(text(value), told_of(node)))])


def parts_of(node: exp.Expr, text: Made) -> dict[str, exp.Expr]:
    """What the SQL that reads a text names: the value without blanks around it (`t`), the forms of
    times (`c`, `i`, `e`), the source's zone (`z`) and what to say of what cannot be read (`s`)."""
    patterns = {"c": CLOCK, "i": INSTANT, "e": EITHER, "z": zone_of(node), "s": told_of(node)}
    return {"t": exp.Trim(this=text(node.this)), **{k: literal(v) for k, v in patterns.items()}}


def plain_day(node: exp.Expr) -> bool:
    """Whether it is the day of a time without a zone, which a cast gives."""
    return type_of(node) == "DATE" and node.meta[HOLDS] != "text"
