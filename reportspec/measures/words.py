"""The sentences that evaluating a report writes."""

from __future__ import annotations

from reportspec import languages


def word(language: str, key: str, *values: object) -> str:
    """A sentence in the language, English where it is not there."""
    return languages.filled(languages.word(language, "evaluation", key), *values)


def week_called(language: str, first_day: str) -> str:
    """What a week is called within a sentence, by its first day: `week of 3 Aug`."""
    return f"{languages.as_part(language, word(language, 'week_of'))} {first_day}"
