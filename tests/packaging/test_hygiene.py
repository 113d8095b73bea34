"""The checkout is tidy: nothing of the machine it was written on, nothing left half done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP_LEVEL = {
    *{"reportspec", "schemas", "specs", "tests", "docs", "benchmarks"},
    *{"pyproject.toml", "Makefile", ".ci", ".github", ".gitignore", ".gitattributes"},
    *{
        "README.md",
        "LICENSE",
        "NOTICE",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        ".pre-commit-config.yaml",
        ".pre-commit-hooks.yaml",
        ".git-blame-ignore-revs",
        "Containerfile",
        ".dockerignore",
        "action.yml",
    },
}
# What .gitignore leaves out, and git itself.
MADE_HERE = {
    *{".git", ".venv", "out", "dist", "build", ".coverage"},
    *{".grimp_cache", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__"},
}
TEXT_SUFFIXES = {
    *{".py", ".pyi", ".md", ".yaml", ".yml", ".toml", ".json", ".sql"},
    *{".html", ".j2", ".css", ".svg", ".txt"},
}
TEXT_NAMES = {"Makefile", "CODEOWNERS", "NOTICE", "run", "set-up", "other-pythons", ".gitignore", ".gitattributes"}

# Written in pieces, so that this file passes its own test.
LEFT_UNDONE = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
SOMEBODYS_MACHINE = re.compile(
    r"(?<![\w./~-])/(ho" + r"me/\w|Us" + r"ers/\w|ro" + r"ot/|wo" + r"rk/)|[A-Z]:\\Us" + r"ers\\"
)
PACKAGE_REGISTRY = re.compile(
    r"https?://[^\s/\"')]*(pyp" + r"i|pythonho" + r"sted|np" + r"mjs|deb" + r"ian|artifactory|nexus)"
    r"|--(extra-)?index-u" + r"rl|--trusted-ho" + r"st",
    re.IGNORECASE,
)


def text_files(checkout: Path) -> Iterator[Path]:
    """Yield the text files of the project."""
    for top in sorted(TOP_LEVEL):
        path = checkout / top
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if (
                file.is_file()
                and not MADE_HERE & set(file.relative_to(checkout).parts)
                and (file.suffix in TEXT_SUFFIXES or file.name in TEXT_NAMES)
            ):
                yield file


def lines_matching(checkout: Path, pattern: re.Pattern[str]) -> list[str]:
    """Return `file:line: text` of every line in which the pattern occurs."""
    return [
        f"{file.relative_to(checkout)}:{number}: {line.strip()[:120]}"
        for file in text_files(checkout)
        for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), start=1)
        if pattern.search(line)
    ]


def test_top_level_holds_only_what_is_agreed(checkout: Path) -> None:
    present = {path.name for path in checkout.iterdir() if not path.name.startswith((".venv-", ".coverage."))}
    assert present - MADE_HERE <= TOP_LEVEL


def test_every_top_level_file_of_a_good_project_is_there(checkout: Path) -> None:
    optional = {".gitattributes"}
    assert sorted(name for name in TOP_LEVEL - optional if not (checkout / name).exists()) == []


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(LEFT_UNDONE, id="nothing left undone"),
        pytest.param(SOMEBODYS_MACHINE, id="no path of somebody's machine"),
        pytest.param(PACKAGE_REGISTRY, id="no package registry by name"),
        pytest.param(re.compile(r"[ \t]+$"), id="no trailing blanks"),
        pytest.param(re.compile(r"\r"), id="no carriage returns"),
    ],
)
def test_no_line_has(checkout: Path, pattern: re.Pattern[str]) -> None:
    assert lines_matching(checkout, pattern) == []


def test_only_the_makefile_has_tabs(checkout: Path) -> None:
    with_tabs = {line.split(":")[0] for line in lines_matching(checkout, re.compile(r"\t"))}
    assert with_tabs <= {"Makefile"}


def test_text_files_end_with_one_line_break(checkout: Path) -> None:
    wrong = [
        str(file.relative_to(checkout))
        for file in text_files(checkout)
        if (text := file.read_text(encoding="utf-8")) and (not text.endswith("\n") or text.endswith("\n\n"))
    ]
    assert wrong == []


def test_no_test_is_hidden_from_pytest(checkout: Path) -> None:
    """A file of tests with another name would never run."""
    defines_tests = re.compile(r"^(async )?def test_|^class Test", re.MULTILINE)
    stray = [
        str(file.relative_to(checkout))
        for file in (checkout / "tests").rglob("*.py")
        if not file.name.startswith("test_") and defines_tests.search(file.read_text(encoding="utf-8"))
    ]
    assert stray == []
