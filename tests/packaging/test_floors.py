"""The package's modules: which import which, and what they are called. `make lint` holds the imports against the
floors; here is what it does not look at."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import grimp

# A database has a dialect and a connection, a kind of section is checked and evaluated.
TWICE = {"clickhouse", "insights", "postgres", "sections", "spark", "sqlite", "survey"}


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
    assert {name for name, count in names.items() if count > 1 and not name.startswith("__")} <= TWICE
