"""What is printed nowhere is no success."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reportspec.check import project
from tests.conftest import CHECKOUT


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ("query a.yaml", "the figures"),
        ("compile a.yaml", "the statements"),
        ("catalog metrics", "the catalogue"),
        ("schema", "the schema"),
        ("status", "the list"),
    ],
)
def test_a_closed_output(asked: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\ntimezone: UTC\ncurrency: EUR\n", "utf-8")
    (tmp_path / "a.yaml").write_text("version: 1\nperiod: 2026-Q3\nmetrics: [won_amount]\n", "utf-8")
    command = f'PYTHONPATH="{CHECKOUT}" exec "{sys.executable}" -m reportspec {asked} >&-'
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (1, f"there is no standard output to print {what} to\n")


def test_a_folder_that_may_not_be_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root all may be: so the refusal is made here."""

    def refused(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    assert project._near(tmp_path, "data/deals.csv") == "there is no folder `data` beside the project file"
    monkeypatch.setattr(Path, "iterdir", refused)
    help = project._near(tmp_path, "data/deals.csv")
    assert help == "you may not look into the folder `data`: its rights do not let this user in"
