"""Each code that a message can have has a page, and its examples are what they say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reportspec.reference.error_pages import error_pages, error_text, troubleshooting_page
from tests.conftest import RunCli
from tests.golden import Golden
from tests.loading import load_report

# Words with hyphens in the program that are no codes of messages.
OTHERS = {
    *{"a-3a", "ua-1", "iso-8859-1", "iso-8859-15", "latin-1", "mac-roman", "utf-8", "utf-8-sig", "utf-16", "utf-32"},
    *{"utf-16-le", "yyyy-mm-dd", "ls-tree", "rev-parse", "auto-generated", "quoted-printable", "explain-error"},
    *{"covered-table-cell", "table-cell", "table-row", "value-type", "number-columns-repeated", "number-rows-repeated"},
    *{"harfbuzz-subset", "vl-convert-python", "reportspec-warm-up", "system-out", "sous-total", "x-names", "full-page"},
    *{"last-part", "stand-alone", "no-delivery"},
}
TELLING = {"Diagnostic", "tell", "_tell", "SourceError", "Unresolved"}
NAME = re.compile(r"[a-z]+(-[a-z0-9]+)*")


def codes(checkout: Path) -> Iterator[tuple[str, str]]:
    """The codes in the program, with the file of each: words with hyphens, and others that are told with a message."""
    for path in sorted((checkout / "reportspec").rglob("*.py")):
        if path.name == "names.py" and path.parent.name == "demo":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                first = node.args[0] if node.args else None
                if name in TELLING and isinstance(first, ast.Constant) and NAME.fullmatch(str(first.value)):
                    yield str(first.value), path.name
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "-" in node.value:
                if NAME.fullmatch(node.value) and node.value not in OTHERS:
                    yield node.value, path.name


def test_each_code_has_a_page_and_each_page_a_code(checkout: Path) -> None:
    found = dict(codes(checkout))
    pages = error_pages()
    assert {code: file for code, file in found.items() if code not in pages} == {}
    single = {"failed", "refused"}  # those of errors and results, which no call names
    assert pages.keys() - found.keys() - single == set()


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
