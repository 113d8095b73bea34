"""Names for files and parts of paths, made of texts that may say anything."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

_LONGEST = 60


def slug(text: str, fallback: str = "report") -> str:
    """Small letters, digits and `-`: of accents the bare letters, of other scripts a digest."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    bare = bare.replace("ß", "ss").replace("ø", "o").replace("ł", "l").replace("æ", "ae").lower()
    slug = re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:_LONGEST].strip("-")
    lost = sum(letter.isalnum() for letter in bare) - sum(letter.isascii() and letter.isalnum() for letter in bare)
    if lost or not slug:
        # Letters that could not be kept still tell two names apart.
        slug = f"{slug or fallback}-{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    return slug


def parts_of(values: Iterable[str]) -> dict[str, str]:
    """A part of names for each value: its slug, with a digest behind it where another value's is the
    same. It is empty of no value only."""
    slugs = {value: slug(value) if value else "" for value in values}
    shared = Counter(slugs.values())
    return {
        value: slug if shared[slug] == 1 else f"{slug}-{sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
        for value, slug in slugs.items()
    }


def known_as(file: str, root: Path, settings: Mapping[str, str]) -> str:
    """What a report is known by in the ledger: its file within the project, and its params."""
    path = Path(file)
    try:
        name = path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        name = path.name
    query_text = "&".join(f"{name}={value}" for name, value in sorted(settings.items()))
    return f"{name}?{query_text}" if query_text else name
