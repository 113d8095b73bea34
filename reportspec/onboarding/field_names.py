"""What tables and columns are called: the names that a field may have, and the ways to read that of a column."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from sqlglot import exp

from reportspec.check.mapping import load_mapping, shipped
from reportspec.check.project import load_project
from reportspec.lazy_dataclass import dataclass
from reportspec.model.domain import Catalogue, Entity, Field
from reportspec.model.mapped import MappedPart
from reportspec.onboarding.name_words import (
    Weighed,
    Words,
    empty_words,
    entity_words,
    field_words,
    hundredths,
    singular,
    unsaid,
    words_of,
)
from reportspec.resolve.mapped_columns import OWN

_OF_ANOTHER = 0.9  # what a name is worth that a CRM has for a field, and that is first of all one of another
_LATE = 25  # names from which on those of a list are worth the same, whatever language stands last


@dataclass(frozen=True, slots=True)
class Learned:
    """What shipped mappings call tables and columns: by entity, and by entity and field."""

    tables: Mapping[str, tuple[Words, ...]]
    fields: Mapping[tuple[str, str], tuple[Words, ...]]


@lru_cache(maxsize=32)
def learned(without: str = "") -> Learned:
    """The names of all shipped mappings, or of all but one."""
    from reportspec.catalogue.load import packaged

    _, project = load_project(None, {})
    tables: dict[str, dict[Words, None]] = defaultdict(dict)
    fields: dict[tuple[str, str], dict[Words, None]] = defaultdict(dict)
    for name in shipped():
        if name == without:
            continue
        source, _, _ = load_mapping(packaged(), name, None, project)
        assert source is not None
        widest: dict[str, tuple[int, str]] = {}  # by table the entity that reads most of it
        for entity, mapped in source.entities.items():
            for part in mapped.parts:
                widest[part.table.name] = max(widest.get(part.table.name, (0, "")), (len(part.fields), entity))
        for table, (_, entity) in widest.items():
            tables[entity][words_of(table)] = None
        for entity, mapped in source.entities.items():
            for part in mapped.parts:
                for field in part.fields.values():
                    columns = own_columns(part, field.sql)
                    if len(columns) == 1:
                        fields[entity, field.name][stripped(words_of(columns[0]), entity)] = None
    return Learned({k: tuple(v) for k, v in tables.items()}, {k: tuple(v) for k, v in fields.items()})


def own_columns(part: MappedPart, tree: exp.Expr) -> list[str]:
    """The columns of a part's own table that an expression reads, each once."""
    found = [node for node in tree.find_all(exp.Column) if node.table in ("", OWN)]
    return list(dict.fromkeys(node.name for node in found))


@lru_cache(maxsize=256)
def _called(entity: str) -> frozenset[Words]:
    return frozenset(singular(name) for name in entity_words().get(entity, ()))


def stripped(words: Words, entity: str) -> Words:
    """A column's words without those of its entity in front, and without what marks custom ones behind."""
    own = _called(entity)
    for size in (2, 1):
        if len(words) > size and singular(words[:size]) in own and words[size:] != ("id",):
            return words[size:]
    if len(words) > 1 and words[-1:] != ("id",) and singular(words[-1:]) in own:  # as in `nome trattativa`
        return words[:-1]
    return words[:-1] if len(words) > 1 and words[-1] in ("c", "custom") else words


# --- tables --------------------------------------------------------------------------------------------


def table_words(names: Collection[str]) -> dict[str, Words]:
    """The words of tables that tell them apart: without those that say nothing, and those that most of them share."""
    every = {name: words_of(name.rpartition(".")[2]) for name in names}
    often: dict[str, int] = defaultdict(int)
    for words in every.values():
        for word in set(words):
            often[word] += 1
    common = {word for word, number in often.items() if len(every) > 3 and number > 0.6 * len(every)}
    found = {}
    for name, words in every.items():
        left = tuple(w for w in words if w not in common and w not in empty_words() and not w.isdigit())
        found[name] = left or words
    return found


# --- columns -------------------------------------------------------------------------------------------


class Names:
    """The names that a field may have, each weighed by how telling it is."""

    def __init__(self, catalogue: Catalogue, known: Learned) -> None:
        self.catalogue, self.known = catalogue, known
        self._found: dict[str, Weighed] = {}

    def of(self, entity: Entity, field: Field) -> Weighed:
        """The names with their weights."""
        if field.id not in self._found:
            names: dict[Words, float] = {}

            def add(words: Words, weight: float) -> None:
                names[words] = max(names.get(words, 0.0), weight)

            add(words_of(field.name), 1.0)
            if field.name != entity.key:
                for text in field.also:
                    add(words_of(text), 0.99)
            if field.name == entity.key:
                for index, words in enumerate(field_words("key")):
                    add(words, 1.0 - 0.01 * index)
                for words in entity_words().get(entity.name, ()):
                    add((*words, "id"), 1.0)
                    add((*words, "number"), 0.9)
            elif field.type != "key":
                for text in field.label.values():
                    add(words_of(text), 0.93)
            if field.name != entity.key:  # by the words for a key others lead to it
                for index, words in enumerate(field_words(field.name, entity.name)):
                    add(words, 1.0 - 0.002 * min(index, _LATE))
            add((*words_of(entity.name), *words_of(field.name.removesuffix("_id"))), 0.98)
            if field.name == "name":
                for words in entity_words().get(entity.name, ()):
                    add((*words, "name"), 0.99)
                    add(words, 0.9)
            to = next((r.to for r in entity.relations.values() if r.by == field.name), None)
            if (
                field.type == "key"
                and to is not None
                and field.name in ("owner_id", "agent_id", f"{to}_id", f"{to.strip('_')}_id")
            ):
                for words in entity_words().get(to, ()):
                    add((*words, "id"), 0.97)
                    add((*words, "number"), 0.95)
                    add((*words, "name"), 0.9)
                    add(words, 0.95)
            own = {words for words, _ in names.items()}
            others = {w for name in entity.fields if name != field.name for w in field_words(name, entity.name)} - own
            for words in self.known.fields.get((entity.name, field.name), ()):
                add(words, _OF_ANOTHER if words in others else 1.0)
            self._found[field.id] = Weighed(names.items())
        return self._found[field.id]

    def near(self, entity: Entity, field: Field, variants: Iterable[tuple[Words, float]]) -> float:
        """How near the name of a column is to a field's, by any of the ways to read it."""
        names, best = self.of(entity, field), 0.0
        for words, weight in variants:
            best = names.nearest(words, best / weight) * weight
        return best


_OF_AMOUNTS = frozenset(
    "ht ttc iva mwst vat eur euro usd dollar chf gbp net netto netta netti nette brutto lordo gross in".split()  # noqa: SIM905
)


_LINK_WORDS = """of the della del dello dell di de du des d l la le il el los las der die das von vom zum zur am in dans
    nella nello nell alla allo all en"""
_LINKS = frozenset(_LINK_WORDS.split())


_OF_RECORD = re.compile(r"(\w+)_id/(?:name|display_name|complete_name|id|\.id)")


def variants_of(column: str, entity: str, prefix: Words) -> list[tuple[Words, float]]:
    """The ways to read a column's name: as it stands, without what all columns of its table begin with, and without
    its entity."""
    words = words_of(column)
    head = re.match(r"\s*\(([^()]+)\)\s*(?=\S)", column)
    if head is not None and words_of(head[1]) in unsaid():
        words = words_of(column[head.end() :])
        words = (*words, "id") if singular(words) in _called(entity) else words
    ways = [(words, 1.0)]
    if (path := _OF_RECORD.fullmatch(column.strip())) is not None:  # `user_id/name`: a field of the record named so
        ways += [(words_of(path[1]), 1.0), (words_of(f"{path[1]}_id"), 1.0)]
    bare = words
    if prefix and len(words) > len(prefix) and words[: len(prefix)] == prefix:
        bare = words[len(prefix) :]
    while len(bare) > 1 and bare[0] in ("property", "hs", "custom", "cf", "field"):
        bare = bare[1:]
    if bare != words:
        ways.append((bare, 0.995))
    priced = tuple(word for word in bare if word not in _OF_AMOUNTS)
    if priced and priced != bare:
        ways.append((priced, 0.99))
        bare = priced
    whole = tuple(word for word in bare if word not in hundredths())
    if whole and whole != bare:
        ways.append((whole, 0.99))
        bare = whole
    plain = tuple(word for word in bare if word not in _LINKS)
    if plain and plain != bare:
        ways.append((plain, 0.99))
        bare = plain
    own = stripped(bare, entity)
    if own != bare:
        ways.append((own, 0.985))
    return ways


def prefix_of(columns: Iterable[str]) -> Words:
    """The word that most columns of a table begin with, if there is one."""
    heads: dict[str, int] = defaultdict(int)
    total = 0
    for column in columns:
        words = words_of(column)
        total += 1
        if len(words) > 1:
            heads[words[0]] += 1
    head, number = max(heads.items(), key=lambda item: item[1], default=("", 0))
    return (head,) if total > 3 and number > 0.6 * total else ()
