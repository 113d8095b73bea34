"""How a text file is written: its encoding, delimiter and header, found in its bytes; and which of its rows
are none. Nothing is guessed: where two ways would do, the setting that decides is named."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

from reportspec.diagnostics import counted, one_line
from reportspec.lazy_dataclass import dataclass
from reportspec.letters import plain_letters

HEAD = 1 << 18  # bytes of a file that are looked at for its shape
_RECORDS = 200  # of them
_TITLES = 30  # records among which the header is looked for
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
MARK = "\ufeff"  # what an encoding may begin with
UTF8 = ("utf-8", "utf-8-sig")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What files without UTF-8 are mostly in, the likeliest first.
_OTHERS = (
    "cp1252",
    "cp1250",
    "cp1251",
    "iso-8859-15",
    "cp850",
    "mac-roman",
    "cp1253",
    "cp1254",
    "cp932",
    "gb18030",
)
_SHOWN = 160  # letters of a line in messages
# A number or a date: no name of a column.
DATA = re.compile(r"[-+]?[.,]*+\d[\d.,]*+|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:\D.*)?")
csv.field_size_limit(1 << 24)


class Unclear(Exception):
    """A file cannot be read for certain: what is wrong, the way out, and the lines that it is about."""

    def __init__(self, code: str, message: str, help: str | None = None, notes: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code, self.message, self.help, self.notes = code, message, help, notes


@dataclass(frozen=True, slots=True)
class Asked:
    """What a project says of a file's shape: empty where it says nothing. `expected` are the columns that the
    mapping reads."""

    encoding: str = ""
    delimiter: str = ""
    skip: int | None = None
    columns: tuple[str, ...] = ()
    expected: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Shape:
    """How a text file is written. `skip` are the lines above the header, `lines` those up to the first row,
    `inside` the delimiters in them."""

    encoding: str
    delimiter: str
    names: tuple[str, ...]
    skip: int = 0
    header: bool = True
    lines: int = 1
    inside: int = 0
    sheet: bool = False  # whether it is the copy of a workbook's sheet

    @property
    def said(self) -> str:
        """For people."""
        lead = f"{counted(self.skip, 'line')} skipped, " if self.skip else ""
        if self.sheet:
            return counted(len(self.names), "column")
        shown = DELIMITERS.get(self.delimiter, f"`{self.delimiter}`")
        return f"{lead}{self.encoding.removesuffix('-sig').upper()}, {shown}, {counted(len(self.names), 'column')}"


def shape_of(head: bytes, whole: bool, asked: Asked) -> Shape:
    """The shape of a file whose first bytes are given, `whole` if they are all of it. Raises Unclear."""
    encoding = encoding_of(head, whole, asked.encoding)
    text = codecs.getincrementaldecoder(encoding)("ignore").decode(head, whole)
    lines = list(_lines(text))
    if not whole and len(lines) > 1:
        lines.pop()
    first = _blank_to(lines, 0)
    separator = re.fullmatch(r"sep=(.)\r?\n?", lines[first]) if first < len(lines) else None  # what Excel itself writes
    skip = _blank_to(lines, (asked.skip or 0) + (first + 1 if separator else 0))
    delimiter = asked.delimiter or (separator[1] if separator else "") or _delimiter(lines[skip:], asked)
    records = list(islice(_placed(lines[skip:], delimiter), _RECORDS))
    if not records:
        raise Unclear(
            "empty-file",
            f"there is nothing below {counted(asked.skip, 'line')}" if asked.skip else "the file is empty",
            "leave the table out of `files:`, or export the file again",
        )
    if asked.columns:
        if len(records[0][1]) != len(asked.columns):
            raise Unclear(
                "wrong-columns",
                f"`columns` names {counted(len(asked.columns), 'column')}, and the first row has {len(records[0][1])}",
                None,
                (noted(skip + 1, lines[skip]),),
            )
        inside = sum(line.count(delimiter) for line in lines[:skip])
        return Shape(encoding, delimiter, asked.columns, skip, False, skip, inside)
    if asked.delimiter:
        _refuse_delimiter(records, lines[skip:], skip, asked)
    if asked.skip is None:
        _refuse_titles(records, lines[skip:], skip, asked.expected)
    _refuse_rows_as_header(records, lines[skip:], skip, asked)
    _refuse_open_header(records[0], lines[skip:], skip, delimiter)
    names = names_of(records[0][1], asked.expected)
    end = skip + (records[1][0] if len(records) > 1 else _length(lines[skip:], delimiter))
    inside = sum(line.count(delimiter) for line in lines[:end])
    return Shape(encoding, delimiter, names, skip, True, end, inside)


def encoding_of(head: bytes, whole: bool, asked: str) -> str:
    """The encoding that a file's first bytes tell, or that is asked for. Raises Unclear."""
    for mark, name in _MARKS:
        if head.startswith(mark) and (not asked or codecs.lookup(asked).name.startswith(name[:6])):
            return name
    if head.startswith(b"PK\x03\x04"):
        raise Unclear(
            "unclear-encoding",
            "the file is a ZIP archive or a workbook, and no text",
            "unpack it; if it is a workbook, give it the ending `.xlsx` or `.ods`",
        )
    if asked:
        name = codecs.lookup(asked).name
        if name in ("utf-16", "utf-32"):
            # Without the mark nobody knows which byte comes first.
            raise Unclear(
                "unclear-encoding",
                f"the file does not begin with the mark of {name.upper()}",
                f"write `encoding: {_without_a_mark(head, name)}`",
            )
        return name
    if head[:4000].count(b"\0") * 5 > len(head[:4000]):
        raise Unclear(
            "unclear-encoding",
            "the file is in no UTF-8: many of its bytes are 0",
            f"write `encoding: {_without_a_mark(head, 'utf-16')}`",
        )
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, whole)
    except UnicodeDecodeError as error:
        raise not_in(head, error.start, "utf-8") from None
    return "utf-8"


def _without_a_mark(head: bytes, name: str) -> str:
    """The encoding of a file without a mark, as its bytes look."""
    if not head[:4000].count(0):
        return "utf-8"
    little = head[1:4000:2].count(0) > head[0:4000:2].count(0)
    return f"{name}-{'le' if little else 'be'}"


def not_in(data: bytes, at: int, encoding: str) -> Unclear:
    """The byte at an offset is not of an encoding: its line, and the encodings that read it."""
    before = data[:at]
    number = max(before.count(b"\n"), before.count(b"\r")) + 1
    start = max(before.rfind(b"\n"), before.rfind(b"\r")) + 1
    ends = [end for end in (data.find(b"\n", at), data.find(b"\r", at)) if end >= 0]
    line = data[start : min(ends, default=len(data))][:2000]
    high = bytes(sorted(set(data) - set(range(128))))
    ways = []
    for name in _OTHERS:
        try:
            high.decode(name) if name in _OTHERS[:8] else None
            read = line.decode(name)
        except UnicodeDecodeError:
            continue
        if all(letter.isprintable() or letter == "\t" for letter in read):
            ways.append((name, read))
    if is_japanese(data):
        ways.sort(key=lambda way: way[0] != "cp932")
    unlike: dict[str, str] = {}
    for name, read in ways:
        unlike.setdefault(read, name)
    few = list(unlike.items())[:4]
    notes = tuple(f"`encoding: {name}` reads {shown(read)}" for read, name in few)
    help = (
        f"write `encoding: {few[0][1]}` if it reads the line rightly"
        if few
        else "if it is a text, write `encoding: …` with the one that it is in; else export it again as CSV"
    )
    return Unclear(
        "unclear-encoding", f"line {number} has the byte 0x{data[at]:02X}, which is no {encoding.upper()}", help, notes
    )


_WIDE = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uff01-\uff5e]+")  # kana, kanji and wide letters


def is_japanese(data: bytes) -> bool:
    """Whether bytes are Japanese as Windows writes it: all of them are read so, and most of the letters that are not
    ASCII are kana, kanji or wide ones beside others of them. Accents of other encodings give single ones."""
    try:
        text = codecs.getincrementaldecoder("cp932")().decode(data)
    except UnicodeDecodeError:
        return False
    beside = sum(len(run) for run in _WIDE.findall(text) if len(run) > 1)
    return beside > 1 and beside > 0.6 * sum(not letter.isascii() for letter in text)


def shown(line: str) -> str:
    """A line of a file for messages: short, on one line, and harmless."""
    text = one_line(line)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def noted(number: int, line: str) -> str:
    """A line of a file with its number."""
    return f"line {number}: {shown(line)}"


def _lines(text: str) -> Iterator[str]:
    """Lines with their ends, as files have them: no other sign ends a line."""
    return (match[0] for match in re.finditer(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text))


def _blank_to(lines: Sequence[str], start: int) -> int:
    """Where the first line from a start on stands that is not blank; the end, if all are."""
    return next((at for at in range(start, len(lines)) if lines[at].strip()), max(start, len(lines)))


def _placed(lines: Sequence[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records that are not blank lines, each with how many lines stand above it."""
    reader = csv.reader(lines, delimiter=delimiter)
    above = 0
    for record in reader:
        if record:
            yield above, record
        above = reader.line_num


def _length(lines: Sequence[str], delimiter: str) -> int:
    """How many lines the first record takes, with blank ones above it."""
    reader = csv.reader(lines, delimiter=delimiter)
    next((record for record in reader if record), None)
    return reader.line_num


def _delimiter(lines: Sequence[str], asked: Asked) -> str:
    ways: dict[str, tuple[int, float]] = {}  # expected columns in one record, share of records of one length
    for sign in DELIMITERS:
        records = [record for _, record in islice(_placed(lines, sign), _RECORDS)]
        if not records:
            return ","
        length, number = Counter(len(record) for record in records).most_common(1)[0]
        if asked.columns and length != len(asked.columns):
            continue
        if length > 1 or len(records[0]) > 1:
            named = max(_known(record, asked.expected) for record in records[:_TITLES])
            ways[sign] = (named, number / len(records) if length > 1 else 0.0)
    if not ways:
        return ","
    best = max(ways.values())
    if best[0] > 1 or (best[0] and len(asked.expected) == 1):
        ways = {sign: way for sign, way in ways.items() if way[0] == best[0]}
    clear = [sign for sign, way in ways.items() if way == max(ways.values())]
    if len(clear) > 1 or (len(ways) > 1 and best[0] < 2 and sorted(w[1] for w in ways.values())[-2] > 0.9):
        ways_told = " or ".join(f'`delimiter: "{_written(sign)}"`' for sign in ways)
        raise Unclear(
            "unclear-delimiter", "the fields can be parted in two ways", f"write {ways_told}", (noted(1, lines[0]),)
        )
    return clear[0]


def _written(sign: str) -> str:
    return "\\t" if sign == "\t" else sign


def _known(record: Iterable[str], expected: Collection[str]) -> int:
    names = {name.strip().lower() for name in record}
    return sum(name.lower() in names for name in expected)


def _refuse_delimiter(found: Sequence[tuple[int, list[str]]], lines: Sequence[str], skip: int, asked: Asked) -> None:
    """Raise Unclear where the delimiter that a project names finds none of the columns that the mapping
    reads, and another one does."""
    if max(_known(record, asked.expected) for _, record in found[:_TITLES]):
        return
    for sign in DELIMITERS:
        first = next(
            (
                record_there
                for record_there in islice(_placed(lines, sign), _TITLES)
                if _known(record_there[1], asked.expected)
            ),
            None,
        )
        if sign != asked.delimiter and first is not None and len(first[1]) > 1:
            raise Unclear(
                "unclear-delimiter",
                f"the columns are not parted by `{_written(asked.delimiter)}`, as `delimiter` says",
                f'write `delimiter: "{_written(sign)}"`',
                (noted(skip + first[0] + 1, lines[first[0]]),),
            )


def _refuse_titles(
    found: Sequence[tuple[int, list[str]]], lines: Sequence[str], skip: int, expected: Collection[str]
) -> None:
    """Raise Unclear where the header stands further down."""
    first, usual = found[0][1], Counter(len(record) for _, record in found).most_common(1)[0][0]
    known = _known(first, expected)
    above, record = max(found[:_TITLES], key=lambda record_there: _known(record_there[1], expected))
    if _known(record, expected) <= max(known, min(1, len(expected) - 1)):
        if known or len(first) > 1 or usual == 1:
            return
        above, record = next(record_there for record_there in found if len(record_there[1]) > 1)
    raise Unclear(
        "no-header",
        f"line {skip + 1} has no names of columns; line {skip + above + 1} seems to have them",
        f"write `skip: {skip + above}`",
        (noted(skip + 1, lines[0]), noted(skip + above + 1, lines[above])),
    )


def _refuse_rows_as_header(
    found: Sequence[tuple[int, list[str]]], lines: Sequence[str], skip: int, asked: Asked
) -> None:
    """Raise Unclear where the first line is a row of data."""
    first = found[0][1]
    if not asked.expected or _known(first, asked.expected):
        return
    few = ", ".join(f"`{name}`" for name in sorted(asked.expected)[:6])
    notes = (noted(skip + found[0][0] + 1, lines[found[0][0]]),)
    if any(DATA.fullmatch(cell.strip()) for cell in first):
        example = ", ".join(["…"] * len(first)) if len(first) < 4 else f"…, …  # {len(first)} names"
        raise Unclear(
            "no-header",
            "the first line has no names of columns but a row",
            f"name the columns in their order: `columns: [{example}]`",
            notes,
        )
    raise Unclear(
        "unknown-column",
        f"the first line names none of the columns that the mapping reads: {few}",
        "check the file and the mapping; where the header stands further down, write `skip:`",
        notes,
    )


def _refuse_open_header(header: tuple[int, list[str]], lines: Sequence[str], skip: int, delimiter: str) -> None:
    """Raise Unclear where a quote in the header takes rows into it."""
    above, record = header
    why = ""
    try:
        next(csv.reader(lines[above:], delimiter=delimiter, strict=True))
    except csv.Error:
        why = "a quote is opened that is not closed"
    shape = Shape("utf-8", delimiter, tuple(record))
    if swallowed(record, shape, [None] * len(record)):
        why = "a quote opens here and takes rows into the header"
    if why:
        raise Unclear(
            "unreadable-row",
            f"line {skip + above + 1}: {why}",
            "take the stray quote out of this line, or export the file again",
            (noted(skip + above + 1, lines[above]),),
        )


def names_of(cells: Sequence[str], expected: Collection[str]) -> tuple[str, ...]:
    """The names of columns in a header: as they look, without blanks around them, and each once. Raises Unclear where
    a name that the mapping reads stands there twice."""
    names: list[str] = []
    taken: set[str] = set()
    known = {name.lower() for name in expected}
    for index, cell in enumerate(cells):
        base = name = plain_letters(cell).strip() or f"column{index}"
        if name.lower() in taken and name.lower() in known:
            raise Unclear(
                "repeated-column",
                f"two columns are called `{shown(name)}`",
                "rename one in the file, or name all: `skip: 1` and `columns: […]`",
            )
        number = 0
        while name.lower() in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name.lower())
        names.append(name)
    return tuple(names)


# --- rows ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A record of a file: the number of its first line, its fields, and that line. `broken` says why it cannot be
    parted into fields."""

    line: int
    fields: tuple[str, ...]
    text: str
    broken: str = ""


def rows_of(lines: Iterable[str], shape: Shape) -> Iterator[Row]:
    """The rows below the header, blank lines left out; the last one is broken where fields cannot be parted."""
    seen: list[str] = []
    number = 0

    def counted() -> Iterator[str]:
        nonlocal number
        for line in lines:
            number += 1
            if number > shape.lines:
                seen.append(line)
                yield line

    reader = csv.reader(counted(), delimiter=shape.delimiter, strict=True)
    at = shape.lines
    while True:
        try:
            fields = next(reader, None)
        except csv.Error as error:
            open_ = "unexpected end" in str(error) or len(seen) > 1
            why = f"a quote is {'opened that is not closed' if open_ else 'closed before the field ends'}"
            yield Row(at + 1, (), seen[0] if seen else "", why)
            return
        if fields is None:
            return
        if fields and (len(shape.names) == 1 or any(line.strip("\r\n") for line in seen)):
            yield Row(at + 1, tuple(fields), seen[0])
        at = number
        seen.clear()


def fault_of(row: Row, shape: Shape) -> str:
    """Why a row is none, or nothing."""
    wanted, there = len(shape.names), len(row.fields)
    if row.broken:
        return row.broken
    if there == wanted:
        return ""
    if there == 1 and row.fields[0].count(shape.delimiter) == wanted - 1:
        return "the row is in quotes as a whole, and so a single field"
    return f"the row has {there} field{'s' if there != 1 else ''} where the header has {wanted}"


def foot_of(end: bytes, shape: Shape) -> list[bytes]:
    """The lines at the end of a file that stand below its table, apart from it by a blank line, and have no field but
    one: who exported it, and when. `end` are the last bytes of the file. A line that closes a quote is no such line: it
    ends a row."""
    lines = re.findall(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", end)
    if len(shape.names) < 3:
        return []
    start = at = len(lines)
    while at > 1:
        at -= 1
        line = lines[at].decode(shape.encoding, "replace")
        if not line.strip():
            start = at if any(map(bytes.strip, lines[at:])) else start
            continue
        if line.count('"') % 2 or len(next(csv.reader([line], delimiter=shape.delimiter))) != 1:
            return lines[start:]
    return []  # a table of which the end does not show a row


def kinds_of(rows: Sequence[Sequence[str]], number: int) -> tuple[re.Pattern[str] | None, ...]:
    """What the fields of a file's columns look like: a pattern for each, or None where they are any texts."""
    patterns = [
        re.compile(p) for p in (r"[-+]?\d+", r"[-+]?[\d.,]*\d[\d.,]*", r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*", r"\S+")
    ]
    found_patterns: list[re.Pattern[str] | None] = []
    for index in range(number):
        values = [row[index] for row in rows if row[index]]
        fit = (p for p in patterns if values and all(p.fullmatch(v) for v in values))
        found_patterns.append(next(fit, None))
    return tuple(found_patterns)


def swallowed(fields: Sequence[str], shape: Shape, kinds: Sequence[re.Pattern[str] | None]) -> bool:
    """Whether a row with line ends in a field is several rows, which a stray quote made one: each of its lines,
    taken by itself, has as many fields as the header, and they look like those of their columns."""
    lines = re.split(r"\r\n|\r|\n", shape.delimiter.join(fields))
    if len(lines) < 2 or (len(shape.names) < 3 and not any(kinds)):
        return False
    for line in lines:
        cells = [cell.strip('"') for cell in line.split(shape.delimiter)]
        if len(cells) != len(shape.names):
            return False
        if any(kind and cell and not kind.fullmatch(cell) for cell, kind in zip(cells, kinds, strict=True)):
            return False
    return True


# What stands in the row of totals below a table.
TOTALS = frozenset(
    ("count", "record count", "total count", "anzahl", "conteggio", "recuento", "total", "totals",
     "grand total", "subtotal", "sub total", "sum", "totale", "totali", "somma", "totale generale",
     "gesamt", "summe", "gesamtsumme", "zwischensumme", "insgesamt", "somme", "sous-total", "total général",
     "suma", "totales", "gran total", "total general")
)  # fmt: skip


# What may stand behind such a word: a colon, how many rows there are.
TOTALS_END = r"[:\s]*([(\[]\s*[0-9][^)\]]*[)\]])?[:\s]*$"


def _totals_word(text: str) -> bool:
    return re.sub(TOTALS_END, "", text).lower() in TOTALS


def seems_totals(values: Sequence[object]) -> bool:
    """Whether a row adds up others, as far as it can be told without knowing which column is its key: one of its texts
    begins with a word for totals (`Summe Juli`), and half of its values are empty."""
    texts = [value for value in values if isinstance(value, str) and value.strip()]
    empty = sum(value is None or isinstance(value, str) for value in values) - len(texts)
    begins = (re.match(r"\s*([\w-]+)", text) for text in texts)
    return empty * 2 >= len(values) and any(word is not None and word[1].lower() in TOTALS for word in begins)


def is_note(at: int, fields: Sequence[str]) -> bool:
    """Whether a row may be a note below a table (`Exported on 2026-10-01`): words in the column of its key, and nothing
    in any other."""
    words = fields[at].split()
    return len(words) > 1 and len(fields) > 2 and sum(bool(text.strip()) for text in fields) == 1


def is_totals(key: str | None, fields: Iterable[str | None]) -> bool:
    """Whether a row adds up those above it: it has no key and is mostly empty or says so; or it has a word
    for totals for its key, and not a value in every column, as what is only called so has."""
    texts = [(text or "").strip() for text in fields]
    key = (key or "").strip()
    if not key:
        sparse = sum(not text for text in texts) * 2 >= len(texts)
        return sparse or any(map(_totals_word, texts))
    return _totals_word(key) and (key.lower() not in TOTALS or not all(texts))
