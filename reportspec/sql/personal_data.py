"""Personal data in free text, as the catalogue's functions ask for them:

has_email(text)         an email address
has_phone(text)         a phone number with its country (`+39 …`), or after a word such as `tel.`
has_card_number(text)   a number of 13 to 19 digits, as cards have them, whose check digit is right
has_iban(text)          an IBAN of its country's length, whose check digits are right

A regular expression finds what looks like one; only of texts that have it the check digits of the first such number are
computed. All of it is SQL, so that the text does not leave the database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from sqlglot import exp

from reportspec.catalogue.load import packaged
from reportspec.expression.trees import copied, literal, when

EMAIL = "[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+([.][A-Za-z0-9-]+)*[.][A-Za-z][A-Za-z]"
_REST = "([ ./()-]?[ ./()-]?[0-9])"
ABROAD = f"(^|[^0-9a-z+])[+][1-9]{_REST}{{7,13}}($|[^0-9])"
_WORDS = "tel|telefono|telefon|telefone|teléfono|téléphone|phone|mobile|cell|cellulare|handy|móvil|portable|fon"
NAMED = f"(^|[^a-z])({_WORDS})[.]?:? ?[(+0]*[0-9]{_REST}{{5,13}}($|[^0-9])"
# In one piece, or in the groups that are printed on cards; cards of payment begin with 2 to 6.
CARD = (
    "((^|[^0-9])([2-6][0-9]{12,18}|[2-6][0-9]{3}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{1,7}"
    "|3[0-9]{3}[ -][0-9]{6}[ -][0-9]{4,5})($|[^0-9]))"
)


def has_personal_data(name: str, text: exp.Expr) -> exp.Expr:
    """That a text has what one of the functions looks for; of no text it has not."""
    # Most texts are too short for it, which costs less to see than that a pattern does not fit.
    long_enough = exp.GTE(this=exp.Length(this=copied(text)), expression=literal(_LEAST[name]))
    return exp.EQ(this=when(long_enough, _FINDERS[name](text), literal(0)), expression=literal(1))


def _email(text: exp.Expr) -> exp.Expr:
    return when(_has(text, "@"), when(_matches(text, EMAIL), literal(1), literal(0)), literal(0))


def _phone(text: exp.Expr) -> exp.Expr:
    small = exp.Lower(this=copied(text))
    abroad = when(_has(text, "+"), when(_matches(small, ABROAD), literal(1), literal(0)), literal(0))
    return when(_matches(small, NAMED), literal(1), abroad)


def _card(text: exp.Expr) -> exp.Expr:
    digits = _first(text, CARD, "[^0-9]")
    return when(_matches(text, CARD), exp.Anonymous(this="CARD_IS_RIGHT", expressions=[digits]), literal(0))


def _iban(text: exp.Expr) -> exp.Expr:
    capitals, looks = exp.Upper(this=copied(text)), form_of_ibans()
    signs = _first(capitals, looks, "[^A-Z0-9]")
    return when(_matches(capitals, looks), exp.Anonymous(this="IBAN_IS_RIGHT", expressions=[signs]), literal(0))


def _has(text: exp.Expr, sign: str) -> exp.Expr:
    """That a text has a sign, without which no pattern of it fits: it costs a tenth of one to see."""
    return exp.Like(this=copied(text), expression=literal(f"%{sign}%"))


def _matches(text: exp.Expr, pattern: str) -> exp.Expr:
    return exp.RegexpLike(this=copied(text), expression=literal(pattern))


def _first(text: exp.Expr, pattern: str, but: str) -> exp.Expr:
    """The first part of a text that a pattern (one group) fits, without some signs."""
    found = exp.RegexpExtract(this=copied(text), expression=literal(pattern), group=literal(1))
    return exp.RegexpReplace(this=found, expression=literal(but), replacement=literal(""), modifiers=literal("g"))


@cache
def form_of_ibans() -> str:
    """What IBANs look like: a country, two digits, and as many signs as the country has, with blanks between them."""
    by_length: dict[int, list[str]] = {}
    for known in packaged().lists["iban_lengths"]:
        by_length.setdefault(int(known[2:]), []).append(known[:2])
    forms = (f"({'|'.join(of)})[0-9][0-9]( ?[A-Z0-9]){{{size - 4}}}" for size, of in by_length.items())
    return f"((^|[^A-Z0-9])({'|'.join(forms)})($|[^A-Z0-9]))"


_LEAST = {"HAS_EMAIL": 6, "HAS_PHONE": 9, "HAS_CARD_NUMBER": 13, "HAS_IBAN": 15}  # signs
_FINDERS: Mapping[str, Callable[[exp.Expr], exp.Expr]] = {
    "HAS_EMAIL": _email,
    "HAS_PHONE": _phone,
    "HAS_CARD_NUMBER": _card,
    "HAS_IBAN": _iban,
}
