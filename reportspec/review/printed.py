"""What a report printed: its tables, as the files that travel with its PDF have them, and which of their cells are
others in another report of the same sections."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import zip_longest
from math import isclose
from pathlib import Path
from typing import Any

from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Column, Figures, Role, Section
from reportspec.render.attachments import csv_files, slug_of
from reportspec.render.locale import formats_for

_KEYS = ("dimension", "period", "group")  # the roles of columns by which a row is known again
_KPI_ROLES: Mapping[int, Role] = {2: "previous", 3: "change", 8: "second", 9: "change"}
SPEC = "spec.yaml"


@dataclass(frozen=True, slots=True)
class Printed:
    """What a report said: of its seal the title, type, [start, end) of its period, the instant that it is as of, up to
    when its data went (`data_as_of`), its filters in words, the value of `for_each`, the statements' hashes by section,
    and who made it; its tables by the names of their files; and the copy of its spec, where it has one."""

    title: str
    report: str
    period: tuple[date, date]
    as_of: datetime
    data_as_of: datetime | None
    filters: tuple[str, ...]
    each: tuple[str, str] | None
    statements: tuple[tuple[str, str], ...]
    made_by: str
    tables: Mapping[str, str]
    spec: str | None


@dataclass(frozen=True, slots=True)
class ChangedCell:
    """A figure that is another one: its section, what its row is called (nothing of a tile), its column, what it was
    (`then`) and is (`now`); the metric that it is of, and whether it is the metric itself (`value`). What is no number
    is a text; a row that was not there, or is not, has nothing on that side. Shares are fractions, and so are `points`,
    which lie between two of them."""

    section: str
    row: tuple[str, ...]
    column: str
    then: Any
    now: Any
    metric: str = ""
    value: bool = False
    unit: str = ""
    currency: str | None = None


def printed_in(path: Path, told: Mapping[str, Any]) -> Printed:
    """What an intact PDF printed, whose seal is `told`."""
    from pypdf import PdfReader

    attached = {name: texts[0].decode("utf-8") for name, texts in PdfReader(path).attachments.items()}
    start, end = (date.fromisoformat(day) for day in told["period"])
    each = told.get("for_each")
    return Printed(
        str(told["title"]),
        str(told["report"]),
        (start, end),
        datetime.fromisoformat(told["as_of"]),
        _instant(told.get("data_as_of")),
        tuple(told.get("filters", ())),
        (str(each[0]), str(each[1])) if each else None,
        tuple((str(section), str(sql)) for section, sql, _ in told["statements"]),
        str(told.get("made_by", "")),
        {name: text for name, text in attached.items() if name.endswith(".csv")},
        attached.get(SPEC),
    )


def _instant(text: str | None) -> datetime | None:
    found = datetime.fromisoformat(text) if text else None
    return found if found is not None and found.tzinfo is not None else None


def tables_of(figures: Figures) -> dict[str, tuple[Section, str]]:
    """The sections of a report that have tables, with these, by the names of their files."""
    files = csv_files(figures, formats_for(figures))
    return {file.name: (figures.sections[int(place)], file.text) for place, file in files.items()}


def changed_in_figures(then: Figures, now: Figures) -> tuple[list[ChangedCell], list[str], list[str]]:
    """The cells of some figures that are others in other ones of the same sections, which are known by their ids, their
    columns and tiles by the names that data have for them; the sections whose tables are not there any more, or whose
    columns are others, and those that were not there."""
    sides = [{section.id: _table(section, text) for section, text in tables_of(one).values()} for one in (then, now)]
    return _changed(sides[0], sides[1], {})


def changed_cells(printed: Mapping[str, str], figures: Figures) -> tuple[list[ChangedCell], list[str], list[str]]:
    """The same of tables as files have them, by the files' names: their columns and tiles are known by what they are
    called, all of it."""
    now = {_called(name): found for name, found in tables_of(figures).items()}
    ids = {slug_of(section.id): section.id for section in figures.sections}
    then = {
        _called(name): _Table(tuple(rows[0]), tuple(map(tuple, rows[1:])))
        for name, text in printed.items()
        if not name.startswith("00-") and (rows := rows_of(text) or [[]])  # notes are no figures
    }
    tables = {name: replace(_table(*found), ids=(), tiles=()) for name, found in now.items()}
    return _changed(then, tables, ids)


@dataclass(frozen=True, slots=True)
class _Table:
    """A table: its heads, its rows, and where they are known what its columns and its tiles are (`ids`, `tiles`), and
    the section that it is of."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    ids: tuple[str, ...] = ()
    tiles: tuple[str, ...] = ()
    section: Section | None = None


def _table(section: Section, text: str) -> _Table:
    heads, *rows = rows_of(text)
    if section.known_by and len({column.label for column in section.columns}) < len(section.columns):
        heads = [column.label for column in section.columns]  # two are called alike where the key stands beside a name
    ids = tuple(map(str, range(len(heads)))) if section.kpis else tuple(column.name for column in section.columns)
    tiles = tuple(kpi.column.name for kpi in section.kpis)
    return _Table(tuple(heads), tuple(map(tuple, rows)), ids, tiles, section)


def _changed(
    then: Mapping[str, _Table], now: Mapping[str, _Table], ids: Mapping[str, str]
) -> tuple[list[ChangedCell], list[str], list[str]]:
    changed: list[ChangedCell] = []
    lost = []
    for name, table in then.items():
        found = now.get(name)
        aligned = _aligned(table, found) if found is not None else None
        if found is None or aligned is None:
            lost.append(ids.get(name, name))
        else:
            changed += _compared(aligned, found)
    return changed, lost, [ids.get(name, name) for name in now if name not in then]


def _called(name: str) -> str:
    """What a table's file is called without its place among the others."""
    return name.partition("-")[2].removesuffix(".csv")


def rows_of(text: str) -> list[list[str]]:
    """The rows of a table as a file has it; none of what is no table."""
    try:
        return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    except csv.Error:
        return []


def _aligned(then: _Table, now: _Table) -> _Table | None:
    """A table with its columns in the order of another one's; None where it has others."""
    names, wanted = (then.ids, now.ids) if then.ids and now.ids else (then.heads, now.heads)
    if sorted(names) != sorted(wanted) or any(len(row) != len(names) for row in then.rows):
        return None
    places = [at for name in dict.fromkeys(wanted) for at, one in enumerate(names) if one == name]
    if [names[at] for at in places] != [*wanted]:
        return None
    return replace(then, heads=now.heads, rows=tuple(tuple(row[at] for at in places) for row in then.rows))


def _compared(then: _Table, now: _Table) -> Iterable[ChangedCell]:
    section = now.section
    assert section is not None
    keys, metrics = _columns(section)
    sides = _by_key(then, keys), _by_key(now, keys)
    _pair_by_words(*sides, now)
    for key, others in sides[0].items():
        own, found = _apart(others, sides[1].get(key, []))
        for at, (row, other) in enumerate(zip_longest(own, found)):
            several = max(len(others), len(sides[1].get(key, []))) > 1
            told = _told(now, keys, key, other or row, at if several else None)
            yield from _of_row(now, told, keys, metrics, row, other)
    for key, rows in sides[1].items():
        for at, row in enumerate(rows if key not in sides[0] else ()):
            told = _told(now, keys, key, row, at if len(rows) > 1 else None)
            yield from _of_row(now, told, keys, metrics, None, row)


_Row = tuple[int, tuple[str, ...]]  # its place, its cells


def _by_key(table: _Table, keys: Sequence[int]) -> dict[tuple[str, ...], list[_Row]]:
    found: dict[tuple[str, ...], list[_Row]] = {}
    for at, row in enumerate(table.rows):
        key = (table.tiles[at],) if table.tiles else tuple(row[place] for place in keys) or (str(at + 1),)
        found.setdefault(key, []).append((at, row))
    return found


def _apart(then: Sequence[_Row], now: Sequence[_Row]) -> tuple[list[_Row], list[_Row]]:
    """Of rows that are called the same those that are not on both sides as they are."""
    if len(then) == len(now) == 1:
        return [*then], [*now]
    left = list(now)
    own = []
    for row in then:
        same = next((one for one in left if one[1] == row[1]), None)
        if same is None:
            own.append(row)
        else:
            left.remove(same)
    return own, left


def _pair_by_words(
    then: dict[tuple[str, ...], list[_Row]], now: dict[tuple[str, ...], list[_Row]], table: _Table
) -> None:
    """Rows whose names have figures in them ("Number: 39 → 38", and the row that stands for all others) are known again
    by their words: what was on one side alone is called as on the other."""
    section = table.section
    rest = len(table.rows) - 1 if section is not None and section.others else None

    def words(side: Mapping[tuple[str, ...], list[_Row]], other: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key in (key for key in side if key not in other):
            text = _FIGURES.sub("#", "\n".join(key))
            found[text] = None if text in found else key
        return found

    before = words(then, now)
    for text, key in words(now, then).items():
        was = before.get(text)
        if key is not None and was is not None and ("→" in text or any(at == rest for at, _ in now[key])):
            then[key] = then.pop(was)


def _told(
    table: _Table, keys: Sequence[int], key: tuple[str, ...], row: _Row | None, at: int | None
) -> tuple[str, ...]:
    """What a row is called: by its key, of a list with its first field before it; of several of one key which one it is
    of those that are not the same on both sides."""
    called = key
    if table.section is not None and table.section.known_by and 0 not in keys and row is not None and row[1][0]:
        called = (row[1][0], *key)
    return called if at is None else (*called, f"row {at + 1} of this name")


_FIGURES = re.compile(r"\d(?:[\d.,’'\s\u202f\u00a0]*\d)?")


def _columns(section: Section) -> tuple[list[int], dict[int, Column | None]]:
    """The places of the columns by which rows are known again, and those of metrics; all of a list of records."""
    if section.kpis:
        return [0], {1: None}
    metrics: dict[int, Column | None] = {at: one for at, one in enumerate(section.columns) if one.role == "metric"}
    keys = [at for at, column in enumerate(section.columns) if column.name in section.known_by]
    keys = keys or [at for at, column in enumerate(section.columns) if column.role in _KEYS]
    keys = keys or [at for at, column in enumerate(section.columns) if column.role == "field" and column.type == "text"]
    return keys, metrics or {0: None}


def _of_row(
    table: _Table,
    key: tuple[str, ...],
    keys: Sequence[int],
    metrics: Mapping[int, Column | None],
    then: _Row | None,
    now: _Row | None,
) -> Iterable[ChangedCell]:
    """What differs in a row; of one that is on one side alone its metrics."""
    if then is None or now is None:
        for place in metrics:
            sides = [None if row is None else row[1][place] for row in (then, now)]
            yield _cell(table, key, now or then, place, metrics, sides[0], sides[1])
        return
    for place in range(len(table.heads)):
        if place not in keys and not _alike(then[1][place], now[1][place]):
            yield _cell(table, key, now, place, metrics, then[1][place], now[1][place])


def _cell(
    table: _Table,
    key: tuple[str, ...],
    row: _Row | None,
    place: int,
    metrics: Mapping[int, Column | None],
    then: str | None,
    now: str | None,
) -> ChangedCell:
    section, sides = table.section, (_plain(then), _plain(now))
    assert section is not None
    assert row is not None
    if section.kpis:
        called = row[1][0] if place == 1 else f"{row[1][0]}: {table.heads[place]}"
        column = next(
            (kpi.column for kpi, own in zip(section.kpis, table.rows, strict=True) if own[0] == row[1][0]), None
        )
        if table.tiles:
            column = next((kpi.column for kpi in section.kpis if kpi.column.name == key[0]), None)
        if column is not None and place > 1:
            column = replace(column, role=_KPI_ROLES.get(place, "target"))
        return _of(ChangedCell(section.id, (), called, *sides), column, value=place == 1, tile=True)
    return _of(ChangedCell(section.id, key, table.heads[place], *sides), section.columns[place], value=place in metrics)


def _of(cell: ChangedCell, column: Column | None, *, value: bool, tile: bool = False) -> ChangedCell:
    """A cell with the metric of its column, whether it is the metric itself, and its unit."""
    if column is None or column.metric is None:
        return cell
    return replace(cell, metric=column.metric, value=value, unit=_unit(column, value, tile), currency=column.currency)


def _unit(column: Column, value: bool, tile: bool) -> str:
    """The unit of a cell: a change is a share of what was before, but that of a tile that is a share itself, and what
    lies between two shares, are points."""
    apart = column.role == "difference" or (column.role == "change" and tile)
    if apart and column.unit == "percent":
        return "points"
    if column.role == "change":
        return "percent"
    return (column.unit or "") if value or column.role in ("previous", "second", "difference") else ""


def _plain(text: str | None) -> Any:
    """A cell's number, where it is one."""
    if text is None or text == "":
        return None
    try:
        return float(text)
    except ValueError:
        return text


def _alike(one: str, other: str) -> bool:
    """Whether two cells are the same: numbers to nine digits."""
    if one == other:
        return True
    first, second = _plain(one), _plain(other)
    if not isinstance(first, float) or not isinstance(second, float):
        return False
    return isclose(first, second, rel_tol=1e-9, abs_tol=1e-9)
