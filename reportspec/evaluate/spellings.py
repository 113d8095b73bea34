"""Rows whose names differ by case or blanks alone: what people wrote in two ways is counted apart, which is told, and
no heading names a row as the first that would not be so together with its likes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reportspec.letters import plain_letters
from reportspec.measures.words import word
from reportspec.model.figures import Cell, Section
from reportspec.model.spec import Report

_NAMED = 3  # groups of names that a note lists


def with_spellings(report: Report, sections: tuple[Section, ...]) -> tuple[Section, ...]:
    """The sections with a note at each table by a text whose values are written in several ways."""
    return tuple(_noted(report, section) for section in sections)


def _noted(report: Report, section: Section) -> Section:
    columns = section.columns
    if section.shape != "table" or not columns or (columns[0].role, columns[0].type) != ("dimension", "text"):
        return section
    several = [names for names in _by_spelling(row[0] for row in section.rows).values() if len(names) > 1]
    if not several:
        return section
    quoted = [", ".join(word(report.language, "quoted", name) for name in names) for names in several[:_NAMED]]
    named = "; ".join(quoted) + ("" if len(several) <= _NAMED else "; …")
    note = word(report.language, "spelt_apart", columns[0].label, named)
    return replace(section, notes=(*section.notes, note))


def stands_alone(name: Cell, names: Iterable[Cell]) -> bool:
    """Whether no other name is the same but for case and blanks."""
    return len(_by_spelling((*names, name)).get(_spelling(str(name)), ())) <= 1


def largest_together(values: Iterable[tuple[Cell, float]]) -> float:
    """The most that rows come to which are the same but for case and blanks, each with its likes."""
    together: dict[str, float] = {}
    for name, value in values:
        key = _spelling(str(name))
        together[key] = together.get(key, 0.0) + value
    return max(together.values(), default=0.0)


def _by_spelling(names: Iterable[Cell]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        if isinstance(name, str) and name.strip():
            known = found.setdefault(_spelling(name), [])
            if name not in known:
                known.append(name)
    return found


def _spelling(name: str) -> str:
    return " ".join(plain_letters(name).casefold().split())
