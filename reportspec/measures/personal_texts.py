"""Personal data in texts that are no fields of persons, such as the name of a deal: only so much of them is shown that
who knows the record sees which it is. They are found by the patterns with which the source is asked for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial

from reportspec.sql.personal_data import ABROAD, CARD, EMAIL, NAMED, form_of_ibans

_MAIL = re.compile(r"([^@\s])[^@]*@([^@.\s])[^@]*([.][^@.\s]+)?")
_QUOTED = re.compile(r"'([^']+)'|\"([^\"]+)\"")


def masked(value: str) -> str:
    """A personal value of which only so much is left that who knows the record sees which it is."""
    if not value.strip():
        return value
    email = _MAIL.fullmatch(value.strip())
    if email is not None:
        return f"{email[1]}…@{email[2]}…{email[3] or ''}"
    digits = [sign for sign in value if sign.isdigit()]
    if len(digits) > 4 and not any(sign.isalpha() for sign in value):
        return f"…{''.join(digits[-2:])}"
    return f"{value.strip()[0]}…"


def covered(text: str) -> str:
    """A text with masked addresses of mail, numbers of phones and cards, and IBANs."""
    if not any(sign.isdigit() or sign == "@" for sign in text):
        return text
    for pattern, is_one in _patterns():
        text = pattern.sub(partial(_in_part, is_one), text)
    return text


def unquoted(text: str) -> str:
    """What a database says, with the values in it masked, which it quotes."""
    return _QUOTED.sub(lambda found: f"{found[0][0]}{masked(found[1] or found[2])}{found[0][0]}", covered(text))


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...]:
    return (
        (re.compile(EMAIL + "[A-Za-z]*"), bool),
        (re.compile(form_of_ibans(), re.IGNORECASE), _is_iban),
        (re.compile(CARD), _is_card),
        (re.compile(ABROAD, re.IGNORECASE), bool),
        (re.compile(NAMED, re.IGNORECASE), bool),
    )


def _is_iban(found: str) -> bool:
    from reportspec.run.sqlite_functions import iban_is_right  # with SQLite, which few commands need

    return iban_is_right(re.sub("[^A-Z0-9]", "", found.upper())) == 1


def _is_card(found: str) -> bool:
    from reportspec.run.sqlite_functions import card_is_right

    return card_is_right(re.sub("[^0-9]", "", found)) == 1


def _in_part(is_one: Callable[[str], bool], match: re.Match[str]) -> str:
    """What was found, masked, with what stands before and after it as it was."""
    found = match[0]
    if not is_one(found):
        return found
    if "@" in found:
        return masked(found)
    begin = re.search(r"[A-Z]{2}[0-9]{2}[ A-Z0-9]{11}|[+(0]*[0-9]", found, re.IGNORECASE)
    end = re.search(r"[A-Z0-9](?=[^A-Z0-9]*$)", found, re.IGNORECASE)
    assert begin is not None
    assert end is not None
    return found[: begin.start()] + masked(found[begin.start() : end.end()]) + found[end.end() :]
