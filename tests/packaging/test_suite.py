"""How the suite itself is run: it passes however it is started, and says why a test is slow."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests import choosing

REASON = "Slow: "


class Item:
    """A test as pytest has it."""

    def __init__(self, file: str, test: str, slow: bool = False) -> None:
        self.nodeid, self.path, self.slow = f"tests/{file}.py::{test}", Path(f"tests/{file}.py"), slow

    def get_closest_marker(self, name: str) -> object:
        return (self.slow and name == "slow") or None

    def iter_markers(self, name: str) -> list[pytest.Mark]:
        return []


def items(*some: Item) -> list[pytest.Item]:
    return cast("list[pytest.Item]", list(some))


def names(some: list[pytest.Item]) -> list[str]:
    return [item.nodeid.partition("::")[2] for item in some]


CASES = [Item("a", f"test_a[{n}]") for n in range(10)]


def test_what_is_known_to_cost_more_is_left_out() -> None:
    given = items(Item("a", "test_a[0]"), Item("a", "test_a[1]"), Item("a", "test_b"), Item("c", "test_c@c"))
    known = {"tests/a.py::test_a": 2.0, "tests/a.py::test_b": 0.1}
    assert names(choosing.within(given, 0.3, known)) == ["test_b", "test_c@c"]


def test_costs_are_those_of_tests_that_there_are(checkout: Path) -> None:
    for name in choosing.known_costs():
        file, _, test = name.partition("::")
        assert f"def {test.rpartition('::')[2]}(" in (checkout / file).read_text(encoding="utf-8"), name


def test_few_of_each_are_the_first_the_last_and_some_between() -> None:
    given = items(Item("a", "test_b"), *CASES, Item("b", "test_a[0]"), Item("b", "test_a[1]"))
    few = choosing.few_of_each(given, 4)
    assert names(few) == ["test_b", *(f"test_a[{n}]" for n in (0, 3, 6, 9)), "test_a[0]", "test_a[1]"]


def test_slow_cases_are_not_those_that_are_kept_of_the_fast_ones() -> None:
    slow = [Item("a", f"test_a[slow {n}]", slow=True) for n in range(10)]
    few = choosing.few_of_each(items(*slow, *CASES), 2)
    assert names(few) == ["test_a[slow 0]", "test_a[slow 9]", "test_a[0]", "test_a[9]"]


class Case(Item):
    """A case of a test with `by_day`."""

    def __init__(self, mark: pytest.MarkDecorator, **params: str) -> None:
        super().__init__("a", f"test_a[{'-'.join(params.values())}]")
        self.mark, self.callspec = mark.mark, SimpleNamespace(params=params)

    def iter_markers(self, name: str) -> list[pytest.Mark]:
        return [self.mark] if name == "by_day" else []


def test_what_is_repetition_is_not_run_by_day() -> None:
    every, slow = pytest.mark.by_day(x=("1", "3")), pytest.mark.by_day("spark", x=("1",))
    given = [Case(every, x=x) for x in "123"]
    assert names(choosing.by_day(items(*given))) == ["test_a[1]", "test_a[3]"]
    given = [Case(slow, engine_name=engine, x=x) for engine in ("sqlite", "spark") for x in "12"]
    assert names(choosing.by_day(items(*given))) == ["test_a[sqlite-1]", "test_a[sqlite-2]", "test_a[spark-1]"]


def test_what_is_left_out_by_day_is_run_by_night() -> None:
    given = [Case(pytest.mark.by_day(x=("1",)), x=x) for x in "12"]
    assert names(choosing.by_night(items(*given, Item("a", "test_b")))) == ["test_a[1]", "test_a[2]"]


def test_any_order_has_all_and_keeps_a_file_together() -> None:
    given = items(*CASES, *(Item("b", f"test_{n}") for n in range(10)), Item("c", "test_c"))
    first, again, other = (choosing.shuffled(given, seed) for seed in ("1", "1", "2"))
    assert first == again != other
    assert {*first} == {*given}
    assert first != given
    files = [item.path for item in first]
    assert len(Counter(files)) == 1 + sum(file != after for file, after in pairwise(files))


def test_groups_are_kept_together(request: pytest.FixtureRequest) -> None:
    """A worker knows a test by its group, by which the tests are handed out."""
    assert request.node.nodeid.endswith("@test_suite") == ("PYTEST_XDIST_WORKER" in os.environ)


class Grouped(Item):
    """A test of a group."""

    def __init__(self, test: str, group: str) -> None:
        super().__init__("a", test)
        self.marks = [pytest.mark.xdist_group(group).mark]

    def iter_markers(self, name: str) -> list[pytest.Mark]:
        return self.marks if name == "xdist_group" else []


def test_the_dearest_group_comes_first() -> None:
    given = items(Grouped("test_a", "x"), Grouped("test_b[1]", "y"), Grouped("test_b[2]", "y"), Grouped("test_c", "x"))
    known = {"tests/a.py::test_a": 1.0, "tests/a.py::test_b": 3.0, "tests/a.py::test_c": 1.5}
    assert names(choosing.dearest_first(given, known)) == ["test_b[1]", "test_b[2]", "test_a", "test_c"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP", "SIGTERM"])
def test_nobody_whom_tests_start_ignores_what_their_own_starter_ignores(name: str, checkout: Path) -> None:
    """A shell that starts something in the background has it ignore Ctrl-C; nohup, hang-ups."""
    number = getattr(signal, name)
    ask = f"import signal; print(signal.getsignal(signal.{name}) is signal.SIG_IGN)"
    child = f"import subprocess, sys; import tests.conftest; subprocess.run([sys.executable, '-c', {ask!r}])"
    told = subprocess.run(
        [sys.executable, "-c", child],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        preexec_fn=lambda: signal.signal(number, signal.SIG_IGN),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    assert told.stdout == "False\n"


def _marks(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Attribute) and ast.unparse(part) == "pytest.mark.slow" for part in ast.walk(node))


def _without_reason(path: Path) -> list[str]:
    """What is marked slow in a file and says nowhere why: in the test's docstring, or in the file's."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if REASON in (ast.get_docstring(tree) or ""):
        return []
    silent = []
    for node in tree.body:
        is_test: Any = isinstance(node, ast.FunctionDef) and node
        marks = any(map(_marks, is_test.decorator_list)) if is_test else _marks(node)
        if marks and REASON not in ((is_test and ast.get_docstring(is_test)) or ""):
            silent.append(f"{path.name}:{node.lineno}")
    return silent


def test_what_is_slow_says_why(checkout: Path) -> None:
    files = [path for path in (checkout / "tests").rglob("*.py") if path.name != Path(__file__).name]
    assert [place for path in sorted(files) for place in _without_reason(path)] == []


DEAR = 5.0  # seconds of a processor


def test_what_costs_much_says_why(checkout: Path) -> None:
    """In the test's docstring, its file's or its folder's, also where it is not marked as slow."""
    silent = []
    for name in (name for name, seconds in choosing.known_costs().items() if seconds >= DEAR):
        path, test = checkout / name.partition("::")[0], name.rpartition("::")[2]
        trees = [ast.parse(one.read_text("utf-8")) for one in (path, path.with_name("conftest.py")) if one.is_file()]
        own = [node for node in ast.walk(trees[0]) if isinstance(node, ast.FunctionDef) and node.name == test]
        if not any(REASON in (ast.get_docstring(node) or "") for node in (*trees, *own)):
            silent.append(name)
    assert silent == []
