"""What the terminal shows of long texts of the data: the beginning. Programs get all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reportspec.burst.burst import run_each
from reportspec.compile import compile_report
from reportspec.formats.csv_text import as_csv
from reportspec.formats.json_text import as_json
from reportspec.formats.terminal import as_table
from reportspec.timings import Timings
from tests.contract.test_goal_members import DEALS, NOW, USERS, project
from tests.figures.asking import figures
from tests.loading import load_report

LONG = "L" * 2900
SPEC: dict[str, Any] = {"report": "custom", "period": "2026-04", "metrics": ["won_amount"], "group_by": ["user.name"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    project(tmp_path)
    (tmp_path / "users.csv").write_text(USERS.replace("Ada", LONG), "utf-8")
    (tmp_path / "deals.csv").write_text(DEALS.replace("Web", LONG), "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "filters",
    [
        [],
        [{"field": "user.name", "in": ["M" * 2000, *(f"name {n}" for n in range(2000))]}],
        [{"field": "deal.source", "contains": "L" * 1500}],
    ],
)
def test_no_line_is_long(folder: Path, filters: list[Any]) -> None:
    found = figures(folder, {**SPEC, **({"filters": filters} if filters else {})}, NOW)
    assert max(map(len, as_table(found).splitlines())) <= 510
    if not filters or "in" not in filters[0]:
        assert LONG in as_json(found)
        assert LONG in as_csv(found)


def test_the_value_of_for_each(folder: Path) -> None:
    path = folder / "asked.yaml"
    path.write_text(json.dumps({"version": 1, **SPEC, "for_each": "user.name"}), "utf-8")
    checked = load_report(path, NOW, {})
    assert checked.report is not None
    made = run_each(compile_report(checked.report), Timings())
    [one] = [found for value, found in made if value.value == LONG]
    shown = as_table(one)
    assert max(map(len, shown.splitlines())) <= 510
    assert "LLL…" in shown
