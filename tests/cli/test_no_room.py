"""What commands say that cannot write what they were asked for: the place once, why, and what to do."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

from reportspec import files
from tests.bad_data.cases import Given
from tests.conftest import RunCli

COMMANDS = {
    "audit": ["audit"],
    "audit to a file": ["audit", "-o", "a.txt"],
    "build": ["build", "s.yaml", "--format", "html"],
    "build to a folder": ["build", "s.yaml", "--format", "csv", "-o", "made"],
    "diff": ["diff", "s.yaml", "--against-period", "2026-Q2", "-o", "d.md"],
    "export": ["export", "ossie", "-o", "o.yaml"],
    "fmt": ["fmt", "s.yaml"],
    "forecast": ["forecast", "-o", "f.txt"],
    "init": ["init", "deals.csv", "--into", "begun", "--yes"],
    "schema": ["schema", "--project", ".", "-o", "schemas"],
}
PATHS = re.compile(r"[\w./-]*[./][\w./-]*\w")


@pytest.mark.parametrize("command", COMMANDS)
def test_what_cannot_be_written(command: str, tmp_path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    Given().write(tmp_path)
    code, why = (errno.EACCES, "may") if command in ("audit", "schema") else (errno.ENOSPC, "room")

    def refuse(path: Path, *rest: object) -> Path:
        raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setattr(files, "_part_of", refuse)
    done = run_cli(COMMANDS[command], tmp_path, {"REPORTSPEC_NOW": "2026-11-01T12:00:00Z"})
    lines = done.stderr.splitlines()
    heads = [line for line in lines if os.strerror(code).lower() in line.lower()]
    assert done.returncode != 0
    assert len(heads) == 1, done.stderr
    named = PATHS.findall(heads[0])
    assert [path for at, path in enumerate(named) if any(path in other for other in named[at + 1 :])] == []
    assert heads[0].casefold().count(os.strerror(code).casefold()) == 1
    help = lines[lines.index(heads[0]) + 1]
    assert help.startswith("  help: ")
    assert why in help or command in ("fmt", "init")
