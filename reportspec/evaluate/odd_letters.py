"""Texts of the source that look the same and are counted apart, and such as have lost letters: as they stand in the
figures, whatever the database compares them by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reportspec.letters import LOST, plain_letters
from reportspec.measures.answers import Answers
from reportspec.model.column_ids import Member
from reportspec.model.domain import Field
from reportspec.model.findings import Check, Finding, Kind
from reportspec.model.query import AggregateQuery, Query
from reportspec.model.rows import Table
from reportspec.resolve.binding import Binding
from reportspec.sql.column_names import spelled


def odd_letters(binding: Binding, given: Iterable[Answers]) -> list[Finding]:
    """What is told of the texts in answers, by the fields that they are of."""
    fields: dict[str, Field] = {}
    texts: dict[str, dict[str, bool]] = {}  # of each field its texts, and whether rows are grouped by one
    for answers in given:
        for query, table in answers.given.values():
            for field, grouped, values in _columns(binding, query, table):
                fields[field.id] = field
                known = texts.setdefault(field.id, {})
                for value in values:
                    known[value] = known.get(value, False) or grouped
    found: list[Finding] = []
    for name, known in texts.items():
        found += _told("lost-letters", fields[name], [text for text in known if LOST in text], len(known))
        found += _told(
            "look-alikes", fields[name], _alike(text for text, grouped in known.items() if grouped), len(known)
        )
    return found


def _columns(binding: Binding, query: Query, table: Table) -> Iterator[tuple[Field, bool, Iterable[str]]]:
    """The columns of an answer that have texts of one's own tables, and whether rows are grouped by them."""
    if isinstance(query, AggregateQuery):
        named = {spelled(Member(place)): one.field for place, one in enumerate(query.dimensions) if not one.bins}
    else:
        named = {name: binding.resolve(query.entity, path).field for name, path in query.fields}
    for at, column in enumerate(table.columns):
        field = named.get(column)
        if field is None or field.type != "text" or field.entity not in binding.source.entities:
            continue
        yield field, isinstance(query, AggregateQuery), (row[at] for row in table.rows if isinstance(row[at], str))


def _alike(texts: Iterable[str]) -> list[str]:
    """Those that look the same as another."""
    looks: dict[str, list[str]] = {}
    for text in texts:
        looks.setdefault(plain_letters(text), []).append(text)
    return [text for same in looks.values() if len(same) > 1 for text in same]


def _told(kind: Kind, field: Field, values: list[str], count: int) -> list[Finding]:
    examples = tuple((value, 0) for value in values)
    return [Finding(Check(kind, field.entity, field), len(values), count, examples)] if values else []
