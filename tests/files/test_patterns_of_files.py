"""Patterns of files: each file that fits is read, and what fits and is none is told by its name, never skipped."""

from __future__ import annotations

import fnmatch
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reportspec.check.project import load_project
from reportspec.onboarding.sources import _files
from reportspec.onboarding.wish import NoStart
from reportspec.source.file_patterns import matched

DEALS = "id,created,amount\n1,2026-07-02,5\n"
pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names there")


@contextmanager
def without_rights() -> Iterator[None]:
    """As a user whom rights keep out: root is let in everywhere."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that others than root may look into."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def shut_within(path: Path) -> None:
    path.mkdir(parents=True)
    (path / "deals.csv").write_text(DEALS, encoding="utf-8")
    path.chmod(0)


# What is put there, beside a file that can be read; by which pattern it is met; and what must be named.
UNMET: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "gone": (lambda data: (data / "deals-2.csv").symlink_to("/nowhere/deals.csv"), "data/deals*.csv", "deals-2.csv"),
    "loop": (lambda data: (data / "deals-2.csv").symlink_to("deals-2.csv"), "data/deals*.csv", "deals-2.csv"),
    "pipe": (lambda data: os.mkfifo(data / "deals-2.csv"), "data/deals*.csv", "deals-2.csv"),
    "folder": (lambda data: (data / "deals-2.csv").mkdir(), "data/deals*.csv", "deals-2.csv"),
    "gone folder": (lambda data: (data / "feb").symlink_to("/nowhere/feb"), "data/*/deals.csv", "data/feb"),
    "gone in folder": (lambda data: (data / "jan" / "x.csv").symlink_to("y.csv"), "data/**/*.csv", "data/jan/x.csv"),
    "linked folder": (lambda data: (data / "all").symlink_to("/usr"), "data/**/*.csv", "data/all"),
    "folder around": (lambda data: (data / "all").symlink_to(".."), "data/**/*.csv", "data/all"),
    "shut": (lambda data: shut_within(data / "feb"), "data/*/deals.csv", "data/feb/deals.csv"),
    "shut, any name": (lambda data: shut_within(data / "feb"), "data/*/*.csv", "data/feb"),
    "shut, however deep": (lambda data: shut_within(data / "feb" / "x"), "data/**/*.csv", "data/feb/x"),
    "shut above": (lambda data: data.chmod(0), "data/deals*.csv", "data"),
}


@pytest.mark.parametrize("case", UNMET)
def test_what_fits_and_cannot_be_read_is_told_by_its_name(case: str, open_folder: Path) -> None:
    put, pattern, name = UNMET[case]
    data = open_folder / "data"
    (data / "jan").mkdir(parents=True)
    for there in (data, data / "jan"):
        (there / "deals.csv").write_text(DEALS, encoding="utf-8")
    put(data)
    text = f"version: 1\nsource: {{files: {{deals: '{pattern}'}}}}\n"
    (open_folder / "reportspec.yaml").write_text(text, encoding="utf-8")
    load_project(open_folder / "reportspec.yaml", {})  # what Python has still to import, others may not read
    try:
        with without_rights():
            _, document = load_project(open_folder / "reportspec.yaml", {})
            (told,) = [problem for problem in document.problems if problem.severity == "error"]
            assert told.code == "unreadable-file"
            assert f"`{name}`" in told.message or f"`data/{name}`" in told.message
            assert told.help
            assert told.span is not None
            with pytest.raises(NoStart):
                _files([str(open_folder / pattern)])
    finally:
        for folder in (data, data / "feb", data / "feb" / "x"):
            if folder.is_dir():
                folder.chmod(0o755)


def test_a_name_with_signs_of_patterns_is_advised_as_its_pattern(tmp_path: Path) -> None:
    for name in ("deals[1].csv", "a*b?.csv"):
        (tmp_path / name).write_text(DEALS, encoding="utf-8")
        text = f"version: 1\nsource: {{files: {{deals: '{name}'}}}}\n"
        (tmp_path / "reportspec.yaml").write_text(text, encoding="utf-8")
        _, document = load_project(tmp_path / "reportspec.yaml", {})
        advised = [str(one.help).split("`")[1] for one in document.problems if one.code == "file-not-found"]
        for pattern in advised:
            assert matched(tmp_path, pattern).files == (tmp_path / name,)
        assert advised or matched(tmp_path, name).files == (tmp_path / name,)
        assert _files([str(tmp_path / name)]) == [tmp_path / name]


def test_init_misses_nothing_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_text(DEALS, encoding="utf-8")
    (tmp_path / "notes.md").symlink_to("gone.md")  # of no kind that is read
    (tmp_path / "folder").mkdir()
    assert _files([str(tmp_path)]) == [tmp_path / "deals.csv"]
    (tmp_path / "users.csv").symlink_to("gone.csv")
    with pytest.raises(NoStart, match=r"users\.csv"):
        _files([str(tmp_path)])


def test_folders_that_fit_and_hold_nothing_else_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a" / "b.csv").mkdir(parents=True)
    (tmp_path / "a" / "b.csv" / "part.csv").write_text(DEALS, encoding="utf-8")
    (tmp_path / "latest").symlink_to("a")  # whose files are read already
    for pattern in ("**/*.csv", "**/*", "**", "a/**/*", "*/**/part.csv"):
        met = matched(tmp_path, pattern)
        assert [*{file.resolve() for file in met.files}] == [tmp_path / "a" / "b.csv" / "part.csv"], pattern
        assert not met.unmet, pattern
    (tmp_path / "a" / "b.csv" / "part.csv").rename(tmp_path / "a" / "b.csv" / "part-0")
    assert [one.path for one in matched(tmp_path, "**/*.csv").unmet] == [tmp_path / "a" / "b.csv"]


def test_patterns_mean_what_the_shell_means(tmp_path: Path) -> None:
    """Against all paths of random trees of files, part by part."""
    drawn = random.Random(7)
    names = ["a", "b", "ab", "a.csv", "b.csv", "[a", ".a"]
    for number in range(30):
        root = tmp_path / str(number)
        for _ in range(6):
            path = root.joinpath(*(drawn.choice(names[:3]) for _ in range(drawn.randrange(3))), drawn.choice(names[3:]))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("", encoding="utf-8")
        paths = [Path(folder, file).relative_to(root) for folder, _, files in os.walk(root) for file in files]
        for pattern in ("*.csv", "*/*.csv", "a*/?.csv", "**/*.csv", "[ab]/**/[!b]*", "a/*", "**/b/*", "[[]a", "*/../*"):
            fitting = {root / path for path in paths if fits(path.parts, tuple(pattern.split("/")))}
            if ".." not in pattern:
                assert set(matched(root, pattern).files) == fitting, pattern
            assert set(matched(root, str(root / pattern)).files) == set(matched(root, pattern).files)


def fits(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern or not parts:
        return not pattern and not parts
    if pattern[0] == "**":
        return fits(parts, pattern[1:]) or fits(parts[1:], pattern)
    return fnmatch.fnmatchcase(parts[0], pattern[0]) and fits(parts[1:], pattern[1:])
