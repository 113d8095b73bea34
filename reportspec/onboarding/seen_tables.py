"""What tables hold: their columns with what the values are like. Values are looked at and never kept."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlglot import exp

from reportspec.errors import SourceError
from reportspec.model.mapping_proposals import ColumnSeen, Shape, TableSeen
from reportspec.run.connection import Connection
from reportspec.run.files import readings
from reportspec.run.files.shape import seems_totals
from reportspec.sql.dialect import sql_text

LOOKED_AT = 20_000  # rows of a table; of files it is nearly always all of them
LISTED = 80  # values of a column that are told apart
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{5,}(?:x[0-9]+)?")
_ISO = re.compile(readings.ISO)
_CLOCK = re.compile(r"[0-9]{1,3}:[0-9]{2}(?::[0-9]{2})?")
_YES_NO = frozenset((*readings.TRUE, *readings.FALSE)) - {"1", "0", "1.0", "0.0"}
_FEW_ODD = 0.02  # share of values that may be of no number or time in a column of them
_OTHERWISE = 0.2  # share of numbers that may be written in another way than the others


def table_of(name: str) -> exp.Table:
    """A table by the name under which a mapping names it."""
    parts = [exp.to_identifier(part, quoted=True) for part in name.split(".")]
    return exp.Table(**dict(zip(("this", "db", "catalog"), reversed(parts), strict=False)))


def seen(
    connection: Connection,
    names: Iterable[str],
    tell: Callable[[str], None] = lambda name: None,
    missed: list[SourceError] | None = None,
) -> list[TableSeen]:
    """Tables with what their columns hold. Where others may be told of, those that cannot be read are `missed`.
    Raises SourceError."""
    columns = connection.columns()
    found = []
    for name in names:
        if not columns.get(name):
            if missed is not None and name in columns:
                missed.append(_unreadable(name, "the database cannot say what columns it has"))
            continue
        tell(name)
        wanted = [exp.column(exp.to_identifier(column, quoted=True)) for column in columns[name]]
        tree = exp.select(*wanted, copy=False).from_(table_of(name)).limit(LOOKED_AT + 1)
        try:
            rows = connection.run(sql_text(tree, connection.dialect)).rows
        except SourceError as error:
            if missed is None or error.lost or error.code not in _BROKEN:
                raise
            missed.append(_unreadable(name, error.message))
            continue
        found.append(table_seen(name, columns[name], rows[:LOOKED_AT], len(rows) <= LOOKED_AT))
    return found


_BROKEN = frozenset({"unknown-table", "unknown-column", "unreadable-source", "query-failed"})


def _unreadable(name: str, why: str) -> SourceError:
    help = "mend it in the database, where it is wanted"
    return SourceError("unreadable-source", f"the table or view `{name}` is passed over: {why}", help)


def rows_of(connection: Connection, name: str, columns: Sequence[str], by: str) -> Sequence[Sequence[Any]]:
    """Rows of a table: all, or of a large one those that come first `by` a column, so that of its values all rows
    are there. Raises SourceError."""
    wanted = [exp.column(exp.to_identifier(column, quoted=True)) for column in columns]
    order = exp.column(exp.to_identifier(by, quoted=True))
    tree = exp.select(*wanted, copy=False).from_(table_of(name)).order_by(order).limit(LOOKED_AT + 1)
    return connection.run(sql_text(tree, connection.dialect)).rows[:LOOKED_AT]


def table_seen(
    name: str, columns: Sequence[str] | Mapping[str, str], rows: Sequence[Sequence[Any]], whole: bool = True
) -> TableSeen:
    """A table of which these are rows, but for those that add up others; its columns, with their types where a database
    has them."""
    rows = [row for row in rows if not seems_totals(row)]
    by_column = list(zip(*rows, strict=True)) or [()] * len(columns)
    kinds = columns if isinstance(columns, Mapping) else {}
    described = {
        column: column_seen(column, values, kinds.get(column, ""))
        for column, values in zip(columns, by_column, strict=True)
        if column.strip()
    }
    repeated = len(rows) - len({tuple(map(str, row)) for row in rows})
    return TableSeen(name, len(rows), described, whole, repeated)


def column_seen(name: str, values: Iterable[Any], kind: str = "") -> ColumnSeen:
    """A column of which these are values, of a type."""
    there = [value for value in values if value is not None and str(value).strip()]
    parted = _parted(there)
    if parted is not None:
        return _of_parted(name, parted, isinstance(there[0], str) or kind.lower().startswith("json"))
    texts = Counter(as_text(value) for value in there)
    nothing = [text for text in texts if text.lower() in readings.NOTHING]
    for text in nothing:
        del texts[text]
    filled = sum(texts.values())
    if not filled:
        return ColumnSeen(name, "empty", 0, 0)
    common = {
        "values": tuple(texts.most_common(LISTED)),
        "sample": frozenset(texts),
        "emails": _share(texts, _EMAIL.fullmatch),
        "phones": _share(texts, _is_phone),
        "length": sum(len(text) * number for text, number in texts.items()) / filled,
        "longest": max(map(len, texts)),
        "nothing": tuple(sorted(text for text in nothing if text.lower() in readings.NOTHING_ELSE)),
    }
    shape, more = _shape(there, texts)
    return ColumnSeen(name, shape, filled, len(texts), **common, **more)  # type: ignore[arg-type]


def _parted(values: Sequence[Any]) -> list[Any] | None:
    """Values that are lists or records, or texts of such in JSON; None where they are others."""
    if not values:
        return None
    if isinstance(values[0], str):
        if not all(isinstance(one, str) and one.strip()[:1] in ("[", "{") for one in values):
            return None
        try:
            values = [json.loads(one) for one in values]
        except (ValueError, RecursionError):
            return None
    return list(values) if all(isinstance(one, (list, tuple, dict)) for one in values) else None


def _of_parted(name: str, values: Sequence[Any], in_json: bool) -> ColumnSeen:
    """A column of lists or records: as the first of each list is, where that is one value or a record with an address
    of mail or a telephone number; else as what nothing is read from."""
    lists = [one for one in values if isinstance(one, (list, tuple))]
    firsts = [one[0] for one in lists if one]
    if len(lists) == len(values) and firsts:
        if not any(isinstance(one, (list, tuple, dict)) for one in firsts):
            return replace(column_seen(name, firsts), inside=(0,), json=in_json)
        if all(isinstance(one, dict) for one in firsts):
            for key in dict.fromkeys(key for one in firsts for key in one if _KEY.fullmatch(str(key))):
                found = column_seen(name, [one.get(key) for one in firsts])
                if (found.emails > 0.8 or found.phones > 0.6) and not found.inside:
                    return replace(found, inside=(0, key), json=in_json)
    return ColumnSeen(name, "list", len(values), len({str(one) for one in values}), json=in_json)


_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def as_text(value: Any) -> str:
    """A value as a text, equal ones alike."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()


def _share(texts: Mapping[str, int], fits: Callable[[str], Any]) -> float:
    return sum(number for text, number in texts.items() if fits(text)) / sum(texts.values())


def _is_phone(text: str) -> bool:
    digits = sum(sign.isdigit() for sign in text)
    odd = any(sign in "+()-/ " for sign in text)
    return 7 <= digits <= 16 and odd and _PHONE.fullmatch(text) is not None and _ISO.fullmatch(text) is None


def _shape(values: Sequence[Any], texts: Mapping[str, int]) -> tuple[Shape, dict[str, Any]]:
    first = values[0]
    kinds: dict[type, tuple[type, ...]] = {
        bool: (bool,),
        date: (date,),
        **dict.fromkeys((int, float, Decimal), (int, float, Decimal)),
    }
    of = next((kind for one, kind in kinds.items() if isinstance(first, one)), None)
    if of is not None and not all(isinstance(value, of) for value in values):
        return _shape([as_text(value) for value in values], texts)  # SQLite keeps what it is given
    if isinstance(first, bool):
        return "boolean", {"native": True}
    if isinstance(first, date):
        kind: Shape = "time" if isinstance(first, datetime) else "date"
        return kind, _ends(str(value)[:10] for value in values)
    if isinstance(first, (int, float, Decimal)):
        largest = max(abs(float(value)) for value in values)
        whole = all(float(value).is_integer() for value in values[:2000])
        return ("integer" if whole else "number"), {"largest": largest}
    if all(text.lower() in _YES_NO for text in texts):
        return "boolean", {}
    if all(_CLOCK.fullmatch(text) for text in texts):
        return "clock", {}
    for reads in (_as_time, _as_number):
        found = reads(texts)
        if found is not None:
            return found
    return "text", {}


def _as_time(texts: Mapping[str, int]) -> tuple[Shape, dict[str, Any]] | None:
    """Texts as days or times, unless more than a few are none."""
    iso = {text for text in texts if _ISO.fullmatch(text)}
    rest = {text: number for text, number in texts.items() if text not in iso}
    many = sum(texts.values())
    if sum(rest.values()) <= _FEW_ODD * many and iso:
        return ("time" if any(":" in text for text in iso) else "date"), _ends(text[:10] for text in iso)
    forms = Counter[str]()
    for text, number in texts.items():
        forms[readings.form_of(text)] += number
    ways = readings.time_readings(forms)
    if not ways:
        return None
    if all(re.fullmatch("[09]{8}", form) for form in forms):
        ways = [way for way in ways if _fits(way.formats, texts)]
        if len(ways) != 1 or not all("1950" < text[:4] < "2100" for text in list(texts)[:50]):
            return None  # eight digits that are as well a number
    fit = [way for way in ways if _fits(way.formats, texts)]
    if not fit:
        return None
    return ("time" if fit[0].timed else "date"), {
        "ways": tuple(way.formats for way in fit),
        "formats_said": len(fit) > 1,
        **_ends(day for text in texts if (day := _day(fit[0].formats, text))),
    }


def _fits(formats: Sequence[str], texts: Mapping[str, int]) -> bool:
    for text in texts:
        for one in formats:
            try:
                datetime.strptime(re.sub(" +", " ", text), one)  # noqa: DTZ007
                break
            except ValueError:
                continue
        else:
            return False
    return True


def _ends(days: Iterable[str]) -> dict[str, str]:
    """The first and the last of days."""
    ordered = sorted(day for day in days if "1900" < day < "2200")  # `0000-00-00` is none
    return {"oldest": ordered[0], "newest": ordered[-1]} if ordered else {}


def _day(formats: Sequence[str], text: str) -> str:
    """The day that a text is by the first of the formats that reads it."""
    for one in formats:
        try:
            return datetime.strptime(re.sub(" +", " ", text), one).date().isoformat()  # noqa: DTZ007
        except ValueError:
            continue
    return ""


def _as_number(texts: Mapping[str, int]) -> tuple[Shape, dict[str, Any]] | None:
    """Texts as numbers, unless more than a few are none."""
    forms = Counter[str]()
    for text, number in texts.items():
        forms[readings.form_of(text)] += number
    bare = {form: readings.bare_number(form) for form in forms}
    if any(re.search("[09] ?[KMB]$", form) for form in forms):
        return _abbreviated(texts)
    digits = {form for form, one in bare.items() if re.fullmatch(r"[09.,' ]*[09][09.,' ]*", one.form)}
    if sum(forms[form] for form in digits) < (1 - _FEW_ODD) * sum(forms.values()):
        return None
    ways = readings.number_readings(digits)
    if not ways:  # numbers that are written in two ways are some all the same: a trial tells of those that are not read
        odd = readings.nearest_number({form: forms[form] for form in digits})
        if sum(forms[form] for form in odd) <= _OTHERWISE * sum(forms.values()):
            digits -= odd
            ways = readings.number_readings(digits)
    if not ways:
        return None
    if any(text.startswith("0") and len(text) > 1 and text.isdigit() for text in texts):
        return None  # codes, such as postal ones
    if _are_numbered(texts):
        return None
    percent = any(bare[form].percent for form in digits)
    signs = tuple(readings.currencies(digits))
    way = ways[0]
    numbers = []
    for text in list(texts)[:2000]:
        digits_of = re.sub(r"[^0-9.,]", "", text)
        if way.thousands:
            digits_of = digits_of.replace(way.thousands, "")
        try:
            numbers.append(float(digits_of.replace(way.decimal, ".")))
        except ValueError:
            continue
    plain = all(readings.decimals_of(bare[form].form, way) == 0 for form in digits) and not signs
    shape: Shape = "percent" if percent else "integer" if plain else "number"
    signed = any("." in bare[form].form or "," in bare[form].form for form in digits)
    decimals = tuple((way.decimal, way.thousands) for way in ways) if signed else ()
    return shape, {"largest": max(numbers, default=0.0), "currencies": signs, "decimals": decimals}


_NUMBERED = re.compile("[A-Z]{3}([0-9]+)")


def _are_numbered(texts: Mapping[str, int]) -> bool:
    """Whether texts count records, behind three letters that happen to be a currency's (`TOP1`, `TOP2`): each there
    once, and few numbers left out between them, or with zeros before them."""
    found = [match[1] for text in texts if (match := _NUMBERED.fullmatch(text))]
    if len(found) < len(texts):
        return False
    numbers = set(map(int, found))
    once = sum(texts.values()) == len(numbers) > 1
    return any(len(digits) > 1 and digits[0] == "0" for digits in found) or (
        once and max(numbers) - min(numbers) < 2 * len(numbers)
    )


_ABBREVIATED = re.compile(r"[-+]?[^0-9A-Za-z]{0,3}[0-9][0-9,]*(?:\.[0-9]+)? ?[KMB]?")


def _abbreviated(texts: Mapping[str, int]) -> tuple[Shape, dict[str, Any]] | None:
    """Texts as numbers of which some are in thousands or millions (`$342.09K`)."""
    if not all(_ABBREVIATED.fullmatch(text) for text in texts):
        return None
    return "number", {"largest": 1e6, "abbreviated": True}
