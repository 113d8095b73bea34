"""DuckDB, the embedded engine: for the demo, for files and for `.duckdb` databases.

Declared files are loaded first, but for Parquet files, which are read where they lie; then the
engine's access to other files, the network and settings is shut for good, so that no statement can
reach anything else.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Mapping
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportspec.check.model import SourceSpec
from reportspec.diagnostics import suggestion
from reportspec.files import remove_folder, temporary_folder
from reportspec.run.connection import (
    Loose,
    SourceError,
    Table,
    Wanted,
    cancelled,
    loose_columns,
    no_column,
    timed_out,
    unreadable,
)

if TYPE_CHECKING:
    import duckdb

_SHUT = (
    "SET python_enable_replacements = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


class EmbeddedConnection:
    """A DuckDB session over one source."""

    dialect = "duckdb"

    def __init__(
        self, raw: duckdb.DuckDBPyConnection, source: SourceSpec, wanted: Wanted,
        in_place: Mapping[str, tuple[int, ...]] | None = None, folder: str = "",
    ) -> None:  # fmt: skip
        """`folder` is the session's own for temporary files, which goes with it."""
        self._folder = folder
        self._raw, self._source, self._wanted = raw, source, wanted
        self._in_place = in_place or {}  # files that statements read, and their state at the start
        self._late = False

    def run(self, sql: str) -> Table:
        """Run one SELECT. Raises SourceError."""
        import duckdb

        timer = threading.Timer(self._wanted.timeout, self._end_late)
        timer.daemon = True
        timer.start()
        try:
            cursor = self._raw.execute(sql)
            names = tuple(column[0] for column in cursor.description or ())
            found = Table(names, tuple(cursor.fetchall()))
            self._unchanged()
            return found
        except duckdb.InterruptException:
            raise (timed_out(self._wanted.timeout) if self._late else cancelled()) from None
        except duckdb.Error as error:
            self._unchanged()
            raise _explained(error, self.tables()) from None
        finally:
            timer.cancel()

    def _unchanged(self) -> None:
        """Raise SourceError if a file was changed since the session began: figures of before and
        after would stand in one report."""
        for path, state in self._in_place.items():
            if _state(path) != state:
                raise SourceError("changed-source", f"`{Path(path).name}` was changed while it was read",
                                  "build the report again when the file is complete", lost=True)  # fmt: skip

    def _end_late(self) -> None:
        self._late = True
        self.cancel()

    def tables(self) -> list[str]:
        """The tables that there are, as they would be written in a mapping."""
        rows = self._raw.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() UNION ALL "
            "SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal"
        ).fetchall()
        return [name if schema == "main" else f"{schema}.{name}" for schema, name in rows]

    def cancel(self) -> None:
        """End the statement that is running."""
        self._raw.interrupt()

    def close(self) -> None:
        """Give the session back."""
        try:
            self._raw.close()
        finally:
            if self._folder:
                remove_folder(self._folder)

    def beside(self) -> EmbeddedConnection | None:
        """Another session over the same data."""
        return EmbeddedConnection(self._raw.cursor(), self._source, self._wanted, self._in_place)

    def columns(self) -> dict[str, dict[str, str]]:
        """The columns of each table and view, with their types."""
        found: dict[str, dict[str, str]] = {}
        rows = self._raw.execute(
            "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns()"
            " WHERE NOT internal ORDER BY schema_name, table_name, column_index"
        ).fetchall()
        for schema, table, name, kind in rows:
            key = table if schema == "main" else f"{schema}.{table}"
            found.setdefault(key, {})[name] = kind
        return found

    def loose(self) -> Loose:
        """All texts, if a table or view says COLLATE: of which column is not told."""
        rows = self._raw.execute(
            "SELECT COUNT(*) FROM (SELECT sql FROM duckdb_tables() UNION ALL "
            "SELECT sql FROM duckdb_views() WHERE NOT internal) WHERE CONTAINS(LOWER(sql), 'collate')"
        ).fetchall()
        if not rows[0][0]:
            return frozenset()
        return loose_columns(
            (table, name)
            for table, columns in self.columns().items()
            for name, kind in columns.items()
            if kind == "VARCHAR"
        )


def table_names(path: str) -> frozenset[str] | None:
    """The tables of a DuckDB file, as a mapping names them; None where it cannot be opened now."""
    import duckdb

    try:
        with duckdb.connect(path, read_only=True) as raw:
            return frozenset(EmbeddedConnection(raw, SourceSpec("duckdb", ""), Wanted()).tables())
    except duckdb.Error:
        return None


def open_embedded(source: SourceSpec, wanted: Wanted) -> EmbeddedConnection:
    """A session over a source; of declared files only those whose table is needed are read.
    Raises SourceError."""
    import duckdb

    tables, zone = wanted.tables, wanted.zone
    in_place: dict[str, tuple[int, ...]] = {}
    raw: duckdb.DuckDBPyConnection | None = None
    folder = ""
    try:
        raw = _database(source)
        folder = temporary_folder("duckdb")
        _limit(raw, folder, wanted)
        # For the sessions beside this one as well: each would else have the host's zone.
        raw.execute("SET GLOBAL TimeZone = ?", [zone]) if re.fullmatch(r"[\w/+\-]+", zone) else None
        if source.kind == "demo":
            from reportspec.demo import load

            load(raw, [table.removeprefix("demo.") for table in tables])
        elif source.kind == "files":
            in_place = {path: _state(path) for name, paths in source.files.items() if name in tables
                        for path in paths if Path(path).suffix.lower() == ".parquet"}  # fmt: skip
            for table, paths in source.files.items():
                if table in tables:
                    kinds = {c: kind for t, c, kind in wanted.kinds if t == table}
                    _load_file(raw, table, paths, wanted.text_columns, kinds)
            if in_place:
                raw.execute(f"SET allowed_paths = [{', '.join(map(_string, in_place))}]")
        for statement in _SHUT:
            raw.execute(statement)
        return EmbeddedConnection(raw, source, wanted, in_place, folder)
    except BaseException as error:
        if raw is not None:
            EmbeddedConnection(raw, source, wanted, folder=folder).close()
        if isinstance(error, OSError):
            why = (error.strerror or str(error)).lower()
            raise SourceError("cannot-load", f"the data cannot be loaded: {why}",
                              "there must be room in the folder for temporary files (TMPDIR)") from None  # fmt: skip
        if isinstance(error, duckdb.OutOfMemoryException):
            raise _too_little(error) from None
        raise


def _database(source: SourceSpec) -> duckdb.DuckDBPyConnection:
    """The engine over the file that a source names, or over none. Raises SourceError."""
    import duckdb

    try:
        if source.kind == "duckdb":
            return duckdb.connect(source.path, read_only=True)
        return duckdb.connect(":memory:")
    except duckdb.Error as error:
        name = Path(source.path).name
        raise SourceError("unreadable-source", f"the database `{name}` cannot be opened: {_first(error)}",
                          "check that it is a DuckDB file and that nothing else is writing to it") from None  # fmt: skip


def _limit(raw: Any, folder: str, wanted: Wanted) -> None:
    """Bounds for the memory and the temporary files: what asks for more ends with a diagnostic, and not
    with the process, or the machine."""
    memory = wanted.memory
    if not memory:
        # DuckDB's own bound is four fifths of what the machine, or the container, has.
        [(text,)] = raw.execute("SELECT current_setting('memory_limit')").fetchall()
        number, _, unit = str(text).partition(" ")
        there = float(number) * {"GiB": 1074, "MiB": 1.05, "TiB": 1_100_000}.get(unit, 1074)
        memory = max(256, int(there * 5 / 8))
    disk = wanted.disk or max(100, shutil.disk_usage(folder).free // 2 // 1_000_000)
    raw.execute(f"SET memory_limit = '{memory}MB'")
    raw.execute(f"SET temp_directory = {_string(folder)}")
    raw.execute(f"SET max_temp_directory_size = '{disk}MB'")


def _too_little(error: Exception) -> SourceError:
    why = _first(error).removeprefix("Out of Memory Error: ")
    return SourceError("too-little-memory", f"the query takes more memory than it may: {why}",
                       "give it more with `query: {memory: …, disk: …}` in the project file, or ask for less")  # fmt: skip


def _state(path: str) -> tuple[int, ...]:
    """What changes when a file does; nothing for one that is not there."""
    try:
        found = Path(path).stat()
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def table_types(path: str) -> dict[str, dict[str, str]]:
    """The columns of the tables of a DuckDB file, with their types; none where it cannot be opened
    now."""
    import duckdb

    try:
        with duckdb.connect(path, read_only=True) as raw:
            return EmbeddedConnection(raw, SourceSpec("duckdb", ""), Wanted()).columns()
    except duckdb.Error:
        return {}


def file_types(table: str, paths: tuple[str, ...]) -> dict[str, str]:
    """The columns of declared files, with the types that they will have; none where they cannot be
    read, which is told when they are."""
    return dict(_file_types(table, paths, tuple(_state(path) for path in paths)))


@lru_cache(maxsize=256)
def _file_types(
    table: str, paths: tuple[str, ...], states: tuple[tuple[int, ...], ...]
) -> tuple[tuple[str, str], ...]:
    import duckdb

    try:
        reader = _reader(table, paths, False)
        if reader is None:
            return ()
        with duckdb.connect(":memory:") as raw:
            rows = raw.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()
    except (duckdb.Error, SourceError):
        return ()
    return tuple((str(row[0]), str(row[1])) for row in rows)


def _reader(table: str, paths: tuple[str, ...], text_columns: bool) -> str | None:
    """What reads declared files in DuckDB; None for SQLite's. Raises SourceError."""
    suffixes = {
        "".join(Path(p).suffixes[-2:] if p.endswith(".gz") else Path(p).suffixes[-1:]).lower()
        for p in paths
    }
    if len(suffixes) != 1:
        raise SourceError(
            "mixed-files",
            f"the files of `{table}` are of different kinds: {', '.join(sorted(suffixes))}",
        )
    suffix = suffixes.pop().removesuffix(".gz")
    names = "[" + ", ".join(_string(p) for p in paths) + "]"
    if suffix in (".csv", ".tsv", ".txt"):
        options = "all_varchar = true" if text_columns else "sample_size = -1"
        if suffix == ".tsv":
            options += ", delim = '\t'"
        reader = f"read_csv({names}, header = true, {options})"
    elif suffix == ".parquet":
        reader = f"read_parquet({names})"
    elif suffix in (".json", ".jsonl", ".ndjson"):
        reader = f"read_json({names}, sample_size = -1)"
    elif suffix in (".sqlite", ".sqlite3", ".db"):
        return None
    else:
        raise SourceError("unknown-file", f"`{Path(paths[0]).name}` is of no kind that can be read",
                          "CSV, TSV, Parquet, JSON and SQLite files can")  # fmt: skip
    return reader


def _load_file(
    raw: Any, table: str, paths: tuple[str, ...], text_columns: bool, kinds: Mapping[str, str]
) -> None:
    import duckdb

    reader = _reader(table, paths, text_columns)
    if reader is None:
        _load_sqlite(raw, table, paths[0])
        return
    kind = "VIEW" if reader.startswith("read_parquet") else "TABLE"
    try:
        raw.execute(f"CREATE {kind} {_name(table)} AS SELECT * FROM {reader}")
        empty = _empty(raw, table, kinds)
        if empty and kind == "VIEW":
            typed = ", ".join(f"CAST(NULL AS {t}) AS {_name(c)}" for c, t in empty)
            raw.execute(
                f"CREATE OR REPLACE VIEW {_name(table)} AS SELECT * REPLACE ({typed}) FROM {reader}"
            )
        for column, type_ in empty if kind == "TABLE" else ():
            changed = f"ALTER {_name(column)} TYPE {type_} USING CAST(NULL AS {type_})"
            raw.execute(f"ALTER TABLE {_name(table)} {changed}")
    except duckdb.Error as error:
        raise _unreadable(error, table, paths) from None


def _empty(raw: Any, table: str, kinds: Mapping[str, str]) -> list[tuple[str, str]]:
    """The columns without a single value, with the types that the mapping expects: a file cannot
    tell them."""
    found = raw.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ?", [table]
    ).fetchall()
    wanted = {name.lower(): kind for name, kind in kinds.items()}
    # What a reader takes for the type of nothing: text of CSV, JSON, a small number of Parquet.
    none = ("VARCHAR", "JSON", "INTEGER", '"NULL"')
    asked = [(name, wanted[name.lower()]) for name, kind in found
             if name.lower() in wanted and kind in none and wanted[name.lower()] != kind]  # fmt: skip
    if not asked:
        return []
    counts = ", ".join(f"count({_name(name)})" for name, _ in asked)
    values = raw.execute(f"SELECT {counts} FROM {_name(table)}").fetchone()
    return [one for one, count in zip(asked, values, strict=True) if not count]


def _load_sqlite(raw: Any, table: str, path: str) -> None:
    """A table of a SQLite file, by its name; types are what the values are."""
    import sqlite3

    from reportspec.run.sqlite import read_only

    try:
        with closing(read_only(path)) as lite, closing(lite.cursor()) as cursor:
            made = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
            found = [row[0] for row in cursor.execute(made).fetchall()]
            name = next((n for n in found if n.lower() == table.split(".")[-1].lower()), None)
            if name is None:
                raise SourceError("unknown-table", f"`{Path(path).name}` has no table `{table}`",
                                  suggestion(table, found) or f"it has {', '.join(found[:10])}")  # fmt: skip
            cursor.execute(f"SELECT * FROM {_name(name)}")
            columns = [column[0] for column in cursor.description]
            rows = cursor.fetchall()
    except sqlite3.Error as error:
        raise SourceError(
            "unreadable-source", f"`{Path(path).name}` cannot be read: {error}"
        ) from None
    types = []
    for index in range(len(columns)):
        kinds = {type(row[index]) for row in rows if row[index] is not None}
        types.append(
            "BIGINT"
            if kinds == {int}
            else "DOUBLE"
            if kinds and kinds <= {int, float}
            else "VARCHAR"
        )
    body = ", ".join(f"{_name(c)} {t}" for c, t in zip(columns, types, strict=True))
    raw.execute(f"CREATE TABLE {_name(table)} ({body})")
    if rows:
        marks = ", ".join("?" for _ in columns)
        raw.executemany(f"INSERT INTO {_name(table)} VALUES ({marks})", rows)


def _string(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _first(error: Exception) -> str:
    return str(error).splitlines()[0][:300] if str(error) else "unknown reason"


def _unreadable(error: Exception, table: str, paths: tuple[str, ...]) -> SourceError:
    """Which file and line cannot be read, and why."""
    text = str(error)
    line = re.search(r"(?:CSV Error on Line|line|Line):\s*(\d+)", text)
    file = next((p for p in paths if p in text), paths[0])
    original = re.search(r"Original Line:\s*(.*)", text)
    why = _first(error).removeprefix("Invalid Input Error: ").removeprefix("Conversion Error: ")
    where = f"line {line[1]} of " if line else ""
    notes = (f"the line: {original[1][:160]}",) if original else ()
    return SourceError("unreadable-row", f"{where}`{Path(file).name}` (table `{table}`) cannot be read: {why}",
                       "mend the file, or export it again", notes)  # fmt: skip


def _explained(error: Exception, tables: list[str]) -> SourceError:
    text = _first(error)
    if text.startswith("Out of Memory Error"):
        return _too_little(error)
    missing = re.search(r"Table with name (\S+) does not exist", text)
    if missing:
        return SourceError("unknown-table", f"the source has no table `{missing[1]}`",
                           suggestion(missing[1], tables) or f"it has {', '.join(tables[:10]) or 'none'}")  # fmt: skip
    # A field of the same name as its column stands in the SELECT itself.
    column = re.search(r'(?:Referenced column|[Cc]olumn) "([^"]+)"', text)
    if column and ("not found" in text or "exists in the SELECT clause" in text):
        candidates = re.search(r"Candidate bindings: (.*)", str(error))
        near = f"near: {candidates[1][:200]}" if candidates else "check the mapping"
        return no_column(column[1], near)
    for kind in ("Conversion Error: ", "Invalid Input Error: "):
        if text.startswith(kind):
            told = re.findall(r"in the column `[^`]*` is (?:neither yes nor no|no \w+)", text)
            return unreadable(f"one {told[-1]}" if told else text.removeprefix(kind))
    return SourceError("query-failed", f"the database refused the query: {text}")
