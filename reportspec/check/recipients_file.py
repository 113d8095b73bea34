"""The project's own file of recipients: a row for each value of `for_each`."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reportspec.diagnostics import suggestion
from reportspec.resolve.document import Document, Place
from reportspec.source.regular import Unfit, read_inside

MOST_RECIPIENTS = 100_000  # rows of a file
LARGEST_RECIPIENTS = 32 << 20  # bytes of it
_PLACE: Place = ("for_each", "recipients")


def recipients_table(document: Document, name: str, root: Path) -> dict[str, dict[str, str]]:
    """The rows of the project's own file by their value; of a file that is wrong those before the
    mistake, which is told."""
    rows = _rows(document, name, root)
    if rows is None or not _has_columns(document, name, rows):
        return {}
    columns = [cell.strip() for cell in rows[0]]
    table: dict[str, dict[str, str]] = {}
    numbered = [(number, row) for number, row in enumerate(rows[1:], 2) if any(map(str.strip, row))]
    for number, row in numbered[:MOST_RECIPIENTS]:
        cells = dict(zip(columns, row, strict=False))
        problem, help = _row_problem(row, cells, columns, table)
        if problem:
            document.tell("bad-recipients", f"line {number} of `{name}` {problem}", _PLACE, help)
            return table
        table[cells["value"]] = {key: cell.strip() for key, cell in cells.items()}
    if len(numbered) > MOST_RECIPIENTS:
        document.tell("bad-recipients", f"`{name}` has more than {MOST_RECIPIENTS:,} rows", _PLACE)
    elif not table:
        message = f"`{name}` has no rows, so there would be no report"
        document.tell("bad-recipients", message, _PLACE, "write a row for each value")
    return table


def _rows(document: Document, name: str, root: Path) -> list[list[str]] | None:
    """The rows of a CSV file, or None where it cannot be read, which is told."""
    try:
        text = read_inside(root, name, LARGEST_RECIPIENTS).decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except UnicodeDecodeError:
        document.tell("not-utf-8", f"`{name}` is not UTF-8", _PLACE, "save it as “CSV UTF-8”")
    except Unfit as unfit:
        message = f"`{name[:80]}` {unfit.reason}"
        document.tell("bad-recipients", message, _PLACE, "put the file into the project's folder")
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        why = f"there is no file `{name}`" if missing else f"`{name}` cannot be read"
        document.tell("file-not-found", why, _PLACE, _beside(root / name))
    except csv.Error as error:
        document.tell("bad-recipients", f"`{name}` is no CSV: {error}", _PLACE)
    return None


def _has_columns(document: Document, name: str, rows: Sequence[Sequence[str]]) -> bool:
    """Whether a file's first line names the columns as it should; what is wrong with it is told."""
    columns = [cell.strip() for cell in rows[0]] if rows else []
    if "value" not in columns:
        document.tell("bad-recipients", f"`{name}` has no column `value`", _PLACE, _header(columns))
        return False
    twice = [column for column in columns if column and columns.count(column) > 1]
    if twice:
        message = f"`{name}` has more than one column `{twice[0][:60]}`"
        document.tell("bad-recipients", message, _PLACE, "leave one, so that it is clear which counts")
    return not twice


def _row_problem(
    row: Sequence[str], cells: Mapping[str, str], columns: Sequence[str], table: Mapping[str, Any]
) -> tuple[str, str | None]:
    """What is wrong with a row of recipients, and the way out; empty if nothing is."""
    if len(row) != len(columns):
        return f"has {len(row)} columns and the first line {len(columns)}", "put cells with commas in quotes"
    value = cells["value"]
    if not value.strip():
        return "has no value", "name whose row it is, or leave it out"
    if value in table:
        return f"has `{value[:60]}` again", "put all addresses of a value in one cell, with blanks between them"
    return "", None


def _header(columns: Sequence[str]) -> str:
    """The way out for a file without a column `value`."""
    if len(columns) == 1 and re.split(r"[;\t]", columns[0])[0].strip() == "value":
        return "its columns are parted by something else than commas: save it with commas"
    near = suggestion("value", columns)
    return near or "its first line names the columns: value,email"


def _beside(path: Path) -> str:
    """The way out for a file that is not there."""
    try:
        near = suggestion(path.name, [entry.name for entry in path.parent.iterdir()], never_sure=True)
    except OSError:
        near = None
    return near or "its path starts at the project file's folder"
