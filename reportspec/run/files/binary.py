"""The errors of `.xls` workbooks: records of BIFF in a compound file, both of them lists with numbers for names.

Only what leads to them is read: the table of sectors, the folder of streams, the sheets, and of a sheet the cells that
are an error or a formula whose result is one."""

from __future__ import annotations

import struct
from collections.abc import Iterator

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
_END = 0xFFFFFFF0  # sectors from here on are marks: the end of a chain, one that is free
_BOF, _EOF, _SHEET, _CODEPAGE = (0x0809, 0x0409, 0x0209), 0x000A, 0x0085, 0x0042
_ERROR, _FORMULAS = 0x0205, (0x0006, 0x0206, 0x0406)


def errors_of(data: bytes, sheet: str) -> Iterator[tuple[int, int, str]]:
    """The row, the column (from 0) and the error of the cells of a sheet that show one. Raises ValueError where
    the workbook is cut off or does not lead to the sheet."""
    try:
        book = _Compound(data).stream("Workbook", "Book")
        yield from _cells(book, _start_of(book, sheet))
    except (struct.error, IndexError, LookupError) as error:
        raise ValueError(f"the file is not as workbooks are: {error}") from None


class _Compound:
    """A compound file: streams in chains of sectors, short ones in chains of small sectors of one stream."""

    def __init__(self, data: bytes) -> None:
        if data[:8] != SIGNATURE:
            raise ValueError("it is no compound file")
        self.data = data
        size, small = struct.unpack_from("<2H", data, 30)
        self.size, self.small = 1 << size, 1 << small
        tables, folder = struct.unpack_from("<2I", data, 44)
        self.least, small_table, _, more, _ = struct.unpack_from("<5I", data, 56)
        places = [*struct.unpack_from("<109I", data, 76)]
        while more < _END and len(places) < tables:
            *sectors, more = self._numbers(self._sector(more))
            places += sectors
        self.next = [n for place in places[:tables] for n in self._numbers(self._sector(place))]
        self.next_small = self._numbers(self._chain(small_table)) if small_table < _END else []
        self.folder = self._chain(folder)
        first, length = struct.unpack_from("<2I", self.folder, 116)
        self.shorts = self._chain(first)[:length] if first < _END else b""

    def stream(self, *names: str) -> bytes:
        """The stream of one of these names."""
        for at in range(0, len(self.folder), 128):
            entry = self.folder[at : at + 128]
            name = entry[: max(struct.unpack_from("<H", entry, 64)[0] - 2, 0)].decode("utf-16-le")
            if entry[66] == 2 and name in names:
                first, length = struct.unpack_from("<2I", entry, 116)
                return (self._chain(first) if length >= self.least else self._short(first))[:length]
        raise ValueError("it has no workbook in it")

    def _sector(self, number: int) -> bytes:
        return self.data[(number + 1) * self.size : (number + 2) * self.size]

    def _chain(self, first: int) -> bytes:
        return b"".join(self._sector(sector) for sector in _followed(first, self.next))

    def _short(self, first: int) -> bytes:
        size = self.small
        return b"".join(
            self.shorts[sector * size : (sector + 1) * size] for sector in _followed(first, self.next_small)
        )

    def _numbers(self, sector: bytes) -> list[int]:
        return [*struct.unpack(f"<{len(sector) // 4}I", sector[: len(sector) // 4 * 4])]


def _followed(first: int, following: list[int]) -> Iterator[int]:
    """The sectors of a chain; one that leads back to itself is refused."""
    at, left = first, len(following)
    while at < _END:
        if not left:
            raise ValueError("its sectors lead in a circle")
        yield at
        at, left = following[at], left - 1


def _records(book: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """The records of a part of the workbook, up to its end, without those of what is drawn within it."""
    depth, at = 0, start
    while True:
        kind, length = struct.unpack_from("<2H", book, at)
        depth += (kind in _BOF) - (kind == _EOF)
        if depth <= 0:
            return
        if depth == 1:
            yield kind, book[at + 4 : at + 4 + length]
        at += 4 + length


def _start_of(book: bytes, sheet: str) -> int:
    """Where the records of a sheet begin, by its name."""
    encoding, newer = "cp1252", struct.unpack_from("<H", book, 4)[0] == 0x0600
    for kind, body in _records(book, 0):
        if kind == _CODEPAGE:
            page = struct.unpack_from("<H", body)[0]
            encoding = {10000: "mac_roman", 32768: "mac_roman", 32769: "cp1252"}.get(page, f"cp{page}")
        elif kind == _SHEET:
            start, length = struct.unpack_from("<I", body)[0], body[6]
            if newer:
                wide = body[7] & 1
                name = body[8 : 8 + length * (1 + wide)].decode("utf-16-le" if wide else "latin-1")
            else:
                name = body[7 : 7 + length].decode(encoding)
            if name == sheet:
                return int(start)
    raise ValueError(f"it has no sheet `{sheet}`")


def _cells(book: bytes, start: int) -> Iterator[tuple[int, int, str]]:
    for kind, body in _records(book, start):
        if kind == _ERROR and body[7]:
            yield (*struct.unpack_from("<2H", body), ERRORS.get(body[6], "#N/A"))
        elif kind in _FORMULAS and body[12:14] == b"\xff\xff" and body[6] == 2:
            yield (*struct.unpack_from("<2H", body), ERRORS.get(body[8], "#N/A"))
