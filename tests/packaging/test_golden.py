"""The mechanism of kept files: it tells what changed, keeps it when told to, and only where that is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import golden as module
from tests.golden import Golden


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one place."""
    monkeypatch.setattr(module, "CHECKOUT", tmp_path)
    monkeypatch.setattr(module, "PLACES", ("kept",))
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "a.txt").write_text("old\n", encoding="utf-8")
    return tmp_path / "kept"


def test_another_text_is_told_and_stays(folder: Path) -> None:
    with pytest.raises(AssertionError, match=r"kept/a\.txt: `make snapshots`"):
        Golden(approve=False).text("new\n", folder / "a.txt")
    with pytest.raises(AssertionError, match=r"kept/b\.txt is not there"):
        Golden(approve=False).text("new\n", folder / "b.txt")
    assert (folder / "a.txt").read_text(encoding="utf-8") == "old\n"


def test_approved_it_is_kept(folder: Path) -> None:
    Golden(approve=True).text("new\n", folder / "a.txt")
    assert (folder / "a.txt").read_text(encoding="utf-8") == "new\n"


def test_approved_what_no_case_has_any_more_is_gone(folder: Path) -> None:
    (folder / "b.txt").touch()
    with pytest.raises(AssertionError):
        Golden(approve=False).only(["b"], folder, "*.txt")
    Golden(approve=True).only(["b"], folder, "*.txt")
    assert [path.name for path in folder.iterdir()] == ["b.txt"]


def test_nothing_is_kept_where_nobody_looks(folder: Path) -> None:
    with pytest.raises(AssertionError, match="in none of PLACES"):
        Golden(approve=True).text("new\n", folder.parent / "a.txt")
    assert not (folder.parent / "a.txt").exists()


def test_every_place_is_there(checkout: Path) -> None:
    assert [place for place in module.PLACES if not (checkout / place).exists()] == []
