"""Mappings: a shipped one, one's own, or one's own on top of a shipped one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from sqlglot import exp

from reportspec.catalogue.load import expression
from reportspec.check.document import Document, Place, open_document
from reportspec.diagnostics import suggestion
from reportspec.expression import CANONICAL
from reportspec.model import Catalogue, Field, MappedEntity, MappedField, SourceMap
from reportspec.source import plain, read_yaml

Extra = dict[str, dict[str, Field]]
_TYPES = {"time": "time", "date": "date"}


def shipped() -> tuple[str, ...]:
    """The names of the mappings that come with the package."""
    folder = files("reportspec.catalogue").joinpath("crms")
    return tuple(
        sorted(
            item.name.removesuffix(".yaml")
            for item in folder.iterdir()
            if item.name.endswith(".yaml")
        )
    )


@lru_cache(maxsize=8)
def _shipped_data(name: str) -> Any:
    item = files("reportspec.catalogue").joinpath("crms", f"{name}.yaml")
    node, problems = read_yaml(item.read_bytes(), item.name)
    assert node is not None
    assert not problems, problems
    return plain(node)


def demo_map(catalogue: Catalogue) -> SourceMap:
    """The demo's tables have the canonical names."""
    from reportspec.demo.columns import COLUMNS

    entities = {}
    for name, columns in COLUMNS.items():
        fields = {
            c: MappedField(c, exp.column(exp.to_identifier(c, quoted=True)), None, {}, None)
            for c, _ in columns
        }
        where = exp.Table(
            this=exp.to_identifier(name, quoted=True), db=exp.to_identifier("demo", quoted=True)
        )
        entities[name] = MappedEntity(name, where, None, fields)
    return SourceMap("demo", "duckdb", "UTC", entities)


def load_mapping(
    catalogue: Catalogue, crm: str, path: Path | None, project: Document
) -> tuple[SourceMap | None, Extra, Document | None]:
    """The source map, the fields that it adds, and the mapping's file if it is one's own."""
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
            project.tell("unknown-crm", f"no mapping named `{crm}` is shipped", ("crm",),
                         suggestion(crm, shipped()) or f"there are {', '.join(shipped())}")  # fmt: skip
            return None, extra, None
        quiet = Document(f"{crm}.yaml", "", None, _shipped_data(crm))
        return _built(catalogue, crm, quiet.data, quiet, extra), extra, None
    document = open_document(path, "mapping", _shown(path))
    if document.broken:
        return None, extra, document
    data = document.data
    base = data.get("extends")
    if base is not None:
        if base not in shipped():
            document.tell("unknown-crm", f"no mapping named `{base}` is shipped", ("extends",),
                          suggestion(str(base), shipped()) or f"there are {', '.join(shipped())}")  # fmt: skip
            return None, extra, document
        data = _merged(_shipped_data(base), data)
    built = _built(catalogue, path.name, data, document, extra)
    return (None if document.broken else built), extra, document


def _shown(path: Path) -> str:
    from reportspec.check.project import _shown as shown

    return shown(path)


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """One's own mapping over the one that it extends: keys and fields of its own win."""
    result = {**base, **{k: v for k, v in own.items() if k != "entities"}}
    entities = {name: dict(spec) for name, spec in base.get("entities", {}).items()}
    for name, spec in (own.get("entities") or {}).items():
        before = entities.get(name, {})
        after = {**before, **spec}
        after["fields"] = {**(before.get("fields") or {}), **(spec.get("fields") or {})}
        if "rows" in spec:
            after.pop("table", None)
        elif "table" in spec:
            after.pop("rows", None)
        entities[name] = after
    result["entities"] = entities
    return result


def _built(
    catalogue: Catalogue, name: str, data: Mapping[str, Any], document: Document, extra: Extra
) -> SourceMap:
    dialect = data.get("dialect", "duckdb")
    read = CANONICAL if dialect == "duckdb" else dialect
    entities = {}
    for entity, spec in (data.get("entities") or {}).items():
        path: Place = ("entities", entity)
        known = catalogue.entities.get(entity)
        if known is None or known.derived is not None:
            names = [n for n, e in catalogue.entities.items() if e.derived is None]
            document.tell("unknown-entity", f"there is no entity `{entity}` to map", path,
                          suggestion(entity, names) or f"there are {', '.join(names)}", key=True)  # fmt: skip
            continue
        mapped = _entity(known.name, known.key, spec or {}, path, document, read)
        if mapped is None:
            continue
        entities[entity] = mapped
        for field_name, field_map in mapped.fields.items():
            if field_name not in known.fields:
                label = field_map.label or {"en": field_name.replace("_", " ").capitalize()}
                extra.setdefault(entity, {})[field_name] = Field(
                    entity,
                    field_name,
                    field_map.type or "text",  # type: ignore[arg-type]
                    label,
                )
    return SourceMap(
        name,
        dialect,
        data.get("timezone"),
        entities,
        data.get("csv_columns", "typed"),
        document.file,
    )


def _entity(
    name: str,
    key: str | None,
    spec: Mapping[str, Any],
    path: Place,
    document: Document,
    dialect: str,
) -> MappedEntity | None:
    def told(at: Place, message: str) -> None:
        document.tell("bad-expression", message, at)

    if spec.get("rows"):
        fields = {
            c: MappedField(c, exp.Null(), None, {}, None) for row in spec["rows"] for c in row
        }
        return MappedEntity(name, None, None, fields, tuple(spec["rows"]), document.span(path))
    if not spec.get("table"):
        document.tell(
            "missing-key",
            f"`{name}` is mapped to no table",
            path,
            "add `table:` or `rows:`",
            key=True,
        )
        return None
    mapped: dict[str, MappedField] = {}
    given = dict(spec.get("fields") or {})
    if spec.get("key") is not None and key is not None:
        given.setdefault(key, spec["key"])
    for field_name, value in given.items():
        at = (
            (*path, "key")
            if value is spec.get("key") and field_name == key
            else (*path, "fields", field_name)
        )
        text, kind = value, None
        label: dict[str, str] = {}
        if isinstance(value, dict):
            text, kind = value.get("sql"), value.get("type")
            label = (
                {"en": value["label"]}
                if isinstance(value.get("label"), str)
                else dict(value.get("label") or {})
            )
            at = (*at, "sql")
        tree = expression(text, at, told, dialect)
        if tree is None:
            continue
        if kind is None and isinstance(tree, exp.Cast) and tree.to.this == exp.DataType.Type.DATE:
            kind = "date"
        mapped[field_name] = MappedField(field_name, _quoted(tree), kind, label, document.span(at))
    where = expression(spec.get("where"), (*path, "where"), told, dialect)
    table = exp.to_table(str(spec["table"]))
    for part in table.parts:
        part.set("quoted", True)
    return MappedEntity(
        name, table, _quoted(where) if where is not None else None, mapped, (), document.span(path)
    )


def _quoted(tree: exp.Expr) -> exp.Expr:
    for identifier in tree.find_all(exp.Identifier):
        identifier.set("quoted", True)
    return tree
