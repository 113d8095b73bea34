"""Patterns that are compiled late are those of `re`, and none has a mistake."""

from __future__ import annotations

import ast
import copy
import re
from importlib import import_module
from pathlib import Path

import pytest

from reportspec.lazy_pattern import lazy_pattern


@pytest.mark.parametrize("first", ["match", "fullmatch", "search", "finditer", "findall", "split", "sub", "subn"])
def test_whatever_is_asked_first(first: str) -> None:
    pattern, own = lazy_pattern(r"(a+)(?:b|$)", re.IGNORECASE), re.compile(r"(a+)(?:b|$)", re.IGNORECASE)

    def said(method: str, of: re.Pattern[str]) -> str:
        found = getattr(of, method)("-", "xAABay") if method in ("sub", "subn") else getattr(of, method)("xAABay")
        return str(list(map(str, found)) if method == "finditer" else found)

    for method in (first, "search", "sub", first):
        assert said(method, pattern) == said(method, own)
    assert (pattern.pattern, pattern.flags, pattern.groups) == (own.pattern, own.flags, own.groups)


def test_a_mistake_shows_when_it_is_asked() -> None:
    pattern = lazy_pattern("(")
    with pytest.raises(re.error):
        pattern.match("a")
    copy.copy(pattern)


def test_all_of_the_package_can_be_compiled(checkout: Path) -> None:
    found = 0
    for path in sorted((checkout / "reportspec").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "lazy_pattern(" not in text or path.stem == "lazy_pattern":
            continue
        module = import_module(".".join(path.relative_to(checkout).with_suffix("").parts))
        for node in ast.parse(text).body:
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and "lazy_pattern(" in ast.unparse(node):
                [name] = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
                assert isinstance(re.compile(getattr(module, ast.unparse(name)).pattern), re.Pattern)
                found += 1
    assert found > 40
