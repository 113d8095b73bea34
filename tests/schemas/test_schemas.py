"""The JSON Schemas: sound, described to the last key, and in step with what people write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from reportspec.schema_files import bundled_schema, whole_schema
from reportspec.sections.registry import WRITTEN

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
SHARED = CHECKOUT.parent / "shared" / "examples"
NAMES = ("report", "project", "mapping", "metrics", "entity", "report_type", "audits")
PREFIXES = {  # how the example files are named -> their schema; the longest prefix counts
    "report_type_": "report_type",
    "report_": "report",
    "section_": "report",
    "project_": "project",
    "mapping_": "mapping",
    "metric": "metrics",
    "entity_": "entity",
    "audits_": "audits",
}
DOCUMENTED = re.compile(r"^```yaml\n# (\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Loader(yaml.SafeLoader):
    """YAML 1.2 scalars: no dates, and only true and false are booleans."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))
Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("^(null|~|)$"), ["n", "~", ""])
Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("^[-+]?[0-9]+$"), list("-+0123456789"))
Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)


def load(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader)


@cache
def schema(name: str) -> dict[str, Any]:
    """As it is printed: with what it refers to."""
    return bundled_schema(name)


@cache
def schema_file(name: str) -> dict[str, Any]:
    """As editors find it in the checkout."""
    return dict(json.loads((CHECKOUT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")))


@cache
def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema(name))


def errors(name: str, data: Any) -> list[str]:
    return [f"{e.json_path} {e.validator}" for e in validator(name).iter_errors(data)]


def schema_for(path: Path) -> str:
    return next(name for prefix, name in PREFIXES.items() if path.name.startswith(prefix))


def examples(folder: str) -> list[Any]:
    return [pytest.param(p, id=p.stem) for p in sorted((HERE / folder).glob("*.yaml"))]


def subschemas(node: Any, where: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every subschema that describes a place in a file, by its JSON pointer.

    What stands in conditions (`if`, `then`, `oneOf`, ...) only narrows places described elsewhere.
    """
    yield where, node
    for key in ("properties", "$defs"):
        for name, child in node.get(key, {}).items():
            yield from subschemas(child, f"{where}/{key}/{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield from subschemas(node[key], f"{where}/{key}")


def is_key(where: str) -> bool:
    """Whether a pointer is that of a key, and not of a list's items or of a shared piece."""
    return where.split("/")[-2:-1] == ["properties"] or where.endswith("/additionalProperties")


@pytest.mark.parametrize("name", NAMES)
def test_schema_is_valid_and_names_no_host(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))
    assert schema(name)["$id"] == f"{name}.schema.json"
    text = json.dumps(schema(name)).replace(schema(name)["$schema"], "")
    hosts = re.findall(r"[a-z]+://([^`\s\"]*)", text)
    # Of examples, and of patterns such as `smtps://`.
    assert [one for one in hosts if not re.match(r"$|(\S*[@.])?example\.com|(bucket|reports)/\{", one)] == []


def test_every_schema_is_tested() -> None:
    found = {p.name.removesuffix(".schema.json") for p in (CHECKOUT / "schemas").iterdir()}
    assert found == {*NAMES, "common"}


@pytest.mark.parametrize("name", NAMES)
def test_every_key_is_described_with_an_example(name: str) -> None:
    for where, node in subschemas(schema(name)):
        if is_key(where):
            assert len(node.get("description", "")) >= 8, f"{where} has no description"
            assert node["description"].endswith((".", ")")), f"{where}: no full sentence"
            assert node.get("examples"), f"{where} has no examples"


@pytest.mark.parametrize("name", NAMES)
def test_every_map_is_closed(name: str) -> None:
    """A misspelt key is found wherever the keys are known."""
    for where, node in subschemas(schema(name)):
        if "properties" in node:
            assert node.get("additionalProperties") is not None, where


@pytest.mark.parametrize("name", NAMES)
def test_defaults_and_examples_hold_in_their_own_schema(name: str) -> None:
    for where, node in subschemas(schema(name)):
        alone = Draft202012Validator({**node, "$defs": schema(name).get("$defs", {})})
        for value in [*node.get("examples", ()), *([node["default"]] if "default" in node else ())]:
            found = [error.message for error in alone.iter_errors(value)]
            assert not found, f"{where}: {value!r}: {found}"


def references(node: Any) -> set[str]:
    """What a schema refers to, anywhere in it."""
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    own = {node["$ref"]} if isinstance(node, dict) and isinstance(node.get("$ref"), str) else set()
    return own.union(*map(references, children))


def test_what_schemas_have_in_common_stands_once() -> None:
    common = schema_file("common")
    Draft202012Validator.check_schema(common)
    there = {f"common.schema.json#/$defs/{key}" for key in common["$defs"]}
    used = {ref if ref.startswith("common") else f"common.schema.json{ref}" for ref in references(common)}
    for name in NAMES:
        own = {f"#/$defs/{key}" for key in schema_file(name).get("$defs", {})}
        assert references(schema_file(name)) <= own | there, name
        used |= references(schema_file(name)) & there
    assert used == there
    definitions = [key for name in (*NAMES, "common") for key in schema_file(name).get("$defs", {})]
    assert len(definitions) == len(set(definitions))


@pytest.mark.parametrize("name", NAMES)
def test_a_printed_schema_needs_no_other_and_has_nothing_that_it_does_not_need(name: str) -> None:
    assert references(schema(name)) == {f"#/$defs/{key}" for key in schema(name).get("$defs", {})}


@pytest.mark.parametrize("name", NAMES)
def test_files_that_refer_say_the_same_as_what_is_printed_and_as_what_specs_are_checked_by(name: str) -> None:
    files = Registry().with_resources(
        (f"{one}.schema.json", Resource.from_contents(schema_file(one))) for one in (*NAMES, "common")
    )
    referring = Draft202012Validator(schema_file(name), registry=files)
    whole = Draft202012Validator(whole_schema(name))
    documents = [load(path) for folder in ("valid", "invalid") for path in sorted((HERE / folder).glob("*.yaml"))]
    for path in sorted((HERE.parent / "bad_specs").glob("*.yaml")):
        with suppress(yaml.YAMLError):
            documents.append(load(path))
    assert len(documents) > 150
    for document in documents:
        wrong = errors(name, document)
        assert [f"{e.json_path} {e.validator}" for e in referring.iter_errors(document)] == wrong
        assert [f"{e.json_path} {e.validator}" for e in whole.iter_errors(document)] == wrong


@pytest.mark.parametrize("path", examples("valid"))
def test_valid_example(path: Path) -> None:
    assert errors(schema_for(path), load(path)) == []


@pytest.mark.parametrize("path", examples("invalid"))
def test_invalid_example_has_one_error_at_its_place(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    expected = first.removeprefix("# expect: ")
    assert expected != first, f"{path.name} does not say what to expect"
    assert errors(schema_for(path), load(path)) == [expected]


@pytest.mark.parametrize("name", NAMES)
def test_valid_examples_show_every_key(name: str) -> None:
    shown = {
        key
        for path in (HERE / "valid").glob("*.yaml")
        if schema_for(path) in (name, {"report_type": "report"}.get(name))  # they share sections
        for key in _keys(load(path))
    }
    known = {where.rsplit("/", 1)[1] for where, _ in subschemas(schema(name)) if is_key(where)}
    assert known - shown - {"additionalProperties"} == set()


def _keys(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        yield from map(str, data)
    children = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    for child in children:
        yield from _keys(child)


@pytest.mark.parametrize("folder", ["entities", "metrics", "reports", "crms", "audits"])
def test_catalogue_files(folder: str) -> None:
    names = {"entities": "entity", "metrics": "metrics", "reports": "report_type", "audits": "audits"}
    name = names.get(folder, "mapping")
    files = sorted((CHECKOUT / "reportspec" / "catalogue" / folder).glob("*.yaml"))
    assert {f.name: found for f in files if (found := errors(name, load(f)))} == {}


def test_own_reports() -> None:
    """The specs that ship and those of the test projects are within the language."""
    found = {}
    for folder in ("specs", "tests/zoho/project"):
        for file in sorted((CHECKOUT / folder).rglob("*.yaml")):
            data = load(file)
            name = {"reportspec.yaml": "project"}.get(file.name)
            name = name or ("mapping" if "entities" in data else "report")
            found[str(file.relative_to(CHECKOUT))] = errors(name, data)
    assert {file: wrong for file, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("file", ["custom", "q3", "mapping", "reportspec"])
def test_shared_examples(file: str) -> None:
    path = SHARED / f"{file}.yaml"
    if not path.is_file():
        pytest.skip(f"no {path.name} beside the checkout, in ../shared/examples")
    name = {"mapping": "mapping", "reportspec": "project"}.get(file, "report")
    assert errors(name, load(path)) == []


def test_documented_examples() -> None:
    """The examples of the language's page; the first line of each names its schema."""
    page = (CHECKOUT / "docs" / "language.md").read_text(encoding="utf-8")
    found = DOCUMENTED.findall(page)
    assert len(found) == page.count("```yaml")
    assert [wrong for name, text in found if (wrong := errors(name, yaml.load(text, Loader)))] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_page_names_every_key(name: str) -> None:
    page = (CHECKOUT / "docs" / "language.md").read_text(encoding="utf-8")
    words = set(re.findall(r"[a-z_]+", page))
    keys = {where.rsplit("/", 1)[1] for where, _ in subschemas(schema(name)) if is_key(where)}
    assert keys - words - {"additionalProperties"} == set()


@pytest.mark.parametrize("name", ["report", "report_type"])
def test_every_kind_of_section_may_be_written(name: str) -> None:
    section = schema(name)["$defs"]["section"]
    assert {one["required"][0] for one in section["oneOf"]} == {kind.name for kind in WRITTEN}
