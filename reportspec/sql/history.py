"""Past states: one row for each state that a row of an entity was in, from its history.

A deal that was lost in June, reopened in July and won in September has three closing-relevant
states. Each gets a row with the instants between which it held, so that any report can ask what
was true at its own date. The last state is the source's own record of today: its status and
closing date are the entity's own, which people correct; where a closed record has no closing date,
the history's last closing is its own. Earlier states take theirs from the history. What else a record
says of its closing (why it was lost) is known of the whole stretch of closed states that it ends with. Where
the history also has what other fields were (a deal's amount), a state has a row for each change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlglot import exp

from reportspec.expression.trees import (
    all_of,
    any_of,
    bare_key,
    cast,
    column,
    copied,
    instant_literal,
    literal,
    named,
    null,
    same_key,
    table,
    text_key,
    when,
)
from reportspec.model.domain import SINCE, Entity, Field, History, Outcome
from reportspec.remembered import remembered
from reportspec.resolve.binding import Binding
from reportspec.resolve.moments import Span, Spans
from reportspec.sql.clock import moved
from reportspec.sql.from_clause import aliased
from reportspec.sql.shared_trees import shared_of

VISIT = "visit"  # the alias of a state in the history
WORTH = "worth"  # the alias of the entity with past values
MOST_SPANS = 12  # of which a state is asked whether it held in them
CHANGED = "changed_at"  # when a row came into the state; null where there is no history of it


def past_values(binding: Binding, entity: Entity, needed: tuple[str, ...]) -> tuple[str, ...]:
    """Of the fields that are asked for, those of which the history has what they were; a currency
    brings the amount that it belongs to."""
    known = binding.past_values(entity)
    values_asked = [name for name in known if name in needed]
    money = [name for name in known if entity.fields[name].currency in values_asked]
    return tuple(dict.fromkeys((*values_asked, *money)))


def before_event(field: Field) -> str:
    """The column in which states have what the history says of a field that an event makes another: the record tells
    of it from then on."""
    assert field.as_of is not None
    return f"{field.name}_before_{field.as_of.event}"


def of_record(field: Field) -> str:
    """The column in which states have what the record says of a field whose past values the history has: what it was
    before the first of them."""
    return f"{field.name}_of_record"


def select_versions(
    binding: Binding,
    entity: Entity,
    name: str,
    base: str,
    states: str,
    needed: tuple[str, ...],
    spans: Spans | None = None,
) -> list[tuple[str, exp.Expr, str]]:
    """The CTEs `states` (the history of the rows in `base`) and `name` (both joined), without past states that did not
    hold in any of the `spans`, if there are any. The last state stays, so that no row looks as if it had none."""
    history = entity.history
    assert history is not None
    assert entity.key is not None
    label = entity.plural["en"]
    # Statements ask for other fields, of which few change the states.
    last_open = history.outcome.lost_from in needed
    stretch = asks_for_the_stretch(binding, entity, needed)
    return [
        (
            states,
            _states(binding, entity.name, base, last_open, stretch, spans if not last_open else None),
            f"The states that {label.lower()} were in",
        ),
        (
            name,
            _versions(binding, entity.name, base, states, needed, spans),
            f"{label}, one row for each state, valid from and until",
        ),
    ]


@remembered
def _states(
    binding: Binding, of_entity: str, base: str, last_open: bool, stretch: bool, spans: Spans | None
) -> exp.Expr:
    """A row for each state in the history of the rows in `base`, with the instants between which it held; with the
    state that it was lost from (`last_open`), and whether it ends the history (`stretch`). Without most of those that
    had ended before all `spans`, if there are any: of a state that it was lost from none may be left out."""
    entity = binding.entity(of_entity)
    history = entity.history
    assert history is not None
    assert entity.key is not None
    of = history.states

    def key(alias: str, entity: str, name: str) -> exp.Expr:
        return key_of(binding, alias, entity, name)

    row, stage = key(VISIT, history.entity, history.by), key(VISIT, history.entity, history.stage)
    kept = binding.key_kind(entity.name, history.stage)
    begins, ends = held_from(binding, entity, base)
    first = exp.EQ(this=column(VISIT, history.number), expression=literal(1))
    select = exp.Select().select(
        named(copied(bare_key(row) if one_kind(binding, entity) else row), history.by),
        named(column(VISIT, history.number), "visit_number"),
        named(copied(bare_key(stage) if kept else stage), history.stage),
        named(_is_last(history), "is_last"),
        named(_yes(of.entity, of.won), "is_won"),
        named(_yes(of.entity, of.lost), "is_lost"),
        named(column(VISIT, history.entered), "entered_at"),
        named(copied(begins), SINCE),
        named(when(first, null("TIMESTAMP"), begins), "valid_from"),
        named(ends, "valid_until"),
    )
    if last_open:
        typed = binding.key_kind(entity.name, history.outcome.lost_from)
        before = _last_open(history, bare_key(stage) if typed else stage, exp.Null() if typed else null("VARCHAR"))
        select = select.select(named(before, "last_open_stage_id"), copy=False)
    if stretch:
        select = select.select(named(column(VISIT, history.stays_closed), "ends_history"), copy=False)
    of_row = same_key(key(base, entity.name, entity.key), row)
    of_state = same_key(key(of.entity, of.entity, of.key), stage)
    select = select.from_(aliased(history.entity, VISIT), copy=False)
    joins = [
        exp.Join(this=table(base), on=of_row),
        exp.Join(this=table(of.entity), side="LEFT", on=of_state),
    ]
    select.set("joins", joins)
    if spans:
        select = select.where(left_after(binding, entity, base, spans), copy=False)
    return shared_of(binding).added(select)


def left_after(binding: Binding, entity: Entity, base: str, spans: Spans) -> exp.Expr:
    """Whether a state may have held at some time in any of some stretches, by when it was left: it ended then, or
    earlier, but for the one before the last, which ends with the record's own closing. Of the states that a row was in
    the first ones are left out, so that what is said of those that follow stays as it is. A day more is left than by
    `held_in`, which looks closer."""
    history = entity.history
    assert history is not None
    first = min(first for first, _ in spans) - timedelta(days=2)

    def later(time: exp.Expr, stored: str) -> exp.Expr:
        return exp.GTE(this=time, expression=instant_literal(first, stored, binding.source_zone, binding.zone))

    last_but_one = exp.Is(this=column(VISIT, history.next_but_one), expression=exp.Null())
    closed = later(column(base, history.outcome.at), binding.storage(entity.name, history.outcome.at))
    left = later(column(VISIT, history.left), "time")
    return exp.Paren(this=exp.or_(_is_last(history), left, exp.Paren(this=exp.and_(last_but_one, closed))))


def held_in(binding: Binding, since: exp.Expr, until: exp.Expr, spans: Spans) -> exp.Expr:
    """Whether what held from one time to another did so in any of some stretches, or still does. A day is left on
    either side: clocks that are put back show a later instant as an earlier time."""
    day = timedelta(days=1)

    def bound(instant: datetime) -> exp.Expr:
        return instant_literal(instant, "time", binding.source_zone, binding.zone)

    held: list[exp.Expr] = [exp.Is(this=copied(until), expression=exp.Null())]
    for first, last in _few([(first - day, last + day) for first, last in spans]):
        ever = exp.Is(this=copied(since), expression=exp.Null())
        before = exp.LTE(this=copied(since), expression=bound(last))
        after = exp.GTE(this=copied(until), expression=bound(first))
        held.append(exp.and_(after, exp.Paren(this=exp.Or(this=ever, expression=before))))
    return exp.Paren(this=any_of(held))


def _few(spans: Iterable[Span]) -> list[Span]:
    """The stretches in turn, those that meet as one; all as one where they are many."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found if len(found) <= MOST_SPANS else [(found[0][0], found[-1][1])]


def key_of(binding: Binding, alias: str, entity: str, name: str) -> exp.Expr:
    """A key of what stands under an alias, as a text for all that may ask of it."""
    kind = binding.key_kind(entity, name)
    return text_key(column(alias, name), kind) if kind else column(alias, name)


def one_kind(binding: Binding, entity: Entity) -> bool:
    """Whether rows and their states have the row's key as one kind; where they do not, states have it as a text."""
    history, kind_of = entity.history, binding.key_kind
    assert history is not None
    assert entity.key is not None
    return kind_of(history.entity, history.by) == kind_of(entity.name, entity.key)


def asks_for_the_stretch(binding: Binding, entity: Entity, needed: Iterable[str]) -> bool:
    """Whether any of the fields is the record's in all states of the closing that the record tells of."""
    history = entity.history
    assert history is not None
    told = {*history.outcome.fields, history.stage, *history.with_state} - {history.outcome.reopened}
    for name in needed:
        field = binding.field(entity.name, name)
        if name == history.outcome.reopened or (field is not None and field.as_of is not None and name not in told):
            return True
    return False


def _is_last(history: History) -> exp.Expr:
    return exp.Is(this=column(VISIT, history.left), expression=exp.Null())


def held_from(binding: Binding, entity: Entity, base: str) -> tuple[exp.Expr, exp.Expr]:
    """Since when and until when a state held."""
    history = entity.history
    assert history is not None
    begins: exp.Expr = column(VISIT, history.entered)
    ends: exp.Expr = column(VISIT, history.left)
    closing: exp.Expr = column(base, history.outcome.at)
    dated, is_last = _own_closing(history, base), _is_last(history)
    none_but_one = exp.Is(this=column(VISIT, history.next_but_one), expression=exp.Null())
    if binding.storage(entity.name, history.outcome.at) == "date":
        earlier = exp.LT(this=copied(closing), expression=_day_of(binding, ends))
        closed, left = _within_day(binding, closing, begins), _within_day(binding, closing, ends)
    else:
        earlier, closed, left = exp.LT(this=copied(closing), expression=copied(ends)), closing, copied(closing)
    # The last state begins with the record's own closing, and the one before it ends there. Where people dated a
    # closing back, so do those before that one: what began after it never held.
    begins = when(exp.and_(is_last, dated), closed, begins)
    cut = exp.Paren(this=exp.Or(this=none_but_one, expression=earlier))
    ends = when(exp.and_(exp.Not(this=copied(is_last)), cut, copied(dated)), left, ends)
    return begins, ends


def _within_day(binding: Binding, day: exp.Expr, changed: exp.Expr) -> exp.Expr:
    """When something happened of which a record says the day: when the history has it, if that was on this day, else as
    the day began."""
    zone, source = str(binding.zone), str(binding.source_zone)
    first = cast(copied(day), "TIMESTAMP")
    begun = first if zone == source else moved(first, zone, source)
    same = exp.EQ(this=_day_of(binding, changed), expression=copied(day))
    return when(same, copied(changed), begun)


def _day_of(binding: Binding, time: exp.Expr) -> exp.Expr:
    """The report's day of a time of the source."""
    zone, source = str(binding.zone), str(binding.source_zone)
    return cast(copied(time) if zone == source else moved(copied(time), source, zone).this, "DATE")


def _last_open(history: History, stage: exp.Expr, none: exp.Expr) -> exp.Expr:
    """The state that a row was lost from: the last one before that closes nothing."""

    def before(name: exp.Expr, by: int) -> exp.Expr:
        return exp.Window(
            this=exp.Lag(this=name, offset=literal(by)),
            partition_by=[column(VISIT, history.by)],
            order=exp.Order(expressions=[column(VISIT, history.number)]),
        )

    open_stage = when(_closed(history, history.states.entity), none, copied(stage))
    return exp.Coalesce(this=before(open_stage, 1), expressions=[before(copied(open_stage), 2)])


def _closed(history: History, stage: str) -> exp.Expr:
    return exp.Or(this=_yes(stage, history.states.won), expression=_yes(stage, history.states.lost))


def _closed_record(outcome: Outcome, base: str) -> exp.Expr:
    """Whether a record is closed today."""
    status = exp.Coalesce(this=column(base, outcome.field), expressions=[literal(outcome.open)])
    return exp.In(this=status, expressions=[literal(outcome.won), literal(outcome.lost)])


def _own_closing(history: History, base: str) -> exp.Expr:
    """Whether the last state is a closed one, and the record has a closing of its own."""
    has_outcome = exp.Not(this=exp.Is(this=column(base, history.outcome.at), expression=exp.Null()))
    return exp.and_(column(VISIT, history.last_closes), has_outcome)


def _yes(alias: str, name: str) -> exp.Expr:
    return exp.Coalesce(this=column(alias, name), expressions=[exp.Boolean(this=False)])


@remembered
def _versions(
    binding: Binding,
    of_entity: str,
    base: str,
    states: str,
    needed: tuple[str, ...],
    spans: Spans | None,
) -> exp.Expr:
    """A row for each state of each row in `base`, and for each change of its values within one."""
    entity = binding.entity(of_entity)
    history = entity.history
    assert history is not None
    assert entity.key is not None
    history_of = past_values(binding, entity, needed)
    select = exp.Select()
    for known in (entity.fields[name] for name in history_of):
        if known.as_of is not None:
            select = select.select(named(column(WORTH, known.name), before_event(known)), copy=False)
        if known.name not in history.with_state:
            select = select.select(named(column(base, known.name), of_record(known)), copy=False)
    for field in dict.fromkeys((*needed, SINCE, CHANGED, "valid_from", "valid_until")):
        amount = next((n for n in history_of if entity.fields[n].currency == field), field)
        told = amount if amount in history_of else None
        cell = field_then(binding, of_entity, base, states, field, told, bool(history_of))
        select = select.select(cell, copy=False)
    row = key_of(binding, base, entity.name, entity.key)
    on: exp.Expr = _same(column(states, history.by), bare_key(row) if one_kind(binding, entity) else row)
    if spans:
        # In the join, where databases ask it of the states alone; a row without any has to stay.
        held = held_in(binding, column(states, "valid_from"), column(states, "valid_until"), spans)
        on = exp.And(this=on, expression=held)
    select = select.from_(table(base), copy=False)
    select = select.join(exp.Join(this=table(states), side="LEFT", on=on), copy=False)
    if not history_of:
        return shared_of(binding).added(select)
    select = select.join(_join_values(binding, entity, states), copy=False)
    if spans:
        bounds = bounds_of(history, states)
        select = select.where(held_in(binding, bounds["valid_from"], bounds["valid_until"], spans), copy=False)
    return shared_of(binding).added(select)


@remembered
def field_then(
    binding: Binding, of_entity: str, base: str, states: str, name: str, amount: str | None, valued: bool
) -> exp.Alias:
    """A field as of a state, under its name. Where the history has what it was, it says so for an `amount` (the field,
    or the one whose currency it is); `valued` says whether a state has a row for each change of what it has."""
    entity = binding.entity(of_entity)
    history = entity.history
    assert history is not None
    value = bounds_of(history, states).get(name) if valued else None
    value = value or _of_state(binding, of_entity, base, states).get(name)
    value = value or _as_then(binding, entity, base, states, name)
    if amount is not None:
        value = _value_then(history, base, states, name, amount, value)
    return shared_of(binding).added(named(value, name))


def _is_today(history: History, states: str) -> exp.Expr:
    """Whether a state is the last one of its row, or the row has none in the history."""
    unknown = exp.Is(this=column(states, history.by), expression=exp.Null())
    return exp.Or(this=unknown, expression=column(states, "is_last"))


def _told_today(history: History, base: str, states: str) -> exp.Expr:
    """Whether a state is of the closing that the record tells of: today's state, or one of those before it
    in which all that came after went the same way, and the record with it."""
    outcome = history.outcome
    ifs = [exp.If(this=column(states, "is_won"), true=literal(outcome.won))]
    same = _same(column(base, outcome.field), exp.Case(ifs=ifs, default=literal(outcome.lost)))
    stretch = exp.And(this=column(states, "ends_history"), expression=same)
    return exp.Or(this=exp.Paren(this=_is_today(history, states)), expression=exp.Paren(this=stretch))


def _closed_state(states: str) -> exp.Expr:
    return exp.Or(this=column(states, "is_won"), expression=column(states, "is_lost"))


@remembered
def _of_state(binding: Binding, of_entity: str, base: str, states: str) -> Mapping[str, exp.Expr]:
    """What a state says of a row in it, by field, and when it held."""
    entity = binding.entity(of_entity)
    history = entity.history
    assert history is not None
    outcome = history.outcome
    fields_of_row: dict[str, exp.Expr] = {
        outcome.field: _status(history, base, states),
        outcome.at: _closing(binding, entity, base, states),
        history.stage: exp.Coalesce(this=column(states, history.stage), expressions=[column(base, history.stage)]),
        outcome.lost_from: column(states, "last_open_stage_id"),
        SINCE: when(
            exp.Is(this=column(states, history.by), expression=exp.Null()),
            cast(column(base, outcome.at), "TIMESTAMP"),
            column(states, SINCE),
        ),
        CHANGED: column(states, "entered_at"),
        "valid_from": column(states, "valid_from"),
        "valid_until": column(states, "valid_until"),
    }
    if outcome.reopened is not None:
        # Of what was closed then, whether it was opened again, or closed otherwise, since.
        told = exp.Paren(this=_told_today(history, base, states))
        fields_of_row[outcome.reopened] = when(told, exp.Boolean(this=False), _closed_state(states))
    if binding.mapped(entity.name, outcome.lost_from) is not None:
        recorded = column(base, outcome.lost_from)
        fields_of_row[outcome.lost_from] = exp.Coalesce(
            this=column(states, "last_open_stage_id"), expressions=[recorded]
        )
    return fields_of_row


def _status(history: History, base: str, states: str) -> exp.Expr:
    """Whether a row was open, won or lost in a state: in that of today it is what the record says."""
    outcome = history.outcome
    ifs = [
        exp.If(this=_is_today(history, states), true=column(base, outcome.field)),
        exp.If(this=column(states, "is_won"), true=literal(outcome.won)),
        exp.If(this=column(states, "is_lost"), true=literal(outcome.lost)),
    ]
    return exp.Case(ifs=ifs, default=literal(outcome.open))


def _closing(binding: Binding, entity: Entity, base: str, states: str) -> exp.Expr:
    """When a row was closed, as of a state."""
    history = entity.history
    assert history is not None
    outcome, closed = history.outcome, _closed_state(states)
    entered: exp.Expr = column(states, "entered_at")
    if binding.storage(entity.name, outcome.at) == "date":
        entered = _day_of(binding, entered)
    # A closed record without a closing date was closed when the history says.
    undated = when(exp.and_(_closed_record(outcome, base), exp.Paren(this=copied(closed))), copied(entered))
    dated = exp.Coalesce(this=column(base, outcome.at), expressions=[undated])
    ifs = [exp.If(this=_is_today(history, states), true=dated), exp.If(this=closed, true=entered)]
    return exp.Case(ifs=ifs)


def _join_values(binding: Binding, entity: Entity, states: str) -> exp.Join:
    """The values that the history has of a row within a state."""
    history = entity.history
    assert history is not None
    past = history.values
    assert past is not None
    by, row = key_of(binding, WORTH, past.entity, history.by), key_of(binding, states, history.entity, history.by)
    same = same_key(by, row if one_kind(binding, entity) else column(states, history.by))
    within = _same(column(WORTH, past.number), column(states, "visit_number"))
    return exp.Join(this=aliased(past.entity, WORTH), side="LEFT", on=all_of([same, within]))


def _same(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.EQ(this=left, expression=right)


def bounds_of(history: History, states: str) -> dict[str, exp.Expr]:
    """When a value of a state held: from and until its own changes, within the state's bounds."""
    past = history.values
    assert past is not None
    begins, ends = column(WORTH, past.begins), column(WORTH, past.ends)
    later = exp.LT(this=column(states, "valid_until"), expression=column(WORTH, past.until))
    until = exp.Case(
        ifs=[
            exp.If(this=copied(ends), true=column(states, "valid_until")),
            exp.If(this=later, true=column(states, "valid_until")),
        ],
        default=exp.Coalesce(this=column(WORTH, past.until), expressions=[column(states, "valid_until")]),
    )
    since = when(exp.Not(this=begins), column(WORTH, past.since), column(states, "valid_from"))
    return {"valid_from": since, "valid_until": until}


def _value_then(history: History, base: str, states: str, field: str, amount: str, today: exp.Expr) -> exp.Expr:
    """A field as the history has it. The last change of all is the source's record of today, which
    has the last word, and the history's where it is empty. A currency goes with its `amount`."""
    own_amount = exp.Not(this=exp.Is(this=column(base, amount), expression=exp.Null()))
    worth_given = exp.Not(this=exp.Is(this=column(WORTH, amount), expression=exp.Null()))
    assert history.values is not None
    newest = exp.And(this=column(states, "is_last"), expression=column(WORTH, history.values.ends))
    return exp.Case(
        ifs=[
            exp.If(this=exp.And(this=newest, expression=own_amount), true=column(base, field)),
            exp.If(this=worth_given, true=column(WORTH, field)),
        ],
        default=today,
    )


def _as_then(binding: Binding, entity: Entity, base: str, states: str, name: str) -> exp.Expr:
    """A field that the history does not have, as of a state. What a row has with its state is known of
    today's alone; what came with a closing is that of the last one, which states before it knew nothing of."""
    field, history = binding.field(entity.name, name), entity.history
    assert history is not None
    if name in history.with_state:
        return when(_is_today(history, states), column(base, name))
    if field is None or field.as_of is None:
        return column(base, name)
    open_still: exp.Expr = exp.Is(this=column(base, field.as_of.event), expression=exp.Null())
    if field.as_of.event == history.outcome.at:  # a closed record may lack its date
        open_still = exp.and_(open_still, exp.Not(this=exp.Paren(this=_closed_record(history.outcome, base))))
    known = exp.Or(this=_told_today(history, base, states), expression=open_still)
    return when(known, column(base, name), literal(field.as_of.before))
