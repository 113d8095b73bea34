"""Columns of lengths of time, in seconds."""

from __future__ import annotations

from collections.abc import Set

from reportspec.model.mapping_proposals import ColumnSeen
from reportspec.onboarding.name_words import words_of


def in_seconds(own: str, column: ColumnSeen) -> tuple[str, str, str]:
    """A length of time in seconds, by what its name says it is counted in. Where that says nothing, a column in which
    none is longer than eight hours, if they were minutes, is one of minutes: few calls all end before eight minutes."""
    said = words_of(column.name)
    words = {word.removesuffix("s") for word in said}
    if "ms" in said or words & {"milli", "millisecond", "millisekunden"}:
        return f"{own} / 1000.0", "", ""
    factor = _seconds(words)
    if factor != 1 or words & _SECONDS:
        return (f"{own} * {factor}" if factor != 1 else own), "", ""
    if column.largest is not None and column.largest <= 480:
        return (
            f"{own} * 60",
            "",
            f"its name does not say in what; taken for minutes, since the most is {column.largest:g}",
        )
    return own, "", "its name does not say in what; taken for seconds"


_SECONDS = frozenset(("second", "sec", "sekunden", "sekunde", "sek", "secondi", "secondo", "seconde", "segundo"))


def _seconds(words: Set[str]) -> int:
    """How many seconds one of a column's numbers stands for, as the words of its name say."""
    if words & {"minute", "min", "minuten", "minuto", "minuti"}:
        return 60
    return 3600 if words & {"hour", "stunden", "stunde", "ora", "ore", "heure", "hora"} else 1
