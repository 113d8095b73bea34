"""A bug that one spec meets ends the work on that spec and on no other, whichever command goes through them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reportspec import stopping
from reportspec.check import report as check_report
from tests.conftest import RunCli

COMMANDS = {
    "validate": ["validate"],
    "compile": ["compile"],
    "query": ["query"],
    "build": ["build", "--format", "csv", "-o", "out"],
    "send": ["send", "--dry-run", "-o", "out"],
}
SPEC = "version: 1\nperiod: 2026-Q3\nmetrics: [won_amount]\ndeliver: {to: anna@example.com, attach: []}\n"


@pytest.fixture
def folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three sound specs, at the second of which the program fails."""
    real = check_report.check_document
    (folder / "good.yaml").unlink()
    with (folder / "reportspec.yaml").open("a", encoding="utf-8") as project:
        project.write("deliver: {smtp: 'smtp://127.0.0.1:9', from: r@example.com, allow: ['@example.com']}\n")
    for name in ("a", "b", "c"):
        (folder / f"{name}.yaml").write_text(SPEC, encoding="utf-8")

    def failing(document: Any, *args: Any, **kwargs: Any) -> Any:
        if document.file.endswith("b.yaml"):
            raise LookupError("what\x1b cannot be")
        return real(document, *args, **kwargs)

    monkeypatch.setattr(check_report, "check_document", failing)
    return folder


@pytest.mark.parametrize("name", COMMANDS)
def test_the_other_specs_are_done_and_the_bug_is_told_at_its_spec(run_cli: RunCli, folder: Path, name: str) -> None:
    done = run_cli([*COMMANDS[name], "."], cwd=folder)
    assert done.returncode == 70
    assert "error[bug]: b.yaml: reportspec has a bug: LookupError: what� cannot be\n  b.yaml:1:1\n" in done.stderr
    assert "Traceback" not in done.stderr
    made = {str(path.relative_to(folder / "out")) for path in (folder / "out").rglob("*") if path.is_file()}
    if name == "validate":
        assert done.stderr.endswith("1 mistake in 1 spec; 2 specs valid\n")
    elif name == "build":
        assert {path.split("/")[0] for path in made} == {"a", "c"}
    elif name == "send":
        assert len(made) == 2
        assert "stopped by a bug: b.yaml" in done.stderr
    else:
        alone = run_cli([*COMMANDS[name], "a.yaml", "c.yaml"], cwd=folder)
        assert (alone.returncode, alone.stdout) == (0, done.stdout)


def test_programs_read_where_it_was(run_cli: RunCli, folder: Path) -> None:
    done = run_cli(["validate", ".", "--messages", "json"], cwd=folder)
    [one] = json.loads(done.stdout)
    assert (done.returncode, one["code"], one["file"], one["line"]) == (70, "bug", "b.yaml", 1)


def test_whoever_asks_for_it_sees_where_in_the_program(run_cli: RunCli, folder: Path) -> None:
    done = run_cli(["validate", "."], cwd=folder, env={"REPORTSPEC_DEBUG": "1"})
    assert "Traceback" in done.stderr
    assert "test_crashes.py" in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_what_came_of_a_signal_is_no_bug(
    command: str, folder: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB ends a statement at a signal, with an error of its own in place of ours."""
    stop = stopping.Stop()
    monkeypatch.setattr(stop, "_heard", 15)
    monkeypatch.setattr(stopping, "_listening", stop)
    assert "has a bug" not in run_cli([*COMMANDS[command], "b.yaml"], cwd=folder).stderr
