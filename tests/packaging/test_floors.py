"""The package's modules: which import which, and what they are called. `make lint` holds the imports against the
floors; here is what it does not look at."""

from __future__ import annotations

import ast
from collections import Counter
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import grimp

from reportspec.sections.registry import KINDS as REGISTERED


def imports() -> dict[str, set[str]]:
    graph = grimp.build_graph("reportspec", exclude_type_checking_imports=True, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def test_no_module_imports_itself_by_way_of_others() -> None:
    left = imports()
    while free := [module for module, others in left.items() if not others & left.keys()]:
        for module in free:
            del left[module]
    # What is left imports, or is imported by, a circle.
    while unused := [module for module in left if not any(module in others for others in left.values())]:
        for module in unused:
            del left[module]
    assert sorted(left) == []


def test_no_two_modules_have_one_name(checkout: Path) -> None:
    names = Counter(path.stem for path in (checkout / "reportspec").rglob("*.py"))
    assert [name for name, count in names.items() if count > 1 and not name.startswith("__")] == []


def test_no_module_asks_for_the_kind_of_a_section(checkout: Path) -> None:
    """What a kind does is in its file, and what others need to know of it in the section. (`text` is a type of fields, too.)"""
    kinds = {kind.name for kind in REGISTERED} - {"text"}
    asking = []
    for path in sorted((checkout / "reportspec").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare) and ast.unparse(node.left).endswith("kind"):
                texts = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)}
                asking += [(path.name, node.lineno)] if texts & kinds else []
    assert asking == []


def test_benchmarks_import_what_there_is(checkout: Path) -> None:
    """No test runs them, and a name that is gone would be met by who measures."""
    gone = []
    for path in (checkout / "benchmarks").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] in ("reportspec", "tests"):
                module = import_module(str(node.module))
                names = [name.name for name in node.names if not hasattr(module, name.name)]
                gone += [(path.name, name) for name in names if find_spec(f"{node.module}.{name}") is None]
    assert gone == []
