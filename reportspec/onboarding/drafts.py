"""A mapping that is proposed, as values: its blocks of lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import NamedTuple

from reportspec.lazy_dataclass import dataclass
from reportspec.model.mapping_proposals import StageSeen


@dataclass(frozen=True, slots=True)
class Line:
    """How a field is read: `sql`, and `mark` of how sure that is: nothing where it is, else why somebody has to look.
    An `off` line is only a comment. Of a `doubted` one rows say that it lacks something, however sure its name is."""

    field: str
    sql: str
    mark: str = ""
    off: bool = False
    columns: tuple[str, ...] = ()
    type: str = ""
    doubted: bool = False


class Beside(NamedTuple):
    """A table beside an entity's own: its key, what of ours is the same, and the columns by which the first of several
    rows of one key counts, where it may have several."""

    table: str
    theirs: str
    ours: str
    first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """An entity's table, with its lines; `key` is one of them."""

    entity: str
    table: str
    key: Line | None
    lines: tuple[Line, ...]
    mark: str = ""
    off: bool = False
    where: str = ""
    each_of: str = ""  # the column of which one row for each value counts
    joins: Mapping[str, Beside] = field(default_factory=dict)  # name -> table, its key, ours
    settings: tuple[tuple[str, str, str], ...] = ()  # more of its lines: `where` or `latest`, its YAML, why
    keyless: str = ""  # what is said where no column is its key
    each_by: str = ""  # of `each_of`: the column by which a row is the first one, where they are not all alike


@dataclass(frozen=True, slots=True)
class Draft:
    """A whole mapping: its blocks, and the stages where no table has them."""

    blocks: tuple[Block, ...]
    stages: tuple[StageSeen, ...] = ()
    currency: str | None = None  # that of amounts taken in the company's: nothing where none tells which that is

    def lines(self) -> Iterator[tuple[Block, Line]]:
        """All lines, keys too."""
        for block in self.blocks:
            for line in (*((block.key,) if block.key else ()), *block.lines):
                yield block, line
