"""What is kept of packaged YAML says what the YAML says."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from reportspec import prepared as module
from reportspec.catalogue import load
from reportspec.files import packaged
from reportspec.languages import _loaded, languages
from reportspec.prepared import prepared

TEXT = b"a: [1, 2.5, yes, null]\n"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where everything is kept that is made in a test."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "kept"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path / "kept"


def kept(place: Path, folder: str) -> list[Path]:
    """What is kept of the files of a folder; modules that are imported meanwhile are kept there too."""
    return [path for path in place.rglob("*") if path.is_file() and path.parent.name == folder]


CALLS: list[str] = []


def made(text: bytes, name: str) -> Any:
    CALLS.append(name)
    return load._read(text, name)


@pytest.mark.parametrize(
    "folder", ["aims", "audits", "crms", "duplicates", "entities", "lists", "metrics", "reports", "synonyms"]
)
def test_files_of_the_catalogue(folder: str, place: Path) -> None:
    paths = sorted(packaged("catalogue", folder).glob("*.yaml"))
    assert paths
    for path in paths:
        text = path.read_bytes()
        said = load._read(text, path.name)
        assert prepared(path, text, load._read) == said
        again = prepared(path, text, load._read)
        assert again == said
        assert repr(again) == repr(said)  # also of which type, and in which order
    assert len(kept(place, folder)) == len(paths)


def test_words_of_languages(place: Path) -> None:
    for language in languages():
        path = packaged("languages", f"{language}.yaml")
        text = path.read_bytes()
        first, again = (prepared(path, text, _loaded) for _ in range(2))
        assert repr(first) == repr(again) == repr(_loaded(text, path.name))
    assert {path.name.partition(".")[0] for path in kept(place, "languages")} >= set(languages())


def test_it_is_made_once_and_is_the_callers_own(place: Path) -> None:
    CALLS.clear()
    first = prepared(Path("/x/some.yaml"), TEXT, made)
    first["a"].append("more")
    again = prepared(Path("/x/some.yaml"), TEXT, made)
    again["b"] = 1
    assert prepared(Path("/x/some.yaml"), TEXT, made) == {"a": [1, 2.5, "yes", None]}
    assert CALLS == ["some.yaml"]


def test_another_text_under_the_same_name_is_made_anew() -> None:
    path = Path("/x/some.yaml")
    assert prepared(path, TEXT, made)["a"][0] == 1
    assert prepared(path, TEXT.replace(b"1", b"7"), made)["a"][0] == 7
    assert prepared(path, TEXT, made)["a"][0] == 1


def test_what_other_code_made_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path("/x/some.yaml")
    prepared(path, TEXT, made)
    CALLS.clear()
    monkeypatch.setattr(module, "_code", lambda file: b"other")
    prepared(path, TEXT, made)
    assert CALLS == ["some.yaml"]


@pytest.mark.parametrize("there", [b"", b"\0", b"{}", b"[1]", b"\xe9" * 40, b"(\x03\x00\x00\x00N"])
def test_whatever_else_lies_there_is_made_anew(there: bytes, place: Path) -> None:
    path = Path("/x/some.yaml")
    said = prepared(path, TEXT, made)
    [file] = kept(place, "x")
    whole = file.read_bytes()
    for data in (there, whole[: len(whole) // 2], whole[:-1]):
        file.write_bytes(data)
        assert prepared(path, TEXT, made) == said
        assert file.read_bytes() == whole


def test_nothing_is_kept_where_python_keeps_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert prepared(Path("/x/some.yaml"), TEXT, made) == {"a": [1, 2.5, "yes", None]}
    monkeypatch.setattr(sys.implementation, "cache_tag", None)
    assert prepared(Path("/x/some.yaml"), TEXT, made) == {"a": [1, 2.5, "yes", None]}
    assert kept(place, "x") == []


def test_where_nothing_may_be_written_it_is_read_each_time(place: Path) -> None:
    place.write_text("a file where a folder would have to be")
    for _ in range(2):
        assert prepared(Path("/x/some.yaml"), TEXT, made) == {"a": [1, 2.5, "yes", None]}
