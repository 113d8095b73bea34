"""Workbooks as `.xls` have them, written by hand: BIFF8 records in a compound file."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ERRORS = {
    "#NULL!": 0x00,
    "#DIV/0!": 0x07,
    "#VALUE!": 0x0F,
    "#REF!": 0x17,
    "#NAME?": 0x1D,
    "#NUM!": 0x24,
    "#N/A": 0x2A,
}
_SECTOR, _SMALL, _LEAST = 512, 64, 4096
_FREE, _END, _TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<2H", kind, len(body)) + body


def _begin(what: int) -> bytes:
    return _record(0x0809, struct.pack("<4H2I", 0x0600, what, 0x0DBB, 0x07CC, 0, 0x06))


_DONE = _record(0x000A, b"")


def _cell(row: int, column: int, value: Any) -> bytes:
    """A number, a text, an error (`#N/A`), or a formula (`=#N/A`, `=7`) with what it came to."""
    at = struct.pack("<3H", row, column, 0)
    text = str(value)
    if text.startswith("="):
        error = ERRORS.get(text[1:])
        came = struct.pack("<d", float(text[1:])) if error is None else bytes([2, 0, error, 0, 0, 0, 0xFF, 0xFF])
        return _record(0x0006, at + came + struct.pack("<HIH", 0, 0, 3) + b"\x1e\x01\x00")
    if text in ERRORS:
        return _record(0x0205, at + bytes([ERRORS[text], 1]))
    if isinstance(value, bool):
        return _record(0x0205, at + bytes([value, 0]))
    if isinstance(value, str):
        return _record(0x0204, at + struct.pack("<HB", len(value), 1) + value.encode("utf-16-le"))
    return _record(0x0203, at + struct.pack("<d", value))


def _sheet(rows: Sequence[Sequence[Any]], drawn: bool) -> bytes:
    width = max(map(len, rows))
    cells = [_cell(r, c, value) for r, row in enumerate(rows) for c, value in enumerate(row) if value is not None]
    drawing = _begin(0x0020) + _cell(0, 0, "#NUM!") + _DONE if drawn else b""  # its cells are none of the sheet's
    size = _record(0x0200, struct.pack("<2I3H", 0, len(rows), 0, width, 0))
    return _begin(0x0010) + size + b"".join(cells) + drawing + _DONE


def _book(sheets: dict[str, Sequence[Sequence[Any]]], drawn: bool) -> bytes:
    bodies = [_sheet(rows, drawn) for rows in sheets.values()]
    names = [struct.pack("<2B", len(name), 1) + name.encode("utf-16-le") for name in sheets]
    at = len(_begin(0x0005)) + sum(4 + 6 + len(name) for name in names) + len(_DONE)
    listed = b""
    for name, body in zip(names, bodies, strict=True):
        listed += _record(0x0085, struct.pack("<I2B", at, 0, 0) + name)
        at += len(body)
    return _begin(0x0005) + listed + _DONE + b"".join(bodies)


def _filled(data: bytes, size: int = _SECTOR) -> bytes:
    return data + b"\0" * (-len(data) % size)


def _entry(name: str, kind: int, first: int, length: int, child: int = _FREE) -> bytes:
    written = (name + "\0").encode("utf-16-le") if name else b""
    place = struct.pack("<3I16sI2QIQ", _FREE, _FREE, child, b"", 0, 0, 0, first, length)
    return written.ljust(64, b"\0") + struct.pack("<H2B", len(written), kind, 1) + place


def older_workbook(path: Path, sheets: dict[str, Sequence[Sequence[Any]]], *, drawn: bool = False) -> Path:
    """The workbook at `path`. One of less than 4,096 bytes lies in small sectors."""
    book = _book(sheets, drawn)
    short = len(book) < _LEAST
    body = _filled(_filled(book, _SMALL) if short else book)
    count = len(body) // _SECTOR
    # The folder, the workbook, the table of small sectors, the tables of sectors.
    chains = [[0], [*range(1, 1 + count)]]
    smalls = -(-len(book) // _SMALL)
    small_table = (
        b"".join(struct.pack("<I", n + 1 if n + 1 < smalls else _END) for n in range(smalls)) if short else b""
    )
    padded = small_table + struct.pack("<I", _FREE) * (-len(small_table) // 4 % (_SECTOR // 4))
    small_count = len(padded) // _SECTOR
    chains.append([*range(1 + count, 1 + count + small_count)])
    used = 1 + count + small_count
    tables = 1
    while tables * (_SECTOR // 4) < used + tables:
        tables += 1
    following = [_FREE] * (tables * (_SECTOR // 4))
    for chain in filter(None, chains):
        for one, then in zip(chain, [*chain[1:], _END], strict=True):
            following[one] = then
    following[used : used + tables] = [_TABLE] * tables
    root = _entry("Root Entry", 5, 1 if short else _END, len(body) if short else 0, 1)
    stream = _entry("Workbook", 2, 0 if short else 1, len(book))
    folder = root + stream + _entry("", 0, 0, 0) * 2
    header = struct.pack("<8s16s5H6x", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<9I", 0, tables, 0, 0, _LEAST, chains[2][0] if short else _END, small_count, _END, 0)
    places = [*range(used, used + tables)]
    header += struct.pack("<109I", *places, *[_FREE] * (109 - tables))
    path.write_bytes(header + folder + body + padded + struct.pack(f"<{len(following)}I", *following))
    return path
