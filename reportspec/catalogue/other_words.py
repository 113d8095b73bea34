"""What fields are called elsewhere, in the languages of the catalogue."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from reportspec.catalogue.load import documents
from reportspec.diagnostics import folded_name


def field_called(word: str, entity: str, fields: Iterable[str]) -> str | None:
    """The one of an entity's fields that a word stands for elsewhere (`montant` for the amount); None where it is none,
    or may be several."""
    wanted, words = _plain(word), _words()
    own, every = words.get(entity) or {}, words["any"]
    if word in own or word in every:
        return None  # a word of the catalogue means what it means there
    meant = [name for name in fields if any(wanted == _plain(one) for of in (own, every) for one in of.get(name, ()))]
    return meant[0] if len(meant) == 1 else None


@cache
def _words() -> Mapping[str, Any]:
    return next(data for name, data in documents("synonyms") if name == "fields.yaml")


def _plain(word: str) -> str:
    """A name without accents, capital letters, and what parts its words."""
    letters = unicodedata.normalize("NFKD", folded_name(word))
    return "".join(one for one in letters if one.isalnum())
