"""YAML that messages tell people to write: what stands there can be copied as it is."""

from __future__ import annotations

import json
from collections.abc import Iterable

from reportspec.lazy_pattern import lazy_pattern
from reportspec.letters import unseen

CONFIRM = "# CONFIRM"  # the mark of what was guessed, at the end of its line until somebody takes it away
_PLAIN = lazy_pattern(r"[A-Za-z_(…][^\n\t]*[^\s:]|[A-Za-z_…]")
_NAME = lazy_pattern(r"…|[A-Za-z_][\w.]*")
_WORDS = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))


def mapping_line(name: str, sql: str) -> str:
    """A field of the mapping with its expression, in quotes."""
    return f"{name}: {quoted_yaml(sql)}"


def quoted_yaml(text: str) -> str:
    """A text in the quotes of YAML that do with the fewest signs."""
    simple = text.isprintable() and "\\" not in text
    if simple and '"' in text and "'" not in text:
        return f"'{text}'"
    written = json.dumps(text, ensure_ascii=False)
    return "".join(f"\\u{ord(one):04x}" if one in unseen(text) and one <= "\uffff" else one for one in written)


def plain_yaml(text: str) -> str:
    """A text as YAML, without quotes where it needs none."""
    plain = _PLAIN.fullmatch(text) and ": " not in text and " #" not in text and text.lower() not in _WORDS
    return text if plain else quoted_yaml(text)


def yaml_list(texts: Iterable[str]) -> str:
    """Texts as a list of YAML on one line, without quotes where they need none."""
    written = (text if _NAME.fullmatch(text) and text.lower() not in _WORDS else quoted_yaml(text) for text in texts)
    return f"[{', '.join(written)}]"
