"""Every mapping that ships is one that could be written: nothing in it is refused."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from reportspec.catalogue.load import packaged
from reportspec.check.mapping import load_mapping, shipped
from reportspec.check.project import load_project
from reportspec.schema import check_schema
from reportspec.source import read_yaml


@pytest.mark.parametrize("name", shipped())
def test_nothing_is_refused(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """As a mapping file of one's own it passes the schema, and each of its expressions is read."""
    item = files("reportspec.catalogue").joinpath("crms", f"{name}.yaml")
    node, problems = read_yaml(item.read_bytes(), item.name)
    assert node is not None
    assert not problems
    assert list(check_schema(node, "mapping")) == []
    own = tmp_path_factory.mktemp(name) / "mapping.yaml"
    own.write_bytes(item.read_bytes())
    _, empty = load_project(None, {})
    source, _, document = load_mapping(packaged(), "", own, empty)
    assert document is not None
    assert [problem.message for problem in document.problems] == []
    assert source is not None
    assert source.entities


PAGES = Path(__file__).resolve().parents[2] / "docs" / "crms"
EXAMPLE = re.compile(r"^```yaml\n# (project|mapping)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = [
    pytest.param(page.stem, kind, text, id=f"{page.stem}-{kind}")
    for page in sorted(PAGES.glob("*.md"))
    for kind, text in EXAMPLE.findall(page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("name", ["activecampaign", "pipedrive", "zendesk", "zoho"])
def test_each_has_a_page_whose_examples_say_what_they_are(name: str) -> None:
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    kinds = [kind for kind, _ in EXAMPLE.findall(page)]
    assert page.count("```yaml") == len(kinds)
    assert "mapping" in kinds


@pytest.mark.parametrize(("name", "kind", "text"), EXAMPLES)
def test_examples_are_ones_that_could_be_written(name: str, kind: str, text: str, tmp_path: Path) -> None:
    node, problems = read_yaml(text.encode(), f"{name}.yaml")
    assert node is not None
    assert not problems
    assert list(check_schema(node, kind)) == []
    if kind == "mapping":
        own = tmp_path / "mapping.yaml"
        own.write_text(text, encoding="utf-8")
        _, empty = load_project(None, {})
        source, _, document = load_mapping(packaged(), "", own, empty)
        assert document is not None
        assert [problem.message for problem in document.problems] == []
        assert source is not None
