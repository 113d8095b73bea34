"""A file of one's own catalogue in which nothing stands is told, and stops nothing: a shell makes one before the command
that prints into it has begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import RunCli


@pytest.mark.parametrize("text", ["", "# soon\n", "\n\n"])
@pytest.mark.parametrize("folder", ["audits", "entities", "metrics", "report_types"])
def test_it_is_told_and_passed_over(tmp_path: Path, run_cli: RunCli, folder: str, text: str) -> None:
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\n", encoding="utf-8")
    (tmp_path / "q3.yaml").write_text("version: 1\nmetrics: [won_amount]\nperiod: 2026-Q3\n", encoding="utf-8")
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "new.yaml").write_text(text, encoding="utf-8")
    for command in (["validate", "q3.yaml"], ["explain", "q3.yaml", "won_amount"], ["catalog", "metrics"]):
        done = run_cli(command, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        if command[0] == "validate":
            assert "warning[empty-file]: the file is empty" in done.stderr
            assert f"{folder}/new.yaml:1:1" in done.stderr
            assert "it is passed over" in done.stderr
