"""The catalogue's own types: entities, fields, relations, metrics, report types.

They are made once by the loaders in `catalogue/` and `check/` and never changed. Expressions are
kept as parsed sqlglot trees whose columns are canonical names (`deal.amount`,
`deal.stage.is_won`); the planner resolves them to tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal

from sqlglot import exp

from reportspec.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from reportspec.catalogue.library import Library
    from reportspec.model.audits import AuditCheck

FieldType = Literal["key", "text", "integer", "number", "money", "boolean", "date", "time"]


Direction = Literal["up", "down", "neutral"]


Texts = Mapping[str, str]  # language code -> text; `en` is always there


@dataclass(frozen=True, slots=True)
class AsOf:
    """A field that only holds its value once `event` has happened: before that it is `before`. Of the values (in
    small letters) that it has `always` the event says nothing: what was called off was so, whatever time it has."""

    event: str
    before: str | bool | None
    always: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A typed column of an entity. `expr` fields are computed from other fields; `default` is
    used where a mapping does not give the field; `optional` ones are then null."""

    entity: str
    name: str
    type: FieldType
    label: Texts
    description: Texts = field(default_factory=dict)
    unit: str | None = None
    values: tuple[str, ...] = ()
    optional: bool = False
    default: exp.Expr | None = None
    expr: exp.Expr | None = None
    currency: str | None = None
    as_of: AsOf | None = None
    value_labels: Mapping[str, Texts] = field(default_factory=dict)
    others: bool = False  # whether other values may stand beside `values`
    order: tuple[str, ...] = ()  # values as they follow each other, where that is not as declared
    change: bool = True  # whether a time in it is of something that happened, and not of a plan
    due: bool = False  # whether something is to have happened by then: a day of it is past when it is over
    graded: bool = False  # whether its values say what is good and what is not: more rows of one are no better by that
    also: tuple[str, ...] = ()  # other words for it, by which it may stand in a mapping
    personal: bool = False  # whether it tells who or where a person is
    decimals: int | None = None  # how many are shown of its numbers, where its unit does not say that
    without_history: Texts = field(default_factory=dict)  # its label where the source has no history of its entity
    # Which rows are to have it: where none of them does, it is as little known as if it were not mapped.
    told_where: exp.Expr | None = None

    @property
    def places(self) -> Mapping[str, int]:
        """The places of the values that follow each other by their nature: as ordered, else as
        declared."""
        named = self.order or tuple(self.value_labels) or self.values
        return {value: place for place, value in enumerate(named)}

    @property
    def closed(self) -> bool:
        """Whether a source with other values than the declared ones is read wrongly."""
        return bool(self.values) and not self.others

    @property
    def id(self) -> str:
        """The name that users write: `deal.amount`."""
        return f"{self.entity}.{self.name}"


@dataclass(frozen=True, slots=True)
class Relation:
    """A many-to-one way from an entity's field `by` to the key of the entity `to`. With `today` it
    leads to the record as it is now, whatever the report's date; null where there is none. Without a
    `label` reports call it as they call the field `by`. With `reported` it leads to the record as it is known at
    the report's date, also from what it was at an instant before, such as a step of a trend. `as_recorded` ones lead
    to the record that is named even where it was merged into another: what they tell is told of no other."""

    name: str
    to: str
    by: str
    today: bool = False
    label: Mapping[str, str] = field(default_factory=dict)
    reported: bool = False
    as_recorded: bool = False


@dataclass(frozen=True, slots=True)
class PastValues:
    """The entity that has what fields were, from one change to the next within a state: by the state's
    `number`, `since` when and `until` when, and whether the state `begins` or `ends` with it."""

    entity: str
    fields: tuple[str, ...]
    number: str
    begins: str
    ends: str
    since: str
    until: str

    @property
    def bounds(self) -> tuple[str, ...]:
        """Its fields that say when a value held."""
        return (self.number, self.begins, self.ends, self.since, self.until)


@dataclass(frozen=True, slots=True)
class States:
    """The entity of which a row is in one state or another: its key, its order, and which states win or
    lose what is in them."""

    entity: str
    key: str
    order: str
    won: str
    lost: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row, as it says itself: the `field` with its three values, when it was closed
    (`at`), and the state that it was lost from. `reopened` is a field that says of past states whether what
    was closed in them was opened again since, or closed otherwise."""

    field: str
    open: str
    won: str
    lost: str
    at: str
    lost_from: str
    reopened: str | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that say it."""
        return (self.field, self.at, self.lost_from, *((self.reopened,) if self.reopened else ()))


@dataclass(frozen=True, slots=True)
class Changes:
    """The entity whose rows are the changes that states are made of, by the fields that states have, too, and: the
    `place` of a change among its row's, the `previous` state and the `next` one, and when the next change was
    (`until`)."""

    entity: str
    place: str
    previous: str
    next: str
    until: str


SINCE = "stage_since"  # the field with the time since which a row has been in its state, which a history tells


@dataclass(frozen=True, slots=True)
class History:
    """Where past states of an entity come from: an entity with one row for each state, `by` the key of what
    was in it, with when it was `entered` and `left`, its `number`, when the state after the next began
    (`next_but_one`), whether the last state of what was in it won or lost it (`last_closes`), and whether this one
    and all after it won it, or all lost it (`stays_closed`). Fields that a row has `with_state` are known of its
    last state alone, but for what `values` has. Where `changes` names what states are made of, they can be made without
    being numbered."""

    entity: str
    by: str
    stage: str
    entered: str
    left: str
    number: str
    next_but_one: str
    last_closes: str
    stays_closed: str
    states: States
    outcome: Outcome
    values: PastValues | None = None
    with_state: tuple[str, ...] = ()
    changes: Changes | None = None


@dataclass(frozen=True, slots=True)
class Forecasting:
    """How what a period brings is forecast from an entity's rows: the flow `metric` that is forecast; the field by
    which open rows are told apart (`stage`), and the number of the band of days that they have been in it (`band`, or
    `age_band` where no past states are known); whether a row is `open` at an instant, with which `amount`; whether it
    was `won` from then on and within the period, with which `final` amount, as is known at the report's date; whether
    it had been won at the instant since the period began, as was known then (`won_before`); when it
    was `created`; and of how many days the inflow of new rows is counted (`inflow_days`). `bands` has where each band
    but the last one ends, in days, and `stock` the metric of what is open. `probability` is what people typed of an
    open row's chance; `chance` names the field that has the one that is learned, and `listed` those by which rows are
    listed; `says_stage` and `says_days` are those of them that say where a row is and for how long, and beside which
    stands what that makes of its chance."""

    metric: str
    stage: str
    band: str
    age_band: str
    open: exp.Expr
    amount: exp.Expr
    won: exp.Expr
    final: exp.Expr
    won_before: exp.Expr
    created: exp.Expr
    inflow_days: int
    bands: tuple[int, ...]
    stock: str
    probability: exp.Expr
    chance: str
    listed: tuple[str, ...]
    says_stage: str | None = None
    says_days: str | None = None


@dataclass(frozen=True, slots=True)
class ExchangeRates:
    """The entity that has exchange rates, by its fields: what one unit of the currency `base` is worth in
    `quote`, from a `day` until the next one that has a `rate`."""

    entity: str
    base: str
    quote: str
    day: str
    rate: str

    @property
    def fields(self) -> tuple[str, ...]:
        """Its fields, without any of which there are no rates."""
        return (self.day, self.base, self.quote, self.rate)


@dataclass(frozen=True, slots=True)
class Targets:
    """The entity that has targets of metrics, by its fields: a `target` from a first day to a last one,
    of all or of the `value` of a `dimension`."""

    entity: str
    metric: str
    dimension: str
    value: str
    first_day: str
    last_day: str
    target: str

    @property
    def fields(self) -> tuple[str, ...]:
        """Its fields, in the order in which they are read."""
        return (self.metric, self.dimension, self.value, self.first_day, self.last_day, self.target)

    @property
    def needed(self) -> tuple[str, ...]:
        """Those without any of which there are no targets."""
        return (self.metric, self.first_day, self.last_day, self.target)


@dataclass(frozen=True, slots=True)
class Loads:
    """The entity that tells when the source's data were loaded, and its time field that does."""

    entity: str
    at: str


@dataclass(frozen=True, slots=True)
class Match:
    """Rows of another entity to pair each row with; `keep` keeps those without any."""

    entity: str
    on: exp.Expr
    keep: bool


@dataclass(frozen=True, slots=True)
class Expectation:
    """What rows of an entity should not be like: those that satisfy `unless` are told of where a
    report reads all of the fields `about`. `past` ones are looked for once more with the entity's
    history, which may say what the record does not. Of `wrong` ones no report is made."""

    name: str
    unless: exp.Expr
    about: tuple[str, ...]
    label: Texts
    costs: Texts
    past: bool = False
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Derived:
    """An entity made from another one: its rows that satisfy `where`, grouped if `group_by`,
    paired with those of another one if `match`. Of rows that the orders of its windows leave in one place,
    those with the lower values of `ties` stand first, and those without one before them. Of
    those that `where` leaves out for want of `told_without` it is told at the figures."""

    source: str
    where: exp.Expr | None
    group_by: tuple[str, ...]
    fields: Mapping[str, exp.Expr]
    match: Match | None = None
    ties: tuple[str, ...] = ()  # fields of both
    told_without: tuple[str, ...] = ()  # a field of the other


@dataclass(frozen=True, slots=True)
class ListedBy:
    """By which of its times a list has the records of a period, and which it has besides, since they
    are not over."""

    time: str
    open: exp.Expr | None = None


@dataclass(frozen=True, slots=True)
class Entity:
    """A canonical entity: its fields, where its relations lead, and how time applies to it."""

    name: str
    label: Texts
    plural: Texts
    description: Texts
    key: str | None
    fields: Mapping[str, Field]
    relations: Mapping[str, Relation]
    roles: Mapping[str, tuple[str, ...]]  # entity -> the relation path that leads there by default
    where: exp.Expr | None = None
    exists_from: str | None = None
    merged_into: str | None = None  # its field with the key of the record that a duplicate was merged into
    part_of: str | None = None  # its relation to the record without which its rows are none (a deal's stage changes)
    listed_by: ListedBy | None = None
    idle_rows: exp.Expr | None = None
    order: exp.Expr | None = None
    told_apart_by: tuple[str, ...] = ()  # what tells members of one name apart, best first
    history: History | None = None
    derived: Derived | None = None
    also: tuple[str, ...] = ()  # other words for it, for those who look for it by one
    otherwise: tuple[Derived, ...] = ()  # other ways to make it, for sources without the first
    expects: tuple[Expectation, ...] = ()
    follows: str | None = None  # the derived entity that decides in which of the ways
    # What one entity of a catalogue is for the compiler, by the names that it has for it.
    exchange_rates: ExchangeRates | None = None
    targets: Targets | None = None
    loads: Loads | None = None
    forecasting: Forecasting | None = None


@dataclass(frozen=True, slots=True)
class Telling:
    """How a record that a metric counts is told to need attention: in which words (the metric's label, if none), the
    fields of which the first that it has says since when, and the one until which that went on, if it is over."""

    say: Texts = field(default_factory=dict)
    since: tuple[tuple[str, ...], ...] = ()
    until: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of the catalogue. Aggregates read canonical fields of one entity; ratios, derived,
    shares and relatives refer to other metrics by id."""

    id: str
    kind: Literal["aggregate", "ratio", "derived", "share", "relative"]
    label: Texts
    description: Texts
    unit: str
    direction: Direction
    category: str
    perspective: str
    decimals: int | None = None
    caveat: Texts = field(default_factory=dict)
    phrases: Mapping[str, Texts] = field(default_factory=dict)  # its own wording of sentences
    ahead: bool = False  # its time may lie after the report's date
    also: tuple[str, ...] = ()  # other words for it, by which messages find it
    reason: Telling | None = None
    number: int | None = None  # its place among the 35 metrics that the catalogue began with
    # aggregate
    entity: str = ""
    aggregate: str = ""
    of: exp.Expr | None = None
    percentile: float | None = None
    where: exp.Expr | None = None
    time: exp.Expr | None = None  # a flow's anchor; None for stocks
    rate_before: exp.Expr | None = None  # amounts are converted at the rate of the day before it
    booked: bool = False  # its rows are bookings: where there is none, what is made of it has no figure
    # ratio, share, relative
    numerator: str = ""
    denominator: str = ""
    base: str = ""
    to: str = ""
    form: str = ""
    # derived
    formula: exp.Expr | None = None
    formula_text: str = ""

    @property
    def family(self) -> str:
        """The id without variants and options."""
        return self.id.partition("(")[0].partition(".")[0]

    @property
    def adds_up(self) -> bool:
        """Whether the figure of all rows is the sum of theirs."""
        return self.kind == "aggregate" and self.aggregate in ("count", "sum")


@dataclass(frozen=True, slots=True)
class ReportType:
    """A standard report: what it answers, and the keys of a spec that it presets."""

    id: str
    label: Texts
    description: Texts
    questions: tuple[Texts, ...]
    preset: Mapping[str, Any]  # metrics, group_by, grain, compare, sections, as in a spec


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that is known of the domain. `declared` has the entity that is the catalogue's `exchange_rates`,
    its `targets`, its `loads`, its `forecasting`; `tied` names the entities that may have `ties`, so that others need
    not be read. `audits` are the checks of an audit, `lists` the lists of values that these name; `endangering` says
    which checks endanger a metric, so that others need not be read."""

    entities: Mapping[str, Entity]
    metrics: Library
    reports: Mapping[str, ReportType]
    declared: Mapping[str, str]
    tied: Callable[[], tuple[str, ...]]
    audits: Mapping[str, AuditCheck] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    endangering: Callable[[str], tuple[str, ...]] = lambda metric: ()

    @property
    def exchange_rates(self) -> ExchangeRates:
        """Where exchange rates are."""
        found = self.entities[self.declared["exchange_rates"]].exchange_rates
        assert found is not None
        return found

    @property
    def targets(self) -> Targets:
        """Where the source's own targets are."""
        found = self.entities[self.declared["targets"]].targets
        assert found is not None
        return found

    @property
    def loads(self) -> Loads:
        """Where a source tells when it was loaded."""
        found = self.entities[self.declared["loads"]].loads
        assert found is not None
        return found

    @property
    def forecast_of(self) -> Entity | None:
        """The entity whose rows say what a period will bring, if there is one."""
        name = self.declared.get("forecasting")
        return self.entities[name] if name is not None else None
