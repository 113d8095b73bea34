"""The program as its users run it: in a process of its own, with a clock that stands still."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

NOW = "2026-11-01T12:00:00Z"
PROJECT = "version: 1\nsource: demo\ntimezone: Europe/Rome\nlocale: en_GB\ncurrency: EUR\n"
Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def run(run_cli: Callable[..., Done]) -> Callable[..., Done]:
    """Return a function that runs the program; no run may print a traceback or admit a bug."""

    def call(*args: str | Path, env: dict[str, str] | None = None, **kwargs: Any) -> Done:
        done = run_cli(args, env={"REPORTSPEC_NOW": NOW, **(env or {})}, **kwargs)
        said = done.stdout + done.stderr
        assert "Traceback" not in said, said
        assert "has a bug" not in said, said
        assert done.returncode in (0, 1, 2), said
        return done

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project over the demo, with one good spec, `good.yaml`."""
    (tmp_path / "reportspec.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "good.yaml").write_text("version: 1\nreport: pipeline\nperiod: 2026-Q3\n", encoding="utf-8")
    return tmp_path
