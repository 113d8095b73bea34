"""Tables without a column that names their records, and the instructions for agents."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from click import Context

from reportspec import files
from reportspec.cli import cli
from reportspec.onboarding.project_files import AGENTS, written
from tests.conftest import RunCli

ROWS = 30
COMMAND = re.compile(r"`reportspec ([^`]*)`", re.DOTALL)


def test_rows_that_stand_there_twice_are_told_of_where_nothing_names_records(run_cli: RunCli, tmp_path: Path) -> None:
    lines = [
        f"Deal {at},{'won' if at % 3 else 'open'},{1000 + at * 7},2026-0{1 + at % 8}-{10 + at % 15},"
        f"{f'2026-09-{10 + at % 15}' if at % 3 else ''},{('Ada', 'Bo')[at % 2]}"
        for at in range(ROWS)
    ]
    head = "name,status,amount,created,closed,owner"
    text = "\n".join([head, *lines, *lines[:12]]) + "\n"
    (tmp_path / "opportunities.csv").write_text(text, encoding="utf-8")
    now = {"REPORTSPEC_NOW": "2026-11-01T12:00:00Z"}
    made = run_cli(["init", "opportunities.csv", "--into", "p", "--yes"], cwd=tmp_path, env=now)
    assert made.returncode == 0, made.stderr
    mapping = (tmp_path / "p" / "mapping.yaml").read_text(encoding="utf-8")
    assert "key" not in yaml.safe_load(mapping)["entities"]["deal"]
    [line] = [line for line in mapping.splitlines() if "# key: …" in line]
    assert "# CONFIRM (no column says which record a row is of" in line
    assert "12 rows are the same as another" in line
    assert "deal: key: no column says which record a row is of" in made.stdout + made.stderr


def test_a_disk_that_is_full_leaves_no_half_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = files._part_of

    def full(path: Path, data: bytes) -> Path:
        if path.name == "c":
            raise OSError(28, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(files, "_part_of", full)
    with pytest.raises(OSError, match="No space"):
        written(tmp_path, {"a": "1", "b": "2", "c": "3", "d": "4"})
    assert not list(tmp_path.iterdir())


def test_commands_that_agents_are_told_of_can_be_given() -> None:
    """All of them are parsed as the command line parses them; paths stand for what they name."""
    found = [" ".join(text.split()) for text in COMMAND.findall(AGENTS)]
    assert len(found) >= 7
    for text in found:
        name, *arguments = text.split()
        command = cli.get_command(Context(cli), name)
        assert command is not None, name
        own = [{"SPEC": __file__, "specs": "."}.get(argument, argument) for argument in arguments]
        command.make_context(name, own, resilient_parsing=False)
