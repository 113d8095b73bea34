"""Letters that are not seen: what a text is without them, how they are shown, and that a name that has them is found."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from reportspec.diagnostics import did_you_mean, meant_by, suggestion
from reportspec.letters import plain_letters, shown_letters, told_apart, unseen
from reportspec.run.files.shape import Shape

UNSEEN = "\u200b\u200e\u2060\u00ad\ufeff\u202e\u00a0\u202f\u2009"
SEEN = st.text(st.characters(categories=["Lu", "Ll", "Nd", "Po"]), max_size=12)


@given(SEEN, SEEN, st.sampled_from(UNSEEN))
def test_what_is_not_seen_is_named_and_counts_for_nothing(head: str, rest: str, letter: str) -> None:
    """Of a blank of another kind that it is one stays."""
    written = head + letter + rest
    plain = unicodedata.normalize("NFC", head + (" " if unicodedata.category(letter) == "Zs" else "") + rest)
    assert plain_letters(written) == plain
    assert unseen(written) == (letter,)
    assert shown_letters(written) == f"{head}<U+{ord(letter):04X}>{rest}"
    assert plain_letters(plain) == plain


@given(SEEN)
def test_accents_are_one_with_their_letters(text: str) -> None:
    apart = unicodedata.normalize("NFD", text)
    assert plain_letters(apart) == unicodedata.normalize("NFC", text)
    assert bool(told_apart(text, apart)) == (text != apart)


def test_a_name_with_a_letter_that_is_not_seen_is_found_and_it_is_said_which() -> None:
    for letter in UNSEEN:
        assert did_you_mean(f"status{letter}", ["stage", "status"]) == "status", letter
    found = suggestion("won_\u200bamount", ["won_amount", "open_amount"])
    assert found == "did you mean `won_amount`? They look the same: what is written has <U+200B>, which is not seen"
    assert found.sure
    assert "that has <U+200B>" in meant_by("won_amount", "won_\u200bamount")
    assert meant_by("won_amuont", "won_amount") == "did you mean `won_amount`?"


def test_a_sheet_has_neither_encoding_nor_delimiter() -> None:
    names = ("id", "amount")
    assert Shape("utf-8", ",", names).said == "UTF-8, comma, 2 columns"
    assert Shape("utf-8", ",", names, sheet=True).said == "2 columns"
