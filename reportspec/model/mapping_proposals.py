"""What is found in a source that has no mapping yet, and the mapping that is proposed for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from reportspec.lazy_dataclass import dataclass

Shape = Literal["empty", "integer", "number", "percent", "boolean", "date", "time", "clock", "text", "list"]


@dataclass(frozen=True, slots=True)
class ColumnSeen:
    """A column with what its values are like: their `shape`; how many rows have one (`filled`) and how many
    different ones there are (`distinct`), of the rows that were looked at; the most frequent ones with how often they
    stand (`values`); the signs of currencies in them; how dates are written (`formats`, several `ways` where day and
    month may stand either way); the share that are addresses of mail or telephone numbers; the largest number, and
    the mean length of texts. Of lists and JSON (`json`) the values are those at a path `inside` each: in the first of a
    list; where there is no such path, the shape is `list`."""

    name: str
    shape: Shape
    filled: int
    distinct: int
    values: tuple[tuple[str, int], ...] = ()
    sample: frozenset[str] = frozenset()
    currencies: tuple[str, ...] = ()
    ways: tuple[tuple[str, ...], ...] = ()
    formats_said: bool = False  # whether how dates are written has to be said for them to be read
    decimals: tuple[tuple[str, str], ...] = ()  # (decimal, thousands): how numbers with signs in them may be read
    oldest: str = ""  # the first day, as ISO writes it
    newest: str = ""  # the last one
    abbreviated: bool = False  # whether numbers end in K, M or B
    emails: float = 0.0
    phones: float = 0.0
    largest: float | None = None
    length: float = 0.0
    longest: int = 0
    inside: tuple[int | str, ...] = ()
    json: bool = False
    nothing: tuple[str, ...] = ()  # texts that stand for no value, such as `-None-`
    native: bool = False  # whether a database has yes and no as such, and not as texts


@dataclass(frozen=True, slots=True)
class TableSeen:
    """A table with its columns, how many of its `rows` were looked at, whether these are all (`whole`), and how many of
    them are the same as one before in all columns (`repeated`)."""

    name: str
    rows: int
    columns: Mapping[str, ColumnSeen]
    whole: bool = True
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A column that a field may be read from, how sure that is (0 to 1), and why."""

    table: str
    column: str
    confidence: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldProposal:
    """How a field is read: by the SQL of its best candidate's table, and the others, best first."""

    entity: str
    field: str
    candidates: tuple[Candidate, ...]

    @property
    def confidence(self) -> float:
        """That of the best candidate."""
        return self.candidates[0].confidence if self.candidates else 0.0


@dataclass(frozen=True, slots=True)
class PartProposal:
    """A table that an entity's rows come from, how sure that is, and how its fields are read. `each_of` is the
    value that all rows have of what tells several such tables apart (`call`); `only` the column that says of a row
    whether it is one, where a table has those of two entities, and the values that say so."""

    entity: str
    table: str
    confidence: float
    reasons: tuple[str, ...]
    fields: Mapping[str, FieldProposal]
    each_of: str = ""
    only: tuple[str, tuple[str, ...]] = ("", ())


@dataclass(frozen=True, slots=True)
class StageSeen:
    """A stage that deals are in, though no table has the stages: by the value that deals have, in the order in which
    they are proposed, and whether it wins or loses. `sure` says that a word of the catalogue says so."""

    value: str
    position: int
    probability: float | None
    outcome: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping that is proposed: the tables of each entity, and the stages where no table has them."""

    parts: tuple[PartProposal, ...]
    stages: tuple[StageSeen, ...] = ()
    unused: tuple[str, ...] = ()  # tables that nothing is read from


@dataclass(frozen=True, slots=True)
class Recognised:
    """A shipped mapping that tables are of: its name, which table here is which of its own, and how many of the
    columns that it reads of those are there."""

    crm: str
    tables: Mapping[str, str]  # its name -> the name here
    columns: int
    of: int
