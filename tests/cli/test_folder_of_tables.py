"""What an earlier build left in the folder of a form with a file for each table."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportspec.cli.folder_of_tables import FolderOfTables
from tests.conftest import RunCli

PROJECT = "version: 1\nsource: demo\ntimezone: Europe/Rome\ncurrency: EUR\n"
TILES = "version: 1\ntitle: Won\nperiod: 2026-Q3\nmetrics: [won_amount]\n"
GROUPED = TILES + "group_by: [user.name]\n"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def test_files_of_an_earlier_build_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    FolderOfTables(folder, {"01-a.csv": b"a", "02-b.csv": b"b", "03-c.csv": b"c"}).write()
    (folder / "03-c.csv").write_bytes(b"c, and what somebody wrote below")
    (folder / "04-mine.csv").write_bytes(b"mine")
    (folder / "notes.txt").write_bytes(b"mine")
    made = FolderOfTables(folder, {"01-a.csv": b"A"})
    made.write()
    assert names(folder) == {"01-a.csv", "03-c.csv", "04-mine.csv", "notes.txt"}
    assert made.others == ["03-c.csv", "04-mine.csv"]
    assert (folder / "01-a.csv").read_bytes() == b"A"
    FolderOfTables(folder, {"05-d.csv": b"d"}).write()
    assert names(folder) == {"03-c.csv", "04-mine.csv", "05-d.csv", "notes.txt"}


@pytest.mark.parametrize("listed", ["[]", "no JSON", '{"../02-b.csv": "x", "02-b.csv": 7}', '{"02-b.csv": "0"}'])
def test_a_list_that_is_none_removes_nothing(listed: str, tmp_path: Path) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    for path in (tmp_path / "02-b.csv", folder / "02-b.csv"):
        path.write_bytes(b"b")
    (folder / ".reportspec.json").write_text(listed, encoding="utf-8")
    FolderOfTables(folder, {"01-a.csv": b"a"}).write()
    assert (tmp_path / "02-b.csv").exists()
    assert names(folder) == {"01-a.csv", "02-b.csv"}


def test_a_link_is_left_alone(tmp_path: Path) -> None:
    folder, other = tmp_path / "x", tmp_path / "other.csv"
    FolderOfTables(folder, {"01-a.csv": b"a", "02-b.csv": b"b"}).write()
    other.write_bytes(b"b")
    (folder / "02-b.csv").unlink()
    (folder / "02-b.csv").symlink_to(other)
    FolderOfTables(folder, {"01-a.csv": b"a"}).write()
    assert (folder / "02-b.csv").is_symlink()


def test_building_twice(tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "reportspec.yaml").write_text(PROJECT, encoding="utf-8")
    built = []
    for spec in (GROUPED, TILES):
        (tmp_path / "a.yaml").write_text(spec, encoding="utf-8")
        done = run_cli(["build", "a.yaml", "--format", "csv"], cwd=tmp_path)
        assert (done.returncode, "other-files" in done.stderr) == (0, False), done.stderr
        built.append(names(tmp_path / "out" / "a"))
    assert len(built[1]) < len(built[0])
    (tmp_path / "out" / "a" / "09-mine.csv").write_text("mine")
    done = run_cli(["build", "a.yaml", "--format", "csv"], cwd=tmp_path)
    assert "warning[other-files]" in done.stderr
    assert "`09-mine.csv`" in done.stderr
    assert names(tmp_path / "out" / "a") == built[1] | {"09-mine.csv"}
