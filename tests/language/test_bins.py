"""What bins are called: their bounds with what they count, in the words of the language."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.figures.asking import figures

DAYS = {
    "en": ("under 1 day", "1 to under 60 days", "60 days and more"),
    "it": ("meno di 1 giorno", "da 1 a meno di 60 giorni", "60 giorni e oltre"),
    "de": ("unter 1 Tag", "1 bis unter 60 Tage", "60 Tage und mehr"),
    "es": ("menos de 1 día", "de 1 a menos de 60 días", "60 días y más"),
    "fr": ("moins de 1 jour", "de 1 à moins de 60 jours", "60 jours et plus"),
}
ENDS_BEFORE = {
    "en": "under 0 days, dates to be checked",
    "it": "meno di 0 giorni, date da verificare",
    "de": "unter 0 Tage, Daten zu prüfen",
    "es": "menos de 0 días, fechas por comprobar",
    "fr": "moins de 0 jours, dates à vérifier",
}
AMOUNTS = {
    "en": ("under €5,000", "€5,000 to under €10,000", "€10,000 and more"),
    "de": ("unter 5.000\u00a0€", "5.000 bis unter 10.000\u00a0€", "10.000\u00a0€ und mehr"),
    "it": ("meno di 5.000\u00a0€", "da 5.000 a meno di 10.000\u00a0€", "10.000\u00a0€ e oltre"),
}
CASES = [("deal.cycle_days", [1, 60], language, names) for language, names in DAYS.items()]
CASES += [("deal.amount", [5000, 10000], language, names) for language, names in AMOUNTS.items()]
CASES.append(("deal.probability", [0.5, 0.75], "de", ("unter 0,5", "0,5 bis unter 0,75", "0,75 und mehr")))

LARGE = ("under €0", "€0 to under €10,000,000,000", "€10,000,000,000 and more")
CASES.append(("deal.amount", [0, 1e10], "en", LARGE))


@pytest.mark.parametrize(("field", "bins", "language", "names"), CASES)
def test_bins_say_what_they_count(
    field: str, bins: list[float], language: str, names: tuple[str, ...], tmp_path: Path
) -> None:
    project = f"version: 1\nsource: demo\nlanguage: {language}\ncurrency: EUR\n"
    (tmp_path / "reportspec.yaml").write_text(project, "utf-8")
    by = {"metrics": ["won_deals_count"], "by": [{"field": field, "bins": bins}]}
    found = figures(tmp_path, {"period": "2026-Q3", "sections": [{"id": "b", "breakdown": by}]})
    called = tuple(row[0] for row in found.sections[0].rows if row[0] is not None)
    assert called[-3:] == names
    # Of the demo's deals some are closed before they were created.
    assert called[:-3] == ((ENDS_BEFORE[language],) if field == "deal.cycle_days" else ())
