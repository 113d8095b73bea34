"""Every language says everything: words, catalogue, numbers and dates.

Slow: builds reports in each language."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec.catalogue.load import documents
from reportspec.check.report import check_file
from reportspec.languages import Texts, alphabetical, filled, in_number, languages, vocabulary, word
from tests.conftest import Draw, RunCli

TRANSLATED = [language for language in languages() if language != "en"]
BY_FILE = [language for language in TRANSLATED if "catalogue" in vocabulary(language)]
SHOWN = ("label", "plural", "value_labels", "title", "note", "caveat", "phrases", "meaning", "remedy", "say")
REPORTS = (
    "pipeline",
    "sales_forecast",
    "profitability",
    "conversions",
    "leads",
    "lost_deals",
    "sales_cycle",
    "sales_activity",
)


def gaps(text: str) -> set[str]:
    return set(re.findall(r"\{[^}]*\}", text))


def leaves(words: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(words, dict):
        for key, value in words.items():
            yield from leaves(value, f"{path}.{key}")
    elif isinstance(words, str):
        yield path, words


def shown_texts() -> dict[str, Texts]:
    """The catalogue's texts that a report may print, by what they are in English."""
    found: dict[str, Texts] = {}

    def walk(data: Any, shown: bool) -> None:
        if isinstance(data, Texts):
            if shown:
                found[data["en"]] = data
        elif isinstance(data, dict):
            for key, value in data.items():
                walk(value, shown or key in SHOWN)
        elif isinstance(data, list):
            for item in data:
                walk(item, shown)

    for folder in ("entities", "metrics", "reports", "audits"):
        for _, data in documents(folder):
            walk(data, False)
    for _, data in documents("metrics"):
        for spec in data["metrics"]:
            for each in (spec, *(spec.get("variants") or {}).values()):
                if "description" in each:
                    found[each["description"]["en"]] = each["description"]
    return found


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_word_with_its_gaps(language: str) -> None:
    from reportspec.languages import _read

    english, own = dict(leaves(_read("en"))), dict(leaves(_read(language)))
    catalogue = {path for path in own if path.startswith((".catalogue.", ".letters", ".before_vowels", ".unbroken"))}
    assert own.keys() - catalogue - {".calendar.months"} == english.keys() - {
        ".calendar.months",
        ".letters",
        ".before_vowels",
        ".unbroken",
    }
    for path in english.keys() - {".letters", ".unbroken"}:
        text = english[path]
        assert gaps(text) == gaps(own[path]), path


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_of_the_catalogue_that_reports_print(language: str) -> None:
    missing = [english for english, text in shown_texts().items() if text.get(language) is None]
    assert not missing


@pytest.mark.parametrize("language", BY_FILE)
def test_no_text_is_left_over_and_none_has_lost_a_gap(language: str) -> None:
    catalogue = vocabulary(language)["catalogue"]
    known = {
        text["en"]
        for folder in ("entities", "metrics", "reports", "aims", "audits")
        for _, data in documents(folder)
        for text in every_text(data)
    }
    assert not catalogue.keys() - known
    for english, text in catalogue.items():
        assert gaps(english) == gaps(text), english
        assert re.findall(r"`[^`]*`", english) == re.findall(r"`[^`]*`", text), english


def every_text(data: Any) -> Iterator[Texts]:
    if isinstance(data, Texts):
        yield data
    elif isinstance(data, (dict, list)):
        for item in data.values() if isinstance(data, dict) else data:
            yield from every_text(item)


def test_a_user_s_own_words_go_before_the_file() -> None:
    assert Texts(en="Amount", de="Summe").get("de") == "Summe"
    assert Texts(en="Amount").get("de") == "Betrag"
    assert Texts(en="Amount").get("fi") is None
    assert Texts(en="Nobody has this").get("de", "-") == "-"


def test_numbers_and_words() -> None:
    assert in_number("en", 1234567.5) == "1,234,567.5"
    assert in_number("de", 1234567.5) == "1.234.567,5"
    assert in_number("fr", 1234567.5) == "1\u00a0234\u00a0567,5"
    assert word("de", "evaluation", "others", "3") == "Übrige (3)"
    assert word("fi", "evaluation", "others", "3") == "Others (3)"


def built(language: str, folder: Path, run_cli: RunCli, reports: Sequence[str]) -> str:
    """Standard reports as Markdown, with a PDF of one as its text."""
    (folder / "reportspec.yaml").write_text(
        f"version: 1\nsource: demo\ntimezone: Europe/Rome\nlocale: {language}\ncurrency: EUR\n",
        encoding="utf-8",
    )
    for report in reports:
        (folder / f"{report}.yaml").write_text(
            f"version: 1\nreport: {report}\nperiod: 2026-Q3\ncompare: previous_year\n"
            "as_of: 2026-10-01\ngoals: {won_amount: 2000000}\n",
            encoding="utf-8",
        )
    for args in (["build", ".", "--format", "md"], ["build", "pipeline.yaml"]):
        done = run_cli(args, cwd=folder)
        assert done.returncode == 0, done.stderr
    texts = [path.read_text(encoding="utf-8") for path in sorted((folder / "out").glob("*.md"))]
    for pdf in sorted((folder / "out").glob("*.pdf")):
        shown = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True)
        texts.append(shown.stdout)
    assert len(texts) == len(reports) + 1
    return "\n".join(texts)


SAID = {
    "de": ("Vertriebspipeline", "Offene Deals nach Phase", "Was die Begriffe bedeuten", "30. Sept. 2026"),
    "fr": ("Pipeline commercial", "Affaires ouvertes par étape", "Ce que les mots veulent dire", "T3 2026"),
    "es": ("Pipeline de ventas", "Oportunidades abiertas por etapa", "Qué significan las palabras"),
    "it": ("Pipeline di vendita", "Trattative aperte per fase", "Cosa significano le parole"),
}


@pytest.mark.slow
@pytest.mark.parametrize("language", TRANSLATED)
def test_reports_are_wholly_in_their_language(language: str, tmp_path: Path, run_cli: RunCli, draw: Draw) -> None:
    """By day the pipeline and a quarter of the other reports, another in the next language; by night all.

    Slow: each report is built."""
    others = [report for report in REPORTS if report != "pipeline"]
    every = draw.rounds(4, 1)
    said = built(language, tmp_path, run_cli, ["pipeline", *others[TRANSLATED.index(language) % every :: every]])
    own = {text for _, text in leaves(vocabulary(language))}
    own |= {str(text.get(language)) for text in shown_texts().values()}
    english = {text for _, text in leaves(vocabulary("en"))} | shown_texts().keys()
    strange = [
        text
        for text in english
        if len(text) > 8
        and " " in text
        and text in said
        and not gaps(text)
        and text not in own
        and text != "New business"  # a pipeline of the demo, too, whose name is data
        and re.search(rf"\b{re.escape(text)}\b", said)
    ]
    assert not strange
    assert not re.search(r"\b(July|August|September 2026|Q3 2026 vs)\b", said)
    assert [text for text in SAID[language] if text not in said] == []


def test_adding_a_language_takes_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import reportspec.languages as module

    (tmp_path / "en.yaml").write_bytes((Path(module.__file__).parent / "en.yaml").read_bytes())
    (tmp_path / "pt.yaml").write_text(
        'language: pt\nlowercase_names: true\ntitles: {by: "Por {0}"}\ncatalogue: {Stage: Etapa}\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(module, "packaged", lambda _, *names: tmp_path.joinpath(*names))
    languages.cache_clear()
    vocabulary.cache_clear()
    try:
        assert languages() == ("en", "pt")
        assert word("pt", "titles", "by", "etapa") == "Por etapa"
        assert word("pt", "titles", "kpis") == "Figures"
        assert Texts(en="Stage").get("pt") == "Etapa"
    finally:
        languages.cache_clear()
        vocabulary.cache_clear()


@pytest.mark.parametrize(
    ("project", "spec", "language", "locale"),
    [
        ("locale: it_IT", "", "it", "it_IT"),
        ("locale: it_IT\nlanguage: en", "", "en", "it_IT"),
        ("locale: it_IT", "language: en", "en", "it_IT"),
        ("language: it", "language: en", "en", "en"),
        ("locale: de_AT", "language: de", "de", "de_AT"),
        ("locale: it_IT", "locale: fr-CA", "fr", "fr_CA"),
        ("language: de", "", "de", "de"),
        ("", "language: pt-BR", "pt", "pt_BR"),
    ],
)
def test_which_language(project: str, spec: str, language: str, locale: str, tmp_path: Path) -> None:
    (tmp_path / "reportspec.yaml").write_text(f"version: 1\nsource: demo\n{project}\n", "utf-8")
    file = tmp_path / "a.yaml"
    file.write_text(f"version: 1\nreport: pipeline\nperiod: 2026-Q3\n{spec}\n", "utf-8")
    checked = check_file(file, datetime(2026, 11, 1, tzinfo=UTC), {})
    assert checked.report is not None
    assert (checked.report.language, checked.report.locale) == (language, locale)
    warned = [d.code for d in checked.diagnostics]
    assert warned == (["unknown-language"] if language == "pt" else [])


def test_names_sort_as_in_dictionaries() -> None:
    def ordered(language: str, *names: str) -> list[str]:
        return sorted(names, key=lambda name: alphabetical(language, name))

    assert ordered("de", "Zoll", "Österreich", "Oslo", "Ost", "äpfel", "Apfel") == [
        "Apfel",
        "äpfel",
        "Oslo",
        "Ost",
        "Österreich",
        "Zoll",
    ]
    assert ordered("es", "nube", "ñandú", "nzinga", "oro", "Ñu") == [
        "nube",
        "nzinga",
        "ñandú",
        "Ñu",
        "oro",
    ]
    assert ordered("en", "ñandú", "nube", "oro") == ["ñandú", "nube", "oro"]
    assert ordered("fr", "été", "étage", "Etat", "eté") == ["étage", "Etat", "eté", "été"]
    assert ordered("it", "perù", "Pera", "però") == ["Pera", "però", "perù"]


def test_a_sentence_ends_with_one_full_stop() -> None:
    assert filled("Bis {0}. Dann {1}…", "1. Okt.", "b") == "Bis 1. Okt. Dann b…"
    assert filled("{0} und {1}", "a..", "b") == "a.. und b"
    assert filled("{a}.", a="Ja") == "Ja."
