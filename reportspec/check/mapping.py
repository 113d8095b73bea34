"""Mappings: a shipped one, one's own, or one's own on top of a shipped one."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from sqlglot import exp

from reportspec.catalogue.load import expression
from reportspec.catalogue.other_words import field_called
from reportspec.check.guesses import tell_guesses_of_mapping
from reportspec.check.project import shown
from reportspec.databases import dialect_named, dialects, is_dialect
from reportspec.diagnostics import did_you_mean, suggestion, surely_meant
from reportspec.expression.sandbox import CANONICAL, Refused, each_parts, table_name
from reportspec.expression.trees import BARE, MONEY_DECIMALS, WRITTEN, cast, copied, identifier
from reportspec.expression.types import ANY, CONDITION, Kind, Mistyped, expect, unknown
from reportspec.files import packaged
from reportspec.holds import Holds, decimals_of, exact_up_to, held, key_kind
from reportspec.lazy_pattern import lazy_pattern
from reportspec.model.domain import Catalogue, Entity, Field, Loads
from reportspec.model.mapped import MappedEntity, MappedField, MappedJoin, MappedPart, SourceMap
from reportspec.resolve.document import Document, Place, open_document
from reportspec.resolve.mapped_columns import OWN as PART
from reportspec.resolve.mapped_columns import owned
from reportspec.source import plain, read_yaml
from reportspec.source.regular import is_yaml
from reportspec.sql.dialects.rewrite import OWN

Extra = dict[str, dict[str, Field]]


Read = Callable[..., "exp.Expr | None"]


Theirs = Callable[[Place], bool]  # whether what stands at a place is a shipped mapping's


def shipped() -> tuple[str, ...]:
    """The names of the mappings that come with the package."""
    folder = packaged("catalogue", "crms")
    return tuple(sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml")))


@lru_cache(maxsize=8)
def _shipped_data(name: str) -> Any:
    item = packaged("catalogue", "crms", f"{name}.yaml")
    node, problems = read_yaml(item.read_bytes(), item.name)
    assert node is not None
    assert not problems, problems
    return plain(node)


def demo_map(catalogue: Catalogue) -> SourceMap:
    """The demo's tables have the canonical names."""
    from reportspec.demo.columns import COLUMNS

    entities = {}
    for name, columns in COLUMNS.items():
        # Made by hand: sqlglot's own way makes a copy of each name.
        fields = {c: MappedField(c, exp.Column(this=identifier(c)), None, {}, None) for c, _ in columns}
        table = exp.Table(this=identifier(name), db=identifier("demo"))
        entities[name] = MappedEntity(name, (MappedPart(table, None, fields),), fields)
    return SourceMap("demo", "duckdb", "UTC", entities)


def load_mapping(
    catalogue: Catalogue, crm: str, path: Path | None, project: Document, speaks: str = "duckdb"
) -> tuple[SourceMap | None, Extra, Document | None]:
    """The source map, the fields that it adds, and the mapping's file if it is one's own. `speaks`
    is the source's dialect, in which expressions are read where the mapping names none."""
    extra: Extra = {}
    if path is None:
        if crm == "demo":
            return demo_map(catalogue), extra, None
        if not crm:
            project.tell(
                "missing-key",
                "the project names no mapping",
                (),
                "add `crm:` (a shipped mapping) or `mapping:`",
            )
            return None, extra, None
        if crm not in shipped():
            project.tell(
                "unknown-crm",
                f"no mapping named `{crm}` is shipped",
                ("crm",),
                suggestion(crm, shipped()) or f"there are {', '.join(shipped())}",
            )
            return None, extra, None
        quiet = Document(f"{crm}.yaml", "", None, _shipped_data(crm))
        built = _built(catalogue, crm, quiet.data, quiet, extra, speaks, {})
        assert not quiet.problems, quiet.problems
        return built, extra, None
    unfit = _no_yaml(path)
    if unfit is not None:
        project.tell(
            "bad-mapping",
            f"the mapping `{shown(path)[:80]}` {unfit}",
            ("mapping",),
            "name a file that ends in .yaml or .yml",
        )
        return None, extra, None
    document = open_document(path, "mapping", shown(path))
    if document.node is None:  # what has no place in the file has the one where it is named
        named = project.span(("mapping",))
        document.problems = [p if p.span else replace(p, span=named) for p in document.problems]
    if document.broken:
        return None, extra, document
    tell_guesses_of_mapping(document, catalogue)
    data = document.data
    base = data.get("extends")
    if base is not None:
        if base not in shipped():
            document.tell(
                "unknown-crm",
                f"no mapping named `{base}` is shipped",
                ("extends",),
                suggestion(str(base), shipped()) or f"there are {', '.join(shipped())}",
            )
            return None, extra, document
        data = _merged(_shipped_data(base), data)
    of_document = document.data if base is not None else None
    built = _built(catalogue, path.name, data, document, extra, speaks, of_document)
    return (None if document.broken else built), extra, document


def _no_yaml(path: Path) -> str | None:
    """Why a file is not read as a mapping, also where a link leads to it: it may lie anywhere, as several
    projects can share one, but messages show lines of it, and those of other files are nobody's matter."""
    try:
        named = is_yaml(path) and is_yaml(path.resolve())
    except (OSError, RuntimeError, ValueError):
        return "leads to no file"
    return None if named else "is no YAML file by its name"


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """One's own mapping over the one that it extends: keys and fields of its own win."""
    result = {**base, **{k: v for k, v in own.items() if k != "entities"}}
    entities = {name: dict(spec) for name, spec in base.get("entities", {}).items()}
    for name, spec in (own.get("entities") or {}).items():
        before = entities.get(name, {})
        after = {**before, **spec}
        for key in ("fields", "joins"):
            if before.get(key) or spec.get(key):
                after[key] = {**(before.get(key) or {}), **(spec.get(key) or {})}
        for own_way in ("rows", "table", "union"):
            if own_way in spec:
                for other in {"rows", "table", "union"} - {own_way}:
                    after.pop(other, None)
        entities[name] = after
    result["entities"] = entities
    return result


def _shipped_part(own: Mapping[str, Any] | None) -> Theirs:
    """Which places of a mapping are not among one's `own` lines (None: all are)."""

    def theirs(place: Place) -> bool:
        node: Any = own
        for key in place:
            if not isinstance(node, dict) or key not in node:
                return own is not None and not isinstance(node, list)
            node = node[key]
        return False

    return theirs


def _built(
    catalogue: Catalogue,
    name: str,
    data: Mapping[str, Any],
    document: Document,
    extra: Extra,
    speaks: str,
    own: Mapping[str, Any] | None,
) -> SourceMap:
    """The map that a mapping's data say. `own` is what of it is not a shipped mapping's; None: all."""
    dialect = data.get("dialect", speaks)
    if not is_dialect(dialect):
        document.tell(
            "unknown-dialect",
            f"no SQL dialect is named `{dialect}`",
            ("dialect",),
            suggestion(dialect, dialects()) or f"there are {', '.join(dialects())}",
        )
        dialect = speaks
    # MariaDB's SQL is read as MySQL's.
    read = CANONICAL if dialect == "duckdb" else dialect_named(dialect).sqlglot
    entities = {}
    for entity, spec in (data.get("entities") or {}).items():
        path: Place = ("entities", entity)
        known = catalogue.entities.get(entity)
        if known is None or known.derived is not None:
            names = [n for n, e in catalogue.entities.items() if e.derived is None]
            document.tell(
                "unknown-entity",
                f"there is no entity `{entity}` to map",
                path,
                suggestion(entity, names) or f"there are {', '.join(names)}",
                key=True,
            )
            continue
        mapped = _entity(known.name, known.key, spec or {}, path, document, read, _shipped_part(own))
        if mapped is None:
            continue
        entities[entity] = mapped
        for field_name, field_map in mapped.fields.items():
            if field_name in known.fields and known.fields[field_name].expr is not None:
                document.tell(
                    "computed-field",
                    f"`{entity}.{field_name}` is computed from other fields, and would not be read from here",
                    _place_of(path, spec or {}, field_name),
                    "leave it out, or give it another name",
                    key=True,
                )
            if field_name not in known.fields:
                if not field_map.label and field_map.type is None:
                    _perhaps_another(known, field_name, mapped, document, _place_of(path, spec or {}, field_name))
                label = field_map.label or {"en": field_name.replace("_", " ").capitalize()}
                extra.setdefault(entity, {})[field_name] = Field(
                    entity,
                    field_name,
                    field_map.type or "text",  # type: ignore[arg-type]
                    label,
                    order=field_map.order,
                )
    _check_keys(catalogue, entities, document)
    _check_rates(catalogue, entities, document)
    if data.get("loaded_at") is not None:
        entities |= _load(catalogue.loads, data["loaded_at"], document, read)
    _check_prefer(catalogue, data.get("prefer") or {}, document)
    return SourceMap(
        name,
        dialect,
        data.get("timezone"),
        entities,
        data.get("csv_columns", "typed"),
        document.file,
        data.get("prefer") or {},
        keys=data.get("keys", ""),
    )


def with_load(loads: Loads, source: SourceMap, project: Document, speaks: str) -> SourceMap:
    """The map with where the project file says that the source tells when it was loaded."""
    loaded = project.data.get("loaded_at") if isinstance(project.data, dict) else None
    if not isinstance(loaded, dict):
        return source
    read = CANONICAL if speaks == "duckdb" else dialect_named(speaks).sqlglot
    return replace(source, entities={**source.entities, **_load(loads, loaded, project, read)})


def _perhaps_another(known: Entity, name: str, mapped: MappedEntity, document: Document, place: Place) -> None:
    """Tell of a field of one's own that is called as others call one of the catalogue's that is not mapped."""
    free = [field for field in known.fields.values() if field.name not in mapped.fields and field.expr is None]
    meant = next((field.name for field in free if name in field.also), None)
    meant = meant or next((field.name for field in free if field.name.replace("_", "") == name.replace("_", "")), None)
    meant = meant or field_called(name, known.name, [field.name for field in free])
    if meant is None:
        names = [field.name for field in free]
        near = did_you_mean(name, names)
        meant = near if near is not None and surely_meant(name, near, names) else None
    if meant is not None:
        document.tell(
            "own-field",
            f"`{known.name}.{name}` is a field of your own, which no metric reads",
            place,
            f"did you mean `{meant}`? If not, give it a `label` or a `type`",
            key=True,
            warning=True,
        )


def _load(loads: Loads, spec: Mapping[str, Any], document: Document, dialect: str) -> dict[str, MappedEntity]:
    """What `loaded_at` says of a table, as an entity like others; it has to be there."""
    with_field = {**spec, "fields": {loads.at: spec["column"]}}
    entity = _entity(loads.entity, None, with_field, ("loaded_at",), document, dialect, _shipped_part(None))
    return {loads.entity: entity} if entity is not None else {}


def _place_of(path: Place, spec: Mapping[str, Any], name: str) -> Place:
    """Where an entity's mapping gives a field."""
    for index, part in enumerate(spec.get("union") or ()):
        if name in (part.get("fields") or {}):
            return (*path, "union", index, "fields", name)
    return (*path, "rows") if spec.get("rows") else (*path, "fields", name)


def _check_keys(catalogue: Catalogue, entities: Mapping[str, MappedEntity], document: Document) -> None:
    """Tell of entities to which others lead by a key that they do not give: no row would find its
    partner, which no figure shows."""
    for name, mapped in entities.items():
        key = catalogue.entities[name].key
        if key is None or key in mapped.fields:
            continue
        by = next((by for by, to in _leading(catalogue, entities) if to == name), None)
        if by is not None:
            document.tell(
                "missing-key",
                f"`{name}` gives no `{key}`, and `{by}` leads to it",
                ("entities", name),
                f"add the column that tells its rows apart, to which `{by}` refers, for example `key: id`",
                key=True,
            )


def _check_rates(catalogue: Catalogue, entities: Mapping[str, MappedEntity], document: Document) -> None:
    """Tell of exchange rates that lack one of their fields: they would be taken for none."""
    rates = catalogue.exchange_rates
    mapped = entities.get(rates.entity)
    lacks = [name for name in rates.fields if mapped is not None and name not in mapped.fields]
    if lacks:
        needed = ", ".join(f"`{name}`" for name in rates.fields)
        document.tell(
            "missing-key",
            f"`{rates.entity}` gives no {' and no '.join(f'`{name}`' for name in lacks)}, and is no rate without",
            ("entities", rates.entity),
            f"an exchange rate has the fields {needed}: name the column of each",
            key=True,
        )


def _leading(catalogue: Catalogue, entities: Mapping[str, MappedEntity]) -> Iterable[tuple[str, str]]:
    """The mapped fields that lead to other entities, each with the one it leads to."""
    for name, mapped in entities.items():
        for relation in catalogue.entities[name].relations.values():
            if relation.by in mapped.fields:
                yield f"{name}.{relation.by}", relation.to


def _check_prefer(catalogue: Catalogue, prefer: Mapping[str, str], document: Document) -> None:
    """Tell of preferences that could not be followed: silently, another figure would be shown."""
    for name, wanted in prefer.items():
        known = catalogue.entities.get(name)
        ways = [w.source for w in (known.derived, *known.otherwise) if w] if known else []
        if known is None or len(ways) < 2:
            choices = [n for n, e in catalogue.entities.items() if e.otherwise]
            document.tell(
                "unknown-entity",
                f"`{name}` is not made in several ways",
                ("prefer", name),
                suggestion(name, choices) or f"there are {', '.join(choices)}",
                key=True,
            )
        elif wanted not in ways:
            document.tell(
                "bad-value",
                f"`{name}` cannot be made from `{wanted}`",
                ("prefer", name),
                suggestion(wanted, ways) or f"it can be made from {' or '.join(ways)}",
            )
        elif known.follows is not None:
            leader = catalogue.entities[known.follows]
            first = [w.source for w in (leader.derived, *leader.otherwise) if w]
            if prefer.get(leader.name, first[0]) != first[ways.index(wanted)]:
                document.tell(
                    "contradiction",
                    f"`{name}` is made of the same things as `{leader.name}`",
                    ("prefer", name),
                    f"prefer `{leader.name}: {first[ways.index(wanted)]}` instead",
                )


def with_types(
    source: SourceMap,
    catalogue: Catalogue,
    columns: Mapping[str, Mapping[str, str]],
    dialect: str,
) -> SourceMap:
    """The map with what the source's columns hold. Times that it has as DATE are days, whatever the
    map says itself. `columns` has the columns of each table, with their types in `dialect`."""
    known_dialect = dialect_named(dialect)
    single, enums = known_dialect.single, known_dialect.enums
    entities = {}
    for name, entity in source.entities.items():
        known = catalogue.entities[name].fields

        def seen(part: MappedPart, field: MappedField, known: Fields = known) -> MappedField:
            mapped = known.get(field.name)
            kind = mapped.type if mapped is not None else field.type
            return _seen(field, kind, part, columns, dialect)

        parts = tuple(replace(part, fields={n: seen(part, f) for n, f in part.fields.items()}) for part in entity.parts)
        if single is not None:
            parts = tuple(_read_as("DOUBLE", part, columns, single, partial(_is_number, known)) for part in parts)
        if enums is not None:
            parts = tuple(_with_enums(part, columns, enums) for part in parts)
        fields = given_by(parts) if entity.parts else entity.fields
        entities[name] = replace(entity, parts=parts, fields=fields)
    return replace(source, entities=entities)


def with_whole_keys(
    source: SourceMap,
    catalogue: Catalogue,
    columns: Mapping[str, Mapping[str, str]],
    whole: Callable[[Mapping[str, Collection[str]]], Collection[tuple[str, str]]],
) -> SourceMap:
    """The map of a source whose columns may hold anything, whatever they were declared to: keys are whole numbers
    where all of their values are, as `whole` finds of the columns of tables that it is handed."""
    asked: dict[str, dict[str, None]] = {}
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for name, entity in source.entities.items():
        fields = entity.parts[0].fields if len(entity.parts) == 1 else {}
        for field in fields.values():
            known = catalogue.entities[name].fields.get(field.name)
            kind, tree = known.type if known is not None else field.type, field.sql
            if kind != "key" or not isinstance(tree, exp.Column) or tree.table not in ("", PART):
                continue
            if "INT" in _column_type(tree, entity.parts[0], columns).upper():
                table = _table_name(entity.parts[0].table)
                asked.setdefault(table, {})[tree.name] = None
                found[name, field.name] = (table, tree.name)
    sure = whole(asked) if asked else ()
    entities = dict(source.entities)
    for (name, key), at in found.items():
        if at in sure:
            entity = entities[name]
            field = replace(entity.parts[0].fields[key], key_kind="integer")
            part = replace(entity.parts[0], fields={**entity.parts[0].fields, key: field})
            entities[name] = replace(entity, parts=(part,), fields=given_by((part,)))
    return replace(source, entities=entities)


Fields = Mapping[str, Field]


Types = Mapping[str, str]  # of columns


def _read_as(
    kind: str,
    part: MappedPart,
    columns: Mapping[str, Types],
    types: re.Pattern[str],
    wanted: Callable[[MappedField], bool] = lambda field: True,
) -> MappedPart:
    """A part whose columns of certain types are read as another kind, in all that it has and in those of its fields
    that are wanted."""

    def such(table: exp.Table) -> frozenset[str]:
        columns_there = columns.get(_table_name(table), {})
        return frozenset(name for name, kind in columns_there.items() if types.fullmatch(kind))

    tables = {PART: such(part.table), **{join.name: such(join.table) for join in part.joins}}
    if not any(tables.values()):
        return part
    grouped = {join.name for join in part.joins if join.fields}
    lone = {name: columns_of_table for name, columns_of_table in tables.items() if name not in grouped}
    fields = {n: replace(f, sql=_cast_in(f.sql, kind, lone)) if wanted(f) else f for n, f in part.fields.items()}
    where = _cast_in(part.where, kind, lone) if part.where is not None else None
    joins = tuple(_join_read_as(kind, join, tables[join.name]) for join in part.joins)
    return replace(part, fields=fields, where=where, joins=joins)


def _is_number(known: Fields, field: MappedField) -> bool:
    """Whether a field is none of those that stay as they are written."""
    given = known.get(field.name)
    return (given.type if given is not None else field.type) not in ("key", "text")


def _with_enums(part: MappedPart, columns: Mapping[str, Types], enums: re.Pattern[str]) -> MappedPart:
    """A part whose enums are read as texts: where they stand in expressions here, and a field that is one when it is
    read, so that it still is seen to be that column."""

    def is_enum(field: MappedField) -> bool:
        column = field.sql
        return isinstance(column, exp.Column) and bool(enums.fullmatch(_column_type(column, part, columns)))

    fields = {name: replace(field, enum=is_enum(field)) for name, field in part.fields.items()}
    return _read_as("VARCHAR", replace(part, fields=fields), columns, enums, lambda field: not field.enum)


def _join_read_as(kind: str, join: MappedJoin, such: frozenset[str]) -> MappedJoin:
    reachable = {PART: such, join.name: such}
    where = _cast_in(join.where, kind, reachable) if join.where is not None else None
    fields = {name: _cast_in(tree, kind, reachable) for name, tree in join.fields.items()}
    return replace(join, where=where, fields=fields)


def _cast_in(tree: exp.Expr, kind: str, such: Mapping[str, frozenset[str]]) -> exp.Expr:
    """An expression with those columns of tables, by the names that they have in it, as another kind."""

    def read(node: exp.Expr) -> exp.Expr:
        is_such = isinstance(node, exp.Column) and node.name in such.get(node.table or PART, ())
        return cast(node, kind) if is_such else node

    return copied(tree).transform(read, copy=False)


def _seen(
    field: MappedField,
    kind: str | None,
    part: MappedPart,
    columns: Mapping[str, Mapping[str, str]],
    dialect: str,
) -> MappedField:
    def holds(tree: exp.Expr) -> Holds:
        return _held(tree, part, columns, dialect)

    tree = field.sql
    if isinstance(tree, exp.Cast) and tree.to.this in _SAID.get(kind or "", ()):
        # What a text says (an offset, `yes`) a database's own cast may take for nothing.
        tree = tree.this if holds(tree.this) in ("text", "any") else tree
    what = holds(tree)
    if kind == "key" and isinstance(tree, exp.Column):
        typed, known = _column_type(tree, part, columns), dialect_named(dialect)
        return replace(field, holds=what, key_kind=key_kind(typed, known), exact_up_to=exact_up_to(typed, known))
    if isinstance(tree, exp.Column) and what == "day" and kind == "time" and field.type is None:
        return replace(field, type="date", holds=what)
    if kind == "boolean" and not what and dialect_named(dialect).lax and columns and not _yes_by_form(tree):
        what = "any"
    finer = kind == "money" and what in ("number", "") and _finer(tree, part, columns)
    return replace(field, sql=tree, holds=what, finer=finer)


def _finer(tree: exp.Expr, part: MappedPart, columns: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether an amount may have more decimals than are kept of one, as its columns are written. What is cast is as
    exact as the mapping says."""
    if tree.find(exp.Cast, exp.TryCast) is not None:
        return False
    most = (decimals_of(_column_type(column, part, columns)) for column in tree.find_all(exp.Column))
    return any(decimals is None or decimals > MONEY_DECIMALS for decimals in most)


_BOOLEAN = exp.DataType.Type.BOOLEAN


_SAID: Mapping[str, tuple[Any, ...]] = {
    "time": tuple(
        exp.DataType.TEMPORAL_TYPES
        - {
            exp.DataType.Type.DATE,
            exp.DataType.Type.DATE32,
            exp.DataType.Type.TIME,
            exp.DataType.Type.TIMETZ,
        }
    ),
    "boolean": (_BOOLEAN,),
}


_TEXTS = (
    exp.Trim,
    exp.Lower,
    exp.Upper,
    exp.Left,
    exp.Right,
    exp.Substring,
    exp.Concat,
    exp.Replace,
    exp.DPipe,
    exp.JSONExtractScalar,
    exp.JSONValue,
    exp.ArrayToString,
)


_CONDITIONS = (exp.Predicate, exp.Not, exp.And, exp.Or, exp.Xor, exp.Boolean, exp.StartsWith, exp.EndsWith)


def _held(tree: exp.Expr, part: MappedPart, columns: Mapping[str, Mapping[str, str]], dialect: str) -> Holds:
    """What an expression of a source's columns holds, where all that it may give holds the same."""
    operands: list[exp.Expr]
    if isinstance(tree, exp.Column):
        return _column_holds(tree, part, columns, dialect)
    if isinstance(tree, _TEXTS):
        return "text"
    if isinstance(tree, exp.Literal):
        return "text" if tree.is_string else "number"
    if isinstance(tree, exp.Cast) and tree.to.this in exp.DataType.TEXT_TYPES:
        return "text"
    if isinstance(tree, _CONDITIONS) or (isinstance(tree, exp.Cast) and tree.to.this == _BOOLEAN):
        return "boolean"
    if isinstance(tree, (exp.Paren, exp.Nullif)):
        operands = [tree.this]
    elif isinstance(tree, exp.Coalesce):
        operands = [tree.this, *tree.expressions]
    elif isinstance(tree, exp.If):
        operands = [one for one in (tree.args["true"], tree.args.get("false")) if one is not None]
    elif isinstance(tree, exp.Case):
        operands = [item.args["true"] for item in tree.args["ifs"]]
        operands += [tree.args["default"]] if tree.args.get("default") is not None else []
    else:
        return ""
    kinds = {_held(item, part, columns, dialect) for item in operands if not isinstance(item, exp.Null)}
    return kinds.pop() if len(kinds) == 1 else ""


def _column_holds(
    column: exp.Column, part: MappedPart, columns: Mapping[str, Mapping[str, str]], dialect: str
) -> Holds:
    kind = _column_type(column, part, columns)
    return held(kind, dialect_named(dialect)) if kind else ""


def _column_type(column: exp.Column, part: MappedPart, columns: Mapping[str, Mapping[str, str]]) -> str:
    """The type of a column that a mapping names; empty where it is not known."""
    join = next((j for j in part.joins if j.name == column.table), None)
    if join is not None and join.fields:
        return ""  # an aggregate
    types = columns.get(_table_name(join.table if join is not None else part.table), {})
    return types.get(column.name) or next((t for c, t in types.items() if c.lower() == column.name.lower()), "")


def _yes_by_form(tree: exp.Expr) -> bool:
    """Whether an expression can only be true, false or null."""
    if isinstance(tree, exp.Paren):
        return _yes_by_form(tree.this)
    if isinstance(tree, exp.Coalesce):
        return all(_yes_by_form(item) for item in (tree.this, *tree.expressions))
    if isinstance(tree, exp.Case):
        results = [item.args["true"] for item in tree.args["ifs"]]
        return all(_yes_by_form(r) for r in (*results, tree.args.get("default")) if r is not None)
    if isinstance(tree, exp.Cast):
        return bool(tree.to.this == _BOOLEAN)
    return isinstance(tree, (*_CONDITIONS, exp.Null))


def given_by(parts: Iterable[MappedPart]) -> dict[str, MappedField]:
    """The fields that at least one of the tables gives; days and times together are times, and what is null
    in one of them is what another has."""
    fields: dict[str, MappedField] = {}
    for part in parts:
        for name, field in part.fields.items():
            known = fields.get(name, field)
            if name not in fields or known.type == "date" != field.type or isinstance(known.sql, exp.Null):
                fields[name] = field
    return fields


def tables_of(part: MappedPart) -> list[str]:
    """The tables that a part is read from."""
    return [_table_name(part.table), *(_table_name(join.table) for join in part.joins)]


def _table_name(table: exp.Table) -> str:
    return ".".join(part.name for part in table.parts)


def _entity(
    name: str,
    key: str | None,
    spec: Mapping[str, Any],
    path: Place,
    document: Document,
    dialect: str,
    theirs: Theirs,
) -> MappedEntity | None:
    if spec.get("rows"):
        fields = {c: MappedField(c, exp.Null(), None, {}, None) for row in spec["rows"] for c in row}
        return MappedEntity(name, (), fields, tuple(spec["rows"]), document.span(path))
    parts_written = [(spec, path)]
    if spec.get("union"):
        parts_written = [(part, (*path, "union", i)) for i, part in enumerate(spec["union"])]
    if not all(part.get("table") for part, _ in parts_written):
        document.tell(
            "missing-key",
            f"`{name}` is mapped to no table",
            path,
            "add `table:`, `union:` or `rows:`",
            key=True,
        )
        return None
    parts = [_part(name, key, part, at, document, dialect, theirs) for part, at in parts_written]
    return MappedEntity(name, tuple(parts), given_by(parts), (), document.span(path), str(spec.get("link") or ""))


def _part(
    name: str,
    key: str | None,
    spec: Mapping[str, Any],
    path: Place,
    document: Document,
    dialect: str,
    theirs: Theirs,
) -> MappedPart:
    def read(
        text: Any, at: Place, aggregates: bool = False, takes: frozenset[Kind] = ANY, each: bool = False
    ) -> exp.Expr | None:
        def told(at: Place, message: str) -> None:
            of_database = _IN_A_VIEW if message.endswith(_NOT_HERE) else None
            help = None if "aggregate" in message else _as_a_name(str(text)) or of_database
            document.tell("bad-expression", message, at, help)

        tree = expression(text, at, told, dialect, aggregates, lists=True)
        if tree is None:
            return None
        if not each and each_parts(tree):
            told(at, "`each_part` stands on the left in `on` of a table that has `fields`, and nowhere else")
            return None
        try:
            expect(tree, takes, unknown, str(at[-1]))
        except Mistyped as wrong:
            document.tell("bad-expression", wrong.message, at, wrong.help)
            return None
        tree.meta[OWN] = dialect
        tree.meta[WRITTEN] = document.span(at)
        return _quoted(tree)

    joins: list[MappedJoin] = []
    for join_name, join in (spec.get("joins") or {}).items():
        join_made = _join(join_name, join, (*path, "joins", join_name), document, read, tuple(joins))
        if join_made is not None:
            joins.append(replace(join_made, lenient=theirs((*path, "joins", join_name))))
    mapped: dict[str, MappedField] = {}
    fields = {n: v for n, v in (spec.get("fields") or {}).items() if v is not None}
    if spec.get("key") is not None and key is not None:
        fields.setdefault(key, spec["key"])
    for field_name, value in fields.items():
        at: Place = (*path, "key") if value is spec.get("key") and field_name == key else (*path, "fields", field_name)
        field = _field(field_name, value, at, document, read, tuple(joins))
        if field is not None:
            mapped[field_name] = replace(field, lenient=theirs(at))
    where = read(spec.get("where"), (*path, "where"), takes=CONDITION)
    latest = None
    if spec.get("latest"):
        at = (*path, "latest")
        by = spec["latest"]["by"]
        keys = [read(text, (*at, "by")) for text in ([by] if isinstance(by, str) else by)]
        order = _order(spec["latest"]["order"], (*at, "order"), read)
        latest = (tuple(k for k in keys if k is not None), order)
    return MappedPart(
        _table(spec["table"], (*path, "table"), document),
        owned(where, tuple(joins)) if where is not None else None,
        mapped,
        tuple(joins),
        latest,
        lenient=theirs((*path, "where")) and theirs((*path, "latest")),
    )


_NOT_HERE = ("may not be used here", "may not be used in an expression")
_IN_A_VIEW = "what only this database can say goes into a view of it, which the mapping names as `table`"


_ODD_NAME = lazy_pattern(r"[^\W\d]\w*+(?> ?[-#&/?$€.:]? ?\(?[\w%$€]+\.?\)?)*+[?!.:]?")
_ODD = lazy_pattern(r"[^\w.]")


_WORD = lazy_pattern(r"[^\W\d]\w*")  # which is a word of SQL, where it is no expression
_SIGNS = lazy_pattern(r"[#%$€&@?!№°§]+")


def _as_a_name(text: str) -> str | None:
    """How to write the name of a column that is read as an expression, since it is a word of SQL or has blanks or
    signs."""
    name = text.strip()
    if _WORD.fullmatch(name):
        return f"the name of a column that is a word of SQL stands in quotes: write `'\"{name[:60]}\"'`"
    if not _SIGNS.fullmatch(name) and (not _ODD.search(name) or not _ODD_NAME.fullmatch(name)):
        return None
    return f"a name with blanks or signs stands in quotes: write `'\"{name[:60]}\"'`"


def _field(
    name: str, value: Any, at: Place, document: Document, read: Read, joins: tuple[MappedJoin, ...]
) -> MappedField | None:
    text, kind = value, None
    label: dict[str, str] = {}
    order: tuple[str, ...] = ()
    if isinstance(value, dict):
        order = tuple(value.get("order") or ())
        text, kind = value.get("sql"), value.get("type")
        label_written = value.get("label")
        label = {"en": label_written} if isinstance(label_written, str) else dict(label_written or {})
        at = (*at, "sql")
    tree = read(text, at)
    if tree is None:
        return None
    if kind is None and isinstance(tree, exp.Cast) and tree.to.this == exp.DataType.Type.DATE:
        kind = "date"
    written = "" if isinstance(tree, exp.Column) else str(text).strip()
    return MappedField(name, owned(tree, joins), kind, label, document.span(at), order=order, written=written)


def _join(
    name: str,
    spec: Mapping[str, Any],
    path: Place,
    document: Document,
    read: Read,
    before: tuple[MappedJoin, ...],
) -> MappedJoin | None:
    ways = [way for way in ("fields", "first", "unique") if spec.get(way)]
    if len(ways) != 1:
        document.tell(
            "bad-join",
            f"the table `{name}` could have several rows for each row here",
            path,
            "add `fields:` (aggregates), `first:` (an order), or `unique: true`",
            key=True,
        )
        return None
    on = []
    for theirs, ours in spec["on"].items():
        at = (*path, "on", theirs)
        pair = read(theirs, at, each=bool(spec.get("fields"))), read(ours, at)
        if pair[0] is not None and pair[1] is not None:
            # Anything beside the table itself needs its own columns told apart.
            on.append((pair[0], owned(pair[1], (_NOTHING,))))
    fields = {
        field: tree
        for field, text in (spec.get("fields") or {}).items()
        if (tree := read(text, (*path, "fields", field), True)) is not None
    }
    first = _order(spec["first"], (*path, "first"), read) if spec.get("first") else ()
    where = read(spec.get("where"), (*path, "where"), takes=CONDITION)
    beside = _table(spec["table"], (*path, "table"), document)
    return MappedJoin(name, beside, where, tuple(on), fields, first)


_NOTHING = MappedJoin("", exp.Table(), None, (), {}, ())


def _order(given: Any, path: Place, read: Read) -> tuple[exp.Ordered, ...]:
    """Expressions in an order, largest first where one begins with `-`."""
    order = []
    for text in [given] if isinstance(given, str) else given:
        tree = read(str(text).removeprefix("-"), path)
        if tree is not None:
            descending = str(text).startswith("-")
            order.append(exp.Ordered(this=tree, desc=descending, nulls_first=False))
    return tuple(order)


def _table(name: Any, at: Place, document: Document) -> exp.Table:
    """A table by its one, two or three names; anything else is told."""
    try:
        parts = table_name(str(name))
    except Refused as refused:
        document.tell(
            "bad-table",
            str(refused),
            at,
            'write `table`, `schema.table` or `catalog.schema.table`; quote a name with odd signs: `"my table"`',
        )
        return exp.Table(this=exp.to_identifier("refused", quoted=True))
    for part in parts:
        _quote(part)
    return exp.Table(**dict(zip(("this", "db", "catalog"), reversed(parts), strict=False)))


def _quoted(tree: exp.Expr) -> exp.Expr:
    for name in tree.find_all(exp.Identifier):
        _quote(name)
    return tree


def _quote(identifier: exp.Expr) -> None:
    """Names are quoted as they are written. Some databases fold those that had no quotes."""
    if not identifier.args.get("quoted"):
        identifier.meta[BARE] = True
        identifier.set("quoted", True)
