"""The records of a source in DuckDB: made there where the source is DuckDB itself, else brought over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from reportspec.lazy_dataclass import dataclass
from reportspec.model.rows import Table
from reportspec.model.settings import Project, SourceSpec
from reportspec.resolve.binding import Binding
from reportspec.run.connection import Wanted
from reportspec.sql.dialect import source_tables, sql_text

if TYPE_CHECKING:
    from reportspec.databases.duckdb import EmbeddedConnection
    from reportspec.run.connection import Connection

_BATCH = 20_000  # rows that are handed over at once


@dataclass(frozen=True, slots=True)
class Workspace:
    """A session of DuckDB with tables of its own beside the source. `source` is the session that reads the source, the
    same one where that is DuckDB."""

    source: Connection
    tables: EmbeddedConnection
    wanted: Wanted

    def bring(self, name: str, statement: exp.Select) -> None:
        """Have the rows of a statement to the source as a table. Raises SourceError."""
        from reportspec.run.execute import ask

        if self.source is self.tables:
            self.tables.keep(name, sql_text(statement, self.source.dialect, loose=self.source.loose()), ())
        else:
            self.fill(name, ask(self.source, self.wanted, statement))

    def fill(self, name: str, table: Table) -> None:
        """Have rows as a table of texts. Raises SourceError."""
        self.tables.fill(name, table.columns, ([_text(item) for item in row] for row in table.rows), _BATCH)

    def keep(self, name: str, select: exp.Select) -> exp.Table:
        """Have the rows of a SELECT over tables of the workspace as one of them. Raises SourceError."""
        self.tables.keep(name, select.sql("duckdb", copy=False), ())
        return self.table(name)

    def run(self, select: exp.Expr) -> Table:
        """The rows of a SELECT over tables of the workspace. Raises SourceError."""
        return self.tables.run(select.sql("duckdb", copy=False))

    def drop(self, *names: str) -> None:
        """Give up tables of the workspace."""
        for name in names:
            self.tables.forget(name)

    @staticmethod
    def table(name: str) -> exp.Table:
        """A table of the workspace."""
        from reportspec.databases.duckdb import KEPT

        return exp.Table(this=exp.to_identifier(name, quoted=True), db=exp.to_identifier(KEPT, quoted=True))


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return format(value, "f") if hasattr(value, "as_tuple") else str(value)


@contextmanager
def workspace(project: Project, binding: Binding, statements: Iterable[exp.Expr]) -> Iterator[Workspace]:
    """The workspace beside a source of which statements will be asked. Raises SourceError."""
    from reportspec.databases.duckdb import EmbeddedConnection, open_embedded
    from reportspec.run.connect import connect, wanted_for

    wanted = wanted_for(project, binding, (name for tree in statements for name in source_tables(tree)))
    source = connect(project.source, wanted)
    tables: EmbeddedConnection | None = None
    try:
        if isinstance(source, EmbeddedConnection):
            tables = source
        else:
            tables = open_embedded(SourceSpec("files", "the workspace"), wanted)
        yield Workspace(source, tables, wanted)
    finally:
        source.close()
        if tables is not None and tables is not source:
            tables.close()


def literal_rows(values: Mapping[str, Sequence[str]]) -> Table:
    """Rows of two columns, `name` and `form`, of the forms of names."""
    return Table(("name", "form"), tuple((name, form) for name, forms in values.items() for form in forms))
