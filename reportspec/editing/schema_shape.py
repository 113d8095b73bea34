"""A schema seen from one place of a document: which keys may stand there, in which order, and what each means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reportspec.schema_files import MARK
from reportspec.schema_fit import surely_fits

_FIRST = ("id", "title")  # of a section and the like
Schema = Mapping[str, Any]


class Shape:
    """What a schema says of a place. With the `data` that stand there, also what it says of these alone (`if`)."""

    def __init__(self, schema: Any, root: Schema, data: Any = None) -> None:
        self.parts = list(_parts(schema, root, data))
        self.root = root

    def order(self) -> list[str]:
        """The keys in the order of the schema."""
        keys = dict.fromkeys(key for part in self.parts for key in part.get("properties", ()))
        # What a thing is, of several that it could be, stands at its head.
        kinds = [key for part in self.parts for way in part.get("oneOf", ()) for key in way.get("required", ())]
        return list(dict.fromkeys([*(key for key in _FIRST if key in keys), *kinds, *keys])) if kinds else list(keys)

    def of(self, key: str, data: Any = None) -> Shape:
        """The shape of a key's value."""
        found = [part["properties"][key] for part in self.parts if key in part.get("properties", {})]
        if not found:
            found = [each for part in self.parts if isinstance(each := part.get("additionalProperties"), dict)]
        return Shape({"anyOf": found}, self.root, data)

    def item(self, data: Any = None) -> Shape:
        """The shape of a list's items."""
        items = [part["items"] for part in self.parts if isinstance(part.get("items"), dict)]
        return Shape({"anyOf": items}, self.root, data)

    @property
    def means(self) -> str:
        """What stands there, in Markdown."""
        said = (
            part.get("markdownDescription") or part.get("description") for part in self.parts if "const" not in part
        )
        return next((text for text in said if text), "")

    @property
    def values(self) -> dict[str, str]:
        """The values that may stand there, as far as they are listed, with what each means."""
        found: dict[str, str] = {}
        for part in self.parts:
            if "const" in part:
                found.setdefault(str(part["const"]), part.get("markdownDescription") or part.get("description") or "")
            for value in part.get("enum", ()):
                if isinstance(value, str):
                    found.setdefault(value, "")
        return found

    @property
    def names(self) -> str:
        """What a text there names: `metric`, `field`, …"""
        return next((part[MARK] for part in self.parts if MARK in part), "")


def _parts(schema: Any, root: Schema, data: Any) -> Iterator[Schema]:
    """A schema and those that it is made of."""
    if not isinstance(schema, dict):
        return
    yield schema
    if "$ref" in schema:
        yield from _parts(root["$defs"][schema["$ref"].rpartition("/")[2]], root, data)
    for key in ("allOf", "anyOf", "oneOf"):
        for each in schema.get(key, ()):
            yield from _parts(each, root, data)
    if "if" in schema and data is not None:
        fits = surely_fits(data, {"$defs": root.get("$defs", {}), **schema["if"]})
        yield from _parts(schema.get("then" if fits else "else"), root, data)
