"""Names become columns: which CTEs a statement needs, and how a SELECT joins them.

A `Statement` collects one CTE for each entity that is read (only the fields that are asked for),
a `Scope` is one SELECT over such CTEs: it turns expressions of canonical names into columns and
remembers the joins that they need. All joins go from many to one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlglot import exp

from reportspec.binding import Binding, Unresolved
from reportspec.expression import OWN_FUNCTIONS, column_nodes, path_of
from reportspec.model import Entity, Field, MappedPart, Match
from reportspec.sql.build import (
    TYPES,
    all_of,
    any_of,
    cast,
    column,
    conjuncts,
    instant_literal,
    literal,
    named,
    null,
    table,
    when,
)
from reportspec.sql.functions import call, local_day, names_time
from reportspec.sql.parts import from_part
from reportspec.sql.rates import RATES, has_rates, select_rates


@dataclass(frozen=True, slots=True)
class Moment:
    """The instants that `as_of`, `period_start` and `period_end` stand for in one SELECT: fixed
    times, or (for the name `calendar`) columns of the calendar that is joined to it."""

    name: str
    as_of: Any  # an aware datetime, or a function storage -> expression
    start: Any
    end: Any


@dataclass(slots=True)
class _Rows:
    """The CTE of an entity's rows, filled with fields as they are asked for."""

    entity: Entity
    name: str
    needed: dict[str, None]
    versions: str | None = None  # the CTE of its past states, where it has them


@dataclass(slots=True)
class _DerivedRows:
    """The CTE of a derived entity at a moment; it gets the fields that are asked for."""

    entity: Entity
    moment: Moment
    needed: dict[str, None]


class Statement:
    """The CTEs of one SQL statement."""

    def __init__(self, binding: Binding, *, dry: bool = False) -> None:
        self.binding = binding
        self._dry = dry  # only names are asked for, no statement will be made
        self._rows: dict[str, _Rows] = {}
        self._derived: dict[str, _DerivedRows] = {}
        self._rated = False

    def instance(self, name: str, moment: Moment) -> str:
        """The CTE with an entity's rows at a moment, made if it is not there yet."""
        entity = self.binding.entity(name)
        if entity.derived is None:
            return self._plain(entity)
        varies = varies_with_moment(self.binding, name)
        if varies and moment.name == "calendar":
            raise Unresolved("no-trend", f"`{name}` cannot be shown over time, only at one date")
        cte = f"{name}_previous" if varies and moment.name == "previous" else name
        if cte not in self._derived:
            self._derived[cte] = _DerivedRows(entity, moment, {})
        return cte

    def rows_only(self, name: str) -> str:
        """The CTE with an entity's rows as they are today, without past states."""
        if name not in self._rows:
            self._rows[name] = _Rows(self.binding.entity(name), name, {})
        return name

    def need(self, cte: str, field: str) -> None:
        """Have a field in an entity's CTE."""
        rows = self._rows.get(cte) or self._derived.get(cte)
        if rows is not None:
            rows.needed[field] = None

    def rates(self) -> str:
        """The CTE with what one unit of each currency is worth in the report's, and when."""
        if not self._rated:
            self._rated = True
            instance = self._plain(self.binding.entity("fx_rate"))
            for name in ("day", "from_currency", "to_currency", "rate"):
                self.need(instance, name)
        return RATES

    def versioned(self, name: str) -> bool:
        """Whether an entity's CTE has a row for each past state."""
        return self.binding.has_history(self.binding.entity(name))

    def ctes(self) -> list[tuple[str, exp.Expr, str]]:
        """Name, tree and what it is, of each CTE, in an order in which each uses earlier ones."""
        built: dict[str, exp.Expr] = {}
        while waiting := [cte for cte in self._derived if cte not in built]:
            # Entities made from others come first: they say what they need of those.
            cte = max(
                waiting, key=lambda name: depth(self.binding, self._derived[name].entity.name)
            )
            built[cte] = self._derive(self._derived[cte])
        found: list[tuple[int, list[tuple[str, exp.Expr, str]]]] = []
        for name, rows in self._rows.items():
            level = depth(self.binding, rows.entity.name) if rows.versions else 0
            if name not in {r.versions for r in self._rows.values()}:
                found.append((level, self._plain_ctes(name, rows)))
        for name, tree in built.items():
            entity = self._derived[name].entity
            found.append(
                (depth(self.binding, entity.name), [(name, tree, entity.description["en"])])
            )
        if self._rated:
            assert self.binding.currency is not None
            said = "What one unit of a currency is worth"
            found.append((0, [(RATES, select_rates(self.binding.currency), said)]))
        return [cte for _, ctes in sorted(found, key=lambda item: item[0]) for cte in ctes]

    def _plain_ctes(self, name: str, rows: _Rows) -> list[tuple[str, exp.Expr, str]]:
        if rows.versions is None:
            return [(name, self._select_rows(rows), rows.entity.plural["en"])]
        from reportspec.sql.history import select_versions

        base, states = rows.versions, f"{name}_state"
        self._rows[base].needed.update(rows.needed)
        return select_versions(self, rows.entity, name, base, states, tuple(rows.needed))

    def rows_tree(self, name: str) -> exp.Expr:
        """The SELECT of an entity's plain rows, by its CTE's name."""
        return self._select_rows(self._rows[name])

    def _plain(self, entity: Entity) -> str:
        if entity.name in self._rows:
            return entity.name
        self._rows[entity.name] = _Rows(entity, entity.name, {})
        if self.versioned(entity.name) and not self._dry:
            history = entity.history
            assert history is not None
            base = f"{entity.name}_row"
            self._rows[base] = _Rows(entity, base, {})
            self._rows[entity.name].versions = base
            moment = Moment("current", None, None, None)
            states = self.instance(history.entity, moment)
            for name in (history.by, history.entered, history.stage, "exited_at", "visit_number"):
                self.need(states, name)
            stage = self.instance("stage", moment)
            for name in ("stage_id", "is_won", "is_lost"):
                self.need(stage, name)
            for name in (entity.key or "", "status", "closed_at", "created_at", history.stage):
                self._rows[base].needed[name] = None
        return entity.name

    def _select_rows(self, rows: _Rows) -> exp.Expr:
        entity, binding = rows.entity, self.binding
        mapped = binding.source.entities[entity.name]
        names = list(rows.needed) or ([entity.key] if entity.key else [])
        if not mapped.parts:
            return _literal_rows(binding, entity, mapped.rows, names)
        selects = [self._select_part(entity, part, names) for part in mapped.parts]
        union: exp.Expr = selects[0]
        for select in selects[1:]:
            union = exp.Union(this=union, expression=select, distinct=False)
        return union

    def _select_part(self, entity: Entity, part: MappedPart, names: list[str]) -> exp.Select:
        select = exp.Select()
        several = len(self.binding.source.entities[entity.name].parts) > 1
        for name in names:
            field = self.binding.field(entity.name, name)
            assert field is not None
            value = self._source_value(entity, part, field)
            if several and not isinstance(value, exp.Cast):
                value = cast(value, TYPES[self._stored_type(entity, field)])
            select = select.select(named(value, name), copy=False)
        if not names:
            select = select.select(named(literal(1), "one"), copy=False)
        select = from_part(select, part)
        conditions = conjuncts(part.where.copy()) if part.where is not None else []
        condition = all_of([*conditions, *self._own_conditions(entity, part)])
        return select.where(condition, copy=False) if condition is not None else select

    def _stored_type(self, entity: Entity, field: Field) -> str:
        if field.type in ("date", "time"):
            return self.binding.storage(entity.name, field.name)
        return field.type

    def _source_value(self, entity: Entity, part: MappedPart, field: Field) -> exp.Expr:
        """A field of a source row, typed. Only what the canonical type adds is added."""
        mapped = part.fields.get(field.name)
        if mapped is None:
            tree = field.default
            if tree is None:
                return null(TYPES[field.type])
            return tree.copy().transform(
                lambda node: self._substitute(entity, part, node), copy=False
            )
        value: exp.Expr = mapped.sql.copy()
        if field.type == "money":
            return cast(value, TYPES["money"])
        if field.type in ("key",):
            return cast(value, "VARCHAR")
        return value

    def _own_conditions(self, entity: Entity, part: MappedPart) -> list[exp.Expr]:
        """The entity's own `where`, but for what is only about fields that the source lacks:
        conditions on optional fields are written so that null passes."""
        found = []
        for own in conjuncts(entity.where):
            names = [path_of(node)[-1] for node in column_nodes(own)]
            if any(name in part.fields for name in names):
                wrapped = exp.Paren(this=own.copy())
                wrapped.transform(lambda node: self._substitute(entity, part, node), copy=False)
                found.append(wrapped.this)
        return found

    def _substitute(self, entity: Entity, part: MappedPart, node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Column) or isinstance(node.parent, exp.Dot):
            return node
        path = path_of(node)
        if len(path) != 2 or path[0] != entity.name:
            return node
        field = self.binding.field(entity.name, path[1])
        assert field is not None, path
        value = self._source_value(entity, part, field)
        return value if isinstance(value, (exp.Column, exp.Cast)) else exp.Paren(this=value)

    def _derive(self, rows: _DerivedRows) -> exp.Expr:
        derived, moment = rows.entity.derived, rows.moment
        assert derived is not None
        scope = Scope(self, derived.source, moment, derived.match)
        select = exp.Select()
        wanted = dict.fromkeys((*derived.group_by, *rows.needed))
        for name, tree in derived.fields.items():
            if name not in wanted:
                continue
            value = scope.compile(tree, moment)
            select = select.select(named(value, name), copy=False)
            if name in derived.group_by:
                select = select.group_by(value.copy(), copy=False)
        conditions = [
            *scope.exists(moment),
            *conjuncts(scope.compile_optional(derived.where, moment)),
        ]
        condition = all_of(conditions)
        if not wanted:
            select = select.select(named(literal(1), "one"), copy=False)
        select = scope.attach(select)
        return select.where(condition, copy=False) if condition is not None else select


def _literal_rows(binding: Binding, entity: Entity, rows: Any, names: list[str]) -> exp.Expr:
    selects = []
    for row in rows:
        select = exp.Select()
        for name in names:
            field = binding.field(entity.name, name)
            assert field is not None
            value = row.get(name)
            typed = (
                null(TYPES[field.type])
                if value is None
                else cast(literal(value), TYPES[field.type])
            )
            select = select.select(named(typed, name), copy=False)
        selects.append(select)
    union: exp.Expr = selects[0]
    for select in selects[1:]:
        union = exp.Union(this=union, expression=select, distinct=False)
    return union


class Scope:
    """One SELECT over an entity: its base CTE, the joins, and the columns that names stand for."""

    def __init__(
        self, statement: Statement, entity: str, moment: Moment, match: Match | None = None
    ) -> None:
        self.statement = statement
        self.binding = statement.binding
        self.entity = entity
        self.base = statement.instance(entity, moment)
        self._joins: dict[tuple[tuple[str, ...], str], str] = {}
        self._compiled: dict[
            tuple[int, str, tuple[str, ...], int], tuple[exp.Expr, exp.Expr, exp.Expr | None]
        ] = {}
        self._clauses: list[exp.Join] = []
        self._rates: dict[str, str] = {}
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
            source.set("alias", exp.TableAlias(this=exp.to_identifier(match.entity)))
        side = "LEFT" if match.keep else None
        self._clauses.append(exp.Join(this=source, side=side, on=all_of(on)))

    def attach(self, select: exp.Select, first: exp.Join | None = None) -> exp.Select:
        """The SELECT with FROM and the joins that were asked for, after `first` if there is one."""
        source = table(self.base)
        if self.base != self.entity:
            source.set("alias", exp.TableAlias(this=exp.to_identifier(self.entity)))
        select = select.from_(source, copy=False)
        for clause in [first, *self._clauses] if first is not None else self._clauses:
            select.append("joins", clause)
        return select

    def exists(self, moment: Moment) -> list[exp.Expr]:
        """The conditions under which a row of the base entity is there at a moment."""
        entity = self.binding.entity(self.entity)
        conditions = []
        if entity.exists_from and self._given(entity, entity.exists_from):
            conditions += self._exists(self.entity, self.base, entity, moment)
        if entity.derived is None and self.statement.versioned(entity.name):
            conditions += self._valid(self.entity, entity, moment)
        return conditions

    def _exists(self, alias: str, cte: str, entity: Entity, moment: Moment) -> list[exp.Expr]:
        assert entity.exists_from is not None
        self.statement.need(cte, entity.exists_from)
        created = column(alias, entity.exists_from)
        storage = self.binding.storage(entity.name, entity.exists_from)
        earlier = exp.LT(this=created.copy(), expression=self.instant(moment.as_of, storage))
        return [any_of([exp.Is(this=created, expression=exp.Null()), earlier])]

    def _given(self, entity: Entity, name: str) -> bool:
        return self.binding.mapped(entity.name, name) is not None

    def _valid(self, alias: str, entity: Entity, moment: Moment) -> list[exp.Expr]:
        since, until = column(alias, "valid_from"), column(alias, "valid_until")
        return [
            any_of(
                [
                    exp.Is(this=since, expression=exp.Null()),
                    exp.LT(this=since.copy(), expression=self.instant(moment.as_of, "time")),
                ]
            ),
            any_of(
                [
                    exp.Is(this=until, expression=exp.Null()),
                    exp.GTE(this=until.copy(), expression=self.instant(moment.as_of, "time")),
                ]
            ),
        ]

    def instant(self, value: Any, storage: str) -> exp.Expr:
        """An instant as an expression to compare times of that storage with."""
        if callable(value):
            return value(storage)  # type: ignore[no-any-return]
        return instant_literal(value, storage, self.binding.source_zone, self.binding.zone)

    def compile_optional(
        self, tree: exp.Expr | None, moment: Moment, at: exp.Expr | None = None
    ) -> exp.Expr | None:
        return None if tree is None else self.compile(tree, moment, (), at)

    def compile(
        self, tree: exp.Expr, moment: Moment, steps: tuple[str, ...] = (), at: exp.Expr | None = None
    ) -> exp.Expr:  # fmt: skip
        """An expression of canonical names as one of columns, seen from the end of `steps`. Where
        `at` names a time, amounts are converted to the report's currency by the rate of its day.

        The same expression gives the same tree again: measures share most of theirs."""
        name = f"{moment.name}{' by bucket' if callable(moment.start) else ''}"
        key = (id(tree), name, steps, id(at))
        if key not in self._compiled:
            # The source trees are kept with the result, so that their ids stay their own.
            self._compiled[key] = (tree, self._compile(tree, moment, steps, at), at)
        return self._compiled[key][1]

    def _compile(
        self, tree: exp.Expr, moment: Moment, steps: tuple[str, ...], at: exp.Expr | None
    ) -> exp.Expr:
        def visit(node: exp.Expr) -> exp.Expr:
            if isinstance(node, (exp.Column, exp.Dot)):
                path = path_of(node)
                if len(path) == 1:
                    return self.instant_name(path[0], moment)
                if at is not None and self._currency_of(path, steps):
                    return self.converted(node, at, moment, steps)
                return self.field(path, moment, steps)
            if isinstance(node, exp.Anonymous) and str(node.this).upper() in OWN_FUNCTIONS:
                return call(self, node, moment, steps)
            for key, value in list(node.args.items()):
                if isinstance(value, exp.Expr):
                    node.set(key, visit(value))
                elif isinstance(value, list):
                    node.set(key, [visit(v) if isinstance(v, exp.Expr) else v for v in value])
            return node

        return visit(tree.copy())

    def instant_name(self, name: str, moment: Moment, storage: str = "time") -> exp.Expr:
        """`as_of`, `period_start` or `period_end` at a moment."""
        value = {"as_of": moment.as_of, "period_start": moment.start, "period_end": moment.end}[
            name
        ]
        return self.instant(value, storage)

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
        if zone == source:
            return cast(tree, "DATE")
        aware = exp.AtTimeZone(this=cast(tree, "TIMESTAMP"), zone=literal(source))
        return cast(exp.AtTimeZone(this=aware, zone=literal(zone)), "DATE")

    def _currency_of(self, path: tuple[str, ...], steps: tuple[str, ...]) -> str | None:
        """The field that holds the currency of an amount, where it may differ from the report's."""
        if self.binding.currency is None or (path[0] == self._matched):
            return None
        base = self.binding.entity_at(self.entity, steps)
        found = self.binding.resolve(base, path)
        owner = self.binding.entity_at(base, found.steps)
        name = found.field.currency
        return name if name and self.binding.gives(owner, name) else None

    def converted(
        self, amount: exp.Expr, at: exp.Expr, moment: Moment, steps: tuple[str, ...] = ()
    ) -> exp.Expr:
        """An amount in the report's currency, at the rate of the day of `at`; null where no rate
        is known. An amount in the report's currency stays as it is."""
        path = path_of(amount)
        value = self.field(path, moment, steps)
        name = self._currency_of(path, steps)
        if name is None:
            return value
        code = exp.Upper(this=exp.Trim(this=self.field((*path[:-1], name), moment, steps)))
        own = exp.EQ(this=code, expression=literal(self.binding.currency))
        rate = self._rate(code, at, moment, steps)
        other = exp.Mul(this=value.copy(), expression=rate) if rate is not None else None
        return when(own, value, other)

    def _rate(
        self, code: exp.Expr, at: exp.Expr, moment: Moment, steps: tuple[str, ...]
    ) -> exp.Expr | None:
        if not has_rates(self.binding):
            return None
        if isinstance(at, exp.Column) and path_of(at) == ("as_of",):
            day = self.instant_name("as_of", moment, "date")
            before: type[exp.Binary] = exp.LT  # the rate of the last day before the instant
        else:
            day, before = local_day(self, at, moment, steps), exp.LTE
        key = f"{code.sql()} {day.sql()}"
        if key not in self._rates:
            alias = RATES if not self._rates else f"{RATES}_{len(self._rates) + 1}"
            self._rates[key] = alias
            cte = self.statement.rates()
            source = table(cte)
            if alias != cte:
                source.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
            since, until = column(alias, "valid_from"), column(alias, "valid_until")
            still = (exp.GTE if before is exp.LT else exp.GT)(
                this=until.copy(), expression=day.copy()
            )
            on = all_of(
                [
                    exp.EQ(this=column(alias, "currency"), expression=code.copy()),
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
        alias = self._join(way, moment)
        entity = self.binding.entity(self.binding.entity_at(self.entity, way))
        return self._value(alias, entity, found.field, way, moment)

    def _value(
        self, alias: str, entity: Entity, field: Field, way: tuple[str, ...], moment: Moment
    ) -> exp.Expr:
        if field.expr is not None:
            return exp.Paren(this=self.compile(field.expr, moment, way))
        if entity.derived is not None:
            self.statement.need(self.statement.instance(entity.name, moment), field.name)
            return column(alias, field.name)
        versioned = self.statement.versioned(entity.name)
        past = versioned and field.name in (
            "status",
            "closed_at",
            "lost_stage_id",
            entity.history.stage if entity.history else "",
        )
        if not past and not self._given(entity, field.name):
            if field.default is not None:
                return exp.Paren(this=self.compile(field.default, moment, way))
            return null(TYPES[field.type])
        self.statement.need(self._cte(entity), field.name)
        value = column(alias, field.name)
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
        return when(exp.GTE(this=event, expression=bound), before, value)

    def _cte(self, entity: Entity) -> str:
        return entity.name

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
        cte = self.statement.instance(target.name, moment)
        assert target.key is not None, f"{target.name} has no key to join on"
        self.statement.need(cte, target.key)
        alias = self._alias(way)
        conditions: list[exp.Expr] = [exp.EQ(this=column(alias, target.key), expression=key)]
        if target.derived is None and self.statement.versioned(target.name):
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
                        node.set("table", exp.to_identifier(renamed))
            alias = renamed
        index = (way, alias)
        if index not in self._joins:
            self._joins[index] = alias
            target_table = table(cte)
            if alias != cte:
                target_table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
            self._clauses.append(exp.Join(this=target_table, side="LEFT", on=all_of(conditions)))
        return alias

    def _alias(self, way: tuple[str, ...]) -> str:
        alias = "_".join(way)
        return f"{alias}_" if alias in (self.entity, "calendar") else alias


@lru_cache(maxsize=1024)
def depth(binding: Binding, name: str) -> int:
    """How many entities stand below this one: what it is made from, and what that is made from."""
    entity = binding.entity(name)
    if entity.derived is None:
        if entity.history is not None and binding.has_history(entity):
            return 1 + depth(binding, entity.history.entity)
        return 0
    below = {entity.derived.source}
    if entity.derived.match is not None:
        below.add(entity.derived.match.entity)
    for tree in (entity.derived.where, *entity.derived.fields.values()):
        for node in column_nodes(tree) if tree is not None else ():
            path = path_of(node)
            if len(path) > 1 and path[0] not in below:
                below |= set(_passed(binding, entity.derived.source, path))
            elif len(path) > 2:
                below |= set(_passed(binding, path[0], path))
    return 1 + max(depth(binding, other) for other in below)


def _passed(binding: Binding, base: str, path: tuple[str, ...]) -> list[str]:
    """The entities that a dotted name passes on its way."""
    at, passed = base, []
    for step in binding.resolve(base, path).steps:
        at = binding.entity(at).relations[step].to
        passed.append(at)
    return passed


@lru_cache(maxsize=1024)
def varies_with_moment(binding: Binding, name: str) -> bool:
    """Whether an entity's rows (or fields) depend on the instant at which it is looked at."""
    entity = binding.entity(name)
    if entity.derived is None:
        return bool(entity.exists_from or any(f.as_of for f in entity.fields.values()))
    if varies_with_moment(binding, entity.derived.source):
        return True
    match = entity.derived.match
    if match is not None and varies_with_moment(binding, match.entity):
        return True
    trees = [entity.derived.where, *entity.derived.fields.values(), match.on if match else None]
    for tree in trees:
        if tree is None:
            continue
        for node in column_nodes(tree):
            path = path_of(node)
            if len(path) == 1:
                return True
            if match is not None and path[0] == match.entity:
                continue
            at = entity.derived.source
            for step in binding.resolve(at, path).steps:
                at = binding.entity(at).relations[step].to
                if varies_with_moment(binding, at):
                    return True
    return False
