"""Check digits as the databases' SQL computes them, against the standards' own rules in a few lines of Python."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import duckdb
import pytest
from sqlglot import exp

from reportspec.databases.duckdb import DUCKDB
from reportspec.expression.trees import column, table
from reportspec.sql.dialect import sql_text
from tests.conftest import Draw


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1: each second digit from the right is doubled, and what that makes is added digit by digit."""
    doubled = "".join(str(int(digit) * (1 + at % 2)) for at, digit in enumerate(reversed(digits)))
    return sum(map(int, doubled)) % 10 == 0


def mod_97(signs: str) -> bool:
    """ISO 13616: the first four signs at the end, letters as numbers from 10 on, over 97 leave 1."""
    return int("".join(str(int(sign, 36)) for sign in signs[4:] + signs[:4])) % 97 == 1


def card(random: Random) -> str:
    return "".join(random.choices("0123456789", k=random.randint(13, 19)))


def iban(random: Random) -> str:
    """One of 97 is right by chance; of every second one the check digits are made so."""
    rest = "".join(random.choices("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=random.randint(11, 30)))
    country = "".join(random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=2))
    if random.random() < 0.5:
        return f"{country}{random.randint(0, 99):02d}{rest}"
    left = int("".join(str(int(sign, 36)) for sign in f"{rest}{country}00")) % 97
    return f"{country}{98 - left:02d}{rest}"


CASES: list[tuple[str, Callable[[Random], str], Callable[[str], bool]]] = [
    ("CARD_IS_RIGHT", card, luhn),
    ("IBAN_IS_RIGHT", iban, mod_97),
]


@pytest.mark.parametrize(("function", "drawn", "right"), CASES, ids=["card", "iban"])
def test_they_are_those_of_the_standards(
    function: str, drawn: Callable[[Random], str], right: Callable[[str], bool], draw: Draw
) -> None:
    random = Random(draw.seed)
    texts = [drawn(random) for _ in range(draw.rounds(400, 20_000))]
    asked = exp.Anonymous(this=function, expressions=[column("texts", "text")])
    statement = exp.Select(expressions=[column("texts", "text"), asked], from_=exp.From(this=table("texts")))
    sql = sql_text(statement, DUCKDB)
    assert sql.count('"texts"."text"') <= 3, "once to show it, and once to look at it, or at both of its ends"
    with duckdb.connect() as raw:
        raw.execute("CREATE TABLE texts (text VARCHAR)")
        raw.execute("INSERT INTO texts SELECT UNNEST($1::VARCHAR[])", [texts])
        raw.execute("INSERT INTO texts VALUES (NULL)")
        found = raw.execute(sql).fetchall()
    expected = {text: int(right(text)) for text in texts}
    assert set(expected.values()) == {0, 1}
    assert {text: says for text, says in found if text is not None} == expected
    assert [says for text, says in found if text is None] == [0]
