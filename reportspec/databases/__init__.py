"""The databases that a project's `source` may name: a file for each, which has all that is its own. How its
URLs begin, the SQL that it speaks, how a session is opened, what `doctor` asks of it.

A file is read when its database is met, and what drives the database when a session is opened. What several
share is in `sql/dialects` (rules) and `run/` (sessions).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import field
from functools import cache
from importlib import import_module
from typing import Literal

from reportspec.diagnostics import Span
from reportspec.lazy_dataclass import dataclass
from reportspec.model.settings import FileSpec, SourceSpec
from reportspec.run.connection import Connection, Wanted
from reportspec.run.url_options import Options
from reportspec.sql.dialects.rewrite import Dialect

# The files, each with its `DATABASE`, in the order in which people are told of them. Whoever looks for a URL
# reads one after the other until it is found, so that those in front are met soonest.
KINDS = (
    "duckdb",
    "postgres",
    "sqlite",
    "mysql",
    "mariadb",
    "clickhouse",
    "chdb",
    "spark",
    "snowflake",
    "bigquery",
    "redshift",
    "databricks",
    "trino",
    "tsql",
    "oracle",
)
EMBEDDED = ("demo", "files")  # sources that DuckDB reads in this process


@dataclass(frozen=True, slots=True)
class Indexed:
    """What a database knows of a table: about how many rows it has (None: it does not know), and the columns of each
    of its indexes, in their order."""

    rows: int | None
    indexes: tuple[tuple[str, ...], ...]


def indexed(found: Iterable[Sequence[object]]) -> dict[str, Indexed]:
    """What a database says of its tables, line by line: a table's schema and name, whether it is called by the name
    alone, about how many rows it has, and of each of its indexes the name and a column, in their order."""
    rows: dict[str, int | None] = {}
    columns: dict[str, dict[object, list[str]]] = {}
    for schema, table, bare, many, index, column in found:
        for name in (f"{schema}.{table}", str(table)) if bare else (f"{schema}.{table}",):
            rows[name] = int(str(many)) if many is not None and int(str(many)) >= 0 else None
            own = columns.setdefault(name, {})
            if index is not None:
                own.setdefault(index, []).append(str(column))
    return {name: Indexed(many, tuple(map(tuple, columns[name].values()))) for name, many in rows.items()}


@dataclass(frozen=True, slots=True)
class Checkup:
    """What `doctor` asks of a database: a SELECT of its `version` and the `oldest` that knows all that the
    statements use, whether the user `may_write`, and what of its collations is worth a note. Each may raise
    SourceError, and may not know (None). `temporary` is what gives a user temporary tables; `indexes` tells of
    all tables, where reports may be quicker with more of them (None: they have no use for any)."""

    version: str = ""
    oldest: tuple[int, ...] = ()
    may_write: Callable[[Connection], bool | None] = lambda session: None
    collations: Callable[[Connection], str | None] = lambda session: None
    temporary: str = ""
    indexes: Callable[[Connection], Mapping[str, Indexed]] | None = None


@dataclass(frozen=True, slots=True)
class Database:
    """One kind of database. `extra` is the optional dependency that reads it (empty: none is needed),
    `example` a source as a project names it. Those that are `local` are files or folders, with the `suffixes`
    of their names; of files the tables, and the types of their columns, are known before a session is opened
    (`table_types`: None where they cannot be opened now), and, where any value may stand in
    any column, which columns of tables have nothing but `whole_numbers`. `options` are all that its URLs take behind
    the address; any other is refused. `schemas_are_databases` says that what names before the dot are is what its
    URLs name one of."""

    kind: str
    label: str
    schemes: tuple[str, ...]
    extra: str
    example: str
    dialect: Dialect
    open: Callable[[SourceSpec, Wanted], Connection]
    checkup: Checkup = field(default_factory=Checkup)
    local: Literal["", "file", "folder"] = ""
    suffixes: tuple[str, ...] = ()
    table_types: Callable[[str], Mapping[str, Mapping[str, str]] | None] | None = None
    whole_numbers: Callable[[str, Mapping[str, Collection[str]]], Collection[tuple[str, str]]] | None = None
    options: Options = field(default_factory=dict)
    schemas_are_databases: bool = False


@cache
def database(kind: str) -> Database:
    """The database of that name, one of KINDS."""
    known: Database = import_module(f"{__name__}.{kind}").DATABASE
    return known


def by_scheme(scheme: str) -> Database | None:
    """The database whose URLs begin so."""
    return next((known for known in map(database, KINDS) if scheme in known.schemes), None)


def by_suffix(suffix: str) -> Database | None:
    """The database whose files end so."""
    return next((known for known in map(database, KINDS) if suffix in known.suffixes), None)


def schemes() -> tuple[str, ...]:
    """How URLs may begin."""
    return tuple(scheme for kind in KINDS for scheme in database(kind).schemes)


def is_dialect(name: object) -> bool:
    """Whether it names a dialect; chdb, which is ClickHouse, has none of its own."""
    return name in KINDS and database(str(name)).dialect.name == name


def dialect_named(name: str) -> Dialect:
    """The dialect of that name."""
    return database(name).dialect


def dialects() -> tuple[str, ...]:
    """The names of the dialects: those that the tests run statements on, then those for which SQL is only
    written."""
    names = [kind for kind in KINDS if is_dialect(kind)]
    return tuple(sorted(names, key=lambda name: dialect_named(name).allowed is not None))


def source_of(
    kind: str, label: str, path: str = "", *, files: Mapping[str, FileSpec] | None = None, span: Span | None = None
) -> SourceSpec:
    """A source of a database, the demo or files, which are DuckDB's."""
    read_by = database("duckdb" if kind in EMBEDDED else kind)
    return SourceSpec(kind, label, path, files or {}, span, read_by)
