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
from reportspec.expression import column_nodes, path_of
from reportspec.model import Entity, Field, MappedPart
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
from reportspec.sql.parts import from_part


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


class Statement:
    """The CTEs of one SQL statement."""

    def __init__(self, binding: Binding, *, dry: bool = False) -> None:
        self.binding = binding
        self._dry = dry  # only names are asked for, no statement will be made
        self._rows: dict[str, _Rows] = {}
        self._fixed: dict[str, exp.Expr] = {}
        self._order: list[str] = []

    def instance(self, name: str, moment: Moment) -> str:
        """The CTE with an entity's rows at a moment, made if it is not there yet."""
        entity = self.binding.entity(name)
        if entity.derived is None:
            return self._plain(entity)
        varies = varies_with_moment(self.binding, name)
        if varies and moment.name == "calendar":
            raise Unresolved("no-trend", f"`{name}` cannot be shown over time, only at one date")
        cte = f"{name}_previous" if varies and moment.name == "previous" else name
        if cte not in self._fixed and not self._dry:
            self._fixed[cte] = self._derive(entity, moment)
            self._order.append(cte)
        return cte

    def rows_only(self, name: str) -> str:
        """The CTE with an entity's rows as they are today, without past states."""
        if name not in self._rows:
            self._rows[name] = _Rows(self.binding.entity(name), name, {})
            self._order.append(name)
        return name

    def need(self, cte: str, field: str) -> None:
        """Have a field in an entity's CTE."""
        if cte in self._rows:
            self._rows[cte].needed[field] = None

    def versioned(self, name: str) -> bool:
        """Whether an entity's CTE has a row for each past state."""
        return self.binding.has_history(self.binding.entity(name))

    def ctes(self) -> list[tuple[str, exp.Expr, str]]:
        """Name, tree and what it is, of each CTE, in an order in which each uses earlier ones."""
        found = []
        for name in self._order:
            rows = self._rows.get(name)
            if rows is None:
                entity = (
                    self.binding.entity(name.removesuffix("_previous"))
                    if name in self._fixed
                    else None
                )
                found.append((name, self._fixed[name], entity.description["en"] if entity else ""))
            elif rows.versions is None:
                found.append((name, self._select_rows(rows), rows.entity.plural["en"]))
            else:
                from reportspec.sql.history import select_versions

                base, states = rows.versions, f"{name}_state"
                self._rows[base].needed.update(rows.needed)
                found += select_versions(self, rows.entity, name, base, states, tuple(rows.needed))
        return found

    def rows_tree(self, name: str) -> exp.Expr:
        """The SELECT of an entity's plain rows, by its CTE's name."""
        return self._select_rows(self._rows[name])

    def _plain(self, entity: Entity) -> str:
        if entity.name not in self._rows:
            self._rows[entity.name] = _Rows(entity, entity.name, {})
            if self.versioned(entity.name) and not self._dry:
                assert entity.history is not None
                base = f"{entity.name}_row"
                self._rows[base] = _Rows(entity, base, {})
                self._rows[entity.name].versions = base
                moment = Moment("current", None, None, None)
                self.instance(entity.history.entity, moment)
                stage = self.instance("stage", moment)
                for name in ("stage_id", "is_won", "is_lost"):
                    self.need(stage, name)
                for name in (
                    entity.key or "",
                    "status",
                    "closed_at",
                    "created_at",
                    entity.history.stage,
                ):
                    self._rows[base].needed[name] = None
            self._order.append(entity.name)
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

    def _derive(self, entity: Entity, moment: Moment) -> exp.Expr:
        derived = entity.derived
        assert derived is not None
        scope = Scope(self, derived.source, moment)
        select = exp.Select()
        for name, tree in derived.fields.items():
            try:
                self.binding.need_tree(derived.source, tree)
            except Unresolved:
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

    def __init__(self, statement: Statement, entity: str, moment: Moment) -> None:
        self.statement = statement
        self.binding = statement.binding
        self.entity = entity
        self.base = statement.instance(entity, moment)
        self._joins: dict[tuple[tuple[str, ...], str], str] = {}
        self._compiled: dict[tuple[int, str, tuple[str, ...]], tuple[exp.Expr, exp.Expr]] = {}
        self._clauses: list[exp.Join] = []

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
            self.statement.need(self.base, entity.exists_from)
            created = column(self.entity, entity.exists_from)
            bound = self.instant(
                moment.as_of, self.binding.storage(entity.name, entity.exists_from)
            )
            conditions.append(
                any_of(
                    [
                        exp.Is(this=created, expression=exp.Null()),
                        exp.LT(this=created.copy(), expression=bound),
                    ]
                )
            )
        if entity.derived is None and self.statement.versioned(entity.name):
            conditions += self._valid(self.entity, entity, moment)
        return conditions

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

    def compile_optional(self, tree: exp.Expr | None, moment: Moment) -> exp.Expr | None:
        return None if tree is None else self.compile(tree, moment)

    def compile(self, tree: exp.Expr, moment: Moment, steps: tuple[str, ...] = ()) -> exp.Expr:
        """An expression of canonical names as one of columns, seen from the end of `steps`.

        The same expression gives the same tree again: measures share most of theirs."""
        key = (id(tree), f"{moment.name}{' by bucket' if callable(moment.start) else ''}", steps)
        if key not in self._compiled:
            # The source tree is kept with the result, so that its id stays its own.
            self._compiled[key] = (tree, self._compile(tree, moment, steps))
        return self._compiled[key][1]

    def _compile(self, tree: exp.Expr, moment: Moment, steps: tuple[str, ...]) -> exp.Expr:
        def visit(node: exp.Expr) -> exp.Expr:
            if isinstance(node, (exp.Column, exp.Dot)):
                path = path_of(node)
                if len(path) == 1:
                    return self._instant_name(path[0], moment)
                return self.field(path, moment, steps)
            if isinstance(node, exp.Anonymous) and str(node.this).upper() == "DAYS_BETWEEN":
                return self._days_between(node, moment, steps)
            for key, value in list(node.args.items()):
                if isinstance(value, exp.Expr):
                    node.set(key, visit(value))
                elif isinstance(value, list):
                    node.set(key, [visit(v) if isinstance(v, exp.Expr) else v for v in value])
            return node

        return visit(tree.copy())

    def _instant_name(self, name: str, moment: Moment) -> exp.Expr:
        value = {"as_of": moment.as_of, "period_start": moment.start, "period_end": moment.end}[
            name
        ]
        return self.instant(value, "time")

    def _days_between(self, node: exp.Expr, moment: Moment, steps: tuple[str, ...]) -> exp.Expr:
        first, second = node.expressions
        base = self.binding.entity_at(self.entity, steps)
        whole = [
            bool(column_nodes(tree))
            and _has_times(tree)
            and self.binding.storage_of(base, tree) == "date"
            for tree in (first, second)
        ]
        start, end = (self.compile(tree, moment, steps) for tree in (first, second))
        if any(whole):
            days = [
                tree if is_date else self._local_date(tree)
                for tree, is_date in zip((start, end), whole, strict=True)
            ]
            difference = exp.DateDiff(this=days[1], expression=days[0], unit=exp.var("DAY"))
            return cast(difference, "DOUBLE")
        micros = exp.DateDiff(this=end, expression=start, unit=exp.var("MICROSECOND"))
        return exp.Div(
            this=cast(micros, "DOUBLE"),
            expression=literal(86_400_000_000.0),
            typed=False,
            safe=False,
        )

    def _local_date(self, tree: exp.Expr) -> exp.Expr:
        """The report's day of a time of the source."""
        zone, source = str(self.binding.zone), str(self.binding.source_zone)
        if zone == source:
            return cast(tree, "DATE")
        aware = exp.AtTimeZone(this=cast(tree, "TIMESTAMP"), zone=literal(source))
        return cast(exp.AtTimeZone(this=aware, zone=literal(zone)), "DATE")

    def field(self, path: tuple[str, ...], moment: Moment, steps: tuple[str, ...] = ()) -> exp.Expr:
        """The column (or expression) of a dotted name, seen from the end of `steps`."""
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


def _has_times(tree: exp.Expr) -> bool:
    return any(len(path_of(node)) > 1 for node in column_nodes(tree))


@lru_cache(maxsize=1024)
def varies_with_moment(binding: Binding, name: str) -> bool:
    """Whether an entity's rows (or fields) depend on the instant at which it is looked at."""
    entity = binding.entity(name)
    if entity.derived is None:
        return bool(entity.exists_from or any(f.as_of for f in entity.fields.values()))
    if varies_with_moment(binding, entity.derived.source):
        return True
    trees = [entity.derived.where, *entity.derived.fields.values()]
    for tree in trees:
        if tree is None:
            continue
        for node in column_nodes(tree):
            path = path_of(node)
            if len(path) == 1:
                return True
            at = entity.derived.source
            for step in binding.resolve(at, path).steps:
                at = binding.entity(at).relations[step].to
                if varies_with_moment(binding, at):
                    return True
    return False
