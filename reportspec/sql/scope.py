"""Names become columns: a `Scope` is one SELECT over an entity. It turns expressions of canonical
names into columns and remembers the joins that they need. All joins go from many to one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from reportspec.expression.sandbox import OWN_FUNCTIONS, WRITTEN, column_nodes, path_of
from reportspec.expression.trees import (
    AMOUNT,
    FEW,
    KEY,
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
from reportspec.model.domain import Entity, Field, Match, Relation
from reportspec.resolve.binding import Binding
from reportspec.resolve.moments import Moment, varies_with_moment
from reportspec.sql.clock import LOCAL, by_the_report, moved, shown_at
from reportspec.sql.conversion import At, converted, currency_of, whatever_currency
from reportspec.sql.existence import there_at, valid_at
from reportspec.sql.from_clause import Rows, aliased
from reportspec.sql.functions import call, in_order, names_time
from reportspec.sql.windows import Window
from reportspec.sql.yes_or_no import YES, null_is_no

if TYPE_CHECKING:
    from reportspec.sql.statement import Statement


class Scope:
    """One SELECT over an entity: its base CTE, the joins, and the columns that names stand for."""

    def __init__(self, statement: Statement, entity: str, moment: Moment, match: Match | None = None) -> None:
        self.statement = statement
        self.binding = statement.binding
        self.entity = entity
        self.base = statement.instance(entity, moment)
        self._looked = statement.look(self.base)
        self._joins: set[tuple[tuple[str, ...], str]] = set()  # ways and the aliases at their ends
        self._of_previous: set[str] = set()  # the aliases of what is another row on the other side
        self._compiled: dict[tuple[int, str, tuple[str, ...], int], tuple[exp.Expr, exp.Expr, At | None]] = {}
        self.windows: dict[tuple[object, ...], Window] = {}
        self._clauses: list[exp.Join] = []
        self._small: set[int] = set()
        self.rates: dict[str, str] = {}
        self._instants: dict[tuple[datetime, str], exp.Expr] = {}
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

    def join(self, clause: exp.Join) -> None:
        """Have one more join."""
        self._clauses.append(clause)

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
        conditions = []
        if not known and entity.exists_from and self.given(entity, entity.exists_from):
            conditions += there_at(self, self.entity, self.base, entity, moment)
        if entity.derived is None and self.statement.versioned(entity.name):
            conditions += valid_at(self, self.entity, moment)
            self._looked.at(moment)
        return conditions

    def given(self, entity: Entity, name: str) -> bool:
        return self.binding.mapped(entity.name, name) is not None

    def instant(self, value: Any, storage: str) -> exp.Expr:
        """An instant as an expression to compare times of that storage with."""
        if callable(value):
            return value(storage)  # type: ignore[no-any-return]
        key = (value, storage)
        if key not in self._instants:
            self._instants[key] = instant_literal(value, storage, self.binding.source_zone, self.binding.zone)
        return self._instants[key]

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
        if key not in self._compiled:
            # The source trees are kept with the result, so that their ids stay their own.
            self._compiled[key] = (tree, self._compile(tree, moment, steps, at, before, day), at)
        return self._compiled[key][1]

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
            if isinstance(node, (exp.Column, exp.Dot)):
                path = path_of(node)
                if len(path) == 1:
                    return self.instant_name(path[0], moment, local=bool(node.meta.get(LOCAL)))
                if at is not None and currency_of(self, path, steps):
                    return converted(self, path, at, moment, steps, before=before)
                return self.field(path, moment, steps)
            own = whatever_currency(node) if at is not None else None
            if own is not None:
                node.set("this", self.field(path_of(own), moment, steps))
                return node
            days = self._beside_days(node, moment, steps)
            if isinstance(node, exp.Anonymous) and str(node.this).upper() in OWN_FUNCTIONS:
                return call(self, node, moment, steps)
            for key, value in list(node.args.items()):
                if key in days:
                    node.set(key, days[key])
                elif isinstance(value, exp.Expr):
                    node.set(key, visit(value))
                elif isinstance(value, list):
                    node.set(key, [visit(v) if isinstance(v, exp.Expr) else v for v in value])
            if YES in node.meta and FEW in node.this.meta:
                node.meta[FEW] = True
            return in_order(_with_bare_keys(node))

        return visit(self._meant(tree, steps, day))

    def _meant(self, tree: exp.Expr, steps: tuple[str, ...], day: bool) -> exp.Expr:
        """A copy of an expression in which nothing is left to what one takes for granted: whose clock it goes
        by, and what null is where yes or no is asked."""
        own, binding = copied(tree), self.binding
        named = binding.kinds(binding.entity_at(self.entity, steps), self.matched)
        if WRITTEN in own.meta:
            own = explicit(own, named)
        if _written_by_people(binding, tree):
            days = lambda node: self.keeps_days(node, steps)  # noqa: E731
            own = by_the_report(own, named, days, binding.source_zone, binding.zone, day=day)
        return null_is_no(own, lambda node: self._says_yes(node, steps))

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
        found = {}
        for key, other in (("this", node.expression), ("expression", node.this)):
            side = node.args[key]
            bare = isinstance(side, exp.Column) and len(path_of(side)) == 1
            if bare and isinstance(other, (exp.Column, exp.Dot)) and self.keeps_days(other, steps):
                found[key] = self.bound_day(path_of(side)[0], moment, due=self.is_due(other, steps))
        return found

    def bound_day(self, name: str, moment: Moment, *, due: bool = False) -> exp.Expr:
        """`as_of` or a bound of the period as a day, to compare with days. Of what happened it is the
        first that begins no earlier, since a day is told as soon as it has begun; of what is `due` the
        one that it is in, since nobody is late before a day is over."""
        if due:
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
        found = self.instant(value, storage)
        return moved(found, str(self.binding.source_zone), str(self.binding.zone)) if local else found

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
        if path[0] == self.matched and len(path) == 2 and not steps:
            paired = self.binding.entity(path[0])
            found_field = self.binding.field(*path)
            assert found_field is not None, path
            return self._value(path[0], paired, found_field, (), moment)
        found = self.binding.resolve(self.binding.entity_at(self.entity, steps), path)
        way = (*steps, *found.steps)
        last = self._last(way)
        if last is not None and last.today and not self.binding.has_today(last, found.field):
            return null(TYPES[found.field.type])
        alias = self._join(way, moment)
        entity = self.binding.entity(self.binding.entity_at(self.entity, way))
        return self._value(alias, entity, found.field, way, moment)

    def _value(self, alias: str, entity: Entity, field: Field, way: tuple[str, ...], moment: Moment) -> exp.Expr:
        """A field of what stands under an alias, at the end of a way."""
        last = self._last(way)
        if last is not None and last.today:
            self.statement.need(self.statement.today(entity), field.name)
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
        told = (*history.outcome.fields, history.stage)
        return field.name in told or field.name in self.binding.past_values(entity)

    def _as_of(self, alias: str, entity: Entity, field: Field, value: exp.Expr, moment: Moment) -> exp.Expr:
        """The value of a field as it was at a moment: before its event it was another."""
        if entity.history and field.name == entity.history.stage and self.statement.versioned(entity.name):
            # Before the first known stage, and before closing where there is no history, it is unknown.
            since = column(alias, "stage_since")
            bound = self.instant(moment.as_of, "time")
            known = when(exp.GTE(this=since, expression=bound), exp.Null(), bare_key(value))
            return text_key(known, value.meta[KEY]) if KEY in value.meta else known
        if field.as_of is None or not self.given(entity, field.as_of.event):
            return value
        self.statement.need(entity.name, field.as_of.event)
        event = column(alias, field.as_of.event)
        bound = self.instant(moment.as_of, self.binding.storage(entity.name, field.as_of.event))
        before = literal(field.as_of.before)
        if field.name == field.as_of.event:
            return when(exp.LT(this=event, expression=bound), value)
        if value.meta.get(KEY):
            return text_key(when(exp.GTE(this=event, expression=bound), before, value.this), value.meta[KEY])
        then = when(exp.GTE(this=event, expression=bound), before, value)
        then.meta.update({FEW: True} if FEW in value.meta else {})
        return then

    def _column(self, alias: str, entity: Entity, field: Field) -> exp.Expr:
        """A column of a CTE. Keys are texts for all that may ask of them."""
        found = _typed(column(alias, field.name), field)
        kind = self.binding.key_kind(entity.name, field.name) if field.type == "key" else ""
        return text_key(found, kind) if kind else found

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
        target = self.binding.entity(relation.to)
        key_field = self.binding.field(at.name, relation.by)
        assert key_field is not None
        key = self._value(parent, at, key_field, way[:-1], moment)
        cte = self.statement.today(target) if relation.today else self.statement.instance(target.name, moment)
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
        alias = self._alias(way)
        if varies and moment.name == "previous":
            alias = f"{alias}_previous"
            self._of_previous.add(alias)
        self.statement.need(cte, target.key)
        theirs = column(alias, target.key)
        kind = self.binding.key_kind(target.name, target.key)
        conditions: list[exp.Expr] = [same_key(text_key(theirs, kind) if kind else theirs, key)]
        if past:
            conditions += valid_at(self, alias, moment)
            self.statement.look(cte).at(moment)
        if (way, alias) not in self._joins:
            self._joins.add((way, alias))
            clause = exp.Join(this=aliased(cte, alias), side="LEFT", on=all_of(conditions))
            self._clauses.append(clause)
            if target.idle_rows is not None and not past:
                self._small.add(id(clause))
        return alias

    def _alias(self, way: tuple[str, ...]) -> str:
        alias = "_".join(way)
        return f"{alias}_" if alias in (self.entity, "calendar") else alias


def _written_by_people(binding: Binding, tree: exp.Expr) -> bool:
    """Whether people wrote any part of an expression; what the catalogue says sees to the clock itself."""
    known = binding.remembered.setdefault(_written_by_people, {})
    if id(tree) not in known:  # the tree is kept beside its id, so that nothing else gets it
        known[id(tree)] = (tree, any(WRITTEN in node.meta for node in tree.walk() if node._meta))
    return bool(known[id(tree)][1])


def _with_bare_keys(node: exp.Expr) -> exp.Expr:
    """A node with keys as the statement has them where it only asks whether they are the same."""
    if isinstance(node, (exp.EQ, exp.NEQ)):
        kind = node.this.meta.get(KEY)
        if kind and kind == node.expression.meta.get(KEY):
            return type(node)(this=node.this.this, expression=node.expression.this)
    if isinstance(node, exp.Window) and node.args.get("partition_by"):
        node.set("partition_by", [bare_key(one) for one in node.args["partition_by"]])
    return node


def _typed(tree: exp.Column, field: Field) -> exp.Column:
    if field.type in ("text", "key"):
        tree.meta[TEXT] = True
    if field.values or field.type == "boolean":
        tree.meta[FEW] = True
    return tree
