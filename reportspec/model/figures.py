"""Figures: what a report says, computed and named, before it is laid out.

The evaluate stage makes them; the renderer, `query` and every other output read them and add
nothing. Percentages are fractions (0.25 is 25 %), durations are in the column's unit, money is
in the report's currency.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from reportspec.diagnostics import Diagnostic
from reportspec.lazy_dataclass import dataclass

Cell = str | int | float | Decimal | bool | date | datetime | None
# A `difference` is in the unit of its column, of percentages in points, and has a sign; a `change` is a part of what
# there was, in per cent.
# What rows are in a `group` by is printed where it changes.
Role = Literal[
    "dimension",
    "period",
    "metric",
    "previous",
    "second",
    "target",
    "change",
    "difference",
    "group",
    "field",
]
ColumnType = Literal["text", "integer", "number", "boolean", "date", "time"]
Unit = Literal["count", "currency", "percent", "days", "seconds", "minutes", "ratio", "multiple"]
DURATIONS = ("days", "minutes", "seconds")  # the units of how long something took
GoalState = Literal["met", "on_track", "at_risk", "missed", "unknown"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a section's table. `name` is what `query` prints (`close_rate`,
    `close_rate__previous`, `user.name`, `period`); `label` is in the report's language. `labels` are
    what its cells call the values of the source that have a name in that language (`new_business`, "New business").
    Values `below` one bound or `above` the other are marked where a row stands for one thing."""

    name: str
    label: str
    type: ColumnType
    unit: Unit | None = None
    role: Role = "field"
    metric: str | None = None  # the metric's id for metric, previous and change columns
    direction: Literal["up", "down", "neutral"] = "neutral"
    currency: str | None = None
    decimals: int | None = None
    footnotes: tuple[int, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    below: float | None = None  # values below this are marked, as are those above the other
    above: float | None = None
    grows: bool = False  # whether its values become more as their step goes on: what happened in it is counted
    against: str = ""  # of a report with two comparisons what the period is called that it is of
    fixed: bool = False  # whether all of its values are there in an order of their own, as bins and steps are
    in_data: bool = False  # whether it stands in data (CSV, workbooks, JSON) and in no table that people read

    def marks(self, value: Cell, *, cut: bool = False) -> bool:
        """Whether a value is beyond a bound of the column. Of a step that is `cut`, since it is not over or has days
        beyond the period, nobody knows yet whether what grows will stay below one."""
        if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
            return False
        below = self.below if not (cut and self.grows) else None
        return (below is not None and value < below) or (self.above is not None and value > self.above)


@dataclass(frozen=True, slots=True)
class Goal:
    """A target and where the figure stands. `attainment` and `pace` are fractions: actual / target, and
    actual / (target x elapsed). Where lower is better there are none: a share of the goal would say that
    less than all of it is reached where it is missed; and where the target is not above zero, of which no share
    says how far one is. `difference` is actual - target in the unit of the figure (0.021 of a percentage is
    2.1 points above it). `landing` is where the figure ends up if it goes on as so far."""

    target: float
    direction: Literal["up", "down", "neutral"]
    attainment: float | None
    pace: float | None
    state: GoalState
    warn_at: float
    landing: float | None = None
    difference: float | None = None


@dataclass(frozen=True, slots=True)
class Kpi:
    """One tile. `change` is relative to `previous` (0.08 is +8 %), except for percent metrics,
    where it is the difference in fractions (0.021 is +2.1 percentage points)."""

    column: Column
    value: Cell
    previous: Cell = None
    change: float | None = None
    goal: Goal | None = None
    spark: tuple[float | None, ...] = ()  # the metric over the buckets of the period, oldest first
    narrowed: bool = False  # whether its section has conditions of its own, so that it is not the report's figure
    second: Cell = None  # the figure of the second period that it is compared with
    second_change: float | None = None
    cases: tuple[tuple[int, int | None], ...] = ()  # of each side those that it rests on; of a rate how many of them
    step: str = "month"  # the grain of the buckets
    mean: bool = False  # whether it is a mean, a middle or the like of its cases, which chance moves


@dataclass(frozen=True, slots=True)
class Bridge:
    """The steps of a waterfall. Each is the place of a row and by what it changed the level. `rest` is the change
    by all that have no step of their own, None where there are none; they are `others` rows (0 where it is not
    known how many). `cut`: whether rows of the section are among them."""

    steps: tuple[tuple[int, float], ...]
    rest: float | None
    others: int
    cut: bool


# A word's key: its step is not over, has not begun, or the data end in it or before it.
RowMark = Literal["", "in_progress", "not_begun", "in_part", "no_data_yet"]


@dataclass(frozen=True, slots=True)
class Chart:
    """What to draw from the section's own rows: `x` is a column's name, `y` are columns' names,
    `color` names a second dimension's column. `reference` draws a dashed line (a goal)."""

    kind: str  # one of `render/charts`, or `own`
    x: str
    y: tuple[str, ...]
    color: str | None = None
    reference: float | None = None
    reference_label: str | None = None
    partial_from: int | None = None  # index of the first bucket that is not over yet
    ahead_from: int | None = None  # index of the first bucket that has not begun
    vega_lite: Mapping[str, object] | None = None
    categories: tuple[str, ...] = ()  # the values of `color` that are always shown, in order
    order: tuple[str, ...] = ()  # of a heat map, the values of `x` in theirs
    # Of all rows, now and before, where those of the rows add up to it.
    whole: tuple[float | None, float | None] | None = None
    bridge: Bridge | None = None  # of a waterfall


@dataclass(frozen=True, slots=True)
class Told:
    """A value within a sentence, with the column that says how it is written."""

    value: Cell
    column: Column


@dataclass(frozen=True, slots=True)
class Highlight:
    """One thing that stands out. `kind` names the sentence; `phrases` is the metric's own wording
    of it by language, if it has one; `cases` are the counts behind it."""

    kind: str
    metric: str
    label: str
    values: tuple[tuple[str, Told], ...]
    phrases: Mapping[str, str] = field(default_factory=dict)
    cases: tuple[tuple[int, int | None], ...] = ()  # (of those, how many) for each side
    good: bool | None = None
    in_tiles: bool = False  # whether the tiles above it say the same


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its table and what is said about it. `rows` align with `columns`; `total` is
    one more row recomputed from the source's rows (never summed from rounded or cut rows);
    `available_rows` counts the rows before a cut, so that a cut can be told; where the others stand
    in a row of their own, nothing is cut. `shape` says how it is read: as a table, as tiles, as sentences (whose
    rows are for those who read data), or as text alone; of an `opening` the sentences stand above all sections,
    and `nothing` is left out."""

    id: str
    kind: str  # one of `sections/registry.py`
    title: str
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    total: tuple[Cell, ...] | None = None
    available_rows: int = 0
    row_labels: tuple[str, ...] = ()  # for trends: the label of each bucket in the report's language
    weekly: bool = False  # for trends: whether their buckets are weeks, whose labels are their first days
    kpis: tuple[Kpi, ...] = ()
    chart: Chart | None = None
    text: str = ""  # Markdown, for text sections
    notes: tuple[str, ...] = ()  # sentences under the section, in the report's language
    footnotes: tuple[int, ...] = ()
    break_before: bool = False
    keep_together: bool = False
    half: bool = False  # whether it stands beside another such section, if both fit
    highlights: tuple[Highlight, ...] = ()
    others: int = 0  # how many rows the last one stands for, if it is all others together
    # Totals of the rows that have one value of the first column: how many rows stand above each.
    subtotals: tuple[tuple[int, tuple[Cell, ...]], ...] = ()
    cut_rows: frozenset[int] = frozenset()  # for trends: the places of the rows whose step is not whole
    row_marks: tuple[RowMark, ...] = ()  # for trends: of each row, why its bucket is not whole yet
    shape: Literal["table", "tiles", "sentences", "text", "opening", "nothing"] = "table"
    states: tuple[str, ...] = ()  # for goals: of each row, where it stands
    bars: bool = False  # whether the first metric has a bar beside its numbers
    in_mails: int = 0  # how many of its rows the text of a mail names
    whole: bool = False  # whether all rows are printed, however many they are
    message: Highlight | None = None  # what its heading says, before its title
    # Of each row the cases that its first metric rests on, now and before; of a rate how many of them.
    cases: tuple[tuple[tuple[int, int | None], ...], ...] = ()
    # Of each row the metrics that rest on so few cases, now or before, that their change says nothing.
    few: tuple[frozenset[str], ...] = ()
    few_in_all: frozenset[str] = frozenset()  # the same of the row over all
    known_by: tuple[str, ...] = ()  # the columns by which rows are known again, where their roles do not say it

    @property
    def named_rows(self) -> tuple[tuple[Cell, ...], ...]:
        """The rows that stand for one thing each: without that of all others together, which no value names."""
        return self.rows[:-1] if self.others else self.rows

    def with_columns(self, places: Sequence[int]) -> Section:
        """The section with these of its columns only, by their places."""

        def cut(row: tuple[Cell, ...]) -> tuple[Cell, ...]:
            return tuple(row[place] for place in places)

        return replace(
            self,
            columns=tuple(self.columns[place] for place in places),
            rows=tuple(map(cut, self.rows)),
            total=cut(self.total) if self.total else None,
            subtotals=tuple((above, cut(row)) for above, row in self.subtotals),
        )


@dataclass(frozen=True, slots=True)
class Headline:
    """What the report says before its figures, by the rules of its type: the title as a message (what it is about,
    where that stands against its goal, and what got worse meanwhile, so far as there is such) and the sentences
    under it."""

    title: tuple[Highlight, ...] = ()
    lead: tuple[Highlight, ...] = ()


@dataclass(frozen=True, slots=True)
class Definition:
    """How a metric was computed, for the appendix."""

    metric: str
    label: str
    description: str
    formula: str
    unit: Unit | None
    sql_hash: str  # of the statement that fetched it
    rows_read: int | None  # source rows that entered it, None where not known


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement that was run: for which section, its text, hash and returned rows."""

    section: str
    sql: str
    sql_hash: str
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """[start, end) in days of the report's time zone, and what people call it (`Q3 2026`). Of what an
    unfinished period is compared with it is the stretch that answers (`1–12 Oct 2026`)."""

    start: date
    end: date
    label: str


LARGEST_LOGO = 1_000_000  # bytes; a logo is printed a few centimetres wide


@dataclass(frozen=True, slots=True)
class Theme:
    """Looks that a project or a report may set. `logo` is the file's bytes with its media type;
    `header` stands for the title at the top of pages; without `contents`, long reports have them.
    `fonts` are the files of a regular and a bold face, `pdf` is the standard that the PDF keeps. `appendix` is `short`
    where the report ends with what its words mean, and how figures were computed is attached, `full` where that is
    printed as well."""

    accent: str = "#0b5fff"
    paper: Literal["A4", "Letter"] = "A4"
    logo: bytes | None = None
    logo_type: str | None = None
    landscape: bool = False
    header: str = ""
    footer: str = ""
    cover: bool = False
    contents: bool | None = None
    fonts: tuple[bytes, bytes] | None = field(default=None, repr=False)
    appendix: Literal["off", "short", "full"] = "short"
    pdf: Literal["ua-1", "a-3a"] = "ua-1"
    negatives: Literal["minus", "parentheses"] = "minus"
    cents: Literal["auto", "always", "never"] = "auto"


@dataclass(frozen=True, slots=True)
class Remark:
    """What a footnote says of its figures (the `subject`), so that those of one kind can be told together."""

    kind: str  # of those in the languages' `together`
    subject: str
    what: str
    of: str = ""  # what it is about: of one figure another number of the same is of a section with other rows


@dataclass(frozen=True, slots=True)
class Figures:
    """A whole report, ready to be laid out or printed as data."""

    report: str  # the report type's id, `custom` for one's own
    report_label: str
    title: str
    period: PeriodFigures
    compare: PeriodFigures | None
    as_of: datetime
    source_label: str  # where the data is from, without any secret
    data_as_of: datetime | None  # when the data were loaded, else the newest change found in them; midnight for a day
    filters: tuple[str, ...]  # the filters in words, in the report's language
    sections: tuple[Section, ...]
    definitions: tuple[Definition, ...]
    statements: tuple[Statement, ...]
    footnotes: tuple[str, ...]  # footnote n is footnotes[n - 1]
    language: str  # of the words
    locale: str  # of numbers and dates
    currency: str | None
    timezone: str
    remarks: Mapping[str, Remark] = field(default_factory=dict)  # of footnotes that others are like, by their texts
    second: PeriodFigures | None = None  # what it is compared with besides
    notices: tuple[str, ...] = ()  # on the report as a whole; they stand in every form
    row_counts: tuple[tuple[str, int], ...] = ()  # entity label, rows read from the source
    warnings: tuple[Diagnostic, ...] = ()  # what is told of the source, for the terminal
    not_told: tuple[str, ...] = ()  # what is known of the source and told in the appendix only, with why
    each: tuple[str, str] | None = None  # the field and the value that the report is cut out for
    headline: Headline = field(default_factory=Headline)
    titled: bool = False  # whether its author wrote the title, which no message stands in for then
    theme: Theme = field(default_factory=Theme)
    marked: bool = False  # whether each figure of a page says where it stands, for who asks what it is made of

    def texts(self) -> Iterator[str]:
        """All texts that come from the source or the spec, as they may be printed."""
        yield from (self.title, self.source_label, *self.filters)
        yield from (*self.notices, *self.footnotes, *self.not_told)
        for section in self.sections:
            yield from (section.title, section.text, *section.notes, *section.row_labels)
            for column in section.columns:
                yield column.label
            for row in section.rows:
                for cell in row:
                    if isinstance(cell, str):
                        yield cell
