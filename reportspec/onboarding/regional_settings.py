"""How a source is read: the project's time zone, locale and currency, and the signs and dates of its files."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from reportspec.model.mapping_proposals import ColumnSeen
from reportspec.onboarding.basis import Basis
from reportspec.onboarding.cures import Cures
from reportspec.onboarding.mapping_lines import Draft
from reportspec.onboarding.name_words import field_words, tongue_of, words_of
from reportspec.onboarding.places import country_of, currency_of, zone_of
from reportspec.onboarding.project_files import Reading, Settings
from reportspec.onboarding.recognise import read_by
from reportspec.onboarding.wish import Asker

_CODE = re.compile(r"(?<![A-Za-z])(EUR|USD|GBP|CHF|CAD|AUD|SEK|NOK|DKK|PLN|CZK|JPY|BRL|MXN)(?![A-Za-z])")
_LOCALES = {"it": "it_IT", "de": "de_DE", "fr": "fr_FR", "es": "es_ES"}


def settings_of(basis: Basis, asker: Asker) -> Settings:
    marks: dict[str, str] = {}
    locale = basis.wish.locale or _locale_here()
    known = bool(locale)
    if not locale:
        tongue = tongue_of(column for table in basis.tables.values() for column in table.columns)
        dollars = not tongue and (basis.wish.currency.upper() or _currency(basis)) == "USD"
        locale = "en_US" if dollars else _LOCALES.get(tongue, "en_GB")
        known = bool(tongue)
        by = "by the language of the columns" if tongue else "by the currency" if dollars else ""
        marks["locale"] = by or "how reports shall write numbers and dates is not to be seen in the data"
    currency = basis.wish.currency.upper() or _currency(basis)
    if not currency:
        currency = currency_of(locale)
        marks["currency"] = "no amount says its currency"
    zone = basis.wish.timezone or _zone_here()
    if not zone:
        zone = zone_of(country_of(locale if known else "", currency))
        marks["timezone"] = (
            f"by the country of {locale} and {currency}"
            if zone
            else "in which time zone days begin is not to be seen in the data"
        )
        zone = zone or "UTC"
    settled = {"currency": currency, "timezone": zone, "locale": locale}
    for key, value in settled.items():
        if key in marks:
            others = ("UTC",) if key == "timezone" and value != "UTC" else ()
            answer = asker.choose(f"{key}: {marks[key]}", (value, *others, ""), value)
            if answer and answer != value:
                settled[key] = answer
                del marks[key]
    return Settings(settled["timezone"], settled["locale"], settled["currency"].upper(), marks)


def _currency(basis: Basis) -> str:
    """The currency of most amounts, as a column or the amounts say; nothing where they do not."""
    from reportspec.run.files.readings import meant_by

    called = {words[0] for words in field_words("currency") if len(words) == 1}
    codes: Counter[str] = Counter()
    for table in basis.tables.values():
        for column in table.columns.values():
            if not called.isdisjoint(words_of(column.name)):
                for value, number in column.values:
                    if re.fullmatch("[A-Za-z]{3}", value):
                        codes[value.upper()] += number
            if column.shape == "number" or column.shape == "integer":  # `Amount (EUR)`
                for code in _CODE.findall(column.name):
                    codes[code] += column.filled
            for sign in column.currencies:
                meant = meant_by(sign)
                if meant:
                    codes[meant[0]] += column.filled
    return codes.most_common(1)[0][0] if codes else ""


def readings_of(basis: Basis, cures: Cures, folder: Path, draft: Draft, settings: Settings) -> dict[str, Reading]:
    """How the files that are used are read, by the names that the mapping has for their tables."""
    used = {block.table for block in draft.blocks} if basis.found is None else set(basis.found.tables.values())
    found: dict[str, Reading] = {}
    columns: dict[str, set[str]] = {name: set() for name in used}
    fields: dict[str, set[str]] = {name: set() for name in used}
    for block, line in draft.lines():
        columns[block.table] |= set(line.columns)
        if line.field == "probability" or basis.catalogue.entities[block.entity].fields[line.field].unit == "percent":
            fields[block.table] |= set(line.columns)
    for name, path in basis.source.files.items():
        if name not in used:
            continue
        absolute = (basis.wish.folder.resolve() / path).resolve()
        relative = os.path.relpath(absolute, folder.resolve()) if folder == basis.wish.folder else str(absolute)
        table = basis.tables[name]
        formats: dict[str, tuple[str, ...]] = {}
        written = basis.source.settings.get(name, {})
        marks = (
            [f"its encoding is likely {written['encoding']}: look at letters with accents"]
            if "encoding" in written
            else []
        )
        marks += [f"its header stands below line {written['skip']}"] if "skip" in written else []
        marks += [cures.why_null(name)] if cures.null(name) else []
        decimal = thousands = ""
        for column in table.columns.values():
            if not _is_read(basis, name, column.name, columns[name]):
                continue
            if column.ways:
                way, doubt = _order_of(basis, column, settings.locale)
                formats[column.name] = way
                marks += [doubt] if doubt else []
            if column.decimals and not column.currencies and basis.found is None:
                decimal, thousands = _sign_of(column, settings.locale)
                marks.append(f"`{column.name}` can be read in two ways: {decimal} parts the decimals")
        percent = tuple(c for c in table.columns if c in fields[name] and table.columns[c].shape == "percent")
        found[basis.names.get(name, name)] = Reading(
            relative, formats, percent, decimal, thousands, "; ".join(marks), written, cures.null(name)
        )
    return found


def _is_read(basis: Basis, table: str, column: str, own: set[str]) -> bool:
    """Whether the mapping reads a column."""
    if basis.found is not None:
        return column.lower() in read_by(basis.found.crm)[basis.names[table]]
    return column in own


def _order_of(basis: Basis, column: ColumnSeen, locale: str) -> tuple[tuple[str, ...], str]:
    """The formats by which a column's dates are read, and what is doubtful in that."""
    if len(column.ways) == 1:
        return column.ways[0], ""
    wanted = basis.wish.date_order or _order_elsewhere(basis) or ("MDY" if locale.endswith("_US") else "DMY")
    way = next((way for way in column.ways if _order_in(way) == wanted), column.ways[0])
    said = {"DMY": "day first", "MDY": "month first", "YMD": "year first"}[_order_in(way)]
    if basis.wish.date_order:
        return way, ""
    example = column.values[0][0] if column.values else ""
    return way, f"`{column.name}` is read with the {said}, which `{example}` does not say"


def _order_elsewhere(basis: Basis) -> str:
    """The order of days and months in a column that can be read in one way only."""
    for table in basis.tables.values():
        for column in table.columns.values():
            if len(column.ways) == 1 and _order_in(column.ways[0]) != "YMD" and "%b" not in column.ways[0][0].lower():
                return _order_in(column.ways[0])
    return ""


def _order_in(formats: Sequence[str]) -> str:
    text = formats[0]
    places = sorted(
        (key, min(at for at in (text.find(code) for code in codes) if at >= 0))
        for key, codes in (("Y", ("%Y", "%y")), ("M", ("%m", "%b", "%B")), ("D", ("%d",)))
    )
    return "".join(key for key, _ in sorted(places, key=lambda item: item[1]))


def _sign_of(column: ColumnSeen, locale: str) -> tuple[str, str]:
    """The signs by which numbers that can be read in two ways are read: those of the locale, if they are one way."""
    from babel.numbers import get_decimal_symbol

    decimal = get_decimal_symbol(locale)
    return next(((d, t) for d, t in column.decimals if d == decimal), column.decimals[0])


def _locale_here() -> str:
    for name in ("LC_ALL", "LC_MONETARY", "LANG"):
        match = re.match(r"[a-z]{2}_[A-Z]{2}", os.environ.get(name, ""))
        if match:
            return match[0]
    return ""


def _zone_here() -> str:
    name = os.environ.get("TZ", "").lstrip(":")
    if not name:
        try:
            target = str(Path("/etc/localtime").readlink())
        except OSError:
            return ""
        name = target.partition("zoneinfo/")[2]
    return name if "/" in name and not name.startswith(("/", "Etc/")) else ""
