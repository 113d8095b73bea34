"""What is said to fit a schema, without the library that tells mistakes, is what the library has nothing to say of."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reportspec.schema_files import NAMES, whole_schema
from reportspec.schema_fit import _ANNOTATIONS, _KEYWORDS, surely_fits
from reportspec.source import plain, read_yaml_file
from tests.conftest import Draw

HERE = Path(__file__).resolve().parent
WRONG = (
    None,
    True,
    False,
    0,
    1,
    1.0,
    2.5,
    -1,
    10**18,
    "",
    "a",
    "A b",
    "{{ x }}",
    [],
    ["a", "a"],
    [1, True],
    {},
    {"x": 1},
)


@cache
def documents() -> tuple[Any, ...]:
    files = sorted([*HERE.glob("*valid/*.yaml"), *(HERE.parent / "bad_specs").glob("*.yaml")])
    nodes = [read_yaml_file(path)[0] for path in files]
    assert len(nodes) > 150
    return tuple(plain(node) for node in nodes if node is not None)


@cache
def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(whole_schema(name))


def places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Each value within others, as its holder and its key or index there."""
    for key in data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ():
        yield data, key
        yield from places(data[key])


def changed(data: Any, chance: random.Random) -> Any:
    """The data with a value that is another one, gone, twice, or under another key."""
    data = copy.deepcopy(data)
    at = list(places(data))
    if not at:
        return chance.choice(WRONG)
    holder, key = chance.choice(at)
    way = chance.randrange(4)
    if way == 0:
        del holder[key]
    elif way == 1 and isinstance(holder, list):
        holder.append(holder[key])
    elif way == 2 and isinstance(holder, dict):
        holder[chance.choice(["x", "any", "entity", "type"])] = holder.pop(key)
    else:
        holder[key] = copy.deepcopy(chance.choice(WRONG))
    return data


@pytest.mark.parametrize("name", NAMES)
def test_what_fits_is_what_the_library_lets_pass(draw: Draw, name: str) -> None:
    schema, chance = whole_schema(name), random.Random(draw.seed)
    fitting = 0
    for data in documents() if draw.night else documents()[::3]:
        assert surely_fits(data, schema) == validator(name).is_valid(data)
    own = sorted((data for data in documents() if surely_fits(data, schema)), key=lambda data: len(str(data)))
    own = own if draw.night else own[:8]
    for _ in range(draw.rounds(120, 3000)):
        data = changed(chance.choice(own), chance)
        fits = surely_fits(data, schema)
        fitting += fits
        assert fits == validator(name).is_valid(data) or (not fits and "True" in str(data)), data
    assert fitting > 5


def test_all_keywords_of_the_schemas_are_known() -> None:
    def keywords(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            yield from node
            for key, value in node.items():
                if key in ("properties", "$defs", "dependentSchemas"):
                    for child in value.values():
                        yield from keywords(child)
                elif key not in ("examples", "default", "const", "enum"):
                    yield from keywords(value)
        elif isinstance(node, list):
            for child in node:
                yield from keywords(child)

    used = {keyword for name in NAMES for keyword in keywords(whole_schema(name))}
    assert used <= _KEYWORDS.keys() | _ANNOTATIONS


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"not": {"contains": {"type": "string"}}}, ["a"]),
        ({"if": {"format": "date"}, "then": False}, "2026-01-01"),
        ({"patternProperties": {"^a": False}}, {"a": 1}),
        ({"not": {"uniqueItems": True}}, [1, True]),
        ({"oneOf": [{"$ref": "#/properties/x"}, True]}, 1),
    ],
)
def test_what_is_not_known_is_left_to_the_library(schema: dict[str, Any], value: Any) -> None:
    assert not surely_fits(value, {"$defs": {}, **schema})
