"""Articles stand before numbers as both are said."""

from __future__ import annotations

import pytest

from reportspec.languages import elided, languages, word


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ha il 80 % di tutto", "ha l’80 % di tutto"),
        ("del 8,5 %", "dell’8,5 %"),
        ("del 11,6 %", "dell’11,6 %"),
        ("Il 800 per mille", "L’800 per mille"),
        ("al 11 nov", "all’11 nov"),
        ("dal 8 nov", "dall’8 nov"),
        ("del 1,8 %", "del 1,8 %"),
        ("del 110 %", "del 110 %"),
        ("del 18 %", "del 18 %"),
        ("il 811.000 €", "l’811.000 €"),
        ("il 11.000 €", "l’11.000 €"),
        ("il 8000 e rotti", "il 8000 e rotti"),
        ("tra 8 e 11", "tra 8 e 11"),
    ],
)
def test_in_italian(text: str, said: str) -> None:
    assert elided("it", text) == said


def test_no_other_language_does_so() -> None:
    for language in languages():
        if language != "it":
            assert elided(language, "del 80 % il 8 al 11 de 8 le 11") == "del 80 % il 8 al 11 de 8 le 11"


def test_sentences_of_reports_are_written_so() -> None:
    assert word("it", "evaluation", "ended", "8 nov") == "I dati arrivano all’8 nov: le cifre sono a quella data."
