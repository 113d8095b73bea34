"""Cells of workbooks that hold no value: formulas that nobody worked out, and errors.

The reader of workbooks has both as empty cells, and a figure would be silently smaller. So the sheet itself is
asked, which is quick where it has no formula and no error."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

from reportspec.lazy_dataclass import dataclass
from reportspec.run.files.binary import SIGNATURE, errors_of
from reportspec.run.files.readings import is_error
from reportspec.run.files.shape import Unclear

_CHUNK = 1 << 20
_OFTEN = 10_000  # repetitions of one cell that are told apart
_WORTH = re.compile(rb"<(?:\w+:)?f[\s/>]|\st\s*=\s*[\"']e[\"']|:formula=|value-type=\"error\"")
_LETTERS = re.compile("[A-Z]{1,3}")


@dataclass(frozen=True, slots=True)
class NoValue:
    """A cell without a value, by its row and column from 0: the error that it shows, or nothing for a formula
    whose result is not in the file."""

    row: int
    column: int
    error: str = ""

    @property
    def name(self) -> str:
        """As spreadsheets name it: `C17`."""
        return column_letters(self.column) + str(self.row + 1)


def column_letters(index: int) -> str:
    """The name of a column by its place from 0: `A`, `Z`, `AA`."""
    letters, rest = "", index + 1
    while rest:
        rest, last = divmod(rest - 1, 26)
        letters = chr(ord("A") + last) + letters
    return letters


_CELL = re.compile(rb"""<(?:\w+:)?c\s[^>]*?\br\s*=\s*["']([A-Z]{1,3})(\d{1,7})["']""")
_REPEATED = re.compile(rb"""number-(?:rows|columns)-repeated\s*=\s*["']\d{4,}""")
MOST_CELLS = 100_000_000  # of the area that a sheet's cells span: the reader has one for each place in it


def far_cell(path: str) -> NoValue | None:
    """A cell so far from the others that the area between them has more than MOST_CELLS places, in any sheet of a
    workbook that is XML: a stray blank below the last row, say."""
    if not zipfile.is_zipfile(path):
        return None  # an `.xls` has no room for so many
    with zipfile.ZipFile(path) as packed:
        names = packed.namelist()
        for part in names:
            if part.startswith("xl/worksheets/") and part.endswith(".xml"):
                row, column = _ends_of_excel(packed, part)
            elif part == "content.xml" and _has(packed, part, _REPEATED):
                row, column = _ends_of_open_document(packed)
            else:
                continue
            if row * column > MOST_CELLS:
                return NoValue(row - 1, column - 1)
    return None


def _ends_of_excel(packed: zipfile.ZipFile, part: str) -> tuple[int, int]:
    """How many rows and columns the cells of a sheet span."""
    row, letters, last = 0, (0, b""), b""
    with packed.open(part) as file:
        while chunk := file.read(_CHUNK):
            for name, number in _CELL.findall(last + chunk):
                row, letters = max(row, int(number)), max(letters, (len(name), name))
            last = (last + chunk)[-200:]
    return row, _number(letters[1].decode()) + 1


def _ends_of_open_document(packed: zipfile.ZipFile) -> tuple[int, int]:
    """How many rows and columns the filled cells of the sheet span that is the largest."""
    row = column = depth = rows = filled = 0
    most = (0, 0)
    row_there = column_there = 0

    def start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal row, column, depth, rows, filled, row_there, column_there
        if name == "table":
            depth += 1
            if depth == 1:
                row = row_there = column_there = 0
        elif depth == 1 and name == "table-row":
            rows, column, filled = int(attributes.get("number-rows-repeated", 1)), 0, 0
        elif depth == 1 and name in ("table-cell", "covered-table-cell"):
            column += int(attributes.get("number-columns-repeated", 1))
            if "kinds" in attributes or "formula" in attributes:
                filled = column

    def end(name: str) -> None:
        nonlocal row, depth, row_there, column_there, most
        if name == "table":
            depth -= 1
            most = max(most, (row_there, column_there), key=lambda each: each[0] * each[1])
        elif depth == 1 and name == "table-row":
            row += rows
            if filled:
                row_there, column_there = row, max(column_there, filled)

    with packed.open("content.xml") as file:
        _parsed(file, start, end)
    return most


def cells_without_value(path: str, sheet: str) -> list[NoValue]:
    """The cells of a sheet that have a formula without a result, or an error. Raises Unclear."""
    if not zipfile.is_zipfile(path):
        return _of_older(path, sheet)
    with zipfile.ZipFile(path) as packed:
        names = set(packed.namelist())
        try:
            if "content.xml" in names:
                return list(_of_open_document(packed, sheet))
            if "xl/workbook.xml" in names:
                return list(_of_excel(packed, names, sheet))
        except (expat.ExpatError, KeyError, ValueError) as error:
            raise Unclear("unreadable-source", f"the sheet cannot be read: {str(error)[:200]}") from None
    return []


def _of_older(path: str, sheet: str) -> list[NoValue]:
    """Of an `.xls`, whose formulas have a result always."""
    data = Path(path).read_bytes()
    try:
        return [NoValue(*cell_error) for cell_error in errors_of(data, sheet)] if data[:8] == SIGNATURE else []
    except ValueError as error:
        raise Unclear("unreadable-source", f"the sheet cannot be read: {str(error)[:200]}") from None


def _of_excel(packed: zipfile.ZipFile, names: set[str], sheet: str) -> Iterator[NoValue]:
    """A program that only writes formulas either leaves their results out or writes 0 for them, and asks for all
    to be worked out when the file is opened."""
    part, undone = _sheet_part(packed, sheet)
    if part not in names or not _has(packed, part, _WORTH):
        return
    errors: list[NoValue] = []
    row = column = -1
    kind, formula, value = "", False, ""
    inside = False

    def start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal row, column, kind, formula, value, inside
        if name == "row":
            row, column = int(attributes.get("r", row + 2)) - 1, -1
        elif name == "c":
            at = _LETTERS.match(attributes.get("r", ""))
            column = _number(at[0]) if at else column + 1
            kind, formula, value = attributes.get("t", "n"), False, ""
        elif name == "f":
            formula = True
        inside = name == "v"

    def text(data: str) -> None:
        nonlocal value
        if inside:
            value += data

    def end(name: str) -> None:
        nonlocal inside
        inside = False
        if name != "c":
            return
        if kind == "e":
            errors.append(NoValue(row, column, value.strip() or "#N/A"))
        elif formula and (undone or (kind != "str" and not value.strip())):
            errors.append(NoValue(row, column))

    with packed.open(part) as file:
        _parsed(file, start, end, text)
    yield from errors


def _number(letters: str) -> int:
    """The place of a column from 0, by its name."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _sheet_part(packed: zipfile.ZipFile, sheet: str) -> tuple[str, bool]:
    """Where the sheet lies in the workbook, and whether its formulas are still to be worked out."""
    wanted, undone, target = "", False, ""

    def of_book(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal wanted, undone
        if name == "sheet" and attributes.get("name") == sheet:
            wanted = attributes.get("id", "")
        elif name == "calcPr":
            undone = attributes.get("fullCalcOnLoad", "") in ("1", "true")

    def of_parts(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal target
        if name == "Relationship" and attributes.get("Id") == wanted:
            target = attributes.get("Target", "")

    with packed.open("xl/workbook.xml") as file:
        _parsed(file, of_book)
    with packed.open("xl/_rels/workbook.xml.rels") as file:
        _parsed(file, of_parts)
    return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/"), undone


def _of_open_document(packed: zipfile.ZipFile, sheet: str) -> Iterator[NoValue]:
    if not _has(packed, "content.xml", _WORTH):
        return
    errors: list[NoValue] = []
    row = column = depth = 0
    rows = 1
    said: dict[str, str] = {}
    texts: list[str] = []
    inside = False

    def start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal row, column, rows, depth, said, inside
        if name == "table":
            depth += depth > 0 or attributes.get("name") == sheet
        elif depth == 1 and name == "table-row":
            rows, column = int(attributes.get("number-rows-repeated", 1)), 0
        elif depth == 1 and name in ("table-cell", "covered-table-cell"):
            said = dict(attributes)
            texts.clear()
        inside = depth == 1 and name in ("p", "span", "a", "s")

    def text(data: str) -> None:
        if inside:
            texts.append(data)

    def end(name: str) -> None:
        nonlocal row, column, depth, inside
        inside = False
        if name == "table":
            depth -= depth > 0
        elif depth == 1 and name == "table-row":
            row += rows
        elif depth == 1 and name in ("table-cell", "covered-table-cell"):
            number = int(said.get("number-columns-repeated", 1))
            shown = "".join(texts).strip()
            wrong = "error" in said.get("kinds", "").split()
            if wrong or ("formula" in said and is_error(shown)):
                add(number, shown or "#N/A")
            elif "formula" in said and not said.get("kinds"):
                add(number, "")
            column += number

    def add(number: int, error: str) -> None:
        for down in range(min(rows, _OFTEN)):
            for right in range(min(number, _OFTEN)):
                errors.append(NoValue(row + down, column + right, error))

    with packed.open("content.xml") as file:
        _parsed(file, start, end, text)
    yield from errors


def _has(packed: zipfile.ZipFile, part: str, pattern: re.Pattern[bytes]) -> bool:
    """Whether a part of a workbook has anything that looks so: much sooner told than by reading its elements."""
    last = b""
    with packed.open(part) as file:
        while chunk := file.read(_CHUNK):
            if pattern.search(last + chunk):
                return True
            last = chunk[-64:]
    return False


@lru_cache(maxsize=1000)
def _bare(name: str) -> str:
    return name.rpartition(" ")[2]


def _nothing(*_: Any) -> None:
    """What is passed over."""


def _parsed(
    file: IO[bytes],
    start: Callable[[str, Mapping[str, str]], None],
    end: Callable[[str], None] = _nothing,
    text: Callable[[str], None] = _nothing,
) -> None:
    """Tell of the elements of an XML file by their names without namespaces. An attribute that two namespaces
    have (what kind of value a cell of OpenDocument holds) is told with all that they say, under `kinds`."""
    parser = expat.ParserCreate(namespace_separator=" ")

    def opened(name: str, given: dict[str, str]) -> None:
        attributes = {_bare(key): value for key, value in given.items()}
        if "value-type" in attributes:
            kinds = [value for key, value in given.items() if _bare(key) == "value-type"]
            attributes["kinds"] = " ".join(kinds)
        start(_bare(name), attributes)

    def refused(*_: Any) -> None:
        raise ValueError("it declares entities")

    parser.StartElementHandler = opened
    parser.EndElementHandler = lambda name: end(_bare(name))
    parser.buffer_text = True
    parser.CharacterDataHandler = text
    parser.EntityDeclHandler = refused
    parser.ParseFile(file)
