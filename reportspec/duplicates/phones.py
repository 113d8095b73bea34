"""Telephone numbers by the rules of their countries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

_LANGUAGES = ("en", "it", "de", "fr", "es")


def national_numbers(written: Iterable[tuple[str, str | None]]) -> Mapping[tuple[str, str | None], str]:
    """Of numbers as they are written, each with the country that is known of it, the last nine digits of what is
    dialled within that country. Those without a country are left out unless they say it themselves (`+39 …`, `0039
    …`), and so are those that no number can look like."""
    import phonenumbers

    numbers = {}
    for text, country in written:
        number = f"+{text.strip()[2:]}" if text.strip().startswith("00") else text
        region = country_code(country) if country else None
        if region is None and not number.strip().startswith("+"):
            continue
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(parsed):
            numbers[text, country] = str(parsed.national_number)[-9:]
    return numbers


@lru_cache(maxsize=1024)
def country_code(country: str) -> str | None:
    """The ISO code of a country that is written as such, or by its name in one of the languages of reports."""
    text = country.strip()
    if len(text) == 2 and text.isalpha():
        return text.upper()
    return _names().get(text.casefold())


@lru_cache(maxsize=1)
def _names() -> Mapping[str, str]:
    from babel import Locale

    names = {}
    for language in _LANGUAGES:
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha():
                names[name.casefold()] = code
    return {"usa": "US", "u.s.a.": "US", "uk": "GB", "great britain": "GB", "england": "GB", **names}
