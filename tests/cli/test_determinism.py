"""The same spec gives the same bytes, whatever the process, its time zone, language or hash seed.

Slow: builds each report in several processes, as only a new one has another hash seed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Draw

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]
WORLDS = {
    "rome": {"TZ": "Europe/Rome", "PYTHONHASHSEED": "0"},
    "auckland": {"TZ": "Pacific/Auckland", "PYTHONHASHSEED": "1", "LC_ALL": "C"},
    "los angeles": {"TZ": "America/Los_Angeles", "PYTHONHASHSEED": "4711", "LANG": "de_DE.UTF-8"},
}


def some(draw: Draw, number: int) -> list[dict[str, str]]:
    """By day two of the worlds, others for the next test; by night all."""
    worlds = [*WORLDS.values()]
    return [worlds[(number + at) % len(worlds)] for at in range(draw.rounds(2, len(worlds)))]


# Filters and goals; a period that is still running; Italian.
BUILT = ["q3", "forecast", "profitability"]
# With lists of records, funnels, breakdowns with others, and params besides.
ASKED = [*BUILT, "custom", "leads", "lost_deals"]


@pytest.fixture
def specs(checkout: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkout / "specs", tmp_path / "specs"))


@pytest.mark.slow
def test_pdf(specs: Path, run: Run, draw: Draw) -> None:
    """In whatever company, too: one world builds a report first and the next one after another report.

    Slow: each is built twice, in processes of their own."""
    found: dict[str, set[bytes]] = {name: set() for name in BUILT}
    for number, env in enumerate(WORLDS.values()):
        asked = [*BUILT[number:], *BUILT[:number]][: draw.rounds(2, len(BUILT))]
        done = run("build", *(f"{name}.yaml" for name in asked), "-o", f"out{number}", cwd=specs, env=env, timeout=300)
        assert done.returncode == 0, done.stderr
        for name in asked:
            found[name].add((specs / f"out{number}" / f"{name}.pdf").read_bytes())
    assert {name: len(files) for name, files in found.items()} == dict.fromkeys(BUILT, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "args"),
    [
        pytest.param(0, ("query", "--format", "json"), id="figures"),
        pytest.param(1, ("query", "--format", "table"), id="table"),
        pytest.param(2, ("compile",), id="sql"),
    ],
)
def test_figures_and_sql_of_all_specs(number: int, args: tuple[str, ...], specs: Path, run: Run, draw: Draw) -> None:
    """By day the statements of half of them, the figures of those whose PDFs are not held against each other, and as a
    table, which is made of the same figures, of one; by night of all.

    Slow: reports are made in processes of their own."""
    command, *options = args
    said = set()
    asked = [f"{name}.yaml" for name in (ASKED[len(BUILT) :], ["leads"], ASKED)[number]]
    if draw.night:
        asked = ["."]
    for env in some(draw, number):
        done = run(command, *asked, *options, cwd=specs, env=env, timeout=300)
        assert done.returncode == 0, done.stderr
        said.add(done.stdout)
    assert len(said) == 1


def test_mistakes_are_told_in_one_order(folder: Path, run: Run) -> None:
    (folder / "bad.yaml").write_text(
        "version: 1\nreport: pipelin\nmetrics: [a, b, c]\ngroup_by: [x.y, user.nam]\nnope: 1\nperiod: 2026-13\n",
        encoding="utf-8",
    )
    said = {run("validate", "bad.yaml", cwd=folder, env=env).stderr for env in WORLDS.values()}
    assert len(said) == 1
    assert said.pop().count("error[") >= 6


def test_catalog_and_schemas(folder: Path, run: Run, draw: Draw) -> None:
    for number, args in enumerate((["catalog", "--format", "json"], ["catalog", "goals"], ["schema", "mapping"])):
        said = {run(*args, cwd=folder, env=env).stdout for env in some(draw, number)}
        assert len(said) == 1


def test_the_clock_is_the_given_one(folder: Path, run: Run) -> None:
    """Periods such as `last_month` follow REPORTSPEC_NOW, in the report's time zone."""
    (folder / "month.yaml").write_text(
        "version: 1\nperiod: last_month\nsections: [{id: k, kpis: [won_deals_count]}]\n",
        encoding="utf-8",
    )
    starts = {}
    # Half an hour before and after midnight in Rome, which is an hour ahead since 25 October.
    for now in ("2026-10-31T22:30:00Z", "2026-10-31T23:30:00Z"):
        done = run("query", "month.yaml", "--format", "json", cwd=folder, env={"REPORTSPEC_NOW": now})
        assert done.returncode == 0, done.stderr
        starts[now] = '"from": "2026-09-01"' in done.stdout
    assert list(starts.values()) == [True, False]
