"""The guide to one's own catalogue builds what it says: its files are taken from the page."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

RunCli = Callable[..., subprocess.CompletedProcess[str]]
FILE = re.compile(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def project(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The guide's project, as its reader would have it in the end."""
    folder = tmp_path_factory.mktemp("bikes")
    page = (checkout / "docs" / "own.md").read_text(encoding="utf-8")
    for name, text in FILE.findall(page):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_the_figures_are_those_of_the_page(project: Path, run_cli: RunCli) -> None:
    done = run_cli(["query", "specs/summer.yaml", "--format", "json"], cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr
    sections = {each["id"]: each["rows"] for each in json.loads(done.stdout)["sections"]}
    # By hand: 24 + 90 + 45 + 8 + 20 x 0.9; hours 3, 48, 12, 1 and 2.5.
    [headline] = sections["headline"]
    assert headline["rentals_count"] == 5
    assert headline["purchases_amount"] == pytest.approx(185.0)
    assert headline["rental_hours"] == pytest.approx(66.5 / 5)
    assert headline["regulars_count"] == 2
    by_bike = {row["order_.bike"]: row for row in sections["by_bike"]}
    assert by_bike["city"]["rental_hours"] == pytest.approx(6.5 / 3)
    assert by_bike["city"]["rental_hours.long"] is None
    assert by_bike["race"]["rental_hours.long"] == pytest.approx(30.0)
    spent = [(row["regular.customer_id"], row["regular.rentals"], row["regular.spent"]) for row in sections["renters"]]
    assert spent == [("Bo", 2, 108.0), ("Ada", 3, 77.0)]


def test_the_report_builds(project: Path, run_cli: RunCli) -> None:
    done = run_cli(["build", "specs/summer.yaml", "--out", "out"], cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (project / "out" / "summer.pdf").read_bytes().startswith(b"%PDF")


def test_a_mistake_is_named_by_file_and_line(project: Path, run_cli: RunCli) -> None:
    file = project / "metrics" / "rentals.yaml"
    right = file.read_text(encoding="utf-8")
    file.write_text(right.replace("order_.ended_at", "order_.endet_at"), encoding="utf-8")
    try:
        done = run_cli(["validate", "specs/summer.yaml"], cwd=project)
    finally:
        file.write_text(right, encoding="utf-8")
    assert done.returncode == 1
    assert "metrics/rentals.yaml:9:" in done.stdout + done.stderr
    assert "did you mean `order_.ended_at`?" in done.stdout + done.stderr
