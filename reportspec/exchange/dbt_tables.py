"""Semantic models of dbt's `semantic_manifest.json` as entities: tables, keys, fields, and where they lead."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field

from reportspec.exchange.fields import keep, type_of
from reportspec.exchange.fitting_names import fitting_name
from reportspec.exchange.foreign import LeftOut, Model, Part, Table
from reportspec.exchange.fragments import is_name
from reportspec.lazy_dataclass import dataclass

_OWN_KEYS = ("primary", "natural")


@dataclass(slots=True)
class Shape:
    """A semantic model as metrics see it: the entity that it becomes, the name of its own dbt entity and those of the
    ones that it leads to, each with its field; its dimensions and measures by name; the dimension by which measures
    count where they name none."""

    table: Table
    part: Part
    primary: str = ""
    unique: dict[str, str] = field(default_factory=dict)  # dbt entity -> field, which no relation can lead to
    leads: dict[str, str] = field(default_factory=dict)  # dbt entity -> field
    dimensions: dict[str, str] = field(default_factory=dict)  # name -> field
    grains: dict[str, str] = field(default_factory=dict)  # of dimensions that are times
    measures: dict[str, Part] = field(default_factory=dict)
    time: str = ""
    versioned: bool = False  # its rows are versions, of which a key has several


def tables_of(model: Model, tables: str) -> dict[str, Shape]:
    """All semantic models by name, as tables of the model; `tables` says which parts of a table's name count: `full`,
    `schema` or `name`. What is not taken over of them is told."""
    shapes: dict[str, Shape] = {}
    taken = set(model.entities)
    for part in model.foreign.root.parts("semantic_models"):
        name = part.text("name")
        if not name or name in shapes:
            why = "another one has its name" if name else "it has no name"
            model.foreign.leave(f"semantic model `{name}`", why, part.place)
            continue
        try:
            shape = _shape(model, part, name, fitting_name(name, taken, model.tool), tables)
        except LeftOut as left:
            model.foreign.leave(f"semantic model `{name}`", left.why, left.place or part.place)
            continue
        taken.add(shape.table.entity)
        if shape.table.entity != name:
            model.foreign.note(f"semantic model `{name}`", f"it is called `{shape.table.entity}` here", part.place)
        shapes[name] = shape
        model.tables[name] = shape.table
    _relate(model, shapes)
    return shapes


def _shape(model: Model, part: Part, name: str, entity: str, tables: str) -> Shape:
    relation = part.part("node_relation")
    if relation is None:
        raise LeftOut("it says no table")
    table = Table(
        name,
        entity,
        _table(relation, tables),
        part.place,
        part.text("label"),
        part.text("description"),
    )
    shape = Shape(table, part)
    with model.foreign.whole():
        defaults = part.part("defaults")
        shape.time = defaults.text("agg_time_dimension") if defaults is not None else ""
    _dimensions(model, part, shape)
    _entities(model, part, shape)
    for measure in part.parts("measures"):
        shape.measures.setdefault(measure.text("name"), measure)
    every = [part, *(each for key in ("dimensions", "entities", "measures") for each in part.parts(key))]
    with_meta = [config for each in every if (config := each.part("config")) is not None and config.data("meta")]
    if with_meta:
        how = "what `meta` says of it and of its parts is not kept"
        model.foreign.note(f"semantic model `{name}`", how, with_meta[0].at("meta"))
    return shape


def _table(relation: Part, tables: str) -> str:
    written = relation.text("relation_name")
    parts = [relation.text(key) for key in ("database", "schema_name", "alias")]
    if tables == "full" and written:
        return written
    wanted = {"full": parts, "schema": parts[1:], "name": parts[2:]}[tables]
    named = [f'"{part.replace(chr(34), chr(34) * 2)}"' if not is_name(part) else part for part in wanted if part]
    if not named or not parts[2]:
        raise LeftOut("it says no table", relation.place)
    return ".".join(named)


def _dimensions(model: Model, part: Part, shape: Shape) -> None:
    for dimension in part.parts("dimensions"):
        name = dimension.text("name")
        what = f"dimension `{shape.table.name}.{name}`"
        kind = dimension.text("type")
        params = dimension.part("type_params")
        try:
            if name in shape.dimensions or not name:
                raise LeftOut("another one has its name" if name else "it has no name")
            if kind not in ("categorical", "time"):
                raise LeftOut(f"its type `{kind[:60]}` is none that is known", dimension.at("type"))
            if params is not None and params.has("validity_params"):
                shape.versioned = True
            is_time = kind == "time"
            with model.foreign.whole():
                found = type_of(dimension.text("datatype"), "time" if is_time else "")
                sql = dimension.text("expr") or name
            shape.dimensions[name] = keep(model, shape.table, name, dimension, found, sql)
        except LeftOut as left:
            model.foreign.leave(what, left.why, left.place or dimension.place)
            continue
        if is_time:
            grain = (params.text("time_granularity") if params is not None else "") or "day"
            shape.grains[name] = grain
        if dimension.flag("is_partition"):
            model.foreign.note(what, "that it is a partition says nothing here", dimension.place)


def _entities(model: Model, part: Part, shape: Shape) -> None:
    for one in part.parts("entities"):
        name, kind = one.text("name"), one.text("type")
        what = f"entity `{shape.table.name}.{name}`"
        try:
            if kind not in ("primary", "natural", "unique", "foreign"):
                raise LeftOut(f"its type `{kind[:60]}` is none that is known", one.at("type"))
            with model.foreign.whole():
                wanted = one.text("expr") or name
            field_name = keep(model, shape.table, wanted if is_name(wanted) else f"{name}_key", one, "key")
        except LeftOut as left:
            model.foreign.leave(what, left.why, left.place or one.place)
            continue
        if kind in _OWN_KEYS and not shape.primary:
            shape.primary = name
            if not shape.versioned:
                shape.table.key = field_name
        elif kind == "foreign":
            shape.leads[name] = field_name
        else:
            shape.unique[name] = field_name
    shape.primary = shape.primary or part.text("primary_entity")
    if shape.versioned:
        why = "its rows are versions of records (`validity_params`), of which a key has several"
        model.foreign.leave(f"that anything leads to semantic model `{shape.table.name}`", why, shape.table.place)


def _relate(model: Model, shapes: Mapping[str, Shape]) -> None:
    """Where entities lead: by what is foreign in one model to what it is the key of in others, and from a key to
    other models with the same one."""
    for shape in shapes.values():
        own = [(shape.primary, shape.table.key)] if shape.primary and shape.table.key else []
        for name, by in (*shape.leads.items(), *shape.unique.items(), *own):
            aims = [
                other for other in shapes.values() if other is not shape and other.primary == name and other.table.key
            ]
            for aim in aims:
                _lead(model, shape.table, name if len(aims) == 1 else aim.table.name, by, aim.table)
            if not aims and name in shape.leads:
                at = next(one for one in shape.part.parts("entities") if one.text("name") == name)
                apart = [other.table.name for other in shapes.values() if name in other.unique]
                what = (
                    f"`{apart[0]}` has it as `unique` beside its own key"
                    if apart
                    else "no semantic model has it as its key"
                )
                model.foreign.leave(f"where entity `{shape.table.name}.{name}` leads", what, at.place)


def _lead(model: Model, table: Table, name: str, by: str, aim: Table) -> None:
    known: Collection[str] = {*table.fields, *table.relations}
    table.relations[fitting_name(name, known, "to")] = (aim.entity, by)
