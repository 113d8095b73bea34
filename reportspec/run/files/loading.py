"""Tables of the engine made of declared files, as they were described."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from reportspec.diagnostics import suggestion
from reportspec.errors import SourceError
from reportspec.model.mapped import ColumnRead
from reportspec.model.settings import FileSpec
from reportspec.run.connection import Wanted, no_column
from reportspec.run.files.describing import Description, State, described
from reportspec.run.files.opening import Relation, engine_error, opened
from reportspec.run.files.shape import TOTALS, TOTALS_END, Row, is_note, is_totals, shown
from reportspec.run.files.text_file import TextFile, quoted, string
from reportspec.suggested_yaml import quoted_yaml

_NOTES = 10  # rows below a table that are looked at as such
_KEYS = 8  # that a message leaves out by name


def state_of(path: str) -> tuple[int, ...]:
    """What changes when a file does; nothing for one that is not there."""
    try:
        status = Path(path).stat()
    except OSError:
        return ()
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def changed_meanwhile(path: str) -> SourceError:
    """A file was written or replaced while it was read: its rows may be of another one than its formats."""
    return SourceError(
        "changed-source",
        f"`{Path(path).name}` was changed while it was read",
        "run it again when the file is complete; write another one and move it to its place",
        lost=True,
    )


def description(table: str, spec: FileSpec, wanted: Wanted) -> Description:
    """What a table's files hold. Raises SourceError."""
    reads = tuple(read for read in wanted.reads if read.table == table)
    states: State = tuple(state_of(path) for path in spec.paths)
    return described(table, spec, reads, wanted.text_columns, wanted.whole, states)


def file_types(table: str, spec: FileSpec, reads: tuple[ColumnRead, ...], texts: bool = False) -> dict[str, str]:
    """The columns of declared files, those that are read with the types that they will have; none where they
    cannot be read, which is told when they are."""
    wanted = Wanted(text_columns=texts, reads=reads)
    try:
        described = description(table, spec, wanted)
        if described.names in _NO_OBJECTS:
            return {}
        return dict.fromkeys(described.names, "") | {column.name: column.type for column in described.columns}
    except SourceError as error:
        return dict.fromkeys(error.columns, "")
    except OSError:
        return {}


_NO_OBJECTS = ((), ("json",))  # the columns of files in which there is no object


def _no_objects(table: str, spec: FileSpec) -> SourceError:
    """What is said of a file in which no row has a field."""
    name = Path(spec.paths[0]).name
    return SourceError(
        "no-rows",
        f"`{name}` (table `{table}`) has no row: there is no object, and no field, in it",
        "a JSON file is a list of objects, `[{…}, {…}]`, or has one on each line; where there are none yet, a CSV file"
        " with a header says so",
        table=table,
    )


def load(raw: Any, table: str, spec: FileSpec, wanted: Wanted, folder: str) -> Description:
    """Make a table of its files; of Parquet files a view, which reads them where they lie. Raises SourceError."""
    before = {path: state_of(path) for path in spec.paths}
    try:
        made = _loaded(raw, table, spec, wanted, folder)
    except SourceError:
        _refuse_changed(before)  # then what is wrong with it is wrong with neither version
        raise
    _refuse_changed(before)
    return made


def _refuse_changed(before: Mapping[str, tuple[int, ...]]) -> None:
    for path, state in before.items():
        if state_of(path) != state:
            raise changed_meanwhile(path)


def _loaded(raw: Any, table: str, spec: FileSpec, wanted: Wanted, folder: str) -> Description:
    import duckdb

    described = description(table, spec, wanted)
    if described.names in _NO_OBJECTS:
        raise _no_objects(table, spec)
    expected = frozenset(read.column for read in wanted.reads if read.table == table)
    relation = opened(raw, table, spec, folder, expected, even=described.even)
    _refuse_names(table, wanted, list(relation.types))
    columns = ", ".join(f"{column.sql} AS {quoted(column.name)}" for column in described.columns) or "NULL AS nothing__"
    where = ""
    if described.blank:
        where = f" WHERE coalesce({', '.join(map(quoted, relation.types))}, NULL) IS NOT NULL"
    if described.bare:
        where += f" UNION ALL SELECT NULL FROM range({described.bare})"
    kind = "VIEW" if relation.in_place else "TABLE"
    try:
        raw.execute(f"CREATE {kind} {quoted(table)} AS SELECT {columns} FROM {relation.sql}{where}")
    except duckdb.OutOfMemoryException:
        raise  # no mistake of the file
    except duckdb.Error as error:
        raise engine_error(error, table, spec.paths) from None
    if relation.files:
        with suppress(duckdb.ProgrammingError, duckdb.DataError):  # an expression of the mapping that is told elsewhere
            _refuse_totals(raw, table, wanted.reads, relation)
    return described


def _refuse_names(table: str, wanted: Wanted, columns: Sequence[str]) -> None:
    """Raise SourceError where the mapping has an expression that is a column's name, which it does not read (`2026-07`
    of a table of months is 2,019), or names what the engine has and the files do not."""
    known = {name.lower(): name for name in columns}
    for one in wanted.written:
        meant = known.get(one.text.lower()) if one.table == table else None
        if meant is not None:
            raise SourceError(
                "unclear-name",
                f"`{table}` has a column `{shown(meant)}`, and as `{one.field}` that is read as an expression",
                f"write `{quoted_yaml(quoted(meant))}` for the column, or `({shown(one.text)})` for the expression",
                table=table,
            )
    for read in wanted.reads:
        if read.table == table and read.column.lower() in _ENGINES_OWN and read.column.lower() not in known:
            raise no_column(read.column, suggestion(read.column, columns) or f"it has {_few(columns)}")


def _few(names: Sequence[str]) -> str:
    return ", ".join(f"`{shown(name)}`" for name in names[:6]) + (", …" if len(names) > 6 else "")


_ENGINES_OWN = frozenset(("rowid",))  # columns that each table of the engine has


def _refuse_totals(raw: Any, table: str, reads: tuple[ColumnRead, ...], relation: Relation) -> None:
    for read in reads:
        names = {name.lower() for name in relation.types}
        if read.table != table or not read.key_of or read.column.lower() not in names:
            continue
        totals = list(_totals(raw, table, read, relation))
        seems = "and seems to add up others" if totals else "and nothing else: it seems to be a note below the table"
        notes = [] if totals else _notes(raw, table, read, relation)
        if not totals and not notes:
            continue
        totals = totals or notes
        file, row = totals[0]
        more = f" ({len(totals)} such rows)" if len(totals) > 1 else ""
        key = row.fields[_place(file, read.column)].strip()
        what = f"`{shown(key)}` for a key" if key else "no key"
        column = read.column if re.fullmatch(r"[A-Za-z_]\w*", read.column) else quoted(read.column)
        other = _no_key_of(list(dict.fromkeys(row.fields[_place(file, read.column)].strip() for file, row in totals)))
        keep = json.dumps(f"{column} {other}", ensure_ascii=False)  # as YAML writes a text, too
        raise SourceError(
            "note-row" if notes else "totals-row",
            f"`{file.name}` (table `{table}`), {file.unit} {file.number(row)}: the row has {what}"
            f" in `{read.column}`, {seems}{more}",
            f"take it out of the file, or leave it out in the mapping: `where: {keep}`",
            tuple(file.place(row) for file, row in totals[:3]),
            table=table,
        )


def _no_key_of(keys: Sequence[str]) -> str:
    """What follows a column in a condition that its value is none of these keys, so far as one reads them; an empty one
    is no key at all."""
    written = [string(shown(key)) for key in keys if key][:_KEYS]
    if not written:
        return "IS NOT NULL"
    return f"NOT IN ({', '.join(written)})" if len(written) > 1 else f"<> {written[0]}"


def _place(file: TextFile, column: str) -> int:
    return [name.lower() for name in file.shape.names].index(column.lower())


def _totals(raw: Any, table: str, read: ColumnRead, relation: Relation) -> Iterator[tuple[TextFile, Row]]:
    """Rows that add up others, as the file has them."""
    quoted_column = quoted(read.column)
    words = ", ".join(map(string, sorted(TOTALS)))
    word = f"lower(regexp_replace(trim(CAST({quoted_column} AS VARCHAR)), {string(TOTALS_END)}, ''))"
    odd = f"{quoted_column} IS NULL OR {word} IN ({words})"
    sql = f"SELECT rowid FROM {quoted(table)} WHERE ({odd}) AND ({read.key_of}) ORDER BY 1 LIMIT 10000"
    wanted = {int(row[0]) for row in raw.execute(sql).fetchall()}
    if not wanted:
        return
    last, at = max(wanted), -1
    for file in relation.files:
        index = _place(file, read.column)
        for row in file.rows():
            at += any(row.fields)
            if at in wanted and is_totals(row.fields[index], row.fields):
                wanted.discard(at)
                yield file, row
            if at >= last:
                return


def _notes(raw: Any, table: str, read: ColumnRead, relation: Relation) -> list[tuple[TextFile, Row]]:
    """Rows at the end of files that are notes below a table, as the file has them: where no other row has words for its
    key."""
    words = f"contains(trim(CAST({quoted(read.column)} AS VARCHAR)), ' ')"
    sql = f"SELECT count(*) FILTER (WHERE {words}), count(*) FROM {quoted(table)} WHERE {read.key_of}"
    number, rows = raw.execute(sql).fetchone()
    if not 0 < number <= min(_NOTES, rows - 1):
        return []
    found: list[tuple[TextFile, Row]] = []
    for file in relation.files:
        index = _place(file, read.column)
        last: list[tuple[TextFile, Row]] = []
        for row in file.rows():
            if " " in row.fields[index].strip():
                last.append((file, row))
            elif any(row.fields):
                if last:
                    return []
        found += last
    alone = all(is_note(_place(file, read.column), row.fields) for file, row in found)
    return found if alone and len(found) == number else []
