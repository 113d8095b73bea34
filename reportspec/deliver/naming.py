"""Names for files and parts of paths, made of texts that may say anything."""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256

_LONGEST = 60


def slug(text: str, fallback: str = "report") -> str:
    """Small letters, digits and `-`: of accents the bare letters, of other scripts a digest."""
    bare = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text)
        if not unicodedata.combining(letter)
    )
    bare = bare.replace("ß", "ss").replace("ø", "o").replace("ł", "l").replace("æ", "ae").lower()
    made = re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:_LONGEST].strip("-")
    lost = sum(letter.isalnum() for letter in bare) - sum(
        letter.isascii() and letter.isalnum() for letter in bare
    )
    if lost or not made:
        # Letters that could not be kept still tell two names apart.
        made = f"{made or fallback}-{sha256(text.encode()).hexdigest()[:8]}"
    return made


def distinct(names: list[str]) -> list[str]:
    """The names, those that are there again with a number."""
    seen: dict[str, int] = {}
    made = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        made.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return made if len(set(made)) == len(made) else [f"{n}-{at}" for at, n in enumerate(names, 1)]
