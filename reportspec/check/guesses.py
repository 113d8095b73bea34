"""What `init` guessed, every figure hangs on, and nobody has confirmed: its line still has the mark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportspec.lazy_pattern import lazy_pattern
from reportspec.model.domain import Catalogue
from reportspec.resolve.document import Document, Place
from reportspec.suggested_yaml import CONFIRM

_GUESSED = lazy_pattern(rf"\s{CONFIRM}\b[ \t]*(?:\((.*)\))?")
_HUNDREDTHS = lazy_pattern(r"/\s*100\b")


def tell_guesses_of_file(document: Document, path: Place, written: Mapping[str, Any]) -> None:
    """Tell of signs and orders of days of a file that were guessed: nothing else would show that they are wrong."""
    formats = written.get("date_format")
    of_columns = [("date_format", column) for column in formats] if isinstance(formats, dict) else [("date_format",)]
    told: set[int] = set()
    for place in (("decimal",), ("thousands",), *(of_columns if formats else ())):
        if place[0] in written:
            _tell(document, (*path, *place), f"how `{path[-1]}` is read was guessed", f"`{place[-1]}`", told)


def tell_guesses_of_mapping(document: Document, catalogue: Catalogue) -> None:
    """Tell of states whose values were guessed, and of amounts that were taken for hundredths."""
    if CONFIRM not in document.text:
        return
    told: set[int] = set()
    for name, spec in document.data.get("entities", {}).items():
        for field_name, value in (spec.get("fields") or {}).items():
            field = catalogue.entities[name].fields.get(field_name) if name in catalogue.entities else None
            text = value.get("sql") if isinstance(value, dict) else value
            if field is None or not isinstance(text, str):
                continue
            hundredths = field.type == "money" and _HUNDREDTHS.search(text)
            if field.closed or hundredths:
                place: Place = ("entities", name, "fields", field_name)
                _tell(document, place, f"how `{field.id}` is read was guessed", f"`{text[:80]}`", told)


def _tell(document: Document, place: Place, what: str, how: str, told: set[int]) -> None:
    span = document.span(place)
    lines = document.text.splitlines()
    guessed = _GUESSED.search(lines[span.end_line - 1]) if span is not None else None
    if span is None or guessed is None or span.end_line in told:
        return
    told.add(span.end_line)
    help = f"look it up in the CRM: mend the line, or take `{CONFIRM}` away"
    document.tell("unconfirmed", f"{what}: {guessed[1] or how}", place, help, warning=True)
