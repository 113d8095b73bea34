"""What messages tell people to write can be copied into a file as it is: it is YAML, and means what was said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reportspec.suggested_yaml import mapping_line, plain_yaml, quoted_yaml, yaml_list

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp", "Co", "Cn")), min_size=1, max_size=30)
SQL = ["id", '"Angelegt am"', "nullif(\"Angelegt am\", '1900-01-01')", "a: b", "x #1", "trim(a) <> ''", "null", "- a"]


@pytest.mark.parametrize("text", SQL)
def test_what_is_suggested_is_yaml(text: str) -> None:
    assert yaml.safe_load(mapping_line("created_at", text)) == {"created_at": text}
    assert yaml.safe_load(f"where: {plain_yaml(text)}") == {"where": text}
    assert yaml.safe_load(f"latest: {{by: {yaml_list([text, text])}, order: …}}")["latest"]["by"] == [text, text]


@given(TEXTS)
def test_of_any_text(text: str) -> None:
    assert yaml.safe_load(f"a: {quoted_yaml(text)}") == {"a": text}
    assert yaml.safe_load(f"a: {plain_yaml(text)}") == {"a": text}
    assert yaml.safe_load(f"a: {yaml_list([text])}") == {"a": [text]}


def test_no_message_quotes_a_value_by_hand(checkout: Path) -> None:
    """In the code of messages a line of YAML never has quotes that are written around a value."""
    wrong = []
    for path in sorted((checkout / "reportspec").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(r"`[\w{}.\[\]]+: \\?\"[^`\n]*\{(?!_written)", text):
            wrong.append(f"{path.name}: {match[0]}")
    assert wrong == []
