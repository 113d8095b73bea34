"""The true values that come with the Zoho data, which were computed without this project."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.xdist_group("zoho-expected")

PROJECT = Path(__file__).parent / "project"
SPEC = """\
version: 1
period: {from: 2018-01-01, to: 2021-12-31}
sections:
  - {id: stages, breakdown: {metrics: [deals_count, deals_amount], by: [stage.name]}}
  - {id: headline, kpis: [close_rate, sales_cycle_days]}
  - {id: owners, breakdown: {metrics: [won_deals_count, won_amount], by: [user.name]}}
  - id: sources
    breakdown: {metrics: [deals_count, won_deals_count, avg_won_amount], by: [deal.source]}
"""

Rows = Sequence[Mapping[str, Any]]


@pytest.fixture(scope="module")
def expected(shared_data: Path) -> dict[str, Any]:
    """What `expected.json` says of the Zoho data, by name."""
    data = json.loads((shared_data / "expected.json").read_text(encoding="utf-8"))
    return {name: each["value"] for name, each in data["expected"]["zoho(open)"].items()}


@pytest.fixture(scope="module")
def figures(
    shared_data: Path, run_cli: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Rows]:
    """The rows of SPEC's sections by id, over the whole export."""
    project = tmp_path_factory.mktemp("zoho") / "project"
    shutil.copytree(PROJECT, project)
    spec = project / "specs" / "expected.yaml"
    spec.write_text(SPEC, encoding="utf-8")
    env = {"ZOHO_DATA": str(shared_data / "zoho_crm_demo")}
    done = run_cli(["query", spec, "--format", "json"], cwd=project, env=env)
    assert done.returncode == 0, done.stderr
    return {each["id"]: each["rows"] for each in json.loads(done.stdout)["sections"]}


def by(rows: Rows, dimension: str) -> dict[str | None, Mapping[str, Any]]:
    return {row[dimension]: row for row in rows}


def test_by_stage(figures: dict[str, Rows], expected: dict[str, Any]) -> None:
    found = {
        stage: (row["deals_count"], row["deals_amount"]) for stage, row in by(figures["stages"], "stage.name").items()
    }
    assert found == {each["stage"]: (each["n"], each["amount"]) for each in expected["by_stage"]}


def test_win_rate(figures: dict[str, Rows], expected: dict[str, Any]) -> None:
    assert round(100 * figures["headline"][0]["close_rate"], 4) == expected["win_rate"]


def test_average_cycle_of_won_deals(figures: dict[str, Rows], expected: dict[str, Any]) -> None:
    days = next(v for k, v in expected["avg_cycle_days_won"][0].items() if k.startswith("round("))
    assert round(figures["headline"][0]["sales_cycle_days"], 4) == days


def test_won_by_owner(figures: dict[str, Rows], expected: dict[str, Any]) -> None:
    found = {
        owner: (row["won_deals_count"], row["won_amount"]) for owner, row in by(figures["owners"], "user.name").items()
    }
    assert found == {each["o"]: (each["n"], each["amount"]) for each in expected["won_by_owner"]}


def test_by_lead_source(figures: dict[str, Rows], expected: dict[str, Any]) -> None:
    found = {
        source: (row["deals_count"], row["won_deals_count"], round(row["avg_won_amount"], 4))
        for source, row in by(figures["sources"], "deal.source").items()
    }
    assert found == {each["s"]: (each["deals"], each["won"], each["avg_won"]) for each in expected["by_lead_source"]}
