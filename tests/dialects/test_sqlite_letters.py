"""Texts are compared in SQLite as they are elsewhere, whether its own functions are asked or the session's."""

from __future__ import annotations

import itertools
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlglot import parse_one

from reportspec.databases.sqlite import SQLITE
from reportspec.run.sqlite_functions import bring_functions
from reportspec.sql.dialect import sql_text

TEXTS = ["", *("".join(letters) for n in (1, 2, 3) for letters in itertools.product("aB%_é", repeat=n))]
ODD = [
    "a\0B",
    "\0",
    "\N{KELVIN SIGN}",
    "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}",
    "in\N{KELVIN SIGN}",
    "ÀB",
    "aB" * 9,
]
PATTERNS = [
    a + text + b for text in ("a", "aB", "é", "a_", "a%B", "") for a in ("", "%", "%%") for b in ("", "%", "%%")
]


@pytest.fixture
def session() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as raw:
        bring_functions(raw)
        raw.execute("create table t (x text)")
        raw.executemany("insert into t values (?)", [(text,) for text in (*TEXTS, *ODD)])
        yield raw


def found(raw: sqlite3.Connection, condition: str) -> set[str]:
    sql = sql_text(parse_one(f"SELECT x FROM t WHERE {condition}", dialect="duckdb"), SQLITE)
    return {text for (text,) in raw.execute(sql)}


def by_hand(pattern: str, text: str, sign: str = "") -> bool:
    """LIKE as the standard says it, one sign after the other."""
    if not pattern:
        return not text
    if sign and pattern[0] == sign:
        return text[:1] == pattern[1:2] and by_hand(pattern[2:], text[1:], sign)
    if pattern[0] == "%":
        return by_hand(pattern[1:], text, sign) or (bool(text) and by_hand(pattern, text[1:], sign))
    return bool(text) and pattern[0] in ("_", text[0]) and by_hand(pattern[1:], text[1:], sign)


def test_like_finds_what_the_standard_says(session: sqlite3.Connection) -> None:
    everything = {*TEXTS, *ODD}
    for pattern in PATTERNS:
        right = {text for text in everything if by_hand(pattern, text)}
        assert found(session, f"x LIKE '{pattern}'") == right, pattern
        assert found(session, f"x NOT LIKE '{pattern}'") == everything - right, pattern


@pytest.mark.parametrize("pattern", ["a!%", "%a!_%", "!%%", "%!%", "%a%", "a!!%"])
def test_a_sign_before_it_makes_a_wildcard_a_letter(session: sqlite3.Connection, pattern: str) -> None:
    right = {text for text in (*TEXTS, *ODD) if by_hand(pattern, text, "!")}
    assert found(session, f"x LIKE '{pattern}' ESCAPE '!'") == right
    assert found(session, f"NOT x LIKE '{pattern}' ESCAPE '!'") == {*TEXTS, *ODD} - right


@pytest.mark.parametrize("pattern", ["%AB%", "aB%", "É%", "%b", "_b"])
def test_ilike_tells_no_capitals_in_any_script(session: sqlite3.Connection, pattern: str) -> None:
    right = {text for text in (*TEXTS, *ODD) if by_hand(pattern.lower(), text.lower())}
    assert found(session, f"x ILIKE '{pattern}'") == right


@pytest.mark.parametrize("word", ["ab", "b", "k", "i", "ink", "àb", ""])
def test_small_letters_are_those_of_any_script(session: sqlite3.Connection, word: str) -> None:
    right = {text for text in (*TEXTS, *ODD) if text.replace("İ", "i").lower() == word}
    assert found(session, f"LOWER(x) = '{word}'") == found(session, f"LOWER(x) IN ('{word}')") == right
    assert found(session, f"LOWER(x) <> '{word}'") == {*TEXTS, *ODD} - right


def test_what_sqlite_can_look_for_itself_is_no_call_of_python() -> None:
    for condition in ("x LIKE '%ab%'", "x NOT LIKE 'ab%'", "LOWER(x) IN ('done', 'closed')", "LOWER(x) = 'open'"):
        sql = sql_text(parse_one(f"SELECT x FROM t WHERE {condition}", dialect="duckdb"), SQLITE)
        assert not re.search("_TEXT", sql), sql
