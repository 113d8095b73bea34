"""Each code that a message can have has a page, and its examples are what they say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from reportspec.model.findings import Kind
from reportspec.reference.error_pages import error_pages, error_text, troubleshooting_page
from tests.conftest import RunCli
from tests.golden import Golden
from tests.loading import load_report

TELLING = {
    *{"Diagnostic", "tell", "_tell", "SourceError", "Unresolved", "Unclear", "Check", "refuse", "NoStart", "__init__"},
}
SHOWN = re.compile(r"(?:error|warning)\[([a-z-]+)\]")
NAME = re.compile(r"[a-z]+(-[a-z0-9]+)*")


def told(tree: ast.Module) -> Iterator[str]:
    """The codes that a module tells: what calls that tell something are given, and what is called `code`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in TELLING:
                yield from (code for each in node.args[:1] for code in constants(each))
                yield from (code for each in node.args[1:] for code in constants(each) if "-" in code)
        elif (
            isinstance(node, ast.Assign)
            and getattr(node.targets[0], "id", getattr(node.targets[0], "attr", "")) == "code"
        ):
            yield from constants(node.value)


def constants(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME.fullmatch(node.value):
        yield node.value


def test_each_code_has_a_page_and_each_page_a_code(checkout: Path) -> None:
    codes: dict[str, str] = dict.fromkeys(get_args(Kind), "findings.py")
    words: set[str] = set()
    for path in sorted((checkout / "reportspec").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        codes |= dict.fromkeys(told(tree), path.name)
        words |= {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
    pages = error_pages()
    assert len(codes) > 180
    assert {code: file for code, file in codes.items() if code not in pages} == {}
    assert pages.keys() - words == set(), "a page of what nothing tells"


def taking_a_code(trees: Iterable[ast.Module]) -> dict[str, set[int]]:
    """What has a parameter or a field called `code`, by name, and which argument that is."""
    found: dict[str, set[int]] = {}
    for tree in trees:
        methods = {id(one): each.name for each in ast.walk(tree) if isinstance(each, ast.ClassDef) for one in each.body}
        for each in ast.walk(tree):
            if isinstance(each, ast.FunctionDef):
                names = [one.arg for one in (*each.args.posonlyargs, *each.args.args) if one.arg not in ("self", "cls")]
                name = methods.get(id(each), "") if each.name == "__init__" else each.name
            elif isinstance(each, ast.ClassDef):
                name = each.name
                names = [
                    one.target.id
                    for one in each.body
                    if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
                ]
            else:
                continue
            if "code" in names:
                found.setdefault(name, set()).add(names.index("code"))
    return found


def test_whatever_takes_a_code_is_given_one_that_has_a_page(checkout: Path) -> None:
    """The same without a list of what tells something: by the names of parameters.

    Slow: all modules are read as trees."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (checkout / "reportspec").rglob("*.py")]
    places, given = taking_a_code(trees), set[str]()
    for call in (each for tree in trees for each in ast.walk(tree) if isinstance(each, ast.Call)):
        name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        values = [call.args[at] for at in places.get(name, ()) if at < len(call.args)]
        values += [one.value for one in call.keywords if one.arg == "code" and name in places]
        given |= {code for value in values for node in ast.walk(value) for code in constants(node) if "-" in code}
    assert len(given) > 150
    assert given - error_pages().keys() == set()


def test_codes_that_texts_show_have_a_page(checkout: Path) -> None:
    """Those of the messages that are kept, and of the documentation."""
    texts = [*(checkout / "tests").rglob("*.txt"), *(checkout / "docs").rglob("*.md"), checkout / "README.md"]
    shown = {code for path in texts for code in SHOWN.findall(path.read_text(encoding="utf-8", errors="replace"))}
    assert len(shown) > 60
    assert shown - error_pages().keys() == set()


def test_the_page_of_the_documentation_is_up_to_date(checkout: Path, golden: Golden) -> None:
    golden.text(troubleshooting_page(), checkout / "docs" / "troubleshooting.md")


IN_SPECS = [code for code, page in error_pages().items() if page.place == "spec"]
PROJECT = """version: 1
source: demo
currency: EUR
deliver: {smtp: "smtps://smtp.example.com", from: a@example.com, allow: ["@example.com"]}
"""


@pytest.mark.parametrize("half", [0, 1])
def test_examples_in_specs_are_wrong_and_right(half: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "reportspec.yaml").write_text(PROJECT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert len(IN_SPECS) > 60
    for code in IN_SPECS[half::2]:
        page = error_pages()[code]
        assert code in {told for told, _ in said(page.wrong)}, f"{code}: {said(page.wrong)}"
        assert [told for told, severity in said(page.right) if severity == "error"] == [], code


def said(example: str) -> list[tuple[str, str]]:
    """What is told of a spec that an example is a part of."""
    text = example
    if not example.startswith("#"):  # an empty file
        text += "" if "period:" in example else "period: 2026-Q3\n"
        text = ("" if "report:" in example else "report: custom\n") + text
        text = f"version: 1\n{text}"
    Path("x.yaml").write_text(text, encoding="utf-8")
    checked = load_report(Path("x.yaml"), datetime(2026, 11, 1, 12, tzinfo=UTC), {})
    return [(each.code, each.severity) for each in checked.diagnostics]


def test_pages_are_whole() -> None:
    for page in error_pages().values():
        assert 20 < len(page.means) < 300, page.code
        assert page.means.endswith("."), page.code
        assert page.causes, page.code
        assert page.wrong.strip(), page.code
        assert page.wrong.split() != page.right.split() or page.place in ("command", "project"), page.code
        assert error_text(page).startswith(f"{page.code}\n\n{page.means}\n")


def test_the_command(run_cli: RunCli) -> None:
    page = run_cli(["explain-error", "error[wrong-type]"])
    assert page.returncode == 0
    assert "Wrong, in a spec:\n  report: pipeline\n  group_by: user.name\n" in page.stdout
    assert "unknown-metric" in run_cli(["explain-error"]).stdout
    near = run_cli(["explain-error", "unknown-metrc"])
    assert near.returncode == 2
    assert "did you mean `unknown-metric`?" in near.stderr
