"""What a locale says does not hang on which others were asked before it, in one process.

The oracle is Babel with nothing loaded: a locale that is asked first says its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from babel import Locale, localedata

from reportspec.calendar import Bucket, bucket_label
from reportspec.languages.cldr_locales import parsed
from reportspec.languages.numbers import first_known

# Those that refer to other tables, of each family, and some below others (`es_MX` below `es_419` below `es`).
NAMES = ("ja", "zh", "es", "es_MX", "fr", "fr_CA", "de", "de_CH", "pt", "pt_PT", "nl", "ar")
JULY = Bucket(date(2026, 7, 1), date(2026, 8, 1), "month", key="2026-07")


@pytest.fixture(autouse=True)
def nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(localedata, "_cache", {})
    parsed.cache_clear()
    yield
    parsed.cache_clear()


def words(locale: Locale) -> list[Any]:
    """What tables of a locale say that refer to others: of months, days and quarters, in all forms."""
    tables = (locale.months, locale.days, locale.quarters)
    return [
        (place, form, width, key, table[form][width][key])
        for place, table in enumerate(tables)
        for form in ("stand-alone", "format")
        for width in ("narrow", "abbreviated", "wide")
        for key in sorted(table[form][width])
    ]


def test_each_says_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = {}
    for name in NAMES:
        localedata._cache.clear()
        alone[name] = words(Locale.parse(name))
    localedata._cache.clear()
    assert {name: words(first_known(name)) for name in NAMES} == alone
    parsed.cache_clear()
    assert {name: words(first_known(name)) for name in reversed(NAMES)} == alone


def test_july_after_japanese() -> None:
    assert [bucket_label(JULY, name, False) for name in ("ja", "es", "fr", "de")] == ["7月", "jul", "juil.", "Jul"]
