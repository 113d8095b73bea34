"""DuckDB, the embedded engine: for the demo, for files and for `.duckdb` databases. Its meaning of the nodes is the
canonical one. Only zero is no divisor anywhere.

Declared files are loaded first, but for Parquet files, which are read where they lie; then the
engine's access to other files, the network and settings is shut for good, so that no statement can
reach anything else.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from reportspec.databases import Checkup, Database
from reportspec.diagnostics import suggestion
from reportspec.errors import SourceError
from reportspec.expression.trees import HOLDS, literal
from reportspec.files import remove_folder, temporary_folder
from reportspec.model.rows import Table
from reportspec.model.settings import SourceSpec
from reportspec.run.connection import (
    Loose,
    Wanted,
    being_written,
    cancelled,
    loose_columns,
    no_column,
    open_besides,
    refused,
    timed_out,
    unreadable,
)
from reportspec.sql.dialects.common import nonzero, nulls_last, turned
from reportspec.sql.dialects.reading import parts_of, plain_day, yes_or_no
from reportspec.sql.dialects.rewrite import Dialect, snippet, type_of, with_args
from reportspec.sql.materialize import Temporary

if TYPE_CHECKING:
    import duckdb

    from reportspec.run.files.describing import Description

# --- Its SQL --------------------------------------------------------------------------------------


def _division(node: exp.Expr) -> exp.Expr:
    below = nonzero(node.expression)
    return node if below is node.expression else with_args(node, expression=below)


def _exact(value: exp.Expr) -> exp.Expr:
    """A text without its column's collation, of which nothing else rids it."""
    octets = exp.Anonymous(this="ENCODE", expressions=[_text(value)])
    return exp.Anonymous(this="DECODE", expressions=[octets])


def _difference(node: exp.Expr) -> exp.Expr:
    """Time that has passed, where the clock is turned: the session's zone is the source's."""
    if turned(node) is None:
        return node
    to = exp.DataType(this=exp.DataType.Type.TIMESTAMPTZ, nested=False)
    later, earlier = (exp.Cast(this=end, to=to) for end in (node.this, node.expression))
    return with_args(node, this=later, expression=earlier)


def _one_of_numbers(node: exp.Expr) -> exp.Expr:
    """That the digits of a text are one of some numbers: one pattern, which costs a third of taking out all else."""
    text, texts = node.this, [value.this for value in node.expressions if isinstance(value, exp.Literal)]
    if not isinstance(text, exp.RegexpReplace) or len(texts) < len(node.expressions):
        return node
    parts = [text.expression, text.args.get("replacement"), text.args.get("modifiers")]
    numbers = all(re.fullmatch("[0-9]+", number) for number in texts)
    if not numbers or [part.this if isinstance(part, exp.Literal) else None for part in parts] != ["[^0-9]", "", "g"]:
        return node
    forms = "|".join("[^0-9]*".join(number) for number in texts)
    return exp.RegexpLike(this=text.this, expression=literal(f"^[^0-9]*({forms})[^0-9]*$"))


_TIME = r"""
CASE WHEN REGEXP_MATCHES(t, c) THEN CAST(t AS TIMESTAMP)
WHEN REGEXP_MATCHES(t, i) THEN CAST(REGEXP_REPLACE(t, ' ([+-])', '\1') AS TIMESTAMPTZ) AT TIME ZONE z
WHEN t <> '' THEN ERROR('`' || t || '`' || s) END
"""
_DAY = """
CASE WHEN REGEXP_MATCHES(t, e) THEN CAST(LEFT(t, 10) AS DATE) WHEN t <> '' THEN ERROR('`' || t || '`' || s) END
"""


def _read(node: exp.Expr) -> exp.Expr:
    if plain_day(node):
        return node
    if node.meta[HOLDS] == "fine":  # a cast would round
        return snippet("duckdb", "MAKE_TIMESTAMP(EPOCH_US(x))", x=node.this)
    if type_of(node) == "BOOLEAN":
        return yes_or_no(
            node, _text, lambda x, said: snippet("duckdb", "ERROR('`' || x || '`' || s)", x=x, s=literal(said))
        )
    form = _DAY if type_of(node) == "DATE" else _TIME
    return snippet("duckdb", form, **parts_of(node, _text))


def _once(value: exp.Expr, formula: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Of a list that holds the value alone: DuckDB takes seconds to plan a statement that says the same hundreds of
    times."""
    return snippet("duckdb", "LIST_TRANSFORM([x], LAMBDA v: f)[1]", x=value, f=formula(exp.to_identifier("v")))


def _text(value: exp.Expr) -> exp.Expr:
    return exp.Cast(this=value, to=exp.DataType(this=exp.DataType.Type.TEXT, nested=False))


def _trimmed(node: exp.Expr) -> exp.Expr:
    """A TRIM of blanks: of itself DuckDB takes those away as well that are of another kind, as those that do not break
    a line, and no other database does."""
    return node if node.args.get("expression") else with_args(node, expression=exp.Literal.string(" "))


DUCKDB = Dialect(
    "duckdb",
    "DuckDB",
    "duckdb",
    {exp.Div: _division, exp.In: _one_of_numbers, exp.Order: nulls_last, exp.DateDiff: _difference, exp.Trim: _trimmed},
    writes_shared=True,
    canonical=True,
    bits=True,
    since_1970="to_timestamp",
    enums=re.compile(r"ENUM\(.*", re.DOTALL),
    keys={"integer": re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?"), "uuid": re.compile("UUID")},
    exact=_exact,
    reading=_read,
    once=_once,
)

# --- Its sessions ---------------------------------------------------------------------------------

KEPT = "reportspec"  # the database of temporary tables

_SHUT = (
    "SET python_enable_replacements = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


class EmbeddedConnection:
    """A DuckDB session over one source."""

    dialect = DUCKDB

    def __init__(
        self,
        raw: duckdb.DuckDBPyConnection,
        source: SourceSpec,
        wanted: Wanted,
        in_place: Mapping[str, tuple[int, ...]] | None = None,
        folder: str = "",
        described: Mapping[str, Description] | None = None,
    ) -> None:
        """`folder` is the session's own for temporary files, which goes with it; `described` is how
        declared files were read."""
        self._folder, self.described = folder, described or {}
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
            table = Table(names, tuple(cursor.fetchall()))
            self._unchanged()
            return table
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
        if not self._in_place:
            return
        from reportspec.run.files.loading import changed_meanwhile, state_of

        for path, state in self._in_place.items():
            if state_of(path) != state:
                raise changed_meanwhile(path)

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

    def temporary(self) -> Temporary | None:
        """A database in memory of its own, which the sessions beside this one see too."""
        return Temporary(KEPT, beside=True, one_order=True, written_first=True)

    def keep(self, name: str, sql: str, keys: Sequence[Sequence[str]]) -> None:
        """Have the rows of a SELECT as a table. Raises SourceError."""
        self.run(f"CREATE TABLE {KEPT}.{name} AS {sql}")

    def forget(self, name: str) -> None:
        """Give up a table that was kept. Raises SourceError."""
        self.run(f"DROP TABLE {KEPT}.{name}")

    def fill(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[str | None]], batch: int) -> None:
        """Have rows of texts as a table, handed over by batches of so many. Raises SourceError."""
        quoted = [exp.to_identifier(column, quoted=True).sql("duckdb") for column in columns]
        self.run(f"CREATE TABLE {KEPT}.{name} ({', '.join(f'{column} VARCHAR' for column in quoted)})")
        lists = ", ".join(f"UNNEST(${place + 1}::VARCHAR[])" for place in range(len(quoted)))
        remaining = iter(rows)
        while part := list(islice(remaining, batch)):
            values = [list(column) for column in zip(*part, strict=True)]
            self._raw.execute(f"INSERT INTO {KEPT}.{name} SELECT {lists}", values)

    def columns(self) -> dict[str, dict[str, str]]:
        """The columns of each table and view, with their types."""
        columns: dict[str, dict[str, str]] = {}
        rows = self._raw.execute(
            "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns()"
            " WHERE NOT internal ORDER BY schema_name, table_name, column_index"
        ).fetchall()
        for schema, table, name, kind in rows:
            key = table if schema == "main" else f"{schema}.{table}"
            columns.setdefault(key, {})[name] = kind
        return columns

    def loose(self) -> Loose:
        """All texts, if a table or view says COLLATE: of which column is not told. What is made here of files or of the
        demo has no collations."""
        if self._source.kind != "duckdb":
            return frozenset()
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


def open_embedded(source: SourceSpec, wanted: Wanted) -> EmbeddedConnection:
    """A session over a source; of declared files only those whose table is needed are read.
    Raises SourceError."""
    import duckdb

    from reportspec.run.files.loading import state_of
    from reportspec.run.files.text_file import string

    tables, zone = wanted.tables, wanted.zone
    in_place: dict[str, tuple[int, ...]] = {}
    descriptions: dict[str, Description] = {}
    raw: duckdb.DuckDBPyConnection | None = None
    folder = ""
    try:
        raw = _database(source)
        folder = temporary_folder("duckdb")
        _limit(raw, folder, wanted)
        # For the sessions beside this one as well: each would else have the host's zone.
        raw.execute("SET GLOBAL TimeZone = ?", [zone]) if re.fullmatch(r"[\w/+\-]+", zone) else None
        if source.kind == "demo":
            from reportspec.demo import load as load_demo

            load_demo(raw, [table.removeprefix("demo.") for table in tables])
        elif source.kind == "files":
            in_place = {
                path: state_of(path)
                for name, spec in source.files.items()
                if name in tables
                for path in spec.paths
                if Path(path).suffix.lower() == ".parquet"
            }
            descriptions = _loaded(raw, source, wanted, folder)
            if in_place:
                raw.execute(f"SET allowed_paths = [{', '.join(map(string, in_place))}]")
        raw.execute(f"ATTACH ':memory:' AS {KEPT} (READ_WRITE)")
        for statement in _SHUT:
            raw.execute(statement)
        return EmbeddedConnection(raw, source, wanted, in_place, folder, descriptions)
    except BaseException as error:
        if raw is not None:
            EmbeddedConnection(raw, source, wanted, folder=folder).close()
        if isinstance(error, OSError):
            why = (error.strerror or str(error)).lower()
            raise SourceError(
                "cannot-load",
                f"the data cannot be loaded: {why}",
                "there must be room in the folder for temporary files (TMPDIR)",
            ) from None
        if isinstance(error, duckdb.OutOfMemoryException):
            raise _too_little(error) from None
        if isinstance(error, duckdb.InvalidInputException) and "has been locked" in str(error):
            # DuckDB has one instance of a file in a process, whose settings a session before this one has shut.
            raise open_besides(Path(source.path).name) from None
        raise


def _database(source: SourceSpec) -> duckdb.DuckDBPyConnection:
    """The engine over the file that a source names, or over none. Raises SourceError."""
    import duckdb

    from reportspec.run.files.opening import first_line

    try:
        if source.kind == "duckdb":
            return duckdb.connect(source.path, read_only=True)
        return duckdb.connect(":memory:")
    except duckdb.Error as error:
        name = Path(source.path).name
        if "lock on file" in str(error) or "being used by another process" in str(error):
            raise being_written(name) from None
        raise SourceError(
            "unreadable-source",
            f"the database `{name}` cannot be opened: {first_line(error)}",
            "check that it is a DuckDB file and that nothing else is writing to it",
        ) from None


def _loaded(raw: Any, source: SourceSpec, wanted: Wanted, folder: str) -> dict[str, Description]:
    """The tables that are needed, made of their files. Raises SourceError with all that is wrong with them."""
    from reportspec.run.files.loading import load

    columns, problems = {}, []
    for table, spec in source.files.items():
        if table not in wanted.tables:
            continue
        try:
            columns[table] = load(raw, table, spec, wanted, folder)
        except SourceError as error:
            problems += [error, *error.also]
    if problems:
        first, *rest = problems
        first.also = tuple(rest)
        raise first
    return columns


def _limit(raw: Any, folder: str, wanted: Wanted) -> None:
    """Bounds for the memory and the temporary files: what asks for more ends with a diagnostic, and not
    with the process, or the machine."""
    from reportspec.run.files.text_file import string

    memory = wanted.memory
    if not memory:
        # DuckDB's own bound is four fifths of what the machine, or the container, has.
        [(text,)] = raw.execute("SELECT current_setting('memory_limit')").fetchall()
        number, _, unit = str(text).partition(" ")
        there = float(number) * {"GiB": 1074, "MiB": 1.05, "TiB": 1_100_000}.get(unit, 1074)
        memory = max(256, int(there * 5 / 8))
    disk = wanted.disk or max(100, shutil.disk_usage(folder).free // 2 // 1_000_000)
    raw.execute(f"SET memory_limit = '{memory}MB'")
    raw.execute(f"SET temp_directory = {string(folder)}")
    raw.execute(f"SET max_temp_directory_size = '{disk}MB'")
    raw.execute("SET enable_progress_bar = false")  # it would stand in what commands print


def _too_little(error: Exception) -> SourceError:
    from reportspec.run.files.opening import first_line

    why = first_line(error).removeprefix("Out of Memory Error: ")
    return SourceError(
        "too-little-memory",
        f"the query takes more memory than it may: {why}",
        "give it more with `query: {memory: …, disk: …}` in the project file, or ask for less",
    )


def table_types(path: str) -> dict[str, dict[str, str]] | None:
    """The columns of the tables of a DuckDB file, with their types; None where it cannot be opened
    now."""
    import duckdb

    try:
        with duckdb.connect(path, read_only=True) as raw:
            return EmbeddedConnection(raw, SourceSpec("duckdb", ""), Wanted()).columns()
    except duckdb.Error:
        return None


def _explained(error: Exception, tables: list[str]) -> SourceError:
    from reportspec.run.files.opening import first_line

    text = first_line(error)
    if text.startswith("Out of Memory Error"):
        return _too_little(error)
    missing = re.search(r"Table with name (\S+) does not exist", text)
    if missing:
        return SourceError(
            "unknown-table",
            f"the source has no table `{missing[1]}`",
            suggestion(missing[1], tables) or f"it has {', '.join(tables[:10]) or 'none'}",
        )
    # A field of the same name as its column stands in the SELECT itself.
    column = re.search(r'(?:Referenced column|[Cc]olumn) "([^"]+)"', text)
    if column and ("not found" in text or "exists in the SELECT clause" in text):
        candidates = re.search(r"Candidate bindings: (.*)", str(error))
        near = f"near: {candidates[1][:200]}" if candidates else "check the mapping"
        return no_column(column[1], near)
    for kind in ("Conversion Error: ", "Invalid Input Error: "):
        if text.startswith(kind):
            matches = re.findall(r"in the column `[^`]*` is (?:neither yes nor no|no \w+)", text)
            return unreadable(f"one {matches[-1]}" if matches else text.removeprefix(kind))
    return refused(text)


DATABASE = Database(
    "duckdb",
    "DuckDB",
    ("duckdb",),
    "",
    "data/crm.duckdb",
    DUCKDB,
    open_embedded,
    Checkup("SELECT version()", may_write=lambda session: False),
    local="file",
    suffixes=(".duckdb", ".ddb"),
    table_types=table_types,
)
