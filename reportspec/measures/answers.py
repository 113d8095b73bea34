"""The plan with its rows: what evaluating reads of a source."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from reportspec.lazy_dataclass import dataclass
from reportspec.model.column_ids import BUCKET, ColumnId, Member
from reportspec.model.query import AggregateQuery, Query, RecordsQuery
from reportspec.model.rows import Table
from reportspec.sql.column_names import read

_SECOND = "second"


def for_second(purpose: str) -> str:
    """What the query is called that asks for a purpose of the second period that a report is compared with."""
    return f"{purpose} {_SECOND}"


@dataclass(frozen=True, slots=True)
class Answers:
    """Each query of a report with the rows that it gave, by its section and purpose. What several sections make of
    them is made once, and `remembered`."""

    given: Mapping[tuple[str, str], tuple[Query, Table]]
    remembered: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, queries: Iterable[Query], tables: Iterable[Table]) -> Answers:
        """Queries with their tables, in the same order."""
        pairs = zip(queries, tables, strict=True)
        return cls({(query.section, query.purpose): (query, table) for query, table in pairs})

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self.given

    def table(self, section: str, purpose: str = "figures") -> Table | None:
        """The rows for a purpose of a section, None where it asks for nothing of the kind."""
        table = self.given.get((section, purpose))
        return table[1] if table is not None else None

    def rows(self, section: str, purpose: str = "figures") -> list[dict[ColumnId, Any]]:
        """The same of aggregates, by what their columns hold; none where no aggregates are asked for. Rows of a second
        period that the report is compared with are in those of the same members."""
        rows, besides = (self._read(section, name) for name in (purpose, for_second(purpose)))
        return _joined(rows, besides) if besides else rows

    def _read(self, section: str, purpose: str) -> list[dict[ColumnId, Any]]:
        query, table = self.given.get((section, purpose), (None, None))
        return read(query, table) if isinstance(query, AggregateQuery) and table is not None else []

    def aggregate(self, section: str, purpose: str = "figures") -> AggregateQuery | None:
        """The query of aggregates for a purpose of a section, with the sides of all periods."""
        query, besides = (self.given.get((section, name), (None,))[0] for name in (purpose, for_second(purpose)))
        if not isinstance(query, AggregateQuery):
            return None
        return replace(query, sides=(*query.sides, *besides.sides)) if isinstance(besides, AggregateQuery) else query

    def records(self, section: str, purpose: str = "figures") -> RecordsQuery | None:
        """The query of a section's list of records, by what it is for."""
        table = self.given.get((section, purpose))
        return table[0] if table is not None and isinstance(table[0], RecordsQuery) else None


def _joined(rows: Sequence[dict[ColumnId, Any]], others: Iterable[dict[ColumnId, Any]]) -> list[dict[ColumnId, Any]]:
    """Rows with what others have of the same members and steps; then those others of which there is no row."""
    by_key = {_key(row): row for row in others}
    joined = [{**by_key.pop(_key(row), {}), **row} for row in rows]
    return [*joined, *by_key.values()]


def _key(row: Mapping[ColumnId, Any]) -> tuple[Any, ...]:
    return tuple(value for column, value in row.items() if isinstance(column, Member) or column is BUCKET)
