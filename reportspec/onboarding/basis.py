"""What a project is made of, once its source has been looked at."""

from __future__ import annotations

from collections.abc import Mapping

from reportspec.lazy_dataclass import dataclass
from reportspec.model.domain import Catalogue
from reportspec.model.mapping_proposals import Recognised, TableSeen
from reportspec.onboarding.sources import Source
from reportspec.onboarding.wish import Wish


@dataclass(frozen=True, slots=True)
class Basis:
    """What somebody wishes, the source, the CRM that it was recognised as, if any, and the catalogue."""

    wish: Wish
    source: Source
    found: Recognised | None
    catalogue: Catalogue

    @property
    def tables(self) -> Mapping[str, TableSeen]:
        """The source's tables by their names."""
        return {table.name: table for table in self.source.tables}

    @property
    def names(self) -> Mapping[str, str]:
        """The names that the mapping of the recognised CRM has for tables, by those of the source."""
        return {ours: theirs for theirs, ours in self.found.tables.items()} if self.found is not None else {}
