"""`reportspec forecast`: what it prints, in its forms, and what it says of mistakes. The figures are those of the section
that `tests/forecasting` proves."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_backtest(run: Run, folder: Path) -> None:
    """As data the table of tests has its errors beside those of the rules, and each past forecast is there."""
    done = run("forecast", folder, "--backtest", "--period", "this_month", "--format", "json", "-o", folder / "t.json")
    assert (done.returncode, done.stdout) == (0, "")
    accuracy, tests, calibration = json.loads((folder / "t.json").read_text())["sections"]
    points = accuracy["rows"]
    assert [round(point["elapsed"], 2) for point in points] == [0.0, 0.02, 0.25, 0.5, 0.75]
    for point in points:
        assert point["shown"]
        assert 0 < max(value for name, value in point.items() if name.startswith("times_")) <= 0.9
    past = tests["rows"][:-1]
    error = sum(abs(one["forecast"] - one["result"]) for one in past) / sum(one["result"] for one in past)
    assert abs(error - points[1]["mean_error"]) < 1e-9
    assert sum(one["held"] for one in past) == points[1]["held"]
    assert (
        sum(row["rated"] for row in calibration["rows"]) >= sum(row["typed_count"] for row in calibration["rows"]) > 0
    )


def test_forms(run: Run, folder: Path) -> None:
    """Without --backtest it is the forecast, in sentences and figures; a project's folder need not be named."""
    done = run("forecast", "--where", "deal.deal_type <> 'renewal'", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "Forecast for Q4 2026: " in done.stdout
    assert "Such forecasts at this point of the past periods" in done.stdout
    assert "Amounts of all periods are at the exchange rates of" in done.stdout
    assert "Chances of the largest open deals" in done.stdout
    written = run("forecast", folder, "--backtest", "--format", "md").stdout
    assert "## How good such forecasts were" in written
    assert "| Q3 2026 |" in written


def test_of_a_metric(run: Run, folder: Path) -> None:
    done = run("forecast", folder, "--metric", "leads_created_count", "--period", "this_month", "--format", "json")
    assert done.returncode == 0, done.stderr
    [section] = json.loads(done.stdout)["sections"]
    [row] = section["rows"]
    assert row["low"] <= row["forecast"] <= row["high"]
    wrong = run("forecast", folder, "--metric", "close_rate")
    assert wrong.returncode == 1
    assert "  --metric:1:1\n" in wrong.stderr


def test_mistakes(run: Run, folder: Path) -> None:
    done = run("forecast", folder, "--where", "deal.amuont > 5")
    assert done.returncode == 1
    assert "did you mean `deal.amount`?" in done.stderr
    assert "  --where:1:1\n" in done.stderr  # not a place in a text that nobody wrote
    done = run("forecast", folder, "--period", "next_quarter")
    assert done.returncode == 1
    assert "  --period:1:1\n" in done.stderr
    nowhere = folder / "none"
    nowhere.mkdir()
    assert "there is no file" in run("forecast", nowhere / "a.yaml").stderr


def test_a_spec_is_no_project(run: Run, folder: Path) -> None:
    """Most commands take specs: that this one does not is said, in place of what is no key of a project in it."""
    spec = folder / "some.yaml"
    spec.write_text("version: 1\nreport: sales_forecast\nperiod: this_quarter\n", encoding="utf-8")
    done = run("forecast", spec)
    assert (done.returncode, done.stdout) == (2, "")
    assert "some.yaml` is a spec, and this takes a project: leave it out" in done.stderr
