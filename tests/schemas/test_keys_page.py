"""The page of all keys is what the schemas are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reportspec.reference.keys_page import keys_page
from reportspec.schema_files import NAMES, bundled_schema
from tests.conftest import RunCli
from tests.golden import Golden


def test_the_page_is_up_to_date(checkout: Path, golden: Golden, run_cli: RunCli) -> None:
    golden.text(keys_page(), checkout / "docs" / "keys.md")
    assert run_cli(["schema", "--markdown"]).stdout == keys_page()


@pytest.mark.parametrize("name", NAMES)
def test_every_key_has_a_row_with_what_it_means(name: str) -> None:
    rows = [line.split(" | ") for line in keys_page().splitlines() if line.startswith("| `")]
    told = {(row[0].strip("| `"), row[1]) for row in rows}
    for key, meaning in _keys(bundled_schema(name)):
        assert (key, " ".join(meaning.replace("|", "\\|").split())) in told, key


def _keys(node: Any) -> Iterator[tuple[str, str]]:
    """Each key that a schema describes, wherever it stands, with its description; texts by language have none."""
    if isinstance(node, list):
        for each in node:
            yield from _keys(each)
    elif isinstance(node, dict):
        named = node.get("properties", {}) if "en" not in node.get("required", ()) else {}
        for key, value in named.items():
            yield key, value.get("description", "")
            yield from _keys(value)
        for each in node.get("$defs", {}).values():
            yield from _keys(each)
        for word in ("items", "additionalProperties", "anyOf", "oneOf"):
            yield from _keys(node.get(word))


def test_the_page_stands_alone(run_cli: RunCli) -> None:
    refused = run_cli(["schema", "report", "--markdown"])
    assert refused.returncode == 2
    assert "--markdown" in refused.stderr
    assert json.loads(run_cli(["schema", "report"]).stdout)["title"] == "Report spec"
