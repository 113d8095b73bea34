"""Articles stand before numbers as both are said."""

from __future__ import annotations

import re

import pytest

from reportspec.languages import elided, languages, word
from tests.language.test_languages import shown_texts

# What is feminine where records are called so, and a masculine participle right after it or after how many there are.
FEMININE = {
    "it": (r"(?:Trattative|Aziende|Attività)", r"\w+(?:ati|iti|uti|erti|usi)"),
    "es": (r"(?:Oportunidades|Cuentas|Actividades)", r"\w+(?:ados|idos|iertos)"),
    "fr": (r"(?:Affaires|Activités|Opportunités)", r"\w+és"),
}
# Before an adjective these words compare; between two things that are added, they would be read so.
COMPARES = {"de": r"\bmehr\b", "es": r"\bmás\b", "fr": r"\bplus\b", "it": r"\bpiù\b"}


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


@pytest.mark.parametrize("language", FEMININE)
def test_what_is_said_of_records_agrees_with_them(language: str) -> None:
    records, participle = FEMININE[language]
    wrong = re.compile(rf"^{records}(?: aperte|\s?: 20 \w+ \w+)? {participle}\b")
    said = [text for texts in shown_texts().values() if (text := texts.get(language)) is not None]
    assert any(re.match(records, text) for text in said)
    assert [text for text in said if wrong.match(text)] == []


@pytest.mark.parametrize("language", COMPARES)
def test_labels_of_what_is_added_do_not_compare(language: str) -> None:
    added = {
        english: texts.get(language) or ""
        for english, texts in shown_texts().items()
        if re.fullmatch(r"\w+ plus \w+", english)
    }
    assert added
    assert [text for text in added.values() if re.search(COMPARES[language], text)] == []
