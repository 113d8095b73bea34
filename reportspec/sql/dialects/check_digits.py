"""Check digits in plain SQL, for databases whose sessions bring no function of ours for them:

CARD_IS_RIGHT(digits)   1 where the last of up to 19 digits is right (Luhn, ISO/IEC 7812-1), else 0
IBAN_IS_RIGHT(signs)    1 where the check digits of an IBAN without blanks are right (mod 97, ISO 13616), else 0
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import sqlglot
from sqlglot import exp

from reportspec.expression.sandbox import CANONICAL
from reportspec.expression.trees import copied
from reportspec.sql.dialects.rewrite import Dialect, Rule

_DIGITS_OF_CARD = 19
_FIRST, _NEXT, _STEPS = 18, 16, 4  # digits that are divided by 97 at a time: what is left stays a BIGINT
_DIGITS_OF_IBAN = _FIRST + _NEXT * _STEPS


def written_out(dialect: Dialect) -> Rule:
    """The rule that writes the functions out, but for those that a session brings. They name their argument dozens of
    times: where a database can be told so, it is computed once."""

    def rule(node: exp.Expr) -> exp.Expr:
        name = str(node.this)
        if name not in _FUNCTIONS or name in dialect.brings:
            return node
        [argument] = node.expressions
        digits, right = _FUNCTIONS[name]()

        def formula(value: exp.Expr) -> exp.Expr:
            return _filled(right, value)

        looked_at = _filled(digits, argument)
        return formula(looked_at) if dialect.once is None else dialect.once(looked_at, formula)

    return rule


def _filled(template: str, value: exp.Expr) -> exp.Expr:
    """A formula of a text that is called `t`, of a value."""
    return _template(template).transform(lambda one: copied(value) if isinstance(one, exp.Column) else one)


@cache
def _template(text: str) -> exp.Expr:
    tree = sqlglot.parse_one(text, dialect=CANONICAL)
    for node in tree.walk():
        node._meta = None  # positions in the text
    return tree


def _card() -> tuple[str, str]:
    """Of the digits from the right every second one is doubled, and 9 taken off what is above 9; their sum is to be a
    multiple of 10."""
    terms = []
    for place in range(1, _DIGITS_OF_CARD + 1):
        digit = f"substr(t, {place}, 1)"
        doubled = (_DIGITS_OF_CARD - place) % 2 == 1
        terms.append(f"cast({digit} as bigint) * {2 if doubled else 1}")
        if doubled:
            terms.append(f"-(case when {digit} > '4' then 9 else 0 end)")
    # Of what is seen to be whole the remainder is taken as it is; else the sum would be written seven times.
    right = f"(case when cast({' + '.join(terms)} as bigint) % 10 = 0 then 1 else 0 end)"
    return f"right('{'0' * _DIGITS_OF_CARD}' || t, {_DIGITS_OF_CARD})", right


def _iban() -> tuple[str, str]:
    """The first four signs go to the end, letters become numbers from 10 on, and of the number that this makes 1 is
    left when it is divided by 97."""
    number = "substr(t, 5, 30) || substr(t, 1, 4)"
    for at, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
        number = f"replace({number}, '{letter}', '{10 + at}')"
    left = f"cast(substr(t, 1, {_FIRST}) as bigint) % 97"
    for step in range(_STEPS):
        piece = f"substr(t, {_FIRST + 1 + step * _NEXT}, {_NEXT})"
        left = f"cast(cast({left} as varchar) || {piece} as bigint) % 97"
    right = f"(case when {left} = 1 then 1 else 0 end)"
    return f"right('{'0' * _DIGITS_OF_IBAN}' || {number}, {_DIGITS_OF_IBAN})", right


# Each with the digits that it makes of a text, and what it says of these: those are named dozens of times.
_FUNCTIONS: Mapping[str, Callable[[], tuple[str, str]]] = {"CARD_IS_RIGHT": _card, "IBAN_IS_RIGHT": _iban}
