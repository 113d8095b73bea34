"""A checked report: every name resolved, every period a pair of days, nothing left to look up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from sqlglot import exp

from reportspec.calendar import Align, Period, day_within, instant, same_point, until
from reportspec.diagnostics import Span
from reportspec.languages.numbers import money_in, number_in
from reportspec.lazy_dataclass import dataclass
from reportspec.model.audits import Audit, Earlier
from reportspec.model.column_ids import SideName
from reportspec.model.domain import Metric
from reportspec.model.mail import Delivery
from reportspec.model.mapped import SourceMap
from reportspec.model.query import Dimension, Side
from reportspec.model.settings import Project

if TYPE_CHECKING:
    from reportspec.check.report import Checked
    from reportspec.resolve.binding import Binding

Regroup = Callable[[Dimension, Sequence[Dimension]], Dimension]


@dataclass(frozen=True, slots=True)
class Each:
    """One report for each value of a dimension. `fields` are further fields of its entity that
    texts name (`each.email`); `table` has them by value where they are in a file of the project."""

    dimension: Dimension
    condition: exp.Expr  # that rows belong to the value, which stands as `EACH`
    conditions: tuple[exp.Expr, ...] = ()  # which values
    fields: tuple[tuple[str, tuple[str, ...]], ...] = ()
    table: Mapping[str, Mapping[str, str]] | None = None


# What stands for the value of `for_each` until it is known.
EACH = "{{ each }}"


@dataclass(frozen=True, slots=True)
class PartTarget:
    """Why targets of a table make none of the report's period: they are there for `count` of its `of`
    months or days, they `overlap`, they are those of parts and of a `rate`, which does not add up, or
    there is `none`. `name` is whom they are for; of a target of all it is empty."""

    name: str
    why: Literal["months", "days", "overlap", "rate", "none"]
    count: int = 0
    of: int = 0


@dataclass(frozen=True, slots=True)
class GoalSpec:
    """A target for a metric and the share of it below which it is at risk. `by` sets one for each
    value of a dimension; `table` takes targets from the source's own (the entity `goal`). `covers`
    says how many of how many values have one, where that keeps the sum of them from being a target;
    `parts` what the table has for a part of the period only."""

    target: float | None
    warn_at: float
    direction: Literal["up", "down", "neutral"]
    by: Dimension | None = None
    targets: Mapping[str, float] = field(default_factory=dict)
    table: bool = False
    covers: tuple[int, int] | None = None
    parts: tuple[PartTarget, ...] = ()
    sure: bool = True  # whether all that have one belong to the report, be nothing counted of them
    places: Mapping[str, Span] = field(default_factory=dict, compare=False)  # where the spec has each of the `targets`


@dataclass(frozen=True, slots=True)
class Bound:
    """Values of a column are marked that are below the one or above the other, in the unit of the column."""

    column: str
    below: float | None = None
    above: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionSpec:
    """One section to compute: what all kinds of them have. What only one has is in the file of the kind
    (`sections/`)."""

    kind: ClassVar[str]
    tabled: ClassVar[bool] = False  # whether it has a table with a column for each of its metrics or fields
    id: str
    title: str
    note: str = ""
    conditions: tuple[exp.Expr, ...] = ()
    omitted: tuple[str, ...] = ()  # sentences on what this source cannot serve
    break_before: bool = False
    keep_together: bool = False
    half: bool = False
    titled: bool = False  # whether its author named it
    marks: tuple[Bound, ...] = ()
    own_chart: Mapping[str, object] | None = None  # in Vega-Lite
    span: Span | None = field(default=None, compare=False)  # where the spec has it

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics that it shows."""
        return ()

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """What its rows are grouped by."""
        return ()

    @property
    def paths(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The fields that it lists of an entity: (the entity, the field's path)."""
        return ()

    @property
    def targeted(self) -> tuple[Metric, ...]:
        """The metrics whose targets it shows, where they have one."""
        return ()

    @property
    def lands(self) -> bool:
        """Whether it says what its metrics will come to by the period's end, from more than what there is so far."""
        return False

    @property
    def judged(self) -> str:
        """The metric whose goal it shows by a dimension; none of most kinds."""
        return ""

    @property
    def audited(self) -> bool:
        """Whether it shows what an audit of the records found."""
        return False

    @property
    def step(self) -> str:
        """What its buckets are: the grain of a trend."""
        return "step"

    def keyed(self, key_of: Callable[[str], str | None]) -> Self:
        """The same with a column that has the key of the records that it lists, where it lists any: `key_of` says which
        field is the key of an entity, if the source has it."""
        return self

    def all_dimensions(self) -> tuple[Dimension, ...]:
        """The dimensions, also those that members are only compared by."""
        return self.dimensions

    @property
    def listed_names(self) -> tuple[Dimension, ...]:
        """The names of other records that it lists, each as what rows could be grouped by."""
        return ()

    def regrouped(self, change: Regroup) -> Self:
        """The same section with each of its dimensions changed, or names; `change` also gets those beside it."""
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedSection(SectionSpec):
    """A section that shows metrics by dimensions."""

    metrics: tuple[Metric, ...] = ()
    dimensions: tuple[Dimension, ...] = ()

    def regrouped(self, change: Regroup) -> Self:
        """The same with each of its dimensions changed."""
        return replace(self, dimensions=tuple(change(one, self.dimensions) for one in self.dimensions))


@dataclass(frozen=True, slots=True)
class LeadRule:
    """What a sentence of the lead is made from: the `tile` of a metric, or a section: what a change consists of, its
    sentences, or of a table the row that has the `lowest`, `highest` or `largest` of a metric, or the rows that have
    `none` of it. Rows count that have at least so many of the column `cases`."""

    say: str = ""
    tile: str = ""
    section: str = ""
    row: Literal["", "lowest", "highest", "largest", "none"] = ""
    metric: str = ""
    cases: str = ""
    at_least: int = 10


HeadingKind = Literal["change", "largest", "lowest", "highest", "peak"]


@dataclass(frozen=True, slots=True)
class HeadingRule:
    """What the heading of a section tells of its first metric: the first of these that the figures bear out, of rows
    that rest on so many cases."""

    section: str
    tell: tuple[HeadingKind, ...]
    at_least: int = 10


@dataclass(frozen=True, slots=True)
class HeadlineRules:
    """The metrics that a title may be about, the first first, what its lead says, and the headings of sections."""

    title: tuple[str, ...] = ()
    lead: tuple[LeadRule, ...] = ()
    headings: tuple[HeadingRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Another period that the report's figures are compared with: its stretch, its side, and how the days of the two
    meet."""

    period: Period
    side: Side
    alignment: Align = "day"


@dataclass(frozen=True, slots=True)
class Report:
    """A report ready to be planned."""

    file: str
    id: str
    type_label: str
    title: str
    period: Period
    compare: Period | None
    as_of: datetime
    sides: tuple[Side, ...]  # current, and previous where there is a comparison
    conditions: tuple[exp.Expr, ...]
    filter_texts: tuple[str, ...]
    goals: Mapping[str, GoalSpec]
    sections: tuple[SectionSpec, ...]
    project: Project
    binding: Binding
    locale: str
    language: str
    now: datetime  # the clock, or what stands for it: of periods, of mails, of how old data are
    alignment: Align = "day"
    second: Comparison | None = None  # what its figures are compared with besides
    headline: HeadlineRules = field(default_factory=HeadlineRules)
    titled: bool = False  # whether the spec has a title of its own
    figures_named: frozenset[str] = frozenset()  # in its texts: `metrics.close_rate.change`
    each: Each | None = None
    delivery: Delivery | None = None
    settings: Mapping[str, str] = field(default_factory=dict)  # of params, as they were set
    declared: Mapping[str, Any] = field(default_factory=dict)  # the params as the spec has them
    params: Mapping[str, object] = field(default_factory=dict)  # all of them
    # What an audit of its records found, where sections show that: of each value of `for_each`, or of all under `""`;
    # and what the audits before had found.
    audits: Mapping[str, Audit] = field(default_factory=dict, compare=False, repr=False)
    audited_before: Earlier | None = field(default=None, compare=False, repr=False)
    # What came of the chances that its lists ask for: `shown`, or why there are none; empty where none asks.
    chances: Literal["", "shown", "past", "over", "far_ahead"] = ""
    required: Span | None = None  # where it says that its records are to pass an audit
    # Whether `now` is the clock's, in whose place the end of the data may stand for how far things have
    # come; and that end, where it does.
    movable: bool = False
    ended: datetime | None = None
    # The day of the source's last change, where somebody names a day that lies well after it.
    behind: date | None = None
    # The last day of tables that have ended while the source goes on, by entity.
    stopped: Mapping[str, date] = field(default_factory=dict)
    # The day on which the data of entities begin, by the side of a period compared with within which that lies.
    begun_within: Mapping[tuple[SideName, str], date] = field(default_factory=dict)
    # The same spec checked over what a server turns out to have.
    over: Callable[[SourceMap], Checked] | None = field(default=None, compare=False, repr=False)

    def number(self, value: float, spec: str = ",") -> str:
        """A number in a sentence, written as in the report's tables."""
        return number_in(self.language, self.locale, value, spec)

    def money(self, value: float | Decimal, spec: str = ",.0f", *, currency: str | None = None) -> str:
        """An amount in a sentence, in the report's currency unless another is named, written as in its tables."""
        return money_in(self.language, self.locale, value, currency or self.binding.currency, spec)

    @property
    def known(self) -> datetime:
        """The instant up to which the data go: now, or their end."""
        return self.ended or until(self.now, self.binding.zone)

    @property
    def reached(self) -> datetime:
        """The instant up to which the period is told."""
        return self.sides[0].as_of

    @property
    def begun(self) -> bool:
        """Whether anything of the period is known yet."""
        return self.reached > instant(self.period.start, self.binding.zone)

    @property
    def unfinished(self) -> bool:
        """Whether the period is told before its end."""
        return self.reached < instant(self.period.end, self.binding.zone)

    @property
    def told(self) -> Period:
        """The part of the period that has begun."""
        return self._until(self.period, self.sides[0])

    @property
    def compared(self) -> Period | None:
        """The stretch of the other period that is compared with what is told of the report's."""
        return self._until(self.compare, self.sides[1]) if self.compare is not None else None

    @property
    def compared_besides(self) -> Period | None:
        """The stretch of the second period that is compared with what is told of the report's."""
        return self._until(self.second.period, self.second.side) if self.second is not None else None

    @property
    def side_names(self) -> tuple[SideName, ...]:
        """The sides of its figures, as far as they are compared."""
        others: tuple[tuple[SideName, object], ...] = (("previous", self.compare), ("second", self.second))
        return ("current", *(name for name, there in others if there is not None))

    @property
    def all_sides(self) -> tuple[Side, ...]:
        """The sides of all periods that its figures are of."""
        return self.sides if self.second is None else (*self.sides, self.second.side)

    def comparison(self, side: SideName) -> Comparison | None:
        """What a side is of, if it is one that the report is compared with."""
        if side == "second":
            return self.second
        if side == "current" or self.compare is None:
            return None
        return Comparison(self.compare, self.sides[1], self.alignment)

    def until(self, reached: datetime) -> Report:
        """The report as it stands at an instant, with what it is compared with at the same point."""
        zone, second = self.binding.zone, self.second
        sides = sides_of(self.period, self.compare, reached, zone, self.alignment)
        if second is not None:
            second = second_of(self.period, second.period, reached, zone, second.alignment)
        return replace(self, sides=sides, second=second)

    def _until(self, period: Period, side: Side) -> Period:
        """The days of a period up to where a side is taken."""
        end = day_within(side.as_of, self.binding.zone) + timedelta(days=1)
        if not period.start < end < period.end:
            return period
        return Period(period.start, end, "range", "")


def sides_of(
    period: Period, compare: Period | None, reached: datetime, zone: tzinfo, alignment: Align
) -> tuple[Side, ...]:
    """The period as it stands at an instant, and what it is compared with as it stood at the same
    point."""
    current = Side("current", period.start, period.end, reached)
    if compare is None:
        return (current,)
    then = same_point(reached, period, compare, zone, alignment)
    return current, Side("previous", compare.start, compare.end, then)


def second_of(period: Period, other: Period, reached: datetime, zone: tzinfo, alignment: Align) -> Comparison:
    """The second period that a report's is compared with, as it stood at the same point."""
    then = same_point(reached, period, other, zone, alignment)
    return Comparison(other, Side("second", other.start, other.end, then), alignment)
