"""Declared files brought before the engine: what stands behind FROM, with the columns that it has."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import groupby, product
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from reportspec.diagnostics import suggestion
from reportspec.errors import SourceError
from reportspec.lazy_dataclass import dataclass
from reportspec.model.settings import FileSpec
from reportspec.run.files.shape import (
    HEAD,
    UTF8,
    Asked,
    Row,
    Shape,
    Unclear,
    fault_of,
    foot_of,
    not_in,
    shape_of,
)
from reportspec.run.sqlite_functions import read_only

if TYPE_CHECKING:
    import duckdb
from reportspec.run.files.text_file import TextFile, quoted, string

TEXTS = (".csv", ".tsv", ".txt")


SHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


_CHUNK = 1 << 22
_LONGEST_HEADER = 1 << 24  # bytes
_FOOT = 1 << 14  # bytes at a file's end among which lines below the table are looked for


@dataclass(frozen=True, slots=True)
class Relation:
    """What stands behind FROM. `types` are its columns in their order; those of VARCHAR are texts, whose meaning
    is still to be found. `files` are those whose rows have lines."""

    sql: str
    types: Mapping[str, str]
    files: tuple[TextFile, ...] = ()
    in_place: bool = False
    said: tuple[str, ...] = ()


def opened(
    raw: duckdb.DuckDBPyConnection,
    table: str,
    spec: FileSpec,
    folder: str,
    expected: frozenset[str] = frozenset(),
    *,
    even: bool = False,
) -> Relation:
    """The relation of a table's files. Copies that it needs lie in `folder`; `even` has line ends made alike in
    them. Raises SourceError."""
    import duckdb

    kind = kind_of(table, spec.paths)
    for path in spec.paths:  # before libraries are asked, each of which says in its own words why it cannot
        try:
            Path(path).open("rb").close()
        except OSError as error:
            raise unreadable(table, Path(path).name, error) from None
    for setting in ("sheet", "parts") if kind not in SHEETS else ():
        if getattr(spec, setting):
            raise SourceError(
                "contradiction",
                f"`{Path(spec.paths[0]).name}` (table `{table}`) is no workbook, and `{setting}` is of workbooks",
                f"take `{setting}` out",
                table=table,
            )
    try:
        if kind in TEXTS or kind in SHEETS:
            return _texts(table, spec, kind, folder, expected, even)
        if kind == ".parquet":
            return _with_nulls(_parquet(raw, table, spec, expected), spec.null)
        if kind in (".json", ".jsonl", ".ndjson"):
            return _with_nulls(_json(raw, table, spec, expected), spec.null)
        return _with_nulls(_sqlite(raw, table, spec.paths[0]), spec.null)
    except duckdb.Error as error:
        raise engine_error(error, table, spec.paths) from None


def _with_nulls(relation: Relation, null: tuple[str, ...]) -> Relation:
    """A relation of typed columns in which the texts that stand for no value are none."""
    if not null:
        return relation
    words = ", ".join(map(string, null))
    columns = ", ".join(
        f"CASE WHEN {quoted(name)} NOT IN ({words}) THEN {quoted(name)} END AS {quoted(name)}"
        if kind == "VARCHAR"
        else quoted(name)
        for name, kind in relation.types.items()
    )
    return replace(relation, sql=f"(SELECT {columns} FROM {relation.sql})")


def kind_of(table: str, paths: tuple[str, ...]) -> str:
    """The ending that all files of a table have. Raises SourceError."""
    endings = {Path(p.removesuffix(".gz")).suffix.lower() for p in paths}
    if len(endings) != 1:
        raise SourceError(
            "mixed-files", f"the files of `{table}` are of different kinds: {', '.join(sorted(endings))}", table=table
        )
    ending = endings.pop()
    known = (
        *TEXTS,
        *SHEETS,
        ".parquet",
        ".json",
        ".jsonl",
        ".ndjson",
        ".sqlite",
        ".sqlite3",
        ".db",
    )
    if ending not in known:
        raise SourceError(
            "unknown-file",
            f"`{Path(paths[0]).name}` is of no kind that can be read",
            "CSV, TSV, Excel, OpenDocument, Parquet, JSON and SQLite files can",
            table=table,
        )
    return ending


def trouble(table: str, name: str, unclear: Unclear) -> SourceError:
    """What is unclear about a file, with its name and its table."""
    return SourceError(
        unclear.code, f"`{name}` (table `{table}`): {unclear.message}", unclear.help, unclear.notes, table=table
    )


def _texts(table: str, spec: FileSpec, kind: str, folder: str, expected: frozenset[str], even: bool) -> Relation:
    files = []
    sheets = spec.sheet if isinstance(spec.sheet, tuple) else (spec.sheet,)
    for number, (path, sheet) in enumerate(product(spec.paths, sheets)):
        name = Path(path).name
        try:
            if kind in SHEETS:
                from reportspec.run.files.sheets import sheet_file

                copy = Path(folder) / f"{table}-{number}.csv"
                files.append(sheet_file(path, replace(spec, sheet=sheet), expected, copy))
            else:
                files.append(_text_file(path, spec, kind, expected, Path(folder) / f"{table}-{number}.csv", even))
        except Unclear as unclear:
            raise trouble(table, name, unclear) from None
        except Unreadable as error:
            raise unreadable(table, name, error, path) from None
    first = files[0]
    for other in files[1:]:
        _refuse_unlike(table, (first.name, list(first.shape.names)), (other.name, list(other.shape.names)))
    parts, beside = [], set[str]()
    for _, group in groupby(files, key=lambda file: (file.shape, file.path.endswith(".gz"))):
        alike = list(group)
        # DuckDB tells no texts that have such signs from what the signs part; they are told once values are.
        signed = [one for one in spec.null if any(sign in one for sign in (alike[0].shape.delimiter, *'"\r\n'))]
        beside.update(signed)
        plain = tuple(one for one in spec.null if one not in signed)
        parts.append(reader([file.path for file in alike], alike[0].shape, plain))
    names = files[0].shape.names
    columns = ", ".join(map(quoted, names))
    sql = (
        parts[0]
        if len(parts) == 1
        else "(" + " UNION ALL ".join(f"SELECT {columns} FROM {part}" for part in parts) + ")"
    )
    shapes = tuple(f"{file.name}: {file.said}" for file in files)
    relation = Relation(sql, dict.fromkeys(names, "VARCHAR"), tuple(files), said=shapes)
    return _with_nulls(relation, tuple(sorted(beside)))


Unreadable = (OSError, EOFError, zlib.error)  # what reading a file, packed or not, may end with


def unreadable(table: str, name: str, error: Exception, path: str = "") -> SourceError:
    """What is said of a file that cannot be read to its end; `path` is where it lies, if it may be looked at again."""
    why, help = (getattr(error, "strerror", None) or str(error)).lower(), None
    if isinstance(error, gzip.BadGzipFile) and "CRC" in str(error):
        why, help = "it is packed, and damaged", "copy it again"
    elif isinstance(error, gzip.BadGzipFile) and _is_packed(path):
        why, help = (
            "it is packed, and bytes that are not stand after its end",
            "take them away, or pack the file again: what stands there may be rows",
        )
    elif isinstance(error, gzip.BadGzipFile):
        why, help = (
            "its name ends in `.gz`, and it is not packed",
            "rename it, or pack it with gzip",
        )
    elif isinstance(error, (EOFError, zlib.error)):
        why, help = "it is packed, and damaged or cut off", "copy it again"
    return SourceError("unreadable-source", f"`{name}` (table `{table}`) cannot be read: {why}", help, table=table)


def _is_packed(path: str) -> bool:
    if not path:
        return False
    with Path(path).open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _refuse_unlike(table: str, first: tuple[str, list[str]], other: tuple[str, list[str]]) -> None:
    """Raise SourceError where two files, by name and columns, have not the same columns; in another order they may."""
    mine, theirs = ({name.lower() for name in names} for _, names in (first, other))
    if mine == theirs:
        return
    lacks = [name for name in first[1] if name.lower() not in theirs]
    more = [name for name in other[1] if name.lower() not in mine]
    differences = [f"lacks {_few(lacks)}"] if lacks else []
    differences += [f"has {_few(more)} besides"] if more else []
    differ = " and ".join(differences)
    raise SourceError(
        "unlike-files",
        f"the files of `{table}` have not the same columns: `{other[0]}` {differ}, against `{first[0]}`",
        "give tables of their own to files that differ, or export them again",
        table=table,
    )


def _few(names: list[str]) -> str:
    shown = ", ".join(f"`{name[:60]}`" for name in names[:5])
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _text_file(path: str, spec: FileSpec, kind: str, expected: frozenset[str], copy: Path, even: bool) -> TextFile:
    with binary(path) as file:
        size, head = HEAD, file.read(HEAD + 1)
        while len(head) > size and size < _LONGEST_HEADER and not _has_lines(head[:size]):
            size *= 4
            head += file.read(size + 1 - len(head))
    delimiter = spec.delimiter or ("\t" if kind == ".tsv" else "")
    wanted_shape = Asked(spec.encoding, delimiter, spec.skip, spec.columns, expected)
    shape = shape_of(head[:size], len(head) <= size, wanted_shape)
    read = path
    foot = _foot_of(path, shape)
    if even or foot or shape.encoding not in UTF8:
        transcode(path, shape.encoding, copy, even, sum(map(len, foot)))
        read = str(copy)
    return TextFile(Path(path).name, read, shape, path, foot=sum(map(bool, map(bytes.strip, foot))))


def _has_lines(head: bytes) -> bool:
    """Whether the first line of a file ends within what was read."""
    return b"\n" in head or b"\r" in head


def _foot_of(path: str, shape: Shape) -> list[bytes]:
    """The lines below the table, if a text file ends in some. Of packed files, and in encodings whose bytes are no
    signs by themselves, none are looked for."""
    if path.endswith(".gz") or shape.encoding.startswith(("utf-16", "utf-32", "utf_16", "utf_32")):
        return []
    with binary(path) as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - _FOOT))
        return foot_of(file.read(), shape)


def binary(path: str) -> IO[bytes]:
    """A file's bytes, unpacked where it is packed."""
    return gzip.open(path) if path.endswith(".gz") else open(path, "rb")  # type: ignore[return-value] # noqa: PTH123


def transcode(path: str, encoding: str, copy: Path, even: bool, foot: int = 0) -> None:
    """A copy of a file in UTF-8 without its last `foot` bytes, with the same line ends or (`even`) with `\\n` for each.
    Raises Unclear."""
    decoder = codecs.getincrementaldecoder(encoding)()
    seen = 0
    end = Path(path).stat().st_size - foot if foot else None
    with binary(path) as file, copy.open("w", encoding="utf-8", newline="") as target:
        ends = io.IncrementalNewlineDecoder(None, translate=even)
        while True:
            chunk = file.read(_CHUNK if end is None else min(_CHUNK, end - seen))
            try:
                text = decoder.decode(chunk, not chunk)
                text = text if seen else text.removeprefix("\ufeff")
                target.write(ends.decode(text, not chunk) if even else text)
            except UnicodeDecodeError as error:
                with binary(path) as again:
                    raise not_in(again.read(seen + len(chunk)), seen + error.start, encoding) from None
            if not chunk:
                return
            seen += len(chunk)


def reader(paths: list[str], shape: Shape, null: tuple[str, ...]) -> str:
    """What reads text files of one shape in DuckDB: every column as a text, and no row that is none."""
    columns = ", ".join(f"{string(name)}: 'VARCHAR'" for name in shape.names)
    names = ", ".join(map(string, paths))
    nothing = ", ".join(map(string, dict.fromkeys(("", *null))))
    return (
        f"read_csv([{names}], auto_detect = false, header = {str(shape.header).lower()}, skip = {shape.skip}, "
        f"delim = {string(shape.delimiter)}, quote = '\"', escape = '\"', nullstr = [{nothing}], "
        f"columns = {{{columns}}}, strict_mode = true, null_padding = false, parallel = true)"
    )


@dataclass(frozen=True, slots=True)
class Tally:
    """What a text file has of the signs that part rows and fields, below its header."""

    delimiters: int
    lines: int


def tally(file: TextFile) -> Tally:
    """The delimiters and line ends of a file. Raises Unclear where a byte is not of its encoding."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    sign = file.shape.delimiter.encode()
    delimiters = feeds = returns = pairs = seen = 0
    last = b""
    with binary(file.path) as opened_file:
        while chunk := opened_file.read(_CHUNK):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                with binary(file.path) as again:
                    held = seen + error.start - (len(error.object) - len(chunk))
                    raise not_in(again.read(seen + len(chunk)), held, "utf-8") from None
            delimiters += chunk.count(sign)
            feeds += chunk.count(b"\n")
            returns += chunk.count(b"\r")
            pairs += chunk.count(b"\r\n") + (last == b"\r" and chunk[:1] == b"\n")
            seen += len(chunk)
            last = chunk[-1:]
    ends = feeds + returns - pairs + (last not in (b"\n", b"\r", b""))
    return Tally(delimiters - file.shape.inside, ends - file.shape.lines)


def broken_rows(table: str, file: TextFile, limit: int = 3) -> SourceError | None:
    """The first rows of a file that are none, as one message; None if all are rows."""
    rows: list[tuple[Row, str]] = []
    for row in file.rows():
        why = fault_of(row, file.shape)
        if why:
            rows.append((row, why))
            if len(rows) == limit:
                break
    if not rows:
        return None
    row, why = rows[0]
    help = "mend the line, or export the file again"
    if "closed" in why:
        help = "quotes inside a quoted field are written twice; mend the line, or export the file again"
    return SourceError(
        "unreadable-row",
        f"`{file.name}` (table `{table}`), {file.unit} {file.number(row)}: {why}",
        help,
        tuple(file.place(row) for row, _ in rows),
        table=table,
    )


def _parquet(raw: Any, table: str, spec: FileSpec, expected: frozenset[str]) -> Relation:
    from reportspec.run.files.parquet import ParquetFile, united

    files = []
    for path in spec.paths:
        rows = raw.execute(f"DESCRIBE SELECT * FROM read_parquet({string(path)})").fetchall()
        _refuse_alike(table, Path(path).name, _of_parquet(raw, path), expected)
        files.append(ParquetFile(path, {str(row[0]): str(row[1]) for row in rows}))
        _refuse_unlike(table, *((Path(file.path).name, list(file.types)) for file in (files[0], files[-1])))
    sql, types = united(raw, table, files, expected)
    return Relation(sql, types, in_place=True, said=_named(spec, "Parquet"))


def _of_parquet(raw: Any, path: str) -> list[str]:
    """The names of a file's columns as they stand there, without those within other columns."""
    rows = raw.execute(f"SELECT name, coalesce(num_children, 0) FROM parquet_schema({string(path)})").fetchall()
    names, open_within = [], 0
    for name, children in rows[1:]:
        if not open_within:
            names.append(str(name))
        open_within += int(children) - (open_within > 0)
    return names


def _refuse_alike(table: str, file: str, names: Sequence[str], expected: frozenset[str]) -> None:
    """Nothing, where no column that the mapping reads has a namesake but for the case of its letters, of which the
    engine would take the first. Raises SourceError."""
    by_name: dict[str, list[str]] = {}
    for name in names:
        by_name.setdefault(name.lower(), []).append(name)
    for name in expected:
        alike = by_name.get(name.lower(), [])
        if len(alike) > 1:
            raise SourceError(
                "repeated-column",
                f"`{file}` (table `{table}`): several columns are called `{name}`, whatever the case of"
                f" letters: {', '.join(f'`{one}`' for one in alike)}",
                "rename one in the file",
                table=table,
            )


_MADE_UNIQUE = re.compile(r"(.+)_[0-9]+")  # how the engine calls the second of two names that are alike


def _json(raw: Any, table: str, spec: FileSpec, expected: frozenset[str]) -> Relation:
    """JSON keeps its types; texts in it that look like times stay texts until their column is looked at."""
    listed = "[" + ", ".join(map(string, spec.paths)) + "]"
    rows = raw.execute(f"DESCRIBE SELECT * FROM read_json({listed}, sample_size = -1, union_by_name = true)").fetchall()
    types = {str(row[0]): str(row[1]) for row in rows}
    if not {name.lower() for name in types} & {name.lower() for name in expected}:
        if (held := _records_in(raw, listed, types, table, spec)) is not None:
            return replace(held, said=_named(spec, "JSON"))
    plain = {name.lower() for name in types}
    if any((match := _MADE_UNIQUE.fullmatch(name)) and match[1].lower() in plain for name in types):
        asked = f"SELECT DISTINCT unnest(json_keys(json)) FROM read_json_objects({listed})"
        names = sorted(str(row[0]) for row in raw.execute(asked).fetchall())
        what = Path(spec.paths[0]).name if len(spec.paths) == 1 else f"{len(spec.paths)} files"
        _refuse_alike(table, what, names, expected)
    texts = _with_texts(types)
    if set(types) == {"json"}:  # no objects, but values
        return Relation(f"read_json({listed}, sample_size = -1)", types, said=_named(spec, "JSON"))
    columns = ", ".join(f"{string(name)}: {string(kind)}" for name, kind in texts.items())
    return Relation(f"read_json({listed}, columns = {{{columns}}})", texts, said=_named(spec, "JSON"))


def _with_texts(types: Mapping[str, str]) -> dict[str, str]:
    """Types of JSON in which texts that look like times stay texts."""
    looked = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIME", "UUID", "JSON")
    return {name: "VARCHAR" if kind in looked else kind for name, kind in types.items()}


def _records_in(raw: Any, listed: str, types: Mapping[str, str], table: str, spec: FileSpec) -> Relation | None:
    """The records that a program answers with, as one list within one object (`{"data": […], "total": 60}`), of each
    file; None where the files are no such answers. Raises SourceError where they say that they are not all."""
    lists = [name for name, kind in types.items() if kind.startswith("STRUCT(") and kind.endswith(")[]")]
    if len(lists) != 1 or "json" in types:
        return None
    [name] = lists
    answers = f"read_json({listed}, sample_size = -1, union_by_name = true)"
    if raw.execute(f"SELECT count(*) FROM {answers}").fetchone() != (len(spec.paths),):
        return None
    _refuse_partial(raw, answers, name, types, table, spec)
    described = f"DESCRIBE SELECT unnest(record) FROM (SELECT unnest({quoted(name)}) AS record FROM {answers})"
    texts = _with_texts({str(row[0]): str(row[1]) for row in raw.execute(described).fetchall()})
    kinds = ", ".join(f"{quoted(of)} {kind}" for of, kind in texts.items())
    columns = f"{{{string(name)}: {string(f'STRUCT({kinds})[]')}}}"
    records = f"SELECT unnest({quoted(name)}) AS record FROM read_json({listed}, columns = {columns})"
    return Relation(f"(SELECT unnest(record) FROM ({records}))", texts)


_TOTALS = frozenset(("total", "totalsize", "total_size", "totalcount", "total_count", "count"))
_MORE = {"done": False, "has_more": True, "hasmore": True, "more": True, "more_items_in_collection": True}


def _refuse_partial(raw: Any, answers: str, name: str, types: Mapping[str, str], table: str, spec: FileSpec) -> None:
    """Raise SourceError where answers say that there are more records than they have, or that more follow."""
    there = raw.execute(f"SELECT coalesce(sum(len({quoted(name)})), 0) FROM {answers}").fetchone()[0]
    for of, kind in types.items():
        said = ""
        if of.lower() in _TOTALS and kind in ("BIGINT", "UBIGINT", "INTEGER"):
            total = raw.execute(f"SELECT max({quoted(of)}) FROM {answers}").fetchone()[0]
            said = f"`{of}` says {total:,}" if total is not None and total > there else ""
        elif of.lower() in _MORE and kind == "BOOLEAN":
            every = f"bool_and({quoted(of)} IS {str(_MORE[of.lower()]).upper()})"
            said = f"by `{of}` more follow" if raw.execute(f"SELECT {every} FROM {answers}").fetchone()[0] else ""
        if said:
            what = Path(spec.paths[0]).name if len(spec.paths) == 1 else f"{len(spec.paths)} files"
            raise SourceError(
                "partial-answer",
                f"`{what}` (table `{table}`) has {int(there):,} records in `{name}`, and {said}",
                "fetch all pages, and give them as the files of the table",
                table=table,
            )


def _named(spec: FileSpec, kind: str) -> tuple[str, ...]:
    return tuple(f"{Path(path).name}: {kind}" for path in spec.paths)


_AT_ONCE = 50_000  # rows


def _text(value: object) -> str | None:
    """A value of SQLite in a column of texts."""
    if value is None:
        return None
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _sqlite(raw: Any, table: str, path: str) -> Relation:
    """A table of a SQLite file, by its name; types are what the values are."""
    name = Path(path).name
    try:
        with closing(read_only(path)) as lite:
            statement = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
            tables = [row[0] for row in lite.execute(statement)]
            wanted = table.split(".")[-1].lower()
            known = next((n for n in tables if n.lower() == wanted), None)
            if known is None:
                raise SourceError(
                    "unknown-table",
                    f"`{name}` has no table `{table}`",
                    suggestion(table, tables) or f"it has {', '.join(tables[:10])}",
                    table=table,
                )
            with closing(lite.execute(f"SELECT * FROM {quoted(known)}")) as cursor:
                columns = [column[0] for column in cursor.description]
                rows = cursor.fetchall()
    except sqlite3.Error as error:
        raise SourceError("unreadable-source", f"`{name}` cannot be read: {error}", table=table) from None
    types = {}
    for index, column in enumerate(columns):
        kinds = {type(row[index]) for row in rows if row[index] is not None}
        types[column] = "BIGINT" if kinds == {int} else "DOUBLE" if kinds and kinds <= {int, float} else "VARCHAR"
    body = ", ".join(f"{quoted(c)} {t}" for c, t in types.items())
    raw.execute(f"CREATE TEMP TABLE {quoted('read ' + table)} ({body})")
    # Whole columns at a time: row by row the engine takes some thousand times as long.
    marks = ", ".join(f"UNNEST(CAST(? AS {kind}[]))" for kind in types.values())
    for since in range(0, len(rows), _AT_ONCE):
        part = zip(*rows[since : since + _AT_ONCE], strict=True)
        options = [
            [_text(v) for v in values] if kind == "VARCHAR" else list(values)
            for values, kind in zip(part, types.values(), strict=True)
        ]
        raw.execute(f"INSERT INTO {quoted('read ' + table)} SELECT {marks}", options)
    return Relation(quoted("read " + table), types, said=(f"{name}: SQLite",))


def first_line(error: Exception) -> str:
    """An error's first line, cut to a bearable length."""
    return str(error).splitlines()[0][:300] if str(error) else "unknown reason"


def engine_error(error: Exception, table: str, paths: tuple[str, ...]) -> SourceError:
    """What the engine says of files, with the file and line where it names them."""
    text = str(error)
    line = re.search(r"(?:CSV Error on Line|line|Line):\s*(\d+)", text)
    file = next((p for p in paths if p in text), paths[0])
    original = re.search(r"Original Line:\s*(.*)", text)
    where = f"line {line[1]} of " if line else ""
    called = f"{where}`{Path(file).name}` (table `{table}`)"
    notes = (f"the line: {original[1][:160]}",) if original else ()
    size = re.search(r"Maximum line size of (\d+) bytes exceeded\.?(?: Actual Size:\s*(\d+))?", text)
    if size:
        own = f"{int(size[2]):,} bytes" if size[2] else "more bytes"
        return SourceError(
            "unreadable-row",
            f"{called} has {own}, and a line may have {int(size[1]):,}",
            "look for a quote in it that is not closed; else leave the column with so long a text out of the export",
            notes,
            table=table,
        )
    said = [one for one in text.splitlines() if one.strip() and not re.search(r"CSV Error on Line|Original Line", one)]
    why = said[0][:300] if said and "CSV Error on Line" in first_line(error) else first_line(error)
    why = why.removeprefix("Invalid Input Error: ").removeprefix("Conversion Error: ")
    return SourceError(
        "unreadable-row",
        f"{called} cannot be read: {why}",
        "mend the file, or export it again",
        notes,
        table=table,
    )
