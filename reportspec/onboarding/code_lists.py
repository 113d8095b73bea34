"""Lists of what codes mean, as a table of `id` and `label` beside those that have the codes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress

from reportspec.errors import SourceError
from reportspec.lazy_dataclass import dataclass
from reportspec.model.mapping_proposals import ColumnSeen, TableSeen
from reportspec.onboarding.column_values import tells_apart
from reportspec.onboarding.histories import RowsOf
from reportspec.onboarding.name_words import field_words, singular, words_of
from reportspec.onboarding.seen_tables import as_text

_MOST = 40  # rows: a longer table is no list of codes
_WIDEST = 4  # columns: a wider one says more of a record than what it is called


@dataclass(frozen=True, slots=True)
class CodeList:
    """A table that says what codes mean: the columns of both, and the label of each code."""

    table: str
    code: str
    label: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CodeLists:
    """The lists of a source that no entity is read from."""

    lists: tuple[CodeList, ...] = ()

    def of(self, table: str, column: ColumnSeen, field: str) -> CodeList | None:
        """The list that has all values of a column, and a name that says that it is of it: of several the one whose
        name has most words of the column, its table and its field."""
        if not column.sample or column.distinct > _MOST:
            return None
        about = _named(column.name) | _named(field)
        fits = [
            (len(_named(one.table) & (about | _named(table))), one)
            for one in self.lists
            if column.sample <= one.labels.keys() and _named(one.table) & about
        ]
        best = max((rank for rank, _ in fits), default=0)
        found = [one for rank, one in fits if rank == best]
        return found[0] if len(found) == 1 else None


def code_lists(tables: Iterable[TableSeen], taken: Collection[str], rows_of: RowsOf) -> CodeLists:
    """The small tables, of those that no entity was seen in, with a column that tells their rows apart and another of
    texts that does so, too."""
    found = []
    for table in tables:
        if table.name in taken or not 1 < table.rows <= _MOST or len(table.columns) > _WIDEST:
            continue
        apart = [column for column in table.columns.values() if tells_apart(column, table)]
        label = next((c for c in apart if c.shape == "text" and _called(c.name, "name")), None)
        label = label or next((c for c in reversed(apart) if c.shape == "text"), None)
        code = next((c for c in apart if c is not label and c.shape in ("integer", "text")), None)
        if code is None or label is None:
            continue
        with suppress(SourceError):
            said = rows_of(table.name, (code.name, label.name), code.name)
            labels = {as_text(of): as_text(text) for of, text in said if of is not None and text is not None}
            found.append(CodeList(table.name, code.name, label.name, labels))
    return CodeLists(tuple(found))


def _called(column: str, field: str) -> bool:
    return words_of(column) in field_words(field)


def _named(name: str) -> frozenset[str]:
    return frozenset(singular(words_of(name))) - _LISTS


_LISTS = frozenset(("id", "code", "label", "list", "lookup", "name", "type", "table", "value"))
