"""What is asked of the database: aggregates and records, in canonical names only."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from sqlglot import exp

from reportspec.calendar import Bucket
from reportspec.lazy_dataclass import dataclass
from reportspec.model.column_ids import Aggregated, Rank, SideName, Tally, on_side
from reportspec.model.domain import Field
from reportspec.model.figures import DURATIONS

ENDS_BEFORE = -1  # the place of what ends before it begins, among bins
Aggregate = Literal["count", "distinct", "sum", "squares", "min", "max", "quantile"]
Keep = Literal["value", "missing", "other_currency", "incomplete"]


@dataclass(frozen=True, slots=True)
class Side:
    """One stretch of time that is asked for, [start, end) in days of the report's zone, and the
    instant at which states are taken. Buckets divide it where a trend is wanted. With `origins` they are windows, each
    with the instant at which its states are taken in place of its end; such windows may overlap."""

    name: SideName
    start: date
    end: date
    as_of: datetime
    buckets: tuple[Bucket, ...] = ()
    origins: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Dimension:
    """What rows are grouped by: a field, or bins of a numeric one ([..30), [30..60), …), by their places, or stretches
    of a time between `edges`, by theirs: what lies before the first of them is in 0. Members that share their name are
    `called` otherwise, by their `key`; of many all are, with their key. `turns` is the order of their names, or of what
    they belong to with their names."""

    name: str
    path: tuple[str, ...]
    field: Field
    bins: tuple[float, ...] = ()
    edges: tuple[datetime, ...] = ()
    key: tuple[str, ...] = ()
    called: tuple[tuple[str, str], ...] = ()
    turns: tuple[tuple[str, ...], ...] = ()

    @property
    def ends_before(self) -> bool:
        """Whether what is below 0 stands in no bin, but by itself before them (`ENDS_BEFORE`): nothing takes less time
        than none, so what does is no short one. Bounds of one's own up to 0 are taken as they are."""
        return bool(self.bins) and self.bins[0] > 0 and self.field.unit in DURATIONS


@dataclass(frozen=True, slots=True)
class Measure:
    """One aggregate over one entity; `column` is what the result has of it on the report's own side. `keep` says
    what of a value is aggregated: the value itself, or how many have no amount, one in another currency, or an
    amount without what it is multiplied by. Amounts `at_one_rate` are converted at the rate of the report's day,
    whenever they were earned, so that what one time brought can be held against another. Of its query's conditions it
    does not ask those of `regardless`."""

    column: Aggregated | Rank | Tally
    entity: str
    aggregate: Aggregate
    of: exp.Expr | None
    where: exp.Expr | None
    anchor: exp.Expr | None  # None: a stock
    percentile: float | None = None
    unit: str = ""
    ahead: bool = False
    keep: Keep = "value"
    rate_before: exp.Expr | None = None  # where amounts are not of the anchor's day
    at_one_rate: bool = False
    regardless: tuple[exp.Expr, ...] = ()

    @property
    def metric(self) -> str:
        """The metric that it is a part of; none where it is a member's place."""
        return self.column.metric if isinstance(self.column, Aggregated) else ""

    def on(self, side: Side) -> Aggregated | Rank | Tally:
        """Its column of a side."""
        return on_side(self.column, side.name)


@dataclass(frozen=True, slots=True)
class AggregateQuery:
    """Measures by dimensions (and by bucket, if the sides have any), for one or two sides.
    `conditions` hold for every measure that is not `regardless` of one. `idle` names the entity whose rows appear even
    with nothing to count."""

    section: str
    purpose: str  # `figures`, `totals`, `buckets`, or what a section of its own kind calls it
    dimensions: tuple[Dimension, ...]
    measures: tuple[Measure, ...]
    sides: tuple[Side, ...]
    conditions: tuple[exp.Expr, ...]
    idle: str | None = None
    idle_conditions: tuple[exp.Expr, ...] = ()
    cut: exp.Expr | None = None  # the condition that must stand in the WHERE of every SELECT

    @property
    def bucketed(self) -> bool:
        return bool(self.sides[0].buckets)


@dataclass(frozen=True, slots=True)
class RecordsQuery:
    """Rows of one entity as they are, the first `limit` of them in an order; with `by` the first of
    each value of that field. The fields that are `raw` are amounts in their own currency; all others
    are in the report's. `names` are those of the fields whose values are called otherwise, by their keys. `purpose` is
    what the section needs it for, where it asks for several lists. The record at the end of the way `there` has to be
    there, too."""

    section: str
    entity: str
    fields: tuple[tuple[str, tuple[str, ...]], ...]  # (name, path)
    side: Side
    conditions: tuple[exp.Expr, ...]
    sort: tuple[tuple[tuple[str, ...], bool], ...]  # (path, descending)
    limit: int
    by: tuple[str, ...] = ()
    raw: frozenset[str] = frozenset()
    names: tuple[Dimension, ...] = ()
    purpose: str = "figures"
    there: tuple[str, ...] = ()


Query = AggregateQuery | RecordsQuery
