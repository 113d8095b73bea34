"""The few sentences that evaluating a report writes, by language."""

from __future__ import annotations

WORDS = {
    "en": {
        "others": "Others ({0})", "previous": "{0}, before", "period": "Period",
        "below": "under {0}", "from": "{0} and more", "between": "{0} to under {1}",
        "missing": "{0}: {1} without an amount left out.",
        "missing_or_rate": "{0}: {1} without an amount, or without an exchange rate for it, left out.",
        "other_currency": "{0}: {1} in another currency than {2}, without a rate, left out.",
        "few": "{0}: fewer than {1} cases; read it with care.",
        "as_of_today": "The source has no history of {0}: past states are shown as they are today.",
        "unfinished": "The period is not over: figures go up to {0}.",
        "target": "Target", "attainment": "Attained", "pace": "Pace", "landing": "Heading for", "state": "State",
        "state_met": "met", "state_on_track": "on track", "state_at_risk": "at risk", "state_missed": "missed",
        "state_unknown": "unknown", "state_none": "no target", "no_targets": "There are no targets for this period.",
        "no_base": "{0}: no figure, since “{1}” is 0 or unknown.",
        "none": "none", "error": "Off by", "error_share": "Off by, relative", "forecast_then": "{0} at the start",
        "nothing_stands_out": "Nothing stands out that at least {0} cases on each side would bear out.",
        "verdict": "On average off by {0} % over {1} periods; too high in {2} of them. Deals that were new in a period are in what came, and in no forecast.",
        "no_verdict": "Nothing closed in these periods, so that forecasts cannot be judged.",
    },
    "it": {
        "others": "Altri ({0})", "previous": "{0}, prima", "period": "Periodo",
        "below": "meno di {0}", "from": "{0} e oltre", "between": "da {0} a meno di {1}",
        "missing": "{0}: non compresi, perché senza importo: {1}.",
        "missing_or_rate": "{0}: non compresi, perché senza importo o senza cambio: {1}.",
        "other_currency": "{0}: non compresi, perché in valuta diversa da {2} e senza cambio: {1}.",
        "few": "{0}: meno di {1} casi; da leggere con cautela.",
        "as_of_today": "La fonte non ha la storia delle {0}: gli stati passati sono quelli di oggi.",
        "unfinished": "Il periodo non è finito: le cifre arrivano al {0}.",
        "target": "Obiettivo", "attainment": "Raggiunto", "pace": "Ritmo", "landing": "Arrivo previsto", "state": "Stato",
        "state_met": "raggiunto", "state_on_track": "in linea", "state_at_risk": "a rischio", "state_missed": "mancato",
        "state_unknown": "ignoto", "state_none": "senza obiettivo", "no_targets": "Non ci sono obiettivi per questo periodo.",
        "no_base": "{0}: nessun valore, perché «{1}» è 0 o ignoto.",
        "none": "nessuno", "error": "Scarto", "error_share": "Scarto relativo", "forecast_then": "{0} all'inizio",
        "nothing_stands_out": "Nulla risalta che almeno {0} casi per parte possano sostenere.",
        "verdict": "Scarto medio del {0} % su {1} periodi; troppo alta in {2}. Le trattative nate nel periodo sono nel risultato, non nella previsione.",
        "no_verdict": "Nulla si è chiuso in questi periodi: le previsioni non si possono giudicare.",
    },
}  # fmt: skip


def word(language: str, key: str, *values: object) -> str:
    """A sentence in the language, English where it is not there."""
    return WORDS.get(language, WORDS["en"])[key].format(*values)
