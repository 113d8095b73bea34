"""What a mapping says: where a source has the entities, their fields, and the tables beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from sqlglot import exp

from reportspec.diagnostics import Span
from reportspec.holds import Holds
from reportspec.lazy_dataclass import dataclass
from reportspec.model.domain import Texts


@dataclass(frozen=True, slots=True)
class MappedField:
    """A canonical field in the source's own SQL."""

    name: str
    sql: exp.Expr
    type: str | None  # the type that the mapping states, if any
    label: Texts
    span: Span | None
    holds: Holds = ""  # what the source has there
    order: tuple[str, ...] = ()  # its values as they follow each other
    written: str = ""  # the text of an expression, as it stands in the mapping; empty of a column's name
    lenient: bool = False  # a shipped mapping's: the source may lack what it names
    finer: bool = False  # whether numbers may have more decimals than an amount keeps
    exact_up_to: int = 0  # of a key: the number from which on two may have become one; 0: none
    enum: bool = False  # a column of an enum, which is read as a text
    key_kind: str = ""  # of a key: what it is compared as, with others of that kind; empty: as text


@dataclass(frozen=True, slots=True)
class MappedJoin:
    """Another table beside a part's own, never with more than one row for each of its rows:
    grouped by its keys (`fields` are aggregates), cut to the first row of an order, or stated to
    be unique."""

    name: str
    table: exp.Table
    where: exp.Expr | None
    on: tuple[tuple[exp.Expr, exp.Expr], ...]  # (key of the other table, expression of this one)
    fields: Mapping[str, exp.Expr]
    first: tuple[exp.Ordered, ...]
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class MappedPart:
    """One table that an entity's rows come from. `latest` keeps one row for each key, the first
    of an order: for tables that keep every version of a record."""

    table: exp.Table
    where: exp.Expr | None
    fields: Mapping[str, MappedField]
    joins: tuple[MappedJoin, ...] = ()
    latest: tuple[tuple[exp.Expr, ...], tuple[exp.Ordered, ...]] | None = None
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class Lack:
    """What a source does not have though a mapping reads it: a table, or a column of one. Of what decides
    which rows there are, `span` is where the mapping says it; of a table, `own` says that it is one's own mapping
    that names it."""

    table: str
    column: str = ""
    help: str = ""
    span: Span | None = None
    own: bool = False

    @property
    def text(self) -> str:
        """The same in words."""
        if not self.column:
            return f"the source has no table `{self.table}`"
        return f"the source's table `{self.table}` has no column `{self.column}`"


@dataclass(frozen=True, slots=True)
class MappedEntity:
    """An entity's tables in the source, or its literal rows. `fields` are those that at least one
    of the tables gives. `link` is the address of a record in the CRM, in which its key stands as `{key}`."""

    entity: str
    parts: tuple[MappedPart, ...]
    fields: Mapping[str, MappedField]
    rows: tuple[Mapping[str, Any], ...] = ()
    span: Span | None = None
    link: str = ""


@dataclass(frozen=True, slots=True)
class ColumnRead:
    """A column that a mapping names. `type` is the SQL type of the field that it is as it stands, empty where
    expressions read it; `field` is that field (`deal.closed_at`). `key_of` says of an entity's key
    which rows are read, as a condition in the source's SQL (`TRUE`: all)."""

    table: str
    column: str
    type: str = ""
    field: str = ""
    key_of: str = ""
    currency: str = ""  # of an amount, where all of them are in one
    currency_field: str = ""  # which says it
    currency_sql: str = ""  # what says it in each row, of an amount whose table has it
    number: bool = False  # whether an expression takes the column for a number
    reckoned: bool = False  # whether one reckons with it, or compares it with numbers, which goes with no text
    timed: bool = False  # whether one takes it for a time, and would not know without a value which kind of time


@dataclass(frozen=True, slots=True)
class Written:
    """The text of a mapping's expression for a `field` (`deal.amount`) of a table's rows: a column may be called so."""

    table: str
    text: str
    field: str


@dataclass(frozen=True, slots=True)
class SourceMap:
    """What the source can serve, and how."""

    name: str
    dialect: str
    timezone: str | None
    entities: Mapping[str, MappedEntity]
    csv_columns: Literal["typed", "text"] = "typed"
    file: str = ""  # the mapping file to extend, for messages
    prefer: Mapping[str, str] = field(default_factory=dict)  # derived entity -> what it is made from
    # Why an entity (`deal`) or a field of it (`deal.type`) is not given, though the mapping has it.
    lacks: Mapping[str, Lack] = field(default_factory=dict)
    # What one's own lines read that is not there: a report that needs it is not made.
    wrong: Mapping[str, Lack] = field(default_factory=dict)
    # Entities whose tables turned out to have no rows, though there are records of which these would tell something.
    empty: frozenset[str] = frozenset()
    # Fields (`deal.probability`) that turned out to have no value in any row that is to have one.
    untold: frozenset[str] = frozenset()
    keys: Literal["", "text", "typed"] = ""  # what the mapping says of keys; empty: the types of columns do
    # Of files: the columns to read, as the mapping names them, and not as what they turned out to hold.
    reads: tuple[ColumnRead, ...] = ()
