"""Everything that a report says, by language: one file each, beside this one.

A file has the words of the reports, and for languages other than those of the catalogue also the
catalogue's texts, by what they are in English. What a language lacks is in English.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from reportspec.files import packaged
from reportspec.prepared import prepared


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """The codes of the languages that reports can be in, in order."""
    entries = packaged("languages").iterdir()
    return tuple(sorted(f.name.removesuffix(".yaml") for f in entries if f.name.endswith(".yaml")))


# A word before a number that is said with a vowel at its head in languages of articles: eight, eleven, eighty.
_BEFORE_EIGHT = re.compile(r"\b(\w+) (?=(?:8\d{0,2}|11)(?!\d))")
_TWO_STOPS = re.compile(r"(?<!\.)\.\.(?!\.)")


def base_language(code: str) -> str:
    """The language of a code or locale: `pt` of `pt-BR`."""
    return code.replace("-", "_").partition("_")[0].lower()


@lru_cache(maxsize=8)
def vocabulary(language: str) -> Mapping[str, Any]:
    """The words of a language: groups of words by key, complete for every language."""
    if language == "en":
        return _read("en")
    if language not in languages():
        return vocabulary("en")
    words = _read(language)
    merged = dict(_over(vocabulary("en"), words))
    months = (words.get("calendar") or {}).get("months")  # without a list, Babel has them
    merged["calendar"] = {**merged["calendar"], "months": months}
    return merged


def word(language: str, group: str, key: str, *values: object) -> str:
    """A word or sentence, with its gaps filled."""
    text = str(vocabulary(language)[group][key])
    return elided(language, filled(text, *values)) if values else text


def filled(text: str, *values: object, **named: object) -> str:
    """A sentence with its gaps filled. One that ends with an abbreviation (`1. Okt.`) has one full stop, not two."""
    filled = text.format(*values, **named)
    return _TWO_STOPS.sub(".", filled) if "}." in text else filled


def elided(language: str, text: str) -> str:
    """A sentence whose articles stand as they are said before its numbers: `dell’80 %`, for `del 80 %`."""
    articles = vocabulary(language)["before_vowels"] or {}
    if not articles:
        return text

    def joined(found: re.Match[str]) -> str:
        article: str = articles.get(found[1].lower(), found[0])
        return article if found[1].islower() else article[:1].upper() + article[1:]

    return _BEFORE_EIGHT.sub(joined, text)


def in_number(language: str, value: float, spec: str = ",") -> str:
    """A number with the language's signs: `1.234,5` in German. `spec` is Python's format."""
    signs = vocabulary(language)["numbers"]
    return format(value, spec).translate(str.maketrans({",": signs["thousands"], ".": signs["decimal"]}))


def percent_sign(language: str, number: str) -> str:
    """A number, or two that are the ends of a stretch, with the per cent sign as the language sets it: `5%`, `5 %`."""
    return str(vocabulary(language)["marks"]["percent"]).format(number)


def as_part(language: str, name: str) -> str:
    """A name inside of a title: `By stage`, where the language writes it small."""
    return name.lower() if vocabulary(language)["lowercase_names"] else name


def in_parts(language: str, parts: Iterable[str]) -> str:
    """Parts of a sentence in a row."""
    return str(vocabulary(language)["semicolon"]).join(parts)


def alphabetical(language: str, text: str) -> tuple[str, str, str]:
    """A key that sorts texts as the language's dictionaries do: capitals and accents count only
    where all else is equal, unless the language has a letter of its own (`letters`)."""
    letters = vocabulary(language).get("letters") or {}
    small = text.casefold()
    if letters:
        small = "".join(letters.get(letter, letter) for letter in unicodedata.normalize("NFC", small))
    bare = "".join(c for c in unicodedata.normalize("NFKD", small) if not unicodedata.combining(c))
    return bare, small, text


class Texts(dict[str, str]):
    """A text of the catalogue by language. One that it does not have comes from its file."""

    __slots__ = ()

    def get(self, language: str, default: Any = None) -> Any:
        """The text in a language, or the default where nobody has translated it."""
        if language in self:
            return self[language]
        translated = vocabulary(language).get("catalogue") or {}
        return translated.get(self["en"], default)


class With(dict[str, str]):
    """A text with something added in each language, such as the name of a statistic."""

    __slots__ = ("add", "text")

    def __init__(self, text: Mapping[str, str], add: Callable[[str, str], str]) -> None:
        super().__init__(en=add(text["en"], "en"))
        self.text, self.add = text, add

    def get(self, language: str, default: Any = None) -> Any:
        """The text in a language, or the default where nobody has translated it."""
        text_there = self.text.get(language)
        return default if text_there is None else self.add(text_there, language)


def with_texts(data: Any) -> Any:
    """Data of the packaged catalogue, in which each text by language is one of `Texts`."""
    if isinstance(data, dict):
        if isinstance(data.get("en"), str):
            return Texts(data)
        return {key: with_texts(value) for key, value in data.items()}
    if isinstance(data, list):
        return [with_texts(item) for item in data]
    return data


def _read(language: str) -> Mapping[str, Any]:
    path = packaged("languages", f"{language}.yaml")
    document: dict[str, Any] = prepared(path, path.read_bytes(), _loaded)
    return document


def _loaded(text: bytes, name: str) -> Any:
    import yaml

    return yaml.load(text.decode("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> Mapping[str, Any]:
    """`above` where it says something, `below` otherwise."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _over(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged
