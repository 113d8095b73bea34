"""A report writes its numbers in one way: those of its sentences as those of its tables, whatever languages and
countries meet in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
from babel import Locale

from reportspec.languages import languages, vocabulary
from reportspec.languages.numbers import number_in
from reportspec.render.locale import formats_for, number
from tests.loading import load_report
from tests.render import sample

COUNTRIES = ("it_IT", "de_DE", "de_CH", "de_AT", "fr_FR", "fr_CA", "es_ES", "es_MX", "en_GB", "en_IN", "sv_SE", "xx")


@pytest.mark.parametrize("language", languages())
def test_the_signs_of_a_language_are_those_of_its_countries(language: str) -> None:
    signs = vocabulary(language)["numbers"]
    for country in signs["countries"]:
        there = Locale.parse(f"{language}_{country}").number_symbols["latn"]
        assert there["decimal"] == signs["decimal"]
        assert there["group"].replace("\u202f", "\u00a0") == signs["thousands"]


@pytest.mark.parametrize(("language", "locale"), [*product(languages(), COUNTRIES)])
def test_sentences_and_tables_have_the_same_numbers(language: str, locale: str) -> None:
    formats = formats_for(replace(sample.figures("en", ()), language=language, locale=locale))
    for value, spec, decimals in ((1234567, ",", 0), (5000, ",.15g", 0), (1234.5, ",.1f", 1), (0.25, ",.15g", 2)):
        assert number_in(language, locale, value, spec) == number(formats, value, decimals)


@pytest.mark.parametrize(("locale", "shown"), [("en_GB", "5,000"), ("de_CH", "5’000"), ("de_DE", "5.000")])
def test_a_condition_has_the_numbers_of_the_report(locale: str, shown: str, tmp_path: Path) -> None:
    spec = tmp_path / "s.yaml"
    spec.write_text(
        f"version: 1\nreport: pipeline\nlocale: {locale}\nlanguage: en\nfilters: [{{field: deal.amount, gte: 5000}}]\n",
        encoding="utf-8",
    )
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\ntimezone: Europe/Rome\n", encoding="utf-8")
    checked = load_report(spec, datetime(2026, 11, 1, tzinfo=UTC), {})
    assert checked.report is not None
    assert checked.report.filter_texts[0].endswith(shown)
