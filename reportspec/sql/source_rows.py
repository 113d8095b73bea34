"""An entity's rows as its tables have them, each field read as what it is.

What the canonical type adds is added and no more: a default where there is none, a cast where the source keeps
something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlglot import exp

from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.expression.trees import (
    COLUMN,
    HOLDS,
    LANDS,
    TYPES,
    ZONE,
    alias_of,
    all_of,
    cast,
    column,
    conjuncts,
    copied,
    literal,
    named,
    null,
    when,
)
from reportspec.model.domain import Entity, Field
from reportspec.model.mapped import MappedField, MappedPart
from reportspec.remembered import remembered
from reportspec.resolve.binding import Binding, leads_away
from reportspec.sql.merged_records import Survivors, keys_of_default, names_of_default, survivors_read
from reportspec.sql.parts import from_part
from reportspec.sql.shared_trees import shared_of

# What a field of a type may be kept as, besides what the database has for it.
_READ: Mapping[str, tuple[str, ...]] = {
    "boolean": ("text", "number", "any"),
    "time": ("text", "fine"),
    "date": ("text", "clock", "fine"),
}


def select_rows(binding: Binding, entity: Entity, needed: Iterable[str], *, whole: bool = False) -> exp.Expr:
    """The fields of an entity's rows that are `needed`, as the mapping gives them; with the rows that the
    entity's own condition leaves out, if they are to be `whole`."""
    return _rows(binding, entity.name, tuple(needed), whole)


@remembered
def _rows(binding: Binding, of_entity: str, needed: tuple[str, ...], whole: bool) -> exp.Expr:
    entity, mapped = binding.entity(of_entity), binding.source.entities[of_entity]
    names = list(needed) or ([entity.key] if entity.key else [])
    if mapped.parts and survivors_read(binding, of_entity, names):
        found = _of_those_left(binding, of_entity, tuple(names), whole)
    elif mapped.parts:
        found = _of_parts(binding, of_entity, tuple(names), whole)
    else:
        found = _literal_rows(binding, entity, mapped.rows, names)
    return shared_of(binding).added(found)


def _of_parts(
    binding: Binding, of_entity: str, names: tuple[str, ...], whole: bool, own: tuple[str, ...] = ()
) -> exp.Expr:
    """The rows as the tables have them, with what the mapping itself gives of their `own` fields beside the others."""
    parts = range(len(binding.source.entities[of_entity].parts))
    return _stacked([_select_part(binding, of_entity, at, names, whole, own) for at in parts])


def _left_by_default(binding: Binding, entity: Entity, name: str, survivors: Survivors) -> exp.Expr:
    """A field with its default, whose keys are those of the records that are left."""
    field = binding.field(entity.name, name)
    assert field is not None
    assert field.default is not None

    def read(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Column) or isinstance(node.parent, exp.Dot):
            return node
        key = path_of(node)[-1]
        value = survivors.key(key)
        return cast(value, "VARCHAR") if binding.key_kind(entity.name, key) else value

    kind = TYPES[_stored_type(binding, entity, field)]
    other = cast(copied(field.default).transform(read, copy=False), kind)
    if binding.mapped(entity.name, name) is None:
        return other
    return exp.Coalesce(this=column(entity.name, _own(name)), expressions=[other])


def _own(name: str) -> str:
    """The column with what the mapping itself gives of a field that has a default."""
    return f"{name}_own"


def _of_those_left(binding: Binding, of_entity: str, names: tuple[str, ...], whole: bool) -> exp.Expr:
    """The rows with the keys of records that are left in the place of those that were merged into them, also in what
    stands for a field by default."""
    entity = binding.entity(of_entity)
    by_default = {name for name in names if keys_of_default(binding, of_entity, name)}
    read = dict.fromkeys(name for name in names if name not in by_default)
    for name in by_default:
        read.update(dict.fromkeys(names_of_default(binding, of_entity, name)))
    survivors = Survivors(binding, of_entity, of_entity)
    fields = [
        named(_left_by_default(binding, entity, name, survivors) if name in by_default else survivors.key(name), name)
        for name in names
    ]
    own = tuple(name for name in names if name in by_default and binding.mapped(of_entity, name) is not None)
    rows = exp.Subquery(this=_of_parts(binding, of_entity, tuple(read), whole, own), alias=alias_of(of_entity))
    select = exp.Select(expressions=fields).from_(rows, copy=False)
    for join in survivors.joins.values():
        select.append("joins", join)
    return select


def _stacked(selects: Sequence[exp.Select]) -> exp.Expr:
    union: exp.Expr = selects[0]
    for select in selects[1:]:
        union = exp.Union(this=union, expression=select, distinct=False)
    return union


def _select_part(
    binding: Binding, of_entity: str, at: int, names: tuple[str, ...], whole: bool, own: tuple[str, ...] = ()
) -> exp.Select:
    entity, part = binding.entity(of_entity), binding.source.entities[of_entity].parts[at]
    fields = [_landed(binding, of_entity, at, name) for name in names]
    fields += [_landed_own(binding, entity, part, name) for name in own]
    fields = fields or [named(literal(1), "one")]
    select = from_part(exp.Select(expressions=fields), part)
    conditions = conjuncts(copied(part.where)) if part.where is not None else []
    own_where = [] if whole else _own_conditions(binding, entity, part)
    condition = all_of([*conditions, *own_where])
    return select.where(condition, copy=False) if condition is not None else select


@remembered
def _landed(binding: Binding, of_entity: str, at: int, name: str) -> exp.Alias:
    """A field as one of an entity's parts has it."""
    entity, parts = binding.entity(of_entity), binding.source.entities[of_entity].parts
    field = binding.field(of_entity, name)
    assert field is not None
    value = _source_value(binding, entity, parts[at], field)
    if len(parts) > 1 and not isinstance(value, exp.Cast):
        value = cast(value, TYPES[_stored_type(binding, entity, field)])
    landed = named(value, name)
    landed.meta[LANDS] = _stored_type(binding, entity, field)
    landed.meta[ZONE] = str(binding.source_zone)
    return shared_of(binding).added(landed)


def _landed_own(binding: Binding, entity: Entity, part: MappedPart, name: str) -> exp.Alias:
    """What one of an entity's parts gives of a field itself, without its default."""
    field, mapped = binding.field(entity.name, name), part.fields.get(name)
    assert field is not None
    kind = _stored_type(binding, entity, field)
    value = cast(_read(binding, entity, field, mapped), TYPES[kind]) if mapped is not None else null(TYPES[kind])
    landed = named(value, _own(name))
    landed.meta[LANDS] = kind
    landed.meta[ZONE] = str(binding.source_zone)
    return landed


def _stored_type(binding: Binding, entity: Entity, field: Field) -> str:
    if field.type in ("date", "time"):
        return binding.storage(entity.name, field.name)
    return field.type


def _source_value(binding: Binding, entity: Entity, part: MappedPart, field: Field) -> exp.Expr:
    """A field of a source row, typed. Only what the canonical type adds is added."""
    mapped = part.fields.get(field.name)
    if mapped is None:
        tree = field.default
        if tree is None or leads_away(tree):
            return null(TYPES[field.type])
        return copied(tree).transform(lambda node: _substitute(binding, entity, part, node), copy=False)
    if field.type in ("number", "integer") and mapped.holds == "text" and isinstance(mapped.sql, exp.Column):
        # Texts are refused by the survey before anything is made of them; some databases could not even
        # compare such a column, be all of it empty.
        return null(TYPES[field.type])
    value = _read(binding, entity, field, mapped)
    if field.default is not None and not leads_away(field.default):
        return _or_default(binding, entity, part, field, value)
    if field.type == "money":
        return cast(value, TYPES["money"])
    if field.type == "key" and not binding.key_kind(entity.name, field.name):
        return cast(value, "VARCHAR")
    return value


def _read(binding: Binding, entity: Entity, field: Field, mapped: MappedField) -> exp.Expr:
    """What the source has for a field, read as one of the field's type where it is kept as
    another: `yes` as true, a text as the time that it says."""
    value = cast(copied(mapped.sql), "VARCHAR") if mapped.enum else copied(mapped.sql)
    kind = _stored_type(binding, entity, field) if field.type != "date" else "date"
    if mapped.type == "date" and mapped.holds == "day":
        return value
    if field.type == "key" and field.name != entity.key and _may_be_blank(mapped):
        return _unless_blank(value, mapped)
    if mapped.holds not in _READ.get(kind, ()):
        return value
    read = cast(value, TYPES[kind])
    named_by = value if isinstance(value, exp.Column) else value.find(exp.Column)
    read.meta.update(
        {
            HOLDS: mapped.holds,
            ZONE: str(binding.source_zone),
            COLUMN: named_by.name if named_by is not None else field.name,
        }
    )
    return read


def _may_be_blank(mapped: MappedField) -> bool:
    """Whether texts may stand where a key is read: of an expression of which nothing is known they may."""
    if isinstance(mapped.sql, exp.Column):
        return mapped.holds in ("text", "any") and not mapped.key_kind
    return mapped.holds in ("text", "any", "")


def _unless_blank(key: exp.Expr, mapped: MappedField) -> exp.Expr:
    """A key that names another record, or none: a blank text names nothing, as null does. An entity's own keys are
    as they are, since rows without one are told of."""
    text = copied(key) if mapped.holds == "text" or mapped.enum else cast(copied(key), "VARCHAR")
    return when(exp.NEQ(this=exp.Trim(this=text), expression=literal("")), key)


def _or_default(binding: Binding, entity: Entity, part: MappedPart, field: Field, value: exp.Expr) -> exp.Expr:
    """A mapped field with its default where it is null: what helps where a column is missing
    helps as well where it is empty."""
    assert field.default is not None
    kind = TYPES[_stored_type(binding, entity, field)]
    names = [path_of(node)[-1] for node in column_nodes(field.default)]
    if names and not any(name in part.fields for name in names):
        return cast(value, kind) if field.type in ("key", "money") else value
    other = copied(field.default).transform(lambda node: _substitute(binding, entity, part, node), copy=False)
    if field.type in ("key", "money", "number", "integer"):
        value, other = cast(value, kind), cast(other, kind)
    elif field.type in ("date", "time") and not _stored_alike(binding, entity, field):
        other = cast(other, kind)
    elif field.type == "text" and _names_key(binding, entity, names):
        other = cast(other, kind)  # a key may be a number in the source
    return exp.Coalesce(this=value, expressions=[other])


def _names_key(binding: Binding, entity: Entity, names: list[str]) -> bool:
    """Whether one of these fields of an entity is a key."""
    fields = (binding.field(entity.name, name) for name in names)
    return any(field is not None and field.type == "key" for field in fields)


def _stored_alike(binding: Binding, entity: Entity, field: Field) -> bool:
    """Whether the source keeps a time and those of its default in the same way."""
    assert field.default is not None
    stored = binding.storage(entity.name, field.name)
    return binding.storage_of(entity.name, field.default) == stored


def _own_conditions(binding: Binding, entity: Entity, part: MappedPart) -> list[exp.Expr]:
    """The entity's own `where`, but for what is only about fields that the source lacks:
    conditions on optional fields are written so that null passes."""
    conditions = []
    for condition in conjuncts(entity.where):
        names = [path_of(node)[-1] for node in column_nodes(condition)]
        if any(name in part.fields for name in names):
            wrapped = exp.Paren(this=copied(condition))
            wrapped.transform(lambda node: _substitute(binding, entity, part, node), copy=False)
            conditions.append(wrapped.this)
    return conditions


def _substitute(binding: Binding, entity: Entity, part: MappedPart, node: exp.Expr) -> exp.Expr:
    if not isinstance(node, exp.Column) or isinstance(node.parent, exp.Dot):
        return node
    path = path_of(node)
    if len(path) != 2 or path[0] != entity.name:
        return node
    field = binding.field(entity.name, path[1])
    assert field is not None, path
    value = _source_value(binding, entity, part, field)
    return value if isinstance(value, (exp.Column, exp.Cast)) else exp.Paren(this=value)


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
    return _stacked(selects)
