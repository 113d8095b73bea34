"""What is taken over of a foreign model as files of a project, none of which its own checks refuse."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

import yaml

from reportspec.catalogue.load import packaged
from reportspec.check.mapping import load_mapping
from reportspec.check.own_catalogue import Own, check_names, extended
from reportspec.diagnostics import Diagnostic
from reportspec.exchange.foreign import Kept, Model, Table
from reportspec.exchange.fragments import ANSI
from reportspec.resolve.binding import Binding
from reportspec.resolve.document import Document

_MOST = 400  # metrics in a file


def files_of(model: Model, mapping: str) -> dict[str, str]:
    """The texts of the files by name; none, where nothing is left. What the checks of a project refuse is left out, and
    told with their words."""
    while model.tables:
        files = _files(model, mapping)
        refused = _refused(model, files, mapping)
        if not refused:
            return {name: _head(model, name) + _yaml(data) for name, data in files.items()}
        for what, why in refused.items():
            _leave(model, what, why)
    return {}


What = tuple[str, ...]  # a metric's id; an entity; an entity's name and a field's


def _files(model: Model, mapping: str) -> dict[str, Any]:
    """The data of the files by name."""
    files: dict[str, Any] = {mapping: _mapping(model)}
    for table in model.tables.values():
        if not table.canonical:
            files[f"entities/{table.entity}.yaml"] = _entity(table)
    entries = [made.entry for made in model.metrics.values()]
    for number, at in enumerate(range(0, len(entries), _MOST)):
        name = model.tool if number == 0 else f"{model.tool}_{number + 1}"
        files[f"metrics/{name}.yaml"] = {"metrics": entries[at : at + _MOST]}
    return files


def _mapping(model: Model) -> dict[str, Any]:
    entities: dict[str, Any] = {}
    for table in model.tables.values():
        spec: dict[str, Any] = {"table": table.table}
        if table.where:
            spec["where"] = table.where
        if table.key:
            spec["key"] = table.fields[table.key].sql
        fields = {field.name: field.sql for field in table.fields.values() if field.name != table.key}
        if table.canonical:
            known = packaged().entities[table.entity].fields
            fields = {name: _mapped(table.fields[name], name in known) for name in fields}
        if fields:
            spec["fields"] = fields
        entities[table.entity] = spec
    return {"dialect": "duckdb" if model.dialect == ANSI else model.dialect, "entities": entities}


def _mapped(field: Kept, known: bool) -> Any:
    """A field of a mapping of one of the catalogue's entities, with what is not known of it otherwise."""
    if known:
        return field.sql
    more = {"type": field.type or "text"} | ({"label": field.label} if field.label else {})
    return {"sql": field.sql} | more


def _entity(table: Table) -> dict[str, Any]:
    called = table.label or table.name.replace("_", " ").capitalize()
    spec: dict[str, Any] = {"entity": table.entity, "label": called, "plural": called}
    if table.description:
        spec["description"] = table.description
    if table.key:
        spec["key"] = table.key
    spec["fields"] = {name: _field(field) for name, field in table.fields.items()}
    if table.relations:
        spec["relations"] = {name: {"to": to, "by": by} for name, (to, by) in table.relations.items()}
    return _as_exported(spec, table.data) if table.data else spec


def _as_exported(spec: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """The file of an entity as it was before it was exported, with what came to it since."""
    merged = {**spec, **data}
    for key in ("fields", "relations"):
        if isinstance(data.get(key), dict) and key in spec:
            merged[key] = {**data[key], **{name: value for name, value in spec[key].items() if name not in data[key]}}
    return merged


def _field(field: Kept) -> dict[str, Any]:
    spec: dict[str, Any] = {"type": field.type or "text"}
    if field.label:
        spec["label"] = field.label
    if field.description:
        spec["description"] = field.description
    return spec


def _yaml(data: Any) -> str:
    flow = False if "metrics" in data else None  # None: what has no parts that have parts is on one line
    text: str = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=100_000, default_flow_style=flow)
    return text


def _head(model: Model, name: str) -> str:
    """The comment that a file begins with; the one with the metrics says what was not taken over."""
    lines = [f"# Taken over from {Path(model.foreign.file).name} by `reportspec import {model.tool}`."]
    if not name.startswith("entities/") and model.titles:
        lines += [f"# {' '.join(title.split())}" for title in model.titles]
    if name == f"metrics/{model.tool}.yaml":
        told = [one.message for one in model.foreign.told if one.code in ("not-taken-over", "taken-otherwise")]
        lines += [f"# - {' '.join(message.split())}" for message in told]
    return "\n".join(lines) + "\n"


def _refused(model: Model, files: Mapping[str, Any], mapping: str) -> dict[What, str]:
    """What the checks of a project refuse, each with why."""
    refused: dict[What, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, data in files.items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(_yaml(data), encoding="utf-8")
        own = Own(root, lambda file: file.relative_to(root).as_posix())
        catalogue = extended(packaged(), own)
        project = Document("", "", None, {})
        source, extra, document = load_mapping(catalogue, "", root / mapping, project, "duckdb")
        documents = [*own.all(), *([document] if document is not None else [])]
        if source is not None and not any(each.broken for each in documents):
            check_names(Binding(catalogue, source, UTC, UTC, None, extra), own)
        for each in documents:
            for problem in each.problems:
                if problem.severity == "error":
                    refused.setdefault(_what(each, problem), problem.message)
    return refused


def _what(document: Document, problem: Diagnostic) -> What:
    """What of the model a mistake of one of its files is about: the least thing that can be left out."""
    data = document.data
    if isinstance(data, dict) and "metrics" in data:
        for index, entry in enumerate(data["metrics"]):
            if _covers(document, problem, ("metrics", index)):
                return (str(entry["metric"]),)
    elif isinstance(data, dict) and "entities" in data:
        for entity, spec in data["entities"].items():
            for name in (spec or {}).get("fields") or {}:
                if _covers(document, problem, ("entities", entity, "fields", name)):
                    return (entity, name)
            if _covers(document, problem, ("entities", entity)):
                return (entity, "")
    elif isinstance(data, dict) and "entity" in data:
        for part in ("fields", "relations"):
            for name in data.get(part) or {}:
                if _covers(document, problem, (part, name)):
                    return (str(data["entity"]), name)
        return (str(data["entity"]), "")
    raise AssertionError(f"what is taken over is refused as a whole: {problem.message}")


def _covers(document: Document, problem: Diagnostic, place: tuple[str | int, ...]) -> bool:
    around, span = (document.span(place, key=True), document.span(place)), problem.span
    first, last = around
    if span is None or first is None or last is None:
        return False
    begin, end = min((first.line, first.column), (last.line, last.column)), (last.end_line, last.end_column)
    return begin <= (span.line, span.column) <= end


def _leave(model: Model, what: What, why: str) -> None:
    """Leave out what is refused, and what cannot be without it."""
    leave = model.foreign.leave
    if len(what) == 1:
        made = model.metrics.pop(what[0])
        leave(f"metric `{what[0]}`", why, made.place)
        return
    table = next(each for each in model.tables.values() if each.entity == what[0])
    entity, name = what
    if table.data:  # which anybody may have changed
        table.data = {}
        model.foreign.note(
            f"dataset `{table.name}`", f"what our own extension says of it cannot be used: {why}", table.place
        )
    elif name in table.relations:
        del table.relations[name]
        leave(f"where `{entity}.{name}` leads", why, table.place)
    elif name in table.fields and len(table.fields) > 1:
        field = table.fields.pop(name)
        leave(f"field `{entity}.{name}`", why, field.place or table.place)
        for relation in [each for each, (_, by) in table.relations.items() if by == name]:
            del table.relations[relation]
        table.key = "" if table.key == name else table.key
    else:
        del model.tables[table.name]
        leave(f"`{table.name}`", why, table.place)
        for other in model.tables.values():
            for relation in [each for each, (to, _) in other.relations.items() if to == entity]:
                del other.relations[relation]


def lines_taken(model: Model) -> Iterator[str]:
    """What was taken over, a line each for people."""
    for table in model.tables.values():
        parts = [f"{len(table.fields)} fields"] + ([f"key {table.key}"] if table.key else [])
        parts += [f"to {to} by {by}" for to, by in table.relations.values()]
        yield f"{table.entity} ({table.table}): {', '.join(parts)}"
    if model.metrics:
        yield f"metrics: {', '.join(model.metrics)}"
