"""Past states: one row for each state that a row of an entity was in, from its history.

A deal that was lost in June, reopened in July and won in September has three closing-relevant
states. Each gets a row with the instants between which it held, so that any report can ask what
was true at its own date. The last state is the source's own record of today: its status and
closing date are the entity's own, which people correct; where a closed record has no closing date,
the history's last closing is its own. Earlier states take theirs from the history. Where
the history also has what other fields were (a deal's amount), a state has a row for each change.
"""

from __future__ import annotations

from sqlglot import exp

from reportspec.expression.trees import all_of, cast, column, copied, literal, named, null, table, when
from reportspec.model.domain import Entity, History, Outcome
from reportspec.remembered import remembered
from reportspec.resolve.binding import Binding
from reportspec.sql.from_clause import aliased
from reportspec.sql.shared_trees import shared_of

VISIT, FOLLOWING = "visit", "following"  # the aliases of a state in the history, and of the one after it
WORTH = "worth"  # the alias of the entity with past values
_BOUNDS = ("valid_from", "valid_until")
CHANGED = "changed_at"  # when a row came into the state; null where there is no history of it


def past_values(binding: Binding, entity: Entity, needed: tuple[str, ...]) -> tuple[str, ...]:
    """Of the fields that are asked for, those of which the history has what they were; a currency
    brings the amount that it belongs to."""
    known = binding.past_values(entity)
    asked = [name for name in known if name in needed]
    money = [name for name in known if entity.fields[name].currency in asked]
    return tuple(dict.fromkeys((*asked, *money)))


def select_versions(
    binding: Binding, entity: Entity, name: str, base: str, states: str, needed: tuple[str, ...]
) -> list[tuple[str, exp.Expr, str]]:
    """The CTEs `states` (the history of the rows in `base`) and `name` (both joined)."""
    history = entity.history
    assert history is not None
    assert entity.key is not None
    label = entity.plural["en"]
    return [
        (
            states,
            _states(binding, entity.name, base, history.outcome.lost_from in needed),
            f"The states that {label.lower()} were in",
        ),
        (
            name,
            _versions(binding, entity.name, base, states, needed),
            f"{label}, one row for each state, valid from and until",
        ),
    ]


@remembered
def _states(binding: Binding, of_entity: str, base: str, lost_from: bool) -> exp.Expr:
    """A row for each state in the history of the rows in `base`, with the instants between which it held, and the
    state that it was lost from, if that is asked for."""
    entity = binding.entity(of_entity)
    history = entity.history
    assert history is not None
    assert entity.key is not None
    of = history.states

    def key(alias: str, entity: str, name: str) -> exp.Expr:
        found = column(alias, name)
        return cast(found, "VARCHAR") if binding.typed_key(entity, name) else found

    row, stage = key(VISIT, history.entity, history.by), key(VISIT, history.entity, history.stage)
    following = key(VISIT, history.entity, history.next)
    begins, ends = _held(binding, entity, base)
    first = exp.EQ(this=column(VISIT, history.number), expression=literal(1))
    select = exp.Select().select(
        named(copied(row), history.by),
        named(column(VISIT, history.number), "visit_number"),
        named(copied(stage), history.stage),
        named(_is_last(history), "is_last"),
        named(_yes(of.entity, of.won), "is_won"),
        named(_yes(of.entity, of.lost), "is_lost"),
        named(column(VISIT, history.entered), "entered_at"),
        named(copied(begins), "stage_since"),
        named(when(first, null("TIMESTAMP"), begins), "valid_from"),
        named(ends, "valid_until"),
    )
    if lost_from:
        select = select.select(named(_last_open(history, stage), "last_open_stage_id"), copy=False)
    of_row = exp.EQ(this=column(base, entity.key), expression=row)
    of_state = exp.EQ(this=key(of.entity, of.entity, of.key), expression=stage)
    of_next = exp.EQ(this=key(FOLLOWING, of.entity, of.key), expression=following)
    select = select.from_(aliased(history.entity, VISIT), copy=False)
    joins = [
        exp.Join(this=table(base), on=of_row),
        exp.Join(this=table(of.entity), side="LEFT", on=of_state),
        exp.Join(this=aliased(of.entity, FOLLOWING), side="LEFT", on=of_next),
    ]
    select.set("joins", joins)
    return shared_of(binding).added(select)


def _is_last(history: History) -> exp.Expr:
    return exp.Is(this=column(VISIT, history.left), expression=exp.Null())


def _held(binding: Binding, entity: Entity, base: str) -> tuple[exp.Expr, exp.Expr]:
    """Since when and until when a state held."""
    history = entity.history
    assert history is not None
    begins: exp.Expr = column(VISIT, history.entered)
    ends: exp.Expr = column(VISIT, history.left)
    at = history.outcome.at
    if binding.storage(entity.name, at) != "date":
        # The last state begins with the record's own closing, and the one before it ends there.
        begins = when(_own(history, base, _is_last(history), history.states.entity), column(base, at), begins)
        none_but_one = exp.Is(this=column(VISIT, history.next_but_one), expression=exp.Null())
        last_but_one = exp.And(this=exp.Not(this=_is_last(history)), expression=none_but_one)
        ends = when(_own(history, base, last_but_one, FOLLOWING), column(base, at), ends)
    return begins, ends


def _last_open(history: History, stage: exp.Expr) -> exp.Expr:
    """The state that a row was lost from: the last one before that closes nothing."""

    def before(name: exp.Expr, by: int) -> exp.Expr:
        return exp.Window(
            this=exp.Lag(this=name, offset=literal(by)),
            partition_by=[column(VISIT, history.by)],
            order=exp.Order(expressions=[column(VISIT, history.number)]),
        )

    open_stage = when(_closed(history, history.states.entity), null("VARCHAR"), copied(stage))
    return exp.Coalesce(this=before(open_stage, 1), expressions=[before(copied(open_stage), 2)])


def _closed(history: History, stage: str) -> exp.Expr:
    return exp.Or(this=_yes(stage, history.states.won), expression=_yes(stage, history.states.lost))


def _closed_record(outcome: Outcome, base: str) -> exp.Expr:
    """Whether a record is closed today."""
    status = exp.Coalesce(this=column(base, outcome.field), expressions=[literal(outcome.open)])
    return exp.In(this=status, expressions=[literal(outcome.won), literal(outcome.lost)])


def _own(history: History, base: str, which: exp.Expr, stage: str) -> exp.Expr:
    """Whether a state is the closed one that a record is in, with a closing of its own."""
    given = exp.Not(this=exp.Is(this=column(base, history.outcome.at), expression=exp.Null()))
    found = all_of([which, exp.Paren(this=_closed(history, stage)), given])
    assert found is not None
    return found


def _yes(alias: str, name: str) -> exp.Expr:
    return exp.Coalesce(this=column(alias, name), expressions=[exp.Boolean(this=False)])


@remembered
def _versions(binding: Binding, of_entity: str, base: str, states: str, needed: tuple[str, ...]) -> exp.Expr:
    """A row for each state of each row in `base`, and for each change of its values within one."""
    entity = binding.entity(of_entity)
    history = entity.history
    assert history is not None
    assert entity.key is not None
    history_of = past_values(binding, entity, needed)
    fields = []
    for field in dict.fromkeys((*needed, "stage_since", CHANGED, "valid_from", "valid_until")):
        amount = next((n for n in history_of if entity.fields[n].currency == field), field)
        worth = amount if amount in history_of else None
        fields.append(_version_field(binding, of_entity, base, states, field, worth, bool(history_of)))
    select = exp.Select(expressions=fields)
    on = _same(column(states, history.by), column(base, entity.key))
    select = select.from_(table(base), copy=False)
    select = select.join(exp.Join(this=table(states), side="LEFT", on=on), copy=False)
    if history_of:
        select = select.join(_join_values(binding, history, states), copy=False)
    return shared_of(binding).added(select)


@remembered
def _version_field(
    binding: Binding, of_entity: str, base: str, states: str, field: str, amount: str | None, bounded: bool
) -> exp.Alias:
    """A field of a row in a state; if the history has an `amount`, as that was then. Values of a state have
    bounds of their own, if it is `bounded` by them."""
    entity = binding.entity(of_entity)
    history = entity.history
    assert history is not None
    own = _of_state(binding, of_entity, base, states)
    if bounded and field in _BOUNDS:
        value = _bounds(history, states)[field]
    else:
        value = own.get(field) or _as_then(binding, entity, base, states, field)
    if amount is not None:
        value = _value_then(history, base, states, field, amount, value)
    return shared_of(binding).added(named(value, field))


def _is_today(history: History, states: str) -> exp.Expr:
    """Whether a state is the last one of its row, or the row has none in the history."""
    unknown = exp.Is(this=column(states, history.by), expression=exp.Null())
    return exp.Or(this=unknown, expression=column(states, "is_last"))


def _closed_state(states: str) -> exp.Expr:
    return exp.Or(this=column(states, "is_won"), expression=column(states, "is_lost"))


@remembered
def _of_state(binding: Binding, of_entity: str, base: str, states: str) -> dict[str, exp.Expr]:
    """What a state says of a row in it, by field, and when it held."""
    entity = binding.entity(of_entity)
    history = entity.history
    assert history is not None
    outcome = history.outcome
    own: dict[str, exp.Expr] = {
        outcome.field: _status(history, base, states),
        outcome.at: _closing(binding, entity, base, states),
        history.stage: exp.Coalesce(this=column(states, history.stage), expressions=[column(base, history.stage)]),
        outcome.lost_from: column(states, "last_open_stage_id"),
        "stage_since": when(
            exp.Is(this=column(states, history.by), expression=exp.Null()),
            cast(column(base, outcome.at), "TIMESTAMP"),
            column(states, "stage_since"),
        ),
        CHANGED: column(states, "entered_at"),
        "valid_from": column(states, "valid_from"),
        "valid_until": column(states, "valid_until"),
    }
    if binding.mapped(entity.name, outcome.lost_from) is not None:
        recorded = column(base, outcome.lost_from)
        own[outcome.lost_from] = exp.Coalesce(this=column(states, "last_open_stage_id"), expressions=[recorded])
    return own


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
        entered = cast(entered, "DATE")
    # A closed record without a closing date was closed when the history says.
    undated = when(
        exp.And(this=_closed_record(outcome, base), expression=exp.Paren(this=copied(closed))), copied(entered)
    )
    dated = exp.Coalesce(this=column(base, outcome.at), expressions=[undated])
    ifs = [exp.If(this=_is_today(history, states), true=dated), exp.If(this=closed, true=entered)]
    return exp.Case(ifs=ifs)


def _join_values(binding: Binding, history: History, states: str) -> exp.Join:
    """The values that the history has of a row within a state."""
    past = history.values
    assert past is not None
    by: exp.Expr = column(WORTH, history.by)
    if binding.typed_key(past.entity, history.by):
        by = cast(by, "VARCHAR")
    same = _same(by, column(states, history.by))
    within = _same(column(WORTH, past.number), column(states, "visit_number"))
    return exp.Join(this=aliased(past.entity, WORTH), side="LEFT", on=all_of([same, within]))


def _same(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.EQ(this=left, expression=right)


def _bounds(history: History, states: str) -> dict[str, exp.Expr]:
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
    own = exp.Not(this=exp.Is(this=column(base, amount), expression=exp.Null()))
    given = exp.Not(this=exp.Is(this=column(WORTH, amount), expression=exp.Null()))
    assert history.values is not None
    newest = exp.And(this=column(states, "is_last"), expression=column(WORTH, history.values.ends))
    return exp.Case(
        ifs=[
            exp.If(this=exp.And(this=newest, expression=own), true=column(base, field)),
            exp.If(this=given, true=column(WORTH, field)),
        ],
        default=today,
    )


def _as_then(binding: Binding, entity: Entity, base: str, states: str, name: str) -> exp.Expr:
    """A field that the history does not have, as of a state. What a row has with its state is known of
    today's alone; what came with a closing is that of the last one, which earlier states knew nothing of."""
    field, history = binding.field(entity.name, name), entity.history
    assert history is not None
    if name in history.with_state:
        return when(_is_today(history, states), column(base, name))
    if field is None or field.as_of is None:
        return column(base, name)
    open_still: exp.Expr = exp.Is(this=column(base, field.as_of.event), expression=exp.Null())
    if field.as_of.event == history.outcome.at:  # a closed record may lack its date
        not_closed = exp.Not(this=exp.Paren(this=_closed_record(history.outcome, base)))
        open_still = exp.And(this=open_still, expression=not_closed)
    known = exp.Or(this=exp.Paren(this=_is_today(history, states)), expression=open_still)
    return when(known, column(base, name), literal(field.as_of.before))
