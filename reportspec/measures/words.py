"""The sentences that evaluating a report writes."""

from __future__ import annotations

from reportspec import languages


def word(language: str, key: str, *values: object) -> str:
    """A sentence in the language, English where it is not there."""
    return languages.filled(languages.word(language, "evaluation", key), *values)
