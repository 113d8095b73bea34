"""A report writes its numbers in one way: those of its sentences as those of its tables, whatever languages and
countries meet in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
from babel import Locale
from hypothesis import example, given
from hypothesis import strategies as st

from reportspec.languages import languages, vocabulary
from reportspec.languages.numbers import money_in, number_in, number_locale, symbol_of
from reportspec.render.fonts import covers
from reportspec.render.locale import formats_for, money, number
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


@pytest.mark.parametrize(("language", "locale"), [*product(languages(), (*COUNTRIES, "en", "en_US", "en_IE", "de"))])
def test_sentences_and_tables_have_the_same_amounts(language: str, locale: str) -> None:
    formats = formats_for(replace(sample.figures("en", ()), language=language, locale=locale))
    for value, currency in product((0, 19_800, -1_234_567), ("EUR", "USD", "GBP", "CHF", "INR", "GEL")):
        assert money_in(language, locale, value, currency) == money(formats, value, currency)
    assert money_in(language, locale, 0.5, "EUR", ",.2f") == money(formats, 0.5, "EUR", 2)
    assert money_in(language, locale, 7, None) == "7"


@pytest.mark.parametrize("locale", COUNTRIES[:-1])
def test_an_amount_has_no_sign_that_the_font_lacks(locale: str) -> None:
    there = Locale.parse(locale)
    assert [code for code in there.currencies if not covers(symbol_of(code, there))] == []
    assert symbol_of("EUR", there) == ("EUR" if locale in ("de_CH", "es_MX") else "€")


def test_amounts_are_written_as_their_countries_do() -> None:
    assert money_in("en", "en_GB", 19_800, "EUR") == "€19,800"
    assert money_in("de", "de_DE", 19_800, "EUR") == "19.800\u00a0€"
    assert money_in("en", "en_GB", 19_800, "USD") == "US$19,800"
    assert money_in("en", "en_US", 19_800, "USD") == "$19,800"


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(list(languages())), st.sampled_from(COUNTRIES))
@example(1e308, "de", "en_US")
@example(1e30, "en", "de_CH")
def test_any_number_can_be_written(value: float, language: str, locale: str) -> None:
    """And with digits alone it is the number that it was."""
    for spec in (",", ",.2f"):
        shown = number_in(language, locale, value, spec)
        bare = shown.replace("\u2212", "-")
        signs = number_locale(language, locale).number_symbols["latn"]
        groups = {signs["group"], "\u00a0", "\u202f"} - {signs["decimal"]}
        for group in groups:
            bare = bare.replace(group, "")
        if "e" not in bare and bare.count(signs["decimal"]) <= 1:
            assert float(bare.replace(signs["decimal"], ".")) == float(format(value, spec.replace(",", "")))


@pytest.mark.parametrize(("amount", "shown"), [("1e15", "1,000,000,000,000,000"), ("1.0e+18", "1e+18"), ("2.5", "2.5")])
@pytest.mark.parametrize("locale", ["en_US", "en_GB"])
def test_conditions_of_large_numbers_are_told(amount: str, shown: str, locale: str, tmp_path: Path) -> None:
    spec = tmp_path / "s.yaml"
    spec.write_text(
        f"version: 1\nreport: pipeline\nlocale: {locale}\nlanguage: en\n"
        f"filters: [{{any: [{{field: deal.amount, lte: {amount}}}, {{field: deal.amount, eq: 7}}]}}]\n",
        encoding="utf-8",
    )
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\ntimezone: Europe/Rome\n", encoding="utf-8")
    checked = load_report(spec, datetime(2026, 11, 1, tzinfo=UTC), {})
    assert checked.report is not None
    assert f" €{shown} " in f"{checked.report.filter_texts[0]} "


def test_a_number_beyond_all_bounds_in_a_condition_is_a_mistake(tmp_path: Path) -> None:
    spec = tmp_path / "s.yaml"
    spec.write_text(
        "version: 1\nreport: pipeline\nlocale: en_US\nlanguage: de\n"
        "filters: [{any: [{field: deal.name, eq: 1.0e+308}, {field: deal.name, eq: x}]}]\n",
        encoding="utf-8",
    )
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\ntimezone: Europe/Rome\n", encoding="utf-8")
    checked = load_report(spec, datetime(2026, 11, 1, tzinfo=UTC), {})
    assert [problem.code for problem in checked.diagnostics] == ["out-of-range"]


@pytest.mark.parametrize(("locale", "shown"), [("en_GB", "5,000"), ("de_CH", "5’000"), ("de_DE", "5.000\u00a0€")])
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
