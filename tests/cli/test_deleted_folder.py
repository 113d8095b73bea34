"""A command in a folder that was deleted says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use cannot be deleted there")
@pytest.mark.parametrize("command", ["fmt .", "query {}/s.yaml"])
def test_a_deleted_folder_is_told(command: str, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    paths = repr([path for path in sys.path if path])
    program = (
        f"import os, sys; sys.path[:] = {paths}; os.chdir({str(tmp_path / 'gone')!r}); os.rmdir(os.getcwd());"
        f"sys.argv = ['reportspec', *{command.format(tmp_path).split()!r}]; from reportspec.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "the folder in which this runs was deleted" in done.stderr
