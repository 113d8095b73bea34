"""Files that are parts of one table, as exports of each month are: the same columns, and names that differ in their
numbers alone."""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from reportspec.onboarding.name_words import entity_words, singular, state_of, words_of
from reportspec.source.file_patterns import matched

_DIGITS = re.compile(r"[0-9]+")


def alike(columns: Mapping[Path, Sequence[str]]) -> dict[str, tuple[Path, ...]]:
    """The files that are parts of one table, by the pattern that matches them and no other. `columns` are those of each
    file, as it has them."""
    groups: dict[tuple[Path, str, tuple[str, ...]], list[Path]] = {}
    for path, names in columns.items():
        if _DIGITS.search(path.name):
            groups.setdefault((path.parent, _DIGITS.sub("0", path.name), tuple(names)), []).append(path)
    found: dict[str, tuple[Path, ...]] = {}
    for paths in groups.values():
        pattern = _pattern(paths) if len(paths) > 1 else None
        if pattern is not None:
            found[pattern] = tuple(sorted(paths))
    return found


def are_parts(names: Sequence[str]) -> bool:
    """Whether sheets of the same columns are parts of one table, by their names: several, of which no two are of
    different things, or say by their names what became of deals."""
    entities, states = set[str](), set[str | None]()
    for name in names:
        words = singular(words_of(name))
        entities |= {entity for entity, known in entity_words().items() if words in map(singular, known)}
        states |= {state_of(name, "deal.status")} & {"won", "lost"}
    return len(names) > 1 and len(entities) < 2 and not states


def called(pattern: str) -> str:
    """What the files of a pattern are called without their numbers."""
    return " ".join(re.findall(r"[^\W\d_]+", Path(pattern).name.rpartition(".")[0].replace("[0-9]", " ")))


def called_together(names: Sequence[str]) -> str:
    """What sheets are called whose names differ in numbers alone; nothing where they differ in more."""
    bare = {" ".join(word for word in words_of(name) if not word.isdecimal()) for name in names}
    return bare.pop() if len(bare) == 1 else ""


def _pattern(paths: Sequence[Path]) -> str | None:
    """A pattern that matches these files of a folder alone: with a star where their names differ, else with a place for
    each of their digits."""
    names = [path.name for path in paths]
    texts, numbers = _DIGITS.split(names[0]), [_DIGITS.findall(name) for name in names]
    same = [one.pop() if len(one := set(run)) == 1 else "" for run in zip(*numbers, strict=True)]
    starred = "".join(f"{glob.escape(text)}{run or '*'}" for text, run in zip(texts, [*same, "."], strict=True))
    tried = [starred.removesuffix(".")]
    if len(set(map(len, names))) == 1:
        tried.append("".join("[0-9]" if sign.isdecimal() else glob.escape(sign) for sign in names[0]))
    folder = glob.escape(str(paths[0].parent))
    for name in tried:
        pattern = f"{folder}/{name}"
        if set(matched(Path(), pattern).files) == set(paths):
            return pattern
    return None
