"""How a source is read: the project's time zone, locale and currency, and the signs and dates of its files."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from reportspec.model.mapping_proposals import ColumnSeen
from reportspec.onboarding.basis import Basis
from reportspec.onboarding.cures import Cures
from reportspec.onboarding.drafts import Draft
from reportspec.onboarding.name_words import field_words, tongue_of, words_of
from reportspec.onboarding.places import country_of, currency_of, zone_of
from reportspec.onboarding.project_files import Reading, Settings
from reportspec.onboarding.recognise import read_by
from reportspec.onboarding.wish import Asker, Takes

_CODE = re.compile(r"(?<![A-Za-z])(EUR|USD|GBP|CHF|CAD|AUD|SEK|NOK|DKK|PLN|CZK|JPY|BRL|MXN)(?![A-Za-z])")
_LOCALES = {"it": "it_IT", "de": "de_DE", "fr": "fr_FR", "es": "es_ES", "ja": "ja_JP"}


def settings_of(basis: Basis, asker: Asker, common: str | None = None) -> Settings:
    """What holds for the whole project; `common` is the company's currency, if amounts are taken in it: nothing where
    none tells which that is."""
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
    currency = basis.wish.currency.upper() or common or _currency(basis)
    if not currency:
        currency = currency_of(locale)
        marks["currency"] = "no amount says its currency"
    elif common == "" and not basis.wish.currency:
        marks["currency"] = "amounts are in the currency of the company, and nothing tells which that is"
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


class FileReadings:
    """How files are read. What can be read in two ways is asked once; what nobody answers has a mark."""

    def __init__(self, basis: Basis, asker: Asker) -> None:
        self.basis, self.asker = basis, asker
        self._signs: dict[str, tuple[str, str, str]] = {}  # by table: what parts decimals and thousands, and the mark
        self._days: dict[str, str] = {}  # by the first day that can be read in two ways its order, where somebody said

    def of(self, cures: Cures, folder: Path, draft: Draft, settings: Settings) -> dict[str, Reading]:
        """The readings of the files that are used, by the names that the mapping has for their tables."""
        basis = self.basis
        used = {block.table for block in draft.blocks} if basis.found is None else set(basis.found.tables.values())
        used |= {beside.table for block in draft.blocks for beside in block.joins.values()}
        found: dict[str, Reading] = {}
        columns: dict[str, set[str]] = {name: set() for name in used}
        percents: dict[str, set[str]] = {name: set() for name in used}
        money: dict[str, set[str]] = {name: set() for name in used}
        for block, line in draft.lines():
            field = basis.catalogue.entities[block.entity].fields[line.field]
            columns[block.table] |= set(line.columns)
            if line.field == "probability" or field.unit == "percent":
                percents[block.table] |= set(line.columns)
            if field.type == "money":
                money[block.table] |= set(line.columns)
        for name, path in basis.source.files.items():
            if name not in used:
                continue
            absolute = (basis.wish.folder.resolve() / path).resolve()
            relative = os.path.relpath(absolute, folder.resolve()) if folder == basis.wish.folder else str(absolute)
            table = basis.tables[name]
            formats: dict[str, tuple[str, ...]] = {}
            written = basis.source.settings.get(name, {})
            marks: dict[str, str] = {}
            if name in basis.source.joined:
                what, at = ("sheets", "sheet") if "sheet" in written else ("files", "path")
                marks[at] = f"{basis.source.joined[name]} {what} with the same columns are one table"
            if "encoding" in written:
                marks["encoding"] = f"its encoding is likely {written['encoding']}: look at letters with accents"
            if "skip" in written:
                marks["skip"] = f"its header stands below line {written['skip']}"
            if "parts" in written:
                marks["parts"] = "its table is in parts, with the header above each: their titles are a column"
            if cures.null(name):
                marks["null"] = cures.why_null(name)
            read = [c for c in table.columns.values() if _is_read(basis, name, c.name, columns[name])]
            for column in read:
                if column.ways:
                    way, doubt = self._order_of(name, column, settings.locale)
                    formats[column.name] = way
                    marks |= {f"date_format.{column.name}": doubt} if doubt else {}
            if name not in self._signs:
                self._signs[name] = self._signs_of(name, read, money[name], settings.locale)
            decimal, thousands, doubt = self._signs[name]
            marks |= {"decimal": doubt} if doubt else {}
            percent = tuple(c for c in table.columns if c in percents[name] and table.columns[c].shape == "percent")
            found[basis.names.get(name, name)] = Reading(
                relative, formats, percent, decimal, thousands, marks, written, cures.null(name)
            )
        return found

    def _signs_of(
        self, table: str, read: Sequence[ColumnSeen], money: Collection[str], locale: str
    ) -> tuple[str, str, str]:
        """What parts decimals and thousands in a file, and what is doubtful in that; nothing where its numbers say it.

        Of amounts that all have three digits behind one sign it parts thousands: money has two decimals or none. What
        other numbers of the file say beyond doubt comes first, since a program writes all of them alike."""
        from babel.numbers import get_decimal_symbol

        unclear = [column for column in read if len(column.decimals) > 1] if self.basis.found is None else []
        if not unclear:
            return "", "", ""
        amounts = [column for column in unclear if column.name in money]
        first = max(amounts or unclear, key=lambda column: column.filled)
        known = [column.decimals[0][0] for column in read if len(column.decimals) == 1]
        grouped = [way for way in first.decimals if way[1]]
        several = sum(number for value, number in first.values if re.search("[.,]", value)) >= _HANDFUL
        if known:
            decimal = Counter(known).most_common(1)[0][0]
        elif first in amounts and several and grouped:
            decimal = grouped[0][0]
        else:
            decimal = get_decimal_symbol(locale)
        chosen = next((way for way in first.decimals if way[0] == decimal), first.decimals[0])
        other = next(way for way in first.decimals if way != chosen)
        parted = [value for value, _ in first.values if re.search("[.,]", value)]
        example = next((value for value in parted if not value.endswith("0")), parted[0])
        numbers = {_number_by(example, way): way for way in (chosen, other)}
        here, there = numbers
        answer = self.asker.choose(f"{table}.{first.name}: what is `{example}`?", (here, there), here)
        if not isinstance(self.asker, Takes):
            return (*numbers.get(answer, chosen), "")
        return (*chosen, f"`{first.name}`: `{example}` is read as {here}, and might be {there}")

    def _order_of(self, table: str, column: ColumnSeen, locale: str) -> tuple[tuple[str, ...], str]:
        """The formats by which a column's dates are read, and what is doubtful in that."""
        if len(column.ways) == 1:
            return column.ways[0], ""
        said = self.basis.wish.date_order or next(iter(self._days.values()), "")
        wanted = said or _order_elsewhere(self.basis) or ("MDY" if locale.endswith("_US") else "DMY")
        way = next((way for way in column.ways if _order_in(way) == wanted), column.ways[0])
        if said and _order_in(way) == said:
            return way, ""
        example = next((value for value, _ in column.values if len(_days_of(value, column.ways)) > 1), "")
        days = _days_of(example, (way, *column.ways)) if example else {}
        if days and not isinstance(self.asker, Takes):
            options = tuple(days)
            answer = self.asker.choose(f"{table}.{column.name}: what is `{example}`?", options, options[0])
            way = days.get(answer, way)
            self._days[f"{table}.{column.name}"] = _order_in(way)
            return way, ""
        named = {"DMY": "day first", "MDY": "month first", "YMD": "year first"}[_order_in(way)]
        return way, f"`{column.name}` is read with the {named}, which `{example}` does not say"


_HANDFUL = 5  # amounts that say how they are written


def _number_by(text: str, way: tuple[str, str]) -> str:
    """The number that a text is by what parts decimals and thousands."""
    digits = re.sub("[^0-9.,]", "", text)
    digits = (digits.replace(way[1], "") if way[1] else digits).replace(way[0], ".")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _days_of(text: str, ways: Sequence[Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The days that a text may be, in words, each with the formats that read it so."""
    found: dict[str, tuple[str, ...]] = {}
    for way in ways:
        for one in way:
            with suppress(ValueError):
                day = datetime.strptime(" ".join(text.split()), one)  # noqa: DTZ007
                found.setdefault(f"{day.day} {day:%B %Y}", tuple(way))
                break
    return found


def _is_read(basis: Basis, table: str, column: str, own: set[str]) -> bool:
    """Whether the mapping reads a column."""
    if basis.found is not None:
        return column.lower() in read_by(basis.found.crm)[basis.names[table]]
    return column in own


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
