"""Names of tables and columns as words, and how near two of them are."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

from rapidfuzz import fuzz, process

from reportspec.catalogue.load import documents

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PARTS = re.compile(r"[\W_]+")
_JAPANESE = "\u3005\u3040-\u30ff\u3400-\u9fff"
_EDGE = re.compile(rf"(?<=[{_JAPANESE}])(?=[a-z0-9])|(?<=[a-z0-9])(?=[{_JAPANESE}])")
_VOICED = "\u3099\u309a"  # marks that make other letters of Japanese ones, where accents are passed over

Words = tuple[str, ...]


@lru_cache(maxsize=16384)
def words_of(name: str) -> Words:
    """The words of a name: small letters without accents, parted where signs or capital letters part them; Japanese
    ones, between which nothing stands, by the words of entities and of times."""
    spaced = _CAMEL.sub(" ", name.replace("ß", "ss").strip())
    apart = unicodedata.normalize("NFKD", spaced)
    bare = "".join(sign for sign in apart if sign in _VOICED or not unicodedata.combining(sign))
    plain = _EDGE.sub(" ", unicodedata.normalize("NFC", bare).lower())
    short = _fields()["short"]
    return tuple(part for word in _PARTS.split(plain) if word for part in _parted(word, short))


def _parted(word: str, short: Mapping[str, str]) -> Words:
    """A word, or two where an `id` was written to its end (`ownerid`)."""
    if not word.isascii():
        return tuple(short.get(part, part) for part in _parted_japanese(word))
    head = word.removesuffix("id")
    if len(head) > 2 and head != word and head in _heads():
        return (short.get(head, head), "id")
    return (short.get(word, word),)


def _parted_japanese(word: str) -> Words:
    """A Japanese word as what it is of and what it is: that of an entity in front, and that of a time behind."""
    heads, times = _japanese()
    if word in heads:
        return (word,)
    head = next((one for one in heads if word.startswith(one)), "")
    rest = word.removeprefix(head)
    time = next((one for one in times if rest.endswith(one) and rest != one), "")
    return tuple(part for part in (head, rest.removesuffix(time), time) if part)


@cache
def _japanese() -> tuple[Words, Words]:
    """Japanese words of entities, and of times, the longest first."""
    every = _documents()["entities"]["entities"].values()
    heads = {name for names in every for name in names if re.fullmatch(f"[{_JAPANESE}]+", name)}
    times = {name for name in _fields()["times"] if re.fullmatch(f"[{_JAPANESE}]+", name)}
    return tuple(sorted(heads, key=lambda one: (-len(one), one))), tuple(
        sorted(times, key=lambda one: (-len(one), one))
    )


@cache
def _heads() -> frozenset[str]:
    """What stands before an `id` in the names of keys: names of entities of one word."""
    names = (name for entity, names in _documents()["entities"]["entities"].items() for name in (entity, *names))
    heads = {name.strip("_") for name in names if name.isascii() and name.isalpha()} | {"user", "org", "record"}
    return frozenset(heads)


@cache
def _documents() -> dict[str, Any]:
    return {name.removesuffix(".yaml"): data for name, data in documents("synonyms")}


def _tables() -> Mapping[str, Any]:
    found: Mapping[str, Any] = _documents()["tables"]
    return found


def told_by(what: str, name: str) -> tuple[str, ...]:
    """The fields that are `telling` of an entity, or may stand `instead` of a field; none where none are named."""
    return tuple(_tables()[what].get(name, ()))


@cache
def alone() -> frozenset[str]:
    """Entities that a table is taken for by its columns alone."""
    return frozenset(_tables()["alone"])


def sharing() -> tuple[tuple[str, str, bool, str], ...]:
    """Entities whose rows may stand in the table of another one, with that one, whether each in several rows, and the
    field without which they are not looked for there."""
    return tuple(
        (one["entity"], one["within"], one.get("again", False), one.get("needs", "")) for one in _tables()["shared"]
    )


def kinds_of(entity: str) -> Mapping[str, Sequence[str]]:
    """Of an entity that several tables may make together: the kinds of its rows, by names of tables."""
    found: Mapping[str, Sequence[str]] = _tables()["united"].get(entity, {})
    return found


def leading_to(entity: str) -> str:
    """The field without which no table is of an entity, or nothing."""
    found: str = _tables()["led"].get(entity, "")
    return found


@cache
def shared_keys() -> frozenset[str]:
    """Fields that several rows have together (`deal.owner_id`)."""
    return frozenset(_tables()["together"])


@cache
def varied_keys() -> frozenset[str]:
    """Names of keys that are not the same in all rows."""
    return frozenset(_tables()["varied"])


def dated_fields() -> tuple[frozenset[str], frozenset[str]]:
    """Entities and fields of which the newest time says until when there are data."""
    return frozenset(_tables()["dated"]["entities"]), frozenset(_tables()["dated"]["fields"])


def _fields() -> Mapping[str, Any]:
    found: Mapping[str, Any] = _documents()["fields"]
    return found


@cache
def entity_words() -> Mapping[str, tuple[Words, ...]]:
    """The names of entities as words."""
    return {
        entity: tuple(dict.fromkeys(words_of(name) for name in (entity, *names)))
        for entity, names in _documents()["entities"]["entities"].items()
    }


@cache
def empty_words() -> frozenset[str]:
    """Words of tables that say nothing of what is in them."""
    return frozenset(_documents()["entities"]["empty"])


@lru_cache(maxsize=4096)
def field_words(field: str, entity: str = "") -> tuple[Words, ...]:
    """The names of a field as words: those of an entity's own first, then those that it has whatever the entity."""
    own = (_fields().get(entity) or {}).get(field, ())
    return tuple(dict.fromkeys(words_of(name) for name in (*own, *_fields()["any"].get(field, ()))))


@cache
def change_words() -> tuple[frozenset[str], frozenset[str]]:
    """The words of what was before a change, and of what is after it."""
    before, after = ((word for name in _fields()["changes"][key] for word in words_of(name)) for key in _SIDES)
    return frozenset(before), frozenset(after)


_SIDES = ("before", "after")


@cache
def unsaid() -> frozenset[Words]:
    """What stands in parentheses in front of names of columns and says nothing of them."""
    return frozenset(words_of(name) for name in _fields()["unsaid"])


@cache
def hundredths() -> frozenset[str]:
    """Words of amounts that are counted in hundredths."""
    return frozenset(word for name in _fields()["hundredths"] for word in words_of(name))


@cache
def common_currency() -> frozenset[Words]:
    """What names of amounts end in that are in the one currency of the company (`in company currency`)."""
    return frozenset(words_of(name) for name in _fields()["common"])


@cache
def _measured() -> frozenset[Words]:
    return frozenset(words_of(name) for name in _fields()["measured"])


def measures(words: Words) -> bool:
    """Whether a column of this name has measurements, such as `days in stage`: it names nothing then."""
    return any((word,) in _measured() for word in words) or any(pair in _measured() for pair in pairwise(words))


def deletion_of(words: Words) -> bool:
    """Whether a column of times says when rows were deleted (`deleted at`)."""
    of = tuple(word for word in words if word not in _times())
    return of != words and of in field_words("is_deleted")


@cache
def aside() -> frozenset[str]:
    """Columns that are no field, in small letters."""
    return frozenset(_fields()["aside"])


@lru_cache(maxsize=64)
def state_words(field: str) -> Mapping[str, tuple[Words, ...]]:
    """What the values of a field are called (`deal.status`), each as words; none where it has no values of its own."""
    states = _documents()["values"].get(field, {})
    return {state: tuple(words_of(name) for name in names) for state, names in states.items()}


def state_of(value: str, field: str) -> str | None:
    """What a value of a source is taken for; None where no word of the catalogue fits."""
    has = words_of(value)
    words, joined = frozenset(has), "".join(has)
    best: tuple[int, str] | None = None
    for state, own, text, ending in _told_states(field):
        held = own <= words or (ending and _compound(has, ending))
        if joined == text or (held and (words - own).isdisjoint(doubting())):
            rank = len(text) + (1000 if joined == text else 0)
            if best is None or rank > best[0]:
                best = (rank, state)
    return best[1] if best else None


def taken_as(value: str, field: str) -> str | None:
    """The same, with the steps of a sale that is on its way as open."""
    known = state_of(value, field)
    if known is None and field == "deal.status" and state_of(value, "deal.phase") is not None:
        return "open"
    return known


@lru_cache(maxsize=1024)
def outcome_of(words: Words) -> str:
    """What a column of times says of deals by its name, if all that it says is when they were won, or lost (`won time`,
    `Verloren am`); else nothing."""
    times = _times()
    of = tuple(word for word in words if word not in times)
    if of == words or not of:
        return ""
    named = "".join(singular(of))
    for state in ("won", "lost"):
        if any("".join(singular(name)) == named for name in state_words("deal.status")[state]):
            return state
    return ""


@cache
def _times() -> frozenset[str]:
    return frozenset(word for name in _fields()["times"] for word in words_of(name))


@lru_cache(maxsize=64)
def _told_states(field: str) -> tuple[tuple[str, frozenset[str], str, str], ...]:
    """What the values of a field are called: the value, the words of its name, these as one, and the long word that
    others may end in, if it is such."""
    return tuple(
        (state, frozenset(name), "".join(name), name[0] if len(name) == 1 and len(name[0]) >= 8 else "")
        for state, names in state_words(field).items()
        for name in names
    )


@cache
def doubting() -> frozenset[str]:
    """Words with which a value is not what another word of it says: denials, and what is not over."""
    return frozenset(word for name in _documents()["values"]["doubting"] for word in words_of(name))


def is_state(value: str, field: str) -> bool:
    """Whether a value is a word of the catalogue, and does not only hold one."""
    joined = "".join(words_of(value))
    return any(joined == "".join(name) for names in state_words(field).values() for name in names)


def _compound(has: Words, ending: str) -> bool:
    """Whether a word ends in a long one that says what it is, as German ones do (`Wartungsverlängerung`)."""
    return any(word.endswith(ending) and len(word) >= len(ending) + 4 for word in has)


def tongue_of(names: Iterable[str]) -> str:
    """The language that names of columns are in, where enough of them tell; else nothing."""
    every = {word for name in names for word in words_of(name)}
    rated = {
        code: len(every & {word for name in telling for word in words_of(name)})
        for code, telling in _fields()["tongues"].items()
    }
    best = max(rated, key=lambda code: rated[code])
    others = max(number for code, number in rated.items() if code != best)
    return best if rated[best] >= 2 and rated[best] > 1.5 * others else ""


@lru_cache(maxsize=16384)
def singular(words: Words) -> Words:
    """Words without the s or es of an English plural, and without the e of a French participle (`gagnée`)."""
    return tuple(_bare(word) for word in words)


def _bare(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    bare = word.removesuffix("s") if len(word) > 3 else word
    return bare[:-1] if bare.endswith("ee") and len(bare) > 4 else bare


def _spelt(text: str) -> str:
    """A text with each Japanese letter three times: so much says one of them beside those of an alphabet."""
    return text if text.isascii() else re.sub(f"[{_JAPANESE}]", lambda sign: sign[0] * 3, text)


_ANY = frozenset(("number", "status", "created", "amount"))  # what ends in these may be anything


@lru_cache(maxsize=262144)
def alike(one: Words, other: Words) -> float:
    """How near two names are, 0 to 1: the same words 1, the same words otherwise ordered nearly, else by letters and
    by words that both have."""
    if not one or not other:
        return 0.0
    a, b = "".join(one), "".join(other)
    if a == b:
        return 1.0
    if (
        len(one) > 1 and len(other) > 1 and one[-1] == other[-1] and one[-1] in ("id", "number")
    ):  # what both have says nothing
        return alike(one[:-1], other[:-1]) * 0.99
    one, other = singular(one), singular(other)
    if "".join(one) == "".join(other):
        return 0.99
    a, b = (_spelt(text) for text in (a, b))
    if sorted(one) == sorted(other):
        return 0.97
    shared = sum(len(_spelt(word)) for word in set(one) & set(other))
    longer = max(sum(len(_spelt(word)) for word in set(words)) for words in (one, other))
    overlap = 0.9 * shared / longer if shared else 0.0
    letters = fuzz.ratio(a, b) / 100
    # Short names that differ by a letter are other words; long ones are misspelt, or bent by grammar.
    letters = letters * 0.92 if min(len(a), len(b)) > 5 and letters > 0.8 else letters * letters * 0.6
    ends = (
        0.8 if min(len(a), len(b)) > 5 and (a.endswith(b) or b.endswith(a)) and min(a, b, key=len) not in _ANY else 0.0
    )
    return max(overlap, letters, ends)


class Weighed:
    """Names, each with what it is worth, among which the nearest to others is found without a look at all of them:
    what neither shares a word with another one, nor ends like it, is near by its letters alone."""

    def __init__(self, names: Iterable[tuple[Words, float]]) -> None:
        self.names = tuple(names)
        self.most = max((worth for _, worth in self.names), default=0.0)
        self._spelt = [_spelt("".join(words)) for words, _ in self.names]
        self._sharing: dict[str, set[int]] = defaultdict(set)
        for index, (words, _) in enumerate(self.names):
            for text in _shared(words, self._spelt[index]):
                self._sharing[text].add(index)

    def nearest(self, words: Words, best: float = 0.0) -> float:
        """How near words are to the nearest of the names, times what that is worth, if more than `best`; else that."""
        if not words or self.most <= best:
            return best
        own = _spelt("".join(words))
        likely = set[int]().union(*(self._sharing.get(text, ()) for text in _shared(words, own)))
        for index in likely:
            name, worth = self.names[index]
            if worth > best:
                best = max(best, alike(words, name) * worth)
        need = _letters_for(best / self.most)
        if need >= 1:
            return best
        found = process.extract(
            own, self._spelt, scorer=fuzz.ratio, limit=None, score_cutoff=max(0.0, 100 * need - 0.01)
        )
        for _, ratio, index in found:
            if ratio < 100 * _letters_for(best / self.most) - 0.01:
                break  # the nearest come first
            name, worth = self.names[index]
            if index not in likely and worth > best:
                best = max(best, alike(words, name) * worth)
        return best


def _shared(words: Words, spelt: str) -> Iterator[str]:
    """Texts of which names that are near otherwise than by their letters have one in common."""
    bare = singular(words)
    yield from bare
    yield "".join(bare)
    yield f"…{spelt[-6:]}"  # one that the other one ends in has more than five letters


def _letters_for(near: float) -> float:
    """The share of letters that are alike from which on names are nearer than this by their letters alone."""
    return math.sqrt(near / 0.6) if near < 0.6 * 0.8 * 0.8 else max(0.8, near / 0.92)


def nearest(words: Words, names: Iterable[Words]) -> float:
    """How near the nearest of several names is."""
    return max((alike(words, name) for name in names), default=0.0)
