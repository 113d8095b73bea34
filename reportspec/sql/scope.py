"""Names become columns: a `Scope` is one SELECT over an entity. It turns expressions of canonical
names into columns and remembers the joins that they need. All joins go from many to one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from reportspec.expression.sandbox import OWN_FUNCTIONS, WRITTEN, column_nodes, path_of
from reportspec.expression.trees import (
    EXACT,
    FEW,
    KEY,
    MOMENT,
    TEXT,
    TYPES,
    alias_of,
    all_of,
    any_of,
    bare_key,
    cast,
    column,
    conjuncts,
    copied,
    identifier,
    instant_literal,
    literal,
    null,
    table,
    when,
)
from reportspec.expression.types import explicit
from reportspec.model.domain import Entity, Field, Match, Relation
from reportspec.resolve.binding import Binding
from reportspec.resolve.moments import Moment, varies_with_moment
from reportspec.sql.clock import LOCAL, by_the_report, moved, shown_at
from reportspec.sql.functions import call, in_order, local_day, names_time
from reportspec.sql.history import CHANGED
from reportspec.sql.rates import RATES, has_rates
from reportspec.sql.windows import Window

if TYPE_CHECKING:
    from reportspec.sql.statement import Statement

# The time whose rate amounts are converted by, or what tells it of the path of an amount.
At = exp.Expr | Callable[[tuple[str, ...]], exp.Expr]
YES = "yes"  # in the meta of a COALESCE: a yes-or-no field, null read as no
AMOUNT = "amount"  # in the meta of a column: it holds amounts as the source's rows have them


class Scope:
    """One SELECT over an entity: its base CTE, the joins, and the columns that names stand for."""

    def __init__(self, statement: Statement, entity: str, moment: Moment, match: Match | None = None) -> None:
        self.statement = statement
        self.binding = statement.binding
        self.entity = entity
        self.base = statement.instance(entity, moment)
        self._joins: dict[tuple[tuple[str, ...], str], str] = {}
        self._compiled: dict[tuple[int, str, tuple[str, ...], int], tuple[exp.Expr, exp.Expr, At | None]] = {}
        self.windows: dict[tuple[object, ...], Window] = {}
        self._clauses: list[exp.Join] = []
        self._small: set[int] = set()
        self._rates: dict[str, str] = {}
        self._instants: dict[tuple[datetime, str], exp.Expr] = {}
        self._matched: str | None = None
        if match is not None:
            self._pair(match, moment)

    def _pair(self, match: Match, moment: Moment) -> None:
        """Join the rows of another entity that match."""
        cte = self.statement.instance(match.entity, moment)
        self._matched = match.entity
        paired = self.binding.entity(match.entity)
        on = [*conjuncts(self.compile(match.on, moment))]
        if paired.exists_from and self._given(paired, paired.exists_from):
            on += self._exists(match.entity, cte, paired, moment)
        source = table(cte)
        if cte != match.entity:
            source.set("alias", alias_of(match.entity))
        side = "LEFT" if match.keep else None
        self._clauses.append(exp.Join(this=source, side=side, on=all_of(on)))

    @property
    def joins(self) -> Sequence[exp.Join]:
        """The joins that were asked for."""
        return self._clauses

    def small_joins(self) -> list[exp.Join]:
        """Those that bring rows of an entity with few, by nothing but its key."""
        return [clause for clause in self._clauses if id(clause) in self._small]

    def attach(self, select: exp.Select, first: exp.Join | None = None, without: Sequence[exp.Join] = ()) -> exp.Select:
        """The SELECT with FROM and the joins that were asked for, after `first` if there is one."""
        source = table(self.base)
        if self.base != self.entity:
            source.set("alias", alias_of(self.entity))
        select = select.from_(source, copy=False)
        for clause in [first, *self._clauses] if first is not None else self._clauses:
            if not any(clause is left for left in without):
                select.append("joins", clause)
        return select

    def exists(self, moment: Moment, *, known: bool = False) -> list[exp.Expr]:
        """The conditions under which a row of the base entity is there at a moment. Of rows that
        are `known` to be there, those under which it is the row of that moment."""
        entity = self.binding.entity(self.entity)
        conditions = []
        if not known and entity.exists_from and self._given(entity, entity.exists_from):
            conditions += self._exists(self.entity, self.base, entity, moment)
        if entity.derived is None and self.statement.versioned(entity.name):
            conditions += self._valid(self.entity, entity, moment)
        return conditions

    def _exists(self, alias: str, cte: str, entity: Entity, moment: Moment) -> list[exp.Expr]:
        assert entity.exists_from is not None
        self.statement.need(cte, entity.exists_from)
        created = column(alias, entity.exists_from)
        storage = self.binding.storage(entity.name, entity.exists_from)
        earlier = exp.LT(this=copied(created), expression=self.instant(moment.as_of, storage))
        there = [exp.Is(this=created, expression=exp.Null()), earlier]
        # What happened to a record before it was created happened all the same: those that came
        # from an older system carry the day of the move. So it is there from what happened first,
        # changes in its history included.
        for name in _events(entity):
            if self._given(entity, name):
                self.statement.need(cte, name)
                kept = self.binding.storage(entity.name, name)
                bound = self.instant(moment.as_of, kept)
                there.append(exp.LT(this=column(alias, name), expression=bound))
        if entity.derived is None and self.statement.versioned(entity.name):
            bound = self.instant(moment.as_of, "time")
            there.append(exp.LT(this=column(alias, CHANGED), expression=bound))
        return [any_of(there)]

    def _given(self, entity: Entity, name: str) -> bool:
        return self.binding.mapped(entity.name, name) is not None

    def _valid(self, alias: str, entity: Entity, moment: Moment) -> list[exp.Expr]:
        since, until = column(alias, "valid_from"), column(alias, "valid_until")
        return [
            any_of(
                [
                    exp.Is(this=since, expression=exp.Null()),
                    exp.LT(this=copied(since), expression=self.instant(moment.as_of, "time")),
                ]
            ),
            any_of(
                [
                    exp.Is(this=until, expression=exp.Null()),
                    exp.GTE(this=copied(until), expression=self.instant(moment.as_of, "time")),
                ]
            ),
        ]

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
                if at is not None and self._currency_of(path, steps):
                    return self.converted(path, at, moment, steps, before=before)
                return self.field(path, moment, steps)
            own = _whatever_currency(node) if at is not None else None
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
            return in_order(node)

        own = copied(tree)
        base = self.binding.entity_at(self.entity, steps)
        named = self.binding.kinds(base, self._matched)
        if WRITTEN in own.meta:
            own = explicit(own, named)
        if _written_by_people(self.binding, tree):
            days = lambda node: self.keeps_days(node, steps)  # noqa: E731
            own = by_the_report(own, named, days, self.binding.source_zone, self.binding.zone, day=day)
        return visit(self._null_is_no(own, steps))

    def _null_is_no(self, tree: exp.Expr, steps: tuple[str, ...]) -> exp.Expr:
        """The expression with its yes-or-no fields read as `no` where they are null, wherever the
        opposite is asked for: under `not`, and beside true or false. Sources leave out what does
        not hold as often as they say `no`."""
        for node in list(tree.find_all(exp.Not, exp.EQ, exp.NEQ, exp.In)):
            sides = [node.this, *node.expressions]
            sides += [node.expression] if isinstance(node, exp.Binary) else []
            told = any(isinstance(side, exp.Boolean) for side in sides)
            asked = [node.this] if isinstance(node, exp.Not) else sides if told else []
            while asked:
                part = asked.pop()
                if isinstance(part, (exp.Paren, exp.Not)):
                    asked.append(part.this)
                elif isinstance(part, (exp.And, exp.Or)):
                    asked += [part.this, part.expression]
                elif isinstance(part, (exp.Column, exp.Dot)) and self._says_yes(part, steps):
                    known = exp.Coalesce(this=copied(part), expressions=[exp.Boolean(this=False)])
                    known.meta[YES] = True
                    part.replace(known)
        return tree

    def _says_yes(self, node: exp.Expr, steps: tuple[str, ...]) -> bool:
        """Whether a name is that of a yes-or-no field."""
        path = path_of(node)
        if len(path) == 1:
            return False
        if path[0] == self._matched and len(path) == 2 and not steps:
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
            if path[0] == self._matched and len(path) == 2 and not steps:
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
        if self._matched is None:
            return self.binding.storage_of(base, tree) == "date"
        return self.binding.paired_storage(base, self._matched, tree) == "date"

    def local_date(self, tree: exp.Expr) -> exp.Expr:
        """The report's day of a time of the source."""
        zone, source = str(self.binding.zone), str(self.binding.source_zone)
        return cast(tree if zone == source else moved(tree, source, zone).this, "DATE")

    def _currency_of(self, path: tuple[str, ...], steps: tuple[str, ...]) -> str | None:
        """The field that holds the currency of an amount, where it may differ from the report's."""
        if self.binding.currency is None:
            return None
        if path[0] == self._matched and len(path) == 2:
            known = self.binding.field(*path)
            name = known.currency if known else None
            return name if name and self.binding.gives(path[0], name) else None
        base = self.binding.entity_at(self.entity, steps)
        found = self.binding.resolve(base, path)
        owner = self.binding.entity_at(base, found.steps)
        name = found.field.currency
        return name if name and self.binding.gives(owner, name) else None

    def reads_currencies(self, tree: exp.Expr) -> bool:
        """Whether an expression names amounts whose currency may differ from the report's."""
        paths = map(path_of, column_nodes(tree))
        return any(len(path) > 1 and self._currency_of(path, ()) for path in paths)

    def converted(
        self,
        path: tuple[str, ...],
        at: At,
        moment: Moment,
        steps: tuple[str, ...] = (),
        *,
        before: bool = False,
    ) -> exp.Expr:
        """An amount in the report's currency, at the rate of the day of `at`, or of the last day
        `before` it and the moment; null where no rate is known. An amount in the report's currency
        stays as it is. A `case` of times takes the rate that each row asks for."""
        value = self.field(path, moment, steps)
        name = self._currency_of(path, steps)
        if name is None:
            return value
        at = at if isinstance(at, exp.Expr) else at(path)
        if isinstance(at, exp.Case) and at.this is None and at.args.get("default") is not None:
            ifs = [
                exp.If(
                    this=self.compile(one.this, moment, steps),
                    true=self.converted(path, one.args["true"], moment, steps, before=before),
                )
                for one in at.args["ifs"]
            ]
            last = self.converted(path, at.args["default"], moment, steps, before=before)
            return exp.Case(ifs=ifs, default=last)
        code = exp.Upper(this=exp.Trim(this=self.field((*path[:-1], name), moment, steps)))
        own = exp.EQ(this=code, expression=literal(self.binding.currency))
        rate = self._rate(code, at, moment, steps, before)
        if rate is None:
            return when(own, value)
        return when(own, value, cast(exp.Mul(this=copied(value), expression=rate), EXACT))

    def _rate(
        self, code: exp.Expr, at: exp.Expr, moment: Moment, steps: tuple[str, ...], ended: bool
    ) -> exp.Expr | None:
        if not has_rates(self.binding):
            return None
        if isinstance(at, exp.Column) and path_of(at) == ("as_of",):
            day = self.instant_name("as_of", moment, "date")
            before: type[exp.Binary] = exp.LT  # the rate of the last day before the instant
        elif ended:
            # Nobody knows the rates of days that are still to come. What a step of a trend brings
            # of a stretch has the rate that the whole has, so that the steps add up to it.
            last = self.instant(moment.report or moment.as_of, "date")
            day = exp.Least(this=local_day(self, at, moment, steps), expressions=[last])
            before = exp.LT
        else:
            # A flow counts rows within its window, where the time is what its column says.
            day, before = local_day(self, at, moment, steps, known=True), exp.LTE
        key = f"{code.sql()} {day.sql()}"
        if key not in self._rates:
            alias = RATES if not self._rates else f"{RATES}_{len(self._rates) + 1}"
            self._rates[key] = alias
            cte = self.statement.rates()
            source = table(cte)
            if alias != cte:
                source.set("alias", alias_of(alias))
            since, until = column(alias, "valid_from"), column(alias, "valid_until")
            still = (exp.GTE if before is exp.LT else exp.GT)(this=copied(until), expression=copied(day))
            on = all_of(
                [
                    exp.EQ(this=column(alias, "currency"), expression=copied(code)),
                    before(this=since, expression=day),
                    any_of([exp.Is(this=until, expression=exp.Null()), still]),
                ]
            )
            self._clauses.append(exp.Join(this=source, side="LEFT", on=on))
        return column(self._rates[key], "rate")

    def field(self, path: tuple[str, ...], moment: Moment, steps: tuple[str, ...] = ()) -> exp.Expr:
        """The column (or expression) of a dotted name, seen from the end of `steps`."""
        if path[0] == self._matched and len(path) == 2 and not steps:
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
        last = self._last(way)
        if last is not None and last.today:
            self.statement.need(self.statement.today(entity), field.name)
            return self._column(alias, entity, field)
        if field.expr is not None:
            return exp.Paren(this=self.compile(field.expr, moment, way, day=field.type == "date"))
        if entity.derived is not None:
            self.statement.need(self.statement.instance(entity.name, moment), field.name)
            return self._column(alias, entity, field)
        versioned = self.statement.versioned(entity.name)
        history = entity.history
        told = (*history.outcome.fields, history.stage) if history is not None else ()
        past = versioned and field.name in (*told, *self.binding.past_values(entity))
        if not past and not self._given(entity, field.name):
            default = self.binding.default(entity.name, field)
            if default is not None:
                return exp.Paren(this=self.compile(default, moment, way))
            return null(TYPES[field.type])
        self.statement.need(self._cte(entity), field.name)
        value = self._column(alias, entity, field)
        other = self.binding.stands_in(entity.name, field)
        if other is not None:
            value = exp.Coalesce(this=value, expressions=[self.compile(other, moment, way)])
        if field.type == "money":
            value.meta[AMOUNT] = True
        if versioned and entity.history and field.name == entity.history.stage:
            # Before the first known stage, and before closing where there is no history, it is unknown.
            since = column(alias, "stage_since")
            bound = self.instant(moment.as_of, "time")
            return when(exp.GTE(this=since, expression=bound), exp.Null(), value)
        if field.as_of is None:
            return value
        if not self._given(entity, field.as_of.event):
            return value
        self.statement.need(self._cte(entity), field.as_of.event)
        event = column(alias, field.as_of.event)
        bound = self.instant(moment.as_of, self.binding.storage(entity.name, field.as_of.event))
        before = literal(field.as_of.before)
        if field.name == field.as_of.event:
            return when(exp.LT(this=event, expression=bound), value)
        if value.meta.get(KEY):
            return _text_key(when(exp.GTE(this=event, expression=bound), before, value.this))
        then = when(exp.GTE(this=event, expression=bound), before, value)
        then.meta.update({FEW: True} if FEW in value.meta else {})
        return then

    def _column(self, alias: str, entity: Entity, field: Field) -> exp.Expr:
        """A column of a CTE. Keys are texts for all that may ask of them."""
        found = _typed(column(alias, field.name), field)
        if field.type == "key" and self.binding.typed_key(entity.name, field.name):
            return _text_key(found)
        return found

    def _cte(self, entity: Entity) -> str:
        return entity.name

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
        today = relation.today
        cte = self.statement.today(target) if today else self.statement.instance(target.name, moment)
        assert target.key is not None, f"{target.name} has no key to join on"
        self.statement.need(cte, target.key)
        alias = self._alias(way)
        theirs: exp.Expr = column(alias, target.key)
        if self.binding.typed_key(target.name, target.key):
            if bare_key(key) is key:
                theirs = cast(theirs, "VARCHAR")
            key = bare_key(key)
        conditions: list[exp.Expr] = [exp.EQ(this=theirs, expression=key)]
        if not today and target.derived is None and self.statement.versioned(target.name):
            conditions += self._valid(alias, target, moment)
        varies = (
            len(conditions) > 1
            or cte.endswith("_previous")
            or isinstance(key, exp.Case)
            or parent.endswith("_previous")
            or (target.derived is not None and varies_with_moment(self.binding, target.name))
        )
        if varies and moment.name == "previous":
            renamed = f"{alias}_previous"
            for condition in conditions:
                for node in condition.find_all(exp.Column):
                    if node.table == alias:
                        node.set("table", identifier(renamed))
            alias = renamed
        index = (way, alias)
        if index not in self._joins:
            self._joins[index] = alias
            target_table = table(cte)
            if alias != cte:
                target_table.set("alias", alias_of(alias))
            clause = exp.Join(this=target_table, side="LEFT", on=all_of(conditions))
            self._clauses.append(clause)
            if target.idle_rows is not None and len(conditions) == 1:
                self._small.add(id(clause))
        return alias

    def _alias(self, way: tuple[str, ...]) -> str:
        alias = "_".join(way)
        return f"{alias}_" if alias in (self.entity, "calendar") else alias


def _whatever_currency(node: exp.Expr) -> exp.Expr | None:
    """The name in a condition that is the same in every currency: whether an amount is there, and
    whether it is more or less than nothing. It holds of amounts without a rate, too."""
    given = isinstance(node, exp.Is) and isinstance(node.expression, exp.Null)
    compared = isinstance(node, (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE))
    nothing = compared and isinstance(node.expression, exp.Literal) and node.expression.is_number
    if given or (nothing and float(node.expression.this) == 0):
        return node.this if isinstance(node.this, (exp.Column, exp.Dot)) else None
    return None


def _events(entity: Entity) -> list[str]:
    """The times of what ends the state in which a record begins."""
    return list(dict.fromkeys(f.as_of.event for f in entity.fields.values() if f.as_of))


def _written_by_people(binding: Binding, tree: exp.Expr) -> bool:
    """Whether people wrote any part of an expression; what the catalogue says sees to the clock itself."""
    known = binding.remembered.setdefault(_written_by_people, {})
    if id(tree) not in known:  # the tree is kept beside its id, so that nothing else gets it
        known[id(tree)] = (tree, any(WRITTEN in node.meta for node in tree.walk() if node._meta))
    return bool(known[id(tree)][1])


def _text_key(tree: exp.Expr) -> exp.Cast:
    found = cast(tree, "VARCHAR")
    found.meta.update({KEY: True, TEXT: True})
    return found


def _typed(tree: exp.Column, field: Field) -> exp.Column:
    if field.type in ("text", "key"):
        tree.meta[TEXT] = True
    if field.values or field.type == "boolean":
        tree.meta[FEW] = True
    return tree
