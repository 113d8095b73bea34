"""The reference of the language: every key of every kind of file, as the JSON Schemas have it, in Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from reportspec.lazy_dataclass import dataclass
from reportspec.schema_files import NAMES, bundled_schema

_HEAD = """# All keys

Every key of the files that one writes, with what it means, what it may be, and what it is where it is left out; made
by `reportspec schema --markdown` from the JSON Schemas. The [spec language](language.md) has the same in order, with
examples.
"""
_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` or `false`",
    "null": "nothing",
    "object": "map",
    "array": "list",
}
_Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Map:
    """A map of keys: where it stands in its file (`deliver.smtp`), and its schema."""

    path: str
    schema: _Schema


def keys_page() -> str:
    """The page, in Markdown."""
    lines, told = [_HEAD], dict[str, str]()
    for name in NAMES:
        schema = bundled_schema(name)
        lines += [f"## {schema['title']}", "", schema["description"], ""]
        for one in _maps(_Map("", schema), schema.get("$defs", {}), schema["title"], told):
            lines += one
    return "\n".join(lines).rstrip() + "\n"


def _maps(one: _Map, definitions: _Schema, file: str, told: dict[str, str]) -> Iterator[list[str]]:
    """The lines of a map with keys and of those within it; one that stands elsewhere already (`told`) is named."""
    shape = json.dumps(one.schema["properties"], sort_keys=True)
    head = [f"### `{one.path}`", "", one.schema.get("description", ""), ""] if one.path else []
    if shape in told:
        yield [*head, f"It has the keys of {told[shape]}.", ""]
        return
    told[shape] = f"`{one.path}` in {file}" if one.path else file
    yield [*head, *_table(one, definitions)]
    for key, value in one.schema["properties"].items():
        for inner in _inner(f"{one.path}.{key}" if one.path else key, value, definitions):
            yield from _maps(inner, definitions, file, told)


def _inner(path: str, schema: _Schema, definitions: _Schema) -> Iterator[_Map]:
    """The maps with keys that a value may be, or its items, or the values of its own names."""
    schema = _followed(schema, definitions)
    if schema.get("properties") and not _is_texts(schema):
        yield _Map(path, schema)
    for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _inner(path, each, definitions)
    if isinstance(schema.get("items"), dict):
        yield from _inner(f"{path}[]", schema["items"], definitions)
    if isinstance(schema.get("additionalProperties"), dict) and not _is_texts(schema):
        yield from _inner(f"{path}.NAME", schema["additionalProperties"], definitions)


def _table(one: _Map, definitions: _Schema) -> list[str]:
    """A map's keys, a row each."""
    required = one.schema.get("required", ())
    lines = ["| key | what it means | what it may be | default |", "|---|---|---|---|"]
    for key, value in one.schema["properties"].items():
        followed = _followed(value, definitions)
        default = "needed" if key in required else f"`{_written(value['default'])}`" if "default" in value else ""
        meaning = value.get("description") or followed.get("description", "")
        lines.append(f"| `{key}` | {_cell(meaning)} | {_cell(_values(followed, definitions))} | {_cell(default)} |")
    return [*lines, ""]


def _values(schema: _Schema, definitions: _Schema) -> str:
    """What a value may be, in words."""
    schema = _followed(schema, definitions)
    if "const" in schema:
        return f"`{_written(schema['const'])}`"
    if "enum" in schema:
        return " · ".join(dict.fromkeys(f"`{_written(value)}`" for value in schema["enum"]))
    if _is_texts(schema):
        return "text, or one for each language"
    choices = (*schema.get("anyOf", ()), *schema.get("oneOf", ()))
    if choices and "type" not in schema:
        return ", or ".join(dict.fromkeys(_values(each, definitions) for each in choices))
    types = schema.get("type", ())
    return ", or ".join(_value(each, schema, definitions) for each in ([types] if isinstance(types, str) else types))


def _value(kind: str, schema: _Schema, definitions: _Schema) -> str:
    """What a value of one type may be, in words."""
    if kind == "array" and isinstance(schema.get("items"), dict):
        items = _values(schema["items"], definitions)
        return f"list of {items}" if items and "," not in items and "·" not in items else f"list ({items})"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict) and not schema.get("properties"):
        return f"map of names to {_values(schema['additionalProperties'], definitions)}"
    bounds = _bounds(schema) if kind in ("integer", "number") else ""
    return _WORDS[kind] + (f" {bounds}" if bounds else "")


def _bounds(schema: _Schema) -> str:
    """The bounds of a number, where they say more than what any program can hold."""
    low, high = (value if value is not None and abs(value) < 1e15 else None for value in _ends(schema))
    if low is not None and high is not None:
        return f"from {_written(low)} to {_written(high)}"
    if low is not None:
        return f"of at least {_written(low)}" if "minimum" in schema else f"above {_written(low)}"
    return f"of at most {_written(high)}" if high is not None else ""


def _ends(schema: _Schema) -> tuple[float | None, float | None]:
    return schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum", schema.get("exclusiveMaximum"))


def _is_texts(schema: _Schema) -> bool:
    """Whether a value is a text that may be given by language."""
    return (
        "string" in schema.get("type", ()) and "object" in schema.get("type", ()) and "en" in schema.get("required", ())
    )


def _followed(schema: _Schema, definitions: _Schema) -> _Schema:
    """A schema, or what it refers to with what it says besides."""
    while "$ref" in schema:
        said = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**definitions[schema["$ref"].removeprefix("#/$defs/")], **said}
    return schema


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cell(text: str) -> str:
    """Text of a table's cell: on one line, and with no sign that ends it."""
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()
