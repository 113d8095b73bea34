"""The CTEs of one statement: one for each entity that is read, with only the fields asked for.

Entities that are made from others are built first, since they say what they need of those.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.expression.trees import (
    COLUMN,
    HOLDS,
    LANDS,
    READS,
    SPEAKS,
    TYPES,
    ZONE,
    all_of,
    bare_key,
    cast,
    conjuncts,
    copied,
    identifier,
    literal,
    named,
    null,
)
from reportspec.model.domain import Entity, Field
from reportspec.model.mapped import MappedField, MappedPart
from reportspec.resolve.binding import Binding, Unresolved, leads_away
from reportspec.resolve.moments import Moment, depth, varies_with_moment
from reportspec.sql.history import past_values, select_versions
from reportspec.sql.parts import from_part
from reportspec.sql.rates import RATES, select_rates
from reportspec.sql.scope import Scope

# What a field of a type may be kept as, besides what the database has for it.
_READ: Mapping[str, tuple[str, ...]] = {
    "boolean": ("text", "number", "any"),
    "time": ("text", "fine"),
    "date": ("text", "clock", "fine"),
}


@dataclass(slots=True)
class _Rows:
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

    def today(self, entity: Entity) -> str:
        """The CTE with an entity's rows as they are today, beside the one with past states."""
        name = f"{entity.name}_row"
        if name not in self._rows:
            self._rows[name] = _Rows(entity, name, {})
        return name

    def rows_only(self, name: str) -> str:
        """The CTE with an entity's rows as they are today, without past states."""
        if name not in self._rows:
            self._rows[name] = _Rows(self.binding.entity(name), name, {})
        return name

    def rows_whole(self, name: str) -> str:
        """The CTE with all rows that the mapping gives an entity, deleted and merged ones too."""
        cte = f"{name}_whole"
        if cte not in self._rows:
            self._rows[cte] = _Rows(self.binding.entity(name), cte, {}, whole=True)
        return cte

    def need(self, cte: str, field: str) -> None:
        """Have a field in an entity's CTE."""
        rows = self._rows.get(cte) or self._derived.get(cte)
        if rows is not None:
            rows.needed[field] = None

    def rates(self) -> str:
        """The CTE with what one unit of each currency is worth in the report's, and when."""
        if not self._rated:
            self._rated = True
            rates = self.binding.catalogue.exchange_rates
            instance = self._plain(self.binding.entity(rates.entity))
            for name in rates.fields:
                self.need(instance, name)
        return RATES

    def versioned(self, name: str) -> bool:
        """Whether an entity's CTE has a row for each past state."""
        return self.binding.has_history(self.binding.entity(name))

    def finish(self, select: exp.Select) -> exp.Select:
        """The statement: a SELECT with the CTEs that it needs before it."""
        for name, tree, comment in self.ctes():
            select = select.with_(identifier(name), as_=tree, copy=False)
            if comment:
                select.args["with_"].expressions[-1].add_comments([comment])
        select.meta[READS] = self.reads()
        select.meta[SPEAKS] = self.binding.source.dialect
        return select

    def reads(self) -> frozenset[str]:
        """The source's tables that the CTEs read so far, as a mapping names them."""
        return frozenset(
            ".".join(part.name for part in table.parts)
            for rows in self._rows.values()
            for part in self.binding.source.entities[rows.entity.name].parts
            for table in (part.table, *(join.table for join in part.joins))
        )

    def ctes(self) -> list[tuple[str, exp.Expr, str]]:
        """Name, tree and what it is, of each CTE, in an order in which each uses earlier ones."""
        built: dict[str, exp.Expr] = {}
        self._need_past_values()
        while waiting := [cte for cte in self._derived if cte not in built]:
            # Entities made from others come first: they say what they need of those.
            cte = max(waiting, key=lambda name: depth(self.binding, self._derived[name].entity.name))
            built[cte] = self._derive(self._derived[cte])
            self._need_past_values()
        found: list[tuple[int, list[tuple[str, exp.Expr, str]]]] = []
        for rows in list(self._rows.values()):
            if rows.versions is not None:
                self._rows[rows.versions].needed.update(rows.needed)
        for name, rows in self._rows.items():
            level = depth(self.binding, rows.entity.name) if rows.versions else 0
            found.append((level, self._plain_ctes(name, rows)))
        for name, tree in built.items():
            entity = self._derived[name].entity
            found.append((depth(self.binding, entity.name), [(name, tree, entity.description["en"])]))
        if self._rated:
            assert self.binding.currency is not None
            said = "What one unit of a currency is worth"
            found.append(
                (0, [(RATES, select_rates(self.binding.catalogue.exchange_rates, self.binding.currency), said)])
            )
        return [cte for _, ctes in sorted(found, key=lambda item: item[0]) for cte in ctes]

    def _need_past_values(self) -> None:
        """Have what the fields were that are asked of entities with past states."""
        moment = Moment("current", None, None, None)
        for rows in list(self._rows.values()):
            asked = past_values(self, rows.entity, tuple(rows.needed)) if rows.versions else ()
            if not asked:
                continue
            assert rows.entity.history is not None
            assert rows.entity.history.values is not None
            past = rows.entity.history.values
            values = self.instance(past.entity, moment)
            for name in (rows.entity.history.by, *past.bounds, *asked):
                self.need(values, name)
            for name in asked:
                self.need(rows.versions or "", name)

    def _plain_ctes(self, name: str, rows: _Rows) -> list[tuple[str, exp.Expr, str]]:
        if rows.versions is None:
            said = rows.entity.plural["en"]
            if name != rows.entity.name:
                said += ", deleted ones too" if rows.whole else " as they are today"
            return [(name, self._select_rows(rows), said)]
        base, states = rows.versions, f"{name}_state"
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
            base = self.today(entity)
            self._rows[entity.name].versions = base
            moment = Moment("current", None, None, None)
            states = self.instance(history.entity, moment)
            for name in (
                history.by,
                history.entered,
                history.stage,
                history.left,
                history.number,
                history.next,
                history.next_but_one,
            ):
                self.need(states, name)
            stage = self.instance(history.states.entity, moment)
            for name in (history.states.key, history.states.won, history.states.lost):
                self.need(stage, name)
            own = (entity.key, history.outcome.field, history.outcome.at, entity.exists_from, history.stage)
            for name in filter(None, own):
                self._rows[base].needed[name] = None
        return entity.name

    def _select_rows(self, rows: _Rows) -> exp.Expr:
        entity, binding = rows.entity, self.binding
        mapped = binding.source.entities[entity.name]
        names = list(rows.needed) or ([entity.key] if entity.key else [])
        if not mapped.parts:
            return _literal_rows(binding, entity, mapped.rows, names)
        selects = [self._select_part(entity, part, names, rows.whole) for part in mapped.parts]
        union: exp.Expr = selects[0]
        for select in selects[1:]:
            union = exp.Union(this=union, expression=select, distinct=False)
        return union

    def _select_part(self, entity: Entity, part: MappedPart, names: list[str], whole: bool) -> exp.Select:
        select = exp.Select()
        several = len(self.binding.source.entities[entity.name].parts) > 1
        for name in names:
            field = self.binding.field(entity.name, name)
            assert field is not None
            value = self._source_value(entity, part, field)
            if several and not isinstance(value, exp.Cast):
                value = cast(value, TYPES[self._stored_type(entity, field)])
            landed = named(value, name)
            landed.meta[LANDS] = self._stored_type(entity, field)
            landed.meta[ZONE] = str(self.binding.source_zone)
            select = select.select(landed, copy=False)
        if not names:
            select = select.select(named(literal(1), "one"), copy=False)
        select = from_part(select, part)
        conditions = conjuncts(copied(part.where)) if part.where is not None else []
        own = [] if whole else self._own_conditions(entity, part)
        condition = all_of([*conditions, *own])
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
            if tree is None or leads_away(tree):
                return null(TYPES[field.type])
            return copied(tree).transform(lambda node: self._substitute(entity, part, node), copy=False)
        if field.type in ("number", "integer") and mapped.holds == "text" and isinstance(mapped.sql, exp.Column):
            # Texts are refused by the survey before anything is made of them; some databases could not even
            # compare such a column, be all of it empty.
            return null(TYPES[field.type])
        value = self._read(entity, field, mapped)
        if field.default is not None and not leads_away(field.default):
            return self._or_default(entity, part, field, value)
        if field.type == "money":
            return cast(value, TYPES["money"])
        if field.type == "key" and not self.binding.typed_key(entity.name, field.name):
            return cast(value, "VARCHAR")
        return value

    def _read(self, entity: Entity, field: Field, mapped: MappedField) -> exp.Expr:
        """What the source has for a field, read as one of the field's type where it is kept as
        another: `yes` as true, a text as the time that it says."""
        value = copied(mapped.sql)
        kind = self._stored_type(entity, field) if field.type != "date" else "date"
        if mapped.type == "date" and mapped.holds == "day":
            return value
        if mapped.holds not in _READ.get(kind, ()):
            return value
        read = cast(value, TYPES[kind])
        named_by = value if isinstance(value, exp.Column) else value.find(exp.Column)
        read.meta.update(
            {
                HOLDS: mapped.holds,
                ZONE: str(self.binding.source_zone),
                COLUMN: named_by.name if named_by is not None else field.name,
            }
        )
        return read

    def _or_default(self, entity: Entity, part: MappedPart, field: Field, value: exp.Expr) -> exp.Expr:
        """A mapped field with its default where it is null: what helps where a column is missing
        helps as well where it is empty."""
        assert field.default is not None
        kind = TYPES[self._stored_type(entity, field)]
        names = [path_of(node)[-1] for node in column_nodes(field.default)]
        if names and not any(name in part.fields for name in names):
            return cast(value, kind) if field.type in ("key", "money") else value
        other = copied(field.default).transform(lambda node: self._substitute(entity, part, node), copy=False)
        if field.type in ("key", "money", "number", "integer"):
            value, other = cast(value, kind), cast(other, kind)
        elif field.type in ("date", "time") and not self._stored_alike(entity, field):
            other = cast(other, kind)
        elif field.type == "text" and self._names_key(entity, names):
            other = cast(other, kind)  # a key may be a number in the source
        return exp.Coalesce(this=value, expressions=[other])

    def _names_key(self, entity: Entity, names: list[str]) -> bool:
        """Whether one of these fields of an entity is a key."""
        fields = (self.binding.field(entity.name, name) for name in names)
        return any(field is not None and field.type == "key" for field in fields)

    def _stored_alike(self, entity: Entity, field: Field) -> bool:
        """Whether the source keeps a time and those of its default in the same way."""
        assert field.default is not None
        stored = self.binding.storage(entity.name, field.name)
        return self.binding.storage_of(entity.name, field.default) == stored

    def _own_conditions(self, entity: Entity, part: MappedPart) -> list[exp.Expr]:
        """The entity's own `where`, but for what is only about fields that the source lacks:
        conditions on optional fields are written so that null passes."""
        found = []
        for own in conjuncts(entity.where):
            names = [path_of(node)[-1] for node in column_nodes(own)]
            if any(name in part.fields for name in names):
                wrapped = exp.Paren(this=copied(own))
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
            field = rows.entity.fields.get(name)
            value = scope.compile(tree, moment, day=field is not None and field.type == "date")
            if self.binding.typed_key(rows.entity.name, name):
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


def _literal_rows(binding: Binding, entity: Entity, rows: Any, names: list[str]) -> exp.Expr:
    selects = []
    for row in rows:
        select = exp.Select()
        for name in names:
            field = binding.field(entity.name, name)
            assert field is not None
            value = row.get(name)
            typed = null(TYPES[field.type]) if value is None else cast(literal(value), TYPES[field.type])
            select = select.select(named(typed, name), copy=False)
        if not names:
            select = select.select(named(literal(1), "one"), copy=False)
        selects.append(select)
    union: exp.Expr = selects[0]
    for select in selects[1:]:
        union = exp.Union(this=union, expression=select, distinct=False)
    return union
