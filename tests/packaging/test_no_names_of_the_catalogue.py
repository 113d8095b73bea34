"""The compiler knows no entity and no field of the catalogue by its name: what it needs of one, the
entity's YAML declares."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from reportspec.catalogue.load import packaged

# Literals that are words of something else: a report's words, keys of what is delivered, SQL's functions.
OTHERWISE = {
    ("check/deliver_texts.py", "goal"),  # what a message may say of a metric
    ("deliver/body.py", "goal"),  # a kind of line
    ("deliver/outlets/webhook.py", "goal"),  # a key of what is posted
    ("render/tile_texts.py", "goal"),
    ("expression/types.py", "lead"),  # SQL's window function
    ("formats/markdown.py", "goal"),  # a heading
    ("formats/terminal.py", "goal"),  # a heading
    ("model/column_ids.py", "goal"),  # what stands beside a figure
    ("render/charts/kind.py", "goal"),  # the name of a line in a chart
    ("render/page.py", "goal"),  # a word
    ("run/files/readings.py", "lead"),  # what stands before a number
    ("sections/chart_spec.py", "product"),  # an operation of Vega-Lite
    ("sections/goals.py", "goal"),  # a title
}

# What makes rows of the catalogue's entities, and what proposes a mapping onto them: how a deal's stages, owners and
# outcomes are found in columns that only look like them is its own matter.
ELSEWHERE = ("demo", "onboarding")


def names() -> set[str]:
    """The entities, and their fields as users write them."""
    entities = packaged().entities
    return {*entities, *(field.id for entity in entities.values() for field in entity.fields.values())}


def literals(tree: ast.AST) -> Iterator[str]:
    """All texts of a module; of those with values in them, each piece without the dot that it ends with."""
    pieces = {id(value) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for value in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.removesuffix(".") if id(node) in pieces else node.value


def test_no_literal_is_a_name_of_the_catalogue(checkout: Path) -> None:
    known, found = names(), set()
    for path in sorted((checkout / "reportspec").rglob("*.py")):
        place = path.relative_to(checkout / "reportspec")
        if place.parts[0] not in ELSEWHERE:
            texts = literals(ast.parse(path.read_text(encoding="utf-8")))
            found |= {(place.as_posix(), text) for text in texts if text in known}
    assert found == OTHERWISE


def test_what_is_declared_names_fields_of_the_entity() -> None:
    catalogue = packaged()
    for declared in (catalogue.exchange_rates, catalogue.targets, catalogue.loads):
        fields = {getattr(declared, name) for name in declared.__slots__} - {declared.entity}
        assert fields <= set(catalogue.entities[declared.entity].fields)
