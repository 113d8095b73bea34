"""What numbers, money, percentages and dates look like to readers of several languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import pytest

from reportspec.model.figures import Column
from reportspec.render import locale
from reportspec.render.locale import Formats, formats_for
from tests.render import sample

NBSP = "\u00a0"


def formats(name: str) -> Formats:
    return formats_for(replace(sample.figures("en", ()), language=name.split("-")[0], locale=name))


def column(unit: str | None, **more: object) -> Column:
    return Column("c", "C", "number", unit=unit, role="metric", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "unit", "value", "expected"),
    [
        ("en-US", "currency", Decimal("1074320.55"), "€1,074,321"),
        ("it-IT", "currency", Decimal("1074320.55"), f"1.074.321{NBSP}€"),
        ("en-US", "currency", 843.5, "€843.50"),
        ("en-US", "currency", 999.999, "€1,000.00"),
        ("en-US", "currency", -5, "−€5.00"),
        ("it-IT", "percent", 0.254, "25,4%"),
        ("fr-FR", "percent", 0.254, f"25,4{NBSP}%"),
        ("en-US", "percent", 0.00049, "0.0%"),
        ("en-US", "days", 61.449, f"61.4{NBSP}days"),
        ("en-US", "days", 1, f"1.0{NBSP}day"),
        ("it-IT", "days", 50.0, f"50,0{NBSP}giorni"),
        ("it-IT", "count", 1248, "1.248"),
        ("en-US", "count", 0, "0"),
        ("en-US", "multiple", 3.25, "3.3×"),
        ("en-US", "ratio", 0.125, "0.13"),
        ("en-US", "minutes", 134.0, f"2{NBSP}h 14{NBSP}min"),
        ("en-US", "seconds", 75, f"1{NBSP}min 15{NBSP}s"),
        ("en-US", "seconds", 0, f"0{NBSP}s"),
        ("en-US", "count", None, "n/a"),
        ("it-IT", "count", None, "n/d"),
        ("en-US", "count", float("nan"), "n/a"),
    ],
)
def test_a_tile_writes_its_value(name: str, unit: str, value: object, expected: str) -> None:
    assert locale.cell(formats(name), value, column(unit), bare=False) == expected  # type: ignore[arg-type]


def test_rounding_is_half_away_from_zero_and_never_minus_zero() -> None:
    english = formats("en-US")
    assert locale.number(english, 2.5) == "3"
    assert locale.number(english, -2.5) == "−3"
    assert locale.number(english, 0.285, 2) == "0.29"
    assert locale.number(english, -0.04, 1) == "0.0"


def test_a_metric_may_fix_its_decimals() -> None:
    assert locale.cell(formats("en-US"), 0.2541, column("percent", decimals=2)) == "25.41%"


@pytest.mark.parametrize(
    ("value", "points", "english", "italian"),
    [
        (0.0825, False, "+8.3%", "+8,3%"),
        (-0.0415, False, "−4.2%", "−4,2%"),
        (0.021, True, f"+2.1{NBSP}pp", f"+2,1{NBSP}p.p."),
        (0.0, False, "0.0%", "0,0%"),
        (0.0004, False, "0.0%", "0,0%"),
        (None, True, "n/a", "n/d"),
    ],
)
def test_changes_carry_their_sign(value: float | None, points: bool, english: str, italian: str) -> None:
    assert locale.change(formats("en-US"), value, points=points) == english
    assert locale.change(formats("it-IT"), value, points=points) == italian


def test_a_change_is_judged_by_the_metric_s_direction() -> None:
    assert locale.tendency(0.1, "up") == "good"
    assert locale.tendency(0.1, "down") == "bad"
    assert locale.tendency(-0.1, "down") == "good"
    assert locale.tendency(0.1, "neutral") == "even"
    assert locale.tendency(0.0001, "up") == "even"
    assert locale.tendency(None, "up") == "even"


def test_charts_shorten_large_numbers() -> None:
    money = column("currency")
    assert locale.compact(formats("en-US"), 1_074_320.55, money) == "€1.07M"
    assert locale.compact(formats("it-IT"), 1_074_320.55, money) == f"1,07{NBSP}Mln{NBSP}€"
    assert locale.compact(formats("it-IT"), 50_000, money) == f"50.000{NBSP}€"
    assert locale.compact(formats("en-US"), 1_248, column("count")) == "1,248"


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("de-CH", [f"CHF{NBSP}0", f"CHF{NBSP}999.5", f"CHF{NBSP}5’001"]),
        ("de-DE", [f"0{NBSP}CHF", f"999,5{NBSP}CHF", f"5.001{NBSP}CHF"]),
        ("en-GB", [f"CHF{NBSP}0", f"CHF{NBSP}999.5", f"CHF{NBSP}5K"]),
    ],
)
def test_small_amounts_have_their_sign_where_large_ones_have_it(tag: str, said: list[str]) -> None:
    francs = column("currency", currency="CHF")
    assert [locale.compact(formats(tag), value, francs) for value in (0, 999.5, 5001)] == said


def test_a_currency_whose_symbol_the_font_lacks_is_named_by_its_code() -> None:
    rupees = column("currency", currency="INR")
    assert locale.cell(formats("en-US"), 1234, rupees) == f"INR{NBSP}1,234"


def test_dates_follow_the_language_and_times_the_report_s_zone() -> None:
    italian = formats("it-IT")
    assert locale.day(italian, date(2026, 9, 3)) == "3 set 2026"
    utc = datetime.fromisoformat("2026-09-30T22:30:00+00:00")
    assert locale.moment(italian, utc) == "1 ott 2026, 00:30"


def test_midnight_as_of_is_the_end_of_the_day_before() -> None:
    assert locale.as_of_moment(formats("en-US"), datetime(2026, 10, 1)) == "Sep 30, 2026"
    noon = locale.as_of_moment(formats("en-US"), datetime(2026, 9, 30, 12))
    assert noon.startswith("Sep 30, 2026, 12:00")


def test_an_unknown_language_speaks_english() -> None:
    assert formats("fi-FI").not_available == "n/a"
    assert formats("fi-FI").language_tag == "en"
    assert locale.number(formats("fi-FI"), 1234.5, 1) == "1\u00a0234,5"
    assert formats("xx-QQ").language_tag == "en"


def test_words_of_one_language_and_numbers_of_another_country() -> None:
    english = formats_for(replace(sample.figures("en", ()), locale="de-DE"))
    assert locale.number(english, 1234.5, 1) == "1.234,5"
    assert english.word("filters") == "Filters"
    assert english.language_tag == "en-DE"
    assert locale.day(english, date(2026, 12, 31)) == "31 Dec 2026"
    italian = formats_for(replace(sample.figures("it", ()), locale="en-US"))
    assert italian.word("filters") == "Filtri"
    assert italian.language_tag == "it"
    assert locale.number(italian, 1234.5, 1) == "1,234.5"
    assert locale.day(italian, date(2026, 12, 31)) == "31 dic 2026"  # a month is a word
    away = formats_for(replace(sample.figures("en", ()), locale="ja-JP"))
    assert locale.day(away, date(2026, 12, 31)) == "31 Dec 2026"


def test_a_heading_has_one_pair_of_brackets() -> None:
    assert locale.with_unit(formats("en-US"), "Sales cycle (median)", "days") == "Sales cycle (median, days)"
    assert locale.with_unit(formats("en-US"), "Sales cycle", "days") == "Sales cycle (days)"
    assert locale.with_unit(formats("en-US"), "Days open", "days") == "Days open"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (59.4, "seconds", "59 s"),
        (59.5, "seconds", "1 min"),
        (-59.5, "seconds", "−1 min"),
        (0.4, "seconds", "0 s"),
        (59.5, "minutes", "59 min 30 s"),
        (3599.4, "seconds", "59 min 59 s"),
        (3599.5, "seconds", "1 h"),
        (3629.9, "seconds", "1 h"),  # 60.498 minutes
        (3630, "seconds", "1 h 1 min"),  # 60.5 minutes
        (89.9, "minutes", "1 h 30 min"),
        (-89.9, "minutes", "−1 h 30 min"),
        (119.5, "minutes", "2 h"),
        (672.98, "minutes", "11 h 13 min"),
        (23.99 * 60, "minutes", "23 h 59 min"),  # 1439.4 minutes
        (1439.5, "minutes", "24 h"),
        (Decimal("89.9"), "minutes", "1 h 30 min"),
    ],
)
def test_durations_are_rounded_to_what_is_shown(value: float, unit: Literal["seconds", "minutes"], text: str) -> None:
    assert locale.duration(formats("en"), value, unit).replace("\u00a0", " ") == text
