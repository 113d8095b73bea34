"""Workbooks: a sheet as a text file in which typed cells stay what they are."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from reportspec.csv_lines import csv_writer
from reportspec.model.settings import FileSpec
from reportspec.run.files.cells import MOST_CELLS, NoValue, cells_without_value, column_letters, far_cell
from reportspec.run.files.shape import DATA, Shape, Unclear, names_of, shown
from reportspec.run.files.sheet_parts import in_parts, refuse_parts
from reportspec.suggested_yaml import quoted_yaml

if TYPE_CHECKING:
    from reportspec.run.files.text_file import TextFile

Merged = tuple[tuple[int, int], tuple[int, int]]  # the first and the last row and column
LARGEST = 1 << 30  # bytes of a workbook, unpacked
_TITLES = 30
_CELLS = 5  # that a message names


def sheet_file(path: str, spec: FileSpec, expected: frozenset[str], copy: Path) -> TextFile:
    """The sheet of a workbook as a text file at `copy`. Raises Unclear, OSError."""
    from reportspec.run.files.text_file import TextFile

    name, rows, merged = _rows(path, spec, expected)
    titles = {row for (top, left), (bottom, right) in merged if right > left for row in range(top, bottom + 1)}
    start, names = _header(rows, spec, titles, expected)
    first = start + (not spec.columns)
    if spec.parts:
        names, rows = in_parts(rows, start, names, spec.parts)
    elif not spec.columns:
        refuse_parts(rows, start, names)
    width = len(names)
    end, foot = _end(rows, first, width)
    rows = rows[:end]
    body = rows[first:]
    read = [not expected or name.lower() in {known.lower() for known in expected} for name in names]
    with_cells = [one for one in merged if one[0][0] < end and any(cell != "" for cell in rows[one[0][0]])]
    _refuse_merged(name, with_cells, first, read)
    _refuse_no_values(path, name, rows, first, read, spec.null)
    kinds: list[set[str]] = [set() for _ in names]
    with copy.open("w", encoding="utf-8", newline="") as file:
        writer = csv_writer(file)
        writer.writerow(names)
        for number, row in enumerate(body, start + 1 + (not spec.columns)):
            beyond = next((cell for cell in row[width:] if cell != ""), None)
            if beyond is not None:
                raise Unclear(
                    "unreadable-row",
                    f"row {number}: a cell stands right of the last column: `{shown(_text(beyond))}`",
                    "give its column a name in the header, or take it out",
                )
            cells = [*row[:width], *([""] * (width - len(row)))]
            for kind, cell in zip(kinds, cells, strict=True):
                if cell != "" and cell not in spec.null:
                    kind.add(_kind(cell))
            texts = [_text(cell).replace("\r\n", " ").replace("\n", " ").replace("\r", " ") for cell in cells]
            writer.writerow(texts)
    typed = {n: next(iter(kind)) if len(kind) == 1 else "mixed" for n, kind in zip(names, kinds, strict=True) if kind}
    shape = Shape("utf-8", ",", names, sheet=True)
    where, place = f"{Path(path).name}, sheet {name}", start + 1 - bool(spec.columns)
    return TextFile(where, str(copy), shape, path, typed, place, foot)


def _end(rows: Sequence[Sequence[Any]], first: int, width: int) -> tuple[int, int]:
    """The row that the table ends before, and how many rows of one cell stand below it, apart from it by a blank one:
    who exported it, and when. A column of a table of two is no such row, as in text files."""
    below, whole = 0, (len(rows), 0)
    end = whole
    for at in reversed(range(first, len(rows) if width > 2 else first)):
        filled = sum(cell != "" for cell in rows[at])
        if filled > 1:
            return end
        below += filled
        if not filled and below:
            end = at, below
    return whole


def _rows(path: str, spec: FileSpec, expected: frozenset[str]) -> tuple[str, list[list[Any]], Sequence[Merged]]:
    """The name of the sheet that is meant, its rows, and its merged cells."""
    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    _refuse_bombs(path)
    try:
        book = CalamineWorkbook.from_path(path)
    except (CalamineError, ValueError) as error:
        if "password" in str(error).lower():
            reason, help = "it has a password", "save it without one"
        elif "zip" in str(error).lower() or "cfb" in str(error).lower():
            reason, help = (
                "it is none, whatever it is called",
                "give a text file the ending `.csv`, or save it as a workbook again",
            )
        else:
            reason, help = str(error)[:200], "save it again in the program that made it"
        raise Unclear("unreadable-source", f"the workbook cannot be opened: {reason}", help) from None
    names = list(book.sheet_names)
    if isinstance(spec.sheet, int):
        if spec.sheet > len(names):
            raise Unclear("unknown-sheet", f"there is no sheet {spec.sheet}", f"it has {_list(names)}")
        chosen = [names[spec.sheet - 1]]
    elif spec.sheet:
        chosen = [name for name in names if name == spec.sheet]
        if not chosen:
            raise Unclear("unknown-sheet", f"there is no sheet `{spec.sheet}`", f"it has {_list(names)}")
    else:
        seen = [sheet.name for sheet in book.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
        chosen = [name for name in seen if book.get_sheet_by_name(name).height]
        if len(chosen) > 1:
            raise Unclear(
                "unclear-sheet",
                f"the workbook has several sheets: {_list(chosen)}",
                f"write `sheet: {quoted_yaml(_likely(book, chosen, expected))}`",
            )
        if not chosen:
            raise Unclear("empty-file", "the workbook is empty", "leave the table out of `files:`")
    try:
        sheet = book.get_sheet_by_name(chosen[0])
        rows = sheet.to_python(skip_empty_area=False)
        merged = sheet.merged_cell_ranges or []
    except (CalamineError, ValueError) as error:
        raise Unclear("unreadable-source", f"the sheet cannot be read: {str(error)[:200]}") from None
    return chosen[0], rows, merged


def sheets_of(path: str) -> tuple[str, ...]:
    """The names of a workbook's sheets that are seen and have cells; none of one that cannot be opened, which is told
    where it is read."""
    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    try:
        _refuse_bombs(path)
        book = CalamineWorkbook.from_path(path)
        seen = [sheet.name for sheet in book.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
        return tuple(name for name in seen if book.get_sheet_by_name(name).height)
    except (Unclear, CalamineError, OSError, ValueError):
        return ()


def _refuse_merged(sheet: str, merged: Sequence[Merged], first: int, read: Sequence[bool]) -> None:
    """Raise Unclear where rows share a cell: all but one of them would have nothing there."""
    for (top, left), (bottom, right) in sorted(merged):
        if bottom < first or not any(read[left : right + 1]):
            continue
        place = f"{column_letters(left)}{top + 1}:{column_letters(right)}{bottom + 1}"
        raise Unclear(
            "merged-cells",
            f"sheet `{shown(sheet)}`: the cells {place} are merged, and only the first of them has a value",
            "unmerge them in the workbook, and fill each cell",
        )


def _refuse_no_values(
    path: str, sheet: str, rows: list[list[Any]], first: int, read: Sequence[bool], null: Sequence[str]
) -> None:
    """Raise Unclear where a cell that is read has a formula without a result, or an error. Errors among `null`
    become empty in `rows`."""
    no_values: list[NoValue] = []
    for cell in cells_without_value(path, sheet):
        if cell.row < first or not any(read[cell.column : cell.column + 1]):
            continue
        if cell.error not in null:
            no_values.append(cell)
        elif cell.row < len(rows) and cell.column < len(rows[cell.row]):
            rows[cell.row][cell.column] = ""
    undone = [cell for cell in no_values if not cell.error]
    alike = undone or no_values
    if not alike:
        return
    names = ", ".join(cell.name for cell in alike[:_CELLS])
    names += f" and {len(alike) - _CELLS:,} more" if len(alike) > _CELLS else ""
    where = f"sheet `{shown(sheet)}`, cell{'s' if len(alike) > 1 else ''} {names}"
    notes = tuple(
        f"row {row + 1}: {_shown(rows[row])}"
        for row in list(dict.fromkeys(cell.row for cell in alike))[:2]
        if row < len(rows)
    )
    if undone:
        there = [row[cell.column] for cell in undone for row in rows[cell.row : cell.row + 1] if cell.column < len(row)]
        stale = any(value not in ("", 0) for value in there)
        why = "a formula whose result is not in the file; the program that wrote it left that to Excel"
        old = "a formula of which the workbook says that it is to be worked out again: what is in the file may be old"
        raise Unclear(
            "no-result",
            f"{where}: {old if stale else why}",
            "open the workbook in Excel or LibreOffice, and save it",
            notes,
        )
    errors = list(dict.fromkeys(cell.error for cell in alike))
    listed = ", ".join(f"`{shown(error)}`" for error in errors)
    words = ", ".join(json.dumps(error, ensure_ascii=False) for error in errors)
    is_one = len(alike) == 1
    what = "an error and no value" if is_one else "errors and no values"
    formula, they = ("formula", "it stands") if is_one else ("formulas", "they stand")
    raise Unclear(
        "error-cell",
        f"{where}: {listed}, {what}",
        f"mend the {formula} in the workbook, or write `null: [{words}]` if {they} for no value",
        notes,
    )


def _likely(book: Any, names: Sequence[str], expected: frozenset[str]) -> str:
    """The sheet whose cells name the most columns that are wanted."""

    def known(name: str) -> int:
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)[:_TITLES]
        return max((_known(row, expected) for row in rows), default=0)

    return max(names, key=known)


def _list(names: Sequence[str]) -> str:
    return ", ".join(f"`{shown(name)}`" for name in names[:8])


def _known(row: Sequence[Any], expected: frozenset[str]) -> int:
    there = {_text(cell).strip().lower() for cell in row}
    return sum(name.lower() in there for name in expected)


def _header(
    rows: list[list[Any]], spec: FileSpec, titles: set[int], expected: frozenset[str]
) -> tuple[int, tuple[str, ...]]:
    """The row of the header (with `columns`: the first row) and the columns' names."""
    start = spec.skip if spec.skip is not None else 0
    while start < len(rows) and (
        not any(cell != "" for cell in rows[start]) or (spec.skip is None and start in titles)
    ):
        start += 1
    if start >= len(rows):
        raise Unclear("empty-file", "there is nothing in the sheet", "leave the table out of `files:`")
    if spec.columns:
        return start, spec.columns
    row = rows[start]
    below = header_below(rows[start : start + _TITLES]) if spec.skip is None and not expected else 0
    if below:
        raise Unclear(
            "no-header",
            f"row {start + 1} has no names of columns; row {start + below + 1} seems to have them",
            f"write `skip: {start + below}`",
            (f"row {start + 1}: {_shown(row)}", f"row {start + below + 1}: {_shown(rows[start + below])}"),
        )
    known = _known(row, expected)
    best = max(range(start, min(len(rows), start + _TITLES)), key=lambda at: _known(rows[at], expected))
    if spec.skip is None and _known(rows[best], expected) > max(known, min(1, len(expected) - 1)):
        raise Unclear(
            "no-header",
            f"row {start + 1} has no names of columns; row {best + 1} seems to have them",
            f"write `skip: {best}`",
            (f"row {start + 1}: {_shown(row)}", f"row {best + 1}: {_shown(rows[best])}"),
        )
    if expected and not known:
        few = ", ".join(f"`{name}`" for name in sorted(expected)[:6])
        raise Unclear(
            "unknown-column",
            f"row {start + 1} names none of the columns that the mapping reads: {few}",
            "check the sheet and the mapping; where the header stands further down, write `skip:`",
            (f"row {start + 1}: {_shown(row)}",),
        )
    cells = [_text(cell) for cell in row]
    while cells and not cells[-1].strip():
        cells.pop()
    return start, names_of(cells, expected)


def header_below(rows: Sequence[Sequence[Any]]) -> int:
    """How many rows of titles stand above a header of which no name is known: the first row has half the cells of the
    first one that has names alone, or fewer. 0 where the first row may be the header itself."""
    filled = [sum(_text(cell).strip() != "" for cell in row) for row in rows]
    if not filled or filled[0] * 2 > max(filled) or max(filled) < 3:
        return 0
    at = next(at for at, number in enumerate(filled) if number * 2 > max(filled))
    named = all(_kind(cell) == "text" and not DATA.fullmatch(cell.strip()) for cell in rows[at] if cell != "")
    return at if named else 0


def _shown(row: Sequence[Any]) -> str:
    return shown(", ".join(_text(cell) for cell in row))


def _kind(cell: Any) -> str:
    if isinstance(cell, bool):
        return "boolean"
    if isinstance(cell, (int, float)):
        return "number"
    return "time" if isinstance(cell, (date, datetime)) else "text"


def _text(cell: Any) -> str:
    """A cell as a text: numbers and times as DuckDB reads them."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        seconds = int(cell.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return str(cell)


def _refuse_bombs(path: str) -> None:
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as packed:
        if sum(entry.file_size for entry in packed.infolist()) > LARGEST:
            raise Unclear("too-large", "the workbook has more than a gigabyte when unpacked", "save the sheet as CSV")
    try:
        far = far_cell(path)
    except (expat.ExpatError, KeyError, ValueError) as error:
        raise Unclear("unreadable-source", f"the workbook cannot be read: {str(error)[:200]}") from None
    if far is not None:
        raise Unclear(
            "too-large",
            f"the cells of a sheet reach as far as {far.name}: there are more than {MOST_CELLS:,} places between",
            "delete the rows and columns behind the table, or save the sheet as CSV",
        )
