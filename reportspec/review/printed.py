"""What a report printed: its tables, as the files that travel with its PDF have them, and which of their cells are
others in another report of the same sections."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from math import isclose
from pathlib import Path
from typing import Any

from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Column, Figures, Role, Section
from reportspec.render.attachments import csv_files
from reportspec.render.locale import formats_for

_KEYS = ("dimension", "period", "group", "field")  # the roles of columns by which a row is known again
_KPI_ROLES: Mapping[int, Role] = {2: "previous", 3: "change"}
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
    is a text; a row that was not there, or is not, has nothing on that side. Shares are fractions."""

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
        datetime.fromisoformat(told["data_as_of"]) if told.get("data_as_of") else None,
        tuple(told.get("filters", ())),
        (str(each[0]), str(each[1])) if each else None,
        tuple((str(section), str(sql)) for section, sql, _ in told["statements"]),
        str(told.get("made_by", "")),
        {name: text for name, text in attached.items() if name.endswith(".csv")},
        attached.get(SPEC),
    )


def tables_of(figures: Figures) -> dict[str, tuple[Section, str]]:
    """The sections of a report that have tables, with these, by the names of their files."""
    files = csv_files(figures, formats_for(figures))
    return {file.name: (figures.sections[int(place)], file.text) for place, file in files.items()}


def changed_cells(printed: Mapping[str, str], figures: Figures) -> tuple[list[ChangedCell], list[str], list[str]]:
    """The cells of printed tables that are others in some figures; the tables that are not there any more, or whose
    columns are others, and those that were not there."""
    now = {_called(name): found for name, found in tables_of(figures).items()}
    changed: list[ChangedCell] = []
    lost = []
    for name, text in printed.items():
        if name.startswith("00-"):
            continue  # notes, which are no figures
        found = now.get(_called(name))
        then_rows, now_rows = _rows(text), _rows(found[1]) if found is not None else []
        if found is None or not then_rows or len(then_rows[0]) != len(now_rows[0]):
            lost.append(name)
            continue
        changed += _compared(found[0], then_rows, now_rows)
    there = {_called(name) for name in printed}
    return changed, lost, [name for name in now if name not in there]


def _called(name: str) -> str:
    """What a table's file is called without its place among the others."""
    return name.partition("-")[2]


def _rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def _compared(section: Section, then: Sequence[Sequence[str]], now: Sequence[Sequence[str]]) -> Iterable[ChangedCell]:
    keys, metrics = _columns(section)
    header = now[0]
    by_key = {_key(row, keys, at): row for at, row in enumerate(now[1:])}
    seen = set()
    for at, row in enumerate(then[1:]):
        key = _key(row, keys, at)
        seen.add(key)
        other = by_key.get(key)
        if other is None:
            yield from (_cell(section, row, keys, header, place, metrics, row[place], None) for place in metrics)
            continue
        for place in range(len(header)):
            if place not in keys and not _alike(row[place], other[place]):
                yield _cell(section, row, keys, header, place, metrics, row[place], other[place])
    for key, row in by_key.items():
        if key not in seen:
            yield from (_cell(section, row, keys, header, place, metrics, None, row[place]) for place in metrics)


def _columns(section: Section) -> tuple[list[int], dict[int, Column | None]]:
    """The places of the columns by which rows are known again, and those of metrics; all of a list of records."""
    if section.kpis:
        return [0], {1: None}
    keys = [at for at, column in enumerate(section.columns) if column.role in _KEYS]
    metrics: dict[int, Column | None] = {at: one for at, one in enumerate(section.columns) if one.role == "metric"}
    return keys, metrics or {keys[0]: None}


def _key(row: Sequence[str], keys: Sequence[int], at: int) -> tuple[str, ...]:
    return tuple(row[place] for place in keys) or (str(at),)


def _cell(
    section: Section,
    row: Sequence[str],
    keys: Sequence[int],
    header: Sequence[str],
    place: int,
    metrics: Mapping[int, Column | None],
    then: str | None,
    now: str | None,
) -> ChangedCell:
    sides = _plain(then), _plain(now)
    if section.kpis:
        kpi = next((one for one in section.kpis if row[0].startswith(one.column.label)), None)
        called = row[0] if place == 1 else f"{row[0]}: {header[place]}"
        column = kpi.column if kpi is not None else None
        if column is not None and place > 1:
            column = replace(column, role=_KPI_ROLES.get(place, "target"))
        return _of(ChangedCell(section.id, (), called, *sides), column, value=place == 1)
    name = tuple(row[at] for at in keys)
    column = section.columns[place]
    return _of(ChangedCell(section.id, name, header[place], *sides), column, value=place in metrics)


def _of(cell: ChangedCell, column: Column | None, *, value: bool) -> ChangedCell:
    """A cell with the metric of its column, whether it is the metric itself, and its unit."""
    if column is None or column.metric is None:
        return cell
    unit: str | None = column.unit if value or column.role == "previous" else ""
    unit = "percent" if column.role == "change" else unit or ""
    return replace(cell, metric=column.metric, value=value, unit=unit, currency=column.currency)


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
