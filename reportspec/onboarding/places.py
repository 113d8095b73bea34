"""In which time zone and with which currency a country counts, where nothing else says it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAYS = [datetime(2026, month, 1) for month in (1, 7)]  # noqa: DTZ001 - by their clocks zones are told apart


def currency_of(locale: str) -> str:
    """The currency of a locale's country; euros where it has none."""
    from babel.numbers import get_territory_currencies

    territory = locale.partition("_")[2]
    found = get_territory_currencies(territory) if territory else []
    return str(found[0]) if found else "EUR"


def zone_of(territory: str) -> str:
    """The time zone of a country that has one clock, islands aside; nothing where it has several."""
    from babel.core import get_global

    zones = list(get_global("territory_zones").get(territory, ()))
    zones = [zone for zone in zones if zone.startswith("Europe/")] or zones
    try:
        clocks = {tuple(ZoneInfo(zone).utcoffset(at) for at in _DAYS) for zone in zones}
    except ZoneInfoNotFoundError:
        return ""
    return str(zones[0]) if len(clocks) == 1 else ""


def country_of(locale: str, currency: str) -> str:
    """The country that a currency is of, by the letters that it begins with (`CHF`); else that of the locale."""
    own = "" if currency in ("EUR", "USD") or currency.startswith("X") else currency[:2]
    return own or locale.partition("_")[2]
