"""The settings of a project: where the data is, and what its specs share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from reportspec.calendar import Fiscal
from reportspec.diagnostics import Span
from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Theme
from reportspec.model.mail import Mail

if TYPE_CHECKING:
    from reportspec.databases import Database

TIMEOUT, PARALLEL = 600, 4


@dataclass(frozen=True, slots=True)
class FileSpec:
    """The files of a table, and what the project says of how they are written; what is empty is found in them.
    `date_format` has formats of `strptime` by column, those for all columns under an empty name."""

    paths: tuple[str, ...]
    encoding: str = ""
    delimiter: str = ""
    decimal: str = ""
    thousands: str = ""
    date_format: tuple[tuple[str, tuple[str, ...]], ...] = ()
    skip: int | None = None
    sheet: str | int | tuple[str, ...] | None = None  # several are one table
    columns: tuple[str, ...] = ()
    null: tuple[str, ...] = ()
    percent: tuple[str, ...] = ()  # columns whose numbers are hundredths
    parts: str = ""  # of a sheet of several tables with one header: the column that takes what stands above each
    span: Span | None = None
    alone: str = ""  # the path as it is written, where the project says nothing else of them


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """Where the data is: `demo`, a DuckDB file, files to load, or another database's URL; and what reads it."""

    kind: str  # "demo", "files", one of `databases.KINDS`, or "url" for what is none of them
    label: str  # for people, without secrets
    path: str = field(default="", repr=False)  # a file, or a URL with its password
    files: Mapping[str, FileSpec] = field(default_factory=dict)
    span: Span | None = None
    database: Database | None = None

    @property
    def dialect(self) -> str:
        """The SQL that the source speaks."""
        return self.database.dialect.name if self.database is not None else "duckdb"

    @property
    def typed_before(self) -> bool:
        """Whether the types of its columns are known when a spec is checked."""
        return self.database is not None and self.database.table_types is not None


@dataclass(frozen=True, slots=True)
class Known:
    """What is not told of the source: a check, what it is about (empty: all), and why."""

    check: str
    of: str
    reason: str


@dataclass(frozen=True, slots=True)
class SourceChecks:
    """What becomes of what a source does not say as it should. `strict` makes no report of it."""

    strict: bool = False
    ignore: tuple[Known, ...] = ()


A_YEAR = 365  # days


@dataclass(frozen=True, slots=True)
class System:
    """A system that holds customer data: what it holds, who answers for it and who may change data there; on which day
    that access was last reviewed and those who have it last trained, and after how many days both are due again."""

    name: str
    holds: tuple[str, ...] = ()
    owner: str = ""
    access: tuple[str, ...] = ()
    reviewed: date | None = None
    review_every: int = A_YEAR
    trained: date | None = None
    train_every: int = A_YEAR


@dataclass(frozen=True, slots=True)
class Project:
    """The settings that a project's specs share."""

    root: Path
    file: str
    source: SourceSpec
    crm: str
    mapping: str
    timezone: str
    source_timezone: str | None
    language: str | None  # of words; None for the locale's
    locale: str | None  # of numbers and dates; None for the language's
    currency: str | None
    fiscal: Fiscal
    theme: Theme
    timeout: int = TIMEOUT  # seconds for one statement
    parallel: int = PARALLEL  # statements side by side
    memory: int = 0  # megabytes for DuckDB; 0: half of what there is
    disk: int = 0  # megabytes of DuckDB's temporary files; 0: half of what is free
    mail: Mail = field(default_factory=Mail)
    checks: SourceChecks = field(default_factory=SourceChecks)
    systems: tuple[System, ...] = ()
    # When the data were loaded, as an instant or a whole day; after how long without a change they are
    # taken to end with the newest, None for what their own gaps make likely.
    loaded_at: datetime | date | None = None
    stale_after: timedelta | None = None
