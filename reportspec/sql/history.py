"""Past states: one row for each state that a row of an entity was in, from its history.

A deal that was lost in June, reopened in July and won in September has three closing-relevant
states. Each gets a row with the instants between which it held, so that any report can ask what
was true at its own date. The last state is the source's own record of today: its status and
closing date are the entity's own, which people correct; where a closed record has no closing date,
the history's last closing is its own. Earlier states take theirs from the history. Where
the history also has what other fields were (a deal's amount), a state has a row for each change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from reportspec.expression.trees import alias_of, all_of, cast, column, copied, literal, named, null, table, when
from reportspec.model.domain import Entity, History, Outcome

if TYPE_CHECKING:
    from reportspec.sql.statement import Statement

CHANGED = "changed_at"  # when a row came into the state; null where there is no history of it


def past_values(statement: Statement, entity: Entity, needed: tuple[str, ...]) -> tuple[str, ...]:
    """Of the fields that are asked for, those of which the history has what they were; a currency
    brings the amount that it belongs to."""
    known = statement.binding.past_values(entity)
    asked = [name for name in known if name in needed]
    money = [name for name in known if entity.fields[name].currency in asked]
    return tuple(dict.fromkeys((*asked, *money)))


def select_versions(
    statement: Statement, entity: Entity, name: str, base: str, states: str, needed: tuple[str, ...]
) -> list[tuple[str, exp.Expr, str]]:
    """The CTEs `states` (the history of the rows in `base`) and `name` (both joined)."""
    history = entity.history
    assert history is not None
    assert entity.key is not None
    label = entity.plural["en"]
    return [
        (states, _states(statement, entity, base, needed), f"The states that {label.lower()} were in"),
        (
            name,
            _versions(statement, entity, base, states, needed),
            f"{label}, one row for each state, valid from and until",
        ),
    ]


def _states(statement: Statement, entity: Entity, base: str, needed: tuple[str, ...]) -> exp.Expr:
    history = entity.history
    assert history is not None
    assert entity.key is not None
    visit, of = "visit", history.states
    binding = statement.binding

    def key(alias: str, entity: str, name: str) -> exp.Expr:
        found = column(alias, name)
        return cast(found, "VARCHAR") if binding.typed_key(entity, name) else found

    deal, stage = key(visit, history.entity, history.by), key(visit, history.entity, history.stage)
    following = key(visit, history.entity, history.next)
    closed = _closed(history, of.entity)
    is_last = exp.Is(this=column(visit, history.left), expression=exp.Null())
    begins: exp.Expr = column(visit, history.entered)
    ends: exp.Expr = column(visit, history.left)
    if statement.binding.storage(entity.name, history.outcome.at) != "date":
        # The last state begins with the record's own closing, and the one before it ends there.
        begins = when(_own(history, base, is_last, of.entity), column(base, history.outcome.at), begins)
        last_but_one = exp.and_(
            exp.Not(this=copied(is_last)),
            exp.Is(this=column(visit, history.next_but_one), expression=exp.Null()),
        )
        ends = when(_own(history, base, last_but_one, "following"), column(base, history.outcome.at), ends)
    first = exp.EQ(this=column(visit, history.number), expression=literal(1))

    def before(name: exp.Expr, by: int) -> exp.Expr:
        return exp.Window(
            this=exp.Lag(this=name, offset=literal(by)),
            partition_by=[column(visit, history.by)],
            order=exp.Order(expressions=[column(visit, history.number)]),
        )

    select = exp.Select().select(
        named(copied(deal), history.by),
        named(column(visit, history.number), "visit_number"),
        named(copied(stage), history.stage),
        named(copied(is_last), "is_last"),
        named(_yes(of.entity, of.won), "is_won"),
        named(_yes(of.entity, of.lost), "is_lost"),
        named(column(visit, history.entered), "entered_at"),
        named(copied(begins), "stage_since"),
        named(when(first, null("TIMESTAMP"), begins), "valid_from"),
        named(ends, "valid_until"),
    )
    if history.outcome.lost_from in needed:
        # The stage that a deal was lost from is the last one before that was no closed stage.
        open_stage = when(copied(closed), null("VARCHAR"), copied(stage))
        last_open = exp.Coalesce(this=before(open_stage, 1), expressions=[before(copied(open_stage), 2)])
        select = select.select(named(last_open, "last_open_stage_id"), copy=False)
    source = table(history.entity)
    source.set("alias", alias_of(visit))
    next_stage = table(history.states.entity)
    next_stage.set("alias", alias_of("following"))
    states = table(of.entity)
    joins = [
        exp.Join(this=table(base), on=exp.EQ(this=column(base, entity.key), expression=deal)),
        exp.Join(this=states, side="LEFT", on=exp.EQ(this=key(of.entity, of.entity, of.key), expression=stage)),
        exp.Join(
            this=next_stage, side="LEFT", on=exp.EQ(this=key("following", of.entity, of.key), expression=following)
        ),
    ]
    select = select.from_(source, copy=False)
    select.set("joins", joins)
    return select


def _closed(history: History, stage: str) -> exp.Expr:
    return exp.Or(this=_yes(stage, history.states.won), expression=_yes(stage, history.states.lost))


def _closed_record(outcome: Outcome, base: str) -> exp.Expr:
    """Whether a record is closed today."""
    status = exp.Coalesce(this=column(base, outcome.field), expressions=[literal(outcome.open)])
    return exp.In(this=status, expressions=[literal(outcome.won), literal(outcome.lost)])


def _own(history: History, base: str, which: exp.Expr, stage: str) -> exp.Expr:
    """Whether a state is the closed one that a record is in, with a closing of its own."""
    given = exp.Not(this=exp.Is(this=column(base, history.outcome.at), expression=exp.Null()))
    return exp.and_(which, exp.Paren(this=_closed(history, stage)), given)


def _yes(alias: str, name: str) -> exp.Expr:
    return exp.Coalesce(this=column(alias, name), expressions=[exp.Boolean(this=False)])


def _versions(statement: Statement, entity: Entity, base: str, states: str, needed: tuple[str, ...]) -> exp.Expr:
    history = entity.history
    assert history is not None
    assert entity.key is not None
    outcome = history.outcome
    today = exp.Or(
        this=exp.Is(this=column(states, history.by), expression=exp.Null()),
        expression=column(states, "is_last"),
    )
    status = exp.Case(
        ifs=[
            exp.If(this=copied(today), true=column(base, outcome.field)),
            exp.If(this=column(states, "is_won"), true=literal(outcome.won)),
            exp.If(this=column(states, "is_lost"), true=literal(outcome.lost)),
        ],
        default=literal(outcome.open),
    )
    either = exp.Or(this=column(states, "is_won"), expression=column(states, "is_lost"))
    entered: exp.Expr = column(states, "entered_at")
    if statement.binding.storage(entity.name, history.outcome.at) == "date":
        entered = cast(entered, "DATE")
    # A closed record without a closing date was closed when the history says.
    undated = when(exp.and_(_closed_record(outcome, base), exp.Paren(this=copied(either))), copied(entered))
    dated = exp.Coalesce(this=column(base, history.outcome.at), expressions=[undated])
    closed_at = exp.Case(ifs=[exp.If(this=copied(today), true=dated), exp.If(this=either, true=entered)])
    own: dict[str, exp.Expr] = {
        outcome.field: status,
        outcome.at: closed_at,
        history.stage: exp.Coalesce(this=column(states, history.stage), expressions=[column(base, history.stage)]),
        outcome.lost_from: column(states, "last_open_stage_id"),
        "stage_since": when(
            exp.Is(this=column(states, history.by), expression=exp.Null()),
            cast(column(base, history.outcome.at), "TIMESTAMP"),
            column(states, "stage_since"),
        ),
        CHANGED: column(states, "entered_at"),
        "valid_from": column(states, "valid_from"),
        "valid_until": column(states, "valid_until"),
    }
    if statement.binding.mapped(entity.name, outcome.lost_from) is not None:
        own[outcome.lost_from] = exp.Coalesce(
            this=column(states, "last_open_stage_id"), expressions=[column(base, outcome.lost_from)]
        )
    history_of = past_values(statement, entity, needed)
    if history_of:
        own |= _bounds(history, states)
    then = exp.Or(this=copied(today), expression=copied(either))
    select = exp.Select()
    for field in dict.fromkeys((*needed, "stage_since", CHANGED, "valid_from", "valid_until")):
        value = own.get(field) or _as_then(statement, entity, base, field, copied(then))
        amount = next((n for n in history_of if entity.fields[n].currency == field), field)
        if amount in history_of:
            value = _value_then(history, base, states, field, amount, value)
        select = select.select(named(value, field), copy=False)
    on: exp.Expr | None = _same(column(states, history.by), column(base, entity.key))
    select = select.from_(table(base), copy=False)
    select = select.join(exp.Join(this=table(states), side="LEFT", on=on), copy=False)
    if not history_of:
        return select
    assert history.values is not None
    values = table(history.values.entity)
    values.set("alias", alias_of(WORTH))
    by: exp.Expr = column(WORTH, history.by)
    if statement.binding.typed_key(history.values.entity, history.by):
        by = cast(by, "VARCHAR")
    on = all_of(
        [
            _same(by, column(states, history.by)),
            _same(column(WORTH, history.values.number), column(states, "visit_number")),
        ]
    )
    return select.join(exp.Join(this=values, side="LEFT", on=on), copy=False)


WORTH = "worth"  # the alias of the entity with past values


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


def _as_then(statement: Statement, entity: Entity, base: str, name: str, closed: exp.Expr) -> exp.Expr:
    """A field of a past state. What came with the closing (its reason, a probability of 1 or 0)
    does not hold for open states before it; `closed` tells closed states and today's."""
    field = statement.binding.field(entity.name, name)
    if field is None or field.as_of is None:
        return column(base, name)
    open_still: exp.Expr = exp.Is(this=column(base, field.as_of.event), expression=exp.Null())
    outcome = entity.history.outcome if entity.history is not None else None
    if outcome is not None and field.as_of.event == outcome.at:  # a closed record may lack its date
        open_still = exp.and_(open_still, exp.Not(this=exp.Paren(this=_closed_record(outcome, base))))
    known = exp.Or(this=exp.Paren(this=closed), expression=open_still)
    return when(known, column(base, name), literal(field.as_of.before))
