"""Past states from the changes themselves, where every change says what it leaves: with one order of all changes.

`history.py` numbers the states that a row was in, and joins the values within them: two orders of all changes and a
join of them with themselves. Most states begin and end with one change, which has both. What others are made of is put
together of their changes alone, and what is asked of a row's last states is found by one grouping. The rows are the
same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from reportspec.expression.sandbox import path_of
from reportspec.expression.trees import (
    alias_of,
    all_of,
    bare_key,
    column,
    copied,
    literal,
    named,
    null,
    same_key,
    table,
    when,
)
from reportspec.model.domain import SINCE, Changes, Entity, History
from reportspec.resolve.binding import Binding
from reportspec.resolve.moments import Spans
from reportspec.sql.dialects.rewrite import rewritten
from reportspec.sql.from_clause import aliased
from reportspec.sql.history import (
    CHANGED,
    VISIT,
    WORTH,
    before_event,
    bounds_of,
    field_then,
    held_from,
    held_in,
    key_of,
    left_after,
    of_record,
    one_kind,
    past_values,
)
from reportspec.sql.known_order import KnownOrder, narrower

CHANGE = "change"  # the alias of a change
LAST = "last"  # the alias of what is known of a row's last states
PAST = "past"  # the alias of rows with all that their fields are made of

_FINISH, _RUN = "finish", "run"  # the place of a state's last change; which of a row's states it is
# Places of last states of such a kind, beside the fields of a row: none of these begins like that.
_PLACES = _BEGUN, _OPEN, _NOT_WON, _NOT_LOST = "_begun", "_open", "_not_won", "_not_lost"


def quick_values(binding: Binding, known: KnownOrder, entity: Entity) -> dict[str, str | None]:
    """Of the fields of which the history has what they were, those that each change says: as which of its fields; None
    where a history says of all changes what the record says today."""
    history = entity.history
    assert history is not None
    assert history.changes is not None
    found: dict[str, str | None] = {}
    if history.values is None:
        return found
    for name in binding.past_values(entity):
        at, told = history.values.entity, name
        tree: exp.Expr = exp.column(name, at)
        while at != history.changes.entity and isinstance(tree, exp.Column) and path_of(tree)[0] == at:
            derived = binding.entity(at).derived
            if derived is None:
                break
            tree = narrower(binding, known, derived, derived.fields[told])
            if isinstance(tree, exp.Case) and len(tree.args["ifs"]) == 1:  # a currency goes with its amount
                tree = tree.args["ifs"][0].args["true"]
            if not isinstance(tree, exp.Column) or len(path_of(tree)) != 2:
                break
            at, told = path_of(tree)
        else:
            found[name] = None if _as_today(binding, entity, history.changes, told, name) else told
    return found


def _as_today(binding: Binding, entity: Entity, changes: Changes, told: str, name: str) -> bool:
    """Whether a change's field is the record's own of today, for want of one in the history."""
    derived = binding.entity(changes.entity).derived
    tree = derived.fields[told] if derived is not None else None
    if not isinstance(tree, exp.Column) or len(path_of(tree)) != 2:
        return False
    kept, own = path_of(tree)
    field = binding.field(kept, own)
    if field is None or binding.mapped(kept, own) is not None:
        return False
    instead = binding.stands_in(kept, field)
    path = path_of(instead) if isinstance(instead, exp.Column) else ()
    if len(path) != 3 or path[0] != kept or path[2] != name:
        return False
    relation = binding.entity(kept).relations.get(path[1])
    return relation is not None and relation.today and relation.to == entity.name


def changes_read(history: History) -> tuple[str, ...]:
    """The fields of a change that states are made of, besides values."""
    assert history.changes is not None
    own, states = history.changes, history.states
    of_state = (history.by, history.stage, history.entered, states.won, states.lost)
    return (*of_state, own.place, own.previous, own.next, own.until)


def select_quick_versions(
    binding: Binding,
    entity: Entity,
    name: str,
    base: str,
    states: str,
    needed: tuple[str, ...],
    told: Mapping[str, str | None],
    *,
    stretch: bool,
    spans: Spans | None,
) -> list[tuple[str, exp.Expr, str]]:
    """The CTEs that `name` is made of, and itself: each state of the rows in `base`, and each change of values within
    one, by the changes that say (`told`) what they were; `stretch` as in `history.py`."""
    history = entity.history
    assert history is not None
    label = entity.plural["en"]
    values = [told_as for one in past_values(binding, entity, needed) if (told_as := told[one]) is not None]
    valued = bool(past_values(binding, entity, needed))
    runs, last, rows = f"{name}_run", f"{name}_last", rows_with_last_states(name)
    versions, read = _versions(binding, entity, (base, states, rows), needed, told, stretch=stretch, spans=spans)
    return [
        (last, _last_states(history, stretch=stretch), f"Of {label.lower()}, the places of their last states"),
        (rows, _with_last_states(binding, entity, base, last, read), f"{label} with the places of their last states"),
        (runs, _runs(history, values), "States in which more than one change was made"),
        (states, _rows(history, runs, values, valued=valued), f"The states that {label.lower()} were in"),
        (name, versions, f"{label}, one row for each state, valid from and until"),
    ]


def rows_with_last_states(name: str) -> str:
    """The CTE of the rows with the places of their last states, that `name` is made of. There are fewer of them than
    of states, with which they are joined: DuckDB does not see that in one FROM with what they are made of."""
    return f"{name}_ended"


def _begins(history: History) -> exp.Expr:
    """Whether a change began a state."""
    assert history.changes is not None
    previous, stage = column(CHANGE, history.changes.previous), column(CHANGE, history.stage)
    return exp.Paren(this=exp.or_(_is_null(previous), exp.NEQ(this=copied(previous), expression=stage)))


def _finishes(history: History) -> exp.Expr:
    """Whether the next change began a state, or there is none."""
    assert history.changes is not None
    following, stage = column(CHANGE, history.changes.next), column(CHANGE, history.stage)
    none = _is_null(column(CHANGE, history.changes.until))
    return exp.Paren(this=exp.or_(none, _is_null(stage), exp.NEQ(this=copied(stage), expression=following)))


def _whole(history: History) -> exp.Expr:
    """One where a change is all that there is of its state."""
    return when(exp.and_(_begins(history), _finishes(history)), literal(1), literal(0))


def _is_null(tree: exp.Expr) -> exp.Expr:
    return exp.Is(this=tree, expression=exp.Null())


def _yes(alias: str, name: str) -> exp.Expr:
    return exp.Coalesce(this=column(alias, name), expressions=[exp.Boolean(this=False)])


def _last_states(history: History, *, stretch: bool) -> exp.Expr:
    """A row for each row in the history: the places where its last state began, and the last that closed nothing."""
    assert history.changes is not None
    place, won, lost = (column(CHANGE, one) for one in (history.changes.place, history.states.won, history.states.lost))
    begins = _begins(history)
    closed = exp.Paren(this=exp.Or(this=copied(won), expression=copied(lost)))
    cells = [(_BEGUN, None), (_OPEN, closed), *([(_NOT_WON, won), (_NOT_LOST, lost)] if stretch else [])]
    select = exp.Select().select(named(column(CHANGE, history.by), history.by), copy=False)
    for name, other in cells:
        # What is not known of a state is no.
        counted = when(copied(other), literal(0), copied(place)) if other is not None else copied(place)
        select = select.select(named(exp.Max(this=when(copied(begins), counted)), name), copy=False)
    select = select.from_(aliased(history.changes.entity, CHANGE), copy=False)
    return select.group_by(column(CHANGE, history.by), copy=False)


def _runs(history: History, values: Sequence[str]) -> exp.Expr:
    """The changes of states of several, each with the number of its row's states of this kind."""
    assert history.changes is not None
    select = exp.Select()
    for name in dict.fromkeys((*changes_read(history), *values)):
        select = select.select(named(column(CHANGE, name), name), copy=False)
    counted = exp.Sum(this=when(_begins(history), literal(1), literal(0)))
    frame = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")
    order = exp.Order(expressions=[exp.Ordered(this=column(CHANGE, history.changes.place), nulls_first=True)])
    run = exp.Window(this=counted, partition_by=[column(CHANGE, history.by)], order=order, spec=frame)
    select = select.select(named(run, _RUN), copy=False)
    select = select.from_(aliased(history.changes.entity, CHANGE), copy=False)
    return select.where(exp.EQ(this=_whole(history), expression=literal(0)), copy=False)


def _rows(history: History, runs: str, values: Sequence[str], *, valued: bool) -> exp.Expr:
    """A row for each state, and where it is `valued` for each change within one that is not closed."""
    assert history.changes is not None
    own, of = history.changes, history.states
    begins, finishes, yes = _begins(history), _finishes(history), exp.Boolean(this=True)
    place, until, entered = (column(CHANGE, one) for one in (own.place, own.until, history.entered))

    def over(tree: exp.Expr) -> exp.Expr:
        return exp.Window(this=tree, partition_by=[column(CHANGE, history.by), column(CHANGE, _RUN)])

    left = over(exp.Max(this=when(copied(finishes), copied(until))))
    same = exp.EQ(this=column(CHANGE, history.stage), expression=column(CHANGE, own.next))
    stays = exp.and_(same, exp.Not(this=_yes(CHANGE, of.won)), exp.Not(this=_yes(CHANGE, of.lost)))
    whole: dict[str, exp.Expr] = {history.number: place, history.entered: entered, history.left: until, _FINISH: place}
    parts = {
        history.number: over(exp.Min(this=copied(place))),
        history.entered: over(exp.Min(this=copied(entered))),
        history.left: left,
        _FINISH: over(exp.Max(this=copied(place))),
    }
    if valued:
        assert history.values is not None
        past = history.values
        whole |= {past.begins: yes, past.ends: copied(yes), past.since: entered, past.until: until}
        parts |= {
            past.begins: when(copied(begins), exp.Boolean(this=True), exp.Boolean(this=False)),
            past.ends: when(stays, exp.Boolean(this=False), exp.Boolean(this=True)),
            past.since: entered,
            past.until: until,
        }

    def selected(cells: Mapping[str, exp.Expr], source: exp.Expr) -> exp.Select:
        select = exp.Select()
        for name in dict.fromkeys((history.by, history.stage, of.won, of.lost, *values)):
            select = select.select(named(column(CHANGE, name), name), copy=False)
        for name, tree in cells.items():
            select = select.select(named(copied(tree), name), copy=False)
        return select.from_(source, copy=False)

    simple = selected(whole, aliased(own.entity, CHANGE)).where(exp.EQ(this=_whole(history), expression=literal(1)))
    # Windows are made of all of them before some are chosen.
    parts[_BEGUN] = when(copied(begins), literal(1), literal(0))
    several = exp.Subquery(this=selected(parts, aliased(runs, CHANGE)), alias=alias_of(CHANGE))
    kept: exp.Expr = exp.EQ(this=column(CHANGE, _BEGUN), expression=literal(1))
    if valued:
        there = exp.Not(this=_is_null(column(CHANGE, history.stage)))
        still = exp.and_(there, exp.Not(this=_yes(CHANGE, of.won)), exp.Not(this=_yes(CHANGE, of.lost)))
        kept = exp.or_(kept, exp.Paren(this=still))
    chosen = selected({name: column(CHANGE, name) for name in whole}, several).where(kept)
    return exp.Union(this=simple, expression=chosen, distinct=False)


def _versions(
    binding: Binding,
    entity: Entity,
    ctes: tuple[str, str, str],
    needed: tuple[str, ...],
    told: Mapping[str, str | None],
    *,
    stretch: bool,
    spans: Spans | None,
) -> tuple[exp.Expr, tuple[str, ...]]:
    """The rows of the entity as of each state: all that they are made of in one row, and their fields over it; and
    what they read of the rows, which stand for those in `base`."""
    history, (base, states, ended) = entity.history, ctes
    assert history is not None
    assert history.changes is not None
    assert entity.key is not None
    history_of = past_values(binding, entity, needed)
    of_state = {(states, name): tree for name, tree in _of_state(binding, entity, base, stretch=stretch).items()}
    inner: dict[tuple[str, str], str] = {}

    def seen(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Column) or node.table not in (base, states, WORTH):
            return node
        name = inner.setdefault((node.table, node.name), f"p{len(inner)}")
        return column(PAST, name)

    def over(tree: exp.Expr) -> exp.Expr:
        return rewritten(tree, {exp.Column: seen})

    select = exp.Select()
    for known in (entity.fields[name] for name in history_of):
        if known.as_of is not None:
            select = select.select(named(over(_worth(told, base, known.name)), before_event(known)), copy=False)
        if known.name not in history.with_state:
            select = select.select(named(over(column(base, known.name)), of_record(known)), copy=False)
    for field in dict.fromkeys((*needed, SINCE, CHANGED, "valid_from", "valid_until")):
        amount = next((n for n in history_of if entity.fields[n].currency == field), field)
        as_told = amount if amount in history_of else None
        if as_told is not None and told[field if field in told else as_told] is None:
            cell: exp.Expr = named(column(base, field), field)
        else:
            cell = field_then(binding, entity.name, base, states, field, as_told, valued=bool(history_of))
        select = select.select(named(over(cell.unalias()), field), copy=False)
    bounds = bounds_of(history, states) if history_of else {n: column(states, n) for n in ("valid_from", "valid_until")}
    held = over(held_in(binding, bounds["valid_from"], bounds["valid_until"], spans)) if spans else None
    rows = exp.Select()
    for (alias, name), cell_name in inner.items():
        tree = of_state.get((alias, name), column(VISIT if alias == WORTH else alias, name))
        if alias == WORTH and told.get(name) is not None:
            tree = column(VISIT, str(told[name]))
        rows = rows.select(named(copied(tree), cell_name), copy=False)
    row = key_of(binding, base, entity.name, entity.key)
    by = key_of(binding, VISIT, history.changes.entity, history.by)
    rows = rows.from_(aliased(ended, base), copy=False)
    on: exp.Expr = same_key(row, by)
    if spans:  # before all that is made of a state, of which most may have been left long ago
        on = exp.and_(on, _seen(history, base, left_after(binding, entity, base, spans)))
    rows.set("joins", [exp.Join(this=aliased(states, VISIT), side="LEFT", on=on)])
    read = dict.fromkeys(one.name for one in rows.find_all(exp.Column) if one.table == base)
    select = select.from_(exp.Subquery(this=rows, alias=alias_of(PAST)), copy=False)
    return (select.where(held, copy=False) if held is not None else select), (*read,)


def _with_last_states(binding: Binding, entity: Entity, base: str, last: str, read: Sequence[str]) -> exp.Expr:
    """The rows in `base` with what is `read` of them, the places of their last states among it."""
    history = entity.history
    assert history is not None
    assert history.changes is not None
    assert entity.key is not None
    select = exp.Select()
    for name in read:
        select = select.select(named(column(LAST if name in _PLACES else base, name), name), copy=False)
    row, by = key_of(binding, base, entity.name, entity.key), key_of(binding, LAST, history.changes.entity, history.by)
    select = select.from_(table(base), copy=False)
    return select.join(exp.Join(this=aliased(last, LAST), side="LEFT", on=same_key(row, by)), copy=False)


def _worth(told: Mapping[str, str | None], base: str, name: str) -> exp.Expr:
    return column(WORTH, name) if told[name] is not None else column(base, name)


def _seen(history: History, base: str, tree: exp.Expr) -> exp.Expr:
    """What `history.py` makes of a numbered state, by the places of a row's last states."""
    instead = {
        # Empty where the next state is the last one.
        history.next_but_one: when(
            exp.LT(this=exp.Add(this=column(VISIT, _FINISH), expression=literal(1)), expression=column(base, _BEGUN)),
            column(VISIT, history.left),
        ),
        history.last_closes: exp.Paren(this=exp.GT(this=column(base, _BEGUN), expression=column(base, _OPEN))),
    }

    def here(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.table == VISIT and node.name in instead:
            return copied(instead[node.name])
        return node

    return rewritten(tree, {exp.Column: here})


def _of_state(binding: Binding, entity: Entity, base: str, *, stretch: bool) -> dict[str, exp.Expr]:
    """What `history.py` has in a CTE of its own: what is known of a state, by the names that it has there."""
    history = entity.history
    assert history is not None
    assert history.changes is not None
    of, own = history.states, history.changes
    stage = key_of(binding, VISIT, own.entity, history.stage)
    row = key_of(binding, VISIT, own.entity, history.by)
    begins, ends = (_seen(history, base, tree) for tree in held_from(binding, entity, base))
    there = exp.Not(this=_is_null(column(VISIT, history.by)))
    first = exp.EQ(this=column(VISIT, history.number), expression=literal(1))
    won, lost = _yes(VISIT, of.won), _yes(VISIT, of.lost)
    found: dict[str, exp.Expr] = {
        history.by: bare_key(row) if one_kind(binding, entity) else row,
        history.stage: bare_key(stage) if binding.key_kind(entity.name, history.stage) else stage,
        "is_last": exp.and_(there, _is_null(column(VISIT, history.left))),
        "is_won": won,
        "is_lost": lost,
        "entered_at": column(VISIT, history.entered),
        SINCE: begins,
        "valid_from": when(first, null("TIMESTAMP"), copied(begins)),
        "valid_until": ends,
    }
    if stretch:
        stays = [
            exp.If(
                this=all_of([copied(how), exp.GT(this=column(VISIT, history.number), expression=column(base, name))]),
                true=exp.Boolean(this=True),
            )
            for how, name in ((won, _NOT_WON), (lost, _NOT_LOST))
        ]
        found["ends_history"] = exp.Case(ifs=stays, default=exp.Boolean(this=False))
    return found
