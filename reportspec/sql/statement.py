"""The CTEs of one statement: one for each entity that is read, with only the fields asked for.

Entities that are made from others are built first, since they say what they need of those.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import wraps
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

from sqlglot import exp

from reportspec.expression.trees import (
    OUTPUTS,
    READS,
    ROWS,
    SPEAKS,
    alias_of,
    all_of,
    bare_key,
    column,
    conjuncts,
    copied,
    identifier,
    literal,
    named,
    short,
)
from reportspec.lazy_dataclass import dataclass
from reportspec.model.domain import Derived, Entity, History
from reportspec.remembered import remembered
from reportspec.resolve.binding import Binding, Unresolved
from reportspec.resolve.moments import Moment, Spans, depth, varies_with_moment
from reportspec.sql.dialects.rewrite import with_args
from reportspec.sql.history import asks_for_the_stretch, past_values, select_versions
from reportspec.sql.merged_records import survivors_cte, survivors_ctes, survivors_read
from reportspec.sql.rates import RATES, select_rates
from reportspec.sql.scope import Scope
from reportspec.sql.shared_trees import SHARED, parts_of, shared_of
from reportspec.sql.source_rows import select_rows


@dataclass(slots=True)
class PastRows:
    """The CTE of an entity's rows, filled with fields as they are asked for."""

    entity: Entity
    name: str
    needed: dict[str, None]
    versions: str | None = None  # the CTE of its past states, where it has them
    whole: bool = False  # also the rows that the entity's own condition leaves out


@dataclass(slots=True)
class _DerivedRows:
    """The CTE of a derived entity at a moment; it gets the fields that are asked for."""

    entity: Entity
    moment: Moment
    needed: dict[str, None]


@dataclass(slots=True)
class Look:
    """That a SELECT reads a CTE: of an entity's past states those that held at some time in its `spans`; all of them
    where nothing is known of that."""

    spans: Spans | None = None
    _known: bool = True

    def at(self, moment: Moment) -> None:
        """Only rows that hold at a moment are asked for, or at others that were said."""
        span = moment.span
        self._known = self._known and span is not None
        self.spans = (self.spans or frozenset()) | {span} if self._known and span is not None else None


def together(spans: Iterable[Spans | None]) -> Spans | None:
    """All stretches that any of several ask for; None where one asks for all."""
    found = list(spans)
    return None if not found or None in found else frozenset().union(*found)  # type: ignore[arg-type]


class RowsOf(NamedTuple):
    """What a CTE has: an entity's rows with some of its `fields`, at a moment if they depend on one. It is `made`
    from other CTEs; others are tables of the source as they are. Rates, which are of no entity, have no name of one.
    Of past states those are read that held at some time in its `spans`, or all of them."""

    cte: str
    entity: str
    moment: Moment | None
    fields: tuple[str, ...]
    made: bool
    spans: Spans | None = None


NO_MOMENT = Moment("current", None, None, None)  # of what is the same at each

P = ParamSpec("P")
T = TypeVar("T")
Wishes = dict[tuple[Callable[..., object], tuple[object, ...]], None]  # methods, with what they were called with


def _wish(method: Callable[Concatenate[Statement, P], T]) -> Callable[Concatenate[Statement, P], T]:
    """A method by which something is had in a statement: who listens hears what was asked for, so that another
    statement can be asked for the same."""

    @wraps(method)
    def heard(self: Statement, /, *args: P.args, **kwargs: P.kwargs) -> T:
        for wishes in self.listening:
            wishes[method, args] = None
        return method(self, *args, **kwargs)

    return heard


class Statement:
    """The CTEs of one SQL statement."""

    # Whether CTEs are called as in every other statement, so that what is made over them can be shared.
    called_alike = True
    # Whether fields are as the records have them today, and not as they were at a moment.
    as_recorded = False

    def __init__(self, binding: Binding, *, dry: bool = False) -> None:
        self.binding = binding
        self._dry = dry  # only names are asked for, no statement will be made
        self._rows: dict[str, PastRows] = {}
        self._derived: dict[str, _DerivedRows] = {}
        self._rated = False
        self._survivors: dict[str, None] = {}  # the entities of which it is told what is left of merged records
        self._looks: dict[str, list[Look]] = {}
        self.listening: list[Wishes] = []
        self._granted: dict[int, Wishes] = {}

    def look(self, cte: str) -> Look:
        """Say that a SELECT reads an entity's CTE; what it asks of it is said to the answer."""
        look = Look()
        self._looks.setdefault(cte, []).append(look)
        return look

    def spans(self, cte: str) -> Spans | None:
        """The stretches of which past states are asked for, so far; None where all of them are."""
        return together(look.spans for look in self._looks.get(cte, ()))

    @_wish
    def look_at(self, cte: str, moment: Moment) -> None:
        """Say that a SELECT reads what an entity's CTE has at a moment."""
        self.look(cte).at(moment)

    def looked(self, cte: str, spans: Spans | None) -> None:
        """Say that a SELECT reads the past states of some stretches, or all of them."""
        self._looks.setdefault(cte, []).append(Look(spans))

    @_wish
    def instance(self, name: str, moment: Moment) -> str:
        """The CTE with an entity's rows at a moment, made if it is not there yet."""
        entity = self.binding.entity(name)
        if entity.derived is None:
            return self._plain(entity)
        varies = varies_with_moment(self.binding, name)
        if varies and moment.name == "calendar":
            raise Unresolved("no-trend", f"`{name}` cannot be shown over time, only at one date")
        cte = self._called(name, moment) if varies else name
        if cte not in self._derived:
            self._derived[cte] = _DerivedRows(entity, moment if varies else NO_MOMENT, {})
        return cte

    def _called(self, name: str, moment: Moment) -> str:
        """The CTE of an entity whose rows depend on the moment."""
        return short(f"{name}_previous" if moment.name == "previous" else name)

    @_wish
    def today(self, name: str) -> str:
        """The CTE with an entity's rows as they are today, beside the one with past states."""
        cte = short(f"{name}_row")
        if cte not in self._rows:
            self._rows[cte] = PastRows(self.binding.entity(name), cte, {})
        return cte

    def states(self, name: str) -> str:
        """The CTE with a row for each past state of an entity that has any."""
        return self.instance(name, NO_MOMENT)

    @_wish
    def rows_only(self, name: str) -> str:
        """The CTE with an entity's rows as they are today, without past states."""
        if name not in self._rows:
            self._rows[name] = PastRows(self.binding.entity(name), name, {})
        return name

    @_wish
    def rows_whole(self, name: str) -> str:
        """The CTE with all rows that the mapping gives an entity, deleted and merged ones too."""
        cte = short(f"{name}_whole")
        if cte not in self._rows:
            self._rows[cte] = PastRows(self.binding.entity(name), cte, {}, whole=True)
        return cte

    @_wish
    def survivors(self, name: str) -> str:
        """The CTE that tells which record is left of each of an entity's that were merged into others."""
        self._survivors[name] = None
        return survivors_cte(name)

    @_wish
    def need(self, cte: str, field: str) -> None:
        """Have a field in an entity's CTE."""
        rows = self._rows.get(cte) or self._derived.get(cte)
        if rows is not None:
            rows.needed[field] = None

    @_wish
    def rates(self) -> str:
        """The CTE with what one unit of each currency is worth in the report's, and when."""
        if not self._rated:
            self._rated = True
            rates = self.binding.catalogue.exchange_rates
            instance = self._plain(self.binding.entity(rates.entity))
            for name in rates.fields:
                self.need(instance, name)
        return RATES

    def grant(self, wishes: Wishes) -> None:
        """Have all that was asked of another statement; once, unless somebody listens."""
        if not self.listening:
            if id(wishes) in self._granted:
                return
            self._granted[id(wishes)] = wishes
        for others in self.listening:
            others.update(wishes)
        for method, args in wishes:
            method(self, *args)

    def versioned(self, name: str) -> bool:
        """Whether an entity's CTE has a row for each past state."""
        return self.binding.has_history(self.binding.entity(name))

    def finish(self, select: exp.Select, outputs: Mapping[str, str] | None = None) -> exp.Select:
        """The statement: a SELECT with the CTEs that it needs before it, and the types of its `outputs`."""
        shared = shared_of(self.binding)
        for part in parts_of(select):
            shared.add(part)
        ctes = []
        for name, tree, comment in self.ctes():
            alias = identifier(name)
            if comment:  # of the name, where sqlglot writes it: of a CTE it would move it there, each time
                alias.add_comments([comment])
            ctes.append(exp.CTE(this=tree, alias=alias))
        if ctes:
            select.set("with_", exp.With(expressions=ctes))
        select.meta[READS] = self.reads()
        select.meta[ROWS] = self.rows()
        select.meta[SPEAKS] = self.binding.source.dialect
        select.meta[SHARED] = shared
        if outputs is not None:
            select.meta[OUTPUTS] = dict(outputs)
        return select

    def reads(self) -> frozenset[str]:
        """The source's tables that the CTEs read so far, as a mapping names them."""
        return frozenset(
            ".".join(part.name for part in table.parts)
            for name in (*(rows.entity.name for rows in self._rows.values()), *self._survivors_read())
            for part in self.binding.source.entities[name].parts
            for table in (part.table, *(join.table for join in part.joins))
        )

    def rows(self) -> tuple[RowsOf, ...]:
        """What each CTE has that was asked for so far."""
        return (
            *(
                RowsOf(cte, r.entity.name, None, (*r.needed,), r.versions is not None, self.spans(cte))
                for cte, r in self._rows.items()
            ),
            *(
                RowsOf(cte, r.entity.name, self._depends(r), (*r.needed,), made=True)
                for cte, r in self._derived.items()
            ),
            *([RowsOf(RATES, "", None, (), made=True)] if self._rated else []),
            *(RowsOf(survivors_cte(name), name, None, (), made=True) for name in self._survivors_read()),
        )

    def _survivors_read(self) -> tuple[str, ...]:
        """The entities of which it is read what is left of merged records: asked for, or named by keys of rows."""
        found = dict(self._survivors)
        for rows in self._rows.values():
            found.update(dict.fromkeys(survivors_read(self.binding, rows.entity.name, list(rows.needed))))
        return tuple(found)

    def _depends(self, rows: _DerivedRows) -> Moment | None:
        return rows.moment if varies_with_moment(self.binding, rows.entity.name) else None

    def ctes(self) -> list[tuple[str, exp.Expr, str]]:
        """Name, tree and what it is, of each CTE, in an order in which each uses earlier ones."""
        built: dict[str, exp.Expr] = {}
        self._need_past_values()
        while waiting := [cte for cte in self._derived if cte not in built]:
            # Entities made from others come first: they say what they need of those.
            cte = max(waiting, key=lambda name: depth(self.binding, self._derived[name].entity.name))
            built[cte] = self._derive(self._derived[cte])
            self._need_past_values()
        ctes_found: list[tuple[int, list[tuple[str, exp.Expr, str]]]] = []
        for rows in list(self._rows.values()):
            if rows.versions is not None:
                self._rows[rows.versions].needed.update(rows.needed)
        for name, rows in self._rows.items():
            level = depth(self.binding, rows.entity.name) if rows.versions else 0
            ctes_found.append((level, self._plain_ctes(name, rows)))
        for name, tree in built.items():
            entity = self._derived[name].entity
            ctes_found.append((depth(self.binding, entity.name), [(name, tree, entity.description["en"])]))
        for name in self._survivors_read():
            ctes_found.append((-1, _survivors_of(self.binding, name)))
        if self._rated:
            ctes_found.append((0, [(RATES, select_rates(self.binding), "What one unit of a currency is worth")]))
        return [cte for _, ctes in sorted(ctes_found, key=lambda item: item[0]) for cte in ctes]

    def _need_past_values(self) -> None:
        """Have what the fields were that are asked of entities with past states, and of states whether they ended their
        history, where that is asked."""
        for rows in list(self._rows.values()):
            if rows.versions is not None:
                self._need_values(rows)

    def _need_values(self, rows: PastRows) -> None:
        history = rows.entity.history
        assert history is not None
        if asks_for_the_stretch(self.binding, rows.entity, rows.needed):
            self.need(self.instance(history.entity, NO_MOMENT), history.stays_closed)
        values_asked = past_values(self.binding, rows.entity, tuple(rows.needed))
        if not values_asked:
            return
        assert history.values is not None
        values = self.instance(history.values.entity, NO_MOMENT)
        for name in (history.by, *history.values.bounds, *values_asked):
            self.need(values, name)
        for name in values_asked:
            self.need(rows.versions or "", name)

    def _plain_ctes(self, name: str, rows: PastRows) -> list[tuple[str, exp.Expr, str]]:
        if rows.versions is None:
            remark = rows.entity.plural["en"]
            if name != rows.entity.name:
                remark += ", deleted ones too" if rows.whole else " as they are today"
            return [(name, select_rows(self.binding, rows.entity, rows.needed, whole=rows.whole), remark)]
        return self._past_ctes(name, rows)

    def _past_ctes(self, name: str, rows: PastRows) -> list[tuple[str, exp.Expr, str]]:
        """The CTE of an entity's past states, and those that it is made of."""
        assert rows.versions is not None
        base, states = rows.versions, short(f"{name}_state")
        return select_versions(self.binding, rows.entity, name, base, states, tuple(rows.needed), self._held_in(name))

    def _held_in(self, cte: str) -> Spans | None:
        """The stretches outside of which a CTE need not have past states. One that is read once is no faster for
        what it lacks: only what is written down leaves them out."""
        return None

    def rows_tree(self, name: str) -> exp.Expr:
        """The SELECT of an entity's plain rows, by its CTE's name, with the CTEs that it reads itself."""
        rows = self._rows[name]
        tree = select_rows(self.binding, rows.entity, rows.needed, whole=rows.whole)
        merged = survivors_read(self.binding, rows.entity.name, list(rows.needed))
        ctes = [cte for entity in merged for cte in _survivors_of(self.binding, entity)]
        if not ctes:
            return tree
        found = [exp.CTE(this=body, alias=alias_of(cte)) for cte, body, _ in ctes]
        return with_args(tree, with_=exp.With(expressions=found))

    def _plain(self, entity: Entity) -> str:
        if entity.name in self._rows:
            return entity.name
        self._rows[entity.name] = PastRows(entity, entity.name, {})
        if self.versioned(entity.name) and not self._dry:
            self._with_states(entity, entity.name)
        return entity.name

    def _with_states(self, entity: Entity, cte: str) -> None:
        """Have an entity's CTE made of its past states."""
        history = entity.history
        assert history is not None
        base = self.today(entity.name)
        self._rows[cte].versions = base
        self._need_states(history)
        fields_kept = (entity.key, history.outcome.field, history.outcome.at, entity.exists_from, history.stage)
        for name in filter(None, fields_kept):
            self._rows[base].needed[name] = None

    def _need_states(self, history: History) -> None:
        """Have what past states are made of."""
        states = self.instance(history.entity, NO_MOMENT)
        for name in (
            history.by,
            history.entered,
            history.stage,
            history.left,
            history.number,
            history.next_but_one,
            history.last_closes,
        ):
            self.need(states, name)
        stage = self.instance(history.states.entity, NO_MOMENT)
        for name in (history.states.key, history.states.won, history.states.lost):
            self.need(stage, name)

    def _ties(self, derived: Derived, wanted: Collection[str]) -> list[exp.Column]:
        """The fields by which rows in one place of an order are told apart: all that the source has, as soon as
        one of them is asked for, so that every statement takes the same row."""
        if not any(name in wanted for name in derived.ties):
            return []
        return [column(derived.source, name) for name in self.binding.ties(derived)]

    def _as_known(self, derived: Derived, tree: exp.Expr) -> exp.Expr:
        """What a field of a derived entity is made as, by what is known of the source besides its mapping: as it is
        written, where nothing is."""
        return tree

    def _derive(self, rows: _DerivedRows) -> exp.Expr:
        """The SELECT of a derived entity. One of the same fields at the same moment is the same tree in each
        statement of a binding, and asks each for the same."""
        if not self.called_alike:
            return self._derived_rows(rows)
        kept = self.binding.remembered.setdefault(Statement._derive, {})
        key = (rows.entity.name, rows.moment, (*rows.needed,))
        if key not in kept:
            wishes: Wishes = {}
            before = {cte: len(looks) for cte, looks in self._looks.items()}
            self.listening.append(wishes)
            try:
                made = self._derived_rows(rows)
                shared_of(self.binding).add(made)
                for cte, looks in self._looks.items():  # which are only known now: a look is told of moments bit by bit
                    wishes.update(((Statement.looked, (cte, look.spans)), None) for look in looks[before.get(cte, 0) :])
                kept[key] = (made, wishes)
            finally:
                self.listening.pop()
        tree, asked = kept[key]
        self.grant(asked)
        return tree  # type: ignore[no-any-return]

    def _derived_rows(self, rows: _DerivedRows) -> exp.Expr:
        derived, moment = rows.entity.derived, rows.moment
        assert derived is not None
        scope = Scope(self, derived.source, moment, derived.match)
        select = exp.Select()
        wanted = dict.fromkeys((*derived.group_by, *rows.needed))
        ties = self._ties(derived, wanted)
        for name, tree in derived.fields.items():
            if name not in wanted:
                continue
            field = rows.entity.fields.get(name)
            made = self._as_known(derived, _in_place(tree, ties))
            value = scope.compile(made, moment, day=field is not None and field.type == "date")
            if self.binding.key_kind(rows.entity.name, name):
                value = bare_key(value)
            select = select.select(named(value, name), copy=False)
            if name in derived.group_by:
                select = select.group_by(copied(value), copy=False)
        conditions = [
            *scope.exists(moment),
            *conjuncts(scope.compile_optional(derived.where, moment)),
        ]
        condition = all_of(conditions)
        if not wanted:
            select = select.select(named(literal(1), "one"), copy=False)
        select = scope.attach(select)
        return select.where(condition, copy=False) if condition is not None else select


@remembered
def _survivors_of(binding: Binding, name: str) -> list[tuple[str, exp.Expr, str]]:
    entity = binding.entity(name)
    rows = select_rows(binding, entity, [field for field in (entity.key, entity.merged_into) if field], whole=True)
    found = survivors_ctes(binding, entity, rows)
    for _, tree, _ in found:
        shared_of(binding).add(tree)
    return found


class RecordStatement(Statement):
    """The CTEs of a statement that is about the records as they are: no past states, and what a record says of a time
    that is still to come it says."""

    called_alike = False
    as_recorded = True

    def versioned(self, name: str) -> bool:
        """No entity's CTE has a row for each past state."""
        return False

    def states(self, name: str) -> str:
        """The CTE with a row for each past state of an entity, beside the one with its records."""
        cte, entity = f"{name}_then", self.binding.entity(name)
        if cte not in self._rows:
            self._rows[cte] = PastRows(entity, cte, {})
            self._with_states(entity, cte)
        return cte


def _in_place(tree: exp.Expr, ties: Sequence[exp.Column]) -> exp.Expr:
    """An expression whose windows have `ties` behind their orders."""
    if not ties:
        return tree
    tree = copied(tree)
    for order in tree.find_all(exp.Order):
        for tie in ties:
            order.append("expressions", exp.Ordered(this=copied(tie), nulls_first=True))
    return tree
