"""Names become columns: a `Scope` is one SELECT over an entity. It turns expressions of canonical
names into columns and remembers the joins that they need. All joins go from many to one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlglot import exp

from reportspec.expression.sandbox import OWN_FUNCTIONS, WRITTEN, column_nodes, path_of
from reportspec.expression.trees import (
    AMOUNT,
    FEW,
    KEY,
    LONGEST,
    MOMENT,
    TEXT,
    TYPES,
    all_of,
    bare_key,
    cast,
    column,
    conjuncts,
    copied,
    instant_literal,
    literal,
    null,
    same_key,
    text_key,
    when,
)
from reportspec.expression.types import explicit
from reportspec.model.domain import SINCE, Entity, Field, Match, Relation
from reportspec.remembered import remembered, remembered_of_tree
from reportspec.resolve.binding import Binding
from reportspec.resolve.moments import Moment, varies_with_moment
from reportspec.sql.clock import LOCAL, by_the_report, moved, shown_at
from reportspec.sql.conversion import At, converted, currency_of, whatever_currency
from reportspec.sql.dialects.rewrite import with_args
from reportspec.sql.existence import there_at, valid_at
from reportspec.sql.from_clause import Rows, aliased
from reportspec.sql.functions import call, in_order, names_time
from reportspec.sql.history import before_event, of_record
from reportspec.sql.rates import RATES
from reportspec.sql.shared_trees import shared_of
from reportspec.sql.windows import Window
from reportspec.sql.yes_or_no import YES, null_is_no

if TYPE_CHECKING:
    from reportspec.sql.statement import Statement, Wishes

# Comparisons that ask whether the other side is after this one, or not, by the argument that this one is.
_AFTER: Mapping[str, tuple[type[exp.Expr], ...]] = {"expression": (exp.GT, exp.LTE), "this": (exp.LT, exp.GTE)}


class Joined(NamedTuple):
    """A join that a scope has: the `way` that it goes, or what rates are looked for by, and the alias at its end. It
    may bring an entity of `small` size by nothing but its key, and what is another row on the other side."""

    way: tuple[str, ...] | str
    alias: str
    clause: exp.Join
    small: bool = False
    of_previous: bool = False


# What has no names in it, and what `in_order` or `_with_bare_keys` may write otherwise.
_NAMELESS = frozenset((exp.Literal, exp.Null, exp.Boolean, exp.DataType, exp.Var, exp.Star))
_IN_ORDER = frozenset((exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Window))

_Joins = dict[tuple[tuple[str, ...] | str, str], Joined]  # by ways and aliases, in the order in which they came


class Scope:
    """One SELECT over an entity: its base CTE, the joins, and the columns that names stand for."""

    def __init__(self, statement: Statement, entity: str, moment: Moment, match: Match | None = None) -> None:
        self.statement = statement
        self.binding = statement.binding
        self.entity = entity
        self.base = statement.instance(entity, moment)
        self._looked = statement.look(self.base)
        self._joins: _Joins = {}
        self._rates: dict[str, str] = {}  # the aliases of rates, by what they are looked for by
        self._listening: list[_Joins] = []
        self._of_previous: set[str] = set()  # the aliases of what is another row on the other side
        self._compiled: dict[tuple[int, str, tuple[str, ...], int], tuple[exp.Expr, exp.Expr, At | None]] = {}
        self.windows: dict[tuple[object, ...], Window] = {}
        self._clauses: list[exp.Join] = []
        self._small: set[int] = set()
        self.matched: str | None = None
        if match is not None:
            self._pair(match, moment)

    def _pair(self, match: Match, moment: Moment) -> None:
        """Join the rows of another entity that match."""
        cte = self.statement.instance(match.entity, moment)
        self.statement.look(cte)
        self.matched = match.entity
        paired = self.binding.entity(match.entity)
        on = [*conjuncts(self.compile(match.on, moment))]
        if paired.exists_from and self.given(paired, paired.exists_from):
            on += there_at(self, match.entity, cte, paired, moment)
        side = "LEFT" if match.keep else None
        self._clauses.append(exp.Join(this=aliased(cte, match.entity), side=side, on=all_of(on)))

    def rows(self, first: exp.Join | None = None) -> Rows:
        """Where the rows are from: the base, and the joins that were asked for, after `first` if there is one."""
        small = [clause for clause in self._clauses if id(clause) in self._small]
        joins = [first, *self._clauses] if first is not None else list(self._clauses)
        return Rows(aliased(self.base, self.entity), joins, small)

    def rated(self, by: str, join: Callable[[str], exp.Join]) -> str:
        """The alias of the rates that are looked for `by` something; `join` makes the join of an alias."""
        alias = self._rates.get(by) or _rates_alias(len(self._rates))
        known = self._joins.get((by, alias))
        self._have(known or Joined(by, alias, join(alias)))
        return alias

    def _have(self, joined: Joined) -> None:
        """Have one more join, if it is not there yet."""
        key = (joined.way, joined.alias)
        if key not in self._joins:
            self._joins[key] = joined
            self._clauses.append(joined.clause)
            if joined.small:
                self._small.add(id(joined.clause))
            if isinstance(joined.way, str):
                self._rates[joined.way] = joined.alias
        if joined.of_previous:
            self._of_previous.add(joined.alias)
        for joins in self._listening:
            joins[key] = joined

    def shared(self, key: tuple[object, ...], kept: object, make: Callable[[], list[exp.Expr]]) -> list[exp.Expr]:
        """What `make` gives: made once for all scopes of a binding over the same rows. Others get the same trees,
        and have the joins and the fields that making it brought. The `kept` are those whose ids are in the key."""
        if self.matched is not None or not self.statement.called_alike:
            return make()
        made = self.binding.remembered.setdefault(Scope, {})
        key = (self.entity, self.base, *key)
        if key not in made:
            joins: _Joins = {}
            wishes: Wishes = {}
            self._listening.append(joins)
            self.statement.listening.append(wishes)
            try:
                found = make()
            finally:
                self._listening.pop()
                self.statement.listening.pop()
            trees = shared_of(self.binding)
            for tree in (*found, *(joined.clause for joined in joins.values())):
                trees.add(tree)
            made[key] = (found, joins, wishes, kept)
            return found
        known: tuple[list[exp.Expr], _Joins, Wishes, object] = made[key]
        found, joins, wishes, _ = known
        if not self._rated_alike(joins):
            return make()
        self.statement.grant(wishes)
        for joined in joins.values():
            self._have(joined)
        return found

    def _rated_alike(self, joins: _Joins) -> bool:
        """Whether rates would have the aliases here that they have in these joins: they are numbered as they come."""
        count = len(self._rates)
        for way, alias in joins:
            if isinstance(way, str):
                known = self._rates.get(way)
                if alias != (known or _rates_alias(count)):
                    return False
                count += known is None
        return True

    def converted(
        self, path: tuple[str, ...], at: At, moment: Moment, steps: tuple[str, ...] = (), *, before: bool = False
    ) -> exp.Expr:
        """An amount in the report's currency."""
        return converted(self, path, at, moment, steps, before=before)

    def attach(self, select: exp.Select) -> exp.Select:
        """The SELECT with FROM and the joins that were asked for."""
        return self.rows().attach(select)

    def exists(self, moment: Moment, *, known: bool = False) -> list[exp.Expr]:
        """The conditions under which a row of the base entity is there at a moment. Of rows that
        are `known` to be there, those under which it is the row of that moment."""
        entity = self.binding.entity(self.entity)
        if entity.derived is None and self.statement.versioned(entity.name):
            self._looked.at(moment)
        return [*self.shared(("exists", moment, known), None, lambda: self._exists(moment, known))]

    def _exists(self, moment: Moment, known: bool) -> list[exp.Expr]:
        entity = self.binding.entity(self.entity)
        conditions = []
        if not known and entity.exists_from and self.given(entity, entity.exists_from):
            conditions += there_at(self, self.entity, self.base, entity, moment)
        if entity.derived is None and self.statement.versioned(entity.name):
            conditions += valid_at(self, self.entity, moment)
        return conditions

    def there(self, way: tuple[str, ...], moment: Moment) -> list[exp.Expr]:
        """The conditions under which the record at the end of a way is there at a moment."""
        alias = self._join(way, moment)
        entity = self.binding.entity(self.binding.entity_at(self.entity, way))
        clause = self._joins[way, alias].clause
        conditions: list[exp.Expr] = [exp.Not(this=exp.Is(this=column(alias, entity.key or ""), expression=exp.Null()))]
        if entity.exists_from and self.given(entity, entity.exists_from):
            conditions += there_at(self, alias, clause.this.name, entity, moment)
        return conditions

    def given(self, entity: Entity, name: str) -> bool:
        return self.binding.mapped(entity.name, name) is not None

    def instant(self, value: Any, storage: str) -> exp.Expr:
        """An instant as an expression to compare times of that storage with."""
        if callable(value):
            return value(storage)  # type: ignore[no-any-return]
        return _instant(self.binding, value, storage)

    def compile_optional(self, tree: exp.Expr | None, moment: Moment, at: exp.Expr | None = None) -> exp.Expr | None:
        return None if tree is None else self.compile(tree, moment, (), at)

    def compile(
        self,
        tree: exp.Expr,
        moment: Moment,
        steps: tuple[str, ...] = (),
        at: At | None = None,
        *,
        before: bool = False,
        day: bool = False,
    ) -> exp.Expr:
        """An expression of canonical names as one of columns, seen from the end of `steps`. Where
        `at` names a time, amounts are converted to the report's currency by the rate of its day, or
        of the last day `before` it and the moment. Times are by the source's clock, and the value of
        a field that is a `day` is the report's.

        The same expression gives the same tree again: measures share most of theirs."""
        name = f"{moment.name}{' by bucket' if callable(moment.start) else ''} {moment.report or ''}"
        key = (
            id(tree),
            name,
            steps,
            id(at),
        )  # a time is always either `before` or not, a field a `day` or not
        if self._listening:  # who listens hears again what it brings
            return self._made(tree, moment, steps, at, before, day)
        if key not in self._compiled:
            # The source trees are kept with the result, so that their ids stay their own.
            self._compiled[key] = (tree, self._made(tree, moment, steps, at, before, day), at)
        return self._compiled[key][1]

    def _made(
        self, tree: exp.Expr, moment: Moment, steps: tuple[str, ...], at: At | None, before: bool, day: bool
    ) -> exp.Expr:
        if not (at is None or isinstance(at, exp.Expr)):
            return self._compile(tree, moment, steps, at, before, day)
        key = (id(tree), moment, steps, id(at), before, day)
        [found] = self.shared(key, (tree, at), lambda: [self._compile(tree, moment, steps, at, before, day)])
        return found

    def _compile(
        self,
        tree: exp.Expr,
        moment: Moment,
        steps: tuple[str, ...],
        at: At | None,
        before: bool,
        day: bool,
    ) -> exp.Expr:
        def visit(node: exp.Expr) -> exp.Expr:
            if node._meta and MOMENT in node._meta:
                at_once, owner, name = node._meta[MOMENT]
                return self.instant(at_once, self.binding.storage(owner, name))
            if type(node) in _NAMELESS:
                return node
            if isinstance(node, (exp.Column, exp.Dot)):
                path = path_of(node)
                if len(path) == 1:
                    return self.instant_name(path[0], moment, local=bool(node.meta.get(LOCAL)))
                if at is not None and currency_of(self, path, steps):
                    return converted(self, path, at, moment, steps, before=before)
                return self.field(path, moment, steps)
            same_currency = whatever_currency(node) if at is not None else None
            if same_currency is not None:
                return with_args(node, this=self.field(path_of(same_currency), moment, steps))
            days = self._beside_days(node, moment, steps)
            if isinstance(node, exp.Anonymous) and str(node.this).upper() in OWN_FUNCTIONS:
                return call(self, node, moment, steps)
            changed: dict[str, Any] = dict(days)
            for key, value in node.args.items():
                kind = type(value)
                if key in days or value is None or kind is str or kind is bool:
                    continue
                if kind is list:
                    parts = [visit(v) if isinstance(v, exp.Expr) else v for v in value]
                    if any(new is not old for new, old in zip(parts, value, strict=True)):
                        changed[key] = parts
                elif isinstance(value, exp.Expr):
                    part = visit(value)
                    if part is not value:
                        changed[key] = part
            if changed:
                node = with_args(node, **changed)
                if YES in node.meta and FEW in node.this.meta:
                    node.meta[FEW] = True
            return in_order(_with_bare_keys(node)) if type(node) in _IN_ORDER else node

        return visit(self._meant(tree, steps, day))

    def _meant(self, tree: exp.Expr, steps: tuple[str, ...], day: bool) -> exp.Expr:
        """An expression in which nothing is left to what one takes for granted: whose clock it goes by, and what null
        is where yes or no is asked. It is the same tree each time, which nobody changes."""
        at = self.binding.entity_at(self.entity, steps)
        known = self.binding.remembered.setdefault(Scope._meant, {})
        # A name of the matched entity is one where no steps were taken.
        key = (id(tree), at, self.matched, bool(steps), day)
        if key not in known:  # the tree is kept beside its id, so that nothing else gets it
            known[key] = (tree, self._said(tree, at, steps, day))
        return known[key][1]  # type: ignore[no-any-return]

    def _said(self, tree: exp.Expr, at: str, steps: tuple[str, ...], day: bool) -> exp.Expr:
        compiled, binding = copied(tree), self.binding
        named = binding.kinds(at, self.matched)
        if WRITTEN in compiled.meta:
            compiled = explicit(compiled, named)
        if _written_by_people(binding, tree):
            days = lambda node: self.keeps_days(node, steps)  # noqa: E731
            compiled = by_the_report(compiled, named, days, binding.source_zone, binding.zone, day=day)
        return null_is_no(compiled, lambda node: self._says_yes(node, steps))

    def _says_yes(self, node: exp.Expr, steps: tuple[str, ...]) -> bool:
        """Whether a name is that of a yes-or-no field."""
        path = path_of(node)
        if len(path) == 1:
            return False
        if path[0] == self.matched and len(path) == 2 and not steps:
            field = self.binding.field(*path)
            return field is not None and field.type == "boolean"
        base = self.binding.entity_at(self.entity, steps)
        return self.binding.resolve(base, path).field.type == "boolean"

    def _beside_days(self, node: exp.Expr, moment: Moment, steps: tuple[str, ...]) -> dict[str, exp.Expr]:
        """The arguments of a comparison that are `as_of` or a bound of the period, as days, where
        they are compared with a field that keeps days: a day has no hour to compare."""
        if not isinstance(node, (exp.LT, exp.LTE, exp.GT, exp.GTE, exp.EQ, exp.NEQ)):
            return {}
        fields = {}
        for key, other in (("this", node.expression), ("expression", node.this)):
            side = node.args[key]
            bare = isinstance(side, exp.Column) and len(path_of(side)) == 1
            if bare and isinstance(other, (exp.Column, exp.Dot)) and self.keeps_days(other, steps):
                within = isinstance(node, _AFTER[key]) or self.is_due(other, steps)
                fields[key] = self.bound_day(path_of(side)[0], moment, within=within)
        return fields

    def bound_day(self, name: str, moment: Moment, *, within: bool = False) -> exp.Expr:
        """`as_of` or a bound of the period as a day, to compare with days. Of what happened it is the
        first that begins no earlier, since a day is told as soon as it has begun: no other day is at or after it, or
        before it. `within` it is the one that it is in: of what is due, since nobody is late before a day is over, and
        where days after it are asked for, or up to it, since days that begin later are those after this one."""
        if within:
            return cast(self.instant_name(name, moment, local=True), "DATE")
        return self.instant_name(name, moment, "date")

    def is_due(self, tree: exp.Expr, steps: tuple[str, ...] = ()) -> bool:
        """Whether an expression names a field by which something is to have happened."""
        base = self.binding.entity_at(self.entity, steps)

        def due(path: tuple[str, ...]) -> bool:
            if path[0] == self.matched and len(path) == 2 and not steps:
                field = self.binding.field(*path)
                return field is not None and field.due
            return self.binding.resolve(base, path).field.due

        return any(due(path) for node in column_nodes(tree) if len(path := path_of(node)) > 1)

    def instant_name(self, name: str, moment: Moment, storage: str = "time", *, local: bool = False) -> exp.Expr:
        """`as_of`, `period_start` or `period_end` at a moment, as the source's clock shows it or
        the report's, if `local`."""
        value = {"as_of": moment.as_of, "period_start": moment.start, "period_end": moment.end}[name]
        if local and isinstance(value, datetime):
            return shown_at(value, self.binding.zone)
        instant = self.instant(value, storage)
        return moved(instant, str(self.binding.source_zone), str(self.binding.zone)) if local else instant

    def keeps_days(self, tree: exp.Expr, steps: tuple[str, ...] = ()) -> bool:
        """Whether an expression has times in it, and all of them are whole days."""
        if not names_time(tree):
            return False
        base = self.binding.entity_at(self.entity, steps)
        if self.matched is None:
            return self.binding.storage_of(base, tree) == "date"
        return self.binding.paired_storage(base, self.matched, tree) == "date"

    def local_date(self, tree: exp.Expr) -> exp.Expr:
        """The report's day of a time of the source."""
        zone, source = str(self.binding.zone), str(self.binding.source_zone)
        return cast(tree if zone == source else moved(tree, source, zone).this, "DATE")

    def field(self, path: tuple[str, ...], moment: Moment, steps: tuple[str, ...] = ()) -> exp.Expr:
        """The column (or expression) of a dotted name, seen from the end of `steps`."""
        if self._listening:  # what is made of it is shared as a whole
            return self._field(path, moment, steps)
        [found] = self.shared((path, moment, steps), None, lambda: [self._field(path, moment, steps)])
        return found

    def _field(self, path: tuple[str, ...], moment: Moment, steps: tuple[str, ...]) -> exp.Expr:
        if path[0] == self.matched and len(path) == 2 and not steps:
            paired = self.binding.entity(path[0])
            found_field = self.binding.field(*path)
            assert found_field is not None, path
            return self._value(path[0], paired, found_field, (), moment)
        reference = self.binding.resolve(self.binding.entity_at(self.entity, steps), path)
        way = (*steps, *reference.steps)
        last = self._last(way)
        if last is not None and last.today and not self.binding.has_today(last, reference.field):
            return null(TYPES[reference.field.type])
        alias = self._join(way, moment)
        entity = self.binding.entity(self.binding.entity_at(self.entity, way))
        return self._value(alias, entity, reference.field, way, moment)

    def _value(self, alias: str, entity: Entity, field: Field, way: tuple[str, ...], moment: Moment) -> exp.Expr:
        """A field of what stands under an alias, at the end of a way."""
        moment = self._seen_at(way, moment)
        last = self._last(way)
        if last is not None and last.today:
            own = self.binding.is_own_record(entity.name, last)
            cte = self.statement.instance(entity.name, moment) if own else self.statement.today(entity.name)
            self.statement.need(cte, field.name)
            return self._column(alias, entity, field)
        if field.expr is not None:
            return exp.Paren(this=self.compile(field.expr, moment, way, day=field.type == "date"))
        if entity.derived is not None:
            self.statement.need(self.statement.instance(entity.name, moment), field.name)
            return self._column(alias, entity, field)
        if not self._has_past(entity, field) and not self.given(entity, field.name):
            default = self.binding.default(entity.name, field)
            if default is not None:
                return exp.Paren(this=self.compile(default, moment, way))
            return null(TYPES[field.type])
        self.statement.need(entity.name, field.name)
        value = self._column(alias, entity, field)
        other = self.binding.stands_in(entity.name, field)
        if other is not None:
            value = exp.Coalesce(this=value, expressions=[self.compile(other, moment, way)])
        if field.type == "money":
            value.meta[AMOUNT] = True
        return self._as_of(alias, entity, field, value, moment)

    def _has_past(self, entity: Entity, field: Field) -> bool:
        """Whether the history of an entity says what a field was."""
        history = entity.history
        if history is None or not self.statement.versioned(entity.name):
            return False
        past_fields = (*history.outcome.fields, history.stage, SINCE)
        return field.name in past_fields or field.name in self.binding.past_values(entity)

    def _as_of(self, alias: str, entity: Entity, field: Field, value: exp.Expr, moment: Moment) -> exp.Expr:
        """The value of a field as it was at a moment: before its event it was another."""
        if entity.history and field.name == entity.history.stage and self.statement.versioned(entity.name):
            # Before the first known stage, and before closing where there is no history, it is unknown.
            since = column(alias, SINCE)
            bound = self.instant(moment.as_of, "time")
            known = when(exp.GTE(this=since, expression=bound), exp.Null(), bare_key(value))
            return text_key(known, value.meta[KEY]) if KEY in value.meta else known
        if entity.history and field.name == SINCE and self.statement.versioned(entity.name):
            # The first known state holds from before, and what has no history got into its state when it was closed.
            return when(exp.LT(this=value, expression=self.instant(moment.as_of, "time")), value)
        value = self._before_history(alias, entity, field, value, moment)
        if field.as_of is None or self.statement.as_recorded or not self.given(entity, field.as_of.event):
            return value
        self.statement.need(entity.name, field.as_of.event)
        event = column(alias, field.as_of.event)
        bound = self.instant(moment.as_of, self.binding.storage(entity.name, field.as_of.event))
        before: exp.Expr = literal(field.as_of.before)
        if self.statement.versioned(entity.name) and field.name in self.binding.past_values(entity):
            # The history need not have the closing: the state of today is then that of before as well.
            before = column(alias, before_event(field))
        if field.name == field.as_of.event:
            return when(exp.LT(this=event, expression=bound), value)
        if value.meta.get(KEY):
            return text_key(when(exp.GTE(this=event, expression=bound), before, value.this), value.meta[KEY])
        not_yet: exp.Expr = exp.GTE(this=event, expression=bound)
        if field.as_of.always:
            told = exp.Coalesce(this=copied(value), expressions=[literal("")])
            all_along = exp.In(this=exp.Lower(this=told), expressions=[*map(literal, field.as_of.always)])
            not_yet = exp.And(this=not_yet, expression=exp.Not(this=all_along))
        then = when(not_yet, before, value)
        then.meta.update({FEW: True} if FEW in value.meta else {})
        return then

    def _before_history(self, alias: str, entity: Entity, field: Field, value: exp.Expr, moment: Moment) -> exp.Expr:
        """A field as it was before the first change that the history has of a row: its first state stretches back to
        there, and its values with it. What a row has with its state is not known then, as the state is not; what it is
        worth is what its record says."""
        history = entity.history
        if history is None or not self.statement.versioned(entity.name):
            return value
        if field.name in history.with_state:
            before: exp.Expr = exp.Null()
        elif field.name in self.binding.past_values(entity):
            before = column(alias, of_record(field))
        else:
            return value
        unseen = exp.GTE(this=column(alias, SINCE), expression=self.instant(moment.as_of, "time"))
        then = when(unseen, before, value)
        then.meta.update({name: value.meta[name] for name in (FEW, AMOUNT) if name in value.meta})
        return then

    def _column(self, alias: str, entity: Entity, field: Field) -> exp.Expr:
        """A column of a CTE. Keys are texts for all that may ask of them."""
        value = _typed(column(alias, field.name), field)
        kind = self.binding.key_kind(entity.name, field.name) if field.type == "key" else ""
        return text_key(value, kind) if kind else value

    def _last(self, way: tuple[str, ...]) -> Relation | None:
        """The relation at the end of a way."""
        if not way:
            return None
        at = self.binding.entity_at(self.entity, way[:-1])
        return self.binding.entity(at).relations[way[-1]]

    def _join(self, way: tuple[str, ...], moment: Moment) -> str:
        """The alias under which the entity at the end of a way is joined."""
        if not way:
            return self.entity
        parent = self._join(way[:-1], moment)
        at = self.binding.entity(self.binding.entity_at(self.entity, way[:-1]))
        relation = at.relations[way[-1]]
        if self.binding.is_own_record(at.name, relation):
            return parent
        target = self.binding.entity(relation.to)
        key_field = self.binding.field(at.name, relation.by)
        assert key_field is not None
        key = self._value(parent, at, key_field, way[:-1], moment)
        moment = self._seen_at(way, moment)
        cte = self.statement.today(target.name) if relation.today else self.statement.instance(target.name, moment)
        past = not relation.today and target.derived is None and self.statement.versioned(target.name)
        assert target.key is not None, f"{target.name} has no key to join on"
        bare = bare_key(key)
        # Of what is another row on the other side of a comparison each side has a join of its own.
        varies = (
            past
            or parent in self._of_previous
            or isinstance(bare, exp.Case)
            or (target.derived is not None and varies_with_moment(self.binding, target.name))
        )
        of_previous = varies and moment.name == "previous"
        alias = _alias(self.binding, self.entity, way, of_previous)
        self.statement.need(cte, target.key)
        theirs = column(alias, target.key)
        kind = self.binding.key_kind(target.name, target.key)
        conditions: list[exp.Expr] = [same_key(text_key(theirs, kind) if kind else theirs, key)]
        if past:
            conditions += valid_at(self, alias, moment)
            self.statement.look_at(cte, moment)
        joined = self._joins.get((way, alias))
        if joined is None:
            clause = exp.Join(this=aliased(cte, alias), side="LEFT", on=all_of(conditions))
            small = target.idle_rows is not None and not past
            joined = Joined(way, alias, clause, small, of_previous)
        self._have(joined)
        return alias

    def _seen_at(self, way: tuple[str, ...], moment: Moment) -> Moment:
        """The moment at which what lies at the end of a way is looked at: the report's own date beyond a relation that
        leads there."""
        passed = [self._last(way[: end + 1]) for end in range(len(way))]
        if moment.report is None or not any(one is not None and one.reported for one in passed):
            return moment
        return Moment("reported", moment.report, moment.start, moment.end)


@remembered
def _alias(binding: Binding, entity: str, way: tuple[str, ...], of_previous: bool) -> str:
    """What stands at the end of a way from an entity is called, by the names of its relations: as what no other way
    leads to, though `referrer.customer` and `referrer_customer` are two."""
    between = next("_" * n for n in range(1, LONGEST) if _only(binding, entity, way, "_" * n))
    alias = between.join(way)
    alias = f"{alias}_" if alias in (entity, "calendar") or alias.startswith(RATES) else alias
    if not of_previous:
        return alias
    return next(name for n in range(1, LONGEST) if not _ways(binding, entity, name := f"{alias}{'_' * n}previous"))


def _only(binding: Binding, entity: str, way: tuple[str, ...], between: str) -> bool:
    """Whether the names of a way's relations, with signs between them, are what no other way is called, or the first of
    those that are."""
    name = between.join(way)
    others = [other for other in _ways(binding, entity, name) if other != way]
    return not others or (between == "_" and way == min((way, *others), key=lambda one: (len(one), one)))


@remembered
def _ways(binding: Binding, entity: str, name: str) -> tuple[tuple[str, ...], ...]:
    """The ways from an entity whose relations are called so, with a `_` between them."""
    relations = binding.entity(entity).relations
    found: list[tuple[str, ...]] = [(name,)] if name in relations else []
    for step, relation in relations.items():
        if name.startswith(f"{step}_"):
            rest = _ways(binding, relation.to, name[len(step) + 1 :])
            found += [(step, *way) for way in rest]
    return tuple(found)


@remembered
def _instant(binding: Binding, value: datetime, storage: str) -> exp.Expr:
    return shared_of(binding).added(instant_literal(value, storage, binding.source_zone, binding.zone))


def _rates_alias(there: int) -> str:
    """How rates are called beside those that are there already."""
    return f"{RATES}_{there + 1}" if there else RATES


@remembered_of_tree
def _written_by_people(binding: Binding, tree: exp.Expr) -> bool:
    """Whether people wrote any part of an expression; what the catalogue says sees to the clock itself."""
    return any(WRITTEN in node.meta for node in tree.walk() if node._meta)


def _with_bare_keys(node: exp.Expr) -> exp.Expr:
    """A node with keys as the statement has them where it only asks whether they are the same."""
    if isinstance(node, (exp.EQ, exp.NEQ)):
        kind = node.this.meta.get(KEY)
        if kind and kind == node.expression.meta.get(KEY):
            return type(node)(this=node.this.this, expression=node.expression.this)
    if isinstance(node, exp.Window) and node.args.get("partition_by"):
        return with_args(node, partition_by=[bare_key(one) for one in node.args["partition_by"]])
    return node


def _typed(tree: exp.Column, field: Field) -> exp.Column:
    if field.type in ("text", "key"):
        tree.meta[TEXT] = True
    if field.values or field.type == "boolean":
        tree.meta[FEW] = True
    return tree
