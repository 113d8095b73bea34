"""Whether a value is what a JSON Schema asks for, and no more than that.

Nearly every file is, and the library that tells what is wrong with one takes longer to import than all else that a
check does with it. So it is asked only of files that do not fit, or of which that is not sure: a keyword is not known
here, or values are equal in Python that may not be so in JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

Schema = Mapping[str, Any] | bool
_ANNOTATIONS = frozenset(
    ("$comment", "$defs", "$id", "$schema", "default", "description", "examples", "title", "x-names")
)


class _Unsure(Exception):
    """It takes the library to say whether a value fits."""


def surely_fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether plain data (`dict`, `list`, text, numbers, booleans, None) surely are as a whole schema has them."""
    try:
        return _fits(value, schema, schema)
    except _Unsure:
        return False


def _fits(value: Any, schema: Schema, root: Mapping[str, Any]) -> bool:
    """Whether a value is as a part of the schema `root` has it. Raises _Unsure."""
    if isinstance(schema, bool):
        return schema
    for keyword, wanted in schema.items():
        if keyword in _ANNOTATIONS:
            continue
        if keyword not in _KEYWORDS:
            raise _Unsure
        if not _KEYWORDS[keyword](value, wanted, schema, root):
            return False
    return True


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _number(value) and (isinstance(value, int) or value.is_integer()),
    "null": lambda value: value is None,
    "number": _number,
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}


def _type(value: Any, wanted: str | list[str], schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    if isinstance(wanted, str):
        return _TYPES[wanted](value)
    return any(_TYPES[name](value) for name in wanted)


def _same(value: Any, wanted: Any) -> bool:
    """Whether two values that are no lists or maps are the same; true is not 1."""
    return isinstance(value, bool) is isinstance(wanted, bool) and bool(value == wanted)


def _additional(value: Any, wanted: Schema, schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    known = schema.get("properties", {})
    return all(_fits(v, wanted, root) for k, v in value.items() if k not in known)


def _unique(value: list[Any], wanted: bool, schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    """Whether no two are equal."""
    if not wanted or not any(item in value[:at] for at, item in enumerate(value)):
        return True
    if all(isinstance(item, str) for item in value):
        return False
    raise _Unsure  # to Python 1 is true, which it is not in JSON


def _if(value: Any, wanted: Schema, schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    branch = schema.get("then" if _fits(value, wanted, root) else "else", True)
    return _fits(value, branch, root)


def _reference(value: Any, wanted: str, schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    name = wanted.removeprefix("#/$defs/")
    if name not in root["$defs"]:
        raise _Unsure
    return _fits(value, root["$defs"][name], root)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def _of(kind: type | tuple[type, ...], holds: Callable[..., bool]) -> Callable[..., bool]:
    """What is asked only of values of a type."""

    def asked(value: Any, wanted: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
        if not isinstance(value, kind) or isinstance(value, bool):
            return True
        return holds(value, wanted, schema, root)

    return asked


_KEYWORDS: Mapping[str, Callable[..., bool]] = {
    "$ref": _reference,
    "additionalProperties": _of(dict, _additional),
    "allOf": lambda v, w, s, root: all(_fits(v, schema, root) for schema in w),
    "anyOf": lambda v, w, s, root: any(_fits(v, schema, root) for schema in w),
    "const": lambda v, w, s, root: _same(v, w),
    "dependentSchemas": _of(
        dict, lambda v, w, s, root: all(_fits(v, schema, root) for k, schema in w.items() if k in v)
    ),
    "else": lambda v, w, s, root: True,
    "enum": lambda v, w, s, root: any(_same(v, one) for one in w),
    "exclusiveMaximum": _of((int, float), lambda v, w, s, root: v < w),
    "exclusiveMinimum": _of((int, float), lambda v, w, s, root: v > w),
    "if": _if,
    "items": _of(list, lambda v, w, s, root: all(_fits(item, w, root) for item in v)),
    "maxItems": _of(list, lambda v, w, s, root: len(v) <= w),
    "maxLength": _of(str, lambda v, w, s, root: len(v) <= w),
    "maxProperties": _of(dict, lambda v, w, s, root: len(v) <= w),
    "maximum": _of((int, float), lambda v, w, s, root: v <= w),
    "minItems": _of(list, lambda v, w, s, root: len(v) >= w),
    "minLength": _of(str, lambda v, w, s, root: len(v) >= w),
    "minProperties": _of(dict, lambda v, w, s, root: len(v) >= w),
    "minimum": _of((int, float), lambda v, w, s, root: v >= w),
    "not": lambda v, w, s, root: not _fits(v, w, root),
    "oneOf": lambda v, w, s, root: sum(_fits(v, schema, root) for schema in w) == 1,
    "pattern": _of(str, lambda v, w, s, root: _pattern(w).search(v) is not None),
    "properties": _of(dict, lambda v, w, s, root: all(_fits(v[k], schema, root) for k, schema in w.items() if k in v)),
    "propertyNames": _of(dict, lambda v, w, s, root: all(_fits(key, w, root) for key in v)),
    "required": _of(dict, lambda v, w, s, root: all(key in v for key in w)),
    "then": lambda v, w, s, root: True,
    "type": _type,
    "uniqueItems": _of(list, _unique),
}
