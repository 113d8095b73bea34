"""Which shipped mapping tables are of: by the columns that it reads, whatever the files are called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache

from reportspec.catalogue.load import packaged
from reportspec.check.mapping import load_mapping, shipped
from reportspec.check.project import load_project
from reportspec.model.mapping_proposals import Recognised, TableSeen
from reportspec.onboarding.field_names import own_columns, table_words
from reportspec.onboarding.name_words import words_of
from reportspec.resolve.mapped_columns import named_columns

_TABLE = 0.6  # share of the columns that a mapping reads of a table, that make a table that one
_ALL = 0.7  # the same of all tables together
_FEWEST = 6  # columns: fewer may be alike by chance


@lru_cache(maxsize=32)
def read_by(crm: str) -> Mapping[str, frozenset[str]]:
    """The tables that a shipped mapping reads, with their columns in small letters."""
    _, project = load_project(None, {})
    source, _, _ = load_mapping(packaged(), crm, None, project)
    assert source is not None
    found: dict[str, set[str]] = defaultdict(set)
    for entity in source.entities.values():
        for part in entity.parts:
            for table, columns in named_columns(part):
                found[table.name] |= {column.lower() for column in columns}
    return {table: frozenset(columns) for table, columns in found.items()}


@lru_cache(maxsize=32)
def dated_by(crm: str, entities: frozenset[str], fields: frozenset[str]) -> frozenset[tuple[str, str]]:
    """The columns, in small letters, with their tables that a shipped mapping reads as these fields of entities."""
    _, project = load_project(None, {})
    source, _, _ = load_mapping(packaged(), crm, None, project)
    assert source is not None
    found = set()
    for entity in entities & set(source.entities):
        for part in source.entities[entity].parts:
            for name in fields & set(part.fields):
                found |= {(part.table.name, column.lower()) for column in own_columns(part, part.fields[name].sql)}
    return frozenset(found)


def recognised(tables: Iterable[TableSeen]) -> Recognised | None:
    """The shipped mapping whose columns the tables have most of, if they have nearly all of them."""
    here = {table.name: frozenset(column.lower() for column in table.columns) for table in tables}
    words = table_words(here) if here else {}
    best: Recognised | None = None
    for crm in shipped():
        found = _of(crm, here, words)
        if found is None:
            continue
        if best is None or found.columns > best.columns:
            best = found
    return best


def taken_for(crm: str, tables: Iterable[TableSeen]) -> Recognised | None:
    """The tables of a shipped mapping among these, where somebody says that they are of it."""
    here = {table.name: frozenset(column.lower() for column in table.columns) for table in tables}
    found = _matched(crm, here, table_words(here) if here else {})
    return found if found.tables else None


def _of(crm: str, here: Mapping[str, frozenset[str]], words: Mapping[str, tuple[str, ...]]) -> Recognised | None:
    found = _matched(crm, here, words)
    most = max((len(read_by(crm)[theirs] & here[name]) for theirs, name in found.tables.items()), default=0)
    enough = most >= _FEWEST and found.columns >= max(2 * _FEWEST, _ALL * found.of)
    return found if enough else None


def _matched(crm: str, here: Mapping[str, frozenset[str]], words: Mapping[str, tuple[str, ...]]) -> Recognised:
    """Which table here is which of a shipped mapping's, by their columns."""
    rated = []
    for theirs, columns in read_by(crm).items():
        for name, there in here.items():
            shared = len(columns & there)
            named = words_of(theirs) in (words[name], words_of(name)) or _plain(theirs) == _plain("".join(words[name]))
            share = shared / len(columns)
            if shared and (share >= _TABLE or (named and share >= 0.4)):
                rated.append((named, shared, share, theirs, name))
    tables: dict[str, str] = {}
    columns_found = columns_of = 0
    for named, shared, _, theirs, name in sorted(rated, reverse=True):
        # One of another name counts only where many of its columns say so.
        if theirs in tables or name in tables.values() or (not named and shared < _FEWEST):
            continue
        tables[theirs] = name
        columns_found += shared
        columns_of += len(read_by(crm)[theirs])
    return Recognised(crm, tables, columns_found, columns_of)


def _plain(name: str) -> str:
    return "".join(words_of(name)).removesuffix("s")
