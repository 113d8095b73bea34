"""Where a figure of a page stands: the mark that it has in the page's HTML, and the figure that a mark is of."""

from __future__ import annotations

from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Cell, Column, Figures, Section

TOTAL = "total"  # the row over all
_SUBTOTAL = "subtotal"
_ROLES = ("metric", "previous", "difference", "change")


@dataclass(frozen=True, slots=True)
class Mark:
    """A figure's place: the section's id, the row (its place, counted from 0; `total`; `subtotal0`, …) and the name of
    the column."""

    section: str
    row: str
    column: str

    @property
    def text(self) -> str:
        """The mark as it stands in a page."""
        return f"{self.row} {self.column} {self.section}"


@dataclass(frozen=True, slots=True)
class Marked:
    """A figure: its section, its column, the value as it was computed, and the row's other cells with their columns;
    and whether it is a `difference` to the figure of the other period, whose column and value these are then."""

    section: Section
    column: Column
    value: Cell
    row: tuple[tuple[Column, Cell], ...]
    kind: str  # `row`, `total`, `subtotal`, or `others`: one row for all rows that are not shown
    at: int = 0  # of a row: its place


def subtotal(place: int) -> str:
    """The row that is a group's total."""
    return f"{_SUBTOTAL}{place}"


def is_figure(column: Column) -> bool:
    """Whether the cells of a column are figures of a metric, now or before, or how they changed."""
    return column.metric is not None and column.role in _ROLES


def mark_of(text: str) -> Mark | None:
    """The mark that a text is; None where it is none."""
    row, _, rest = text.partition(" ")
    column, _, section = rest.partition(" ")
    return Mark(section, row, column) if row and column and section else None


def marked_figure(figures: Figures, mark: Mark) -> Marked | None:
    """The figure of a mark; None where there is none, as where the report has changed since."""
    there = [
        (section, place)
        for section in figures.sections
        for place, column in enumerate(section.columns)
        if section.id == mark.section and column.name == mark.column
    ]
    if len(there) != 1:  # parts of one section may have its id
        return None
    [(section, place)] = there
    row, kind, at = None, "row", 0
    if mark.row == TOTAL:
        row, kind = section.total, "total"
    elif mark.row.startswith(_SUBTOTAL) and mark.row[len(_SUBTOTAL) :].isdecimal():
        at, kind = int(mark.row[len(_SUBTOTAL) :]), "subtotal"
        row = section.subtotals[at][1] if at < len(section.subtotals) else None
    elif mark.row.isdecimal() and int(mark.row) < len(section.rows):
        at = int(mark.row)
        row = section.rows[at]
        kind = "others" if section.others and at == len(section.rows) - 1 else "row"
    if row is None or not is_figure(section.columns[place]):
        return None
    return Marked(section, section.columns[place], row[place], tuple(zip(section.columns, row, strict=True)), kind, at)
