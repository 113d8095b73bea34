"""Groups of duplicates as they are printed: for the terminal, as JSON, as rows of CSV or a workbook."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency, format_decimal

from reportspec.csv_lines import csv_writer
from reportspec.duplicates.groups import Found, Group, Money, Record, added
from reportspec.duplicates.masking import masked
from reportspec.duplicates.not_duplicates import NAME
from reportspec.duplicates.reasons import kept_because, reason
from reportspec.errors import FormatError
from reportspec.languages import filled, in_number, vocabulary
from reportspec.lazy_dataclass import dataclass
from reportspec.model.domain import Catalogue
from reportspec.render.attachments import marked

_MOST_ROWS = 1_048_000  # on a sheet
_SHOWN_GROUPS = 50  # on a terminal
_CENTS = Decimal("0.01")
COLUMNS = ("group", "keep", "entity", "key", "chance", "reason", "latest", "open", "won")


@dataclass(frozen=True, slots=True)
class Listing:
    """How groups are told: in which language and locale, with which words for entities, and whether personal data are
    to be seen."""

    found: Found
    language: str
    locale: str
    catalogue: Catalogue
    personal: bool = False

    def word(self, key: str) -> str:
        """A word of the listing."""
        return str(vocabulary(self.language)["duplicates"][key])

    def said(self, key: str, *values: object) -> str:
        """A sentence of it."""
        return filled(self.word(key), *values)

    # --- parts ------------------------------------------------------------------------------------

    def shown(self, record: Record) -> tuple[tuple[str, str], ...]:
        """The fields of a record with their values, covered where they are personal and not asked for."""
        return tuple((one.field, one.value if self.personal else masked(one)) for one in record.values)

    def reason(self, group: Group, place: int) -> str:
        """Why a record is in its group, beside the one that is kept; of that one, why it is."""
        if place == group.survivor:
            return kept_because(group, self.language)
        return reason(group.pair_of(place, group.survivor), self.language, dict(self.found.called))

    def chance(self, group: Group, place: int) -> float | None:
        """The chance that a record is the same as the one that is kept, or as the one of the group that it is likest
        to."""
        if place == group.survivor:
            return None
        return max(pair.chance for pair in group.pairs if place in (pair.a, pair.b))

    def money(self, money: Iterable[Money], status: str) -> str:
        """What deals of a status are worth, each currency by itself."""
        return " + ".join(self._amount(one) for one in money if one.status == status)

    def _amount(self, money: Money) -> str:
        if money.amount is None:
            return "–"
        whole = money.amount == money.amount.to_integral_value()
        digits = "#,##0" if whole else "#,##0.00"
        amount = money.amount.quantize(Decimal(1) if whole else _CENTS)
        if not money.currency:
            return str(format_decimal(amount, digits, self.locale))
        return str(format_currency(amount, money.currency, f"{digits}\xa0¤¤", self.locale, currency_digits=False))

    def head(self) -> list[str]:
        """What was found, in a sentence, and what is at stake."""
        found = self.found
        number = len(found.groups)
        if not number:
            groups = self.word("none")
        else:
            groups = self.word("one") if number == 1 else self.said("many", in_number(self.language, number))
        inside = sum(len(group.records) for group in found.groups)
        names = [self.catalogue.entities[name].plural for name in found.entity.split("+")]
        what = " + ".join(name.get(self.language, name["en"]) for name in names)
        numbers = (in_number(self.language, inside), in_number(self.language, found.records))
        lines = [self.said("of", what, groups, *numbers)]
        if stake := self._stake(added(money for group in found.groups for money in group.money)):
            lines.append(self.said("at_stake", stake))
        if found.kept_apart:
            lines.append(self.said("apart", NAME, in_number(self.language, found.kept_apart)))
        common, lonely = found.too_common
        if common:
            lines.append(self.said("too_common", *(in_number(self.language, count) for count in (common, lonely))))
        if found.cut_pairs:
            lines.append(self.said("cut_pairs", in_number(self.language, found.cut_pairs)))
        if number and not self.personal:
            lines.append(self.word("masked"))
        return lines

    def _stake(self, money: Iterable[Money]) -> str:
        kept = tuple(money)
        parts = []
        for status in ("open", "won"):
            if text := self.money(kept, status):
                deals = sum(one.deals for one in kept if one.status == status)
                parts.append(f"{self.word(status)} {text} ({self.said('deals', in_number(self.language, deals))})")
        return ", ".join(parts)

    # --- forms ------------------------------------------------------------------------------------

    def table(self) -> str:
        """For the terminal: each group with its records, the one to be kept first."""
        lines = self.head()
        for number, group in enumerate(self.found.groups[:_SHOWN_GROUPS], 1):
            stake = self._stake(group.money)
            lines += ["", " · ".join(filter(None, (self.said("group", number), stake)))]
            for place in self._turn(group):
                record = group.records[place]
                chance = self.chance(group, place)
                mark = self.word("keep") if chance is None else _percent(self.language, chance)
                name = f"{record.entity} {record.key}" if "+" in self.found.entity else record.key
                lines.append(f"  {mark:>9}  {name}: {', '.join(value for _, value in self.shown(record))}")
                lines.append(f"             {self.reason(group, place)}")
        if len(self.found.groups) > _SHOWN_GROUPS:
            lines += ["", f"… {in_number(self.language, len(self.found.groups) - _SHOWN_GROUPS, '+,')}"]
        return "\n".join(lines)

    @staticmethod
    def _turn(group: Group) -> list[int]:
        others = [place for place in range(len(group.records)) if place != group.survivor]
        return [group.survivor, *others]

    def json(self) -> str:
        """All of it, also the levels and weights of each pair. Names of keys are in English."""
        found = self.found
        data = {
            "entity": found.entity,
            "records": found.records,
            "comparisons": list(found.comparisons),
            "kept_apart": found.kept_apart,
            "too_common": {"records": found.too_common[0], "compared_by_nothing_else": found.too_common[1]},
            "cut_pairs": found.cut_pairs,
            "at_stake": _plain_money(added(money for group in found.groups for money in group.money)),
            "groups": [self._group(number, group) for number, group in enumerate(found.groups, 1)],
        }
        return json.dumps(data, ensure_ascii=False, indent=2)

    def _group(self, number: int, group: Group) -> dict[str, Any]:
        kept = group.records[group.survivor]
        return {
            "group": number,
            "keep": {"entity": kept.entity, "key": kept.key, "reason": kept_because(group, self.language)},
            "at_stake": _plain_money(group.money),
            "records": [
                {
                    "entity": record.entity,
                    "key": record.key,
                    "keep": place == group.survivor,
                    "chance": _rounded(self.chance(group, place)),
                    "reason": self.reason(group, place),
                    "latest": record.latest or None,
                    "values": dict(self.shown(record)),
                    "money": _plain_money(record.money),
                }
                for place, record in enumerate(group.records)
            ],
            "pairs": [
                {
                    "a": _end(group.records[pair.a]),
                    "b": _end(group.records[pair.b]),
                    "chance": _rounded(pair.chance),
                    "weight": round(pair.bits, 3),
                    "reason": reason(pair, self.language, dict(self.found.called)),
                    "levels": dict(pair.levels),
                }
                for pair in group.pairs
            ],
        }

    def rows(self) -> tuple[list[str], list[list[Any]]]:
        """The header and a row for each record, with a column for each field that is compared."""
        fields = list(dict.fromkeys(one.field for g in self.found.groups for r in g.records for one in r.values))
        rows = []
        for number, group in enumerate(self.found.groups, 1):
            for place in self._turn(group):
                record = group.records[place]
                values = dict(self.shown(record))
                rows.append(
                    [
                        number,
                        self.word("yes" if place == group.survivor else "no"),
                        record.entity,
                        record.key,
                        _rounded(self.chance(group, place)),
                        self.reason(group, place),
                        record.latest,
                        self.money(record.money, "open"),
                        self.money(record.money, "won"),
                        *(values.get(field, "") for field in fields),
                    ]
                )
        return [*COLUMNS, *fields], rows

    def csv(self) -> str:
        """Rows with a header. Text that a spreadsheet would take for a formula is marked as text."""
        header, rows = self.rows()
        buffer = io.StringIO()
        writer = csv_writer(buffer)
        writer.writerow(header)
        writer.writerows([[marked(cell) if isinstance(cell, str) else cell for cell in row] for row in rows])
        return buffer.getvalue()

    def workbook(self) -> bytes:
        """The rows as a workbook, its header in the language. Raises FormatError."""
        try:
            import xlsxwriter
        except ModuleNotFoundError:
            raise FormatError(
                "workbooks need XlsxWriter, which is not installed", 'pip install "reportspec[xlsx]"'
            ) from None
        header, rows = self.rows()
        if len(rows) > _MOST_ROWS:
            raise FormatError(
                f"a sheet has room for {_MOST_ROWS} records, and there are {len(rows)}", "use `--format csv`"
            )
        columns: Mapping[str, str] = vocabulary(self.language)["duplicates"]["columns"]
        stream = io.BytesIO()
        options = {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        with xlsxwriter.Workbook(stream, options) as book:
            sheet = book.add_worksheet("duplicates")
            bold, share = book.add_format({"bold": True}), book.add_format({"num_format": "0%"})
            for place, name in enumerate(header):
                sheet.write_string(0, place, columns.get(name, name), bold)
            for line, row in enumerate(rows, 1):
                for place, cell in enumerate(row):
                    if isinstance(cell, float):
                        sheet.write_number(line, place, cell, share)
                    elif isinstance(cell, int):
                        sheet.write_number(line, place, cell)
                    elif cell:
                        sheet.write_string(line, place, str(cell)[:32_767])
            sheet.freeze_panes(1, 0)
            if rows:
                sheet.autofilter(0, 0, len(rows), len(header) - 1)
            sheet.set_column(5, 5, 60)
        return stream.getvalue()


def _percent(language: str, chance: float) -> str:
    """A chance, cut off: only what is certain is 100 %."""
    return f"{in_number(language, int(chance * 1000) / 10, '.1f')} %"


def _rounded(chance: float | None) -> float | None:
    return None if chance is None else round(chance, 4)


def _end(record: Record) -> dict[str, str]:
    return {"entity": record.entity, "key": record.key}


def _plain_money(money: Iterable[Money]) -> list[dict[str, Any]]:
    return [
        {
            "status": one.status,
            "currency": one.currency or None,
            "deals": one.deals,
            "amount": None if one.amount is None else format(one.amount, "f"),
        }
        for one in money
    ]
