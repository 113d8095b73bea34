"""Any run can be made again as of its day, and nothing is built of made-up data by mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import RunCli

SPEC = "version: 1\ntitle: Last month\nperiod: last_month\nmetrics: [won_deals_count]\n"


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """A spec of a project over the demo, far in the east."""
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: demo\ntimezone: Pacific/Auckland\ncurrency: EUR\n"
        'deliver: {from: a@example.com, allow: ["@example.com"]}\n'
    )
    (tmp_path / "s.yaml").write_text(SPEC + "deliver: {to: a@example.com}\n")
    return tmp_path / "s.yaml"


@pytest.mark.parametrize(
    ("day", "start"),
    [("2026-10-31", "2026-09-01"), ("2026-11-01", "2026-10-01"), ("2026-02-28", "2026-01-01")],
)
def test_the_day_is_one_of_the_reports_zone(demo: Path, run_cli: RunCli, day: str, start: str) -> None:
    """The whole of it: at noon of 31 October in UTC it is November in Auckland."""
    done = run_cli(["query", demo, "--format", "json", "--today", day], env={"REPORTSPEC_NOW": "2020-01-01"})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["period"]["from"] == start


def test_every_command_that_reads_the_clock_takes_it(demo: Path, run_cli: RunCli) -> None:
    for command in (["validate"], ["compile"], ["query"], ["build", "--format", "csv"], ["send", "--dry-run"]):
        done = run_cli([*command, "--today", "2026-10-31", demo], cwd=demo.parent)
        assert done.returncode == 0, (command, done.stderr)
    made = next((demo.parent / "out").glob("*.eml")).read_text()
    assert "Date: Sat, 31 Oct 2026 23:59:59 +1300" in made
    for wrong in ("2026-13-01", "31.10.2026", "0001-01-01", ""):
        assert run_cli(["validate", "--today", wrong, demo]).returncode == 2, wrong


@pytest.mark.parametrize("command", ["validate", "compile", "query", "build", "send"])
def test_the_demo_is_never_a_default(tmp_path: Path, run_cli: RunCli, command: str) -> None:
    """Nowhere is a report of made-up data made unless somebody asked for it."""
    (tmp_path / "s.yaml").write_text(SPEC)
    done = run_cli([command, "s.yaml"], cwd=tmp_path)
    assert done.returncode == 1
    assert "error[no-project]: there is no project file `reportspec.yaml`" in done.stderr
    assert "`source: demo`" in done.stderr
    (tmp_path / "reportspec.yaml").write_text("version: 1\ncurrency: EUR\n")
    done = run_cli([command, "s.yaml"], cwd=tmp_path)
    assert done.returncode == 1
    assert "the project names no `source`" in done.stderr
    assert "write `demo`" in done.stderr


def test_a_variable_that_is_empty_is_no_demo(tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "s.yaml").write_text(SPEC)
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: ${NOWHERE:-}\n")
    done = run_cli(["query", "s.yaml"], cwd=tmp_path)
    assert done.returncode == 1
    assert "reportspec.yaml:2:9" in done.stderr


def test_what_there_is_can_be_listed_anywhere(tmp_path: Path, run_cli: RunCli) -> None:
    """And the installation looked at."""
    assert "won_amount" in run_cli(["catalog", "metrics"], cwd=tmp_path).stdout
    done = run_cli(["doctor"], cwd=tmp_path)
    assert done.returncode == 0
    assert "note     project" in done.stdout


def test_a_date_before_the_period_is_refused(demo: Path, run_cli: RunCli) -> None:
    text = "version: 1\nperiod: 2026-Q3\nmetrics: [won_deals_count]\n"
    # The end of 30 June is the beginning of the quarter: what was known when it began.
    for day, code in (("2026-06-29", 1), ("2026-01-01", 1), ("2026-06-30", 0), ("2027-01-01", 0)):
        demo.write_text(f"{text}as_of: {day}\n")
        done = run_cli(["validate", demo])
        assert done.returncode == code, day
        assert ("`as_of` lies before the period, which begins on 2026-07-01" in done.stderr) == bool(code)
