"""The few sentences that evaluating a report writes, by language."""

from __future__ import annotations

WORDS = {
    "en": {
        "others": "Others ({0})", "previous": "{0}, before", "period": "Period",
        "below": "under {0}", "from": "{0} and more", "between": "{0} to under {1}",
        "missing": "{0}: {1} without an amount left out.",
        "other_currency": "{0}: {1} in another currency than {2} left out.",
        "few": "{0}: fewer than {1} cases; read it with care.",
        "as_of_today": "The source has no history of {0}: past states are shown as they are today.",
        "unfinished": "The period is not over: figures go up to {0}.",
    },
    "it": {
        "others": "Altri ({0})", "previous": "{0}, prima", "period": "Periodo",
        "below": "meno di {0}", "from": "{0} e oltre", "between": "da {0} a meno di {1}",
        "missing": "{0}: escluse {1} senza importo.",
        "other_currency": "{0}: escluse {1} in valuta diversa da {2}.",
        "few": "{0}: meno di {1} casi; da leggere con cautela.",
        "as_of_today": "La fonte non ha la storia delle {0}: gli stati passati sono quelli di oggi.",
        "unfinished": "Il periodo non è finito: le cifre arrivano al {0}.",
    },
}  # fmt: skip


def word(language: str, key: str, *values: object) -> str:
    """A sentence in the language, English where it is not there."""
    return WORDS.get(language, WORDS["en"])[key].format(*values)
