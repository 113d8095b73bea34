"""Each language's texts are set as it is printed: its blanks, its apostrophes, its per cent signs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from reportspec.files import packaged
from reportspec.languages import in_parts, languages, percent_sign
from reportspec.languages.numbers import unbroken
from reportspec.measures.audit_wording import share
from reportspec.render.templating import kept_together

NO_BREAK = "\u00a0"
_CODED = re.compile(r"`[^`]*`|\{[^{}]*\}|[\"'][:;?!»]+[\"']")  # what is a name, a gap or signs themselves


def texts_of(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in ("unbroken", "semicolon"):
                yield from texts_of(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from texts_of(inner, key)
    elif isinstance(value, str):
        yield value


def texts(language: str) -> list[str]:
    """All texts of a language's file, and of English and Italian those of the catalogue."""
    found = [packaged("languages").joinpath(f"{language}.yaml").read_text("utf-8")]
    listed = list(texts_of(yaml.safe_load(found[0])))
    for folder in ("metrics", "entities", "reports", "audits", "aims") if language in ("en", "it") else ():
        for file in packaged("catalogue").joinpath(folder).iterdir():
            read = file.read_text("utf-8") if file.name.endswith(".yaml") else ""
            listed += re.findall(rf'\b{language}: "((?:[^"\\]|\\.)*)"', read)
    return listed


@pytest.mark.parametrize("language", languages())
def test_per_cent_signs(language: str) -> None:
    """English and Italian write `5%`, the others part the two by a blank."""
    close = language in ("en", "it")
    odd = [text for text in texts(language) if re.search(r"[0-9}] %" if close else r"[0-9}]%", text)]
    assert not odd
    assert percent_sign(language, "5") == ("5%" if close else f"5{NO_BREAK}%")


@pytest.mark.parametrize("language", ["fr", "it"])
def test_apostrophes_are_round(language: str) -> None:
    assert not [text for text in texts(language) if re.search(r"\w'\w", _CODED.sub("", text))]


def test_french_signs() -> None:
    for text in texts("fr"):
        plain = _CODED.sub("", text)
        assert not re.search(r"[^\s][;?!»](?=\s|$)", plain), text
        assert not re.search(r"[^\s\d/]:(?=\s|$)", plain), text
        assert not re.search(r"«\S", plain), text


def test_no_line_ends_before_a_sign() -> None:
    said = "Objectif : 5 % ; « bien » !"
    assert unbroken("fr", said) == said.replace(" : ", f"{NO_BREAK}: ").replace("5 %", f"5{NO_BREAK}%").replace(
        " ;", f"{NO_BREAK};"
    ).replace("« bien » !", f"«{NO_BREAK}bien{NO_BREAK}»{NO_BREAK}!")
    assert unbroken("en", "a : b, 5 % of c") == f"a : b, 5{NO_BREAK}% of c"
    assert in_parts("fr", ["a", "b"]) == f"a{NO_BREAK}; b"


def test_only_words_of_markup_are_gone_through() -> None:
    from markupsafe import Markup

    made = kept_together("fr", Markup('<p style="color :red">Objectif : 5</p><style>a : b</style>'))
    assert made == f'<p style="color :red">Objectif{NO_BREAK}: 5</p><style>a : b</style>'


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 3, "0.0%"), (3, 3, "100.0%"), (1, 3, "33.3%"),
        (9748, 10000, "97.5%"),  # as it is rounded in reports
        (9996, 10000, "99.96%"), (99999, 100000, "99.999%"), (1, 100000, "0.001%"), (9_999_999, 10_000_000, "99.99999%"),
    ],
)  # fmt: skip
def test_a_share_is_rounded_and_tells_all_from_nearly_all(part: int, whole: int, said: str) -> None:
    assert share(part, whole, "en") == said
