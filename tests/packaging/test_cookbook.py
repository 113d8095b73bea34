"""Each recipe of the cookbook is a spec that shows something on the demo."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

RunCli = Callable[..., subprocess.CompletedProcess[str]]
CHECKOUT = Path(__file__).parents[2]
FILE = re.compile(r"^`([\w.]+)`:\n\n```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RECIPES = dict(FILE.findall((CHECKOUT / "docs" / "cookbook.md").read_text(encoding="utf-8")))


def test_every_example_of_the_page_is_a_recipe() -> None:
    page = (CHECKOUT / "docs" / "cookbook.md").read_text(encoding="utf-8")
    assert len(RECIPES) == page.count("```yaml")
    assert len(re.findall("^## ", page, re.MULTILINE)) == len(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_shows_something(name: str, run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\ncurrency: EUR\n", encoding="utf-8")
    (tmp_path / name).write_text(RECIPES[name], encoding="utf-8")
    each = ["--each", "Giulia Rossi"] if "for_each" in RECIPES[name] else []
    done = run_cli(["query", name, "--today", "2026-10-31", "--format", "json", *each], cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    sections = (found[0] if each else found)["sections"]
    assert sections
    empty = [section["id"] for section in sections if not section["rows"]]
    assert len(empty) < len(sections) if each else empty == []
