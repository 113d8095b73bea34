"""How records are compared, as the catalogue says it (`catalogue/duplicates/`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from reportspec.catalogue.load import documents
from reportspec.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Level:
    """How far two values agree. `agrees` is the share of pairs of the same person or thing that do so; of others it is
    `by_chance`, or `spread` times the share of records that have the more frequent of both values."""

    name: str
    agrees: float
    by_chance: float = 0.0
    spread: float = 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared of two records. `group` has the comparisons that hang together, `rarest` the least share of
    records that a value is taken to have, or of what `identifies` somebody the chance that two share one. Values
    are looked for in common where it `blocks`; `crosses` is the comparison with which values are swapped, `shared`
    what it weighs at the most, in bits, between two of whose names one differs and who have nothing `personal` (nearly)
    the same. Of `words`, likeness counts by how many
    records have the rarest word; a value `within` another one is weighed among the records that have that one."""

    name: str
    kind: str
    group: str
    rarest: float
    levels: tuple[Level, ...]
    different: float
    blocks: bool = False
    identifies: bool = False
    crosses: str = ""
    shared: float | None = None
    personal: bool = False
    words: bool = False
    within: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """Words that say nothing of who somebody is, and forms of one name."""

    titles: tuple[str, ...]
    suffixes: tuple[str, ...]
    particles: tuple[str, ...]
    legal_forms: tuple[str, ...]
    shared_mailboxes: tuple[str, ...]
    placeholder_mailboxes: tuple[str, ...]
    free_mail: tuple[str, ...]
    no_dots: tuple[str, ...]
    same_domains: Mapping[str, str]
    missing: tuple[str, ...]
    streets: Mapping[str, str]
    letters: Mapping[str, str]
    given_names: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All of it. `threshold` is a chance, `together`, `limits`, `both_names_differ` are bits; `crossed` a share."""

    threshold: float
    together: float
    largest_group: int
    unseen: int
    limits: Mapping[str, float]
    crossed: float
    both_names_differ: float
    comparisons: Mapping[str, Comparison]
    entities: Mapping[str, Mapping[str, str]]
    own_fields: Mapping[str, str]
    own_fields_of: Mapping[str, Mapping[str, str]]
    choices: tuple[str, ...]
    gives_way: tuple[str, ...]
    converted: Mapping[str, str]
    deals: str
    links: Mapping[str, str]
    shown: frozenset[str]
    words: Words


@lru_cache(maxsize=1)
def knowledge() -> Knowledge:
    """What the packaged catalogue knows of duplicates."""
    files = dict(documents("duplicates"))
    data = files["comparisons.yaml"]
    comparisons = {name: _comparison(name, spec) for name, spec in data["comparisons"].items()}
    words: dict[str, Any] = {
        key: value if isinstance(value, dict) else tuple(value) for key, value in files["words.yaml"].items()
    }
    names = tuple(tuple(forms) for forms in files["given_names.yaml"]["names"])
    own = {field: comparison for comparison, fields in data["own_fields"].items() for field in fields}
    return Knowledge(
        data["threshold"],
        data["together"],
        data["largest_group"],
        data["unseen"],
        data["limits"],
        data["crossed"],
        data["both_names_differ"],
        comparisons,
        data["entities"],
        own,
        data["own_fields_of"],
        tuple(data["choices"]),
        tuple(data["gives_way"]),
        data["converted"],
        data["deals"]["entity"],
        data["deals"]["links"],
        frozenset(data["shown"]),
        Words(**words, given_names=names),
    )


def _comparison(name: str, spec: Mapping[str, Any]) -> Comparison:
    return Comparison(
        name,
        spec["kind"],
        spec["of"],
        spec["rarest"],
        tuple(Level(level, **values) for level, values in spec["levels"].items()),
        spec["different"],
        bool(spec.get("block", False)),
        bool(spec.get("identifies", False)),
        spec.get("crosses", ""),
        spec.get("shared"),
        bool(spec.get("personal")),
        bool(spec.get("words", False)),
        spec.get("within", ""),
    )
