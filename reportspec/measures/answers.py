"""The plan with its rows: what evaluating reads of a source."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import field
from typing import Any

from reportspec.lazy_dataclass import dataclass
from reportspec.model.column_ids import ColumnId
from reportspec.model.query import AggregateQuery, Query, RecordsQuery
from reportspec.model.rows import Table
from reportspec.sql.column_names import read


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
        """The same of aggregates, by what their columns hold; none where no aggregates are asked for."""
        query, table = self.aggregate(section, purpose), self.table(section, purpose)
        return read(query, table) if query is not None and table is not None else []

    def aggregate(self, section: str, purpose: str = "figures") -> AggregateQuery | None:
        """The query of aggregates for a purpose of a section."""
        table = self.given.get((section, purpose))
        return table[0] if table is not None and isinstance(table[0], AggregateQuery) else None

    def records(self, section: str, purpose: str = "figures") -> RecordsQuery | None:
        """The query of a section's list of records, by what it is for."""
        table = self.given.get((section, purpose))
        return table[0] if table is not None and isinstance(table[0], RecordsQuery) else None
