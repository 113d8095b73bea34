"""The JSON Schemas of the language: a file for each kind of document, and one of what they have in common, to which
the others refer. Bundled, a schema stands alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from reportspec.files import packaged

NAMES = ("report", "project", "mapping", "metrics", "entity", "report_type", "audits")
MARK = "x-names"  # what a text names, for schemas of a project: no schema that is printed has it
_COMMON = "common"
_TO_COMMON = f'"{_COMMON}.schema.json#/'
_DEFINITION = re.compile(r"#/\$defs/(\w+)")


def schema_text(name: str) -> str:
    """The JSON Schema of that name as a file that needs no other one."""
    return json.dumps(bundled_schema(name), ensure_ascii=False, indent=2) + "\n"


def bundled_schema(name: str, *, marked: bool = False) -> dict[str, Any]:
    """The JSON Schema of that name with the common definitions that it needs, in their order; with the marks of what
    texts name only if it is to be `marked`."""
    schema = whole_schema(name) if marked else _unmarked(whole_schema(name))
    definitions = schema.pop("$defs", {})
    needed: set[str] = set()
    todo = set(_referred(schema))
    while todo:
        needed |= todo
        todo = {other for key in todo for other in _referred(definitions[key])} - needed
    examples = schema.pop("examples")  # they stand last
    kept = {key: definition for key, definition in definitions.items() if key in needed}
    return {**schema, **({"$defs": kept} if kept else {}), "examples": examples}


def whole_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of that name with all common definitions, if it refers to any: the same, sooner made."""
    text = _file(name)
    schema: dict[str, Any] = json.loads(text.replace(_TO_COMMON, '"#/'))
    if _TO_COMMON in text:
        schema["$defs"] = {**schema.get("$defs", {}), **_common_definitions()}
    return schema


@cache
def _common_definitions() -> dict[str, Any]:
    return dict(json.loads(_file(_COMMON))["$defs"])


def _unmarked(node: Any) -> Any:
    if isinstance(node, list):
        return [_unmarked(item) for item in node]
    return {key: _unmarked(value) for key, value in node.items() if key != MARK} if isinstance(node, dict) else node


def _referred(node: Any) -> Iterator[str]:
    """The definitions that a schema refers to."""
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if isinstance(node, dict) and isinstance(node.get("$ref"), str):
        yield from _DEFINITION.findall(node["$ref"])
    for child in children:
        yield from _referred(child)


def _file(name: str) -> str:
    """The text of a schema's file, from the package or, in a checkout, from `schemas/`."""
    file = f"{name}.schema.json"
    in_package = packaged("schemas", file)
    if in_package.is_file():
        return in_package.read_text("utf-8")
    return (Path(__file__).parent.parent / "schemas" / file).read_text("utf-8")
